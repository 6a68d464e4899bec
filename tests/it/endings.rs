//! When the circuit hears of a call's end, the call is over: its body has been dropped.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use circuit_runtime::{
    CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, OnCancel, circuit_breaker,
};

use crate::support::{FRAGILE, admits, breaker, crash, crashes, poll_once, ready, secs};

/// A body that is there until it is dropped.
struct Alive(Arc<AtomicBool>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Has the body capture what is named.
fn drop_late<T>(_: &T) {}

/// Whether a body is alive, and whether it was when the circuit opened.
#[derive(Clone, Default)]
struct Seen {
    alive: Arc<AtomicBool>,
    at_opening: Arc<AtomicBool>,
}

impl Seen {
    /// Watches for the one transition that a test makes.
    fn at(breaker: &CircuitBreaker) -> Self {
        let seen = Seen::default();
        let Seen { alive, at_opening } = seen.clone();
        at_opening.store(true, Ordering::Relaxed);
        breaker.on_transition(move |_| {
            at_opening.store(alive.load(Ordering::Relaxed), Ordering::Relaxed);
        });
        seen
    }

    fn begin(&self) -> Alive {
        self.alive.store(true, Ordering::Relaxed);
        Alive(Arc::clone(&self.alive))
    }

    /// The circuit opened, when the body was gone.
    #[track_caller]
    fn was_gone(&self) {
        assert!(!self.at_opening.load(Ordering::Relaxed), "the body was alive, or none opened");
    }
}

/// A future by hand, which nobody but its owner drops.
struct Body {
    _alive: Alive,
    poll: fn() -> Poll<Result<u32, Error>>,
}

impl Future for Body {
    type Output = Result<u32, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        (self.poll)()
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Error {
    #[error("down")]
    Down,
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
}

#[test]
fn of_a_call_by_hand_that_fails() {
    let breaker = breaker(FRAGILE);
    let seen = Seen::at(&breaker);
    let body = Body { _alive: seen.begin(), poll: || Poll::Ready(Err(Error::Down)) };
    assert!(ready(breaker.call_async(body)).is_err());
    seen.was_gone();
}

#[test]
fn of_a_call_by_hand_that_panics() {
    let breaker = breaker(FRAGILE);
    let seen = Seen::at(&breaker);
    let body = Body { _alive: seen.begin(), poll: || crash() };
    assert!(crashes(|| ready(breaker.call_async(body))));
    seen.was_gone();
    assert_eq!(1, breaker.snapshot().panicked);
}

#[test]
fn of_a_call_by_hand_that_is_dropped() {
    let breaker = breaker(FRAGILE.on_cancel(OnCancel::Failure));
    let seen = Seen::at(&breaker);
    let body = Body { _alive: seen.begin(), poll: || Poll::Pending };
    assert!(poll_once(pin!(breaker.call_async(body))).is_pending());
    seen.was_gone();
}

static FAILS: CircuitBreaker = CircuitBreaker::new("endings: fails", Config::new().threshold(1));

#[test]
fn of_an_annotated_function_that_fails() {
    #[circuit_breaker(breaker = FAILS)]
    async fn call(alive: Alive) -> Result<u32, Error> {
        drop_late(&alive);
        Err(Error::Down)
    }
    let seen = Seen::at(&FAILS);
    assert_eq!(Err(Error::Down), ready(call(seen.begin())));
    seen.was_gone();
}

static PANICS: CircuitBreaker = CircuitBreaker::new("endings: panics", Config::new().threshold(1));

#[test]
fn of_an_annotated_function_that_panics() {
    #[circuit_breaker(breaker = PANICS)]
    async fn call(alive: Alive) -> Result<u32, Error> {
        drop_late(&alive);
        crash()
    }
    let seen = Seen::at(&PANICS);
    assert!(crashes(|| ready(call(seen.begin()))));
    seen.was_gone();
}

static SYNC: CircuitBreaker = CircuitBreaker::new("endings: sync", Config::new().threshold(1));

#[test]
fn of_an_annotated_function_that_blocks() {
    #[circuit_breaker(breaker = SYNC)]
    fn call(alive: Alive) -> Result<u32, Error> {
        drop_late(&alive);
        Err(Error::Down)
    }
    let seen = Seen::at(&SYNC);
    assert_eq!(Err(Error::Down), call(seen.begin()));
    seen.was_gone();
}

static LATE: CircuitBreaker = CircuitBreaker::new("endings: late", Config::new().threshold(1));

#[tokio::test(start_paused = true)]
async fn of_an_annotated_function_that_times_out() {
    #[circuit_breaker(breaker = LATE, timeout = "1s")]
    async fn call(alive: Alive) -> Result<u32, Error> {
        drop_late(&alive);
        pending().await
    }
    let seen = Seen::at(&LATE);
    assert!(matches!(call(seen.begin()).await, Err(Error::TimedOut(_))));
    seen.was_gone();
}

static ANY: CircuitBreaker = CircuitBreaker::new("endings: any", Config::new().threshold(1));

#[tokio::test(start_paused = true)]
async fn of_an_annotated_function_that_times_out_under_a_fallback() {
    #[circuit_breaker(
        breaker = ANY,
        timeout = "1s",
        fallback = Ok(u32::from(seen.alive.load(Ordering::Relaxed))),
        fallback_on = any
    )]
    async fn call(seen: &Seen) -> Result<u32, Error> {
        let _kept = seen.begin();
        pending().await
    }
    let seen = Seen::at(&ANY);
    assert_eq!(Ok(0), call(&seen).await);
    seen.was_gone();
}

#[tokio::test(start_paused = true)]
async fn of_a_bulkhead_of_one_place_never_two_bodies_are_alive() {
    #[circuit_breaker(
        name = "endings: one place",
        threshold = 100,
        timeout = "1s",
        max_concurrent = 1
    )]
    async fn call(seen: Seen) -> Result<u32, Error> {
        assert!(!seen.alive.load(Ordering::Relaxed), "two bodies are alive");
        let _kept = seen.begin();
        pending().await
    }
    let seen = Seen::default();
    // Neither future is dropped before the other has been polled.
    let mut first = Box::pin(call(seen.clone()));
    assert!(matches!(first.as_mut().await, Err(Error::TimedOut(_))));
    let mut second = Box::pin(call(seen.clone()));
    assert!(matches!(second.as_mut().await, Err(Error::TimedOut(_))));
    drop((first, second));
}

/// Panics when it is dropped, unless the thread is unwinding already.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crash();
        }
    }
}

#[test]
fn a_body_that_panics_when_it_is_cancelled_is_cancelled_and_its_panic_goes_on() {
    let breaker = breaker(FRAGILE.max_concurrent(1));
    let kept = Grenade;
    let call = breaker.call_async(async move {
        drop_late(&kept);
        pending::<Result<(), ()>>().await
    });
    let mut call = Box::pin(call);
    assert!(poll_once(call.as_mut()).is_pending());
    assert!(crashes(|| drop(call)));
    let seen = breaker.snapshot();
    assert_eq!((0, 0, 1), (seen.panicked, seen.failures, seen.cancelled));
    assert!(admits(&breaker), "its place is free");
}

#[test]
fn a_future_that_panics_when_it_is_dropped_at_its_end_has_panicked() {
    struct Done {
        _kept: Grenade,
    }
    impl Future for Done {
        type Output = Result<(), ()>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    let breaker = breaker(FRAGILE.recovery(secs(10)));
    let call = breaker.call_async(Done { _kept: Grenade });
    assert!(crashes(|| ready(call)));
    let seen = breaker.snapshot();
    assert_eq!((1, 1, 0), (seen.panicked, seen.failures, seen.successes));
}
