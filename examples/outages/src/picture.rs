//! The picture of an outage: the share of the calls of each second that were answered.

use std::error::Error;

use plotters::prelude::*;

use crate::measure::Measured;
use crate::outage::{BEGIN, Outage};

const SIZE: (u32, u32) = (720, 240);
/// One for each strategy, readable for those who can't tell red from green (Okabe and Ito).
const COLORS: [RGBColor; 5] = [
    RGBColor(140, 140, 140),
    RGBColor(230, 159, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

pub(crate) fn svg(outage: &Outage, measured: &[Measured]) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let length = outage.length().as_secs_f64();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(30)
            .y_label_area_size(45)
            .build_cartesian_2d(0.0..length, 0.0..105.0)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("seconds")
            .y_desc("answered, %")
            .y_labels(5)
            .y_label_formatter(&|percent| format!("{percent:.0}"))
            .x_label_formatter(&|second| format!("{second:.0}"))
            .draw()?;
        let corners = [(BEGIN.as_secs_f64(), 0.0), (outage.end().as_secs_f64(), 105.0)];
        chart.draw_series([Rectangle::new(corners, RGBColor(246, 226, 226).filled())])?;
        for (measured, color) in measured.iter().zip(COLORS) {
            let line = LineSeries::new(points(&measured.by_second, length), color.stroke_width(2));
            chart.draw_series(line)?.label(measured.strategy.label).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2))
            });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// At most some two hundred, without those that lie on the line between their neighbours.
#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn points(by_second: &[f64], length: f64) -> Vec<(f64, f64)> {
    let together = by_second.len().div_ceil(200).max(1);
    let width = length / by_second.len() as f64 * together as f64;
    let shares: Vec<f64> = by_second
        .chunks(together)
        .map(|seconds| (100.0 * seconds.iter().sum::<f64>() / seconds.len() as f64).round())
        .collect();
    let turns = |index: usize| {
        let [before, after] = [index.checked_sub(1), index.checked_add(1)]
            .map(|index| index.and_then(|index| shares.get(index)));
        before.is_none() || before != after || before != shares.get(index)
    };
    let point = |(index, &share): (usize, &f64)| ((index as f64 + 0.5) * width, share);
    shares.iter().enumerate().filter(|&(index, _)| turns(index)).map(point).collect()
}
