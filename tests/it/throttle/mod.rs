//! Overload: `throttle`.

mod beside;
mod window;

use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Config, Outcome, Permit, Rejection, State};

use crate::support::{NANOSECOND, admits, breaker, fail, millis, secs, succeed};

pub(super) const HALF: Config = Config::new().throttle(0.5);

/// A circuit, its time, and random numbers that are the same in each run.
pub(super) fn begin(config: Config) -> (Frozen, CircuitBreaker) {
    fastrand::seed(7);
    (freeze(), breaker(config))
}

/// So many calls that are in flight together, and fail.
pub(super) fn fail_together(breaker: &CircuitBreaker, calls: usize) {
    let held: Vec<Permit<'_>> = (0..calls).map(|_| breaker.try_acquire().unwrap()).collect();
    held.into_iter().for_each(Permit::failure);
}

/// So many calls, each this much after the last, of which so many in a hundred fail, evenly spread.
/// Returns how many were rejected.
pub(super) fn call(
    time: &Frozen,
    breaker: &CircuitBreaker,
    calls: u32,
    every: Duration,
    failing: u32,
) -> u32 {
    let mut rejected = 0;
    let mut admitted = 0;
    for _ in 0..calls {
        match breaker.try_acquire() {
            Ok(permit) => {
                admitted += 1;
                let fails = admitted * failing % 100 < failing;
                permit.record(if fails { Outcome::Failure } else { Outcome::Success });
            }
            Err(error) => {
                assert_eq!(error.reason(), Rejection::Throttled);
                rejected += 1;
            }
        }
        time.advance(every);
    }
    rejected
}

/// The chance that the rule gives, with K = 2.
pub(super) fn chance(successes: u32, failures: u32, rejected: u32) -> Option<f64> {
    let requests = f64::from(successes + failures + rejected);
    let chance = (requests - 2.0 * f64::from(successes) - 5.0) / (requests + 1.0);
    (chance > 0.0).then_some(chance.min(0.9))
}

#[test]
fn up_to_45_percent_failing_none_is_rejected() {
    for failing in [1, 10, 30, 45] {
        let (time, breaker) = begin(HALF);
        assert_eq!(call(&time, &breaker, 60_000, millis(1), failing), 0, "{failing} % failing");
        assert_eq!(breaker.snapshot().throttle, None);
    }
}

#[test]
fn from_55_percent_failing_the_share_grows_towards_the_cap() {
    let (time, breaker) = begin(HALF);
    let mut before = 0.0;
    for window in 1..=20 {
        call(&time, &breaker, 1_000, millis(10), 55);
        let share = breaker.snapshot().throttle.unwrap();
        assert!(share > before - 0.03, "{share} after {before} in window {window}");
        before = share;
    }
    assert!(before > 0.87, "{before}");
}

#[test]
fn at_90_percent_failing_9_of_10_are_rejected() {
    let (time, breaker) = begin(HALF);
    call(&time, &breaker, 20_000, millis(1), 90);
    let rejected = call(&time, &breaker, 10_000, millis(1), 90);
    assert!((8_900..=9_100).contains(&rejected), "{rejected}");
    assert_eq!(breaker.snapshot().throttle, Some(0.9));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn two_windows_after_the_service_is_well_all_calls_pass() {
    for failing in [60, 90, 100] {
        let (time, breaker) = begin(HALF);
        call(&time, &breaker, 60_000, millis(1), failing);
        assert!(breaker.snapshot().throttle.is_some());
        call(&time, &breaker, 20_000, millis(1), 0);
        assert_eq!(breaker.snapshot().throttle, None, "{failing} % failed");
        assert_eq!(call(&time, &breaker, 10_000, millis(1), 0), 0);
    }
}

#[test]
fn one_early_error_rejects_none() {
    let (time, breaker) = begin(HALF.min_calls(1));
    fail(&breaker, 1);
    assert_eq!(breaker.snapshot().throttle, None);
    assert_eq!(call(&time, &breaker, 20_000, millis(1), 0), 0);
}

#[test]
fn five_failures_reject_none_and_the_sixth_does() {
    let (_time, breaker) = begin(HALF.min_calls(1));
    fail(&breaker, 5);
    assert_eq!(breaker.snapshot().throttle, None);
    fail(&breaker, 1);
    assert_eq!(breaker.snapshot().throttle, Some(1.0 / 7.0));
}

#[test]
fn nothing_is_rejected_below_min_calls() {
    let (time, breaker) = begin(HALF.min_calls(50));
    assert_eq!(call(&time, &breaker, 49, millis(1), 100), 0);
    assert_eq!(breaker.snapshot().throttle, None);
    fail(&breaker, 1);
    assert_eq!(breaker.snapshot().throttle, Some(45.0 / 51.0));

    let (time, breaker) = begin(HALF);
    assert_eq!(call(&time, &breaker, 9, millis(1), 100), 0, "10 by default");
    fail(&breaker, 1);
    assert_eq!(breaker.snapshot().throttle, chance(0, 10, 0));
}

#[test]
fn what_was_rejected_counts_for_min_calls() {
    let (time, breaker) = begin(HALF.min_calls(20));
    fail_together(&breaker, 20);
    let rejected = call(&time, &breaker, 100, NANOSECOND, 100);
    assert!(rejected > 60, "{rejected}");
    // The failures were in the first bucket, and so was all else.
    assert_eq!(breaker.snapshot().throttle, Some(0.9));
}

#[test]
fn at_least_one_call_a_second_passes() {
    let (time, breaker) = begin(HALF);
    call(&time, &breaker, 10_000, millis(1), 100);
    let mut waited = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for _ in 0..20_000 {
        if let Ok(permit) = breaker.try_acquire() {
            permit.failure();
            waited = Duration::ZERO;
        }
        time.advance(millis(50));
        waited += millis(50);
        longest = longest.max(waited);
    }
    assert_eq!(longest, secs(1), "reached, and never exceeded");

    time.advance(secs(1));
    assert_eq!(call(&time, &breaker, 1_000, secs(1), 100), 0, "a call a second");
}

#[test]
fn the_chance_is_that_of_the_book_less_five_and_at_most_nine_tenths() {
    let (_time, breaker) = begin(HALF);
    let (mut successes, mut failures, mut rejected) = (0, 0, 0);
    for number in 0..300 {
        match breaker.try_acquire() {
            Err(_) => rejected += 1,
            Ok(permit) if number % 7 == 0 => {
                permit.success();
                successes += 1;
            }
            Ok(permit) => {
                permit.failure();
                failures += 1;
            }
        }
        if successes + failures + rejected >= 10 {
            let expected = chance(successes, failures, rejected);
            assert_eq!(breaker.snapshot().throttle, expected, "call {number}");
        }
    }
    assert!(rejected > 200, "{rejected}");
    let seen = breaker.snapshot();
    assert_eq!((seen.rejected, seen.failures), (u64::from(rejected), u64::from(failures)));
}

#[test]
fn the_share_sets_k() {
    for (share, k) in [(0.1, 1.0 / 0.9), (0.5, 2.0), (0.75, 4.0), (0.9, 1.0 / (1.0 - 0.9))] {
        let (_time, breaker) = begin(Config::new().throttle(share));
        succeed(&breaker, 4);
        fail_together(&breaker, 60);
        let expected = (64.0 - k * 4.0 - 5.0) / 65.0;
        assert_eq!(breaker.snapshot().throttle, Some(expected), "{share}");
    }
}

#[test]
fn a_rejection_says_why_and_knows_no_time() {
    let (_time, breaker) = begin(HALF);
    fail_together(&breaker, 100);
    assert!(admits(&breaker), "none has passed before, as far as the rule knows");
    let error = std::iter::from_fn(|| Some(breaker.try_acquire())).find_map(Result::err).unwrap();
    assert_eq!((error.reason(), error.retry_after()), (Rejection::Throttled, None));
    assert_eq!(error.to_string(), "circuit `test` rejects a share of calls because too many fail");
}

#[test]
fn the_state_is_closed_and_the_snapshot_has_the_share() {
    let (time, breaker) = begin(HALF);
    call(&time, &breaker, 1_000, millis(1), 100);
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.throttle), (State::Closed, Some(0.9)));
    let line = seen.to_string();
    assert!(line.starts_with("test: closed, rejects 90 %; 0 ok, "), "{line}");
    assert_eq!(seen.transitions, 0);
}
