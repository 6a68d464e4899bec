//! What a caller gets instead of a result.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::clock::{NEVER, Nanos};

/// A call was rejected: its body did not run.
///
/// Small, `Copy`, and made without allocating. An annotated function without a fallback returns it
/// as `Err(E::from(error))`.
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
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("circuit `{circuit}` {}", Why(self))]
pub struct CircuitOpenError {
    circuit: &'static str,
    /// `NEVER` where nothing can be said.
    retry_after: Nanos,
    reason: Rejection,
}

impl CircuitOpenError {
    pub(crate) const fn new(circuit: &'static str, reason: Rejection, retry_after: Nanos) -> Self {
        CircuitOpenError { circuit, retry_after, reason }
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

    /// How long to wait before a call has a chance: what is left of the wait when open, the time
    /// until `probe_timeout` frees the places when half-open, `None` for the other reasons.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.reason {
            Rejection::Open | Rejection::HalfOpenFull => {
                Some(Duration::from_nanos(self.retry_after))
            }
            Rejection::ForcedOpen | Rejection::TooManyCalls => None,
        }
    }

    /// [`retry_after`](CircuitOpenError::retry_after), but for a wait that never ends.
    fn wait_that_ends(&self) -> Option<Duration> {
        self.retry_after().filter(|_| self.retry_after != NEVER)
    }
}

/// What the accessors say: `unwrap()` shows this to people.
impl fmt::Debug for CircuitOpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitOpenError")
            .field("circuit", &self.circuit)
            .field("reason", &self.reason)
            .field("retry_after", &self.wait_that_ends())
            .finish()
    }
}

/// The part of the message behind the circuit's name.
struct Why<'a>(&'a CircuitOpenError);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.reason {
            Rejection::Open => match self.0.wait_that_ends() {
                Some(wait) => write!(f, "is open; retry after {wait:.1?}"),
                None => f.write_str("is open"),
            },
            Rejection::HalfOpenFull => f.write_str("is half-open and its probes are taken"),
            Rejection::ForcedOpen => f.write_str("is forced open"),
            Rejection::TooManyCalls => f.write_str("has too many calls in flight"),
        }
    }
}

/// Why a call was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
// A whole word: an error without padding is handed on in four moves, with it in seven.
#[repr(u64)]
pub enum Rejection {
    /// The circuit is open and its wait isn't over.
    Open,
    /// The circuit is half-open and all places for probes are taken.
    HalfOpenFull,
    /// An operator forced the circuit open.
    ForcedOpen,
    /// The bulkhead (`max_concurrent`) is full.
    TooManyCalls,
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
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "only `timeout` makes one"))]
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

/// What came of a call that can be rejected, time out or fail by itself.
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
    /// As an annotated function would return it: the call's own error, or one made of the rejection
    /// or the timeout.
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

/// A configuration that can't be meant; the message names the option and the remedy.
///
/// In a `static` it fails the build; [`CircuitBreaker::try_new`](crate::CircuitBreaker::try_new)
/// and [`reconfigure`](crate::CircuitBreaker::reconfigure) return it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ConfigError {
    message: &'static str,
}

impl ConfigError {
    pub(crate) const fn new(message: &'static str) -> Self {
        ConfigError { message }
    }

    /// The whole message; `Display` prints the same.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.message
    }
}
