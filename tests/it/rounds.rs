//! Half-open in several rounds: when probes hang, others follow, and the answers of all decide.

use std::collections::VecDeque;
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Config, Outcome, Permit, Rejection, State};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, fail, half_open, millis, reason, rejection, secs, succeed,
};

#[test]
fn after_the_probe_timeout_the_undecided_places_are_free_and_earlier_answers_count() {
    let (time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3).probe_timeout(secs(3)));
    succeed(&breaker, 1);
    let _hung = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    time.advance(secs(3));
    let probes = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    let [probe, _other] = probes;
    probe.success();
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_further_round_of_probes_is_no_transition() {
    let (time, breaker) = half_open(FRAGILE);
    let _hung = breaker.try_acquire().unwrap();
    time.advance(secs(10));
    let _next = breaker.try_acquire().unwrap();
    assert_eq!(2, breaker.snapshot().transitions);
}

/// Half-open with a probe of an earlier round and one of the present round.
fn two_rounds(breaker: &CircuitBreaker) -> (Frozen, [Permit<'_>; 2]) {
    let time = freeze();
    fail(breaker, 1);
    time.advance(secs(10));
    let earlier = breaker.try_acquire().unwrap();
    time.advance(secs(10));
    let present = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(breaker));
    (time, [earlier, present])
}

#[test]
fn an_answer_of_an_earlier_round_decides() {
    for (outcome, state) in [(Outcome::Success, State::Closed), (Outcome::Failure, State::Open)] {
        let breaker = breaker(FRAGILE);
        let (_time, [earlier, present]) = two_rounds(&breaker);
        earlier.record(outcome);
        assert_eq!((state, 0), (breaker.state(), breaker.snapshot().late));
        present.success();
        assert_eq!((state, 1), (breaker.state(), breaker.snapshot().late));
    }
}

#[test]
fn an_answer_of_an_earlier_round_frees_no_place() {
    for outcome in [Outcome::Ignored, Outcome::Success, Outcome::Failure] {
        let breaker = breaker(FRAGILE.success_threshold(2).probes(3).probe_timeout(secs(10)));
        let time = freeze();
        fail(&breaker, 1);
        time.advance(secs(10));
        let [earlier, _hung, _other] = [(); 3].map(|()| breaker.try_acquire().unwrap());
        time.advance(secs(10));
        let _present = [(); 3].map(|()| breaker.try_acquire().unwrap());
        earlier.record(outcome);
        assert_eq!(State::HalfOpen, breaker.state());
        assert_eq!(Rejection::HalfOpenFull, reason(&breaker), "{outcome:?}");
    }
}

#[test]
fn a_dropped_probe_of_an_earlier_round_frees_no_place_and_one_of_the_present_round_does() {
    let breaker = breaker(FRAGILE);
    let (_time, [earlier, present]) = two_rounds(&breaker);
    drop(earlier);
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    drop(present);
    succeed(&breaker, 1);
    assert_eq!((State::Closed, 2), (breaker.state(), breaker.snapshot().cancelled));
}

#[test]
fn each_further_round_waits_twice_as_long_and_at_most_ten_times() {
    let (time, breaker) = half_open(FRAGILE.probe_timeout(secs(3)));
    for times in [1, 2, 4, 8, 10, 10, 10] {
        std::mem::forget(breaker.try_acquire().unwrap());
        time.advance(secs(3) * times - NANOSECOND);
        assert_eq!(Some(NANOSECOND), rejection(&breaker).retry_after(), "{times}");
        time.advance(NANOSECOND);
    }
    assert!(admits(&breaker));
}

#[test]
fn a_round_after_a_reopening_waits_no_longer_than_the_first() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let (_, [earlier, present]) = two_rounds(&breaker);
    earlier.failure();
    time.advance(secs(40));
    present.failure(); // late
    let _hung = breaker.try_acquire().unwrap();
    time.advance(secs(10) - NANOSECOND);
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    time.advance(NANOSECOND);
    assert!(admits(&breaker));
}

/// How many of 250 calls, one each `gap`, are admitted while each takes that long and ends so.
fn admitted_of_250(
    breaker: &CircuitBreaker,
    gap: Duration,
    takes: Duration,
    outcome: Outcome,
) -> u32 {
    let time = freeze();
    let mut flying: VecDeque<(u32, Permit<'_>)> = VecDeque::new();
    let mut admitted = 0;
    for call in 0..250 {
        while flying.front().is_some_and(|(began, _)| gap * (call - began) >= takes) {
            flying.pop_front().unwrap().1.record(outcome);
        }
        if let Ok(permit) = breaker.try_acquire() {
            admitted += 1;
            flying.push_back((call, permit));
        }
        time.advance(gap);
    }
    admitted
}

#[test]
fn a_service_that_is_well_but_slower_than_the_probe_timeout_closes_its_circuit() {
    let quick = Config::new().threshold(3).recovery(millis(100));
    for (config, gap, takes) in
        [(quick, millis(20), millis(150)), (Config::new(), secs(1), secs(90))]
    {
        let breaker = breaker(config);
        fail(&breaker, if config == quick { 3 } else { 5 });
        admitted_of_250(&breaker, gap, takes, Outcome::Success);
        let seen = breaker.snapshot();
        assert_eq!((State::Closed, 3), (seen.state, seen.transitions));
        assert!(seen.late <= 1, "{seen}");
    }
}

#[test]
fn a_service_that_fails_slower_than_the_probe_timeout_gets_few_calls() {
    let config = Config::new().threshold(3).recovery(millis(100)).backoff(2.0);
    for (config, most) in [(config, 16), (config.probe_timeout(secs(1)), 5)] {
        let breaker = breaker(config);
        fail(&breaker, 3);
        let admitted = admitted_of_250(&breaker, millis(20), secs(1), Outcome::Failure);
        assert!(admitted <= most, "{admitted}");
        let transitions = breaker.snapshot().recent_transitions;
        let openings = transitions.iter().filter(|transition| transition.to == State::Open);
        assert!(openings.count() >= 4, "{transitions:?}");
    }
}

/// A caller that comes back when it was told to isn't long after a probe of a hundredth of a second.
#[test]
fn whoever_obeys_a_rejection_by_half_open_is_admitted_soon_after_the_probe() {
    let time = freeze();
    let breaker = breaker(Config::new());
    fail(&breaker, 5);
    time.advance(secs(60));
    let probe = breaker.try_acquire().unwrap();
    let told = rejection(&breaker).retry_after().unwrap();
    time.advance(millis(10));
    probe.success();
    assert!(told <= secs(1), "{told:?}");
    time.advance(told - millis(10));
    succeed(&breaker, 1);
}
