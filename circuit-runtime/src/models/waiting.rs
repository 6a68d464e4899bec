//! Calls that wait for a place of the bulkhead: none sleeps while a place is free, and no place is
//! lost, whenever a call is gone. A call that sleeps for ever is a deadlock for the checker.

use std::task::Waker;
use std::time::Duration;

use loom::thread;

use super::{SECOND, consecutive, few};
use crate::breaker::waiting::{Caller, Queued, Step};
use crate::circuit::Turn;
use crate::observe::name::Name;
use crate::permit::{Fallback, Permit, RawPermit, RefHandle};
use crate::test_util::freeze;
use crate::{CallError, CircuitBreaker, Config, Rejection};

/// One place, for which calls wait as long as it takes.
fn one() -> Config {
    consecutive(1).max_concurrent(1).max_wait(Duration::MAX)
}

fn breaker(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("model", config)))
}

fn hold(breaker: &'static CircuitBreaker) -> Permit<'static> {
    breaker.try_acquire().expect("there is a place")
}

/// A blocking call, which waits until it is admitted or rejected.
fn call(breaker: &CircuitBreaker) -> Result<(), Rejection> {
    match breaker.call(|| Ok::<_, ()>(())) {
        Err(CallError::Open(error)) => Err(error.reason()),
        answer => Ok(answer.expect("it succeeds")),
    }
}

/// A call in the queue, as a future that has been polled once.
fn queued(caller: Caller<'static, 'static>) -> Queued<'static> {
    match caller.ask(Fallback::None) {
        Step::Waits(queued) => {
            assert_eq!(queued.look(Waker::noop()), Turn::Waits);
            queued
        }
        Step::Done(_) => panic!("there is a place"),
    }
}

/// What a call has come to is ended by dropping this.
fn end(breaker: &'static CircuitBreaker, step: Step<'static>) -> Option<Rejection> {
    match step {
        Step::Done(Ok((_, admission))) => {
            drop(RawPermit::new(RefHandle(breaker), admission));
            None
        }
        Step::Done(Err(error)) => Some(error.reason()),
        Step::Waits(_) => panic!("it waits again"),
    }
}

/// At the end nobody holds a place or waits, and there is a place.
fn settled(breaker: &CircuitBreaker) {
    let seen = breaker.snapshot();
    assert_eq!((seen.in_flight, seen.waiting.unwrap_or_default()), (Some(0), 0), "{seen:?}");
    breaker.resume();
    breaker.reset();
    assert!(breaker.try_acquire().is_ok(), "the place is lost");
}

#[test]
fn a_call_that_waits_gets_the_place_that_is_given_back() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let other = thread::spawn(move || call(breaker));
        first.success();
        assert_eq!(other.join().unwrap(), Ok(()));
        settled(breaker);
    });
}

#[test]
fn of_two_calls_that_wait_each_gets_the_place_in_turn() {
    few(2, || {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let others = [(); 2].map(|()| thread::spawn(move || call(breaker)));
        first.success();
        for other in others {
            assert_eq!(other.join().unwrap(), Ok(()));
        }
        settled(breaker);
    });
}

#[test]
fn a_call_that_comes_while_another_waits_does_not_take_its_place() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let caller = Caller::Own(breaker);
        let mut waits = queued(caller);
        let other = thread::spawn(move || first.success());
        assert!(breaker.try_acquire().is_err(), "it got ahead");
        other.join().unwrap();
        assert!(breaker.try_acquire().is_err(), "it got ahead");
        let turn = waits.look(Waker::noop());
        let step = caller.take_turn(&mut waits, turn, Fallback::None).expect("it has a place");
        assert_eq!(end(breaker, step), None);
        settled(breaker);
    });
}

#[test]
fn places_are_given_in_the_order_of_coming() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(one().max_concurrent(2));
        let held = [(); 2].map(|()| hold(breaker));
        let [one, two] = held;
        let calls = [(); 3].map(|()| queued(Caller::Own(breaker)));
        let other = thread::spawn(move || one.success());
        two.success();
        other.join().unwrap();
        let turns = calls.each_ref().map(|call| call.look(Waker::noop()));
        assert_eq!(turns, [Turn::Placed, Turn::Placed, Turn::Waits]);
        for (call, turn) in calls.into_iter().zip(turns) {
            let mut call = call;
            if let Some(step) = Caller::Own(breaker).take_turn(&mut call, turn, Fallback::None) {
                end(breaker, step);
            }
        }
        settled(breaker);
    });
}

/// Beside a call that sleeps in the queue, behind one for which `gone` decides.
fn a_call_that_is_gone(
    gone: impl Fn(Queued<'static>, &'static CircuitBreaker) + Sync + Send + Copy + 'static,
) {
    few(3, move || {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let leaves = queued(Caller::Own(breaker));
        let sleeps = thread::spawn(move || call(breaker));
        let other = thread::spawn(move || first.success());
        gone(leaves, breaker);
        other.join().unwrap();
        assert_eq!(sleeps.join().unwrap(), Ok(()));
        settled(breaker);
    });
}

#[test]
fn a_place_given_to_a_call_that_is_dropped_is_passed_on() {
    a_call_that_is_gone(|call, _| drop(call));
}

#[test]
fn a_place_given_to_a_call_that_gives_up_is_taken_or_passed_on() {
    a_call_that_is_gone(|mut call, breaker| {
        let step = Caller::Own(breaker).give_up(&mut call, Fallback::None);
        assert!(end(breaker, step).is_none_or(|reason| reason == Rejection::TooManyCalls));
    });
}

#[test]
fn a_circuit_that_opens_meanwhile_rejects_all_that_wait() {
    few(3, || {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let caller = Caller::Own(breaker);
        // A call that comes later may still be admitted before the circuit opens.
        let others = [(); 2].map(|()| queued(caller)).map(|queued| {
            thread::spawn(move || {
                let entered = caller.block_in_queue(queued, Fallback::None);
                entered.map(|_| ()).map_err(|error| error.reason())
            })
        });
        first.failure();
        for other in others {
            assert_eq!(other.join().unwrap(), Err(Rejection::Open));
        }
        settled(breaker);
    });
}

#[test]
fn a_call_that_has_a_place_when_the_circuit_opens_is_rejected_and_gives_it_back() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(one().max_concurrent(2));
        let [first, second] = [(); 2].map(|()| hold(breaker));
        let caller = Caller::Own(breaker);
        let mut waits = queued(caller);
        let other = thread::spawn(move || first.success());
        second.failure();
        other.join().unwrap();
        // It has the place of the first, or that of the second, or was sent away.
        let turn = waits.look(Waker::noop());
        let step = caller.take_turn(&mut waits, turn, Fallback::None).expect("it waits on");
        assert_eq!(end(breaker, step), Some(Rejection::Open));
        settled(breaker);
    });
}

/// The place stays taken: only `change` lets the call that waits go on.
fn is_heard_of(
    change: impl Fn(&CircuitBreaker) + Sync + Send + Copy + 'static,
    answer: Result<(), Rejection>,
) {
    loom::model(move || {
        let _time = freeze();
        let breaker = breaker(one());
        let first = hold(breaker);
        let other = thread::spawn(move || call(breaker));
        change(breaker);
        assert_eq!(other.join().unwrap(), answer);
        first.success();
        settled(breaker);
    });
}

#[test]
fn a_mode_is_heard_of_by_a_call_that_waits_or_is_about_to() {
    is_heard_of(CircuitBreaker::force_open, Err(Rejection::ForcedOpen));
    is_heard_of(CircuitBreaker::disable, Ok(()));
}

#[test]
fn an_opening_is_heard_of_by_a_call_that_waits_or_is_about_to() {
    is_heard_of(|breaker| breaker.open_for(SECOND), Err(Rejection::Open));
}

/// Of two calls that are in flight where there is one place, the one that ends frees none.
#[test]
fn a_failure_that_frees_no_place_is_heard_of_by_a_call_that_waits_or_is_about_to() {
    loom::model(|| {
        let _time = freeze();
        let breaker = breaker(one().max_concurrent(2));
        let [first, second] = [(); 2].map(|()| hold(breaker));
        breaker.reconfigure(one()).unwrap();
        let other = thread::spawn(move || call(breaker));
        second.failure();
        assert_eq!(other.join().unwrap(), Err(Rejection::Open));
        first.success();
        settled(breaker);
    });
}

#[test]
fn more_places_are_heard_of_by_a_call_that_waits_or_is_about_to() {
    is_heard_of(|breaker| breaker.reconfigure(one().max_concurrent(2)).unwrap(), Ok(()));
}

/// One circuit for all keys.
fn keyed() -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::build(Name::given("model"), one(), Some(1))))
}

fn call_key(breaker: &'static CircuitBreaker, key: &str) -> Result<(), Rejection> {
    let (_, admission) =
        Caller::Key(breaker, key).block(Fallback::None).map_err(|error| error.reason())?;
    assert!(admission.ticket.is_uncounted(), "no circuit is left for it");
    Ok(())
}

#[test]
fn a_call_whose_key_is_forgotten_does_not_wait_any_longer() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed();
        let first = Caller::Key(breaker, "key").block(Fallback::None).unwrap();
        let other = thread::spawn(move || call_key(breaker, "key"));
        breaker.forget("key");
        // The circuit is still held by the call that has its place.
        assert_eq!(other.join().unwrap(), Ok(()));
        breaker.give_back(first.0);
        Caller::Key(breaker, "next").block(Fallback::None).unwrap();
        assert!(breaker.snapshot_of("next").is_some());
    });
}

#[test]
fn a_key_that_waits_for_a_circuit_gets_it_when_no_call_waits_any_more() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed();
        let first = Caller::Key(breaker, "key").block(Fallback::None).unwrap();
        let waits = queued(Caller::Key(breaker, "key"));
        let other = thread::spawn(move || drop(waits));
        let another = thread::spawn(move || breaker.give_back(first.0));
        // It may come before both, between them or after.
        let ask = || Caller::Key(breaker, "next").block(Fallback::None).unwrap();
        let (circuit, admission) = ask();
        other.join().unwrap();
        another.join().unwrap();
        if admission.ticket.is_in_bulkhead() {
            breaker.give_back(circuit);
        }
        ask();
        assert!(breaker.snapshot_of("next").is_some());
    });
}
