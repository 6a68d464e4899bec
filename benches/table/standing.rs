//! A picture of all rows that peers have, too: where each stands, on one scale.

use crate::chart::escaped;
use crate::markdown::{figure, find, more, write_to};
use crate::measure::Measured;
use crate::{ATTRIBUTE, BREAKER, FAILSAFE, PLAIN, RECLOSER, SEATBELT, THROTTLE_NET, TOWER, rows};

const ROWS: [(&str, usize); 23] = [
    (rows::CONSECUTIVE, 1),
    (rows::CONSECUTIVE, 2),
    (rows::CONSECUTIVE, 64),
    (rows::COUNT, 1),
    (rows::COUNT, 2),
    (rows::TIME, 1),
    (rows::TIME, 2),
    (rows::COUNT_FAILING, 1),
    (rows::COUNT_FAILING, 2),
    (rows::TIME_FAILING, 1),
    (rows::TIME_FAILING, 2),
    (rows::FAILURE, 1),
    (rows::FAILURE, 2),
    (rows::FAILURE, 64),
    (rows::ALTERNATING, 1),
    (rows::IGNORED, 1),
    (rows::REJECTION, 1),
    (rows::REJECTION, 2),
    (rows::REJECTION, 64),
    (rows::ROUND_TRIP, 1),
    (rows::ASYNC, 1),
    (rows::ASYNC_FAILURE, 1),
    (rows::ASYNC_REJECTION, 1),
];
const PEERS: [(&str, char); 6] = [
    (FAILSAFE, 'f'),
    (RECLOSER, 'r'),
    (BREAKER, 'b'),
    (TOWER, 't'),
    (THROTTLE_NET, 'n'),
    (SEATBELT, 's'),
];

/// Narrow enough for a phone.
const WIDTH: f64 = 400.0;
const MARGIN: f64 = 16.0;
const HEAD: f64 = 66.0;
const ROW: f64 = 34.0;
/// Nanoseconds at the left end and at the right end, in powers of ten.
const DECADES: [f64; 2] = [0.0, 3.0];

const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328; } .title { font-weight: 600; } \
.note { font-size: 11px; fill: #59636e; } .line { stroke: #d1d9e0; } \
.peer { fill: #d1d9e0; } .letter { font-size: 11px; text-anchor: middle; } \
.plain { fill: none; stroke: #59636e; } .ours { fill: #1a7f37; } \
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .note { fill: #9198a1; } \
.line { stroke: #3d444d; } .peer { fill: #3d444d; } .plain { stroke: #9198a1; } .ours { fill: #3fb950; } }";

pub(crate) fn svg(measured: &[Measured], caption: &str) -> String {
    let shown: Vec<_> =
        ROWS.into_iter().filter(|&(row, threads)| has_peer(measured, row, threads)).collect();
    let mut body = String::new();
    let bottom = HEAD + shown.len() as f64 * ROW;
    for decade in 0..=3 {
        let x = place(10_f64.powi(decade));
        let nanos = 10_u32.pow(decade.unsigned_abs());
        write_to(
            &mut body,
            format_args!(
                "<line class=\"line\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD}\" y2=\"{bottom}\"/>\
             <text class=\"note\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{nanos}</text>\n",
                HEAD - 6.0
            ),
        );
    }
    for (index, (row, threads)) in shown.into_iter().enumerate() {
        let top = HEAD + index as f64 * ROW;
        add_row(&mut body, measured, row, threads, top);
    }
    let legend: Vec<String> =
        PEERS.iter().map(|(name, letter)| format!("{letter} {name}")).collect();
    let legend = legend.join(", ");
    let machine = caption.split_once("; ").map_or(caption, |(machine, _)| machine);
    let machine = escaped(machine);
    // The processor's name, and all else.
    let (processor, rest) = machine.split_once("), ").unwrap_or((&machine, ""));
    let height = bottom + 40.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Nanoseconds per call of each crate, row by row\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"16\">Nanoseconds per call; further left is better</text>\n\
         <text class=\"note\" x=\"{MARGIN}\" y=\"32\">green: this crate; ring: no breaker;</text>\n\
         <text class=\"note\" x=\"{MARGIN}\" y=\"46\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{legend}</text>\n{body}\
         <text class=\"note\" x=\"{MARGIN}\" y=\"{:.1}\">{processor})</text>\n\
         <text class=\"note\" x=\"{MARGIN}\" y=\"{:.1}\">{rest}</text>\n</svg>\n",
        WIDTH - 2.0 * MARGIN,
        height - 22.0,
        height - 8.0
    )
}

fn has_peer(measured: &[Measured], row: &str, threads: usize) -> bool {
    PEERS.iter().any(|(peer, _)| find(measured, row, peer, threads).is_some())
}

fn add_row(body: &mut String, measured: &[Measured], row: &str, threads: usize, top: f64) {
    let more = more(threads);
    let ours = find(measured, row, ATTRIBUTE, threads);
    let figures = ours.map_or(String::new(), |nanos| format!(" · {} ns", figure(nanos)));
    let (label, middle) = (top + 11.0, top + 22.0);
    let right = WIDTH - MARGIN;
    write_to(
        body,
        format_args!(
            "<text x=\"{MARGIN}\" y=\"{label}\">{row}{more}{figures}</text>\
         <line class=\"line\" x1=\"{MARGIN}\" x2=\"{right}\" y1=\"{middle}\" y2=\"{middle}\"/>"
        ),
    );
    if let Some(nanos) = find(measured, row, PLAIN, threads) {
        let x = place(nanos);
        write_to(
            body,
            format_args!("<circle class=\"plain\" cx=\"{x:.1}\" cy=\"{middle}\" r=\"4\"/>"),
        );
    }
    for (peer, letter) in PEERS {
        if let Some(nanos) = find(measured, row, peer, threads) {
            let (x, text) = (place(nanos), middle + 4.0);
            write_to(
                body,
                format_args!(
                    "<circle class=\"peer\" cx=\"{x:.1}\" cy=\"{middle}\" r=\"7\"/>\
                 <text class=\"letter\" x=\"{x:.1}\" y=\"{text}\">{letter}</text>"
                ),
            );
        }
    }
    if let Some(nanos) = ours {
        let x = place(nanos);
        write_to(
            body,
            format_args!("<circle class=\"ours\" cx=\"{x:.1}\" cy=\"{middle}\" r=\"6\"/>"),
        );
    }
    body.push('\n');
}

/// Where so many nanoseconds stand on the scale.
fn place(nanos: f64) -> f64 {
    let [first, last] = DECADES;
    let part = (nanos.log10() - first) / (last - first);
    MARGIN + part.clamp(0.0, 1.0) * (WIDTH - 2.0 * MARGIN)
}
