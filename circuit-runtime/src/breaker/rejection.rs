//! Rejections: how they are counted, and the error's text and key. The key is looked up on demand: to keep it would
//! allocate at each rejection.

use std::fmt;
use std::sync::Arc;

use super::CircuitBreaker;
use crate::circuit::{CircuitRef, Refusal};
use crate::counters::Count;
use crate::error::{CircuitOpenError, KeyId, Rejection};
#[cfg(feature = "tracing")]
use crate::integrations;
use crate::observe::event::OneLine;
use crate::observe::name::NameRef;
use crate::observe::registry;
use crate::permit::Fallback;

impl CircuitBreaker {
    /// Counts a rejection, and makes the error.
    #[inline]
    pub(super) fn rejected(
        &self,
        circuit: CircuitRef<'_>,
        refusal: Refusal,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
    ) -> CircuitOpenError {
        rejection(self.name.get_ref(), refusal, key, fallback, |count| circuit.bump(count))
    }
}

/// Counts a rejection by `bump`, and makes the error.
#[expect(clippy::inline_always, reason = "a rejection is short, and has few callers")]
#[inline(always)]
pub(super) fn rejection(
    name: NameRef,
    Refusal { reason, retry_after }: Refusal,
    key: Option<AskedKey<'_>>,
    fallback: Fallback,
    bump: impl Fn(Count),
) -> CircuitOpenError {
    bump(Count::Rejected);
    if let Some(part) = Count::of_rejection(reason) {
        bump(part);
    }
    if fallback == Fallback::Runs {
        bump(Count::Fallbacks);
    }
    let error = CircuitOpenError::new(name, reason, retry_after);
    #[cfg(feature = "tracing")]
    integrations::rejected(&error, key.map(|key| key.text));
    match key {
        Some(AskedKey { id: Some(id), .. }) => error.of_key(id),
        _ => error,
    }
}

/// The key of a call, and the id of its circuit's assignment, if it has a circuit.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedKey<'a> {
    #[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "only an event shows it"))]
    pub(super) text: &'a str,
    pub(super) id: Option<KeyId>,
}

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
            write!(f, "of `{}` ", OneLine(&key))?;
        }
        match self.reason() {
            Rejection::Open => match self.retry_after() {
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
        shown.field("reason", &self.reason()).field("retry_after", &self.retry_after()).finish()
    }
}
