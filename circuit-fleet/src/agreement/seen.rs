//! What has happened to a circuit between two looks at it.
//!
//! Calls tell nobody of their outcomes: that would cost each of them. The circuit counts them anyway, and notes its
//! transitions with their numbers.

use std::time::Duration;

use circuit_runtime::{Mode, Reason, Snapshot, State, Transition};

use super::{Event, Millis};

/// A circuit as it was at the last look.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The number of the last transition, and the state after it.
    number: u64,
    state: State,
    successes: u64,
    failures: u64,
    run: u32,
}

impl Seen {
    /// The first look, and what it tells: calls that have ended before count for nothing.
    #[must_use]
    pub fn first(circuit: &Snapshot) -> (Self, Option<Event>) {
        let last = circuit.recent_transitions.last();
        let seen = Seen::of(circuit);
        let event = last.filter(|last| last.to != State::Closed).map(|last| event(last, circuit));
        (seen, event)
    }

    fn of(circuit: &Snapshot) -> Self {
        let last = circuit.recent_transitions.last();
        Seen {
            number: last.map_or(0, |last| last.number),
            // The snapshot's own state is half-open once the wait is over, before anybody probes.
            state: last.map_or(State::Closed, |last| last.to),
            successes: circuit.successes,
            failures: circuit.failures,
            run: circuit.failures_in_a_row,
        }
    }

    /// What has happened since the last look, in this order: calls of the closed circuit before the transitions that
    /// they led to.
    pub fn events(&mut self, circuit: &Snapshot) -> Vec<Event> {
        let before = std::mem::replace(self, Seen::of(circuit));
        let is_new = |change: &&Transition| change.number > before.number;
        let changes: Vec<_> = circuit.recent_transitions.iter().filter(is_new).collect();
        let has_succeeded = circuit.successes > before.successes;
        let failures = circuit.failures.saturating_sub(before.failures);
        let mut events = Vec::new();
        let Some(first) = changes.first() else {
            if self.state == State::Closed {
                let run = circuit.failures_in_a_row;
                put_calls(&mut events, has_succeeded, failures, run, before.run);
            }
            return events;
        };
        if before.state == State::Closed && first.to == State::Open {
            let probes: u64 = changes.iter().map(|change| failed_probes(change)).sum();
            let failures = failures.saturating_sub(probes);
            let all = before.run.saturating_add(u32::try_from(failures).unwrap_or(u32::MAX));
            // How many came after a success isn't known, one at least.
            let run = run_of(&first.reason).unwrap_or(if has_succeeded { 1 } else { all });
            put_calls(&mut events, has_succeeded, failures, run, before.run);
        }
        events.extend(changes.iter().map(|change| event(change, circuit)));
        if self.state == State::Closed {
            put_calls(&mut events, false, failures, circuit.failures_in_a_row, 0);
        }
        events
    }
}

/// The calls of a closed circuit. Of failures before a success nobody needs to know: it forgives them.
fn put_calls(
    events: &mut Vec<Event>,
    has_succeeded: bool,
    failures: u64,
    run: u32,
    run_before: u32,
) {
    let new = if has_succeeded { run } else { run.saturating_sub(run_before) };
    if has_succeeded {
        events.push(Event::Success);
    }
    let new = u64::from(new).min(failures);
    events.extend((0..new).map(|_| Event::Failure));
}

/// What a transition tells the agreement.
fn event(change: &Transition, circuit: &Snapshot) -> Event {
    match change.to {
        State::Closed => Event::Closed,
        State::HalfOpen => Event::HalfOpened,
        State::Open => {
            let is_last =
                circuit.recent_transitions.last().map(|it| it.number) == Some(change.number);
            // What is left of the wait is what counts, as long as no mode hides it.
            let is_shown = is_last && circuit.mode == Mode::Normal;
            let wait =
                if is_shown { wait(circuit) } else { change.retry_after.map_or(FOR_GOOD, millis) };
            let asked = matches!(change.reason, Reason::Requested { .. });
            Event::Opened { wait, asked }
        }
    }
}

/// What is left of a circuit's wait; zero if it isn't open.
pub fn wait(circuit: &Snapshot) -> Millis {
    let without_end = if circuit.state == State::Open { FOR_GOOD } else { 0 };
    circuit.retry_after.map_or(without_end, millis)
}

/// A wait that never ends, as one that nobody lives to see the end of.
const FOR_GOOD: Millis = Millis::MAX / 1_000_000;

fn failed_probes(change: &Transition) -> u64 {
    match change.reason {
        Reason::ProbesFailed { failed, .. } => failed.into(),
        _ => 0,
    }
}

/// The failures in a row that opened the circuit, if the reason says so.
fn run_of(reason: &Reason) -> Option<u32> {
    match *reason {
        Reason::FailuresInARow { failures, .. } | Reason::Suspected { failures, .. } => {
            Some(failures)
        }
        _ => None,
    }
}

/// Whole milliseconds, rounded up.
#[must_use]
pub fn millis(time: Duration) -> Millis {
    Millis::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use circuit_runtime::{CircuitBreaker, Config, Outcome};

    use super::*;

    struct Watched {
        breaker: CircuitBreaker,
        seen: Seen,
    }

    impl Watched {
        fn new(config: Config) -> Self {
            let breaker = CircuitBreaker::new("watched", config.recovery(Duration::from_secs(60)));
            let (seen, event) = Seen::first(&breaker.snapshot());
            assert_eq!(event, None);
            Watched { breaker, seen }
        }

        fn fail(&self, times: u32) {
            (0..times).for_each(|_| self.breaker.try_acquire().expect("admitted").failure());
        }

        fn succeed(&self) {
            self.breaker.try_acquire().expect("admitted").success();
        }

        /// What has happened, with `Opened` and its wait rounded to seconds.
        fn events(&mut self) -> Vec<String> {
            let name = |event: Event| match event {
                Event::Opened { wait, asked } => {
                    format!(
                        "opened for {}{}",
                        wait.div_ceil(1_000),
                        if asked { ", asked" } else { "" }
                    )
                }
                event => format!("{event:?}").to_lowercase(),
            };
            self.seen.events(&self.breaker.snapshot()).into_iter().map(name).collect()
        }
    }

    #[test]
    fn failures_in_a_row_are_told_once() {
        let mut circuit = Watched::new(Config::new().threshold(5));
        circuit.fail(2);
        assert_eq!(circuit.events(), ["failure", "failure"]);
        assert!(circuit.events().is_empty());
        circuit.fail(1);
        assert_eq!(circuit.events(), ["failure"]);
    }

    #[test]
    fn a_success_comes_before_the_failures_that_are_left() {
        let mut circuit = Watched::new(Config::new().threshold(5));
        circuit.fail(3);
        circuit.succeed();
        circuit.fail(1);
        assert_eq!(circuit.events(), ["success", "failure"]);
        circuit.succeed();
        assert_eq!(circuit.events(), ["success"]);
    }

    #[test]
    fn what_led_to_an_opening_comes_before_it_and_the_probes_failures_do_not_count() {
        let mut circuit = Watched::new(Config::new().threshold(3));
        circuit.fail(1);
        assert_eq!(circuit.events(), ["failure"]);
        circuit.fail(2);
        circuit.breaker.probe_now();
        circuit.fail(1);
        let expected = ["failure", "failure", "opened for 60", "halfopened", "opened for 60"];
        assert_eq!(circuit.events(), expected);
        circuit.breaker.probe_now();
        circuit.succeed();
        circuit.fail(2);
        assert_eq!(circuit.events(), ["halfopened", "closed", "failure", "failure"]);
    }

    #[test]
    fn a_circuit_that_a_rate_has_opened_had_a_failure_at_least() {
        let config = Config::new().failure_rate(0.5).min_calls(4);
        let mut circuit = Watched::new(config);
        circuit.succeed();
        circuit.fail(1);
        circuit.succeed();
        circuit.fail(1);
        assert_eq!(circuit.events(), ["success", "failure", "opened for 60"]);
    }

    #[test]
    fn a_wait_that_the_service_has_asked_for_is_told_as_such() {
        let mut circuit = Watched::new(Config::new().threshold(3));
        let permit = circuit.breaker.try_acquire().expect("closed");
        permit.record(Outcome::OpenFor(Duration::from_secs(90)));
        assert_eq!(circuit.events(), ["failure", "opened for 90, asked"]);
        circuit.breaker.reset();
        assert_eq!(circuit.events(), ["closed"]);
    }

    #[test]
    fn a_wait_without_an_end_is_the_longest() {
        let mut circuit = Watched::new(Config::new().threshold(3));
        circuit.breaker.open_for(Duration::MAX);
        let longest = format!("opened for {}, asked", FOR_GOOD.div_ceil(1_000));
        assert_eq!(circuit.events(), [longest.as_str()]);
        circuit.breaker.probe_now();
        assert_eq!(wait(&circuit.breaker.snapshot()), 0, "half-open");

        let circuit = Watched::new(Config::new());
        circuit.breaker.open_for(Duration::MAX);
        circuit.breaker.force_open();
        let (_, event) = Seen::first(&circuit.breaker.snapshot());
        assert!(matches!(event, Some(Event::Opened { wait: FOR_GOOD, asked: true })), "{event:?}");
    }

    #[test]
    fn the_first_look_finds_an_open_circuit_open() {
        let circuit = Watched::new(Config::new().threshold(1));
        circuit.fail(1);
        let (_, event) = Seen::first(&circuit.breaker.snapshot());
        assert!(matches!(event, Some(Event::Opened { wait: 59_000..=60_000, asked: false })));
    }
}
