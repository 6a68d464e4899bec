//! How long a circuit stays open: recovery, backoff, cap and jitter.

mod asked;
mod extremes;

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
