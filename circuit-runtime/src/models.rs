//! The whole path, admit → run → record, under every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg circuit_loom" cargo test -p circuit-runtime --features test-util
//! --lib models --release`. The checker runs its threads on one, so the frozen clock is
//! everybody's.
//!
//! What must hold in every execution of every model:
//!
//! 1. at most `probes` undecided probes of one period;
//! 2. no transition from a late outcome;
//! 3. an open circuit is never seen with an older deadline;
//! 4. no failure is lost: N in a row with no success between open the circuit;
//! 5. never stuck: from where the model ends, calls and time close the circuit.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::circuit::Circuit;
use crate::clock::Moment;
use crate::keyed::Text;
use crate::permit::Fallback;
use crate::state::Verdict;
use crate::test_util::freeze;
use crate::window::Mark;
use crate::{CircuitBreaker, CircuitOpenError, Config, Permit, Rejection, State, Window};

const WAIT: Duration = Duration::from_secs(10);

fn breaker(config: Config) -> &'static CircuitBreaker {
    // A model's threads need 'static; the checker forgets its objects with each execution.
    Box::leak(Box::new(CircuitBreaker::new("model", config)))
}

fn consecutive(threshold: u32) -> Config {
    Config::new().threshold(threshold).recovery(WAIT)
}

fn open(breaker: &CircuitBreaker) {
    while breaker.state() == State::Closed {
        breaker.try_acquire().unwrap().failure();
    }
}

/// Invariant 5. A last probe may still be out, so it takes at most one lease more.
fn closes_in_the_end(breaker: &CircuitBreaker, time: &crate::test_util::Frozen) {
    for _ in 0..4 {
        if breaker.state() == State::Closed {
            return;
        }
        time.advance(WAIT);
        if let Ok(permit) = breaker.try_acquire() {
            permit.success();
        }
    }
    panic!("stuck: {}", breaker.snapshot());
}

#[test]
fn failures_of_two_threads_add_up() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(2));
        let other = thread::spawn(move || breaker.try_acquire().map(Permit::failure).is_ok());
        let here = breaker.try_acquire().map(Permit::failure).is_ok();
        let there = other.join().unwrap();
        // Neither can be rejected before both have failed.
        assert!(here && there);
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().transitions, 1);
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn a_success_and_a_failure_come_one_after_the_other() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(consecutive(2));
        breaker.try_acquire().unwrap().failure();
        let (one, two) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
        let other = thread::spawn(move || one.success());
        two.failure();
        other.join().unwrap();
        let snapshot = breaker.snapshot();
        match snapshot.state {
            // failure, failure, (late) success
            State::Open => assert_eq!((snapshot.successes, snapshot.late), (0, 1)),
            // failure, success, failure
            State::Closed => assert_eq!((snapshot.successes, snapshot.failures_in_a_row), (1, 1)),
            State::HalfOpen => unreachable!(),
        }
    });
}

#[test]
fn one_probe_at_the_deadline() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(1));
        open(breaker);
        time.advance(WAIT);
        let others: Vec<_> = (0..2).map(|_| thread::spawn(move || breaker.try_acquire())).collect();
        let mine = breaker.try_acquire();
        let mut answers: Vec<Result<Permit<'_>, CircuitOpenError>> = vec![mine];
        answers.extend(others.into_iter().map(|other| other.join().unwrap()));
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for rejected in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(rejected.reason(), Rejection::HalfOpenFull);
            assert_eq!(rejected.retry_after(), Some(WAIT));
        }
        drop(answers);
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn a_cancelled_probe_leaves_its_place_and_nothing_else() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(1));
        open(breaker);
        time.advance(WAIT);
        let probe = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || drop(probe));
        let second = breaker.try_acquire();
        other.join().unwrap();
        let third = breaker.try_acquire();
        // One place, whoever has it.
        assert!(third.is_ok() != second.is_ok());
        assert_eq!(breaker.state(), State::HalfOpen);
        drop((second, third));
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn a_probe_that_outlives_its_lease_decides_nothing() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(1));
        open(breaker);
        time.advance(WAIT);
        let hung = breaker.try_acquire().unwrap();
        time.advance(WAIT);
        let other = thread::spawn(move || hung.success());
        let next = breaker.try_acquire();
        other.join().unwrap();
        let snapshot = breaker.snapshot();
        let next = next.expect("the lease is over, or the circuit is closed");
        if snapshot.late == 1 {
            assert_eq!(snapshot.state, State::HalfOpen);
            assert!(breaker.try_acquire().is_err());
            next.failure();
            assert_eq!(breaker.state(), State::Open);
        } else {
            assert_eq!(snapshot.state, State::Closed);
            drop(next);
        }
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn reopening_shows_its_own_deadline_at_once() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(1).probe_timeout(WAIT * 3));
        open(breaker);
        time.advance(WAIT);
        let probe = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || probe.failure());
        for _ in 0..2 {
            let error = breaker.try_acquire().expect_err("an older deadline has been seen");
            match error.reason() {
                Rejection::Open => assert_eq!(error.retry_after(), Some(WAIT)),
                // Published a moment before: full until the lease ends, or already until the wait
                // does.
                _ => assert!(error.retry_after() >= Some(WAIT)),
            }
        }
        other.join().unwrap();
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn a_reset_leaves_a_closed_circuit_behind() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(consecutive(1));
        let permit = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || permit.failure());
        breaker.reset();
        other.join().unwrap();
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.state, State::Closed);
        assert_eq!(snapshot.transitions, if snapshot.late == 1 { 0 } else { 2 });
        assert_eq!(snapshot.failures_in_a_row, 0);
    });
}

#[test]
fn a_mode_changes_neither_state_nor_period() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(consecutive(1));
        let permit = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || breaker.force_open());
        permit.failure();
        other.join().unwrap();
        assert_eq!(breaker.try_acquire().unwrap_err().reason(), Rejection::ForcedOpen);
        breaker.resume();
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn a_reconfiguration_loses_no_failure() {
    loom::model(|| {
        let time = freeze();
        let breaker = breaker(consecutive(5));
        let permit = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || breaker.reconfigure(consecutive(2)).unwrap());
        permit.failure();
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Closed);
        breaker.try_acquire().unwrap().failure();
        assert_eq!(breaker.state(), State::Open);
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn successes_slide_the_count_window_exactly() {
    loom::model(|| {
        let _time = freeze();
        let rate = Config::new().failure_rate(1.0).window(Window::Calls(3)).min_calls(1);
        let breaker = breaker(rate.recovery(WAIT));
        let pass = || breaker.try_acquire().unwrap();
        pass().success();
        pass().failure();
        let other = thread::spawn(move || {
            breaker.try_acquire().unwrap().success();
            breaker.try_acquire().unwrap().success();
        });
        pass().success();
        let during = breaker.snapshot().window.unwrap();
        assert!(during.calls == 3 && during.failures <= 1);
        other.join().unwrap();
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((window.calls, window.failures), (3, 0));
        assert_eq!(breaker.snapshot().successes, 4);
    });
}

#[test]
fn a_success_of_a_past_period_does_not_slide_the_next_window() {
    loom::model(|| {
        let _time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Calls(4)).min_calls(1);
        let breaker = breaker(rate.recovery(WAIT));
        let pass = || breaker.try_acquire().unwrap();
        pass().success();
        pass().success();
        pass().failure();
        pass().success(); // from here on, successes only slide
        let permit = pass();
        let other = thread::spawn(move || permit.success());
        breaker.reset();
        other.join().unwrap();
        assert_eq!(breaker.snapshot().window.unwrap().calls, 0);
    });
}

#[test]
fn a_failure_sees_the_successes_that_threads_counted_before_it() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.3).window(Window::Time(WAIT)).min_calls(4);
        let breaker = breaker(rate.recovery(WAIT));
        let pass = || breaker.try_acquire().unwrap();
        pass().success(); // from here on, successes are counted by their threads
        pass().success();
        let other = thread::spawn(move || breaker.try_acquire().unwrap().success());
        pass().failure();
        other.join().unwrap();
        let window = breaker.snapshot().window.unwrap();
        assert_eq!((window.calls, window.failures), (4, 1));
        assert_eq!(breaker.state(), State::Closed);
        pass().failure();
        assert_eq!(breaker.state(), State::Open);
        closes_in_the_end(breaker, &time);
    });
}

#[test]
fn a_success_of_a_past_period_is_not_counted_in_the_next() {
    loom::model(|| {
        let _time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Time(WAIT)).min_calls(1);
        let breaker = breaker(rate.recovery(WAIT));
        breaker.try_acquire().unwrap().success();
        let permit = breaker.try_acquire().unwrap();
        let other = thread::spawn(move || permit.success());
        breaker.reset();
        breaker.try_acquire().unwrap().success(); // from here on, successes are counted by their threads again
        other.join().unwrap();
        assert_eq!(breaker.snapshot().window.unwrap().calls, 1);
    });
}

#[test]
fn the_bulkhead_holds_under_contention() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(consecutive(5).max_concurrent(1));
        let other = thread::spawn(move || breaker.try_acquire());
        let mine = breaker.try_acquire();
        let theirs = other.join().unwrap();
        assert!(mine.is_ok() != theirs.is_ok());
        drop((mine, theirs));
        assert!(breaker.try_acquire().is_ok());
    });
}

#[test]
fn a_circuit_given_to_another_key_hears_nothing_of_the_old_one() {
    loom::model(|| {
        let _time = freeze();
        let rules = consecutive(1).rules();
        let circuit = Arc::new(Circuit::new(rules));
        let (first, second) = (std::sync::Arc::from("first"), std::sync::Arc::from("second"));
        circuit.reassign(&first, rules, crate::Mode::Normal, |_, _| true);
        let tenant = circuit.tenant();
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                let Some(ticket) = circuit.quick() else { return false };
                if circuit.tenant() != tenant {
                    return false; // looks its key up again
                }
                let failure = Verdict::Judged(Mark { failure: true, slow: false });
                let moment = Moment::default();
                let recorded = circuit.record("model", ticket.epoch(), &moment, |_| failure);
                recorded.is_ok()
            })
        };
        let closed = |machine: &crate::state::Machine, _| machine.state() == State::Closed;
        let given = circuit.reassign(&second, rules, crate::Mode::Normal, closed);
        let recorded = other.join().unwrap();
        // Either its failure opened the circuit first, and an open circuit isn't given away,
        // or the circuit was given away, and its failure was late.
        assert!(given != recorded);
        assert_eq!(circuit.state(), if given { State::Closed } else { State::Open });
    });
}

#[test]
fn a_key_is_never_taken_for_what_stands_there_half_replaced() {
    loom::model(|| {
        let text = Arc::new(Text::new());
        text.replace("aaaaaaaabbbbbbbb", 1);
        let other = {
            let text = Arc::clone(&text);
            thread::spawn(move || text.replace("ccccccccdddddddd", 2))
        };
        assert!(matches!(text.tenant("aaaaaaaabbbbbbbb"), None | Some(1)));
        assert_eq!(text.tenant("aaaaaaaadddddddd"), None);
        assert_eq!(text.tenant("ccccccccbbbbbbbb"), None);
        assert!(matches!(text.tenant("ccccccccdddddddd"), None | Some(2)));
        other.join().unwrap();
        assert_eq!(text.tenant("ccccccccdddddddd"), Some(2));
    });
}

#[test]
fn a_key_that_comes_while_another_fails_is_not_opened_by_it() {
    // Two arrivals are too long a way for every interleaving: those with two preemptions.
    let mut few = loom::model::Builder::new();
    few.preemption_bound = Some(2);
    few.check(|| {
        let _time = freeze();
        let breaker: &'static CircuitBreaker =
            Box::leak(Box::new(CircuitBreaker::keyed("model", consecutive(1), 1)));
        let call = move |key| breaker.admit(Some(key), Fallback::None);
        call("first").unwrap().success();
        let other = thread::spawn(move || call("first").map(Permit::failure).is_ok());
        let permit = call("second").unwrap();
        other.join().unwrap();
        permit.success();
        // Whoever has the one circuit now: what the other did is not in its account, and no call is
        // forgotten.
        let all = breaker.snapshot();
        assert_eq!(all.successes + all.failures + all.late + all.unprotected, 3, "{all:?}");
        if let Some(second) = breaker.snapshot_of("second") {
            assert_eq!((second.state, second.failures), (State::Closed, 0));
        }
    });
}
