//! `max_wait`: calls that wait for a place of the bulkhead.

mod blocking;
mod functions;
mod keys;
mod opened;
mod tasks;

use std::thread;
use std::time::Duration;

use circuit_runtime::{
    CallError, CircuitBreaker, CircuitOpenError, Config, Rejection, circuit_breaker,
};

use crate::support::FRAGILE;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3_600);

/// One place, for which calls wait as long as it takes. A failure opens it.
const ONE: Config = FRAGILE.max_concurrent(1).max_wait(LONG);

#[derive(Debug, PartialEq)]
enum Error {
    Rejected(Rejection),
}

impl From<CircuitOpenError> for Error {
    fn from(error: CircuitOpenError) -> Self {
        Error::Rejected(error.reason())
    }
}

fn reason(error: CallError<Error>) -> Error {
    match error {
        CallError::Open(error) => error.into(),
        CallError::Failed(error) => error,
        CallError::TimedOut(error) => panic!("{error}"),
    }
}

fn waiting(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().waiting.expect("its calls may wait")
}

/// Until so many calls of other threads wait: each of them will, whatever happens.
fn until_waiting(breaker: &CircuitBreaker, calls: u32) {
    while waiting(breaker) != calls {
        thread::yield_now();
    }
}
