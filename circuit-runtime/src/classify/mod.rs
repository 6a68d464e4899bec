//! Ready-made classification: types that know what they say about a service.

pub(crate) mod sql;
pub(crate) mod ways;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;

use crate::error::{CallError, CallTimeoutError, CircuitOpenError};
use crate::outcome::Outcome;

/// A response or an error that knows what it says about the service that it came from.
///
/// Implemented for [`CircuitOpenError`] (ignored), [`CallTimeoutError`] (a failure), `io::Error` (a
/// failure, unless it holds a [`CircuitOpenError`]), references, `Box` and `Arc`; and, each with its
/// feature, for the statuses, responses and errors of `http` 1 (`http1`), `reqwest` 0.12 and 0.13
/// (`reqwest012`, `reqwest013`) and `tonic` 0.14 (`tonic014`). The guide has the
/// [tables](crate::guide::classification).
///
/// Implement it for an error type of your own by handing over to what it holds:
///
/// ```
/// use circuit_runtime::{CircuitOpenError, Classify, Outcome, circuit_breaker, find};
///
/// enum Error {
///     NotFound,
///     Io(std::io::Error),
///     Rejected(CircuitOpenError),
/// }
///
/// impl Classify for Error {
///     fn outcome(&self) -> Outcome {
///         match self {
///             Error::NotFound => Outcome::Success, // the service answered
///             Error::Io(error) => error.outcome(),
///             Error::Rejected(error) => error.outcome(),
///         }
///     }
/// }
/// # impl From<CircuitOpenError> for Error {
/// #     fn from(error: CircuitOpenError) -> Self { Error::Rejected(error) }
/// # }
///
/// #[circuit_breaker(name = "files", classify = circuit_runtime::by_error)]
/// fn read(answer: Result<String, Error>) -> Result<String, Error> {
///     answer
/// }
///
/// let _ = read(Err(Error::NotFound));
/// let _ = read(Err(Error::Io(std::io::ErrorKind::ConnectionReset.into())));
/// let seen = find("files").unwrap().snapshot();
/// assert_eq!((seen.successes, seen.failures), (1, 1));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say what it counts as: it doesn't implement `circuit_runtime::Classify`",
    label = "doesn't implement `Classify`",
    note = "types of other crates implement it with a feature of circuit-runtime: `http1`, `reqwest012`, `reqwest013`, `tonic014`",
    note = "for a type of your own, write `impl Classify for ..`; for `anyhow::Error` and `Box<dyn Error>`, name the error to look for: `classify = circuit_runtime::by_source::<X>`; for all else, a function: `classify = |result| ..`"
)]
pub trait Classify {
    /// What a call that returns this counts as.
    fn outcome(&self) -> Outcome;
}

impl<T: Classify + ?Sized> Classify for &T {
    fn outcome(&self) -> Outcome {
        (**self).outcome()
    }
}

impl<T: Classify + ?Sized> Classify for Box<T> {
    fn outcome(&self) -> Outcome {
        (**self).outcome()
    }
}

impl<T: Classify + ?Sized> Classify for Arc<T> {
    fn outcome(&self) -> Outcome {
        (**self).outcome()
    }
}

/// For services that can't fail, such as axum's routes.
impl Classify for Infallible {
    fn outcome(&self) -> Outcome {
        match *self {}
    }
}

/// Ignored: the service wasn't asked.
impl Classify for CircuitOpenError {
    fn outcome(&self) -> Outcome {
        Outcome::Ignored
    }
}

/// A failure.
impl Classify for CallTimeoutError {
    fn outcome(&self) -> Outcome {
        Outcome::Failure
    }
}

/// What the error inside counts as.
impl<E: Classify> Classify for CallError<E> {
    fn outcome(&self) -> Outcome {
        match self {
            CallError::Open(error) => error.outcome(),
            CallError::TimedOut(error) => error.outcome(),
            CallError::Failed(error) => error.outcome(),
        }
    }
}

/// A failure, of whatever kind; ignored if it holds a [`CircuitOpenError`].
impl Classify for io::Error {
    fn outcome(&self) -> Outcome {
        by_its_rejection(self)
    }
}

/// Ignored if a circuit rejected the call, else a failure.
pub(crate) fn by_its_rejection(error: &(dyn Error + 'static)) -> Outcome {
    match find_source::<CircuitOpenError>(error) {
        Some(rejection) => rejection.outcome(),
        None => Outcome::Failure,
    }
}

/// The first `X` among the error and its sources. An `io::Error` hides the error that it holds: its
/// source is that one's source.
pub(crate) fn find_source<'a, X: Error + 'static>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a X> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
