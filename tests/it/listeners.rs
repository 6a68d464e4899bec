//! Who is told of a transition, when, in which order, and what a listener may do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Mode, Outcome, Reason, State, Transition};

use crate::support::{
    FRAGILE, breaker, crash, crashes, end, fail, leaked, recorded, secs, succeed,
};

type Log = Arc<Mutex<Vec<String>>>;

fn write(log: &Log, line: impl Into<String>) {
    log.lock().unwrap().push(line.into());
}

#[test]
fn every_transition_is_reported_with_its_number_and_states() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let seen = recorded(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    fail(&breaker, 1);
    time.advance(secs(10));
    succeed(&breaker, 1);
    let seen: Vec<_> = seen.lock().unwrap().iter().map(|t| (t.number, t.from, t.to)).collect();
    let expected = [
        (1, State::Closed, State::Open),
        (2, State::Open, State::HalfOpen),
        (3, State::HalfOpen, State::Open),
        (4, State::Open, State::HalfOpen),
        (5, State::HalfOpen, State::Closed),
    ];
    assert_eq!(expected, *seen);
}

#[test]
fn a_transition_says_why() {
    let time = freeze();
    let breaker = breaker(FRAGILE.success_threshold(2));
    let seen = recorded(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    fail(&breaker, 1);
    time.advance(secs(10));
    succeed(&breaker, 2);
    end(&breaker, Outcome::OpenFor(secs(3)));
    breaker.reset();
    let seen = seen.lock().unwrap();
    let whys: [fn(&Reason) -> bool; 7] = [
        |reason| matches!(reason, Reason::FailuresInARow { failures: 1, threshold: 1, .. }),
        |reason| matches!(reason, Reason::WaitElapsed),
        |reason| matches!(reason, Reason::ProbesFailed { failed: 1, .. }),
        |reason| matches!(reason, Reason::WaitElapsed),
        |reason| matches!(reason, Reason::ProbesSucceeded { succeeded: 2, .. }),
        |reason| matches!(reason, Reason::Requested { wait, .. } if *wait == secs(3)),
        |reason| matches!(reason, Reason::Reset),
    ];
    assert_eq!(whys.len(), seen.len());
    for (why, transition) in whys.iter().zip(seen.iter()) {
        assert!(why(&transition.reason), "{transition:?}");
    }
}

#[test]
fn a_transition_names_its_circuit_and_the_time() {
    let before = std::time::SystemTime::now();
    let breaker = CircuitBreaker::new("payments", FRAGILE);
    let seen = recorded(&breaker);
    fail(&breaker, 1);
    let seen = seen.lock().unwrap();
    assert_eq!(("payments", None), (seen[0].circuit, seen[0].key.as_deref()));
    assert!((before..=std::time::SystemTime::now()).contains(&seen[0].at));
}

#[test]
fn the_last_sixteen_transitions_are_kept() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    for _ in 0..20 {
        fail(&breaker, 1);
        time.advance(secs(10));
    }
    let seen = breaker.snapshot();
    let numbers: Vec<_> = seen.recent_transitions.iter().map(|t| t.number).collect();
    assert_eq!((39, (24..=39).collect()), (seen.transitions, numbers));
}

#[test]
fn all_listeners_hear_of_it_in_the_order_they_were_added() {
    let breaker = breaker(FRAGILE);
    let log = Log::default();
    for name in ["first", "second", "third"] {
        let log = Arc::clone(&log);
        breaker.on_transition(move |_| write(&log, name));
    }
    fail(&breaker, 1);
    assert_eq!(["first", "second", "third"], **log.lock().unwrap());
}

#[test]
fn a_listener_runs_on_the_thread_that_made_the_transition() {
    let breaker = breaker(FRAGILE);
    let seen = Arc::new(Mutex::new(None));
    breaker.on_transition({
        let seen = Arc::clone(&seen);
        move |_| *seen.lock().unwrap() = Some(thread::current().id())
    });
    let there = thread::scope(|threads| {
        let opening = threads.spawn(|| {
            fail(&breaker, 1);
            thread::current().id()
        });
        opening.join().unwrap()
    });
    assert_eq!(Some(there), *seen.lock().unwrap());
}

#[test]
fn a_transition_is_visible_before_it_is_reported() {
    let breaker = leaked("visible first", FRAGILE);
    let log = Log::default();
    breaker.on_transition({
        let log = Arc::clone(&log);
        move |_| {
            let (state, next) = (breaker.state(), breaker.try_acquire().is_ok());
            write(&log, format!("{state:?} {next}"));
        }
    });
    fail(breaker, 1);
    assert_eq!(["Open false"], **log.lock().unwrap());
}

#[test]
pub(crate) fn a_listener_may_use_the_circuit() {
    let breaker = leaked("used by its listener", FRAGILE);
    let log = Log::default();
    breaker.on_transition({
        let log = Arc::clone(&log);
        move |_| {
            let _ = (breaker.state(), breaker.config(), breaker.snapshot());
            breaker.force_open();
            breaker.reconfigure(breaker.config().threshold(2)).unwrap();
            breaker.on_transition(|_| {});
            let _ = breaker.call(|| Ok::<_, ()>(()));
            breaker.register();
            let _ = (circuit_runtime::circuits(), circuit_runtime::find("used by its listener"));
            write(&log, "done");
        }
    });
    fail(breaker, 1);
    assert_eq!(["done"], **log.lock().unwrap());
    assert_eq!((State::Open, Mode::ForcedOpen), (breaker.state(), breaker.mode()));
}

#[test]
pub(crate) fn a_change_made_by_a_listener_is_reported_after_its_own() {
    let breaker = leaked("reset by its listener", FRAGILE);
    let log = Log::default();
    breaker.on_transition({
        let log = Arc::clone(&log);
        move |transition| {
            write(&log, format!("first hears {}", transition.number));
            if transition.number == 1 {
                breaker.reset();
            }
        }
    });
    breaker.on_transition({
        let log = Arc::clone(&log);
        move |transition| write(&log, format!("second hears {}", transition.number))
    });
    fail(breaker, 1);
    let expected = ["first hears 1", "second hears 1", "first hears 2", "second hears 2"];
    assert_eq!(expected, **log.lock().unwrap());
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn two_circuits_may_change_each_other_from_their_listeners() {
    let (first, second) = (leaked("first of two", FRAGILE), leaked("second of two", FRAGILE));
    for (own, other) in [(first, second), (second, first)] {
        own.on_transition(move |transition| {
            if transition.to == State::Open && other.state() == State::Closed {
                fail(other, 1);
            }
        });
    }
    fail(first, 1);
    assert_eq!((State::Open, State::Open), (first.state(), second.state()));
}

#[test]
pub(crate) fn a_panic_in_a_listener_stays_there() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    breaker.on_transition(|_| crash());
    let seen = recorded(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    assert_eq!(Ok(7), breaker.call(|| Ok::<_, ()>(7)));
    assert_eq!((State::Closed, 0), (breaker.state(), breaker.snapshot().panicked));
    assert_eq!(3, seen.lock().unwrap().len());
}

#[test]
fn a_listener_that_panics_while_a_panic_opens_the_circuit_leaves_that_panic_alone() {
    let breaker = breaker(FRAGILE);
    breaker.on_transition(|_| panic!("the listener is broken"));
    let seen = recorded(&breaker);
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!((1, 1), (breaker.snapshot().panicked, seen.lock().unwrap().len()));
}

#[test]
fn a_transition_stays_what_it_was_however_many_follow_while_its_listeners_run() {
    let breaker = leaked("busy listener", FRAGILE);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    breaker.on_transition(move |transition| {
        if transition.number == 1 {
            for _ in 0..40 {
                breaker.reset();
                fail(breaker, 1);
            }
        }
        log.lock().unwrap().push((transition.number, transition.to));
    });
    fail(breaker, 1);
    let states = [State::Open, State::Closed].into_iter().cycle();
    assert_eq!((1..=81).zip(states).collect::<Vec<_>>(), *seen.lock().unwrap());
    let recent: Vec<_> = breaker.snapshot().recent_transitions.iter().map(|t| t.number).collect();
    assert_eq!((66..=81).collect::<Vec<_>>(), recent);
}

#[test]
fn a_panicking_listener_loses_no_nested_change() {
    let breaker = leaked("panicking listener", FRAGILE);
    let seen = recorded(breaker);
    breaker.on_transition(move |transition| {
        if transition.number == 1 {
            breaker.reset();
            crash();
        }
    });
    fail(breaker, 1);
    let numbers: Vec<_> = seen.lock().unwrap().iter().map(|t| t.number).collect();
    assert_eq!([1, 2], *numbers);
    fail(breaker, 1);
    assert_eq!(3, seen.lock().unwrap().len());
}

#[test]
fn numbers_order_the_transitions_of_many_threads_without_a_gap() {
    let breaker = breaker(FRAGILE.recovery(std::time::Duration::from_nanos(1)));
    let seen = recorded(&breaker);
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for number in 0..500 {
                    if let Ok(permit) = breaker.try_acquire() {
                        if number % 3 == 0 { permit.success() } else { permit.failure() }
                    }
                }
            });
        }
    });
    let mut seen: Vec<Transition> = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort_by_key(|transition| transition.number);
    assert!(seen.len() > 10);
    assert_eq!(seen.len() as u64, breaker.snapshot().transitions);
    assert!(seen.iter().zip(1..).all(|(transition, number)| transition.number == number));
    assert!(seen.windows(2).all(|pair| pair[0].to == pair[1].from));
}

#[test]
fn a_listener_of_one_circuit_hears_nothing_of_another() {
    let (own, other) = (breaker(FRAGILE), breaker(FRAGILE));
    let seen = recorded(&own);
    fail(&other, 1);
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn a_listener_that_comes_later_hears_of_what_comes_after_it() {
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    let heard = Arc::new(AtomicU32::new(0));
    breaker.on_transition({
        let heard = Arc::clone(&heard);
        move |_| {
            heard.fetch_add(1, Ordering::Relaxed);
        }
    });
    breaker.reset();
    assert_eq!(1, heard.load(Ordering::Relaxed));
}

#[test]
fn a_transition_prints_as_one_line() {
    let breaker = CircuitBreaker::new("payments", Config::new().threshold(2));
    let seen = recorded(&breaker);
    fail(&breaker, 2);
    let line = seen.lock().unwrap()[0].to_string();
    assert!(line.contains("payments") && line.contains("2 failures"), "{line}");
    assert_eq!(1, line.lines().count());
}

#[test]
fn a_listener_may_panic_while_the_call_that_opened_panics() {
    let breaker = breaker(FRAGILE);
    breaker.on_transition(|_| panic!("the listener's own"));
    let seen = recorded(&breaker);
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!((State::Open, 1), (breaker.state(), seen.lock().unwrap().len()));
}

#[test]
fn a_listener_may_make_a_call_that_opens_another_circuit_and_panics() {
    let (outer, inner) = (leaked("outer", FRAGILE), leaked("inner", FRAGILE));
    let seen = recorded(inner);
    outer.on_transition(move |_| {
        let _ = inner.call(|| -> Result<(), ()> { crash() });
    });
    fail(outer, 1);
    assert_eq!((State::Open, State::Open), (outer.state(), inner.state()));
    assert_eq!(1, seen.lock().unwrap().len());
    outer.reset();
    assert_eq!(State::Closed, outer.state());
}

/// What a listener panics with: dropping it panics again, and so does dropping what that leaves.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 {
            std::panic::panic_any(Bomb(self.0 - 1));
        }
    }
}

#[test]
fn a_panic_whose_payload_panics_silences_nobody() {
    let breaker = breaker(FRAGILE);
    let log = Log::default();
    breaker.on_transition(|_| std::panic::panic_any(Bomb(2)));
    breaker.on_transition({
        let log = Arc::clone(&log);
        move |transition| write(&log, transition.to.as_str())
    });
    fail(&breaker, 1);
    breaker.reset();
    assert_eq!(["open", "closed"], *log.lock().unwrap().as_slice());
}
