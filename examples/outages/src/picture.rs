//! The picture of an outage: the share of the calls of each second that were answered.

use std::error::Error;

use plotters::prelude::*;

use crate::measure::{self, Measured, Stretch};
use crate::outage::{Course, Outage};

/// Without the legend, which is below, where it hides no line.
const SIZE: (u32, u32) = (720, 240);
/// Of a strategy in the legend.
const ROW: u32 = 16;
/// One for each strategy, readable for those who can't tell red from green (Okabe and Ito).
const COLORS: [RGBColor; 6] = [
    RGBColor(140, 140, 140),
    RGBColor(230, 159, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(213, 94, 0),
];

pub(crate) fn svg(
    outage: &'static Outage,
    measured: &[Measured],
) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let (width, height) = SIZE;
        let legend = ROW * u32::try_from(measured.len())? + ROW / 2;
        let area = SVGBackend::with_string(&mut svg, (width, height + legend)).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(height);
        let course = Course::of(outage);
        let length = course.length().as_secs_f64();
        let mut chart = ChartBuilder::on(&above)
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
        let corners = [(course.begin().as_secs_f64(), 0.0), (course.end().as_secs_f64(), 105.0)];
        chart.draw_series([Rectangle::new(corners, RGBColor(246, 226, 226).filled())])?;
        for (row, (measured, color)) in (0..).zip(measured.iter().zip(COLORS)) {
            let line = points(&measured.stretches, length);
            chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
            let y = ROW * row + ROW / 2;
            let y = i32::try_from(y)?;
            below.draw(&PathElement::new([(53, y), (69, y)], color.stroke_width(2)))?;
            let font = ("sans-serif", 12).into_font();
            below.draw(&Text::new(measured.strategy.label, (77, y - 6), font))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// At most some two hundred, without those that lie on the line between their neighbours.
#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn points(stretches: &[Stretch], length: f64) -> Vec<(f64, f64)> {
    let together = stretches.len().div_ceil(200).max(1);
    let width = length / stretches.len() as f64 * together as f64;
    let answered = |stretches: &[Stretch]| {
        let answers = stretches.iter().map(|stretch| stretch.answers).sum();
        let calls = stretches.iter().map(|stretch| stretch.calls).sum();
        (100.0 * measure::share(answers, calls)).round()
    };
    let shares: Vec<f64> = stretches.chunks(together).map(answered).collect();
    let turns = |index: usize| {
        let [before, after] = [index.checked_sub(1), index.checked_add(1)]
            .map(|index| index.and_then(|index| shares.get(index)));
        before.is_none() || before != after || before != shares.get(index)
    };
    let point = |(index, &share): (usize, &f64)| ((index as f64 + 0.5) * width, share);
    shares.iter().enumerate().filter(|&(index, _)| turns(index)).map(point).collect()
}
