//! The rows that no other crate has, each beside the least by hand that does as much.

use crate::markdown::{figure, find, more, write_to};
use crate::measure::Measured;
use crate::{ALONE, API, ATTRIBUTE, PLAIN, rows};

/// Each with its floor, and how many threads call.
const ROWS: [(&str, &str, usize); 20] = [
    (rows::RAMPED, rows::LEAST, 1),
    (rows::THROTTLE, rows::LEAST_IN_TIME, 1),
    (rows::THROTTLE, rows::LEAST_IN_TIME, 2),
    (rows::SLOW, rows::LEAST_SLOW, 1),
    (rows::SLOW, rows::LEAST_SLOW, 2),
    (rows::BULKHEAD, rows::LEAST_BULKHEAD, 1),
    (rows::BULKHEAD, rows::LEAST_BULKHEAD, 2),
    (rows::WAITING, rows::LEAST_BULKHEAD, 1),
    (rows::WAITING, rows::LEAST_BULKHEAD, 2),
    (rows::STALL, rows::LEAST_STALL, 1),
    (rows::STALL, rows::LEAST_STALL, 2),
    (rows::STALE, rows::LEAST_STALE, 1),
    (rows::STALE, rows::LEAST_STALE, 2),
    (rows::STREAM, rows::LEAST_STREAM, 1),
    (rows::MERGING, rows::LEAST_MERGING, 1),
    (rows::FALLBACK, rows::LEAST_IN_TIME, 1),
    (rows::FULL, rows::LEAST_IN_TIME, 1),
    (rows::PROBE, rows::LEAST_PROBE, 1),
    (rows::PROBE_SUCCESS, rows::LEAST_PROBE, 1),
    (rows::PINGED, rows::LEAST_PROBE, 1),
];

/// What each adds to a plain call, and what its floor adds.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| what no other crate has, over a plain call | this crate | by hand | what was written by hand |\n\
         |---|---:|---:|---|\n",
    );
    let over = |row, column, plain, threads| {
        let plain = find(measured, plain, PLAIN, threads)?;
        Some(find(measured, row, column, threads)? - plain)
    };
    for (row, floor, threads) in ROWS {
        let ours = over(row, ATTRIBUTE, row, threads).or_else(|| over(row, API, row, threads));
        // A stream's items are all the same to a plain one.
        let plain = if row == rows::STREAM { row } else { rows::CONSECUTIVE };
        let (Some(ours), Some(by_hand)) = (ours, over(floor, ALONE, plain, threads)) else {
            continue;
        };
        let (more, ours, by_hand) = (more(threads), figure(ours), figure(by_hand));
        let floor = floor.trim_end_matches(", by hand");
        write_to(&mut table, format_args!("| {row}{more} | {ours} | {by_hand} | {floor} |\n"));
    }
    let alone = |row, column| find(measured, row, column, 1);
    if let (Some(ours), Some(by_hand)) =
        (alone(rows::FIRST, ATTRIBUTE), alone(rows::LEAST_FIRST, ALONE))
    {
        let (first, least) = (rows::FIRST, rows::LEAST_FIRST.trim_end_matches(", by hand"));
        let (ours, by_hand) = (figure(ours), figure(by_hand));
        write_to(&mut table, format_args!("| {first}, in all | {ours} | {by_hand} | {least} |\n"));
    }
    table
}
