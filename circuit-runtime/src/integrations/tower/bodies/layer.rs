use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::JudgedBody;
use super::classify::BodyClassifier;
use super::future::JudgedFuture;
use crate::integrations::tower::key::acquire;
use crate::integrations::tower::{
    BoxError, CircuitBreakerLayer, CircuitBreakerService, ErrIsFailure, NoKey, RequestKey,
};
use crate::permit::Permit;

/// Puts a circuit breaker around an HTTP service, and judges the bodies of its responses; made by
/// [`CircuitBreakerLayer::judging_bodies`].
#[derive(Debug, Clone, Copy)]
pub struct JudgingBodiesLayer<C = ErrIsFailure, K = NoKey>(CircuitBreakerLayer<C, K>);

/// An HTTP service behind a circuit breaker that judges bodies; made by [`JudgingBodiesLayer`].
#[derive(Debug, Clone)]
pub struct JudgingBodies<S, C = ErrIsFailure, K = NoKey>(CircuitBreakerService<S, C, K>);

impl<C, K> CircuitBreakerLayer<C, K> {
    /// Judges the bodies of HTTP responses, too: a call lasts until its body has ended or is dropped.
    ///
    /// A body that breaks off is a failure, whatever its head said, and so are trailers that say so: a gRPC
    /// status is in them. A body that is dropped after its head is a success, and so is one that ends. A head that isn't a
    /// failure is the success of a probe, and `slow_call` and `stall` measure up to it. This goes for an ignored head,
    /// too, which comes from a service that answers; its call still counts as ignored. A place in the bulkhead is
    /// taken until the body is gone.
    ///
    /// [`classify`](Self::classify) judges the head as it does without this. With the feature `tower-http06` it also takes
    /// tower-http's classifiers: `ServerErrorsAsFailures`, `GrpcErrorsAsFailures`, and any other in a `SharedClassifier`.
    /// Needs the feature `http-body1`.
    ///
    /// ```
    /// use circuit_runtime::tower::CircuitBreakerLayer;
    /// use circuit_runtime::{CircuitBreaker, Config};
    /// use http::Response;
    /// use http_body_util::{BodyExt, StreamBody};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// static FILES: CircuitBreaker = CircuitBreaker::new("files", Config::new());
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// // A good head, half a body, and then the connection is gone.
    /// let breaks_off = service_fn(|()| async {
    ///     let half = Ok(http_body::Frame::data(&b"half"[..]));
    ///     let frames = futures_lite::stream::iter([half, Err(std::io::Error::other("reset"))]);
    ///     Ok::<_, std::io::Error>(Response::new(StreamBody::new(frames)))
    /// });
    ///
    /// let by_heads = ServiceBuilder::new().layer(CircuitBreakerLayer::new(&FILES)).service(breaks_off);
    /// by_heads.oneshot(()).await.unwrap().collect().await.unwrap_err();
    /// assert_eq!((FILES.snapshot().successes, FILES.snapshot().failures), (1, 0));
    ///
    /// let layer = CircuitBreakerLayer::new(&FILES).judging_bodies();
    /// let by_bodies = ServiceBuilder::new().layer(layer).service(breaks_off);
    /// by_bodies.oneshot(()).await.unwrap().collect().await.unwrap_err();
    /// assert_eq!((FILES.snapshot().successes, FILES.snapshot().failures), (1, 1));
    /// # }
    /// ```
    #[must_use]
    pub const fn judging_bodies(self) -> JudgingBodiesLayer<C, K> {
        JudgingBodiesLayer(self)
    }
}

impl<S, C: Clone, K: Clone> Layer<S> for JudgingBodiesLayer<C, K> {
    type Service = JudgingBodies<S, C, K>;

    fn layer(&self, inner: S) -> Self::Service {
        JudgingBodies(self.0.layer(inner))
    }
}

impl<S, C, K> JudgingBodies<S, C, K> {
    /// The inner service.
    pub fn get_ref(&self) -> &S {
        self.0.get_ref()
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.0.into_inner()
    }
}

impl<S, C, K, Request, B> Service<Request> for JudgingBodies<S, C, K>
where
    S: Service<Request, Response = Response<B>>,
    B: Body,
    S::Error: Into<BoxError>,
    C: BodyClassifier<B, S::Error> + Clone,
    K: RequestKey<Request>,
{
    type Response = Response<JudgedBody<B, C::End>>;
    type Error = BoxError;
    type Future = JudgedFuture<S::Future, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_both_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let service = &mut self.0;
        match acquire(service.breaker, &service.key, &request) {
            Ok(Permit { raw: mut permit }) => {
                permit.in_body(true); // a panic here is the call's
                let future = service.inner.call(request);
                let classify = service.classify.clone();
                permit.in_body(false);
                JudgedFuture::admitted(future, permit, classify)
            }
            Err(error) => JudgedFuture::rejected(error),
        }
    }
}
