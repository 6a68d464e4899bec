//! Annotated async functions under real executors, and under a hand that polls and drops as it
//! likes. Nothing here waits for time to pass: clocks are frozen or paused, tasks meet at gates.

mod await_points;
mod races;
mod tasks;
mod threads;
mod timeout;

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

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

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
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

/// Unwinds without the message that the panic hook would print.
fn crash() -> ! {
    resume_unwind(Box::new("crash"))
}

/// A small generator of reproducible numbers (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
