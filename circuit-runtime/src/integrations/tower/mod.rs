//! A layer for [`tower`](https://docs.rs/tower)'s services.
//!
//! ```
//! use circuit_runtime::tower::CircuitBreakerLayer;
//! use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new().threshold(1));
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut payments = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(&PAYMENTS))
//!     .service(service_fn(|amount: u32| async move {
//!         Err::<u32, _>(std::io::Error::other(format!("no answer about {amount}")))
//!     }));
//!
//! payments.ready().await.unwrap().call(5).await.unwrap_err(); // it fails, and the circuit opens
//! let error = payments.ready().await.unwrap().call(5).await.unwrap_err();
//! assert!(error.is::<CircuitOpenError>());
//! # }
//! ```
//!
//! # What counts as a failure
//!
//! `Ok` is a success and `Err` a failure. An HTTP response with status 500 is an `Ok`, so HTTP and
//! gRPC services need [`classify`](CircuitBreakerLayer::classify). The outcome is decided by the
//! response's head; what happens to its body afterwards is not seen, unless the layer is
//! `judging_bodies` (feature `http-body1`). A response future that is dropped is a cancelled call.
//!
//! # A circuit for each host
//!
//! [`CircuitBreakerLayer::keyed`] takes the key from the request. Requests of an HTTP client name their host in
//! the URI, those of a server in the header:
//!
//! ```text
//! fn host(request: &http::Request<Body>) -> Cow<'_, str> {
//!     Cow::from(request.uri().host().unwrap_or_default())
//! }
//! CircuitBreakerLayer::keyed(&HOSTS, host).classify(by_result)
//! ```
//!
//! # Errors
//!
//! The error is a [`BoxError`], as with tower's own middleware that can fail: a
//! [`CircuitOpenError`] if the call was rejected, else the inner service's error. `downcast` tells
//! them apart:
//!
//! ```
//! # use circuit_runtime::CircuitOpenError;
//! fn should_retry(error: &circuit_runtime::tower::BoxError) -> bool {
//!     !error.is::<CircuitOpenError>()
//! }
//! # let _ = should_retry;
//! ```
//!
//! So in axum it goes below `HandleErrorLayer`. A tonic client takes it instead of a channel; there
//! the rejection is the `source` of the `Status`. (A gRPC error, too, is an `Ok`, with a header or
//! trailer `grpc-status`.)
//!
//! # A full bulkhead
//!
//! A request beyond `max_concurrent` is rejected at once, also under
//! [`max_wait`](crate::Config::max_wait): a service must be called when it says that it is ready, so
//! the layer has nothing to keep the request for. To let requests queue, put tower's `ConcurrencyLimitLayer`
//! outside the breaker, with a timeout around both; or call through the breaker where the request is made.
//!
//! # Order
//!
//! Put the breaker outside the timeout, so that a call that takes too long is a failure. Put it
//! inside the retry, so that each attempt is counted and an open circuit ends the retries:
//!
//! ```text
//! ServiceBuilder::new().layer(retry).layer(CircuitBreakerLayer::new(&PAYMENTS)).layer(timeout).service(client)
//! ```
//!
//! Put a limit that sheds load inside the breaker, and tell the breaker that a shed call says
//! nothing about the service:
//!
//! ```
//! use circuit_runtime::tower::{BoxError, CircuitBreakerLayer};
//! use circuit_runtime::{CircuitBreaker, Config, Outcome};
//! use tower::load_shed::error::Overloaded;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! static SEARCH: CircuitBreaker = CircuitBreaker::new("search", Config::new().threshold(1));
//!
//! fn classify(result: &Result<(), BoxError>) -> Outcome {
//!     match result {
//!         Ok(()) => Outcome::Success,
//!         Err(error) if error.is::<Overloaded>() => Outcome::Ignored,
//!         Err(_) => Outcome::Failure,
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut search = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(&SEARCH).classify(classify))
//!     .load_shed()
//!     .concurrency_limit(1)
//!     .service(service_fn(|()| async { Ok::<_, BoxError>(()) }));
//!
//! let held = search.ready().await.unwrap().call(());
//! let error = search.ready().await.unwrap().call(()).await.unwrap_err();
//! assert!(error.is::<Overloaded>());
//! held.await.unwrap();
//! assert_eq!((SEARCH.snapshot().ignored, SEARCH.snapshot().failures), (1, 0));
//! # }
//! ```
//!
//! # Readiness
//!
//! `poll_ready` is that of the inner service. The circuit is asked in `call`, so that a service
//! that is ready but never called doesn't count as in flight. A rejected call leaves the inner
//! service ready.
//!
//! An error of the inner `poll_ready` is passed on and not counted: no call was admitted that could
//! have an outcome. By tower's contract such a service must be discarded, and waiting doesn't
//! repair it. Clients that can reconnect, such as tonic's channel or tower's `Reconnect`, report
//! the failed connection in the next call, where it is counted.
//!
//! # Behind a load balancer
//!
//! Use a circuit for each endpoint, with
//! [`not_ready_while_open`](CircuitBreakerLayer::not_ready_while_open). Otherwise `tower::balance`,
//! which chooses the least loaded endpoint, would send more calls to the endpoint that is down,
//! because rejections are so quick. It skips an endpoint that isn't ready.
//!
//! ```text
//! Balance::new(endpoints.map(|(client, breaker)| {
//!     let layer = CircuitBreakerLayer::new(breaker).not_ready_while_open();
//!     PendingRequests::new(layer.layer(client), CompleteOnResponse::default())
//! }))
//! ```
//!
//! If no endpoint is ready, the balancer waits: put a timeout or `load_shed` around it.
//!
//! [`CircuitOpenError`]: crate::CircuitOpenError

#[cfg(feature = "http-body1")]
mod bodies;
mod future;
mod key;
mod layer;
#[cfg(feature = "tokio")]
mod readiness;
mod service;

#[cfg(feature = "http-body1")]
pub use bodies::body::JudgedBody;
#[cfg(feature = "http-body1")]
pub use bodies::classify::{BodyClassifier, EndClassifier, ErrorsOnly, HeadOf};
#[cfg(feature = "http-body1")]
pub use bodies::future::JudgedFuture;
#[cfg(feature = "http-body1")]
pub use bodies::layer::{JudgingBodies, JudgingBodiesLayer};
#[cfg(feature = "tower-http06")]
pub use bodies::tower_http06::Eos;
pub use future::ResponseFuture;
pub use key::{NoKey, RequestKey};
pub use layer::CircuitBreakerLayer;
pub use service::CircuitBreakerService;

use crate::outcome::Outcome;

/// The error of a service behind a [`CircuitBreakerLayer`]; tower's `BoxError`.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Decides what a response counts as; implemented for every `Fn(&Result<Response, Error>) ->
/// Outcome`, such as [`by_result`](crate::by_result).
///
/// A classifier judges the results of others. A type that judges itself implements
/// [`Classify`](crate::Classify).
pub trait Classifier<Response, Error> {
    /// What the result of a call counts as.
    fn classify(&self, result: &Result<Response, Error>) -> Outcome;
}

impl<F, Response, Error> Classifier<Response, Error> for F
where
    F: Fn(&Result<Response, Error>) -> Outcome,
{
    fn classify(&self, result: &Result<Response, Error>) -> Outcome {
        self(result)
    }
}

/// `Ok` is a success and `Err` a failure.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ErrIsFailure;

impl<Response, Error> Classifier<Response, Error> for ErrIsFailure {
    fn classify(&self, result: &Result<Response, Error>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }
}
