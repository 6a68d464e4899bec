use std::borrow::Cow;

use crate::breaker::CircuitBreaker;
use crate::error::CircuitOpenError;
use crate::permit::Permit;

/// Which key a request has; implemented for every `for<'a> Fn(&'a Request) -> Cow<'a, str>`.
pub trait RequestKey<Request> {
    /// The key. `None`: the service has one circuit, without keys.
    fn key<'a>(&self, request: &'a Request) -> Option<Cow<'a, str>>;
}

impl<F, Request> RequestKey<Request> for F
where
    F: for<'a> Fn(&'a Request) -> Cow<'a, str>,
{
    fn key<'a>(&self, request: &'a Request) -> Option<Cow<'a, str>> {
        Some(self(request))
    }
}

/// All requests go through one circuit.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct NoKey;

impl<Request> RequestKey<Request> for NoKey {
    fn key<'a>(&self, _: &'a Request) -> Option<Cow<'a, str>> {
        None
    }
}

/// Acquires a permit of the request's circuit. The key is asked for first: if it panics, nothing was
/// admitted.
pub(super) fn acquire<Request>(
    breaker: &'static CircuitBreaker,
    key: &impl RequestKey<Request>,
    request: &Request,
) -> Result<Permit<'static>, CircuitOpenError> {
    match key.key(request) {
        Some(key) => breaker.key(&key).try_acquire(),
        None => breaker.try_acquire(),
    }
}
