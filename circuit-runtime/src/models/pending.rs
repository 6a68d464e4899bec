//! Outcomes that are noted without the lock, beside others and beside what changes the circuit.

use loom::thread;

use super::watched::{Watched, watch};
use super::{WAIT, a_failure_beside_a_reconfiguration, a_success_beside_a_failure, consecutive};
use crate::test_util::freeze;
use crate::{Config, State, Window};

/// A circuit whose next outcomes are noted without the lock: it has failed once.
fn failing(config: Config) -> &'static Watched {
    let watched = watch(config);
    watched.pass().failure();
    watched
}

fn count_window(calls: u32) -> Config {
    Config::new().failure_rate(1.0).window(Window::Calls(calls)).min_calls(1).recovery(WAIT)
}

#[test]
fn pending_failures_of_two_threads_add_up() {
    loom::model(|| {
        let time = freeze();
        let watched = failing(consecutive(4));
        let other = thread::spawn(move || watched.pass().failure());
        watched.pass().failure();
        other.join().unwrap();
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.transitions), (State::Open, 1));
    });
}

/// Two can be noted, the third has to be judged.
#[test]
fn a_failure_that_opens_sees_those_that_are_pending() {
    loom::model(|| {
        let time = freeze();
        let watched = failing(consecutive(3));
        let other = thread::spawn(move || watched.pass().failure());
        watched.pass().failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.transitions, settled.failures), (State::Open, 1, 3));
    });
}

/// Each takes its turn: the run is what came after the success.
#[test]
fn a_pending_success_and_a_pending_failure_come_one_after_the_other() {
    loom::model(|| {
        let time = freeze();
        let watched = failing(consecutive(3));
        let (one, two) = (watched.pass(), watched.pass());
        let other = thread::spawn(move || one.success());
        two.failure();
        other.join().unwrap();
        let run = watched.breaker.snapshot().failures_in_a_row;
        assert!(run <= 1, "{run}");
        // As many as are missing open it, and no fewer.
        (run..2).for_each(|_| watched.pass().failure());
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.late), (State::Open, 0));
    });
}

#[test]
fn a_pending_failure_of_a_past_period_is_late() {
    loom::model(|| {
        let time = freeze();
        let watched = failing(consecutive(5));
        let call = watched.pass();
        let other = thread::spawn(move || call.failure());
        watched.breaker.reset();
        // The next period's word may be the same, but for the period.
        watched.pass().failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        assert_eq!((settled.failures_in_a_row, settled.failures + settled.late), (1, 3));
    });
}

/// What is noted under the old rules is judged by the new ones at the next outcome.
#[test]
fn a_reconfiguration_loses_no_pending_failure() {
    a_failure_beside_a_reconfiguration(1);
}

#[test]
fn a_pending_failure_is_judged_before_the_circuit_is_disabled_or_never() {
    loom::model(|| {
        let time = freeze();
        let watched = failing(consecutive(5));
        let call = watched.pass();
        let other = thread::spawn(move || {
            watched.disable();
            watched.breaker.snapshot().failures_in_a_row
        });
        call.failure();
        let disabled = other.join().unwrap();
        watched.breaker.resume();
        assert_eq!(watched.settled(&time).failures_in_a_row, disabled);
    });
}

#[test]
fn pending_failures_enter_the_count_window_exactly() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(count_window(4));
        watched.pass().success();
        watched.pass().failure();
        let other = thread::spawn(move || {
            watched.pass().failure();
            watched.pass().success();
        });
        watched.pass().success();
        let during = watched.breaker.snapshot().window.unwrap();
        assert!(during.calls >= 3 && during.failures <= 2);
        other.join().unwrap();
        // The first success has left.
        let window = watched.settled(&time).window.unwrap();
        assert_eq!((window.calls, window.failures), (4, 2));
    });
}

/// A rate that the second failure reaches.
#[test]
fn a_pending_success_comes_before_or_after_the_failure_that_opens() {
    let rate = Config::new().failure_rate(0.5).window(Window::Calls(8)).min_calls(1);
    a_success_beside_a_failure(rate.recovery(WAIT), 2);
}

fn time_window() -> Config {
    Config::new().failure_rate(0.9).window(Window::Time(WAIT)).min_calls(2).recovery(WAIT)
}

#[test]
fn pending_outcomes_enter_the_time_window_exactly() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(time_window());
        watched.pass().success();
        watched.pass().failure();
        let other = thread::spawn(move || watched.pass().failure());
        watched.pass().success();
        let during = watched.breaker.snapshot().window.unwrap();
        assert!(during.calls >= 3 && during.failures <= 2);
        other.join().unwrap();
        let window = watched.settled(&time).window.unwrap();
        assert_eq!((window.calls, window.failures), (4, 2));
    });
}

/// What comes in the next tenth of the window stays as long as that does.
#[test]
fn a_pending_outcome_is_as_old_as_its_bucket() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(time_window());
        watched.pass().success();
        watched.pass().failure();
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        time.advance(WAIT / 10);
        watched.pass().failure();
        other.join().unwrap();
        time.advance(WAIT / 10 * 9);
        // The other one may have come before or after.
        let window = watched.settled(&time).window.unwrap();
        assert!((1..=2).contains(&window.calls) && window.failures == 1, "{window:?}");
    });
}
