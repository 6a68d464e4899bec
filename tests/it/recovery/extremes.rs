//! Clocks that go back, and durations that never end.

use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{Config, KeyedBreaker, Outcome, State};

use super::{DOUBLING, wait, waits};
use crate::support::{FRAGILE, NANOSECOND, breaker, end, fail, rejection, secs, succeed};

/// What a machine does that is restored from a checkpoint.
fn with_a_clock_that_goes_back(by: Duration, before: impl FnOnce()) -> Frozen {
    let now = freeze();
    let later = freeze();
    later.advance(by);
    before();
    drop(later);
    now
}

#[test]
fn a_clock_that_goes_back_ends_the_wait() {
    for (recovery, by) in [(10, secs(11)), (10, secs(1_000)), (2, secs(1_000))] {
        let breaker = breaker(FRAGILE.recovery(secs(recovery)));
        let _time = with_a_clock_that_goes_back(by, || fail(&breaker, 1));
        assert_eq!((State::HalfOpen, None), (breaker.state(), breaker.snapshot().retry_after));
        succeed(&breaker, 1);
        assert_eq!(State::Closed, breaker.state());
    }
}

/// The clocks of two threads may differ a little while they are frozen.
#[test]
fn a_clock_that_goes_back_a_little_prolongs_the_wait_by_so_much() {
    let breaker = breaker(FRAGILE);
    let time = with_a_clock_that_goes_back(secs(1), || fail(&breaker, 1));
    assert_eq!(secs(10), wait(&breaker));
    time.advance(secs(11) - NANOSECOND);
    assert_eq!(NANOSECOND, wait(&breaker));
    time.advance(NANOSECOND);
    succeed(&breaker, 1);
}

#[test]
fn a_clock_that_goes_back_begins_another_round_of_probes() {
    let breaker = breaker(FRAGILE);
    let time = with_a_clock_that_goes_back(secs(1_000), || {
        fail(&breaker, 1);
        let later = freeze();
        later.advance(secs(10));
        std::mem::forget(breaker.try_acquire().unwrap());
        assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
    });
    let _probe = breaker.try_acquire().unwrap();
    time.advance(secs(20) - NANOSECOND);
    assert_eq!(Some(NANOSECOND), rejection(&breaker).retry_after());
}

#[test]
fn a_clock_that_goes_back_prolongs_no_streak() {
    let breaker = breaker(DOUBLING);
    let _time = with_a_clock_that_goes_back(secs(1_000), || {
        let time = freeze();
        assert_eq!([secs(10), secs(20)], *waits(&time, &breaker, 2));
        succeed(&breaker, 1);
    });
    fail(&breaker, 1);
    assert_eq!(secs(10), wait(&breaker));
}

#[test]
fn the_longest_recovery_means_until_reset() {
    let time = freeze();
    let breaker = breaker(Config::new().threshold(1).recovery(Duration::MAX));
    fail(&breaker, 1);
    time.advance(secs(1_000_000_000));
    assert_eq!(State::Open, breaker.state());
    rejection(&breaker);
    breaker.reset();
    succeed(&breaker, 1);
}

#[test]
fn a_wait_without_an_end_is_told_without_a_number() {
    let time = freeze();
    let longest = FRAGILE.recovery(Duration::MAX);
    let [by_rule, asked] = [longest.jitter(0.5), FRAGILE].map(breaker);
    fail(&by_rule, 1);
    asked.open_for(Duration::MAX);
    for breaker in [by_rule, asked] {
        assert_eq!((State::Open, None), (breaker.state(), rejection(&breaker).retry_after()));
        let seen = breaker.snapshot();
        assert_eq!((State::Open, None), (seen.state, seen.retry_after));
        assert!(seen.to_string().contains(": open for good; "), "{seen}");
        assert_eq!(None, seen.recent_transitions[0].retry_after);
    }

    let keys = KeyedBreaker::new("keys without an end", longest, 10);
    let keys: &'static KeyedBreaker = Box::leak(Box::new(keys));
    keys.key("a").try_acquire().unwrap().failure();
    let seen = keys.snapshot();
    assert_eq!((State::Open, None), (seen.state, seen.retry_after));
    keys.key("b").reconfigure(FRAGILE.recovery(secs(9))).unwrap();
    keys.key("b").try_acquire().unwrap().failure();
    assert_eq!(Some(secs(9)), keys.snapshot().retry_after, "the shortest");

    // Probes that may take for ever are asked about each second, as all are.
    let breaker = breaker(FRAGILE.recovery(secs(9)).probe_timeout(Duration::MAX));
    fail(&breaker, 1);
    time.advance(secs(9));
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
}

#[test]
fn the_longest_durations_everywhere_do_not_overflow() {
    let time = freeze();
    time.advance(secs(1));
    let config = Config::new()
        .threshold(1)
        .recovery(Duration::MAX)
        .backoff(1e9)
        .max_recovery(Duration::MAX)
        .jitter(0.99)
        .probe_timeout(Duration::MAX)
        .slow_call(Duration::MAX)
        .window(circuit_runtime::Window::Time(Duration::MAX));
    let breaker = breaker(config);
    for _ in 0..3 {
        fail(&breaker, 1);
        assert_eq!(State::Open, breaker.state());
        breaker.reset();
    }
    end(&breaker, Outcome::OpenFor(Duration::MAX));
    assert_eq!(State::Open, breaker.state());
    breaker.reset();
    end(&breaker, Outcome::OpenFor(NANOSECOND));
    time.advance(NANOSECOND);
    let _hung = breaker.try_acquire().unwrap();
    assert_eq!(State::HalfOpen, breaker.state());
    rejection(&breaker);
    time.advance(Duration::MAX);
    let _ = breaker.snapshot();
}
