//! The picture: plain SVG, no crate for it.

use std::fmt::Write;

use crate::{SLOW, Visit, percentile};

/// Of one point, in seconds.
const BUCKET: f64 = 0.25;

/// Time to the right, the logarithm of the wait upwards: 1 ms at the bottom, 1 s near the top.
pub(crate) fn svg(without: &[Visit], with: &[Visit]) -> String {
    let x = |at: f64| 60.0 + 80.0 * at;
    let y = |wait: f64| 340.0 - 100.0 * (wait.max(0.001) / 0.001).log10();
    let (from, length) = (x(SLOW.start), x(SLOW.end) - x(SLOW.start));
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 720 390' font-family='sans-serif' font-size='13'>\n\
         <rect width='720' height='390' fill='white'/>\n\
         <rect x='{from}' y='30' width='{length}' height='310' fill='#eee'/>\n\
         <text x='{from}' y='22' fill='#666'>the payment service is slow</text>\n\
         <text x='60' y='380' fill='#666'>seconds; the wait for a page, p50 (thin) and p99 (thick)</text>\n"
    );
    for (wait, label) in [(0.001, "1 ms"), (0.01, "10 ms"), (0.1, "100 ms"), (1.0, "1 s")] {
        let y = y(wait);
        let _ = writeln!(
            out,
            "<path d='M60 {y}H700' stroke='#ccc'/><text x='8' y='{y}'>{label}</text>"
        );
    }
    for second in 0..=8 {
        let _ = writeln!(out, "<text x='{}' y='358'>{second}</text>", x(second.into()) - 4.0);
    }
    for (visits, label, colour, at) in
        [(without, "timeout only", "#c0392b", 560), (with, "with a breaker", "#1f6fb2", 440)]
    {
        let _ = writeln!(out, "<text x='{at}' y='22' fill='{colour}'>{label}</text>");
        for (p, stroke) in [(0.5, 1), (0.99, 3)] {
            let mut points = String::new();
            for bucket in 0..32 {
                let start = f64::from(bucket) * BUCKET;
                let bucket = start..start + BUCKET;
                let inside = visits.iter().filter(|visit| bucket.contains(&visit.0));
                let wait = percentile(inside.map(|visit| visit.1), p);
                let _ = write!(points, "{:.0},{:.0} ", x(start + BUCKET / 2.0), y(wait));
            }
            let _ = writeln!(
                out,
                "<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='{stroke}'/>"
            );
        }
    }
    out + "</svg>\n"
}
