//! Behaviour of the attribute, through functions that carry it: each option by what it does.

mod blocks;
mod calls;
mod error;
mod fallback;
mod fallback_any;
mod identity;
mod nested;
mod outcomes;
mod pairs;
mod ping;
mod preset;
mod rules;
mod stale;
mod timeout;

use std::time::Duration;

use circuit_runtime::{CallTimeoutError, CircuitBreaker, CircuitOpenError, Snapshot, find};

pub(crate) use outcomes::ignore_wins_over_failure;

/// An error as a user would write it for annotated functions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Error {
    Down,
    NotFound,
    Busy(Duration),
    Open(CircuitOpenError),
    TimedOut(CallTimeoutError),
}

impl From<CircuitOpenError> for Error {
    fn from(error: CircuitOpenError) -> Self {
        Error::Open(error)
    }
}

impl From<CallTimeoutError> for Error {
    fn from(error: CallTimeoutError) -> Self {
        Error::TimedOut(error)
    }
}

/// What the annotated functions answer: the number they are given, or an error.
type Answer = Result<u32, Error>;

/// The circuit of an annotated function that has been called.
#[track_caller]
fn circuit(name: &str) -> &'static CircuitBreaker {
    find(name).expect("listed since its first call")
}

fn snapshot(name: &str) -> Snapshot {
    circuit(name).snapshot()
}

fn is_rejected(answer: Answer) -> bool {
    matches!(answer, Err(Error::Open(_)))
}
