use std::borrow::Cow;

use crate::breaker::CircuitBreaker;
use crate::error::CircuitOpenError;
use crate::permit::{Fallback, KeyHandle, Permit, RawPermit, RefHandle};

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
    let Some(key) = key.key(request) else { return breaker.try_acquire() };
    let (published, admission) = breaker.enter_key(&key, Fallback::None)?;
    let handle = KeyHandle { breaker: RefHandle(breaker), published };
    Ok(Permit { raw: RawPermit::new(handle, admission) })
}
