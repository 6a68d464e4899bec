//! The circuit opens while calls wait and every place stays taken: they are rejected at once.

use std::pin::pin;
use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CallError, CircuitBreaker, Config, KeyedBreaker, Outcome, Permit, Rejection, State, find,
};

use super::{Error, LONG, ONE, circuit_breaker, until_waiting, waiting};
use crate::support::{breaker, millis, poll_once, secs};

/// What opens a circuit.
#[derive(Clone, Copy)]
struct Way {
    config: Config,
    /// So many calls are in flight that the end of each leaves the only place taken.
    calls: u32,
    open: fn(&CircuitBreaker, Vec<Permit<'_>>),
}

impl Way {
    /// The circuit, with its only place taken, and the calls that open it.
    fn begin(self, breaker: &CircuitBreaker) -> (Permit<'_>, Vec<Permit<'_>>) {
        breaker.reconfigure(self.config.max_concurrent(self.calls + 1)).unwrap();
        let place = breaker.try_acquire().unwrap();
        let calls = (0..self.calls).map(|_| breaker.try_acquire().unwrap()).collect();
        breaker.reconfigure(self.config).unwrap();
        (place, calls)
    }
}

fn fail_all(_: &CircuitBreaker, calls: Vec<Permit<'_>>) {
    calls.into_iter().for_each(Permit::failure);
}

/// Each opens for ten seconds.
const WAYS: [Way; 6] = [
    Way { config: ONE, calls: 1, open: fail_all },
    Way {
        config: ONE.threshold(9),
        calls: 1,
        open: |_, calls| {
            for call in calls {
                call.record(Outcome::OpenFor(secs(10)));
            }
        },
    },
    Way {
        config: ONE.threshold(2).merge_failures(millis(1)),
        calls: 2,
        open: |_, calls| {
            for call in calls {
                thread::sleep(millis(2));
                call.failure();
            }
        },
    },
    Way {
        config: ONE.threshold(9),
        calls: 1,
        open: |breaker, calls| {
            breaker.suspect(LONG);
            fail_all(breaker, calls);
        },
    },
    Way { config: ONE.threshold(9), calls: 0, open: |breaker, _| breaker.open_for(secs(10)) },
    Way {
        config: ONE.stall(secs(5)),
        calls: 0,
        open: |breaker, _| {
            breaker.reconfigure(ONE.stall(millis(1))).unwrap();
            while breaker.state() != State::Open {
                thread::sleep(millis(1));
            }
        },
    },
];

fn succeed() -> Result<(), ()> {
    Ok(())
}

/// The call was rejected by the open circuit, and knows for how long.
#[track_caller]
fn is_rejected(answer: Result<(), CallError<()>>) {
    let Err(CallError::Open(error)) = answer else { panic!("{answer:?}") };
    assert_eq!(error.reason(), Rejection::Open);
    assert!(error.retry_after().is_some_and(|left| left <= secs(10)), "{error:?}");
}

#[test]
fn a_thread_that_waits_is_rejected_however_the_circuit_opens() {
    for way in WAYS {
        let breaker = breaker(way.config);
        let (place, calls) = way.begin(&breaker);
        thread::scope(|threads| {
            let wait = [(); 2].map(|()| threads.spawn(|| breaker.call(succeed)));
            until_waiting(&breaker, 2);
            (way.open)(&breaker, calls);
            for call in wait {
                is_rejected(call.join().unwrap());
            }
        });
        let seen = breaker.snapshot();
        assert_eq!((seen.state, seen.rejected, seen.in_flight), (State::Open, 2, Some(1)));
        assert_eq!(seen.waiting, Some(0));
        drop(place);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_is_rejected_however_the_circuit_opens() {
    for way in WAYS {
        let breaker = breaker(way.config);
        let (place, calls) = way.begin(&breaker);
        let mut wait = [(); 2].map(|()| Box::pin(breaker.call_async(async { Ok(()) })));
        assert!(wait.iter_mut().all(|call| poll_once(call.as_mut()).is_pending()));
        (way.open)(&breaker, calls);
        assert_eq!(waiting(&breaker), 0);
        for call in wait {
            is_rejected(call.await);
        }
        drop(place);
    }
}

/// A half-open circuit whose only place a call from before keeps, the first of its two probes, and a call
/// that waits to be the second.
macro_rules! half_open_and_waited_for {
    ($breaker:ident, $probe:ident, $waits:ident, $rules:expr) => {
        let time = freeze();
        let $breaker = breaker($rules.max_concurrent(3));
        let _place = $breaker.try_acquire().unwrap();
        $breaker.try_acquire().unwrap().failure();
        time.advance(secs(10));
        let $probe = $breaker.try_acquire().unwrap();
        $breaker.reconfigure($rules).unwrap();
        let mut $waits = pin!($breaker.call_async(async { Ok(()) }));
        assert!(poll_once($waits.as_mut()).is_pending());
        assert_eq!(($breaker.state(), waiting(&$breaker)), (State::HalfOpen, 1));
    };
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_is_rejected_by_a_circuit_that_opens_again() {
    half_open_and_waited_for!(breaker, probe, waits, ONE.probes(2).success_threshold(2));
    probe.failure();
    assert_eq!((breaker.state(), waiting(&breaker)), (State::Open, 0));
    is_rejected(waits.await);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_is_rejected_by_a_circuit_that_other_rules_open() {
    half_open_and_waited_for!(breaker, probe, waits, ONE.probes(2));
    probe.failure();
    assert_eq!((breaker.state(), waiting(&breaker)), (State::HalfOpen, 1));
    // The failure decides now. There is no place for who waits, though more places than before.
    breaker.reconfigure(ONE.probes(2).success_threshold(2).max_concurrent(2)).unwrap();
    assert_eq!((breaker.state(), breaker.snapshot().in_flight), (State::Open, Some(1)));
    is_rejected(waits.await);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_waited_long_enough_notices_that_another_has_stalled() {
    let _time = freeze().follow_tokio();
    let breaker = breaker(ONE.stall(secs(1)).max_wait(secs(2)));
    let _hangs = breaker.try_acquire().unwrap();
    is_rejected(breaker.call_async(async { Ok(()) }).await);
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.rejected, seen.waiting), (1, 1, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn who_is_sent_away_by_a_wait_that_is_over_probes_when_there_is_a_place() {
    let time = freeze();
    let breaker = breaker(ONE);
    let place = breaker.try_acquire().unwrap();
    let mut waits = pin!(breaker.call_async(async { Ok::<_, ()>(()) }));
    assert!(poll_once(waits.as_mut()).is_pending());
    breaker.open_for(secs(1));
    time.advance(secs(1));
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!((breaker.state(), waiting(&breaker)), (State::HalfOpen, 1));
    place.success();
    assert_eq!((waits.await, breaker.state()), (Ok(()), State::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_for_a_circuit_that_opens() {
    #[circuit_breaker(name = "opened: fallback", max_concurrent = 1, max_wait = "1h", fallback = Ok(7))]
    async fn call() -> Result<u8, Error> {
        Ok(1)
    }
    assert_eq!(call().await, Ok(1));
    let breaker = find("opened: fallback").unwrap();
    let _place = breaker.try_acquire().unwrap();
    let mut waits = pin!(call());
    assert!(poll_once(waits.as_mut()).is_pending());
    breaker.open_for(LONG);
    assert_eq!(waiting(breaker), 0);
    assert_eq!((waits.await, breaker.snapshot().fallbacks), (Ok(7), 1));
}

#[test]
fn the_calls_of_a_key_hear_that_its_circuit_opens_and_no_others_do() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("opened: hosts", ONE, 10);
    let places = ["a", "b", "c"].map(|key| HOSTS.key(key).try_acquire().unwrap());
    thread::scope(|threads| {
        let wait = ["a", "b", "c"].map(|key| threads.spawn(move || HOSTS.key(key).call(succeed)));
        until_waiting(&HOSTS, 3);
        let [a, b, c] = wait;
        HOSTS.key("a").open_for(secs(10));
        is_rejected(a.join().unwrap());
        assert_eq!(waiting(&HOSTS), 2);
        HOSTS.open_for(secs(10));
        for call in [b, c] {
            is_rejected(call.join().unwrap());
        }
    });
    drop(places);
}
