//! How long a circuit stays open when the service says it: `OpenFor` and `RetryAfter`.

use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, Outcome, State};

use super::{DOUBLING, wait, waits};
use crate::support::{FRAGILE, NANOSECOND, breaker, end, fail, half_open, secs, succeed};

#[test]
fn open_for_opens_at_once_for_exactly_that_time() {
    let time = freeze();
    for asked in [secs(7), secs(400 * 86_400) + NANOSECOND] {
        let breaker = breaker(Config::new().threshold(1_000));
        end(&breaker, Outcome::OpenFor(asked));
        assert_eq!((State::Open, asked), (breaker.state(), wait(&breaker)));
        time.advance(asked - NANOSECOND);
        assert_eq!(State::Open, breaker.state());
        time.advance(NANOSECOND);
        assert_eq!(State::HalfOpen, breaker.state());
    }
}

#[test]
fn jitter_only_lengthens_what_was_asked_for() {
    let _time = freeze();
    for outcome in [Outcome::OpenFor(secs(100)), Outcome::RetryAfter(secs(100))] {
        let waits: Vec<_> = (0..1_000)
            .map(|_| {
                let breaker = breaker(FRAGILE.jitter(0.2));
                end(&breaker, outcome);
                wait(&breaker)
            })
            .collect();
        assert!(waits.iter().all(|wait| (secs(100)..=secs(120)).contains(wait)), "{outcome:?}");
        assert!(waits.iter().any(|wait| *wait > secs(115)), "{outcome:?}");
    }
}

#[test]
fn open_for_is_a_failure() {
    let breaker = breaker(Config::new().failure_rate(1.0));
    end(&breaker, Outcome::OpenFor(secs(7)));
    assert_eq!((1, 0), (breaker.snapshot().failures, breaker.snapshot().successes));
    assert_eq!(1, breaker.snapshot().window.unwrap().failures);
}

#[test]
fn open_for_of_a_probe_reopens_at_once() {
    let (_time, breaker) = half_open(FRAGILE.probes(5));
    end(&breaker, Outcome::OpenFor(secs(300)));
    assert_eq!((State::Open, secs(300)), (breaker.state(), wait(&breaker)));
}

#[test]
fn open_for_has_no_backoff_and_no_cap_of_its_own() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    waits(&time, &breaker, 3);
    end(&breaker, Outcome::OpenFor(secs(86_400)));
    assert_eq!(secs(86_400), wait(&breaker));
}

#[test]
fn what_was_asked_for_is_capped_by_a_max_recovery_that_was_given() {
    for config in [FRAGILE, DOUBLING] {
        let _time = freeze();
        for outcome in [Outcome::OpenFor(secs(999_999_999)), Outcome::RetryAfter(secs(999_999_999))]
        {
            let breaker = breaker(config.max_recovery(secs(60)));
            end(&breaker, outcome);
            assert_eq!(secs(60), wait(&breaker), "{outcome:?}");
        }
    }
}

#[test]
fn open_for_leaves_the_streak_untouched() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    assert_eq!([secs(10), secs(20)], *waits(&time, &breaker, 2));
    end(&breaker, Outcome::OpenFor(secs(1)));
    time.advance(secs(1));
    fail(&breaker, 1);
    assert_eq!(secs(40), wait(&breaker));
}

/// Opens twice by the rules, 20 seconds the second time, and once because it was asked to; closes,
/// stays closed for `stretch`, and opens again.
fn wait_after_being_asked(asked: Duration, stretch: Duration) -> Duration {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    assert_eq!([secs(10), secs(20)], *waits(&time, &breaker, 2));
    end(&breaker, Outcome::OpenFor(asked));
    time.advance(wait(&breaker));
    succeed(&breaker, 1);
    time.advance(stretch);
    fail(&breaker, 1);
    wait(&breaker)
}

#[test]
fn a_stable_stretch_is_measured_by_the_last_wait_of_the_rules() {
    for asked in [NANOSECOND, secs(86_400)] {
        assert_eq!(secs(40), wait_after_being_asked(asked, secs(20) - NANOSECOND), "{asked:?}");
        assert_eq!(secs(10), wait_after_being_asked(asked, secs(20)), "{asked:?}");
    }
}

#[test]
fn a_stretch_that_ended_by_open_for_has_ended_the_streak_all_the_same() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    assert_eq!([secs(10), secs(20)], *waits(&time, &breaker, 2));
    succeed(&breaker, 1);
    time.advance(secs(20));
    end(&breaker, Outcome::OpenFor(secs(1)));
    time.advance(secs(1));
    fail(&breaker, 1);
    assert_eq!(secs(10), wait(&breaker));
}

#[test]
fn open_for_no_time_is_an_ordinary_failure() {
    for outcome in [Outcome::OpenFor(Duration::ZERO), Outcome::RetryAfter(Duration::ZERO)] {
        let time = freeze();
        let breaker = breaker(DOUBLING.threshold(2));
        end(&breaker, outcome);
        assert_eq!((State::Closed, 1), (breaker.state(), breaker.snapshot().failures_in_a_row));
        end(&breaker, outcome);
        assert_eq!((State::Open, secs(10)), (breaker.state(), wait(&breaker)));
        // And of a probe, with backoff.
        time.advance(secs(10));
        end(&breaker, outcome);
        assert_eq!((State::Open, secs(20)), (breaker.state(), wait(&breaker)));
    }
}

#[test]
fn retry_after_is_a_failure_that_opens_nothing_by_itself() {
    let breaker = breaker(Config::new().threshold(2).failure_rate(1.0));
    end(&breaker, Outcome::RetryAfter(secs(7)));
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 1, 1), (seen.state, seen.failures, seen.failures_in_a_row));
    assert_eq!(1, seen.window.unwrap().failures);
}

#[test]
fn a_circuit_that_opens_waits_for_the_longest_time_that_was_asked_for_in_its_period() {
    let time = freeze();
    for (asked, waits) in [([25, 40, 30], 40), ([1, 9, 2], 10)] {
        let breaker = breaker(FRAGILE.threshold(3));
        for asked in asked {
            end(&breaker, Outcome::RetryAfter(secs(asked)));
        }
        assert_eq!((State::Open, secs(waits)), (breaker.state(), wait(&breaker)));
        // In the next period nobody has asked for anything.
        time.advance(secs(waits));
        fail(&breaker, 1);
        assert_eq!(secs(10), wait(&breaker));
    }
}

#[test]
fn a_success_does_not_take_back_what_was_asked_for() {
    let _time = freeze();
    let breaker = breaker(FRAGILE.threshold(2));
    end(&breaker, Outcome::RetryAfter(secs(40)));
    succeed(&breaker, 1);
    fail(&breaker, 2);
    assert_eq!(secs(40), wait(&breaker));
}

#[test]
fn a_probe_may_ask_too_in_whatever_round() {
    let (time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
    let [earlier, _hung, _other] = [(); 3].map(|()| breaker.try_acquire().unwrap());
    time.advance(secs(10));
    let _present = breaker.try_acquire().unwrap();
    earlier.record(Outcome::RetryAfter(secs(300)));
    assert_eq!(State::HalfOpen, breaker.state());
    fail(&breaker, 1);
    assert_eq!((State::Open, secs(300)), (breaker.state(), wait(&breaker)));
}

#[test]
fn open_for_does_not_shorten_what_another_outcome_of_the_period_asked_for() {
    let _time = freeze();
    let breaker = breaker(Config::new());
    end(&breaker, Outcome::RetryAfter(secs(60)));
    end(&breaker, Outcome::OpenFor(secs(10)));
    assert_eq!(secs(60), wait(&breaker));
}

#[test]
fn what_was_asked_for_is_no_measure_of_a_stable_stretch_either() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    end(&breaker, Outcome::RetryAfter(secs(86_400)));
    time.advance(wait(&breaker));
    succeed(&breaker, 1);
    time.advance(secs(10));
    fail(&breaker, 1);
    assert_eq!(secs(10), wait(&breaker));
}

#[test]
fn retry_after_that_comes_late_does_nothing() {
    let _time = freeze();
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    breaker.reset();
    call.record(Outcome::RetryAfter(secs(300)));
    fail(&breaker, 1);
    assert_eq!((secs(10), 1), (wait(&breaker), breaker.snapshot().late));
}

#[test]
fn open_for_that_comes_late_opens_nothing() {
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    breaker.reset();
    call.record(Outcome::OpenFor(secs(1)));
    assert_eq!((State::Closed, 1), (breaker.state(), breaker.snapshot().late));
}
