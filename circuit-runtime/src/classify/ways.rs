//! The ways to ask a result what it counts as, for `classify`.

use std::error::Error;
use std::ops::Deref;

use super::{Classify, find_source};
use crate::outcome::Outcome;

/// For `classify`: an error says what it counts as, and `Ok` is a success.
///
/// ```
/// use circuit_runtime::{circuit_breaker, find};
///
/// #[circuit_breaker(name = "hosts file", classify = circuit_runtime::by_error)]
/// fn hosts(path: &str) -> std::io::Result<String> {
///     std::fs::read_to_string(path)
/// }
///
/// let _ = hosts("/no/such/file");
/// assert_eq!(find("hosts file").unwrap().snapshot().failures, 1);
/// ```
///
/// By hand:
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, by_error};
///
/// let files = CircuitBreaker::new("files", Config::new());
/// let text = files.call_with(by_error, || std::fs::read_to_string("/no/such/file")).unwrap();
/// assert!(text.is_err());
/// assert_eq!(files.snapshot().failures, 1);
/// ```
#[inline]
pub fn by_error<T, E: Classify>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(error) => error.outcome(),
    }
}

/// For `classify`: both the value and the error say what they count as.
///
/// For clients whose `Ok` may be an answer with a status that is a failure, such as
/// `Result<reqwest::Response, reqwest::Error>`.
///
/// ```
/// use circuit_runtime::{CircuitOpenError, Classify, Outcome, circuit_breaker, find};
///
/// struct Answer(u16);
///
/// impl Classify for Answer {
///     fn outcome(&self) -> Outcome {
///         if self.0 < 500 { Outcome::Success } else { Outcome::Failure }
///     }
/// }
///
/// #[circuit_breaker(name = "search", classify = circuit_runtime::by_result)]
/// fn search(status: u16) -> Result<Answer, CircuitOpenError> {
///     Ok(Answer(status))
/// }
///
/// let _ = (search(200), search(500));
/// let seen = find("search").unwrap().snapshot();
/// assert_eq!((seen.successes, seen.failures), (1, 1));
/// ```
#[inline]
pub fn by_result<T: Classify, E: Classify>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(value) => value.outcome(),
        Err(error) => error.outcome(),
    }
}

/// For `classify`: the value says what it counts as, and every `Err` is a failure.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Classify, Config, Outcome, by_value};
///
/// struct Answer(u16);
///
/// impl Classify for Answer {
///     fn outcome(&self) -> Outcome {
///         if self.0 < 500 { Outcome::Success } else { Outcome::Failure }
///     }
/// }
///
/// let search = CircuitBreaker::new("search", Config::new());
/// for answer in [Ok(Answer(200)), Ok(Answer(500)), Err("no answer")] {
///     let _ = search.call_with(by_value, || answer);
/// }
/// assert_eq!((search.snapshot().successes, search.snapshot().failures), (1, 2));
/// ```
#[inline]
pub fn by_value<T: Classify, E>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(value) => value.outcome(),
        Err(_) => Outcome::Failure,
    }
}

/// For `classify`, where the error is `anyhow::Error` or `Box<dyn Error>`: the first `X` among the
/// error and its sources says what it counts as. Without one, an error is a failure; `Ok` is a
/// success.
///
/// ```
/// use circuit_runtime::{CircuitOpenError, circuit_breaker, find};
/// use std::error::Error;
///
/// #[circuit_breaker(name = "inner", threshold = 1)]
/// fn price() -> std::io::Result<u32> {
///     Err(std::io::Error::other("down"))
/// }
///
/// // What the inner circuit rejects says nothing about the shop.
/// #[circuit_breaker(name = "shop", classify = circuit_runtime::by_source::<CircuitOpenError>)]
/// fn offer() -> Result<u32, Box<dyn Error>> {
///     Ok(price()? + 1)
/// }
///
/// let _ = (offer(), offer());
/// let seen = find("shop").unwrap().snapshot();
/// assert_eq!((seen.failures, seen.ignored), (1, 1));
/// ```
#[inline]
pub fn by_source<X: Classify + Error + 'static>(
    result: &Result<impl Sized, impl HoldsError>,
) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(error) => find_source::<X>(error.held()).map_or(Outcome::Failure, X::outcome),
    }
}

/// `anyhow::Error`, and the boxes of `dyn Error`.
#[diagnostic::on_unimplemented(
    message = "`by_source` looks into `anyhow::Error` and `Box<dyn Error>`, not into `{Self}`",
    label = "neither `anyhow::Error` nor `Box<dyn Error>`",
    note = "for an error type of your own, implement `circuit_runtime::Classify` and write `classify = circuit_runtime::by_error`"
)]
pub trait HoldsError {
    #[doc(hidden)]
    fn held(&self) -> &(dyn Error + 'static);
}

#[diagnostic::do_not_recommend]
impl<P: Deref<Target: DynError>> HoldsError for P {
    fn held(&self) -> &(dyn Error + 'static) {
        self.deref().as_error()
    }
}

/// What they lead to.
pub trait DynError {
    #[doc(hidden)]
    fn as_error(&self) -> &(dyn Error + 'static);
}

macro_rules! dyn_errors {
    ($($error:ty),*) => {$(
        impl DynError for $error {
            fn as_error(&self) -> &(dyn Error + 'static) {
                self
            }
        }
    )*};
}

dyn_errors!(dyn Error, dyn Error + Send, dyn Error + Send + Sync);
