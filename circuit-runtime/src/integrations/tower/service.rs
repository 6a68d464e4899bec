use std::any::type_name;
use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;

use super::key::acquire;
#[cfg(feature = "tokio")]
use super::readiness::Readiness;
use super::{BoxError, Classifier, ErrIsFailure, NoKey, RequestKey, ResponseFuture};
use crate::breaker::CircuitBreaker;
use crate::permit::Permit;

/// A service behind a circuit breaker; made by [`CircuitBreakerLayer`](super::CircuitBreakerLayer).
#[derive(Clone)]
pub struct CircuitBreakerService<S, C = ErrIsFailure, K = NoKey> {
    pub(super) inner: S,
    pub(super) breaker: &'static CircuitBreaker,
    pub(super) classify: C,
    pub(super) key: K,
    /// `None`: ready as soon as the inner service is.
    #[cfg(feature = "tokio")]
    readiness: Option<Readiness>,
}

impl<S, C, K> CircuitBreakerService<S, C, K> {
    pub(super) fn new(inner: S, breaker: &'static CircuitBreaker, classify: C, key: K) -> Self {
        CircuitBreakerService {
            inner,
            breaker,
            classify,
            key,
            #[cfg(feature = "tokio")]
            readiness: None,
        }
    }

    #[cfg(feature = "tokio")]
    pub(super) fn not_ready_while_open(self) -> Self {
        CircuitBreakerService { readiness: Some(Readiness::new(self.breaker)), ..self }
    }

    /// Whether the circuit, if it is asked for, and the inner service are ready.
    pub(super) fn poll_both_ready<Request>(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), BoxError>>
    where
        S: Service<Request, Error: Into<BoxError>>,
    {
        // The circuit first: so the inner service reserves nothing, such as a permit of a limit,
        // while the circuit is open.
        #[cfg(feature = "tokio")]
        if let Some(readiness) = &mut self.readiness {
            std::task::ready!(readiness.poll(context));
        }
        self.inner.poll_ready(context).map_err(Into::into)
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, K, Request> Service<Request> for CircuitBreakerService<S, C, K>
where
    S: Service<Request>,
    S::Error: Into<BoxError>,
    C: Classifier<S::Response, S::Error> + Clone,
    K: RequestKey<Request>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll_both_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match acquire(self.breaker, &self.key, &request) {
            Ok(Permit { raw: mut permit }) => {
                permit.in_body(true); // a panic here is the call's
                let future = self.inner.call(request);
                let classify = self.classify.clone();
                permit.in_body(false);
                ResponseFuture::admitted(future, permit, classify)
            }
            Err(error) => ResponseFuture::rejected(error),
        }
    }
}

impl<S: fmt::Debug, C, K> fmt::Debug for CircuitBreakerService<S, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("inner", &self.inner)
            .field("circuit", &self.breaker.name())
            .field("classify", &format_args!("{}", type_name::<C>()))
            .finish_non_exhaustive()
    }
}
