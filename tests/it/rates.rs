//! What opens a closed circuit: failures in a row, the two rates, and what they are taken over.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, CircuitBreaker, Config, Outcome, Reason, State, Window};

use crate::support::{NANOSECOND, breaker, end, fail, recorded, secs, succeed};

/// Half of the last ten calls.
const HALF_OF_TEN: Config = Config::new().failure_rate(0.5).window(Window::Calls(10));

fn slow(breaker: &CircuitBreaker, outcome: Outcome) {
    let time = freeze();
    let permit = breaker.try_acquire().unwrap();
    time.advance(secs(1));
    permit.record(outcome);
}

/// How many failures in a row open the circuit, of at most 20.
fn failures_to_open(config: Config) -> Option<u32> {
    let breaker = breaker(config);
    (1..=20).find(|_| {
        fail(&breaker, 1);
        breaker.state() == State::Open
    })
}

#[test]
fn five_failures_in_a_row_open_by_default() {
    assert_eq!(Some(5), failures_to_open(Config::new()));
}

#[test]
fn threshold_failures_in_a_row_open() {
    assert_eq!(Some(1), failures_to_open(Config::new().threshold(1)));
    assert_eq!(Some(17), failures_to_open(Config::new().threshold(17)));
}

#[test]
fn so_many_failures_in_the_window_open_whatever_succeeded_between_them() {
    let breaker = breaker(Config::new().failure_count(5).window(Window::Calls(20)));
    for _ in 0..4 {
        fail(&breaker, 1);
        succeed(&breaker, 2);
    }
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn so_many_failures_within_a_time_open_and_those_before_it_do_not_count() {
    let time = freeze();
    let breaker = breaker(Config::new().failure_count(3).window(Window::Time(secs(60))));
    fail(&breaker, 2);
    time.advance(secs(60));
    for _ in 0..2 {
        fail(&breaker, 1);
        succeed(&breaker, 5);
        time.advance(secs(20));
    }
    assert_eq!((State::Closed, 2), (breaker.state(), breaker.snapshot().window.unwrap().failures));
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_count_of_failures_waits_for_no_min_calls() {
    assert_eq!(Some(2), failures_to_open(Config::new().failure_count(2)));
    assert_eq!(Some(1), failures_to_open(Config::new().failure_count(1).failure_rate(0.5)));
}

#[test]
fn a_count_of_failures_switches_the_default_threshold_off_and_leaves_one_that_is_given() {
    assert_eq!(Some(7), failures_to_open(Config::new().failure_count(7)));
    assert_eq!(Some(3), failures_to_open(Config::new().failure_count(7).threshold(3)));
}

#[test]
fn a_lower_count_of_failures_is_judged_at_the_next_outcome_even_a_success() {
    let breaker = breaker(Config::new().failure_count(5).window(Window::Calls(20)));
    fail(&breaker, 3);
    breaker.reconfigure(breaker.config().failure_count(2)).unwrap();
    assert_eq!(State::Closed, breaker.state());
    succeed(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn an_opening_by_the_count_of_failures_has_its_figures() {
    let count = Config::new().failure_count(2);
    for (window, text) in [
        (Window::Calls(50), "2 failures in the last 50 calls (failure_count 2)"),
        (Window::Time(secs(60)), "2 failures in the last 60s (failure_count 2)"),
    ] {
        let breaker = breaker(count.window(window));
        let seen = recorded(&breaker);
        fail(&breaker, 1);
        succeed(&breaker, 1);
        fail(&breaker, 1);
        let seen = seen.lock().unwrap();
        assert!(
            matches!(seen[0].reason, Reason::FailureCount { failures: 2, count: 2, window: of, .. } if of == window)
        );
        assert_eq!(text, seen[0].reason.to_string());
    }
}

#[test]
fn a_failure_rate_switches_the_default_threshold_off() {
    assert_eq!(Some(10), failures_to_open(Config::new().failure_rate(0.5)));
}

#[test]
fn a_threshold_that_is_given_stays_beside_a_failure_rate() {
    assert_eq!(Some(7), failures_to_open(Config::new().failure_rate(0.5).threshold(7)));
    assert_eq!(Some(7), failures_to_open(Config::new().threshold(7).failure_rate(0.5)));
}

#[test]
fn slow_rules_leave_the_default_threshold_on() {
    assert_eq!(Some(5), failures_to_open(Config::new().slow_call(secs(1)).slow_rate(0.5)));
}

#[test]
fn a_success_ends_the_run_of_failures() {
    let breaker = breaker(Config::new().threshold(3));
    for _ in 0..10 {
        fail(&breaker, 2);
        succeed(&breaker, 1);
        assert_eq!(0, breaker.snapshot().failures_in_a_row);
    }
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_slow_success_ends_the_run_of_failures() {
    let breaker = breaker(Config::new().threshold(3).slow_call(secs(1)));
    fail(&breaker, 2);
    slow(&breaker, Outcome::Success);
    assert_eq!(0, breaker.snapshot().failures_in_a_row);
}

#[test]
fn an_ignored_call_leaves_the_run_of_failures_alone() {
    let breaker = breaker(Config::new().threshold(3));
    fail(&breaker, 2);
    end(&breaker, Outcome::Ignored);
    assert_eq!(2, breaker.snapshot().failures_in_a_row);
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn no_rate_is_judged_below_min_calls() {
    let breaker = breaker(HALF_OF_TEN.min_calls(4));
    fail(&breaker, 3);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn min_calls_is_ten_or_a_smaller_count_window() {
    let rate = |window| failures_to_open(Config::new().failure_rate(0.5).window(window));
    assert_eq!(Some(10), rate(Window::Calls(1_000)));
    assert_eq!(Some(10), rate(Window::Time(secs(60))));
    assert_eq!(Some(3), rate(Window::Calls(3)));
}

#[test]
fn a_success_may_open_by_completing_min_calls() {
    let breaker = breaker(HALF_OF_TEN.min_calls(4));
    fail(&breaker, 3);
    succeed(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_rate_that_is_reached_exactly_opens() {
    for (rate, failures, calls) in
        [(0.07, 7, 100), (1.0 / 3.0, 1, 3), (0.29, 29, 100), (0.57, 57, 100)]
    {
        let breaker =
            breaker(Config::new().failure_rate(rate).window(Window::Calls(calls)).min_calls(calls));
        succeed(&breaker, calls - failures);
        fail(&breaker, failures - 1);
        assert_eq!(State::Closed, breaker.state());
        fail(&breaker, 1);
        assert_eq!(State::Open, breaker.state(), "{failures} of {calls} at {rate}");
    }
}

#[test]
fn a_rate_that_is_missed_by_one_call_does_not_open() {
    let breaker = breaker(HALF_OF_TEN);
    for _ in 0..100 {
        fail(&breaker, 4);
        succeed(&breaker, 6);
    }
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_rate_of_one_takes_nothing_but_failures() {
    let breaker = breaker(Config::new().failure_rate(1.0).window(Window::Calls(3)));
    fail(&breaker, 2);
    succeed(&breaker, 1);
    fail(&breaker, 2);
    assert_eq!(State::Closed, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn the_call_that_opens_returns_its_own_result() {
    let breaker = breaker(Config::new().threshold(1));
    assert_eq!(Err(CallError::Failed("down")), breaker.call(|| Err::<(), _>("down")));
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_success_that_opens_returns_its_own_result() {
    let breaker = breaker(Config::new().failure_rate(0.5).window(Window::Calls(2)));
    fail(&breaker, 1);
    assert_eq!(Ok(7), breaker.call(|| Ok::<_, ()>(7)));
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn slow_calls_open_even_if_all_succeed() {
    let breaker = breaker(Config::new().slow_call(secs(1)).slow_rate(0.5).min_calls(4));
    succeed(&breaker, 2);
    slow(&breaker, Outcome::Success);
    assert_eq!(State::Closed, breaker.state());
    slow(&breaker, Outcome::Success);
    assert_eq!(State::Open, breaker.state());
    assert_eq!((4, 2), (breaker.snapshot().successes, breaker.snapshot().slow));
}

#[test]
fn without_slow_rate_half_of_the_calls_have_to_be_slow() {
    let breaker = breaker(Config::new().slow_call(secs(1)).window(Window::Calls(4)));
    succeed(&breaker, 3);
    slow(&breaker, Outcome::Success);
    assert_eq!(State::Closed, breaker.state());
    slow(&breaker, Outcome::Success);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_call_of_exactly_slow_call_is_slow() {
    let time = freeze();
    let breaker = breaker(Config::new().slow_call(secs(1)));
    for (takes, slow) in [(secs(1) - NANOSECOND, 0), (secs(1), 1)] {
        let permit = breaker.try_acquire().unwrap();
        time.advance(takes);
        permit.success();
        assert_eq!(slow, breaker.snapshot().slow);
    }
}

#[test]
fn a_failure_may_be_slow_as_well() {
    let breaker = breaker(HALF_OF_TEN.slow_call(secs(1)));
    slow(&breaker, Outcome::Failure);
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((1, 1, 1), (window.calls, window.failures, window.slow));
}

type Calls = fn(&CircuitBreaker);
type Check = fn(&Reason) -> bool;

#[test]
fn the_transition_names_the_rule_that_was_met_first() {
    let all = HALF_OF_TEN.threshold(4).slow_call(secs(1)).slow_rate(0.2).min_calls(5);
    let cases: [(Calls, Check); 3] = [
        (
            |breaker| fail(breaker, 4),
            |reason| matches!(reason, Reason::FailuresInARow { failures: 4, threshold: 4, .. }),
        ),
        (
            |breaker| {
                fail(breaker, 2);
                succeed(breaker, 2);
                fail(breaker, 1);
            },
            |reason| matches!(reason, Reason::FailureRate { failures: 3, calls: 5, .. }),
        ),
        (
            |breaker| {
                succeed(breaker, 4);
                slow(breaker, Outcome::Success);
            },
            |reason| matches!(reason, Reason::SlowRate { slow: 1, calls: 5, .. }),
        ),
    ];
    for (calls, expected) in cases {
        let breaker = breaker(all);
        let seen = recorded(&breaker);
        calls(&breaker);
        let seen = seen.lock().unwrap();
        assert_eq!(1, seen.len());
        assert!(expected(&seen[0].reason), "{:?}", seen[0].reason);
    }
}

#[test]
fn the_success_rate_is_over_the_whole_life() {
    let breaker = breaker(Config::new());
    assert_eq!(None, breaker.snapshot().success_rate());
    succeed(&breaker, 3);
    fail(&breaker, 1);
    end(&breaker, Outcome::Ignored);
    assert_eq!(Some(0.75), breaker.snapshot().success_rate());
}

#[test]
fn failures_of_eight_threads_open_at_the_threshold() {
    for _ in 0..50 {
        let breaker = breaker(Config::new().threshold(8));
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| fail(&breaker, 1));
            }
        });
        assert_eq!((State::Open, 8), (breaker.state(), breaker.snapshot().failures));
    }
}
