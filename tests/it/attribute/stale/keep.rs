//! What is kept: so many, cloned outside of locks, and nothing is lost to a panic.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::super::{Answer, Error, circuit, is_rejected};
use crate::support::{crash, poll_once, ready, secs, wait_once};

/// How many of them there are.
#[derive(Debug)]
struct Counted(Arc<()>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted(Arc::clone(&self.0))
    }
}

#[test]
fn memory_is_bounded_under_a_million_arguments_and_the_least_recently_used_goes() {
    thread_local! {
        static TOKEN: Arc<()> = Arc::new(());
    }
    #[circuit_breaker(name = "stale: bound", stale = "10m", stale_key = n, max_stale = 100)]
    fn call(n: u32) -> Result<Counted, Error> {
        Ok(Counted(TOKEN.with(Arc::clone)))
    }
    let _time = freeze();
    for n in 0..1_000_000 {
        let _ = call(n);
        // Used all the time.
        if n % 50 == 0 {
            let _ = call(7);
        }
    }
    assert_eq!(TOKEN.with(Arc::strong_count), 101);
    circuit("stale: bound").force_open();
    let some = (0..1_000_000).filter(|n| *n < 10 || n % 999 == 0 || *n > 999_000);
    let kept = some.filter(|n| call(*n).is_ok()).collect::<Vec<_>>();
    assert_eq!((kept.len(), kept[0], kept[1]), (100, 7, 999_901));
}

#[test]
fn without_a_bound_ten_thousand_are_kept() {
    static LIMIT: AtomicU32 = AtomicU32::new(0);
    #[circuit_breaker(name = "stale: ten thousand", stale = "10m", stale_key = n)]
    fn call(n: u32) -> Result<u32, Error> {
        LIMIT.fetch_max(n, Ordering::Relaxed);
        Ok(n)
    }
    for n in 0..10_001 {
        assert!(call(n).is_ok());
    }
    circuit("stale: ten thousand").force_open();
    assert!(call(0).is_err());
    assert!((1..10_001).all(|n| matches!(call(n), Ok(same) if same == n)));
}

thread_local! {
    static CRASHES: Cell<bool> = const { Cell::new(false) };
}

/// A value whose clone may panic.
#[derive(Debug, PartialEq)]
struct Fragile(u8);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        if CRASHES.get() {
            crash();
        }
        Fragile(self.0)
    }
}

#[test]
fn a_panicking_clone_loses_nothing() {
    #[circuit_breaker(name = "stale: fragile", threshold = 9, stale = "10m", stale_key = ())]
    fn call(n: u8) -> Result<Fragile, Error> {
        Ok(Fragile(n))
    }
    let _time = freeze();
    assert_eq!(Ok(Fragile(1)), call(1));
    CRASHES.set(true);
    assert_eq!(Ok(Fragile(2)), call(2), "the call's own answer");
    let circuit = circuit("stale: fragile");
    let seen = circuit.snapshot();
    assert_eq!((2, 0, 0), (seen.successes, seen.failures, seen.panicked));
    circuit.force_open();
    assert!(matches!(call(3), Err(Error::Open(_))), "as if there were nothing");
    CRASHES.set(false);
    assert_eq!(Ok(Fragile(1)), call(3), "what was kept before is kept still");
    assert_eq!(1, circuit.snapshot().stale);
}

#[test]
fn what_is_not_counted_is_not_kept() {
    #[circuit_breaker(
        name = "stale: not counted",
        threshold = 1,
        recovery = "1h",
        stale = "10m",
        stale_key = key
    )]
    async fn call(key: u8, answer: Answer) -> Answer {
        if key == 1 {
            wait_once().await;
        }
        answer
    }
    let run = |key, answer| ready(call(key, answer));
    let _time = freeze();
    let mut late = pin!(call(1, Ok(1)));
    assert!(poll_once(late.as_mut()).is_pending());
    assert_eq!(Err(Error::Down), run(0, Err(Error::Down)));
    let circuit = circuit("stale: not counted");
    assert!(poll_once(late).is_ready());
    circuit.shadow();
    assert_eq!(Ok(2), run(2, Ok(2)), "it would have been rejected");
    circuit.disable();
    assert_eq!(Ok(3), run(3, Ok(3)));
    let seen = circuit.snapshot();
    assert_eq!((1, 1, 1), (seen.successes, seen.late, seen.rejected), "{seen}");
    circuit.force_open();
    assert!(is_rejected(run(1, Ok(9))), "it came late");
    assert!(is_rejected(run(2, Ok(9))), "only shadow let it run");
    assert_eq!(Ok(3), run(3, Ok(9)), "a disabled circuit counts its successes");
}

#[test]
fn the_success_of_a_probe_that_hung_is_kept() {
    #[circuit_breaker(
        name = "stale: hung",
        threshold = 1,
        recovery = "10s",
        probe_timeout = "1s",
        success_threshold = 2,
        probes = 2,
        stale = "10m",
        stale_key = key
    )]
    async fn call(key: u8, answer: Answer) -> Answer {
        if answer.is_ok() {
            wait_once().await;
        }
        answer
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), ready(call(0, Err(Error::Down))));
    time.advance(secs(10));
    let mut probes = [0, 1, 2].map(|key| Box::pin(call(key, Ok(u32::from(key)))));
    assert!(poll_once(probes[0].as_mut()).is_pending());
    assert!(poll_once(probes[1].as_mut()).is_pending());
    time.advance(secs(1));
    assert!(poll_once(probes[2].as_mut()).is_pending(), "of the next round");
    assert!(poll_once(probes[1].as_mut()).is_ready());
    let circuit = circuit("stale: hung");
    assert_eq!((State::HalfOpen, 1), (circuit.state(), circuit.snapshot().successes));
    circuit.force_open();
    assert_eq!(Ok(1), ready(call(1, Ok(9))));
}

#[test]
fn a_clock_that_went_back_prolongs_no_value() {
    #[circuit_breaker(name = "stale: back", stale = "10m", stale_key = ())]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    time.advance(secs(36_000));
    assert_eq!(Ok(7), call(Ok(7)));
    drop(time);
    let time = freeze();
    circuit("stale: back").force_open();
    time.advance(secs(35_000));
    assert!(is_rejected(call(Ok(9))), "nobody knows how old it is");
}

#[test]
fn a_value_that_is_too_old_is_dropped_when_it_is_looked_up() {
    thread_local! {
        static TOKEN: Arc<()> = Arc::new(());
    }
    #[circuit_breaker(name = "stale: dropped", stale = "10m", stale_key = key)]
    fn call(key: u8) -> Result<Counted, Error> {
        Ok(Counted(TOKEN.with(Arc::clone)))
    }
    let kept = || TOKEN.with(Arc::strong_count) - 1;
    let time = freeze();
    assert!(call(1).is_ok() && call(2).is_ok());
    let circuit = circuit("stale: dropped");
    circuit.reset();
    circuit.force_open();
    assert_eq!(2, kept(), "`reset` keeps them");
    time.advance(secs(601));
    assert!(call(1).is_err());
    assert_eq!(1, kept(), "nobody has asked for the other");
}

type Call = fn() -> Result<Reentrant, Error>;

thread_local! {
    static TWIN: Cell<Option<Call>> = const { Cell::new(None) };
}

/// A value that calls its function when it is cloned, and when it is dropped.
#[derive(Debug)]
struct Reentrant;

impl Clone for Reentrant {
    fn clone(&self) -> Self {
        if let Some(call) = TWIN.take() {
            let _ = call();
        }
        Reentrant
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        if let Some(call) = TWIN.take() {
            let _ = call();
        }
    }
}

#[test]
fn nothing_of_the_users_runs_under_the_lock() {
    #[circuit_breaker(name = "stale: reentrant", stale = "10m", stale_key = (), max_stale = 1)]
    fn call() -> Result<Reentrant, Error> {
        Ok(Reentrant)
    }
    let again = || TWIN.set(Some(call as Call));
    let _ = call();
    again();
    let _ = call();
    circuit("stale: reentrant").force_open();
    again();
    assert!(call().is_ok(), "it calls itself while it is cloned");
    assert!(TWIN.take().is_none());
}

#[test]
fn a_value_lives_no_longer_than_it_is_kept() {
    thread_local! {
        static KEPT: Cell<Option<Weak<()>>> = const { Cell::new(None) };
    }
    #[circuit_breaker(name = "stale: weak", stale = "10m", stale_key = ())]
    fn call() -> Result<Arc<()>, Error> {
        let value = Arc::new(());
        KEPT.set(Some(Arc::downgrade(&value)));
        Ok(value)
    }
    let _ = call();
    let first = KEPT.take().unwrap();
    assert!(first.upgrade().is_some());
    let _ = call();
    assert!(first.upgrade().is_none(), "another took its place");
}
