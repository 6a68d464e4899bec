//! `guard_stream` and `guard_stream_with` on closed circuits.

use std::pin::Pin;
use std::task::{Context, Poll};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, Config, Mode, OnCancel, Outcome, Rejection, State, Window};
use futures_core::Stream;

use super::{Asked, Item, Mined, PATIENT, Service, counts, guarded};
use crate::support::{FRAGILE, breaker, crash, crashes, fail, rejection, secs, succeed};

#[test]
fn the_circuit_is_asked_at_the_first_poll() {
    let breaker = breaker(FRAGILE);
    let (service, mut stream) = guarded(&breaker);
    fail(&breaker, 1);
    service.says(Ok(1));
    let rejected = stream.next().unwrap().unwrap_err();
    assert!(matches!(rejected, CallError::Open(error) if error.reason() == Rejection::Open));
    assert!(service.is_gone(), "a rejected stream is dropped");
    assert_eq!((0, None), (service.polls(), stream.next()));
    assert_eq!(None, stream.next());
    assert_eq!(1, breaker.snapshot().rejected);
}

#[test]
fn a_stream_that_is_never_polled_takes_nothing() {
    let breaker = breaker(FRAGILE.max_concurrent(1).on_cancel(OnCancel::Failure));
    let (_service, stream) = guarded(&breaker);
    assert_eq!(0, breaker.snapshot().in_flight.unwrap_or(0));
    drop(stream);
    assert_eq!([0; 4], counts(&breaker));
}

#[test]
fn the_end_is_a_success_and_items_count_nothing() {
    let breaker = breaker(PATIENT);
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1)).says(Ok(2));
    assert_eq!((Some(Ok(1)), Some(Ok(2))), (stream.next(), stream.next()));
    stream.waits();
    assert_eq!([0; 4], counts(&breaker));
    service.ends();
    assert_eq!((None, None), (stream.next(), stream.next()));
    assert_eq!([1, 0, 0, 0], counts(&breaker));
    assert!(service.is_gone());
    drop(stream);
    assert_eq!([1, 0, 0, 0], counts(&breaker));
}

#[test]
fn an_empty_stream_is_a_success() {
    let breaker = breaker(PATIENT);
    fail(&breaker, 2);
    let (service, mut stream) = guarded(&breaker);
    service.ends();
    assert_eq!(None, stream.next());
    assert_eq!(([1, 2, 0, 0], 0), (counts(&breaker), breaker.snapshot().failures_in_a_row));
}

#[test]
fn an_err_item_is_a_failure_at_once_wherever_it_comes() {
    for before in 0..3 {
        let breaker = breaker(FRAGILE);
        let (service, mut stream) = guarded(&breaker);
        for item in 0..before {
            service.says(Ok(item));
            assert_eq!(Some(Ok(item)), stream.next());
        }
        service.says(Err("reset"));
        assert_eq!(Some(Err(CallError::Failed("reset"))), stream.next());
        assert_eq!(([0, 1, 0, 0], State::Open), (counts(&breaker), breaker.state()));
        drop(stream);
        assert_eq!([0, 1, 0, 0], counts(&breaker));
    }
}

#[test]
fn a_stream_goes_on_behind_an_err_and_counts_once() {
    let breaker = breaker(PATIENT);
    let (service, mut stream) = guarded(&breaker);
    service.says(Err("one line")).says(Ok(1)).says(Err("another")).ends();
    assert_eq!(Some(Err(CallError::Failed("one line"))), stream.next());
    assert_eq!(Some(Ok(1)), stream.next());
    assert_eq!(Some(Err(CallError::Failed("another"))), stream.next());
    assert_eq!(None, stream.next());
    assert_eq!([0, 1, 0, 0], counts(&breaker));
}

#[test]
fn dropped_after_an_item_it_is_a_success_and_before_it_cancelled() {
    for (items, expected) in [(0, [0, 0, 0, 1]), (1, [1, 0, 0, 0]), (2, [1, 0, 0, 0])] {
        let breaker = breaker(PATIENT);
        let (service, mut stream) = guarded(&breaker);
        for item in 0..items {
            service.says(Ok(item));
            stream.next();
        }
        stream.waits();
        drop(stream);
        assert_eq!(expected, counts(&breaker), "after {items} items");
        assert!(service.is_gone());
    }
}

#[test]
fn dropped_before_an_item_it_is_a_failure_if_on_cancel_says_so() {
    let breaker = breaker(FRAGILE.on_cancel(OnCancel::Failure));
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1));
    stream.next();
    drop(stream);
    assert_eq!(([1, 0, 0, 0], State::Closed), (counts(&breaker), breaker.state()));
    let (_service, mut stream) = guarded(&breaker);
    stream.waits();
    drop(stream);
    assert_eq!(([1, 1, 0, 1], State::Open), (counts(&breaker), breaker.state()));
}

#[test]
fn slow_call_measures_up_to_the_first_item() {
    let config = Config::new().slow_call(secs(2)).window(Window::Calls(10)).min_calls(10);
    let (time, breaker) = (freeze(), breaker(config));
    let slow = || breaker.snapshot().slow;
    // Quick to the first item, and then an hour.
    let (service, mut stream) = guarded(&breaker);
    stream.waits();
    time.advance(secs(1));
    service.says(Ok(1));
    stream.next();
    time.advance(secs(3_600));
    service.ends();
    stream.next();
    assert_eq!((0, [1, 0, 0, 0]), (slow(), counts(&breaker)));
    // Slow to the first item, and counted at the end.
    let (service, mut stream) = guarded(&breaker);
    stream.waits();
    time.advance(secs(2));
    service.says(Ok(1));
    stream.next();
    assert_eq!(0, slow());
    drop(stream);
    assert_eq!((1, [2, 0, 0, 0]), (slow(), counts(&breaker)));
    // Quick to the first item, and fails an hour later.
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1));
    stream.next();
    time.advance(secs(3_600));
    service.says(Err("reset"));
    stream.next();
    assert_eq!((1, [2, 1, 0, 0]), (slow(), counts(&breaker)));
    // Slow to its end, without an item.
    let (service, mut stream) = guarded(&breaker);
    stream.waits();
    time.advance(secs(2));
    service.ends();
    stream.next();
    assert_eq!((2, [3, 1, 0, 0]), (slow(), counts(&breaker)));
}

#[test]
fn dropped_before_the_first_item_it_is_slow_if_on_cancel_says_so() {
    let config = Config::new().slow_call(secs(2)).on_cancel(OnCancel::Slow);
    let (time, breaker) = (freeze(), breaker(config));
    let (service, mut answered) = guarded(&breaker);
    let (_silent, mut silent) = guarded(&breaker);
    service.says(Ok(1));
    answered.next();
    silent.waits();
    time.advance(secs(2));
    drop((answered, silent));
    assert_eq!((1, [1, 0, 0, 1]), (breaker.snapshot().slow, counts(&breaker)));
}

#[test]
fn a_panic_is_a_failure_and_drops_the_stream_before() {
    for items in 0..2 {
        let breaker = breaker(FRAGILE);
        let (service, mut stream) = guarded(&breaker);
        for item in 0..items {
            service.says(Ok(item));
            stream.next();
        }
        service.crashes();
        assert!(crashes(|| stream.next()));
        assert!(service.is_gone());
        assert_eq!(([0, 1, 0, 0], State::Open), (counts(&breaker), breaker.state()));
        assert_eq!((1, None), (breaker.snapshot().panicked, stream.next()));
    }
}

#[test]
fn a_panic_in_classify_is_the_calls() {
    let breaker = breaker(FRAGILE);
    let (service, answer) = Service::<u32>::new();
    let mut stream = Asked::new(breaker.guard_stream_with(|_| crash(), answer));
    service.says(1);
    assert!(crashes(|| stream.next()));
    assert_eq!((1, State::Open), (breaker.snapshot().panicked, breaker.state()));
}

#[test]
fn after_a_panic_in_classify_nothing_passes_unjudged() {
    for items in 0..2 {
        let breaker = breaker(PATIENT.max_concurrent(1));
        let (service, answer) = Service::<u32>::new();
        let judge = |&item: &u32| if item == 0 { crash() } else { Outcome::Success };
        let mut stream = Asked::new(breaker.guard_stream_with(judge, answer));
        for item in 1..=items {
            service.says(item);
            stream.next();
        }
        service.says(0).says(1).says(2);
        assert!(crashes(|| stream.next()));
        assert!(service.is_gone(), "after {items} items");
        assert_eq!((None, [0, 1, 0, 0]), (stream.next(), counts(&breaker)));
        assert_eq!(1, breaker.snapshot().panicked);
        succeed(&breaker, 1);
    }
}

#[test]
fn a_stream_that_panics_when_it_is_dropped_counts_once() {
    for (items, ends, expected) in [
        (0, false, [0, 0, 0, 1]),
        (1, false, [1, 0, 0, 0]),
        (0, true, [0, 1, 0, 0]),
        (1, true, [0, 1, 0, 0]),
    ] {
        let breaker = breaker(PATIENT.max_concurrent(1));
        let (service, answer) = Service::<Item>::new();
        let mut stream = Asked::new(breaker.guard_stream(Mined(answer)));
        for item in 0..items {
            service.says(Ok(item));
            stream.next();
        }
        if ends {
            service.ends();
            assert!(crashes(|| stream.next()), "at its end: the call's own panic");
            drop(stream);
        } else {
            stream.waits();
            assert!(crashes(|| drop(stream)));
        }
        assert_eq!((expected, Some(0)), (counts(&breaker), breaker.snapshot().in_flight));
        assert_eq!(u64::from(ends), breaker.snapshot().panicked);
    }
    let breaker = breaker(PATIENT);
    breaker.force_open();
    let (_service, answer) = Service::<Item>::new();
    let mut stream = Asked::new(breaker.guard_stream(Mined(answer)));
    assert!(crashes(|| stream.next()));
    assert_eq!(([0; 4], 1), (counts(&breaker), breaker.snapshot().rejected));
}

#[test]
fn ignored_items_are_as_if_they_had_not_come() {
    let judge = |item: &u32| match item {
        0 => Outcome::Ignored,
        500.. => Outcome::Failure,
        _ => Outcome::Success,
    };
    let run = |items: &[u32], ends: bool| {
        let breaker = breaker(PATIENT);
        let (service, answer) = Service::<u32>::new();
        let mut stream = Asked::new(breaker.guard_stream_with(judge, answer));
        for &item in items {
            service.says(item);
            assert_eq!(Some(Ok(item)), stream.next());
        }
        if ends {
            service.ends();
            assert_eq!(None, stream.next());
        }
        drop(stream);
        counts(&breaker)
    };
    assert_eq!([0, 0, 1, 0], run(&[0], true));
    assert_eq!([0, 0, 0, 1], run(&[0], false));
    assert_eq!([1, 0, 0, 0], run(&[0, 1, 0], true));
    assert_eq!([1, 0, 0, 0], run(&[0, 1, 0], false));
    assert_eq!([0, 1, 0, 0], run(&[0, 500, 0], true));
    assert_eq!([0, 1, 0, 0], run(&[1, 0, 500], false));
}

#[test]
fn a_service_that_says_how_long_it_is_away_is_believed() {
    let (time, breaker) = (freeze(), breaker(PATIENT));
    let (service, answer) = Service::<u32>::new();
    let judge = |&item: &u32| {
        if item == 429 { Outcome::OpenFor(secs(7)) } else { Outcome::Success }
    };
    let mut stream = Asked::new(breaker.guard_stream_with(judge, answer));
    service.says(1).says(429);
    assert_eq!((Some(Ok(1)), Some(Ok(429))), (stream.next(), stream.next()));
    assert_eq!(Some(secs(7)), rejection(&breaker).retry_after());
    time.advance(secs(7));
    succeed(&breaker, 1);
}

#[test]
fn modes_hold_for_streams() {
    let breaker = breaker(FRAGILE);
    breaker.disable();
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1)).says(Err("reset"));
    stream.next();
    stream.next();
    assert_eq!(([0, 1, 0, 0], State::Closed), (counts(&breaker), breaker.state()));
    breaker.resume();
    fail(&breaker, 1);
    breaker.shadow();
    let (service, mut stream) = guarded(&breaker);
    service.says(Ok(1));
    assert_eq!(Some(Ok(1)), stream.next());
    drop(stream);
    assert_eq!([0, 2, 0, 0], counts(&breaker));
    breaker.force_open();
    let (_service, mut stream) = guarded(&breaker);
    let rejected = stream.next().unwrap().unwrap_err();
    assert!(matches!(rejected, CallError::Open(error) if error.reason() == Rejection::ForcedOpen));
    assert_eq!(Mode::ForcedOpen, breaker.mode());
}

#[test]
fn an_outcome_of_an_earlier_period_is_late() {
    let breaker = breaker(FRAGILE);
    let (service, mut early) = guarded(&breaker);
    let (_service, mut dropped) = guarded(&breaker);
    service.says(Ok(1));
    early.next();
    dropped.waits();
    fail(&breaker, 1);
    breaker.reset();
    service.says(Err("reset"));
    early.next();
    drop(dropped);
    assert_eq!((2, State::Closed), (breaker.snapshot().late, breaker.state()));
    assert_eq!([0, 1, 0, 0], counts(&breaker));
}

#[test]
fn hints_at_the_size_are_true() {
    struct Three;
    impl Stream for Three {
        type Item = Item;
        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Item>> {
            Poll::Ready(Some(Ok(1)))
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (3, Some(3))
        }
    }
    let breaker = breaker(FRAGILE);
    let mut stream = Asked::new(breaker.guard_stream(Three));
    let mut rejected = Asked::new(breaker.guard_stream(Three));
    assert_eq!((1, Some(3)), stream.0.size_hint());
    stream.next();
    assert_eq!((3, Some(3)), stream.0.size_hint());
    fail(&breaker, 1);
    rejected.next().unwrap().unwrap_err();
    assert_eq!((0, Some(0)), rejected.0.size_hint());
}
