//! What this crate promises itself, each promise beside what was measured in this run.

use std::fmt::Write;

use crate::markdown::{figure, find};
use crate::measure::Measured;
use crate::ours::future_growth;
use crate::{
    ALONE, API, ATTRIBUTE, BREAKER, BY_HAND, CONCURRENT_MAP, FAILSAFE, PLAIN, RECLOSER, rows,
};

struct Goal {
    text: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    floor: String,
}

/// Each goal, what was measured, and whether it is met; beside it what the machine asks for the parts.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table =
        String::from("| goal | measured | limit | met | floor |\n|---|---:|---:|---|---|\n");
    let mut goals = goals(measured);
    goals.extend(others(measured));
    let whole = |goal: &&Goal| goal.measured.is_finite() && goal.limit.is_finite();
    for &Goal { ref text, measured, limit, unit, ref floor } in goals.iter().filter(whole) {
        let met = if measured <= limit { "yes" } else { "**no**" };
        let (measured, limit) = (figure(measured), figure(limit));
        writeln!(table, "| {text} | {measured} {unit} | {limit} {unit} | {met} | {floor} |")
            .expect("a string takes everything");
    }
    table
}

/// What is neither a healthy call nor a rejection.
fn others(measured: &[Measured]) -> [Goal; 5] {
    let get = |row, column| find(measured, row, column, 1).unwrap_or(f64::NAN);
    let goal = |text: &str, measured, limit, floor| Goal {
        text: text.to_owned(),
        measured,
        limit,
        unit: "ns",
        floor,
    };
    let round_trip = get(rows::ROUND_TRIP, ATTRIBUTE) - get(rows::ROUND_TRIP, PLAIN);
    let mutexes = figure(10_000.0 * get(rows::MUTEX, ALONE));
    [
        goal("opening or closing, over a plain call", round_trip, 120.0, String::new()),
        goal("`snapshot()`", get(rows::SNAPSHOT, API), 1_000.0, String::new()),
        goal(
            "`snapshot()` of 10,000 keys",
            get(rows::SNAPSHOT_KEYS, API),
            600_000.0,
            format!("10,000 mutexes: {mutexes} ns"),
        ),
        goal(rows::NEW_KEY_OPEN, get(rows::NEW_KEY_OPEN, ATTRIBUTE), 1_000.0, String::new()),
        goal(rows::FIRST, get(rows::FIRST, ATTRIBUTE), 400.0, String::new()),
    ]
}

fn goals(measured: &[Measured]) -> Vec<Goal> {
    let get = |row, column, threads| find(measured, row, column, threads).unwrap_or(f64::NAN);
    let alone = |row| get(row, ALONE, 1);
    let over = |row| get(row, ATTRIBUTE, 1) - get(row, PLAIN, 1);
    let goal = |text: &str, measured, limit, floor: String| Goal {
        text: text.to_owned(),
        measured,
        limit,
        unit: "ns",
        floor,
    };
    let none = String::new;
    let clocks = format!("two readings of the clock: {} ns", figure(alone(rows::TWO_CLOCKS)));
    let map = |row| {
        let over = |column| figure(get(row, column, 1) - get(row, PLAIN, 1));
        format!("{BY_HAND}: {} ns; {CONCURRENT_MAP}: {} ns", over(BY_HAND), over(CONCURRENT_MAP))
    };
    let by_hand = |name, row| {
        let over = alone(name) - get(row, PLAIN, 1);
        format!("{name}: {} ns", figure(over))
    };
    let least = |row| by_hand(rows::LEAST, row);
    let least_in_time = |row| {
        let over = alone(rows::LEAST_IN_TIME) - get(row, PLAIN, 1);
        format!("{}, and a reading of the coarse clock: {} ns", rows::LEAST, figure(over))
    };
    let best_rejection = [FAILSAFE, RECLOSER, BREAKER]
        .map(|peer| get(rows::REJECTION, peer, 1))
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    let mut goals = vec![
        goal(
            "success, consecutive rule, over a plain call",
            over(rows::CONSECUTIVE),
            1.0,
            least(rows::CONSECUTIVE),
        ),
        goal(
            "success, count window, over a plain call",
            over(rows::COUNT),
            1.5,
            least(rows::COUNT),
        ),
        goal(
            "success, time window, over a plain call",
            over(rows::TIME),
            8.0,
            least_in_time(rows::TIME),
        ),
        goal(
            "success, slow-call rule, over a plain call",
            over(rows::SLOW),
            alone(rows::TWO_CLOCKS) + 2.0,
            clocks,
        ),
        goal(
            "10 % failures, count window, beside recloser",
            get(rows::COUNT_FAILING, ATTRIBUTE, 1),
            get(rows::COUNT_FAILING, RECLOSER, 1),
            format!(
                "a compare-exchange: {} ns; a mutex: {} ns",
                figure(alone(rows::EXCHANGE)),
                figure(alone(rows::MUTEX))
            ),
        ),
        goal(
            "async success, over a plain future",
            over(rows::ASYNC),
            3.0,
            by_hand(rows::LEAST_ASYNC, rows::ASYNC),
        ),
        goal(
            "rejection with its error, over a plain call",
            over(rows::REJECTION),
            8.0,
            least_in_time(rows::REJECTION),
        ),
        goal(
            "rejection, beside a third of the best peer's",
            get(rows::REJECTION, ATTRIBUTE, 1),
            best_rejection / 3.0,
            none(),
        ),
        goal("one hot key, over a plain call", over(rows::KEYS_1), 20.0, map(rows::KEYS_1)),
        goal(
            "10,000 keys in random order, over a plain call",
            over(rows::KEYS_10_000),
            40.0,
            map(rows::KEYS_10_000),
        ),
        Goal {
            text: "growth of the future".to_owned(),
            measured: future_growth(),
            limit: 48.0,
            unit: "bytes",
            floor: none(),
        },
    ];
    goals.extend(second_thread(get));
    goals
}

fn second_thread(get: impl Fn(&'static str, &'static str, usize) -> f64) -> Vec<Goal> {
    let more = |row, column| 100.0 * (get(row, column, 2) / get(row, column, 1) - 1.0);
    [rows::CONSECUTIVE, rows::COUNT, rows::TIME, rows::SLOW, rows::REJECTION]
        .map(|row| Goal {
            text: format!("{row}: what a second thread adds"),
            measured: more(row, ATTRIBUTE),
            limit: 20.0,
            unit: "%",
            floor: format!("plain call: {} %", figure(more(row, PLAIN))),
        })
        .into()
}
