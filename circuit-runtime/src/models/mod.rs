//! The whole path, admit → run → record, under every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg circuit_loom" cargo test -p circuit-runtime --features test-util
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

mod keys;
mod watched;

use std::time::Duration;

use loom::thread;

use crate::test_util::freeze;
use crate::{Config, Rejection, State, Window};
use watched::{Call, Watched, watch};

const WAIT: Duration = Duration::from_secs(10);
/// What a half-open circuit tells at most to come back after.
const SECOND: Duration = Duration::from_secs(1);

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
                assert_eq!((settled.successes, settled.failures_in_a_row), (before + 1, 1));
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
fn one_probe_at_the_deadline() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        time.advance(WAIT);
        let others = [(); 2].map(|()| thread::spawn(move || watched.admit()));
        let mut answers = vec![watched.admit()];
        answers.extend(others.into_iter().map(|other| other.join().unwrap()));
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for rejected in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(rejected.reason(), Rejection::HalfOpenFull);
            assert_eq!(rejected.retry_after(), Some(SECOND));
        }
        drop(answers);
        watched.settled(&time);
    });
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
        // It had the place of the first round, or the one that it gave back.
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

#[test]
fn a_reconfiguration_loses_no_failure() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(5));
        let call = watched.pass();
        let other = thread::spawn(move || watched.reconfigure(consecutive(2)));
        call.failure();
        other.join().unwrap();
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn successes_slide_the_count_window_exactly() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(1.0).window(Window::Calls(3)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        watched.pass().failure();
        let other = thread::spawn(move || {
            watched.pass().success();
            watched.pass().success();
        });
        watched.pass().success();
        let during = watched.breaker.snapshot().window.unwrap();
        assert!(during.calls == 3 && during.failures <= 1);
        other.join().unwrap();
        let settled = watched.settled(&time);
        let window = settled.window.unwrap();
        assert_eq!((window.calls, window.failures, settled.successes), (3, 0, 4));
    });
}

#[test]
fn a_success_of_a_past_period_does_not_slide_the_next_window() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Calls(4)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        watched.pass().success();
        watched.pass().failure();
        watched.pass().success(); // from here on, successes only slide
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.breaker.reset();
        other.join().unwrap();
        assert_eq!(watched.settled(&time).window.unwrap().calls, 0);
    });
}

#[test]
fn a_failure_sees_the_successes_that_threads_counted_before_it() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.3).window(Window::Time(WAIT)).min_calls(4);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        watched.pass().success();
        let other = thread::spawn(move || watched.pass().success());
        watched.pass().failure();
        other.join().unwrap();
        let window = watched.breaker.snapshot().window.unwrap();
        assert_eq!((window.calls, window.failures), (4, 1));
        assert_eq!(watched.breaker.state(), State::Closed);
        watched.pass().failure();
        assert_eq!(watched.settled(&time).state, State::Open);
    });
}

#[test]
fn a_success_of_a_past_period_is_not_counted_in_the_next() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.5).window(Window::Time(WAIT)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success();
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.breaker.reset();
        watched.pass().success(); // from here on, successes are counted by their threads again
        other.join().unwrap();
        assert_eq!(watched.settled(&time).window.unwrap().calls, 1);
    });
}

#[test]
fn a_time_window_turns_while_threads_count() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).window(Window::Time(WAIT)).min_calls(2);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        let other = thread::spawn(move || {
            watched.pass().success();
            watched.pass().success();
        });
        time.advance(WAIT);
        watched.pass().failure();
        other.join().unwrap();
        let settled = watched.settled(&time);
        let window = settled.window.unwrap();
        // The first success is out of the window; the others are in it if they came after the turn.
        assert!((1..=3).contains(&window.calls) && window.failures == 1, "{window:?}");
        assert_eq!((settled.successes, settled.failures), (3, 1));
    });
}

#[test]
fn a_success_that_meets_a_longer_window_does_not_outstay_it() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).min_calls(1).recovery(WAIT);
        let watched = watch(rate.window(Window::Time(WAIT)));
        watched.pass().success(); // from here on, successes are counted by their threads
        time.advance(WAIT / 10 * 9);
        let other = thread::spawn(move || watched.pass().success());
        watched.reconfigure(rate.window(Window::Time(WAIT * 10)));
        watched.pass().success(); // from here on again, in longer buckets
        other.join().unwrap();
        time.advance(WAIT * 10);
        let calls = watched.breaker.snapshot().window.unwrap().calls;
        assert_eq!(calls, 0, "in a bucket of the shorter window");
        watched.settled(&time);
    });
}

#[test]
fn what_a_thread_counted_in_a_past_period_is_gone_when_it_counts_again() {
    loom::model(|| {
        let time = freeze();
        let rate = Config::new().failure_rate(0.9).window(Window::Time(WAIT)).min_calls(1);
        let watched = watch(rate.recovery(WAIT));
        watched.pass().success(); // from here on, successes are counted by their threads
        watched.pass().success();
        watched.pass().success();
        let other = thread::spawn(move || {
            watched.breaker.reset();
            watched.pass().success(); // from here on again
            let calls = watched.breaker.snapshot().window.unwrap().calls;
            assert!(calls <= 2, "{calls} of this period");
        });
        watched.pass().success();
        other.join().unwrap();
        watched.settled(&time);
    });
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

#[test]
fn a_success_that_slides_ends_the_run_though_its_window_goes() {
    loom::model(|| {
        let time = freeze();
        let rate = consecutive(3).failure_rate(1.0).window(Window::Calls(8)).min_calls(1);
        let watched = watch(rate);
        watched.pass().success();
        watched.pass().failure();
        watched.pass().failure();
        let call = watched.pass();
        let other = thread::spawn(move || call.success());
        watched.reconfigure(consecutive(3));
        other.join().unwrap();
        watched.pass().failure();
        let settled = watched.settled(&time);
        assert_eq!((settled.state, settled.failures_in_a_row), (State::Closed, 1));
    });
}
