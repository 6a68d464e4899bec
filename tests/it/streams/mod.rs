//! Streams: the call lasts as long as its answer.

mod by_hand;
mod forms;
mod limits;
mod methods;
mod places;
mod probes;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use circuit_runtime::{CallError, CircuitBreaker, Config, Snapshot};
use futures_core::Stream;

use crate::support::crash;

/// What a service says, as a test tells it to.
struct Service<T>(Rc<RefCell<Says<T>>>);

struct Says<T> {
    parts: VecDeque<Part<T>>,
    polls: u32,
    is_gone: bool,
}

enum Part<T> {
    Item(T),
    End,
    Crash,
}

impl<T> Service<T> {
    /// The service, and the stream of what it says.
    fn new() -> (Self, Answer<T>) {
        let says = Says { parts: VecDeque::new(), polls: 0, is_gone: false };
        let says = Rc::new(RefCell::new(says));
        (Service(Rc::clone(&says)), Answer(says))
    }

    fn says(&self, item: T) -> &Self {
        self.part(Part::Item(item))
    }

    fn ends(&self) -> &Self {
        self.part(Part::End)
    }

    fn crashes(&self) -> &Self {
        self.part(Part::Crash)
    }

    fn part(&self, part: Part<T>) -> &Self {
        self.0.borrow_mut().parts.push_back(part);
        self
    }

    fn polls(&self) -> u32 {
        self.0.borrow().polls
    }

    /// Whether its stream has been dropped.
    fn is_gone(&self) -> bool {
        self.0.borrow().is_gone
    }
}

struct Answer<T>(Rc<RefCell<Says<T>>>);

impl<T> Stream for Answer<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        let mut says = self.0.borrow_mut();
        says.polls += 1;
        match says.parts.pop_front() {
            None => Poll::Pending,
            Some(Part::Item(item)) => Poll::Ready(Some(item)),
            Some(Part::End) => Poll::Ready(None),
            Some(Part::Crash) => {
                drop(says);
                crash()
            }
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.0.borrow_mut().is_gone = true;
    }
}

/// A stream that panics when it is dropped.
struct Mined<T>(Answer<T>);

impl<T> Stream for Mined<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll_next(context)
    }
}

impl<T> Drop for Mined<T> {
    fn drop(&mut self) {
        crash()
    }
}

/// A stream in a box, polled once at a time.
struct Asked<S>(Pin<Box<S>>);

impl<S: Stream> Asked<S> {
    fn new(stream: S) -> Self {
        Asked(Box::pin(stream))
    }

    fn poll(&mut self) -> Poll<Option<S::Item>> {
        self.0.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))
    }

    /// The next item, which is there.
    #[track_caller]
    fn next(&mut self) -> Option<S::Item> {
        match self.poll() {
            Poll::Ready(item) => item,
            Poll::Pending => panic!("the stream should have been ready"),
        }
    }

    #[track_caller]
    fn waits(&mut self) {
        assert!(self.poll().is_pending(), "the stream should have been pending");
    }
}

type Item = Result<u32, &'static str>;

/// A service, and its stream under the circuit.
fn guarded(
    breaker: &CircuitBreaker,
) -> (Service<Item>, Asked<impl Stream<Item = Result<u32, CallError<&'static str>>> + use<'_>>) {
    let (service, answer) = Service::new();
    (service, Asked::new(breaker.guard_stream(answer)))
}

/// Successes, failures, ignored and cancelled calls.
fn counts(breaker: &CircuitBreaker) -> [u64; 4] {
    let Snapshot { successes, failures, ignored, cancelled, .. } = breaker.snapshot();
    [successes, failures, ignored, cancelled]
}

const PATIENT: Config = Config::new().threshold(3);
