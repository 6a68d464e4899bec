//! What becomes of a probe whose circuit changes while it asks.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{
    Config, KeyedBreaker, KeyedCircuit, Rejection, Snapshot, State, circuit_breaker,
};

use super::super::{Answer, Error};
use super::{body, ran, rejection};
use crate::support::{poll_once, ready, secs, wait_once};

/// Each test has a key of its own.
static CIRCUITS: KeyedBreaker =
    KeyedBreaker::new("ping: meanwhile", Config::new().threshold(1).recovery(secs(10)), 100);

#[circuit_breaker(breaker = CIRCUITS, key = test, ping = well_in_the_end)]
async fn call(test: &str, answer: Answer) -> Answer {
    body(answer)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "a `ping` takes the parameters by reference")]
async fn well_in_the_end(_: &str, _: &Answer) -> Result<(), Error> {
    wait_once().await;
    Ok(())
}

/// What a probe returns during whose ping this happens, and whether its body has run.
fn probe(
    test: &'static str,
    meanwhile: impl FnOnce(KeyedCircuit<'static>, &Frozen),
) -> (Answer, bool, Snapshot) {
    let time = freeze();
    assert_eq!(Err(Error::Down), ready(call(test, Err(Error::Down))));
    time.advance(secs(10));
    ran();
    let mut probe = pin!(call(test, Ok(1)));
    assert!(poll_once(probe.as_mut()).is_pending(), "it asks");
    meanwhile(CIRCUITS.key(test), &time);
    let Poll::Ready(answer) = poll_once(probe.as_mut()) else { panic!("it goes on") };
    let (_, bodies) = ran();
    (answer, bodies == 1, CIRCUITS.snapshot_of(test).unwrap_or_else(|| CIRCUITS.snapshot()))
}

#[track_caller]
fn assert_rejected(answer: Answer, retry_after: Duration) {
    let error = rejection(answer);
    assert_eq!((Rejection::Open, Some(retry_after)), (error.reason(), error.retry_after()));
}

#[test]
fn once_the_circuit_is_open_again_the_body_does_not_run() {
    let (answer, runs, seen) = probe("open", |circuit, _| assert!(circuit.open_for(secs(7))));
    assert_rejected(answer, secs(7));
    assert!(!runs);
    assert_eq!((State::Open, 1, 0), (seen.state, seen.rejected, seen.late), "{seen}");
}

#[test]
fn once_other_probes_decide_the_body_does_not_run() {
    let (answer, runs, seen) = probe("half-open", |circuit, time| {
        assert!(circuit.open_for(secs(7)));
        time.advance(secs(7));
        let other = circuit.try_acquire().unwrap();
        assert_eq!(State::HalfOpen, circuit.snapshot().unwrap().state);
        drop(other);
    });
    assert_rejected(answer, secs(0));
    assert!(!runs);
    assert_eq!((State::HalfOpen, 1, 0), (seen.state, seen.rejected, seen.late), "{seen}");
}

#[test]
fn once_the_circuit_is_closed_the_body_runs_and_its_outcome_is_late() {
    let (answer, runs, seen) = probe("closed", |circuit, _| assert!(circuit.reset()));
    assert_eq!((Ok(1), true), (answer, runs));
    assert_eq!((State::Closed, 0, 1), (seen.state, seen.rejected, seen.late), "{seen}");
}

#[test]
fn in_another_round_the_body_runs_and_decides() {
    let (answer, runs, seen) = probe("round", |circuit, time| {
        time.advance(secs(10));
        std::mem::forget(circuit.try_acquire().unwrap());
    });
    assert_eq!((Ok(1), true), (answer, runs));
    assert_eq!((State::Closed, 1, 0), (seen.state, seen.successes, seen.late), "{seen}");
}

#[test]
fn forced_open_the_body_runs_and_decides_as_that_of_any_earlier_call() {
    let (answer, runs, seen) = probe("forced open", |circuit, _| assert!(circuit.force_open()));
    assert_eq!((Ok(1), true), (answer, runs));
    assert_eq!((State::Closed, 1, 0), (seen.state, seen.successes, seen.rejected), "{seen}");
}

#[test]
fn where_nothing_is_rejected_the_body_runs_whatever_the_state() {
    let (answer, runs, seen) = probe("disabled", |circuit, _| {
        assert!(circuit.open_for(secs(7)) && circuit.disable());
    });
    assert_eq!((Ok(1), true), (answer, runs));
    assert_eq!((State::Open, 1, 0, 0), (seen.state, seen.successes, seen.rejected, seen.late));

    let (answer, runs, seen) = probe("shadow", |circuit, _| {
        assert!(circuit.open_for(secs(7)) && circuit.shadow());
    });
    assert_eq!((Ok(1), true), (answer, runs));
    assert_eq!((State::Open, 0, 1, 0), (seen.state, seen.successes, seen.rejected, seen.late));
}

#[test]
fn once_the_key_has_no_circuit_the_body_runs() {
    let (answer, runs, _) = probe("forgotten", |_, _| assert!(CIRCUITS.forget("forgotten")));
    assert_eq!((Ok(1), true), (answer, runs));
}
