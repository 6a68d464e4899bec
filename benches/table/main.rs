//! The table of the README: this crate beside its peers, and what each call costs over a plain one.
//!
//! `cargo bench -p benches` prints it; with `-- --write` it also goes, with the chart, where the docs show it.
//! `-- --quick` takes a fraction of the time, and `-- --only key` only the rows with that word.

// Of timings and figures for the page: none is near the limits of `f64`.
#![expect(clippy::cast_precision_loss, reason = "nanoseconds and counts far below 2^52")]

mod chart;
mod first;
mod floors;
mod goals;
mod keys;
mod machine;
mod markdown;
mod measure;
mod only_ours;
mod options;
mod ours;
mod peers;
mod plain;
mod shown;
mod standing;

use std::time::Duration;

use measure::{Effort, Suite};

/// The columns.
const PLAIN: &str = "plain call";
const ATTRIBUTE: &str = "this crate, attribute";
const API: &str = "this crate, `call`";
const FAILSAFE: &str = "failsafe";
const RECLOSER: &str = "recloser";
const BREAKER: &str = "breaker";
const TOWER: &str = "tower-resilience";
const THROTTLE_NET: &str = "throttle-net";
const SEATBELT: &str = "seatbelt";
/// Floors.
const ALONE: &str = "alone";
const CONCURRENT_MAP: &str = "papaya alone";
const BY_HAND: &str = "HashMap, a word and a counter, by hand, for one thread";

/// The rows.
mod rows {
    pub(crate) const CONSECUTIVE: &str = "success, consecutive rule";
    pub(crate) const COUNT: &str = "success, count window";
    pub(crate) const TIME: &str = "success, time window";
    pub(crate) const THROTTLE: &str = "success, throttle";
    pub(crate) const SLOW: &str = "success, slow-call rule";
    pub(crate) const STALL: &str = "success, stall";
    pub(crate) const BULKHEAD: &str = "success, bulkhead";
    pub(crate) const WAITING: &str = "success, bulkhead with a wait";
    pub(crate) const RAMPED: &str = "success, ramp that is over";
    pub(crate) const STALE: &str = "success, `stale`";
    pub(crate) const PINGED: &str = "probe after a ping, success";
    pub(crate) const STREAM: &str = "an item of a stream";
    pub(crate) const COUNT_FAILING: &str = "10 % failures, count window";
    pub(crate) const TIME_FAILING: &str = "10 % failures, time window";
    pub(crate) const FAILURE: &str = "failure";
    pub(crate) const ALTERNATING: &str = "a failure and a success in turn";
    pub(crate) const MERGING: &str = "failure, merged with others";
    pub(crate) const IGNORED: &str = "ignored";
    pub(crate) const REJECTION: &str = "rejection";
    pub(crate) const FALLBACK: &str = "rejection, with a fallback";
    pub(crate) const FULL: &str = "rejection, half-open";
    pub(crate) const PROBE: &str = "probe, ignored";
    pub(crate) const PROBE_SUCCESS: &str = "probe, success";
    pub(crate) const ROUND_TRIP: &str = "opening or closing";
    pub(crate) const ASYNC: &str = "async success";
    pub(crate) const ASYNC_FAILURE: &str = "async failure";
    pub(crate) const ASYNC_REJECTION: &str = "async rejection";
    pub(crate) const KEYS_1: &str = "one key";
    pub(crate) const KEYS_1_000: &str = "1,000 keys, random order";
    pub(crate) const KEYS_10_000: &str = "10,000 keys, random order";
    pub(crate) const KEYS_100_000: &str = "100,000 keys, random order";
    pub(crate) const NEW_KEY_CALM: &str = "a new key, 10,000 circuits idle";
    pub(crate) const NEW_KEY_OPEN: &str = "a new key, 10,000 circuits open";
    pub(crate) const NEW_KEY_BUSY: &str = "a new key, 10,000 circuits busy";
    pub(crate) const NEW_KEY_HALF_OPEN: &str = "a new key, 9,999 circuits open, one half-open";
    pub(crate) const KEYS_IN_TURN: &str = "two keys in turn, 9,999 circuits open";
    pub(crate) const STATE: &str = "`state()`";
    pub(crate) const SNAPSHOT: &str = "`snapshot()`";
    pub(crate) const SNAPSHOT_KEYS: &str = "`snapshot()` of 10,000 keys";
    pub(crate) const FIRST: &str = "first call of a function";
    pub(crate) const LEAST: &str = "a word loaded twice and a counter of the thread, by hand";
    pub(crate) const LEAST_ASYNC: &str =
        "a word loaded twice and a counter of the thread around an await, by hand";
    pub(crate) const LEAST_IN_TIME: &str = "the same and a reading of the coarse clock, by hand";
    pub(crate) const LEAST_SLOW: &str = "two readings of the coarse clock around a call, by hand";
    pub(crate) const LEAST_BULKHEAD: &str = "two atomic additions around a call, by hand";
    pub(crate) const LEAST_STALL: &str =
        "two atomic additions and two readings of the coarse clock around a call, by hand";
    pub(crate) const LEAST_STALE: &str = "values in lru with their time, behind a mutex, by hand";
    pub(crate) const LEAST_STREAM: &str = "a stream that looks at each item and counts it, by hand";
    pub(crate) const LEAST_MERGING: &str =
        "a mutex and a reading of the coarse clock after a call, by hand";
    pub(crate) const LEAST_PROBE: &str =
        "a mutex and a reading of the clock before and after a call, by hand";
    pub(crate) const LEAST_TRANSITION: &str =
        "a mutex, the time, the date and an entry among the last 16, by hand";
    pub(crate) const LEAST_FIRST: &str =
        "the first call of a function that makes its counter and lists itself, by hand";
    pub(crate) const LEAST_FAILING: &str =
        "a compare-exchange for one call in ten, a word loaded twice for all, by hand";
    pub(crate) const CLOCK: &str = "a reading of the clock";
    pub(crate) const TWO_CLOCKS: &str = "two readings of the clock";
    pub(crate) const COARSE_CLOCK: &str = "a reading of the coarse clock";
    pub(crate) const MUTEX: &str = "a mutex, locked and unlocked";
    pub(crate) const FETCH_ADD: &str = "an atomic addition";
    pub(crate) const EXCHANGE: &str = "a compare-exchange";
}

const EFFORT: Effort = Effort { sample: Duration::from_millis(4), rounds: 101 };
const QUICK: Effort = Effort { sample: Duration::from_millis(4), rounds: 11 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let firsts = first::measure();
    let mut suite = Suite::default();
    ours::add(&mut suite);
    options::add(&mut suite);
    peers::add(&mut suite);
    keys::add(&mut suite);
    shown::add(&mut suite);
    floors::add(&mut suite);
    if !given("--bench") {
        suite.smoke(); // started by `cargo test --all-targets`
        return;
    }
    if let Some(words) = after(&arguments, "--only") {
        suite.only(words);
    }
    let mut measured = suite.run(if given("--quick") { QUICK } else { EFFORT });
    measured.extend(firsts);
    let table = format!("{}\n{}", markdown::table(&measured), only_ours::table(&measured));
    let goals = goals::table(&measured);
    let caption = machine::caption();
    println!("{caption}\n\n{table}\n{goals}");
    if given("--write") {
        machine::write("circuit-runtime/docs/performance.md", |page| {
            markdown::replace(page, &format!("{caption}\n\n{table}\n{goals}"))
        });
        machine::write("README.md", |page| {
            markdown::replace(page, &format!("{}\n\n{caption}\n", markdown::front(&measured)))
        });
        machine::write("docs/benchmark.svg", |_| chart::svg(&measured, &caption));
        machine::write("docs/benchmark-rows.svg", |_| standing::svg(&measured, &caption));
    }
}

/// The argument behind another.
fn after<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}
