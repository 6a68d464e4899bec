//! Circuits per key: each has a queue of its own.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use circuit_runtime::{CircuitBreaker, Config, KeyedBreaker, Rejection, circuit_breaker, find};

use super::{Error, ONE, reason, until_waiting};
use crate::support::poll_once;

fn waiting(breaker: &CircuitBreaker, key: &str) -> u32 {
    breaker.snapshot_of(key).and_then(|key| key.waiting).unwrap_or_default()
}

fn until_key_waits(breaker: &CircuitBreaker, key: &str) {
    while waiting(breaker, key) != 1 {
        thread::yield_now();
    }
}

#[test]
fn calls_wait_for_a_place_of_their_own_key() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("waiting: hosts", ONE, 10);
    let call = |key: &str| HOSTS.key(key).call(|| Ok::<_, Error>(())).map_err(reason);
    let first = HOSTS.key("a").try_acquire().unwrap();
    assert_eq!(call("b"), Ok(()));
    thread::scope(|threads| {
        let waits = threads.spawn(|| call("a"));
        until_waiting(&HOSTS, 1);
        assert_eq!((waiting(&HOSTS, "a"), waiting(&HOSTS, "b")), (1, 0));
        first.success();
        assert_eq!(waits.join().unwrap(), Ok(()));
    });
    assert!(HOSTS.key("a").try_acquire().is_ok());
}

#[test]
fn a_rejection_after_a_wait_tells_the_key() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("waiting: told", ONE.max_wait(crate::support::NANOSECOND), 10);
    HOSTS.register();
    for key in ["short", &"long".repeat(100)] {
        let _first = HOSTS.key(key).try_acquire().unwrap();
        let error = HOSTS.key(key).call(|| Ok::<_, Error>(())).unwrap_err();
        let circuit_runtime::CallError::Open(error) = error else { panic!("{error:?}") };
        assert_eq!(error.reason(), Rejection::TooManyCalls);
        assert!(error.key().is_some_and(|known| known.starts_with(&key[..5])), "{error:?}");
    }
}

#[test]
fn a_call_whose_key_is_forgotten_meanwhile_begins_anew() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("waiting: forgotten", ONE, 10);
    let first = HOSTS.key("a").try_acquire().unwrap();
    thread::scope(|threads| {
        let waits = threads.spawn(|| HOSTS.key("a").call(|| Ok::<_, Error>(())).map_err(reason));
        until_key_waits(&HOSTS, "a");
        assert!(HOSTS.forget("a"));
        assert_eq!(waits.join().unwrap(), Ok(()));
    });
    assert_eq!(HOSTS.snapshot_of("a").unwrap().successes, 1);
    first.success();
}

#[test]
fn a_key_whose_calls_wait_keeps_its_circuit() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("waiting: kept", ONE, 1);
    let first = HOSTS.key("a").try_acquire().unwrap();
    thread::scope(|threads| {
        let waits = threads.spawn(|| HOSTS.key("a").call(|| Ok::<_, Error>(())).map_err(reason));
        until_key_waits(&HOSTS, "a");
        assert!(HOSTS.key("b").try_acquire().is_ok(), "it runs unprotected");
        assert_eq!(HOSTS.keys().len(), 1);
        first.success();
        assert_eq!(waits.join().unwrap(), Ok(()));
    });
    drop(HOSTS.key("b").try_acquire());
    assert!(HOSTS.snapshot_of("b").is_some(), "it has become free");
}

#[test]
fn a_mode_of_one_key_is_heard_of_by_its_calls_alone() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("waiting: mode", ONE, 10);
    let call = |key: &str| HOSTS.key(key).call(|| Ok::<_, Error>(())).map_err(reason);
    let first = ["a", "b"].map(|key| HOSTS.key(key).try_acquire().unwrap());
    thread::scope(|threads| {
        let waits = ["a", "b"].map(|key| threads.spawn(move || call(key)));
        until_waiting(&HOSTS, 2);
        HOSTS.key("a").force_open();
        let [a, b] = waits;
        assert_eq!(a.join().unwrap(), Err(Error::Rejected(Rejection::ForcedOpen)));
        assert_eq!(waiting(&HOSTS, "b"), 1);
        HOSTS.key("b").reconfigure(ONE.max_concurrent(2)).unwrap();
        assert_eq!(b.join().unwrap(), Ok(()));
    });
    drop(first);
}

static ASKED: KeyedBreaker = KeyedBreaker::new("waiting: asked", ONE, 10);

/// As an executor that polls the task at once, where it is woken.
struct Asks(AtomicU32);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        // All keys, and a new one: under a lock of theirs, this would wait for ever.
        self.0.fetch_add(ASKED.snapshot().waiting.unwrap_or_default() + 1, Ordering::Relaxed);
        ASKED.key("new").try_acquire().unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_waker_may_ask_all_circuits() {
    let calls = ["a", "b"].map(|key| {
        let place = ASKED.key(key).try_acquire().unwrap();
        (place, Box::pin(ASKED.key(key).call_async(async { Ok::<_, Error>(()) })))
    });
    let asks = Arc::new(Asks(AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&asks));
    let mut context = Context::from_waker(&waker);
    let mut calls = calls.map(|(place, mut call)| {
        assert!(call.as_mut().poll(&mut context).is_pending());
        (place, call)
    });
    ASKED.force_open();
    assert_eq!(asks.0.load(Ordering::Relaxed), 2, "nobody waits any more when the first is woken");
    for (_, call) in &mut calls {
        assert!(call.as_mut().poll(&mut context).is_ready());
    }
}

static SHARED: KeyedBreaker = KeyedBreaker::new("waiting: keyed", ONE, 10);

#[circuit_breaker(breaker = SHARED, key = host)]
async fn shared(host: &str) -> Result<usize, Error> {
    inner(host).await
}

#[circuit_breaker(breaker = SHARED, key = host)]
async fn inner(host: &str) -> Result<usize, Error> {
    Ok(host.len())
}

#[circuit_breaker(name = "waiting: by key", key = host, max_concurrent = 1, max_wait = "2s")]
async fn own(host: &str) -> Result<usize, Error> {
    Ok(host.len())
}

#[tokio::test(start_paused = true)]
async fn async_functions_wait_by_key() {
    assert_eq!((own("a").await, shared("a").await), (Ok(1), Ok(1)));
    let place = SHARED.key("a").try_acquire().unwrap();
    let mut waits = pin!(shared("a"));
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!(shared("other").await, Ok(5));
    place.success();
    assert_eq!(waits.await, Ok(1));
    assert_eq!(SHARED.snapshot().successes, 4);

    let mut by_hand = pin!(SHARED.key("b").call_async(async { Ok::<_, Error>(()) }));
    let place = SHARED.key("b").try_acquire().unwrap();
    assert!(poll_once(by_hand.as_mut()).is_pending());
    place.success();
    by_hand.await.unwrap();
    assert!(find("waiting: by key").is_some());
}

#[test]
fn a_key_that_is_new_to_two_threads_at_once_makes_one_of_them_wait() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new(
        "waiting: new",
        Config::new().max_concurrent(1).max_wait(super::LONG),
        100,
    );
    for number in 0..100 {
        let key = number.to_string();
        let call = || {
            HOSTS.key(&key).call(|| {
                thread::yield_now();
                Ok::<_, Error>(())
            })
        };
        thread::scope(|threads| {
            let other = threads.spawn(call);
            assert!(call().is_ok() && other.join().unwrap().is_ok());
        });
    }
}
