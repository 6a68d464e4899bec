//! Sync functions in real threads, which hang for ever: what only `stall` protects from.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use circuit_runtime::{CircuitOpenError, Rejection, State, circuit_breaker};
use tokio::runtime::{Builder, Runtime};

use super::circuit;

#[derive(Debug, PartialEq)]
struct Refused(Option<Rejection>);

impl From<CircuitOpenError> for Refused {
    fn from(error: CircuitOpenError) -> Self {
        Refused(Some(error.reason()))
    }
}

/// Says that it has begun, and never returns.
fn never(began: &mpsc::Sender<()>) -> Result<(), Refused> {
    began.send(()).unwrap();
    loop {
        thread::park();
    }
}

/// Calls that have begun, each on a thread that is left behind: the process ends without it.
fn left_behind(calls: usize, call: fn(&mpsc::Sender<()>) -> Result<(), Refused>) {
    let (began, has_begun) = mpsc::channel();
    for _ in 0..calls {
        let began = began.clone();
        thread::spawn(move || call(&began));
    }
    has_begun.iter().take(calls).count();
}

#[test]
fn functions_that_never_return_open_their_circuit() {
    #[circuit_breaker(name = "never returns", threshold = 5, stall = "20ms", recovery = "1h")]
    fn hangs(began: &mpsc::Sender<()>) -> Result<(), Refused> {
        never(began)
    }

    left_behind(5, hangs);
    let breaker = circuit("never returns");
    while breaker.state() != State::Open {
        // The limit is of real time.
        thread::yield_now();
    }
    let (began, _) = mpsc::channel();
    assert_eq!(hangs(&began), Err(Refused(Some(Rejection::Open))));
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.failures, seen.in_flight), (5, 5, Some(5)));
}

#[test]
fn places_of_the_bulkhead_that_hang_for_ever_stay_taken() {
    #[circuit_breaker(
        name = "hangs in its place",
        threshold = 5,
        stall = "20ms",
        max_concurrent = 2,
        recovery = "1ns"
    )]
    fn hangs(began: &mpsc::Sender<()>) -> Result<(), Refused> {
        never(began)
    }

    left_behind(2, hangs);
    let breaker = circuit("hangs in its place");
    while breaker.snapshot().stalled != 2 {
        thread::yield_now();
    }
    let (began, _) = mpsc::channel();
    assert_eq!(hangs(&began), Err(Refused(Some(Rejection::TooManyCalls))));
    assert_eq!((breaker.state(), breaker.snapshot().in_flight), (State::Closed, Some(2)));
}

#[test]
fn a_pool_larger_than_the_bulkhead_goes_on_serving_other_work() {
    #[derive(Debug, PartialEq)]
    enum Said {
        Began,
        Refused(Rejection),
        OtherWork(usize),
    }

    #[circuit_breaker(
        name = "hangs in a pool",
        threshold = 2,
        stall = "20ms",
        max_concurrent = 2,
        recovery = "1h"
    )]
    fn hangs(says: &mpsc::Sender<Said>) -> Result<(), Refused> {
        says.send(Said::Began).unwrap();
        loop {
            thread::park();
        }
    }

    // Left behind, as its threads are: it would wait for them.
    let runtime: &Runtime =
        Box::leak(Box::new(Builder::new_current_thread().max_blocking_threads(3).build().unwrap()));
    let (says, said) = mpsc::channel();
    let call = || {
        let says = says.clone();
        runtime.spawn_blocking(move || {
            if let Err(Refused(Some(reason))) = hangs(&says) {
                says.send(Said::Refused(reason)).unwrap();
            }
        });
    };
    let serves_other_work = || {
        for number in 0..100 {
            let says = says.clone();
            runtime.spawn_blocking(move || says.send(Said::OtherWork(number)).unwrap());
        }
        // One thread is left, which takes them in their order.
        let numbers: Vec<Said> = said.iter().take(100).collect();
        assert_eq!(numbers, (0..100).map(Said::OtherWork).collect::<Vec<_>>());
    };

    // All threads of the pool are in calls at once, and one comes back.
    (0..3).for_each(|_| call());
    let first: Vec<Said> = said.iter().take(3).collect();
    assert_eq!(first.iter().filter(|said| **said == Said::Began).count(), 2, "{first:?}");
    serves_other_work();
    let breaker = circuit("hangs in a pool");
    while breaker.state() != State::Open {
        // The limit is of real time.
        thread::yield_now();
    }
    // However many more there are.
    (0..20).for_each(|_| call());
    let rejected: Vec<Said> = said.iter().take(20).collect();
    assert!(rejected.iter().all(|said| *said == Said::Refused(Rejection::Open)), "{rejected:?}");
    serves_other_work();
    assert_eq!((breaker.snapshot().stalled, breaker.snapshot().in_flight), (2, Some(2)));
}

#[test]
fn calls_on_many_threads_are_each_counted_once() {
    #[circuit_breaker(name = "hangs at times", threshold = 1_000_000, stall = "2ms")]
    fn takes(time: Duration) -> Result<(), Refused> {
        thread::sleep(time);
        Ok(())
    }

    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                for call in 0..200 {
                    // Around the limit, so that calls end as they are counted.
                    takes(Duration::from_micros(1_800 + 150 * (call % 7) + number)).unwrap();
                }
            });
        }
    });
    let seen = circuit("hangs at times").snapshot();
    assert_eq!(
        (seen.successes + seen.stalled, seen.failures, seen.late),
        (800, seen.stalled, seen.stalled)
    );
    assert_eq!(seen.in_flight, Some(0));
}
