//! `max_concurrent`: how many calls may be in flight at once.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Outcome, Permit, Rejection, State};

use crate::support::{
    FRAGILE, admits, breaker, crash, crashes, fail, poll_once, reason, rejection, secs, succeed,
    wait_once,
};

const TWO: Config = Config::new().max_concurrent(2);

fn begin(breaker: &CircuitBreaker) -> Permit<'_> {
    breaker.try_acquire().unwrap()
}

#[test]
fn more_calls_in_flight_are_rejected() {
    let breaker = breaker(TWO);
    let _in_flight = [begin(&breaker), begin(&breaker)];
    let error = rejection(&breaker);
    assert_eq!((Rejection::TooManyCalls, None), (error.reason(), error.retry_after()));
}

#[test]
fn a_rejection_by_the_bulkhead_is_no_failure() {
    let breaker = breaker(TWO.threshold(1));
    let _in_flight = [begin(&breaker), begin(&breaker)];
    for _ in 0..10 {
        rejection(&breaker);
    }
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 0, 10), (seen.state, seen.failures, seen.rejected));
}

#[test]
fn every_ending_gives_the_place_back() {
    let endings: [fn(Permit<'_>); 4] = [
        |permit| permit.record(Outcome::Success),
        |permit| permit.record(Outcome::Failure),
        |permit| permit.record(Outcome::Ignored),
        |permit| drop(permit),
    ];
    for ending in endings {
        let breaker = breaker(Config::new().max_concurrent(1));
        for _ in 0..3 {
            let permit = begin(&breaker);
            assert_eq!(Rejection::TooManyCalls, reason(&breaker));
            ending(permit);
            assert!(admits(&breaker));
        }
    }
}

#[test]
fn a_panic_gives_the_place_back() {
    let breaker = breaker(Config::new().max_concurrent(1));
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert!(admits(&breaker));
}

#[test]
fn a_future_holds_its_place_from_the_first_poll_to_its_end() {
    let breaker = breaker(Config::new().max_concurrent(1));
    let mut call = pin!(breaker.call_async(async {
        wait_once().await;
        Ok::<_, ()>(())
    }));
    assert!(admits(&breaker));
    assert!(poll_once(call.as_mut()).is_pending());
    assert!(!admits(&breaker));
    assert!(poll_once(call.as_mut()).is_ready());
    assert!(admits(&breaker));
}

#[test]
fn a_dropped_future_gives_its_place_back() {
    let breaker = breaker(Config::new().max_concurrent(1));
    let mut call = Box::pin(breaker.call_async(std::future::pending::<Result<(), ()>>()));
    assert!(poll_once(call.as_mut()).is_pending());
    assert!(!admits(&breaker));
    drop(call);
    assert!(admits(&breaker));
}

#[test]
fn a_call_holds_its_place_across_periods() {
    let time = freeze();
    let breaker = breaker(FRAGILE.max_concurrent(2));
    let early = begin(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());

    let second = begin(&breaker);
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    early.success();
    assert_eq!(1, breaker.snapshot().late);
    assert!(admits(&breaker));
    second.success();
}

#[test]
fn reset_leaves_the_places_with_the_calls_that_hold_them() {
    let breaker = breaker(Config::new().max_concurrent(1));
    let early = begin(&breaker);
    breaker.reset();
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    drop(early);
    assert!(admits(&breaker));
}

#[test]
fn the_circuit_is_asked_first() {
    let breaker = breaker(FRAGILE.max_concurrent(2));
    let _in_flight = begin(&breaker);
    fail(&breaker, 1);
    assert_eq!(Rejection::Open, reason(&breaker));
}

#[test]
fn a_probe_that_the_bulkhead_refuses_gives_its_place_back() {
    let time = freeze();
    let breaker = breaker(FRAGILE.probes(2).max_concurrent(2));
    let early = begin(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    let _probe = begin(&breaker);
    for _ in 0..10 {
        assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    }
    drop(early);
    let _second = begin(&breaker);
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn when_the_bulkhead_refuses_the_only_probe_the_next_one_gets_through() {
    let time = freeze();
    let breaker = breaker(FRAGILE.max_concurrent(2));
    let holder = begin(&breaker);
    fail(&breaker, 1);
    breaker.reconfigure(breaker.config().max_concurrent(1)).unwrap();
    time.advance(secs(10));
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    assert_eq!(State::HalfOpen, breaker.state());
    drop(holder);
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn eight_threads_never_hold_more_places_than_there_are() {
    let breaker = breaker(Config::new().max_concurrent(3));
    let (in_flight, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..2_000 {
                    if let Ok(permit) = breaker.try_acquire() {
                        most.fetch_max(
                            in_flight.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        thread::yield_now();
                        in_flight.fetch_sub(1, Ordering::SeqCst);
                        permit.success();
                    }
                }
            });
        }
    });
    assert!(most.into_inner() <= 3);
    let all = [begin(&breaker), begin(&breaker), begin(&breaker)];
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    drop(all);
}

#[test]
fn a_disabled_circuit_has_no_bulkhead() {
    let breaker = breaker(Config::new().max_concurrent(1));
    breaker.disable();
    let in_flight = [begin(&breaker), begin(&breaker), begin(&breaker)];
    drop(in_flight);
    breaker.resume();
    let _one = begin(&breaker);
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
}

#[test]
fn in_shadow_the_bulkhead_only_counts() {
    let breaker = breaker(Config::new().max_concurrent(1));
    breaker.shadow();
    let placed = begin(&breaker);
    drop([begin(&breaker), begin(&breaker)]);
    assert_eq!(2, breaker.snapshot().rejected);
    drop(placed);
    breaker.resume();
    let _one = begin(&breaker);
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
}

#[test]
fn a_snapshot_shows_how_many_calls_hold_a_place() {
    let breaker = breaker(TWO);
    let in_flight = || breaker.snapshot().in_flight;
    assert_eq!(in_flight(), Some(0));
    let [first, second] = [(); 2].map(|()| breaker.try_acquire().unwrap());
    breaker.try_acquire().unwrap_err();
    assert_eq!(in_flight(), Some(2));
    first.success();
    assert_eq!(in_flight(), Some(1));
    breaker.reconfigure(Config::new()).unwrap();
    assert_eq!(in_flight(), None, "they are no longer counted");
    second.success();
    breaker.reconfigure(TWO).unwrap();
    assert_eq!(in_flight(), Some(0));
}
