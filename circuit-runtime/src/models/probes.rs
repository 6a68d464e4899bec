//! Half-open: probes, their rounds, and what they decide.

use loom::thread;

use super::watched::{Call, watch};
use super::{SECOND, WAIT, consecutive, few, open};
use crate::test_util::freeze;
use crate::{Rejection, State};

/// So many threads ask at once.
fn one_probe(threads: usize) {
    let time = freeze();
    let watched = watch(consecutive(1));
    open(watched);
    time.advance(WAIT);
    let others: Vec<_> = (1..threads).map(|_| thread::spawn(move || watched.admit())).collect();
    let mut answers = vec![watched.admit()];
    answers.extend(others.into_iter().map(|other| other.join().unwrap()));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for rejected in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(rejected.reason(), Rejection::HalfOpenFull);
        assert_eq!(rejected.retry_after(), Some(SECOND));
    }
    drop(answers);
    watched.settled(&time);
}

#[test]
fn one_probe_at_the_deadline() {
    loom::model(|| one_probe(2));
}

#[test]
fn one_probe_at_the_deadline_of_three_threads() {
    few(4, || one_probe(3));
}

#[test]
fn two_probes_decide_together() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1).success_threshold(2));
        open(watched);
        time.advance(WAIT);
        let other = thread::spawn(move || watched.admit().map(Call::success).is_ok());
        let here = watched.admit().map(Call::success).is_ok();
        let there = other.join().unwrap();
        assert!(here && there, "there is a place for each");
        assert_eq!(watched.settled(&time).state, State::Closed);
    });
}

#[test]
fn a_cancelled_probe_leaves_its_place_and_nothing_else() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        time.advance(WAIT);
        let probe = watched.pass();
        let other = thread::spawn(move || drop(probe));
        let second = watched.admit();
        other.join().unwrap();
        let third = watched.admit();
        // One place, whoever has it.
        assert!(third.is_ok() != second.is_ok());
        drop((second, third));
        assert_eq!(watched.settled(&time).state, State::HalfOpen);
    });
}

#[test]
fn a_probe_that_outlives_its_round_still_decides() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        time.advance(WAIT);
        let hung = watched.pass();
        time.advance(WAIT);
        let other = thread::spawn(move || hung.success());
        let next = watched.admit();
        other.join().unwrap();
        let next = next.expect("a further round has begun, or the circuit is closed");
        assert_eq!(watched.breaker.state(), State::Closed);
        next.success();
        let settled = watched.settled(&time);
        // A probe of the further round is late, as the circuit has closed meanwhile.
        assert!(settled.late <= 1 && settled.transitions == 3, "{settled}");
    });
}

#[test]
fn a_cancelled_probe_of_an_earlier_round_frees_no_place() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        time.advance(WAIT);
        let hung = watched.pass();
        time.advance(WAIT);
        let other = thread::spawn(move || drop(hung));
        let next = watched.pass();
        other.join().unwrap();
        // The only probe of its round is `next`, whether or not the hung one had been cancelled before.
        assert!(watched.admit().is_err());
        next.success();
        assert_eq!(watched.settled(&time).state, State::Closed);
    });
}

#[test]
fn two_rounds_decide_together() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1).success_threshold(2));
        open(watched);
        time.advance(WAIT);
        let (one, two) = (watched.pass(), watched.pass());
        time.advance(WAIT);
        let next = watched.pass();
        let other = thread::spawn(move || one.success());
        next.success();
        other.join().unwrap();
        assert_eq!(watched.breaker.state(), State::Closed);
        drop(two);
        watched.settled(&time);
    });
}

#[test]
fn a_reconfiguration_decides_what_the_probes_have_answered() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1).success_threshold(2).probes(3));
        open(watched);
        time.advance(WAIT);
        watched.pass().success();
        let probe = watched.pass();
        let other = thread::spawn(move || watched.reconfigure(consecutive(1).success_threshold(2)));
        probe.failure();
        other.join().unwrap();
        // Whichever came first, by the numbers that came last one failure is one too many.
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}
