use std::any::type_name;
use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;

use super::{BoxError, ByResult, Classify, ResponseFuture};
use crate::breaker::CircuitBreaker;
use crate::permit::Permit;

/// A service behind a circuit breaker; made by [`CircuitBreakerLayer`](super::CircuitBreakerLayer).
#[derive(Clone)]
pub struct CircuitBreakerService<S, C = ByResult> {
    inner: S,
    breaker: &'static CircuitBreaker,
    classify: C,
}

impl<S, C> CircuitBreakerService<S, C> {
    pub(super) fn new(inner: S, breaker: &'static CircuitBreaker, classify: C) -> Self {
        CircuitBreakerService { inner, breaker, classify }
    }

    /// The service within.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service within.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service within.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, Request> Service<Request> for CircuitBreakerService<S, C>
where
    S: Service<Request>,
    S::Error: Into<BoxError>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.breaker.try_acquire() {
            Ok(Permit { held: mut permit }) => {
                permit.inside(true); // a panic of `call` is the call's
                let future = self.inner.call(request);
                permit.inside(false);
                ResponseFuture::admitted(future, permit, self.classify.clone())
            }
            Err(error) => ResponseFuture::rejected(error),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for CircuitBreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("inner", &self.inner)
            .field("circuit", &self.breaker.name())
            .field("classify", &format_args!("{}", type_name::<C>()))
            .finish()
    }
}
