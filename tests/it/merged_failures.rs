//! Failures that come together: `merge_failures`.

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Config, ConfigOption, Outcome, State, Window};

use crate::support::{NANOSECOND, breaker, end, fail, millis, secs, succeed};

const MERGING: Config = Config::new().merge_failures(millis(100));

fn run(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().failures_in_a_row
}

/// A connection that carries 50 calls breaks, each of these milliseconds after the last time.
fn breaks(time: &Frozen, breaker: &CircuitBreaker, after: &[u64]) {
    for after in after {
        time.advance(millis(*after));
        let calls: Vec<_> = (0..50).filter_map(|_| breaker.try_acquire().ok()).collect();
        calls.into_iter().for_each(circuit_runtime::Permit::failure);
    }
}

#[test]
fn a_connection_that_carries_fifty_calls_breaks_once() {
    let (time, breaker) = (freeze(), breaker(MERGING));
    breaks(&time, &breaker, &[0]);
    assert_eq!((run(&breaker), breaker.state()), (1, State::Closed));
    breaks(&time, &breaker, &[1_000; 3]);
    assert_eq!((run(&breaker), breaker.state()), (4, State::Closed));
    breaks(&time, &breaker, &[1_000]);
    assert_eq!(breaker.state(), State::Open, "the default threshold of five");
}

#[test]
fn exactly_that_much_after_the_first_a_failure_is_a_new_one() {
    let (time, breaker) = (freeze(), breaker(MERGING));
    fail(&breaker, 1);
    time.advance(millis(100) - NANOSECOND);
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 1);
    time.advance(NANOSECOND);
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 2);
}

#[test]
fn the_time_is_from_the_first_failure_not_from_the_last() {
    let (time, breaker) = (freeze(), breaker(MERGING));
    for runs in [1, 1, 2, 2, 3] {
        fail(&breaker, 1);
        assert_eq!(run(&breaker), runs);
        time.advance(millis(50));
    }
}

#[test]
fn a_success_ends_it() {
    let (_time, breaker) = (freeze(), breaker(MERGING.threshold(1_000).failure_count(3)));
    for _ in 0..2 {
        fail(&breaker, 5);
        succeed(&breaker, 1);
    }
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open, "the third of its own");
}

#[test]
fn a_success_that_only_slides_the_window_ends_it_too() {
    let (_time, breaker) = (freeze(), breaker(MERGING.threshold(2).failure_rate(1.0).min_calls(1)));
    succeed(&breaker, 5);
    fail(&breaker, 2);
    assert_eq!(run(&breaker), 1);
    succeed(&breaker, 1);
    fail(&breaker, 2);
    assert_eq!((run(&breaker), breaker.state()), (1, State::Closed));
}

#[test]
fn an_ignored_call_does_not_end_it() {
    let (_time, breaker) = (freeze(), breaker(MERGING));
    fail(&breaker, 1);
    end(&breaker, Outcome::Ignored);
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 1);
}

#[test]
fn a_count_of_failures_counts_them_as_one_in_both_kinds_of_window() {
    for window in [Window::Calls(200), Window::Time(secs(60))] {
        let (time, breaker) = (freeze(), breaker(MERGING.failure_count(3).window(window)));
        breaks(&time, &breaker, &[0, 150]);
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.failures_in_a_row), (State::Closed, 2));
        time.advance(millis(150));
        fail(&breaker, 1);
        let seen = breaker.snapshot();
        let reason = seen.recent_transitions[0].reason.to_string();
        assert_eq!(seen.state, State::Open);
        assert!(reason.starts_with("3 failures in the last"), "{reason}");
    }
}

#[test]
fn merged_failures_leave_a_count_window_with_their_first() {
    let (time, breaker) =
        (freeze(), breaker(MERGING.failure_count(3).window(Window::Calls(10)).threshold(99)));
    for _ in 0..20 {
        breaks(&time, &breaker, &[100]);
    }
    assert_eq!(breaker.state(), State::Closed, "of the last ten at most one is counted");
    time.advance(millis(100));
    fail(&breaker, 1);
    time.advance(millis(100));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed, "the first of the fifty has left");
    time.advance(millis(100));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn rates_count_all() {
    let (time, breaker) =
        (freeze(), breaker(MERGING.threshold(3).failure_rate(0.5).window(Window::Calls(100))));
    breaks(&time, &breaker, &[0]);
    let seen = breaker.snapshot();
    assert_eq!(seen.state, State::Open);
    assert_eq!(
        seen.recent_transitions[0].reason.to_string(),
        "10 of 10 calls failed (failure_rate 0.5)"
    );
}

#[test]
fn the_window_of_a_snapshot_holds_all() {
    let (_time, breaker) = (freeze(), breaker(MERGING.failure_count(3)));
    fail(&breaker, 20);
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.failures, seen.failures_in_a_row), (State::Closed, 20, 1));
    assert_eq!(seen.window.map(|window| window.failures), Some(20));
}

#[test]
fn a_clock_that_went_back_by_as_much_begins_anew() {
    let zero = freeze();
    let (time, breaker) = (freeze(), breaker(MERGING));
    time.advance(secs(1));
    fail(&breaker, 1);
    drop(time);
    zero.advance(millis(900));
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 2);
}

#[test]
fn a_longer_window_keeps_what_was_one_as_one() {
    let config = MERGING.failure_count(4).window(Window::Time(secs(10)));
    let (time, breaker) = (freeze(), breaker(config));
    succeed(&breaker, 1);
    breaks(&time, &breaker, &[0, 1_000]);
    breaker.reconfigure(config.window(Window::Time(secs(60)))).unwrap();
    breaks(&time, &breaker, &[1_000]);
    assert_eq!(breaker.state(), State::Closed);
    breaks(&time, &breaker, &[1_000]);
    assert_eq!(breaker.state(), State::Open);
}

/// Its first bucket has gone, and the next that holds anything holds a success.
#[test]
fn a_longer_window_begins_alike_for_merged_failures() {
    let config = MERGING.failure_count(2).window(Window::Time(secs(10)));
    let (time, breaker) = (freeze(), breaker(config));
    succeed(&breaker, 1);
    time.advance(secs(5));
    succeed(&breaker, 1);
    breaks(&time, &breaker, &[4_000]);
    time.advance(millis(1_500));
    breaker.reconfigure(config.window(Window::Time(secs(60)))).unwrap();
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open, "the second of its own");
}

#[test]
fn a_window_that_a_clock_has_emptied_holds_no_merged_failures_either() {
    let zero = freeze();
    let (time, breaker) =
        (freeze(), breaker(MERGING.failure_count(2).window(Window::Time(secs(10)))));
    breaks(&time, &breaker, &[20_000]);
    time.advance(millis(9_500));
    assert_eq!(breaker.snapshot().window.map(|window| window.failures), Some(50));
    drop(time);
    zero.advance(millis(18_900));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed, "of the fifty nobody knows when they were");
    zero.advance(millis(100));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn without_the_option_from_now_on_each_counts() {
    let (_time, breaker) = (freeze(), breaker(MERGING.failure_count(4)));
    fail(&breaker, 10);
    breaker.reconfigure(breaker.config().off(ConfigOption::MergeFailures)).unwrap();
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}
