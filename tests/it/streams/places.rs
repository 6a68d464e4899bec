//! Streams in the bulkhead, and streams of keys.

use std::cell::Cell;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, CircuitBreaker, KeyedBreaker, Outcome, Rejection, State};
use futures_core::Stream;

use super::{Asked, Item, PATIENT, Service, guarded};
use crate::support::{FRAGILE, breaker, reason, secs, succeed};

#[test]
fn the_place_in_the_bulkhead_is_taken_as_long_as_the_stream_lasts() {
    let breaker = breaker(PATIENT.max_concurrent(1));
    let (service, mut stream) = guarded(&breaker);
    stream.waits();
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    service.says(Ok(1)).says(Err("one line"));
    stream.next();
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    stream.next();
    assert_eq!(1, breaker.snapshot().failures);
    // It has failed, but goes on.
    assert_eq!(Rejection::TooManyCalls, reason(&breaker));
    service.ends();
    stream.next();
    succeed(&breaker, 1);
    // Wherever it is dropped.
    for items in 0..3 {
        let (service, mut stream) = guarded(&breaker);
        service.says(Ok(1)).says(Err("one line"));
        for _ in 0..items {
            let _ = stream.next();
        }
        if items == 0 {
            service.0.borrow_mut().parts.clear();
            stream.waits();
        }
        assert_eq!(Rejection::TooManyCalls, reason(&breaker));
        drop(stream);
        succeed(&breaker, 1);
    }
}

/// One item; looks whether its place is free when it is dropped.
struct Looks<'a>(&'a CircuitBreaker, &'a Cell<u32>, bool);

impl Stream for Looks<'_> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Item>> {
        Poll::Ready(mem::take(&mut self.2).then_some(Ok(1)))
    }
}

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        assert_eq!(Rejection::TooManyCalls, reason(self.0));
        self.1.set(self.1.get() + 1);
    }
}

#[test]
fn the_stream_is_dropped_before_its_place_is_free() {
    let (breaker, looked) = (breaker(PATIENT.max_concurrent(1)), Cell::new(0));
    for items in 0..3 {
        let mut stream = Asked::new(breaker.guard_stream(Looks(&breaker, &looked, items > 0)));
        // Once more than there are items: to its end.
        for _ in 0..items.max(1) {
            let _ = stream.next();
        }
        drop(stream);
        assert_eq!(items + 1, looked.get());
        succeed(&breaker, 1);
    }
}

#[test]
fn each_key_has_its_own_streams() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("hosts of streams", FRAGILE.max_concurrent(1), 10);
    let stream = |key: &'static str| {
        let (service, answer) = Service::<Item>::new();
        (service, Asked::new(HOSTS.key(key).guard_stream(answer)))
    };
    let (service, mut broken) = stream("broken");
    service.says(Ok(1)).says(Err("reset"));
    broken.next();
    let rejected = stream("broken").1.next().unwrap().unwrap_err();
    assert!(
        matches!(rejected, CallError::Open(error) if error.reason() == Rejection::TooManyCalls)
    );
    broken.next();
    drop(broken);
    let rejected = stream("broken").1.next().unwrap().unwrap_err();
    assert!(matches!(rejected, CallError::Open(error) if error.reason() == Rejection::Open));
    let (service, mut well) = stream("well");
    service.says(Ok(1)).ends();
    assert_eq!((Some(Ok(1)), None), (well.next(), well.next()));
    let state = |key| HOSTS.key(key).snapshot().unwrap().state;
    assert_eq!((State::Open, State::Closed), (state("broken"), state("well")));

    let (service, answer) = Service::<u32>::new();
    let judged = HOSTS.key("judged").guard_stream_with(|_| Outcome::Failure, answer);
    service.says(1);
    assert_eq!(Some(Ok(1)), Asked::new(judged).next());
    assert_eq!(State::Open, state("judged"));
}

#[test]
fn a_circuit_that_a_first_item_has_closed_is_offered_to_new_keys() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("hosts of closed streams", FRAGILE, 1);
    let time = freeze();
    HOSTS.key("old").try_acquire().unwrap().failure();
    time.advance(secs(10));
    let (service, answer) = Service::<Item>::new();
    let mut probe = Asked::new(HOSTS.key("old").guard_stream(answer));
    probe.waits();
    HOSTS.key("new").try_acquire().unwrap().success();
    assert_eq!(1, HOSTS.snapshot().unprotected);
    service.says(Ok(1));
    probe.next();
    HOSTS.key("new").try_acquire().unwrap().success();
    assert_eq!((1, true), (HOSTS.snapshot().unprotected, HOSTS.snapshot_of("new").is_some()));
}

#[test]
fn a_stream_waits_for_a_place() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let breaker = breaker(PATIENT.max_concurrent(1).max_wait(secs(3_600)));
    let held = breaker.try_acquire().unwrap();
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1));
    stream.waits();
    assert_eq!((0, Some(1)), (service.polls(), breaker.snapshot().waiting));
    held.success();
    assert_eq!(Some(Ok(1)), stream.next());
    // One that is gone leaves the queue.
    let (_service, mut second) = guarded(&breaker);
    second.waits();
    assert_eq!(Some(1), breaker.snapshot().waiting);
    drop(second);
    assert_eq!(Some(0), breaker.snapshot().waiting);
}
