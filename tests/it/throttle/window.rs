//! What counts for `throttle`, and for how long.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, ConfigOption, OnCancel, Outcome, Permit, State, Window};

use super::{HALF, begin, chance, fail_together};
use crate::support::{NANOSECOND, admits, leaked, secs, succeed};

#[test]
fn the_window_is_ten_seconds_unless_another_is_given() {
    for (config, length) in [(HALF, 10), (HALF.window(Window::Time(secs(3))), 3)] {
        let (time, breaker) = begin(config);
        fail_together(&breaker, 20);
        time.advance(secs(length) - NANOSECOND);
        assert_eq!(breaker.snapshot().throttle, chance(0, 20, 0));
        time.advance(NANOSECOND);
        assert_eq!(breaker.snapshot().throttle, None);
        assert!((0..100).all(|_| admits(&breaker)));
    }
}

/// The calls that were rejected leave the window, too.
#[test]
fn what_was_rejected_counts_as_long_as_the_rest() {
    let (time, breaker) = begin(HALF);
    fail_together(&breaker, 20);
    time.advance(secs(5));
    let rejected = (0..100).filter(|_| !admits(&breaker)).count();
    let rejected = u32::try_from(rejected).unwrap();
    assert_eq!(breaker.snapshot().throttle, chance(0, 20, rejected));
    time.advance(secs(5));
    assert_eq!(breaker.snapshot().throttle, chance(0, 0, rejected));
    time.advance(secs(5));
    assert_eq!(breaker.snapshot().throttle, None);
}

#[test]
fn the_window_is_emptied_on_closing() {
    let (time, breaker) = begin(HALF.threshold(30).recovery(secs(1)));
    let last = breaker.try_acquire().unwrap();
    fail_together(&breaker, 20);
    let rejected = (0..20).filter(|_| !admits(&breaker)).count();
    assert!(rejected > 5, "{rejected}");
    last.record(Outcome::OpenFor(secs(1)));
    assert_eq!((breaker.state(), breaker.snapshot().throttle), (State::Open, None));
    time.advance(secs(1));
    succeed(&breaker, 1);
    assert_eq!((breaker.state(), breaker.snapshot().throttle), (State::Closed, None));
    assert!((0..100).all(|_| admits(&breaker)));
    fail_together(&breaker, 10);
    assert_eq!(breaker.snapshot().throttle, chance(0, 10, 0));
    breaker.reset();
    assert_eq!(breaker.snapshot().throttle, None);
    assert!((0..100).all(|_| admits(&breaker)));
}

#[test]
fn in_each_period_the_first_call_passes() {
    let (_time, breaker) = begin(HALF);
    for _ in 0..20 {
        fail_together(&breaker, 100);
        assert!(admits(&breaker));
        assert!((0..100).any(|_| !admits(&breaker)));
        breaker.reset();
    }
}

/// Successes that threads have counted without the lock.
#[test]
fn successes_of_all_threads_count() {
    let _time = freeze();
    let breaker = leaked("throttled threads", HALF);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| succeed(breaker, 10));
        }
    });
    fail_together(breaker, 90);
    assert_eq!(breaker.snapshot().throttle, chance(40, 90, 0));
}

#[test]
fn switched_off_it_rejects_none_and_forgets_what_it_rejected() {
    let (_time, breaker) = begin(HALF.failure_rate(1.0).min_calls(1_000));
    breaker.reconfigure(HALF.failure_rate(1.0).min_calls(10).threshold(1_000)).unwrap();
    succeed(&breaker, 1);
    fail_together(&breaker, 50);
    assert!((0..100).any(|_| !admits(&breaker)));
    let seconds = Window::Time(secs(10));
    breaker.reconfigure(Config::new().failure_rate(1.0).window(seconds)).unwrap();
    assert_eq!(breaker.snapshot().throttle, None);
    assert!((0..100).all(|_| admits(&breaker)));
    breaker.reconfigure(HALF).unwrap();
    assert_eq!(breaker.snapshot().throttle, chance(1, 50, 0), "the outcomes are kept");
}

/// An edit of the settings doesn't send an overloaded service more calls.
#[test]
fn another_length_of_the_window_keeps_what_was_throttled() {
    for length in [5, 10, 11, 60] {
        let (time, breaker) = begin(HALF);
        fail_together(&breaker, 20);
        time.advance(secs(2));
        let rejected = u32::try_from((0..100).filter(|_| !admits(&breaker)).count()).unwrap();
        time.advance(secs(1));
        breaker.reconfigure(HALF.window(Window::Time(secs(length)))).unwrap();
        assert_eq!(breaker.snapshot().throttle, chance(0, 20, rejected), "{length} s");
        time.advance(secs(length));
        assert_eq!(breaker.snapshot().throttle, None, "{length} s");
    }
}

#[test]
fn what_was_throttled_stays_where_the_failures_have_left_the_window() {
    let (time, breaker) = begin(HALF);
    fail_together(&breaker, 20);
    time.advance(secs(5));
    let rejected = u32::try_from((0..100).filter(|_| !admits(&breaker)).count()).unwrap();
    time.advance(secs(5));
    for length in [11, 7, 60] {
        breaker.reconfigure(HALF.window(Window::Time(secs(length)))).unwrap();
        assert_eq!(breaker.snapshot().throttle, chance(0, 0, rejected), "{length} s");
    }
    fail_together(&breaker, 1);
    assert_eq!(breaker.snapshot().throttle, chance(0, 1, rejected));
}

#[test]
fn under_another_length_a_slow_call_that_was_cancelled_is_still_no_success() {
    let slow = HALF.slow_call(secs(1)).slow_rate(1.0).on_cancel(OnCancel::Slow);
    let (time, breaker) = begin(slow);
    succeed(&breaker, 1);
    let held: Vec<Permit<'_>> = (0..8).map(|_| breaker.try_acquire().unwrap()).collect();
    time.advance(secs(1));
    drop(held);
    fail_together(&breaker, 9);
    for length in [11, 5, 60] {
        breaker.reconfigure(slow.window(Window::Time(secs(length)))).unwrap();
        assert_eq!(breaker.snapshot().throttle, chance(1, 9, 0), "{length} s");
    }
}

#[test]
fn the_window_goes_when_the_throttle_does() {
    let (_time, breaker) = begin(HALF);
    fail_together(&breaker, 20);
    assert_eq!(breaker.reconfigure(HALF.off(ConfigOption::Throttle)), Ok(()));
    assert_eq!(breaker.snapshot().window, None);
}

#[test]
fn a_clock_that_went_back_leaves_nothing_to_judge() {
    let zero = freeze();
    let (time, breaker) = begin(HALF);
    time.advance(secs(1_000));
    fail_together(&breaker, 20);
    assert!((0..100).any(|_| !admits(&breaker)));
    drop(time);
    zero.advance(secs(500));
    assert_eq!(breaker.snapshot().throttle, None);
    assert!((0..100).all(|_| admits(&breaker)));
}
