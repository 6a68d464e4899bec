//! The windows that rates are taken over: what enters, what leaves, what they show.

use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Outcome, State, Window};

use crate::support::{breaker, end, fail, millis, secs, succeed};

/// Half of the last ten calls.
const HALF_OF_TEN: Config = Config::new().failure_rate(0.5).window(Window::Calls(10));

/// Half of the calls of the last ten seconds, in buckets of one.
const HALF_OF_TEN_SECONDS: Config =
    Config::new().failure_rate(0.5).window(Window::Time(secs(10))).min_calls(4);

fn calls_in_window(breaker: &CircuitBreaker) -> u64 {
    breaker.snapshot().window.unwrap().calls.into()
}

#[test]
fn an_ignored_call_never_enters_the_window() {
    let breaker = breaker(HALF_OF_TEN);
    (0..20).for_each(|_| end(&breaker, Outcome::Ignored));
    assert_eq!(0, calls_in_window(&breaker));
    assert_eq!(20, breaker.snapshot().ignored);
}

#[test]
fn old_failures_leave_a_count_window() {
    let breaker = breaker(HALF_OF_TEN);
    fail(&breaker, 4);
    succeed(&breaker, 10);
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((10, 0), (window.calls, window.failures));
    fail(&breaker, 4);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_healthy_stretch_does_not_hide_the_failures_after_it() {
    let breaker = breaker(HALF_OF_TEN);
    succeed(&breaker, 100_000);
    fail(&breaker, 4);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn old_failures_leave_a_time_window() {
    let time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS);
    fail(&breaker, 3);
    time.advance(secs(10));
    assert_eq!(0, calls_in_window(&breaker));
    fail(&breaker, 3);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_time_window_turns_by_tenths() {
    let time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS.min_calls(100));
    for _ in 0..10 {
        succeed(&breaker, 1);
        time.advance(secs(1));
    }
    // The first outcome is ten seconds old, the others younger.
    for left in (0..10).rev() {
        assert_eq!(left, calls_in_window(&breaker));
        time.advance(secs(1));
    }
}

#[test]
fn an_outcome_at_the_end_of_a_bucket_counts_for_nine_tenths() {
    let time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS);
    fail(&breaker, 1);
    time.advance(millis(999));
    fail(&breaker, 1);
    time.advance(secs(9));
    assert_eq!(2, calls_in_window(&breaker));
    time.advance(millis(1));
    assert_eq!(0, calls_in_window(&breaker));
}

#[test]
fn a_gap_empties_the_buckets_it_skipped() {
    let time = freeze();
    for gap in [10, 15, 25, 95, 1_000_005] {
        let breaker = breaker(HALF_OF_TEN_SECONDS.min_calls(100));
        for _ in 0..12 {
            fail(&breaker, 1);
            time.advance(secs(1));
        }
        time.advance(secs(gap));
        succeed(&breaker, 1);
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((1, 0), (window.calls, window.failures), "after {gap} s");
    }
}

#[test]
fn closing_empties_the_window() {
    for config in [HALF_OF_TEN, HALF_OF_TEN_SECONDS] {
        let time = freeze();
        let breaker = breaker(config.recovery(secs(1)).threshold(3));
        succeed(&breaker, 1);
        fail(&breaker, 3);
        time.advance(secs(1));
        succeed(&breaker, 1);
        assert_eq!((State::Closed, 0), (breaker.state(), calls_in_window(&breaker)));
    }
}

#[test]
fn a_circuit_without_a_rate_has_no_window() {
    assert_eq!(None, breaker(Config::new()).snapshot().window);
}

#[test]
fn the_rates_of_an_empty_window_are_unknown() {
    let breaker = breaker(HALF_OF_TEN.slow_call(secs(1)));
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((0, None, None), (window.calls, window.failure_rate, window.slow_rate));
    fail(&breaker, 1);
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((1, Some(1.0), Some(0.0)), (window.calls, window.failure_rate, window.slow_rate));
}

/// Successes of many threads and then failures of one: it takes as many as there were successes.
fn opens_at_half_of(window: Window, successes_of_each: u32) {
    let breaker = breaker(Config::new().failure_rate(0.5).window(window));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| succeed(&breaker, successes_of_each));
        }
    });
    assert_eq!(u64::from(8 * successes_of_each), calls_in_window(&breaker));
    fail(&breaker, 8 * successes_of_each - 1);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
    assert_eq!(u64::from(16 * successes_of_each), calls_in_window(&breaker));
}

#[test]
fn the_successes_of_eight_threads_are_all_in_a_count_window() {
    opens_at_half_of(Window::Calls(100_000), 500);
}

#[test]
fn the_successes_of_eight_threads_are_all_in_a_time_window() {
    opens_at_half_of(Window::Time(secs(36_000)), 500);
}

#[test]
fn the_successes_of_eight_threads_make_a_count_window_slide() {
    for _ in 0..20 {
        let breaker = breaker(HALF_OF_TEN.window(Window::Calls(1_000)));
        succeed(&breaker, 600);
        fail(&breaker, 400);
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| succeed(&breaker, 100));
            }
        });
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((1_000, 200), (window.calls, window.failures));
    }
}

#[test]
fn threads_that_come_and_go_leave_their_successes_in_a_time_window() {
    let breaker = breaker(HALF_OF_TEN.window(Window::Time(secs(36_000))));
    for _ in 0..50 {
        thread::scope(|threads| {
            threads.spawn(|| succeed(&breaker, 3));
        });
    }
    assert_eq!(150, calls_in_window(&breaker));
}

#[test]
fn successes_alone_leave_a_time_window_by_tenths() {
    let time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS);
    for second in 1..=10 {
        succeed(&breaker, 2);
        assert_eq!(2 * second, calls_in_window(&breaker));
        time.advance(secs(1));
    }
    for second in 0..10 {
        assert_eq!(18 - 2 * second, calls_in_window(&breaker));
        time.advance(secs(1));
    }
    for _ in 0..3 {
        succeed(&breaker, 2);
        time.advance(secs(10));
        assert_eq!(0, calls_in_window(&breaker));
    }
}

#[test]
fn what_is_no_outcome_leaves_the_successes_of_a_time_window_alone() {
    let _time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS);
    for _ in 0..3 {
        succeed(&breaker, 5);
        end(&breaker, Outcome::Ignored);
        breaker.disable();
        breaker.resume();
        assert_eq!(5, calls_in_window(&breaker));
        succeed(&breaker, 5);
        assert_eq!(10, calls_in_window(&breaker));
        breaker.reset();
    }
}

#[test]
fn an_open_circuit_still_shows_what_it_opened_on() {
    for config in [HALF_OF_TEN, HALF_OF_TEN_SECONDS] {
        let _time = freeze();
        let breaker = breaker(config.min_calls(6));
        succeed(&breaker, 3);
        fail(&breaker, 3);
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((State::Open, 6, 3), (breaker.state(), window.calls, window.failures));
        assert_eq!(Some(0.5), window.failure_rate);
    }
}

#[test]
fn reset_empties_the_window() {
    let _time = freeze();
    for config in [HALF_OF_TEN, HALF_OF_TEN_SECONDS] {
        let breaker = breaker(config);
        succeed(&breaker, 3);
        fail(&breaker, 1);
        breaker.reset();
        succeed(&breaker, 2);
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((2, 0), (window.calls, window.failures));
    }
}

/// The bucket of a second is told by the coarse clock, that of a tenth by the exact one.
#[test]
fn successes_enter_the_bucket_of_their_time() {
    for length in [secs(10), secs(1)] {
        let time = freeze();
        let breaker = breaker(HALF_OF_TEN_SECONDS.window(Window::Time(length)));
        succeed(&breaker, 4);
        time.advance(length * 95 / 100);
        succeed(&breaker, 10);
        time.advance(length * 15 / 100);
        // The first four have left, the ten haven't.
        fail(&breaker, 5);
        assert_eq!((State::Closed, 15), (breaker.state(), calls_in_window(&breaker)));
    }
}

/// A bucket of a millisecond has the number 2^32 then.
#[test]
fn a_window_of_ten_milliseconds_forgets_nothing_after_seven_weeks() {
    let time = freeze();
    let config = Config::new().failure_rate(0.9).min_calls(100).window(Window::Time(millis(10)));
    let breaker = breaker(config);
    succeed(&breaker, 1); // from here on, successes are counted by their threads
    time.advance(millis((1 << 32) - 3));
    succeed(&breaker, 1);
    time.advance(millis(5));
    succeed(&breaker, 2);
    for (calls, then) in [(3, 4), (3, 1), (2, 4), (2, 1), (0, 0)] {
        assert_eq!(calls, calls_in_window(&breaker));
        time.advance(millis(then));
    }
    // And where a failure takes over what they have counted.
    succeed(&breaker, 3);
    time.advance(millis(5));
    fail(&breaker, 1);
    breaker.reconfigure(config.min_calls(50)).unwrap();
    assert_eq!(4, calls_in_window(&breaker));
    time.advance(millis(5));
    assert_eq!(1, calls_in_window(&breaker));
}

/// A machine that is restored from a checkpoint knows nothing of how old the outcomes are.
#[test]
fn a_clock_that_goes_back_by_more_than_a_time_window_empties_it() {
    let time = freeze();
    let breaker = breaker(HALF_OF_TEN_SECONDS);
    {
        let later = freeze();
        later.advance(secs(1_000));
        succeed(&breaker, 1);
        later.advance(secs(3));
        succeed(&breaker, 2);
        fail(&breaker, 2);
    }
    assert_eq!(0, calls_in_window(&breaker));
    fail(&breaker, 3);
    assert_eq!(State::Closed, breaker.state());
    time.advance(secs(9));
    assert_eq!(3, calls_in_window(&breaker));
    time.advance(secs(1));
    assert_eq!(0, calls_in_window(&breaker));
}
