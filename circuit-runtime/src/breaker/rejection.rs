//! The text and the key of a rejection. The key is looked up on demand: to keep it would allocate
//! at each rejection.

use std::fmt;
use std::sync::Arc;

use crate::error::{CircuitOpenError, Rejection};
use crate::observe::registry;

impl CircuitOpenError {
    /// The key whose circuit rejected the call. `None` if there is no circuit per key, if the key
    /// had no circuit, or if it has lost it since, by being forgotten or evicted.
    ///
    /// ```
    /// use circuit_runtime::{CircuitOpenError, circuit_breaker};
    ///
    /// #[circuit_breaker(name = "fetch", key = host, threshold = 1)]
    /// fn fetch(host: &str) -> Result<(), Error> {
    ///     Err(Error::Down)
    /// }
    ///
    /// # #[derive(Debug)]
    /// enum Error {
    ///     Down,
    ///     Rejected(CircuitOpenError),
    /// }
    /// # impl From<CircuitOpenError> for Error {
    /// #     fn from(error: CircuitOpenError) -> Self {
    /// #         Error::Rejected(error)
    /// #     }
    /// # }
    ///
    /// let _ = fetch("gone.example");
    /// let Err(Error::Rejected(error)) = fetch("gone.example") else { panic!("it is open") };
    /// assert_eq!(error.key().as_deref(), Some("gone.example"));
    /// assert!(error.to_string().starts_with("circuit `fetch` of `gone.example` is open"));
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<Arc<str>> {
        let id = self.key_id()?;
        registry::find(self.circuit())?.key_of(id)
    }
}

impl std::error::Error for CircuitOpenError {}

impl fmt::Display for CircuitOpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit `{}` ", self.circuit())?;
        if let Some(key) = self.key() {
            write!(f, "of `{key}` ")?;
        }
        match self.reason() {
            Rejection::Open => match self.wait_that_ends() {
                Some(wait) => write!(f, "is open; retry after {wait:.1?}"),
                None => f.write_str("is open"),
            },
            Rejection::HalfOpenFull => f.write_str("is half-open and its probes are taken"),
            Rejection::ForcedOpen => f.write_str("is forced open"),
            Rejection::TooManyCalls => f.write_str("has too many calls in flight"),
            Rejection::Ramping => f.write_str("has closed and lets a growing share of calls pass"),
            Rejection::Throttled => f.write_str("rejects a share of calls because too many fail"),
        }
    }
}

/// Prints what the accessors return, because `unwrap()` shows this to people.
impl fmt::Debug for CircuitOpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CircuitOpenError");
        shown.field("circuit", &self.circuit());
        if let Some(key) = self.key() {
            shown.field("key", &key);
        }
        shown.field("reason", &self.reason()).field("retry_after", &self.wait_that_ends()).finish()
    }
}
