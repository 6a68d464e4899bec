//! The measurements as Markdown.

use std::fmt::Write;

use crate::measure::Measured;
use crate::{
    ALONE, API, ATTRIBUTE, BREAKER, BY_HAND, CONCURRENT_MAP, FAILSAFE, PLAIN, RECLOSER, SEATBELT,
    THROTTLE_NET, TOWER, rows,
};

const COLUMNS: [&str; 9] =
    [PLAIN, ATTRIBUTE, API, FAILSAFE, RECLOSER, BREAKER, TOWER, THROTTLE_NET, SEATBELT];
const ROWS: [(&str, usize); 51] = [
    (rows::CONSECUTIVE, 1),
    (rows::CONSECUTIVE, 2),
    (rows::CONSECUTIVE, 16),
    (rows::CONSECUTIVE, 64),
    (rows::COUNT, 1),
    (rows::COUNT, 2),
    (rows::COUNT_FAILING, 1),
    (rows::COUNT_FAILING, 2),
    (rows::TIME, 1),
    (rows::TIME, 2),
    (rows::TIME_FAILING, 1),
    (rows::TIME_FAILING, 2),
    (rows::THROTTLE, 1),
    (rows::THROTTLE, 2),
    (rows::SLOW, 1),
    (rows::SLOW, 2),
    (rows::STALL, 1),
    (rows::STALL, 2),
    (rows::BULKHEAD, 1),
    (rows::BULKHEAD, 2),
    (rows::WAITING, 1),
    (rows::WAITING, 2),
    (rows::RAMPED, 1),
    (rows::STALE, 1),
    (rows::STALE, 2),
    (rows::STREAM, 1),
    (rows::FAILURE, 1),
    (rows::FAILURE, 2),
    (rows::FAILURE, 16),
    (rows::FAILURE, 64),
    (rows::ALTERNATING, 1),
    (rows::ALTERNATING, 2),
    (rows::MERGING, 1),
    (rows::IGNORED, 1),
    (rows::IGNORED, 2),
    (rows::REJECTION, 1),
    (rows::REJECTION, 2),
    (rows::REJECTION, 16),
    (rows::REJECTION, 64),
    (rows::FALLBACK, 1),
    (rows::FULL, 1),
    (rows::PROBE, 1),
    (rows::PROBE_SUCCESS, 1),
    (rows::PINGED, 1),
    (rows::ROUND_TRIP, 1),
    (rows::ASYNC, 1),
    (rows::ASYNC_FAILURE, 1),
    (rows::ASYNC_REJECTION, 1),
    (rows::KEYS_1, 1),
    (rows::KEYS_1_000, 1),
    (rows::KEYS_10_000, 1),
];
const REST: [(&str, &str, usize); 41] = [
    (rows::KEYS_100_000, ATTRIBUTE, 1),
    (rows::KEYS_100_000, CONCURRENT_MAP, 1),
    (rows::KEYS_100_000, BY_HAND, 1),
    (rows::KEYS_10_000, CONCURRENT_MAP, 1),
    (rows::KEYS_10_000, BY_HAND, 1),
    (rows::KEYS_1, CONCURRENT_MAP, 1),
    (rows::KEYS_1, BY_HAND, 1),
    (rows::NEW_KEY_CALM, ATTRIBUTE, 1),
    (rows::NEW_KEY_OPEN, ATTRIBUTE, 1),
    (rows::NEW_KEY_BUSY, ATTRIBUTE, 1),
    (rows::NEW_KEY_HALF_OPEN, ATTRIBUTE, 1),
    (rows::KEYS_IN_TURN, ATTRIBUTE, 1),
    (rows::STATE, API, 1),
    (rows::SNAPSHOT, API, 1),
    (rows::SNAPSHOT_KEYS, API, 1),
    (rows::FIRST, ATTRIBUTE, 1),
    (rows::LEAST, ALONE, 1),
    (rows::LEAST_IN_TIME, ALONE, 1),
    (rows::LEAST_ASYNC, ALONE, 1),
    (rows::LEAST_SLOW, ALONE, 1),
    (rows::LEAST_BULKHEAD, ALONE, 1),
    (rows::LEAST_BULKHEAD, ALONE, 2),
    (rows::LEAST_STALL, ALONE, 1),
    (rows::LEAST_STALL, ALONE, 2),
    (rows::LEAST_STALE, ALONE, 1),
    (rows::LEAST_STALE, ALONE, 2),
    (rows::LEAST_STREAM, ALONE, 1),
    (rows::LEAST_MERGING, ALONE, 1),
    (rows::LEAST_PROBE, ALONE, 1),
    (rows::LEAST_TRANSITION, ALONE, 1),
    (rows::LEAST_FIRST, ALONE, 1),
    (rows::LEAST_FAILING, ALONE, 1),
    (rows::LEAST_FAILING, ALONE, 2),
    (rows::CLOCK, ALONE, 1),
    (rows::COARSE_CLOCK, ALONE, 1),
    (rows::MUTEX, ALONE, 1),
    (rows::MUTEX, ALONE, 2),
    (rows::FETCH_ADD, ALONE, 1),
    (rows::FETCH_ADD, ALONE, 2),
    (rows::EXCHANGE, ALONE, 1),
    (rows::EXCHANGE, ALONE, 2),
];

/// What a call takes, if it was measured.
pub(crate) fn find(measured: &[Measured], row: &str, column: &str, threads: usize) -> Option<f64> {
    measured
        .iter()
        .find(|one| one.row == row && one.column == column && one.threads == threads)
        .map(|one| one.nanos)
}

/// What the front page shows.
const FRONT: [(&str, usize); 8] = [
    (rows::CONSECUTIVE, 1),
    (rows::CONSECUTIVE, 2),
    (rows::COUNT, 1),
    (rows::COUNT_FAILING, 1),
    (rows::TIME, 1),
    (rows::FAILURE, 1),
    (rows::REJECTION, 1),
    (rows::ASYNC, 1),
];

const FRONT_COLUMNS: [&str; 6] = [PLAIN, ATTRIBUTE, FAILSAFE, RECLOSER, BREAKER, TOWER];

pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table = calls(measured, &ROWS, &COLUMNS);
    table.push_str("\n\n| for comparison | ns |\n|---|---:|\n");
    for (row, column, threads) in REST {
        if let Some(nanos) = find(measured, row, column, threads) {
            let more = more(threads);
            write_to(&mut table, format_args!("| {row}{more}: {column} | {} |\n", figure(nanos)));
        }
    }
    table
}

pub(crate) fn front(measured: &[Measured]) -> String {
    calls(measured, &FRONT, &FRONT_COLUMNS)
}

/// Nanoseconds per call, and how many times those of the plain call in the same row.
fn calls(measured: &[Measured], rows: &[(&str, usize)], columns: &[&str]) -> String {
    let mut table = String::from("| ns per call (and times a plain call) |");
    for column in columns {
        write_to(&mut table, format_args!(" {column} |"));
    }
    table.push_str("\n|---|");
    table.push_str(&"---:|".repeat(columns.len()));
    let measured_at_all =
        |row, threads| columns.iter().any(|column| find(measured, row, column, threads).is_some());
    for &(row, threads) in rows.iter().filter(|&&(row, threads)| measured_at_all(row, threads)) {
        let more = more(threads);
        write_to(&mut table, format_args!("\n| {row}{more} |"));
        let plain = find(measured, row, PLAIN, threads);
        for column in columns {
            let cell = match (find(measured, row, column, threads), plain) {
                (None, _) => String::new(),
                (Some(nanos), Some(plain)) if *column != PLAIN => {
                    format!("{} (×{})", figure(nanos), figure(nanos / plain))
                }
                (Some(nanos), _) => figure(nanos),
            };
            write_to(&mut table, format_args!(" {cell} |"));
        }
    }
    table
}

/// What a row says of its threads.
pub(crate) fn more(threads: usize) -> String {
    if threads == 1 { String::new() } else { format!(", {threads} threads") }
}

/// Three digits at most behind the first that counts.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        ..9.95 => format!("{value:.2}"),
        ..99.5 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";

/// Puts the figures between the page's marks.
pub(crate) fn replace(page: &str, figures: &str) -> String {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| (before, after)));
    let (before, after) = parts.expect("the page has marks for the figures");
    format!("{before}{BEGIN}\n\n{figures}\n{END}{after}")
}

pub(crate) fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes everything");
}
