//! What all candidates do under their breaker, and the yardstick: the same without one.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use circuit_runtime::CircuitOpenError;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    Service,
    #[expect(dead_code, reason = "carried to the caller")]
    Open(CircuitOpenError),
}

impl From<CircuitOpenError> for Failure {
    fn from(error: CircuitOpenError) -> Self {
        Failure::Open(error)
    }
}

pub(crate) type Answer = Result<u64, Failure>;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a call that may fail")]
#[inline]
pub(crate) fn succeed(number: u64) -> Answer {
    Ok(number.wrapping_add(1))
}

#[inline]
pub(crate) fn fail(_: u64) -> Answer {
    Err(Failure::Service)
}

/// Every tenth call fails.
#[inline]
pub(crate) fn fail_some(number: u64) -> Answer {
    if number % 10 == 9 { fail(number) } else { succeed(number) }
}

/// Every other call fails.
#[inline]
pub(crate) fn alternate(number: u64) -> Answer {
    if number % 2 == 0 { fail(number) } else { succeed(number) }
}

#[inline(never)]
pub(crate) fn success(number: u64) -> Answer {
    succeed(number)
}

#[inline(never)]
pub(crate) fn failure(number: u64) -> Answer {
    fail(number)
}

#[inline(never)]
pub(crate) fn some_failures(number: u64) -> Answer {
    fail_some(number)
}

#[inline(never)]
pub(crate) fn alternating(number: u64) -> Answer {
    alternate(number)
}

pub(crate) async fn success_async(number: u64) -> Answer {
    succeed(number)
}

pub(crate) async fn failure_async(number: u64) -> Answer {
    fail(number)
}

#[inline(never)]
pub(crate) fn keyed(key: &str) -> Answer {
    with_key(key)
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a call that may fail")]
#[inline]
pub(crate) fn with_key(key: &str) -> Answer {
    Ok(u64::from(key.as_bytes()[key.len() - 1]))
}

/// Polls a future that is ready at once. It is made where it is polled: to move it would cost more than a plain poll.
#[inline]
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    poll_once(pin!(future))
}

/// Out of line, as a task is polled.
#[inline(never)]
fn poll_once<F: Future>(future: Pin<&mut F>) -> F::Output {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
