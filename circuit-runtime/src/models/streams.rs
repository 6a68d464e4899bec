//! Probes that answer before their call is over, as a stream does with its first item.

use loom::thread;

use super::{WAIT, consecutive};
use crate::permit::{KeyHandle, RefHandle, StreamPermit};
use crate::test_util::{Frozen, freeze};
use crate::{CircuitBreaker, Config, Outcome, Rejection, Snapshot, State};

type Probe = StreamPermit<KeyHandle<'static, RefHandle<'static>>>;

/// A circuit whose wait is over.
fn waited(config: Config) -> (Frozen, &'static CircuitBreaker) {
    let time = freeze();
    let breaker: &'static CircuitBreaker =
        Box::leak(Box::new(CircuitBreaker::new("model", config)));
    breaker.try_acquire().unwrap().failure();
    time.advance(WAIT);
    (time, breaker)
}

fn probe(breaker: &'static CircuitBreaker) -> Probe {
    StreamPermit::new(breaker.try_acquire().unwrap().raw)
}

fn item(probe: &mut Probe, outcome: Outcome) {
    if let Some(pending) = probe.part(outcome) {
        pending.notify(None);
    }
}

/// The successes, failures and late calls.
fn ends(seen: &Snapshot) -> [u64; 3] {
    [seen.successes, seen.failures, seen.late]
}

#[test]
fn a_call_beside_a_probe_that_answers_passes_or_hears_of_it() {
    loom::model(|| {
        let (_time, breaker) = waited(consecutive(1));
        let mut first = probe(breaker);
        let other = thread::spawn(move || breaker.try_acquire().map(|call| call.success()));
        item(&mut first, Outcome::Success);
        let answer = other.join().unwrap();
        assert!(answer.is_ok() || answer.unwrap_err().reason() == Rejection::HalfOpenFull);
        assert_eq!(breaker.state(), State::Closed);
        item(&mut first, Outcome::Failure);
        assert_eq!(breaker.state(), State::Open, "its end is that of a call of the closed circuit");
        assert_eq!(breaker.snapshot().late, 0);
    });
}

#[test]
fn a_probe_that_fails_after_its_answer_opens_whatever_the_other_probe_has_decided() {
    loom::model(|| {
        let (_time, breaker) = waited(consecutive(1).success_threshold(2));
        let (mut first, second) = (probe(breaker), breaker.try_acquire().unwrap());
        item(&mut first, Outcome::Success);
        let other = thread::spawn(move || second.success());
        item(&mut first, Outcome::Failure);
        other.join().unwrap();
        let seen = breaker.snapshot();
        assert_eq!(seen.state, State::Open, "{seen}");
        // The other one has closed the circuit before, or comes too late for that.
        let closed = [1, 2, 0];
        assert!(ends(&seen) == closed || ends(&seen) == [0, 2, 1], "{seen}");
        assert_eq!(seen.transitions, if ends(&seen) == closed { 4 } else { 3 }, "{seen}");
    });
}

#[test]
fn a_probe_that_answers_while_its_round_is_given_up_counts_once() {
    loom::model(|| {
        let (time, breaker) = waited(consecutive(1).success_threshold(2));
        let mut first = probe(breaker);
        let _hung = probe(breaker);
        time.advance(WAIT);
        let other = thread::spawn(move || breaker.try_acquire().map(|call| call.success()));
        item(&mut first, Outcome::Success);
        other.join().unwrap().unwrap();
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.transitions), (State::Closed, 3), "{seen}");
        drop(first);
        assert_eq!(ends(&breaker.snapshot()), [2, 1, 0]);
    });
}

#[test]
fn an_answer_of_a_probe_beside_a_reset_decides_or_is_late() {
    loom::model(|| {
        let (_time, breaker) = waited(consecutive(1));
        let mut first = probe(breaker);
        let other = thread::spawn(move || breaker.reset());
        item(&mut first, Outcome::Success);
        item(&mut first, Outcome::Failure);
        other.join().unwrap();
        // If the reset came last, it has closed the circuit that the failure had opened.
        let seen = breaker.snapshot();
        assert!(ends(&seen) == [0, 2, 0] || ends(&seen) == [0, 1, 1], "{seen}");
        assert_eq!(seen.state, State::Closed, "{seen}");
    });
}
