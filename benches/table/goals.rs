//! What this crate promises itself, each promise beside what was measured in this run.
//!
//! A limit is a multiple of a floor of this run, or a floor and some nanoseconds for all else. Those nanoseconds are meant for
//! a machine on which the least that a breaker does in a time window takes [`LEAST_WHERE_SET`]; where it takes longer they grow
//! with it.

use crate::markdown::{figure, find, write_to};
use crate::measure::Measured;
use crate::ours::future_growth;
use crate::{
    ALONE, API, ATTRIBUTE, BREAKER, BY_HAND, CONCURRENT_MAP, FAILSAFE, PLAIN, RECLOSER, SEATBELT,
    THROTTLE_NET, rows,
};

/// What [`rows::LEAST_IN_TIME`] takes over a plain call on the machine for which the nanoseconds were set. Not
/// [`rows::LEAST`]: that is less than a nanosecond, and one run's figure can be twice another's.
const LEAST_WHERE_SET: f64 = 3.76;

struct Goal {
    text: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    floor: String,
}

impl Goal {
    fn new(text: impl Into<String>, measured: f64, limit: f64, floor: String) -> Self {
        Goal { text: text.into(), measured, limit, unit: "ns", floor }
    }

    /// Whether all that it needs was measured.
    fn is_whole(&self) -> bool {
        self.measured.is_finite() && self.limit.is_finite()
    }

    /// The first columns of its row.
    fn figures(&self) -> String {
        let Goal { text, measured, limit, unit, .. } = self;
        format!("| {text} | {} {unit} | {} {unit} |", figure(*measured), figure(*limit))
    }
}

/// Each goal, what was measured, and whether it is met; beside it what the machine asks for the parts.
pub(crate) fn table(measured: &[Measured]) -> String {
    let run = Run { measured };
    let slower = run.slower();
    let mut table = format!(
        "The least that a breaker does in a time window takes {} times as long here as where the limits were set; so do the \
         nanoseconds that they grant beside the floors.\n\n",
        figure(slower)
    );
    table.push_str("| goal | measured | limit | met | floor |\n|---|---:|---:|---|---|\n");
    let goals = [
        run.healthy(),
        run.failing(),
        run.rejecting(),
        run.by_key(),
        run.rare(),
        run.second_thread(),
    ];
    for goal in goals.iter().flatten().filter(|goal| goal.is_whole()) {
        let met = if goal.measured <= goal.limit { "yes" } else { "**no**" };
        write_to(&mut table, format_args!("{} {met} | {} |\n", goal.figures(), goal.floor));
    }
    table.push_str(
        "\n| given up | measured | was wanted | floor | why |\n|---|---:|---:|---|---|\n",
    );
    for (goal, why) in run.given_up().iter().filter(|(goal, _)| goal.is_whole()) {
        write_to(&mut table, format_args!("{} {} | {why} |\n", goal.figures(), goal.floor));
    }
    table
}

/// The figures of this run.
struct Run<'a> {
    measured: &'a [Measured],
}

impl Run<'_> {
    fn get(&self, row: &str, column: &str, threads: usize) -> f64 {
        find(self.measured, row, column, threads).unwrap_or(f64::NAN)
    }

    /// A part that stands alone.
    fn alone(&self, row: &str) -> f64 {
        self.get(row, ALONE, 1)
    }

    /// What the attribute adds to a plain call.
    fn over(&self, row: &str, threads: usize) -> f64 {
        self.get(row, ATTRIBUTE, threads) - self.get(row, PLAIN, threads)
    }

    /// What a floor by hand adds to a plain call.
    fn floor(&self, row: &str, threads: usize) -> f64 {
        self.get(row, ALONE, threads) - self.get(rows::CONSECUTIVE, PLAIN, threads)
    }

    /// By how much this machine is slower than the one where the limits were set.
    fn slower(&self) -> f64 {
        (self.floor(rows::LEAST_IN_TIME, 1) / LEAST_WHERE_SET).max(1.0)
    }

    /// The quickest of the peers that have the rule of a row.
    fn best_peer(&self, row: &str, threads: usize) -> f64 {
        [FAILSAFE, RECLOSER, BREAKER, THROTTLE_NET, SEATBELT]
            .into_iter()
            .filter_map(|peer| find(self.measured, row, peer, threads))
            .fold(f64::INFINITY, f64::min)
    }

    /// At most so much over a plain call, on one thread.
    fn over_plain(&self, row: &'static str, limit: f64, floor: String) -> Goal {
        Goal::new(format!("{row}, over a plain call"), self.over(row, 1), limit, floor)
    }

    /// At most so many times a floor by hand.
    fn times_floor(&self, row: &'static str, floor: &str, times: f64) -> Goal {
        let by_hand = self.floor(floor, 1);
        self.over_plain(row, times * by_hand, floor_text(floor, by_hand))
    }

    /// At most a floor by hand and so much.
    fn over_floor(&self, row: &'static str, floor: &str, and: f64) -> Goal {
        let by_hand = self.floor(floor, 1);
        self.over_plain(row, by_hand + and * self.slower(), floor_text(floor, by_hand))
    }

    /// At most what a part takes, so many times, and so much.
    fn over_part(&self, row: &'static str, part: &str, times: f64, and: f64) -> Goal {
        let alone = self.alone(part);
        self.over_plain(row, times * alone + and * self.slower(), floor_text(part, alone))
    }

    /// At most what another row takes, and so much.
    fn over_row(&self, row: &'static str, other: &'static str, and: f64) -> Goal {
        let of_other = self.over(other, 1);
        self.over_plain(row, of_other + and * self.slower(), floor_text(other, of_other))
    }

    /// At most so much on two threads that call one circuit, each time at once.
    fn of_two_threads(&self, row: &'static str, limit: f64, floor: &str) -> Goal {
        let by_hand = figure(self.floor(floor, 2));
        let text = format!("{row}, over a plain call, 2 threads");
        let floor = format!("{floor}, 2 threads: {by_hand} ns");
        Goal::new(text, self.over(row, 2), limit * self.slower(), floor)
    }

    /// Below the quickest peer.
    fn first(&self, row: &'static str, threads: usize) -> Goal {
        let text = match threads {
            1 => format!("{row}, beside the quickest peer"),
            _ => format!("{row}, beside the quickest peer, {threads} threads"),
        };
        Goal::new(
            text,
            self.get(row, ATTRIBUTE, threads),
            self.best_peer(row, threads),
            String::new(),
        )
    }

    fn healthy(&self) -> Vec<Goal> {
        vec![
            self.times_floor(rows::CONSECUTIVE, rows::LEAST, 1.6),
            self.times_floor(rows::COUNT, rows::LEAST, 2.4),
            self.times_floor(rows::TIME, rows::LEAST_IN_TIME, 2.1),
            self.over_floor(rows::ASYNC, rows::LEAST_ASYNC, 2.85),
            self.times_floor(rows::RAMPED, rows::LEAST, 1.6),
            self.over_row(rows::THROTTLE, rows::TIME, 5.0),
            self.times_floor(rows::STALE, rows::LEAST_STALE, 2.0),
            self.over_part(rows::BULKHEAD, rows::FETCH_ADD, 2.0, 3.0),
            self.bulkhead_and_a_reading(),
            Goal {
                text: "growth of the future".to_owned(),
                measured: future_growth(),
                limit: 48.0,
                unit: "bytes",
                floor: String::new(),
            },
        ]
    }

    /// What `stall` may take.
    fn bulkhead_and_a_reading(&self) -> Goal {
        let (bulkhead, clock) = (self.over(rows::BULKHEAD, 1), self.alone(rows::COARSE_CLOCK));
        let floor = format!(
            "{}, {}",
            floor_text(rows::BULKHEAD, bulkhead),
            floor_text(rows::COARSE_CLOCK, clock)
        );
        self.over_plain(rows::STALL, bulkhead + clock, floor)
    }

    fn failing(&self) -> Vec<Goal> {
        vec![
            self.over_floor(rows::IGNORED, rows::LEAST, 3.38),
            self.over_part(rows::FAILURE, rows::EXCHANGE, 1.0, 5.0),
            self.first(rows::FAILURE, 1),
            self.first(rows::FAILURE, 2),
            self.first(rows::ALTERNATING, 1),
            self.first(rows::ALTERNATING, 2),
            self.first(rows::IGNORED, 1),
            self.first(rows::IGNORED, 2),
            self.first(rows::COUNT_FAILING, 1),
            self.first(rows::COUNT_FAILING, 2),
            self.over_floor(rows::TIME_FAILING, rows::LEAST_FAILING, 17.0),
            self.first(rows::TIME_FAILING, 1),
            self.first(rows::TIME_FAILING, 2),
        ]
    }

    fn rejecting(&self) -> Vec<Goal> {
        let mut goals = vec![self.times_floor(rows::REJECTION, rows::LEAST_IN_TIME, 2.0)];
        goals.extend([1, 2].map(|threads| {
            let mut goal = self.first(rows::REJECTION, threads);
            goal.text = goal.text.replace("the quickest peer", "a third of the quickest peer's");
            Goal { limit: goal.limit / 3.0, ..goal }
        }));
        goals
    }

    fn by_key(&self) -> Vec<Goal> {
        [rows::KEYS_1, rows::KEYS_1_000, rows::KEYS_10_000]
            .map(|row| {
                let over = |column| self.get(row, column, 1) - self.get(row, PLAIN, 1);
                let text = format!("{row}, beside a look-up in a concurrent map");
                let floor = floor_text(BY_HAND, over(BY_HAND));
                Goal::new(text, self.over(row, 1), over(CONCURRENT_MAP), floor)
            })
            .into()
    }

    /// What isn't done for each call.
    fn rare(&self) -> Vec<Goal> {
        let slower = self.slower();
        let mutexes = floor_text("10,000 mutexes", 10_000.0 * self.alone(rows::MUTEX));
        let goal =
            |text: &str, measured, limit, floor| Goal::new(text, measured, limit * slower, floor);
        let none = String::new;
        vec![
            goal(rows::SNAPSHOT, self.get(rows::SNAPSHOT, API, 1), 1_000.0, none()),
            goal(rows::SNAPSHOT_KEYS, self.get(rows::SNAPSHOT_KEYS, API, 1), 600_000.0, mutexes),
            goal(rows::NEW_KEY_OPEN, self.get(rows::NEW_KEY_OPEN, ATTRIBUTE, 1), 1_000.0, none()),
        ]
    }

    /// What was wanted, too, and why it isn't so.
    fn given_up(&self) -> Vec<(Goal, &'static str)> {
        let calls = "what judges is out of line, so that calls that need none of it pay nothing";
        let transition = "a transition is numbered, dated, kept and told to listeners; a third of its time is readings of \
                          clocks";
        let first = floor_text(rows::LEAST_FIRST, self.alone(rows::LEAST_FIRST));
        let first_call = self.get(rows::FIRST, ATTRIBUTE, 1);
        let kept = self.alone(rows::LEAST_TRANSITION) - self.get(rows::ROUND_TRIP, PLAIN, 1);
        vec![
            (self.over_part(rows::SLOW, rows::COARSE_CLOCK, 2.0, 3.0), calls),
            (self.over_part(rows::ALTERNATING, rows::EXCHANGE, 1.0, 5.0), calls),
            (
                self.of_two_threads(rows::BULKHEAD, 80.0, rows::LEAST_BULKHEAD),
                "both threads add to one counter, twice a call",
            ),
            (
                self.of_two_threads(rows::COUNT_FAILING, 60.0, rows::EXCHANGE),
                "each outcome takes its place among the last 100",
            ),
            (
                self.of_two_threads(rows::TIME_FAILING, 100.0, rows::LEAST_FAILING),
                "failures and the successes between them are noted in one word, in their order",
            ),
            (
                self.over_plain(
                    rows::ROUND_TRIP,
                    120.0 * self.slower(),
                    floor_text(rows::LEAST_TRANSITION, kept),
                ),
                transition,
            ),
            (
                Goal::new(rows::FIRST, first_call, 400.0 * self.slower(), first),
                "the circuit is registered and makes its counters then",
            ),
        ]
    }

    fn second_thread(&self) -> Vec<Goal> {
        let more =
            |row, column| 100.0 * (self.get(row, column, 2) / self.get(row, column, 1) - 1.0);
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
}

fn floor_text(floor: &str, takes: f64) -> String {
    format!("{floor}: {} ns", figure(takes))
}
