//! The picture: plain SVG, no crate for it.

use std::fmt::Write;

use crate::{END, SLOW, Visit, percentile};

/// Of one point, in seconds.
const BUCKET: f64 = 0.25;
const POINTS: u32 = 32;

/// The lowest line of the logarithmic axis, in seconds, and how many times ten the highest is above it.
const LOWEST: f64 = 1e-5;
const DECADES: f64 = 5.0;

const LEFT: f64 = 90.0;
const RIGHT: f64 = 730.0;
const TOP: f64 = 140.0;
const BOTTOM: f64 = 420.0;

fn x(at: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * at / END
}

/// What lies below the axis is drawn on its lowest line, and above it on the highest, which are labelled so.
fn y(wait: f64) -> f64 {
    let decades = (wait.max(LOWEST) / LOWEST).log10().min(DECADES);
    BOTTOM - (BOTTOM - TOP) * decades / DECADES
}

/// Time to the right, the logarithm of the wait upwards.
pub(crate) fn svg(without: &[Visit], with: &[Visit]) -> String {
    let lines = [(without, "timeout only", "#c0392b"), (with, "with a breaker", "#1f6fb2")];
    let mut out = String::from(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 760 480' font-family='sans-serif' font-size='13' fill='#333'>\n\
         <title>How long visitors wait for a checkout page while its payment service is slow</title>\n\
         <rect width='760' height='480' fill='white'/>\n\
         <text x='20' y='30' font-size='17' font-weight='bold'>How long visitors wait while the payment service is slow</text>\n\
         <text x='20' y='50' fill='#555'>200 visitors a second; each point is the quarter of a second in which they came, whatever page they got</text>\n",
    );
    // Formatting into a `String` can't fail.
    axes(&mut out);
    for (row, (_, label, colour)) in lines.iter().enumerate() {
        let y = 78 + 20 * row;
        let _ = writeln!(out, "<text x='90' y='{y}' fill='{colour}'>{label}</text>");
        let percentiles = [("half wait less (p50)", 1), ("99 % wait less (p99)", 3)];
        for (place, (name, width)) in percentiles.iter().enumerate() {
            let from = 230 + 190 * place;
            let _ = writeln!(
                out,
                "<path d='M{from} {}h24' stroke='{colour}' stroke-width='{width}'/>\
                 <text x='{}' y='{y}'>{name}</text>",
                y - 4,
                from + 32
            );
        }
    }
    for (visits, _, colour) in lines {
        for (p, width) in [(0.5, 1), (0.99, 3)] {
            let _ = writeln!(
                out,
                "<path d='{}' fill='none' stroke='{colour}' stroke-width='{width}'/>",
                line(visits, p)
            );
        }
    }
    out + "</svg>\n"
}

fn axes(out: &mut String) {
    let (from, length) = (x(SLOW.start), x(SLOW.end) - x(SLOW.start));
    let height = BOTTOM - TOP;
    let _ = writeln!(
        out,
        "<rect x='{from}' y='{TOP}' width='{length}' height='{height}' fill='#eee'/>\n\
         <text x='{from}' y='{}' fill='#555'>the service is slow</text>",
        TOP - 8.0
    );
    let labels = ["≤ 10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "≥ 1 s"];
    for (decade, label) in (0..).zip(labels) {
        let y = y(LOWEST * 10_f64.powi(decade));
        let _ = writeln!(
            out,
            "<path d='M{LEFT} {y}H{RIGHT}' stroke='#ccc'/>\
             <text x='{}' y='{}' text-anchor='end'>{label}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    for second in 0..=8 {
        let x = x(second.into());
        let _ = writeln!(out, "<text x='{x}' y='438' text-anchor='middle'>{second}</text>");
    }
    out.push_str(
        "<text x='410' y='462' text-anchor='middle'>when the visitor came, in seconds</text>\n\
         <text transform='translate(22 270) rotate(-90)' text-anchor='middle'>wait for the page (logarithmic)</text>\n",
    );
}

/// Broken where nobody came: a line there would be made up.
fn line(visits: &[Visit], p: f64) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    for point in 0..POINTS {
        let start = f64::from(point) * BUCKET;
        let bucket = start..start + BUCKET;
        let waits: Vec<f64> =
            visits.iter().filter(|visit| bucket.contains(&visit.0)).map(|visit| visit.1).collect();
        if waits.is_empty() {
            pen = 'M';
            continue;
        }
        let wait = percentile(waits.into_iter(), p);
        let _ = write!(path, "{pen}{:.0} {:.1} ", x(start + BUCKET / 2.0), y(wait));
        pen = 'L';
    }
    path
}
