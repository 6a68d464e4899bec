//! How long a circuit stays open: recovery, backoff, cap, jitter, and a service that says it itself.

use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Config, Outcome, State};

use crate::support::{FRAGILE, NANOSECOND, breaker, end, fail, millis, rejection, secs, succeed};

const DOUBLING: Config = FRAGILE.backoff(2.0);

/// What is left of the wait.
fn wait(breaker: &CircuitBreaker) -> Duration {
    rejection(breaker).retry_after().unwrap()
}

/// The waits of `openings` in a row: the first from closed, the others from half-open.
fn waits(time: &Frozen, breaker: &CircuitBreaker, openings: usize) -> Vec<Duration> {
    (0..openings)
        .map(|_| {
            fail(breaker, 1);
            let wait = wait(breaker);
            time.advance(wait);
            wait
        })
        .collect()
}

#[test]
fn the_wait_ends_exactly_at_the_deadline() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    time.advance(secs(10) - NANOSECOND);
    assert_eq!((State::Open, NANOSECOND), (breaker.state(), wait(&breaker)));
    time.advance(NANOSECOND);
    assert_eq!((State::HalfOpen, None), (breaker.state(), breaker.snapshot().retry_after));
    succeed(&breaker, 1);
}

#[test]
fn a_transition_to_open_says_how_long_and_no_other_does() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    waits(&time, &breaker, 2);
    end(&breaker, Outcome::OpenFor(secs(7)));
    time.advance(secs(7));
    succeed(&breaker, 1);
    let told = breaker.snapshot().recent_transitions;
    let told: Vec<_> = told.iter().map(|change| (change.to, change.retry_after)).collect();
    let (half_open, closed) = ((State::HalfOpen, None), (State::Closed, None));
    let open = |wait| (State::Open, Some(secs(wait)));
    assert_eq!([open(10), half_open, open(20), half_open, open(7), half_open, closed], *told);
}

#[test]
fn the_default_wait_is_a_minute() {
    let _time = freeze();
    let breaker = breaker(Config::new().threshold(1));
    fail(&breaker, 1);
    assert_eq!(secs(60), wait(&breaker));
}

#[test]
fn what_is_left_of_the_wait_counts_down() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    for left in [10, 9, 8] {
        assert_eq!(secs(left), wait(&breaker));
        assert_eq!(Some(secs(left)), breaker.snapshot().retry_after);
        time.advance(secs(1));
    }
}

#[test]
fn without_backoff_all_waits_are_equal() {
    let time = freeze();
    assert_eq!([secs(10); 5], *waits(&time, &breaker(FRAGILE), 5));
}

#[test]
fn backoff_multiplies_the_wait_with_each_opening_in_a_row() {
    let time = freeze();
    let expected = [10, 20, 40, 80].map(secs);
    assert_eq!(expected, *waits(&time, &breaker(DOUBLING), 4));
}

#[test]
fn backoff_may_be_a_fraction() {
    let time = freeze();
    let expected = [10_000, 15_000, 22_500, 33_750].map(millis);
    assert_eq!(expected, *waits(&time, &breaker(FRAGILE.backoff(1.5)), 4));
}

#[test]
fn the_wait_is_capped_at_ten_times_recovery() {
    let time = freeze();
    let expected = [10, 20, 40, 80, 100, 100].map(secs);
    assert_eq!(expected, *waits(&time, &breaker(DOUBLING), 6));
}

#[test]
fn the_wait_is_capped_at_max_recovery() {
    let time = freeze();
    let expected = [10, 20, 25, 25].map(secs);
    assert_eq!(expected, *waits(&time, &breaker(DOUBLING.max_recovery(secs(25))), 4));
}

#[test]
fn a_thousand_openings_in_a_row_do_not_overflow() {
    let time = freeze();
    let breaker = breaker(FRAGILE.backoff(1e300));
    assert_eq!(Some(&secs(100)), waits(&time, &breaker, 1_000).last());
}

#[test]
fn jitter_draws_the_wait_from_its_bounds() {
    let time = freeze();
    let waits = waits(&time, &breaker(FRAGILE.jitter(0.2)), 1_000);
    let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!((secs(8)..millis(8_500)).contains(least), "{least:?}");
    assert!((millis(11_500)..=secs(12)).contains(most), "{most:?}");
    let mean = waits.iter().sum::<Duration>() / 1_000;
    assert!((millis(9_800)..millis(10_200)).contains(&mean), "{mean:?}");
}

#[test]
fn jitter_comes_after_the_cap() {
    let time = freeze();
    let config = FRAGILE.backoff(1e6).max_recovery(secs(20)).jitter(0.5);
    let waits = waits(&time, &breaker(config), 500);
    assert!(waits[1..].iter().all(|wait| (secs(10)..=secs(30)).contains(wait)));
    assert!(waits.iter().any(|wait| *wait > secs(25)));
}

#[test]
fn a_wait_that_was_drawn_stays_as_it_is() {
    let _time = freeze();
    let breaker = breaker(FRAGILE.jitter(0.9));
    fail(&breaker, 1);
    let drawn = wait(&breaker);
    assert!((0..100).all(|_| wait(&breaker) == drawn));
}

/// Opens twice in a row, closes, stays closed for `stretch`, and opens again.
fn wait_after_closed_for(stretch: Duration) -> Duration {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    assert_eq!([secs(10), secs(20)], *waits(&time, &breaker, 2));
    succeed(&breaker, 1);
    time.advance(stretch);
    fail(&breaker, 1);
    wait(&breaker)
}

#[test]
fn closing_alone_does_not_end_the_streak() {
    assert_eq!(secs(40), wait_after_closed_for(Duration::ZERO));
}

#[test]
fn the_streak_goes_on_if_the_circuit_was_closed_for_less_than_its_last_wait() {
    assert_eq!(secs(40), wait_after_closed_for(secs(20) - NANOSECOND));
}

#[test]
fn the_streak_ends_when_the_circuit_stayed_closed_for_its_last_wait() {
    assert_eq!(secs(10), wait_after_closed_for(secs(20)));
}

#[test]
fn reset_ends_the_streak() {
    let time = freeze();
    let breaker = breaker(DOUBLING);
    waits(&time, &breaker, 3);
    breaker.reset();
    fail(&breaker, 1);
    assert_eq!(secs(10), wait(&breaker));
}

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
    let time = freeze();
    let breaker = breaker(FRAGILE.probes(5));
    fail(&breaker, 1);
    time.advance(secs(10));
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
    let time = freeze();
    let breaker = breaker(FRAGILE.success_threshold(2).probes(3));
    fail(&breaker, 1);
    time.advance(secs(10));
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
