//! The errors of calls that were rejected or timed out.

use std::io;
use std::time::Duration;

use crate::observe::name::NameRef;
use crate::primitives::clock::{self, Nanos};

/// A call was rejected: its body did not run.
///
/// Four words, `Copy`, and made without allocating. An annotated function without a fallback
/// returns `Err(E::from(error))`.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, Rejection};
///
/// let breaker = CircuitBreaker::new("payments", Config::new().threshold(1));
/// breaker.try_acquire().unwrap().failure();
///
/// let error = breaker.try_acquire().unwrap_err();
/// assert_eq!(error.circuit(), "payments");
/// assert_eq!(error.reason(), Rejection::Open);
/// assert!(error.retry_after().unwrap().as_secs() <= 60);
/// assert!(error.to_string().starts_with("circuit `payments` is open; retry after "));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CircuitOpenError {
    circuit: NameRef,
    /// `NEVER` if it isn't known, or has no end.
    retry_after: Nanos,
    /// Zero without a key.
    key: KeyId,
    /// A whole word: an error without padding is copied by four moves, with padding by seven.
    reason: Rejection,
}

impl CircuitOpenError {
    pub(crate) const fn new(circuit: NameRef, reason: Rejection, retry_after: Nanos) -> Self {
        CircuitOpenError { circuit, retry_after, key: KeyId(0), reason }
    }

    /// The error with the key whose circuit rejected the call.
    #[must_use]
    pub(crate) fn of_key(self, key: KeyId) -> Self {
        CircuitOpenError { key, ..self }
    }

    /// Identifies the key, if it was a key's circuit.
    pub(crate) fn key_id(&self) -> Option<KeyId> {
        Some(self.key).filter(|key| key.0 != 0)
    }

    /// The name of the circuit that rejected the call.
    #[must_use]
    pub const fn circuit(&self) -> &'static str {
        self.circuit
    }

    /// Why the call was rejected.
    #[must_use]
    pub const fn reason(&self) -> Rejection {
        self.reason
    }

    /// How long to wait before a call may pass. When open, what is left of the wait; when
    /// half-open, the time until the next round of probes, but at most a second, because most
    /// probes are over by then; `None` for the other reasons, and for a wait that never ends (a
    /// [`recovery`](crate::Config::recovery) of `Duration::MAX`).
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.reason() {
            Rejection::Open | Rejection::HalfOpenFull => clock::finite(self.retry_after),
            Rejection::ForcedOpen
            | Rejection::TooManyCalls
            | Rejection::Ramping
            | Rejection::Throttled => None,
        }
    }
}

/// Identifies one assignment of a circuit to a key among all those of a breaker; not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) u64);

/// Why a call was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u64)]
pub enum Rejection {
    /// The circuit is open and its wait isn't over.
    Open,
    /// The circuit is half-open, and as many probes are in flight as it admits.
    HalfOpenFull,
    /// An operator forced the circuit open.
    ForcedOpen,
    /// The bulkhead (`max_concurrent`) is full, or was for all of `max_wait`.
    TooManyCalls,
    /// The circuit has closed and lets only a growing share of calls pass ([`ramp`](crate::Config::ramp)).
    Ramping,
    /// The circuit is closed, too many calls fail, and it rejects a share of them ([`throttle`](crate::Config::throttle)).
    Throttled,
}

impl From<CircuitOpenError> for io::Error {
    fn from(error: CircuitOpenError) -> Self {
        io::Error::other(error)
    }
}

/// A call took longer than the option `timeout` allows and was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a call through circuit `{circuit}` took longer than {limit:?}")]
pub struct CallTimeoutError {
    circuit: &'static str,
    limit: Duration,
}

impl CallTimeoutError {
    pub(crate) const fn new(circuit: &'static str, limit: Duration) -> Self {
        CallTimeoutError { circuit, limit }
    }

    /// The name of the circuit that the call went through.
    #[must_use]
    pub const fn circuit(&self) -> &'static str {
        self.circuit
    }

    /// The limit that the call exceeded.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl From<CallTimeoutError> for io::Error {
    fn from(error: CallTimeoutError) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, error)
    }
}

/// Why a guarded call returned no value: it was rejected, it timed out, or it failed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E> {
    /// The call was rejected; its body did not run.
    #[error(transparent)]
    Open(#[from] CircuitOpenError),
    /// The call took longer than its `timeout` and was dropped.
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
    /// The call ran, and this is its own error.
    #[error(transparent)]
    Failed(E),
}

impl<E: From<CircuitOpenError> + From<CallTimeoutError>> CallError<E> {
    /// The error that an annotated function would return: the call's own, or one converted from the
    /// rejection or the timeout.
    ///
    /// ```
    /// use circuit_runtime::{CallError, CircuitBreaker, Config};
    ///
    /// static MAIL: CircuitBreaker = CircuitBreaker::new("mail", Config::new());
    ///
    /// fn send(text: &str) -> std::io::Result<usize> {
    ///     MAIL.call(|| Ok(text.len())).map_err(CallError::into_error)
    /// }
    /// # assert_eq!(send("hello").unwrap(), 5);
    /// ```
    pub fn into_error(self) -> E {
        match self {
            CallError::Open(error) => error.into(),
            CallError::TimedOut(error) => error.into(),
            CallError::Failed(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_needs_no_more_room_than_the_error() {
        enum Failure {
            _Service,
            _Open(CircuitOpenError),
        }
        assert_eq!(size_of::<CircuitOpenError>(), 32);
        assert_eq!(size_of::<std::task::Poll<Result<u64, Failure>>>(), 32);
    }
}
