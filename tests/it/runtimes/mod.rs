//! Annotated async functions under real executors, and under a hand that polls and drops as it
//! likes. Nothing here waits for time to pass: clocks are frozen or paused, tasks meet at gates.

mod await_points;
mod races;
mod tasks;
mod threads;
mod timeout;

use std::future::poll_fn;
use std::task::Poll;

use circuit_runtime::{CallTimeoutError, CircuitBreaker, CircuitOpenError, Snapshot, find};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Error {
    Rejected,
    TimedOut,
    Down,
}

type Answer = Result<u32, Error>;

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error::Rejected
    }
}

impl From<CallTimeoutError> for Error {
    fn from(_: CallTimeoutError) -> Self {
        Error::TimedOut
    }
}

#[track_caller]
fn circuit(name: &str) -> &'static CircuitBreaker {
    find(name).expect("listed since its first call")
}

#[track_caller]
fn snapshot(name: &str) -> Snapshot {
    circuit(name).snapshot()
}

/// Calls that were admitted and of whose end the circuit has heard, where `on_cancel` is neutral.
fn ended(seen: &Snapshot) -> u64 {
    seen.successes + seen.failures + seen.ignored + seen.late + seen.cancelled
}

/// An await point that every executor can pass: pending once, and awake at once.
async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
