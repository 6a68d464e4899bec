//! A slow return: `ramp`.

use std::pin::pin;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{
    CallError, CircuitBreaker, Config, ConfigOption, KeyedBreaker, Mode, Rejection, State, Window,
};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, fail, half_open, millis, poll_once, rejection, secs,
    succeed,
};

const RAMPED: Config = FRAGILE.ramp(secs(10));

/// A circuit that has just closed.
fn closed(config: Config) -> (Frozen, CircuitBreaker) {
    let (time, breaker) = half_open(config);
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
    (time, breaker)
}

/// How many of so many calls pass, each this much after the last.
fn passing(time: &Frozen, breaker: &CircuitBreaker, calls: u32, every: std::time::Duration) -> u32 {
    let one = |_| {
        let passes = admits(breaker);
        time.advance(every);
        u32::from(passes)
    };
    (0..calls).map(one).sum()
}

#[test]
fn of_a_thousand_calls_a_second_fifty_five_percent_pass_in_ten_seconds() {
    let (time, breaker) = closed(RAMPED);
    let passed = passing(&time, &breaker, 10_000, millis(1));
    assert!((5_445..=5_555).contains(&passed), "{passed}");
    assert_eq!(breaker.snapshot().rejected, u64::from(10_000 - passed));
    assert_eq!(passing(&time, &breaker, 1_000, millis(1)), 1_000, "it is over");
}

#[test]
fn the_share_grows_in_a_straight_line() {
    let (time, breaker) = closed(RAMPED);
    for second in 0_u32..10 {
        let passed = passing(&time, &breaker, 1_000, millis(1));
        let share = 100 + 90 * second + 45;
        assert!(passed.abs_diff(share) <= 2, "{passed} of {share} in second {second}");
    }
}

#[test]
fn what_passes_is_spread_evenly() {
    let (time, breaker) = closed(RAMPED);
    time.advance(secs(5));
    let passes: Vec<bool> = (0..100).map(|_| admits(&breaker)).collect();
    assert!(passes.windows(3).all(|three| three.contains(&true)), "55 % pass: {passes:?}");
    assert!(passes[1..].windows(3).all(|three| three.contains(&false)), "{passes:?}");
}

#[test]
fn a_call_a_minute_is_never_rejected_under_a_ramp_of_ten() {
    let (time, breaker) = closed(FRAGILE.ramp(secs(600)));
    assert_eq!(passing(&time, &breaker, 30, secs(60)), 30);
}

#[test]
fn the_first_call_of_each_tenth_leaves_no_debt() {
    let (time, breaker) = closed(RAMPED);
    time.advance(millis(8_500));
    assert!(admits(&breaker), "the first of its tenth");
    assert!(!admits(&breaker), "0.865");
    assert!(admits(&breaker), "1.73");
    time.advance(millis(500));
    assert!(admits(&breaker), "the first of its tenth");
    assert!(admits(&breaker), "0.73 and 0.91");
}

#[test]
fn the_state_is_closed_and_the_snapshot_has_the_share() {
    let (time, breaker) = closed(RAMPED);
    let share = || breaker.snapshot().ramp;
    assert_eq!((breaker.state(), share()), (State::Closed, Some(0.1)));
    time.advance(secs(5));
    assert_eq!(share(), Some(0.55));
    let line = breaker.snapshot().to_string();
    assert!(line.starts_with("test: closed, lets 55 % pass; 1 ok"), "{line}");
    time.advance(secs(5) - NANOSECOND);
    assert!(share().is_some_and(|share| share < 1.0));
    time.advance(NANOSECOND);
    assert_eq!((breaker.state(), share()), (State::Closed, None));
}

#[test]
fn a_rejection_says_why_and_knows_no_time() {
    let (_time, breaker) = closed(RAMPED);
    assert!(admits(&breaker));
    let error = rejection(&breaker);
    assert_eq!((error.reason(), error.retry_after()), (Rejection::Ramping, None));
    assert_eq!(
        error.to_string(),
        "circuit `test` has closed and lets a growing share of calls pass"
    );
}

#[test]
fn the_rules_judge_what_passes_and_nothing_else() {
    let rated = RAMPED.failure_rate(0.5).window(Window::Time(secs(60))).min_calls(10);
    let (time, breaker) = closed(rated);
    for _ in 0..1_000 {
        if let Ok(permit) = breaker.try_acquire() {
            permit.success();
        }
        time.advance(millis(1));
    }
    let window = breaker.snapshot().window.unwrap();
    assert!((140..=150).contains(&window.calls), "{window:?}");
    assert_eq!((window.failures, breaker.state()), (0, State::Closed));
}

#[test]
fn a_failure_under_a_ramp_opens_again() {
    let (_time, breaker) = closed(RAMPED);
    fail(&breaker, 1);
    assert_eq!((breaker.state(), breaker.snapshot().ramp), (State::Open, None));
}

#[test]
fn openings_are_in_a_row_until_the_ramp_is_over() {
    for (after, wait) in [(30_000, 10), (29_999, 20)] {
        let config = FRAGILE.ramp(secs(30)).backoff(2.0);
        let (time, breaker) = closed(config);
        time.advance(millis(after));
        fail(&breaker, 1);
        assert_eq!(breaker.snapshot().retry_after, Some(secs(wait)), "after {after} ms");
    }
}

#[test]
fn a_reset_does_not_ramp() {
    let (_time, breaker) = half_open(RAMPED);
    breaker.reset();
    assert_eq!((breaker.snapshot().ramp, admits(&breaker), admits(&breaker)), (None, true, true));
    let (_time, breaker) = closed(RAMPED);
    breaker.reset();
    assert_eq!((breaker.snapshot().ramp, admits(&breaker), admits(&breaker)), (None, true, true));
}

#[test]
fn resuming_from_forced_open_ramps_and_from_other_modes_does_not() {
    let (_time, breaker) = (freeze(), breaker(RAMPED));
    for mode in [CircuitBreaker::disable, CircuitBreaker::shadow] {
        mode(&breaker);
        breaker.resume();
        assert_eq!(breaker.snapshot().ramp, None);
    }
    breaker.force_open();
    breaker.resume();
    assert_eq!(breaker.snapshot().ramp, Some(0.1));
    assert!(admits(&breaker));
    assert_eq!(rejection(&breaker).reason(), Rejection::Ramping);
}

#[test]
fn an_open_circuit_that_resumes_stays_open() {
    let (_time, breaker) = (freeze(), breaker(RAMPED));
    fail(&breaker, 1);
    breaker.force_open();
    breaker.resume();
    assert_eq!((breaker.state(), breaker.snapshot().ramp), (State::Open, None));
}

#[test]
fn in_shadow_what_a_ramp_would_reject_runs_and_is_counted() {
    let (_time, breaker) = closed(RAMPED);
    breaker.shadow();
    assert_eq!((0..10).filter(|_| admits(&breaker)).count(), 10);
    assert_eq!(breaker.snapshot().rejected, 9);
    breaker.disable();
    assert_eq!((0..10).filter(|_| admits(&breaker)).count(), 10);
    assert_eq!(breaker.snapshot().rejected, 9);
}

#[test]
fn a_ramp_that_is_switched_off_is_over_and_one_that_is_new_does_not_begin() {
    let (_time, breaker) = closed(RAMPED);
    breaker.reconfigure(RAMPED.off(ConfigOption::Ramp)).unwrap();
    assert_eq!((breaker.snapshot().ramp, admits(&breaker), admits(&breaker)), (None, true, true));
    let (_time, breaker) = closed(RAMPED);
    breaker.reconfigure(RAMPED.off(ConfigOption::Ramp)).unwrap();
    breaker.reconfigure(RAMPED).unwrap();
    assert_eq!((breaker.snapshot().ramp, admits(&breaker), admits(&breaker)), (None, true, true));
}

#[test]
fn a_clock_that_went_back_ends_the_ramp() {
    let zero = freeze();
    let (time, breaker) = (freeze(), breaker(RAMPED));
    time.advance(secs(100));
    breaker.force_open();
    breaker.resume();
    drop(time);
    zero.advance(secs(50));
    assert_eq!((breaker.snapshot().ramp, admits(&breaker), admits(&breaker)), (None, true, true));
}

#[test]
fn each_key_has_a_ramp_of_its_own() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("ramped hosts", RAMPED, 10);
    let time = freeze();
    HOSTS.key("a").try_acquire().unwrap().success();
    HOSTS.key("b").force_open();
    HOSTS.key("b").resume();
    assert_eq!(HOSTS.key("b").snapshot().unwrap().ramp, Some(0.1));
    assert_eq!(HOSTS.key("a").snapshot().unwrap().ramp, None);
    assert_eq!(HOSTS.snapshot().ramp, Some(0.1));
    time.advance(secs(5));
    HOSTS.key("a").force_open();
    HOSTS.key("a").resume();
    assert_eq!(HOSTS.key("b").snapshot().unwrap().ramp, Some(0.55));
    assert_eq!(HOSTS.snapshot().ramp, Some(0.1), "the smallest");
}

/// Failures that come together are one, of those that pass.
#[test]
fn a_ramp_and_merged_failures_work_as_each_alone() {
    let config = RAMPED.threshold(2).merge_failures(millis(100));
    let (time, breaker) = (freeze(), breaker(config));
    breaker.force_open();
    breaker.resume();
    for _ in 0..50 {
        if let Ok(permit) = breaker.try_acquire() {
            permit.failure();
        }
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.failures_in_a_row), (State::Closed, 1));
    assert_eq!((seen.failures, seen.rejected), (5, 45));
    time.advance(secs(1));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_ramp_and_a_bulkhead_each_reject_for_their_own_reason() {
    let (time, breaker) = (freeze(), breaker(RAMPED.max_concurrent(1)));
    breaker.force_open();
    breaker.resume();
    let held = breaker.try_acquire().unwrap();
    assert_eq!(rejection(&breaker).reason(), Rejection::Ramping);
    time.advance(secs(1));
    assert_eq!(rejection(&breaker).reason(), Rejection::TooManyCalls);
    assert_eq!((held.success(), breaker.mode()), ((), Mode::Normal));
}

#[test]
fn a_full_bulkhead_does_not_use_up_the_first_call_of_a_tenth() {
    let (time, breaker) = (freeze(), breaker(RAMPED.max_concurrent(1)));
    breaker.force_open();
    breaker.resume();
    for tenth in 0..5 {
        let held = breaker.try_acquire().unwrap();
        time.advance(secs(1));
        for _ in 0..3 {
            assert_eq!(rejection(&breaker).reason(), Rejection::TooManyCalls, "tenth {tenth}");
        }
        held.ignore();
        assert!(admits(&breaker), "the first of its tenth");
        assert!((0..20).any(|_| !admits(&breaker)), "the others aren't");
        time.advance(secs(1));
    }
}

#[test]
fn a_circuit_whose_mode_decides_says_nothing_of_the_ramp() {
    let (time, breaker) = closed(RAMPED);
    time.advance(secs(5));
    for mode in [CircuitBreaker::disable, CircuitBreaker::force_open] {
        mode(&breaker);
        let seen = breaker.snapshot();
        assert_eq!(seen.ramp, None, "{seen}");
        assert!(!seen.to_string().contains('%'), "{seen}");
    }
    breaker.shadow();
    let seen = breaker.snapshot();
    assert_eq!(seen.ramp, Some(0.55), "what it would let pass");
    assert!(seen.to_string().starts_with("test: shadow (closed, would let 55 % pass); "), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_a_place_asks_the_ramp_once() {
    let (time, breaker) = closed(RAMPED.max_concurrent(1).max_wait(secs(3_600)));
    time.advance(secs(5));
    let first = breaker.try_acquire().unwrap();
    let call = || breaker.call_async(async { Ok::<_, ()>(()) });
    let Err(CallError::Open(rejected)) = call().await else { panic!("55 % pass") };
    assert_eq!(rejected.reason(), Rejection::Ramping);
    let mut third = pin!(call());
    assert!(poll_once(third.as_mut()).is_pending(), "the ramp lets it pass, and it waits");
    first.success();
    third.await.unwrap();
}
