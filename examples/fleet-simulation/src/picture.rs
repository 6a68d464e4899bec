//! Lines over an axis: each picture of the page.

use std::error::Error;

use plotters::prelude::*;

const SIZE: (u32, u32) = (720, 240);
/// Alone, and as a fleet: readable for those who can't tell red from green (Okabe and Ito).
const COLORS: [RGBColor; 2] = [RGBColor(230, 159, 0), RGBColor(0, 114, 178)];
const LABELS: [&str; 2] = ["alone", "fleet"];

type Line = Vec<(f64, f64)>;

/// Two lines, the second of a fleet. What the axes say, and from where to where the background is shaded.
pub(crate) struct Picture<'a> {
    pub(crate) lines: [Line; 2],
    pub(crate) across: &'a str,
    pub(crate) up: &'a str,
    pub(crate) shaded: Option<(f64, f64)>,
}

impl Picture<'_> {
    pub(crate) fn svg(&self) -> Result<String, Box<dyn Error>> {
        let points = || self.lines.iter().flatten();
        let right = points().map(|(x, _)| *x).fold(1.0, f64::max);
        let top = 1.05 * points().map(|(_, y)| *y).fold(1.0, f64::max);
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            area.fill(&WHITE)?;
            let mut chart = ChartBuilder::on(&area)
                .margin(8)
                .margin_right(16)
                .x_label_area_size(30)
                .y_label_area_size(45)
                .build_cartesian_2d(0.0..right, 0.0..top)?;
            chart
                .configure_mesh()
                .disable_mesh()
                .x_desc(self.across)
                .y_desc(self.up)
                .y_labels(5)
                .y_label_formatter(&|value| format!("{value:.0}"))
                .x_label_formatter(&|value| format!("{value:.0}"))
                .draw()?;
            if let Some((from, to)) = self.shaded {
                let shade = RGBColor(246, 226, 226).filled();
                chart.draw_series([Rectangle::new([(from, 0.0), (to, top)], shade)])?;
            }
            for ((line, color), label) in self.lines.iter().zip(COLORS).zip(LABELS) {
                let series = LineSeries::new(line.iter().copied(), color.stroke_width(2));
                chart.draw_series(series)?.label(label).legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
                });
            }
            // Where no line is.
            let position = match self.shaded {
                Some(_) => SeriesLabelPosition::UpperRight,
                None => SeriesLabelPosition::UpperLeft,
            };
            chart
                .configure_series_labels()
                .position(position)
                .background_style(WHITE.mix(0.8))
                .draw()?;
            area.present()?;
        }
        Ok(svg)
    }
}
