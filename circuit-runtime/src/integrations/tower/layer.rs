use std::any::type_name;
use std::fmt;

use tower_layer::Layer;

use super::{ByResult, CircuitBreakerService};
use crate::breaker::CircuitBreaker;
use crate::outcome::Outcome;

/// Puts a circuit breaker around a service.
///
/// All services that a layer makes, and all their clones, share its one circuit.
#[derive(Clone, Copy)]
pub struct CircuitBreakerLayer<C = ByResult> {
    breaker: &'static CircuitBreaker,
    classify: C,
}

impl CircuitBreakerLayer {
    /// Calls go through this circuit, which is [registered](CircuitBreaker::register) when the
    /// first service is made.
    #[must_use]
    pub const fn new(breaker: &'static CircuitBreaker) -> Self {
        CircuitBreakerLayer { breaker, classify: ByResult }
    }
}

impl<C> CircuitBreakerLayer<C> {
    /// Says what a result counts as, instead of `Ok` as a success and `Err` as a failure.
    ///
    /// ```
    /// use circuit_runtime::tower::CircuitBreakerLayer;
    /// use circuit_runtime::{CircuitBreaker, Config, Outcome};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search", Config::new());
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = CircuitBreakerLayer::new(&SEARCH).classify(|status: &Result<u16, std::io::Error>| match status {
    ///     Ok(status) if *status < 500 => Outcome::Success,
    ///     _ => Outcome::Failure,
    /// });
    /// let search = ServiceBuilder::new().layer(layer).service(service_fn(|()| async { Ok(503) }));
    ///
    /// assert_eq!(search.oneshot(()).await.unwrap(), 503);
    /// assert_eq!(SEARCH.snapshot().failures, 1);
    /// # }
    /// ```
    #[must_use]
    pub fn classify<Response, Error, F>(self, classify: F) -> CircuitBreakerLayer<F>
    where
        F: Fn(&Result<Response, Error>) -> Outcome,
    {
        CircuitBreakerLayer { breaker: self.breaker, classify }
    }
}

impl<S, C: Clone> Layer<S> for CircuitBreakerLayer<C> {
    type Service = CircuitBreakerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        self.breaker.register();
        CircuitBreakerService::new(inner, self.breaker, self.classify.clone())
    }
}

impl<C> fmt::Debug for CircuitBreakerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("circuit", &self.breaker.name())
            .field("classify", &format_args!("{}", type_name::<C>()))
            .finish()
    }
}
