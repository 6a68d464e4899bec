//! Lines over an axis: each picture of the maintainers' page, and of the guide.

use std::error::Error;

use plotters::prelude::*;

use crate::numbers::float;

/// Of the lines alone, and as a fleet.
const LABELS: [&str; 2] = ["alone", "fleet"];

type Line = Vec<(f64, f64)>;

/// Two lines, the second of a fleet. What the axes say, and from where to where the background is shaded.
pub(crate) struct Picture<'a> {
    pub(crate) lines: [Line; 2],
    pub(crate) across: &'a str,
    /// Nothing, if it stands above the picture.
    pub(crate) up: &'a str,
    pub(crate) shaded: Option<(f64, f64)>,
    /// What stands at 0, 1, 2, … of the axis; none: numbers.
    pub(crate) names: &'a [String],
}

/// How large a picture is, and what it is drawn with. Both pairs of colors are readable for those who can't tell red from green.
struct Look {
    size: (u32, u32),
    font: u32,
    left: u32,
    below: u32,
    /// Where no line is of a picture with a shaded part.
    beside_shade: SeriesLabelPosition,
    colors: [RGBColor; 2],
    /// Behind the lines; `None`: the page shows through.
    background: Option<RGBColor>,
    shade: RGBAColor,
}

impl Look {
    fn wide() -> Self {
        Look {
            size: (720, 240),
            font: 12,
            left: 45,
            below: 30,
            beside_shade: SeriesLabelPosition::UpperRight,
            colors: [RGBColor(230, 159, 0), RGBColor(0, 114, 178)],
            background: Some(WHITE),
            shade: RGBColor(246, 226, 226).to_rgba(),
        }
    }

    /// As wide as a phone. The colors stand out from white and from nearly black by 3 to 1.
    fn small() -> Self {
        Look {
            size: (400, 230),
            font: 16,
            left: 38,
            below: 42,
            beside_shade: SeriesLabelPosition::MiddleMiddle,
            colors: [RGBColor(199, 127, 0), RGBColor(58, 143, 208)],
            background: None,
            shade: RGBColor(213, 94, 0).mix(0.15),
        }
    }
}

impl Picture<'_> {
    pub(crate) fn svg(&self) -> Result<String, Box<dyn Error>> {
        self.draw(&Look::wide())
    }

    /// For the guide, whose page is light or dark and may be narrow.
    pub(crate) fn small_svg(&self, alt: &str) -> Result<String, Box<dyn Error>> {
        let svg = self.draw(&Look::small())?.replace("\"#000000\"", "\"currentColor\"");
        let head =
            format!("<svg role=\"img\" aria-label=\"{alt}\" style=\"max-width:100%;height:auto\" ");
        Ok(svg.replacen("<svg ", &head, 1))
    }

    /// What stands at this place of the axis across.
    fn name(&self, at: f64) -> String {
        if self.names.is_empty() {
            return format!("{at:.0}");
        }
        let names = self.names.iter().enumerate();
        let name = names
            .map(|(index, name)| (float(index), name))
            .find(|(index, _)| (index - at).abs() < 1e-6);
        name.map(|(_, name)| name.clone()).unwrap_or_default()
    }

    fn draw(&self, look: &Look) -> Result<String, Box<dyn Error>> {
        let font = ("sans-serif", look.font).into_font();
        let points = || self.lines.iter().flatten();
        let right = points().map(|(x, _)| *x).fold(1.0, f64::max);
        let top = 1.05 * points().map(|(_, y)| *y).fold(1.0, f64::max);
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, look.size).into_drawing_area();
            if let Some(background) = look.background {
                area.fill(&background)?;
            }
            let mut chart = ChartBuilder::on(&area)
                .margin(8)
                .margin_right(16)
                .x_label_area_size(look.below)
                .y_label_area_size(look.left)
                .build_cartesian_2d(0.0..right, 0.0..top)?;
            let name = |at: &f64| self.name(*at);
            let mut mesh = chart.configure_mesh();
            mesh.disable_mesh()
                .label_style(font.clone())
                .axis_desc_style(font.clone())
                .x_desc(self.across)
                .y_labels(5)
                .y_label_formatter(&|value| format!("{value:.0}"))
                .x_label_formatter(&name);
            if !self.up.is_empty() {
                mesh.y_desc(self.up);
            }
            if !self.names.is_empty() {
                mesh.x_labels(self.names.len());
            }
            mesh.draw()?;
            if let Some((from, to)) = self.shaded {
                let shade = look.shade.filled();
                chart.draw_series([Rectangle::new([(from, 0.0), (to, top)], shade)])?;
            }
            for ((line, color), label) in self.lines.iter().zip(look.colors).zip(LABELS) {
                let series = LineSeries::new(line.iter().copied(), color.stroke_width(2));
                chart.draw_series(series)?.label(label).legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
                });
            }
            let position = match self.shaded {
                Some(_) => look.beside_shade.clone(),
                None => SeriesLabelPosition::UpperLeft,
            };
            let mut labels = chart.configure_series_labels();
            labels.position(position).label_font(font);
            if let Some(background) = look.background {
                labels.background_style(background.mix(0.8));
            }
            labels.draw()?;
            area.present()?;
        }
        Ok(svg)
    }
}
