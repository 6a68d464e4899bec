//! Clocks that go back, and durations that never end.

use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{Config, Outcome, State};

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
