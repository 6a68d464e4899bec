//! Another configuration while the circuit is in use.

use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, Outcome, Rejection, State, Window};

use crate::support::{
    FRAGILE, NANOSECOND, breaker, end, fail, half_open, leaked, millis, reason, recorded,
    rejection, secs, succeed,
};

const RATED: Config = Config::new().failure_rate(0.5).window(Window::Calls(10));

#[test]
fn the_configuration_reads_back_as_it_was_given() {
    let breaker = breaker(RATED);
    assert_eq!(RATED, breaker.config());
    breaker.reconfigure(FRAGILE).unwrap();
    assert_eq!(FRAGILE, breaker.config());
}

#[test]
fn an_invalid_configuration_changes_nothing() {
    let breaker = breaker(RATED);
    fail(&breaker, 3);
    let before = breaker.snapshot();
    let error = breaker.reconfigure(RATED.min_calls(11)).unwrap_err();
    assert!(error.to_string().contains("`min_calls`"));
    assert_eq!((RATED, before), (breaker.config(), breaker.snapshot()));
}

#[test]
fn a_lower_threshold_is_judged_at_the_next_outcome() {
    let breaker = breaker(Config::new().threshold(5));
    fail(&breaker, 3);
    breaker.reconfigure(breaker.config().threshold(2)).unwrap();
    assert_eq!((State::Closed, 3), (breaker.state(), breaker.snapshot().failures_in_a_row));
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_lower_rate_is_judged_at_the_next_outcome_even_a_success() {
    let breaker = breaker(RATED);
    succeed(&breaker, 6);
    fail(&breaker, 4);
    breaker.reconfigure(breaker.config().failure_rate(0.4)).unwrap();
    assert_eq!(State::Closed, breaker.state());
    succeed(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_lower_rate_is_judged_by_a_success_among_successes() {
    let breaker = breaker(RATED);
    succeed(&breaker, 5);
    fail(&breaker, 4);
    succeed(&breaker, 2); // from here on, successes only move the window
    breaker.reconfigure(breaker.config().failure_rate(0.4)).unwrap();
    assert_eq!(State::Closed, breaker.state());
    succeed(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn an_open_circuit_keeps_its_deadline() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    time.advance(secs(4));
    for recovery in [1, 1_000] {
        breaker.reconfigure(FRAGILE.recovery(secs(recovery))).unwrap();
        assert_eq!(Some(secs(6)), rejection(&breaker).retry_after());
    }
    time.advance(secs(6));
    fail(&breaker, 1);
    assert_eq!(Some(secs(1_000)), rejection(&breaker).retry_after());
}

#[test]
fn the_counters_and_the_mode_are_kept() {
    let breaker = breaker(RATED);
    succeed(&breaker, 3);
    breaker.force_open();
    rejection(&breaker);
    let before = breaker.snapshot();
    breaker.reconfigure(RATED.min_calls(5)).unwrap();
    assert_eq!(before, breaker.snapshot());
}

#[test]
fn a_count_window_of_another_size_keeps_the_latest_outcomes() {
    let breaker = breaker(RATED.failure_rate(1.0));
    fail(&breaker, 4);
    succeed(&breaker, 3);
    let window = |size| {
        breaker.reconfigure(breaker.config().window(Window::Calls(size))).unwrap();
        let window = breaker.snapshot().window.unwrap();
        (window.calls, window.failures)
    };
    assert_eq!((7, 4), window(100));
    assert_eq!((5, 2), window(5));
    assert_eq!((5, 2), window(1_000));
    assert_eq!((2, 0), window(2));
}

#[test]
fn a_count_window_that_grew_goes_on_from_what_it_held() {
    let breaker = breaker(RATED.failure_rate(1.0).window(Window::Calls(4)));
    fail(&breaker, 2);
    succeed(&breaker, 3);
    breaker.reconfigure(breaker.config().window(Window::Calls(6))).unwrap();
    succeed(&breaker, 2);
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((6, 1), (window.calls, window.failures));
    succeed(&breaker, 1);
    assert_eq!(0, breaker.snapshot().window.unwrap().failures);
}

#[test]
fn a_time_window_of_another_length_keeps_what_is_young_enough() {
    let time = freeze();
    let timed = |length| RATED.failure_rate(1.0).window(Window::Time(length)).min_calls(100);
    for (length, kept) in [(secs(20), 3), (secs(10), 3), (secs(4), 1), (millis(500), 0)] {
        let breaker = breaker(timed(secs(10)));
        for _ in 0..3 {
            fail(&breaker, 1);
            time.advance(secs(3));
        }
        // They are 9, 6 and 3 seconds old now.
        breaker.reconfigure(timed(length)).unwrap();
        let calls = breaker.snapshot().window.unwrap().calls;
        assert_eq!(kept, calls, "{length:?}");
    }
}

#[test]
fn what_a_longer_time_window_kept_still_ages() {
    let time = freeze();
    let timed = |length| RATED.failure_rate(1.0).window(Window::Time(length)).min_calls(100);
    let breaker = breaker(timed(secs(10)));
    fail(&breaker, 5);
    time.advance(secs(5));
    breaker.reconfigure(timed(secs(100))).unwrap();
    time.advance(secs(84));
    assert_eq!(5, breaker.snapshot().window.unwrap().calls);
    time.advance(secs(11));
    assert_eq!(0, breaker.snapshot().window.unwrap().calls);
}

#[test]
fn a_time_window_of_almost_the_same_length_counts_nothing_twice() {
    let time = freeze();
    let timed = |length| RATED.window(Window::Time(length)).min_calls(100);
    let breaker = breaker(timed(secs(20)));
    succeed(&breaker, 5);
    breaker.reconfigure(timed(secs(20) + 5 * NANOSECOND)).unwrap();
    succeed(&breaker, 1);
    assert_eq!(6, breaker.snapshot().window.unwrap().calls);
    time.advance(secs(1));
    succeed(&breaker, 1);
    assert_eq!(7, breaker.snapshot().window.unwrap().calls);
}

#[test]
fn a_time_window_that_is_reconfigured_again_and_again_counts_nothing_twice() {
    let _time = freeze();
    let breaker = breaker(RATED.window(Window::Time(secs(10))));
    succeed(&breaker, 5);
    for more in 1..5 {
        breaker.reconfigure(breaker.config()).unwrap();
        succeed(&breaker, 1);
        assert_eq!(5 + more, breaker.snapshot().window.unwrap().calls);
    }
}

#[test]
fn a_time_window_that_left_and_came_back_begins_empty() {
    let _time = freeze();
    let timed = RATED.window(Window::Time(secs(10)));
    let breaker = breaker(timed);
    succeed(&breaker, 5);
    for config in [RATED, Config::new()] {
        breaker.reconfigure(config).unwrap();
        breaker.reconfigure(timed).unwrap();
        succeed(&breaker, 2);
        assert_eq!(2, breaker.snapshot().window.unwrap().calls);
    }
}

#[test]
fn a_window_of_another_kind_begins_empty() {
    let breaker = breaker(RATED);
    fail(&breaker, 4);
    breaker.reconfigure(RATED.window(Window::Time(secs(10)))).unwrap();
    assert_eq!(0, breaker.snapshot().window.unwrap().calls);
}

#[test]
fn a_rate_may_come_and_go() {
    let breaker = breaker(Config::new().threshold(100));
    assert_eq!(None, breaker.snapshot().window);
    breaker.reconfigure(RATED).unwrap();
    fail(&breaker, 2);
    assert_eq!(2, breaker.snapshot().window.unwrap().calls);
    breaker.reconfigure(Config::new().threshold(100)).unwrap();
    assert_eq!(None, breaker.snapshot().window);
}

#[test]
fn a_slow_rule_that_comes_later_times_calls_from_their_beginning() {
    let time = freeze();
    time.advance(secs(3600));
    let breaker = breaker(Config::new());
    let quick = breaker.try_acquire().unwrap();
    breaker.reconfigure(Config::new().slow_call(secs(5))).unwrap();
    time.advance(secs(1));
    quick.success();
    assert_eq!((1, 0), (breaker.snapshot().successes, breaker.snapshot().slow));
}

#[test]
fn calls_in_flight_stay_in_their_period() {
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    breaker.reconfigure(FRAGILE.recovery(secs(1))).unwrap();
    call.failure();
    assert_eq!((State::Open, 0), (breaker.state(), breaker.snapshot().late));
}

#[test]
fn fewer_probes_admit_nobody_until_enough_have_come_back() {
    let (_time, breaker) = half_open(FRAGILE.probes(4));
    let probes = [(); 3].map(|()| breaker.try_acquire().unwrap());
    breaker.reconfigure(FRAGILE.probes(1)).unwrap();
    for probe in probes {
        assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
        probe.ignore();
    }
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn more_probes_admit_more() {
    let (_time, breaker) = half_open(FRAGILE);
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    breaker.reconfigure(FRAGILE.probes(2)).unwrap();
    let _second = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn a_half_open_circuit_decides_at_once_what_the_new_numbers_decide() {
    let time = freeze();
    let [two_of_three, three_of_five] = [(2, 3), (3, 5)]
        .map(|(successes, probes)| FRAGILE.success_threshold(successes).probes(probes));
    for (before, after, reached, state) in [
        // None is in flight, so that no other outcome would come.
        (two_of_three, FRAGILE.success_threshold(2).probes(2), (1, 1), State::Open),
        (three_of_five, FRAGILE.success_threshold(2).probes(2), (1, 1), State::Open),
        (three_of_five, FRAGILE.success_threshold(1).probes(3), (1, 1), State::Closed),
        (three_of_five, FRAGILE.success_threshold(1).probes(5), (2, 0), State::Closed),
    ] {
        let breaker = breaker(before.probe_timeout(Duration::MAX));
        let seen = recorded(&breaker);
        fail(&breaker, 1);
        time.advance(secs(10));
        succeed(&breaker, reached.0);
        fail(&breaker, reached.1);
        assert_eq!(State::HalfOpen, breaker.state());
        breaker.reconfigure(after.probe_timeout(Duration::MAX)).unwrap();
        assert_eq!(state, breaker.state());
        let seen = seen.lock().unwrap();
        assert_eq!((3, state), (seen.len(), seen[2].to), "its listeners have heard of it");
    }
}

#[test]
fn a_half_open_circuit_that_decides_nothing_by_the_new_numbers_has_places_for_the_rest() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(3).probes(5));
    succeed(&breaker, 1);
    fail(&breaker, 1);
    breaker.reconfigure(FRAGILE.success_threshold(2).probes(3)).unwrap();
    let _last = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn a_listener_of_a_decision_by_reconfiguration_may_reconfigure() {
    let time = freeze();
    let breaker = leaked("reconfigured by a listener", FRAGILE.success_threshold(2));
    breaker.on_transition(|transition| {
        if transition.to == State::Closed {
            breaker.reconfigure(Config::new().threshold(7)).unwrap();
        }
    });
    fail(breaker, 1);
    time.advance(secs(10));
    succeed(breaker, 1);
    breaker.reconfigure(FRAGILE).unwrap();
    assert_eq!((State::Closed, Config::new().threshold(7)), (breaker.state(), breaker.config()));
}

#[test]
fn a_bulkhead_may_come_and_go() {
    let breaker = breaker(Config::new());
    breaker.reconfigure(Config::new().max_concurrent(1)).unwrap();
    let placed = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    breaker.reconfigure(Config::new()).unwrap();
    succeed(&breaker, 1);
    breaker.reconfigure(Config::new().max_concurrent(1)).unwrap();
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    drop(placed);
    succeed(&breaker, 1);
}

#[test]
fn threads_that_reconfigure_lose_no_outcome() {
    let breaker = breaker(RATED);
    std::thread::scope(|threads| {
        for worker in 0..4 {
            let breaker = &breaker;
            threads.spawn(move || {
                for number in 0..2_000_u32 {
                    if number % 50 == 0 {
                        let size = 5 + (number + worker) % 90;
                        let config = RATED.window(Window::Calls(size)).min_calls(5);
                        breaker.reconfigure(config).unwrap();
                    }
                    end(
                        breaker,
                        if number % 10 == 0 { Outcome::Ignored } else { Outcome::Success },
                    );
                }
            });
        }
    });
    assert_eq!((7_200, 800), (breaker.snapshot().successes, breaker.snapshot().ignored));
}

#[test]
fn another_probe_timeout_holds_for_probes_that_hang_already() {
    let (time, breaker) = half_open(FRAGILE);
    let _hung = breaker.try_acquire().unwrap();
    for timeout in [7, 3, 5] {
        breaker.reconfigure(FRAGILE.probe_timeout(secs(timeout))).unwrap();
        let later = freeze();
        later.advance(secs(timeout) - millis(500));
        assert_eq!(Some(millis(500)), rejection(&breaker).retry_after());
    }
    time.advance(secs(5));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}
