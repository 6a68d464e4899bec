//! Calls that block a thread.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use circuit_runtime::{CircuitBreaker, Rejection, State};

use super::{Error, ONE, reason, until_waiting, waiting};
use crate::support::{NANOSECOND, breaker, crash, crashes};

/// A call on this thread that waits and then succeeds.
fn call(breaker: &CircuitBreaker) -> Result<(), Error> {
    breaker.call(|| Ok::<_, Error>(())).map_err(reason)
}

/// What a call gets that waits while `meanwhile` happens, with the one place taken.
fn waits(breaker: &CircuitBreaker, meanwhile: impl FnOnce()) -> Result<(), Error> {
    thread::scope(|threads| {
        let waits = threads.spawn(|| call(breaker));
        until_waiting(breaker, 1);
        meanwhile();
        let answer = waits.join().unwrap();
        assert_eq!(waiting(breaker), 0);
        answer
    })
}

#[test]
fn a_call_waits_until_one_in_flight_ends() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    assert_eq!(waits(&breaker, || first.success()), Ok(()));
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.rejected, seen.in_flight), (2, 0, Some(0)));
}

#[test]
fn a_call_that_has_waited_long_enough_is_rejected() {
    let breaker = breaker(ONE.max_wait(NANOSECOND));
    let first = breaker.try_acquire().unwrap();
    assert_eq!(call(&breaker), Err(Error::Rejected(Rejection::TooManyCalls)));
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.rejected, seen.waiting), (State::Closed, 1, Some(0)));
    first.success();
    assert_eq!(call(&breaker), Ok(()));
}

#[test]
fn calls_get_places_in_the_order_in_which_they_came() {
    let breaker = breaker(ONE);
    let order = Mutex::new(Vec::new());
    let first = breaker.try_acquire().unwrap();
    thread::scope(|threads| {
        for number in 0..5 {
            let (breaker, order) = (&breaker, &order);
            threads.spawn(move || {
                breaker.call_with(
                    |()| circuit_runtime::Outcome::Success,
                    || {
                        order.lock().unwrap().push(number);
                    },
                )
            });
            until_waiting(breaker, number + 1);
        }
        first.success();
    });
    assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_permit_by_hand_is_never_waited_for_and_never_comes_before_a_call_that_waits() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let answer = waits(&breaker, || {
        let error = breaker.try_acquire().map(|_| ()).unwrap_err();
        assert_eq!(error.reason(), Rejection::TooManyCalls);
        first.success();
    });
    assert_eq!(answer, Ok(()));
}

#[test]
fn a_circuit_that_opens_meanwhile_rejects_all_that_wait() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    thread::scope(|threads| {
        let wait = [(); 3].map(|()| threads.spawn(|| call(&breaker)));
        until_waiting(&breaker, 3);
        first.failure();
        let answers = wait.map(|call| call.join().unwrap());
        assert_eq!(answers, [(); 3].map(|()| Err(Error::Rejected(Rejection::Open))));
    });
    let seen = breaker.snapshot();
    assert_eq!((seen.failures, seen.rejected, seen.in_flight), (1, 3, Some(0)));
}

#[test]
fn a_mode_that_rejects_is_heard_of_at_once() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let answer = waits(&breaker, || breaker.force_open());
    assert_eq!(answer, Err(Error::Rejected(Rejection::ForcedOpen)));
    first.success();
    breaker.resume();
    assert_eq!(call(&breaker), Ok(()));
}

#[test]
fn a_mode_that_lets_calls_pass_is_heard_of_at_once() {
    for mode in [CircuitBreaker::disable, CircuitBreaker::shadow] {
        let breaker = breaker(ONE);
        let first = breaker.try_acquire().unwrap();
        assert_eq!(waits(&breaker, || mode(&breaker)), Ok(()));
        first.success();
        assert_eq!(breaker.snapshot().in_flight, Some(0));
    }
}

#[test]
fn in_shadow_no_call_waits() {
    let breaker = breaker(ONE);
    breaker.shadow();
    let _first = breaker.try_acquire().unwrap();
    assert_eq!((call(&breaker), breaker.snapshot().rejected), (Ok(()), 1));
}

#[test]
fn more_places_are_given_to_the_calls_that_wait() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let more = || breaker.reconfigure(ONE.max_concurrent(2)).unwrap();
    assert_eq!(waits(&breaker, more), Ok(()));
    first.success();
}

#[test]
fn without_max_wait_any_more_the_calls_that_wait_are_rejected() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    thread::scope(|threads| {
        let waits = threads.spawn(|| call(&breaker));
        until_waiting(&breaker, 1);
        breaker.reconfigure(super::FRAGILE.max_concurrent(1)).unwrap();
        assert_eq!(waits.join().unwrap(), Err(Error::Rejected(Rejection::TooManyCalls)));
    });
    assert_eq!(breaker.snapshot().waiting, None);
    first.success();
}

#[test]
fn a_call_that_waits_holds_no_place_of_a_probe() {
    let (time, breaker) = crate::support::half_open(ONE.max_concurrent(2).probes(2));
    let [probe, other] = [(); 2].map(|()| breaker.try_acquire().unwrap());
    other.ignore();
    breaker.reconfigure(ONE.probes(2)).unwrap();
    // The bulkhead refuses what might be the second probe.
    let answer = waits(&breaker, || probe.success());
    assert_eq!((answer, breaker.state()), (Ok(()), State::Closed));
    drop(time);
}

#[test]
fn a_body_that_panics_passes_its_place_on() {
    let breaker = breaker(ONE.threshold(10));
    let began = AtomicU32::new(0);
    let body = || -> Result<(), ()> {
        began.store(1, Ordering::SeqCst);
        until_waiting(&breaker, 1);
        crash()
    };
    thread::scope(|threads| {
        let first = threads.spawn(|| crashes(|| breaker.call(body)));
        while began.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        assert_eq!(call(&breaker), Ok(()));
        assert!(first.join().unwrap());
    });
}

#[test]
fn eight_threads_that_wait_never_hold_more_places_than_there_are_and_all_get_one() {
    let breaker = breaker(ONE.max_concurrent(3));
    let (in_flight, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..500 {
                    let count = || {
                        let now = in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        in_flight.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, Error>(())
                    };
                    breaker.call(count).unwrap();
                }
            });
        }
    });
    assert!(most.into_inner() <= 3);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.in_flight, seen.waiting), (4_000, Some(0), Some(0)));
}

#[test]
fn max_wait_stays_what_it_was_when_the_call_began_to_wait() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let answer = waits(&breaker, || {
        breaker.reconfigure(ONE.max_wait(NANOSECOND)).unwrap();
        first.success();
    });
    assert_eq!(answer, Ok(()));
}
