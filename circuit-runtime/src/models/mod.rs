//! The whole path, admit → run → record, under every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg circuit_loom" cargo test -p circuit-runtime --features test-util,stream
//! --lib models --release`. The checker runs its threads on one, so the frozen clock is
//! everybody's.
//!
//! What must hold in every execution of every model, and is checked by [`watched`] in each:
//!
//! 1. at most `probes` undecided probes of one round, at every admission;
//! 2. no transition from a late outcome: one period's outcomes explain the transition that ended it;
//! 3. an open circuit is never seen with an older deadline, at every rejection;
//! 4. no failure is lost: N in a row with no success between open the circuit, unless it has been disabled;
//! 5. never stuck: from where the model ends, calls and time close the circuit.
//!
//! Beyond these, each call is in one counter, and each model says what else it is about. Those of
//! [`keys`], on circuits that change hands, are below the breaker, and have checks of their own.

mod hints;
mod keys;
mod pending;
mod probes;
mod stalls;
#[cfg(feature = "stream")]
mod streams;
mod waiting;
mod watched;
mod windows;

use std::time::Duration;

use loom::thread;

use crate::test_util::freeze;
use crate::{Config, Rejection, State, Window};
use watched::{Watched, watch};

const WAIT: Duration = Duration::from_secs(10);
/// What a half-open circuit tells at most to come back after.
const SECOND: Duration = Duration::from_secs(1);

/// Only the executions with so many preemptions: some models have too many to run all of them.
fn few(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut few = loom::model::Builder::new();
    few.preemption_bound = Some(preemptions);
    few.check(model);
}

fn consecutive(threshold: u32) -> Config {
    Config::new().threshold(threshold).recovery(WAIT)
}

fn open(watched: &'static Watched) {
    while watched.breaker.state() == State::Closed {
        watched.pass().failure();
    }
}

#[test]
fn failures_of_two_threads_add_up() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(2));
        let other = thread::spawn(move || watched.pass().failure());
        // Neither can be rejected before both have failed.
        watched.pass().failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.transitions), (State::Open, 1));
    });
}

#[test]
fn failures_of_three_threads_add_up() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(3));
        let others = [(); 2].map(|()| thread::spawn(move || watched.pass().failure()));
        watched.pass().failure();
        for other in others {
            other.join().unwrap();
        }
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.transitions), (State::Open, 1));
    });
}

/// After a failure, and before it so many successes, a success and another failure at once.
fn a_success_beside_a_failure(config: Config, before: u64) {
    loom::model(move || {
        let time = freeze();
        let watched = watch(config);
        (0..before).for_each(|_| watched.pass().success());
        watched.pass().failure();
        let (one, two) = (watched.pass(), watched.pass());
        let other = thread::spawn(move || one.success());
        two.failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        match settled.state {
            // failure, failure, (late) success
            State::Open => assert_eq!((settled.successes, settled.late), (before, 1)),
            // failure, success, failure
            State::Closed => {
                let seen = (settled.successes, settled.late, settled.failures_in_a_row);
                assert_eq!(seen, (before + 1, 0, 1));
            }
            State::HalfOpen => unreachable!(),
        }
    });
}

#[test]
fn a_success_and_a_failure_come_one_after_the_other() {
    a_success_beside_a_failure(consecutive(2), 0);
}

#[test]
fn a_success_that_slides_and_a_failure_come_one_after_the_other() {
    let rate = consecutive(2).failure_rate(1.0).window(Window::Calls(8)).min_calls(1);
    a_success_beside_a_failure(rate, 1);
}

#[test]
fn an_opening_is_never_seen_without_its_deadline() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        let call = watched.pass();
        let other = thread::spawn(move || call.failure());
        // Half-open is what the state is called once the deadline has passed.
        assert_ne!(watched.breaker.state(), State::HalfOpen);
        if let Err(error) = watched.admit() {
            assert_eq!((error.reason(), error.retry_after()), (Rejection::Open, Some(WAIT)));
        }
        other.join().unwrap();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn a_call_that_ends_while_the_circuit_is_disabled_is_judged_by_nothing() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        let call = watched.pass();
        let other = thread::spawn(move || {
            watched.disable();
            watched.breaker.state()
        });
        call.failure();
        let disabled = other.join().unwrap();
        watched.breaker.resume();
        // It was judged before the circuit was disabled, or never.
        assert_eq!(watched.settled(&time).state, disabled);
    });
}

#[test]
fn reopening_shows_its_own_deadline_at_once() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1).probe_timeout(WAIT * 3));
        open(watched);
        time.advance(WAIT);
        let probe = watched.pass();
        let other = thread::spawn(move || probe.failure());
        for _ in 0..2 {
            let error = watched.admit().err().expect("an older deadline has been seen");
            match error.reason() {
                Rejection::Open => assert_eq!(error.retry_after(), Some(WAIT)),
                _ => assert_eq!(error.retry_after(), Some(SECOND)),
            }
        }
        other.join().unwrap();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn a_reset_leaves_a_closed_circuit_behind() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        let call = watched.pass();
        let other = thread::spawn(move || call.failure());
        watched.breaker.reset();
        other.join().unwrap();
        let settled = watched.settled(&time);
        // The failure came first and opened the circuit, or it came late.
        let opened = settled.late == 0;
        assert_eq!(settled.transitions, if opened { 2 } else { 0 });
        assert_eq!((settled.state, settled.failures_in_a_row), (State::Closed, 0));
    });
}

#[test]
fn a_call_that_is_cancelled_while_the_circuit_opens_is_counted_once() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        let (fails, cancelled) = (watched.pass(), watched.pass());
        let other = thread::spawn(move || fails.failure());
        drop(cancelled);
        other.join().unwrap();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.transitions), (State::Open, 1));
        assert_eq!(settled.cancelled + settled.late, 1);
    });
}

#[test]
fn a_mode_changes_neither_state_nor_period() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        let call = watched.pass();
        let other = thread::spawn(move || watched.breaker.force_open());
        call.failure();
        other.join().unwrap();
        assert_eq!(watched.admit().err().map(|e| e.reason()), Some(Rejection::ForcedOpen));
        watched.breaker.resume();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

/// After so many failures, one more beside a reconfiguration by which the next one opens the circuit.
fn a_failure_beside_a_reconfiguration(before: u32) {
    loom::model(move || {
        let time = freeze();
        let watched = watch(consecutive(5));
        (0..before).for_each(|_| watched.pass().failure());
        let call = watched.pass();
        let other = thread::spawn(move || watched.reconfigure(consecutive(before + 2)));
        call.failure();
        other.join().unwrap();
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn a_reconfiguration_loses_no_failure() {
    a_failure_beside_a_reconfiguration(0);
}

#[test]
fn the_bulkhead_holds_under_contention() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(5).max_concurrent(1));
        let other = thread::spawn(move || watched.admit());
        let mine = watched.admit();
        let theirs = other.join().unwrap();
        assert!(mine.is_ok() != theirs.is_ok());
        drop((mine, theirs));
        drop(watched.pass());
        watched.settled(&time);
    });
}
