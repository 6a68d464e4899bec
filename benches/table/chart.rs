//! The chart of the README, as SVG: light or dark as the reader has it.

use std::fmt::Write;

use crate::markdown::{figure, find};
use crate::measure::Measured;
use crate::{ATTRIBUTE, BREAKER, FAILSAFE, PLAIN, RECLOSER, TOWER, rows};

/// A panel: its title, the row, and how many threads.
const PANELS: [(&str, &str, usize); 6] = [
    ("healthy call, consecutive failures", rows::CONSECUTIVE, 1),
    ("the same, two threads on one circuit", rows::CONSECUTIVE, 2),
    ("healthy call, count window", rows::COUNT, 1),
    ("count window, 10 % failures", rows::COUNT_FAILING, 1),
    ("rejection while open", rows::REJECTION, 1),
    ("healthy async call", rows::ASYNC, 1),
];
const BARS: [(&str, &str); 6] = [
    (PLAIN, "no breaker"),
    (ATTRIBUTE, "#[circuit_breaker]"),
    (FAILSAFE, "failsafe"),
    (RECLOSER, "recloser"),
    (BREAKER, "breaker"),
    (TOWER, "tower-resilience"),
];

const WIDTH: f64 = 420.0;
const LABELS: f64 = 130.0;
const FIGURES: f64 = 60.0;
const BAR: f64 = 18.0;

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328; } \
.title { font-weight: 600; font-size: 13px; } \
.note { font-size: 11px; fill: #59636e; } \
.bar { fill: #afb8c1; } .ours { fill: #1a7f37; } \
@media (prefers-color-scheme: dark) { \
text { fill: #e6edf3; } .note { fill: #9198a1; } .bar { fill: #484f58; } .ours { fill: #3fb950; } }";

/// Panels in two columns, each with a scale of its own that begins at zero.
pub(crate) fn svg(measured: &[Measured], caption: &str) -> String {
    let panels: Vec<String> =
        PANELS.iter().map(|&(title, row, threads)| panel(measured, title, row, threads)).collect();
    let height_of = |row: &str, threads| {
        let bars = BARS.iter().filter(|(column, _)| find(measured, row, column, threads).is_some());
        30.0 + bars.count() as f64 * (BAR + 4.0) + 22.0
    };
    let mut body = String::new();
    let mut top = 34.0;
    for (pair, panels) in PANELS.chunks(2).zip(panels.chunks(2)) {
        for (index, panel) in panels.iter().enumerate() {
            let left = 12.0 + index as f64 * (WIDTH + 24.0);
            write!(body, "<g transform=\"translate({left} {top})\">{panel}</g>")
                .expect("a string takes everything");
        }
        top += pair.iter().map(|&(_, row, threads)| height_of(row, threads)).fold(0.0, f64::max);
    }
    let width = 2.0 * WIDTH + 48.0;
    let height = top + 28.0;
    let (machine, versions) = caption.split_once("; ").unwrap_or((caption, ""));
    let versions = versions.split_once(". ").map_or(versions, |(versions, _)| versions);
    let (machine, versions) = (escaped(machine), escaped(versions));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"Nanoseconds per call, beside other crates\">\n\
         <style>{STYLE}</style>\n\
         <text class=\"title\" x=\"12\" y=\"18\">Nanoseconds per call, the breaker's work included; shorter is \
         better</text>\n{body}\n\
         <text class=\"note\" x=\"12\" y=\"{}\">{machine}</text>\n\
         <text class=\"note\" x=\"12\" y=\"{}\">{versions}</text>\n</svg>\n",
        height - 22.0,
        height - 6.0,
    )
}

fn panel(measured: &[Measured], title: &str, row: &str, threads: usize) -> String {
    let bars: Vec<(&str, &str, f64)> = BARS
        .iter()
        .filter_map(|&(column, name)| {
            find(measured, row, column, threads).map(|nanos| (column, name, nanos))
        })
        .collect();
    let longest = bars.iter().map(|&(_, _, nanos)| nanos).fold(0.0, f64::max);
    let mut panel = format!("<text class=\"title\" x=\"0\" y=\"18\">{}</text>", escaped(title));
    for (index, (column, name, nanos)) in bars.into_iter().enumerate() {
        let y = 28.0 + index as f64 * (BAR + 4.0);
        let width = (nanos / longest * (WIDTH - LABELS - FIGURES)).max(1.0);
        let class = if column == ATTRIBUTE { "ours" } else { "bar" };
        let text = y + BAR - 5.0;
        let end = LABELS + width + 6.0;
        let nanos = figure(nanos);
        write!(
            panel,
            "<text x=\"0\" y=\"{text}\">{name}</text>\
             <rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>\
             <text x=\"{end:.1}\" y=\"{text}\">{nanos} ns</text>",
        )
        .expect("a string takes everything");
    }
    panel
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
