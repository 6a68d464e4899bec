//! Breakers around tower's services: in memory, and between a real server and a real client.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, pending, poll_fn, ready};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use circuit_runtime::tower::{BoxError, CircuitBreakerLayer};
use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, Outcome, Rejection, test_util};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::limit::ConcurrencyLimit;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

fn breaker(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("tower", config)))
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn an_open_circuit_rejects_without_calling_the_service() {
    let breaker = breaker(Config::new().threshold(2));
    let calls = AtomicU32::new(0);
    let mut service = CircuitBreakerLayer::new(breaker).layer(service_fn(|()| {
        calls.fetch_add(1, Ordering::Relaxed);
        ready(Err::<(), _>(io::Error::other("down")))
    }));
    for _ in 0..2 {
        let error = service.ready().await.unwrap().call(()).await.unwrap_err();
        assert!(error.is::<io::Error>(), "the service's own error");
    }
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    let open = error.downcast_ref::<CircuitOpenError>().unwrap();
    assert_eq!(open.reason(), Rejection::Open);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_classifier_says_what_a_response_counts_as() {
    let breaker = breaker(Config::new().threshold(1));
    let layer =
        CircuitBreakerLayer::new(breaker).classify(
            |status: &Result<u16, Infallible>| match status {
                Ok(500..) => Outcome::Failure,
                Ok(400..) => Outcome::Ignored,
                _ => Outcome::Success,
            },
        );
    let service = layer.layer(service_fn(|status: u16| ready(Ok(status))));
    for status in [200, 404, 500] {
        assert_eq!(service.clone().oneshot(status).await.unwrap(), status);
    }
    service.oneshot(200).await.unwrap_err();
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.ignored, snapshot.failures), (1, 1, 1));
}

/// Insists on tower's contract: called exactly when it was found ready, and a clone isn't ready.
struct Strict {
    is_ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Strict { is_ready: false }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = io::Error;
    type Future = Ready<io::Result<()>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::replace(&mut self.is_ready, false), "called before it was ready");
        ready(Ok(()))
    }
}

#[tokio::test]
async fn the_service_that_was_found_ready_is_the_one_that_is_called() {
    let mut service =
        CircuitBreakerLayer::new(breaker(Config::new())).layer(Strict { is_ready: false });
    for _ in 0..3 {
        service.ready().await.unwrap().call(()).await.unwrap();
    }
    service.clone().oneshot(()).await.unwrap();
}

#[tokio::test]
async fn readiness_is_the_inner_services_own_and_takes_no_place() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1).recovery(Duration::from_secs(30)));
    let inner = service_fn(|fails: bool| async move {
        if fails { Err(io::Error::other("down")) } else { Ok(()) }
    });
    let mut service = CircuitBreakerLayer::new(breaker).layer(ConcurrencyLimit::new(inner, 1));
    service.ready().await.unwrap().call(true).await.unwrap_err();

    time.advance(Duration::from_secs(30));
    let mut other = service.clone();
    let held = service.ready().await.unwrap().call(false);
    assert!(poll_once(other.ready()).is_pending(), "the limit is reached");
    drop(held);
    // Ready three times over, with a single place for a probe.
    for _ in 0..3 {
        assert!(poll_once(other.ready()).is_ready());
    }
    assert_eq!(breaker.snapshot().rejected, 0);
    other.call(false).await.unwrap();
    assert_eq!(breaker.state(), circuit_runtime::State::Closed);
}

#[tokio::test]
async fn a_response_future_that_is_dropped_is_a_cancelled_call() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1).recovery(Duration::from_secs(30)));
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_secs(30));

    let mut service = CircuitBreakerLayer::new(breaker)
        .layer(service_fn(|()| pending::<Result<(), Infallible>>()));
    let mut probe = Box::pin(service.ready().await.unwrap().call(()));
    assert!(poll_once(probe.as_mut()).is_pending());
    let full = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(full.downcast::<CircuitOpenError>().unwrap().reason(), Rejection::HalfOpenFull);

    drop(probe);
    assert_eq!(breaker.snapshot().cancelled, 1);
    let next = service.ready().await.unwrap().call(());
    assert!(poll_once(next).is_pending(), "the probe's place is free again");
}

#[tokio::test]
async fn a_panic_of_the_service_is_a_failure() {
    let breaker = breaker(Config::new());
    let in_call = service_fn(|()| -> Ready<io::Result<()>> { panic!("in call") });
    let in_poll = service_fn(|()| poll_fn(|_| -> Poll<io::Result<()>> { panic!("in poll") }));
    let layer = CircuitBreakerLayer::new(breaker);
    let first = tokio::spawn(async move { layer.layer(in_call).oneshot(()).await });
    assert!(first.await.unwrap_err().is_panic());
    let second = tokio::spawn(async move { layer.layer(in_poll).oneshot(()).await });
    assert!(second.await.unwrap_err().is_panic());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.panicked, snapshot.failures, snapshot.cancelled), (2, 2, 0));
}

#[tokio::test]
async fn a_panic_of_the_classifiers_clone_is_the_calls() {
    /// Can be cloned so many times, one after the other.
    struct Clones(u32);
    impl Clone for Clones {
        fn clone(&self) -> Self {
            Clones(self.0.checked_sub(1).expect("no more clones"))
        }
    }
    let breaker = breaker(Config::new());
    let clones = Clones(1); // for the layer's service
    let layer = CircuitBreakerLayer::new(breaker).classify(move |_: &Result<(), Infallible>| {
        let _ = &clones;
        Outcome::Success
    });
    let mut service = layer.layer(service_fn(|()| ready(Ok::<_, Infallible>(()))));
    let call = AssertUnwindSafe(|| drop(service.call(())));
    assert!(catch_unwind(call).is_err());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.panicked, snapshot.failures, snapshot.cancelled), (1, 1, 0));
}

/// A future by hand, which lives until its owner drops it.
struct ByHand {
    _alive: Arc<()>,
    poll: fn() -> Poll<io::Result<()>>,
}

impl Future for ByHand {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.poll)()
    }
}

#[test]
fn the_response_future_is_gone_before_the_circuit_hears_of_the_end() {
    let ends: [fn() -> Poll<io::Result<()>>; 2] =
        [|| Poll::Ready(Err(io::Error::other("down"))), || panic!("in poll")];
    for poll in ends {
        let breaker = breaker(Config::new().threshold(1));
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let (sender, alive_at_opening) = channel();
        breaker.on_transition(move |_| sender.send(weak.strong_count()).unwrap());
        let alive = Cell::new(Some(alive));
        let inner = |()| ByHand { _alive: alive.take().expect("called once"), poll };
        let mut service = CircuitBreakerLayer::new(breaker).layer(service_fn(inner));
        let call = AssertUnwindSafe(|| drop(poll_once(service.call(()))));
        let _ = catch_unwind(call);
        assert_eq!(alive_at_opening.try_recv(), Ok(0));
    }
}

#[tokio::test(start_paused = true)]
async fn around_a_timeout_a_call_that_takes_too_long_is_a_failure() {
    let breaker = breaker(Config::new().threshold(1));
    let mut service = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker))
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(service_fn(|()| pending::<Result<(), Infallible>>()));
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>());
    assert!(service.ready().await.unwrap().call(()).await.unwrap_err().is::<CircuitOpenError>());
}

/// Messages without content.
#[derive(Default)]
struct Nothing;

impl tonic::codec::Codec for Nothing {
    type Encode = ();
    type Decode = ();
    type Encoder = Nothing;
    type Decoder = Nothing;

    fn encoder(&mut self) -> Nothing {
        Nothing
    }
    fn decoder(&mut self) -> Nothing {
        Nothing
    }
}

impl tonic::codec::Encoder for Nothing {
    type Item = ();
    type Error = tonic::Status;

    fn encode(&mut self, (): (), _: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
        Ok(())
    }
}

impl tonic::codec::Decoder for Nothing {
    type Item = ();
    type Error = tonic::Status;

    fn decode(&mut self, _: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<()>, tonic::Status> {
        Ok(Some(()))
    }
}

#[tokio::test]
async fn in_the_place_of_a_tonic_channel_a_rejection_is_the_source_of_the_status() {
    fn client<T: tonic::client::GrpcService<Body>>(channel: T) -> tonic::client::Grpc<T> {
        tonic::client::Grpc::new(channel)
    }
    let breaker = breaker(Config::new().threshold(1));
    let channel = service_fn(|_: axum::http::Request<Body>| {
        ready(Err::<axum::http::Response<Body>, BoxError>("unreachable".into()))
    });
    let mut client = client(CircuitBreakerLayer::new(breaker).layer(channel));
    let mut charge = async || {
        client.ready().await.unwrap();
        let path = axum::http::uri::PathAndQuery::from_static("/shop.Payments/Charge");
        client.unary(tonic::Request::new(()), path, Nothing).await.unwrap_err()
    };
    assert_eq!(charge().await.message(), "unreachable");
    let status = charge().await;
    let source = std::error::Error::source(&status).expect("what the channel said");
    assert_eq!(source.downcast_ref::<CircuitOpenError>().unwrap().reason(), Rejection::Open);
}

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn rejected(error: BoxError) -> Response {
    match error.downcast::<CircuitOpenError>() {
        Ok(open) => open.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

#[tokio::test]
async fn in_front_of_an_axum_server_it_answers_503_with_retry_after() {
    let breaker = breaker(Config::new().threshold(2));
    let by_status = |response: &Result<Response, Infallible>| match response {
        Ok(response) if response.status().is_server_error() => Outcome::Failure,
        _ => Outcome::Success,
    };
    let app = Router::new().route("/", get(|| async { StatusCode::INTERNAL_SERVER_ERROR })).layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(rejected))
            .layer(CircuitBreakerLayer::new(breaker).classify(by_status)),
    );
    let url = format!("http://{}/", serve(app).await);

    let client = reqwest::Client::new();
    for _ in 0..2 {
        assert_eq!(client.get(&url).send().await.unwrap().status(), 500);
    }
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(breaker.snapshot().rejected, 1);
}

#[tokio::test]
async fn around_a_hyper_client_it_opens_and_recovers() {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);

    let time = test_util::freeze();
    let app = Router::new().route(
        "/",
        get(|| async {
            let first = REQUESTS.fetch_add(1, Ordering::Relaxed) < 2;
            if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        }),
    );
    let url = format!("http://{}/", serve(app).await);
    let breaker = breaker(Config::new().threshold(2).recovery(Duration::from_secs(30)));
    let by_status = |response: &Result<axum::http::Response<_>, _>| match response {
        Ok(response) if !response.status().is_server_error() => Outcome::Success,
        _ => Outcome::Failure,
    };
    let mut client = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker).classify(by_status))
        .service(legacy::Client::builder(TokioExecutor::new()).build_http());
    let request = || axum::http::Request::get(&url).body(axum::body::Body::empty()).unwrap();

    for _ in 0..2 {
        assert_eq!(client.ready().await.unwrap().call(request()).await.unwrap().status(), 503);
    }
    let error = client.ready().await.unwrap().call(request()).await.unwrap_err();
    assert!(error.is::<CircuitOpenError>());
    assert_eq!(REQUESTS.load(Ordering::Relaxed), 2, "the third didn't reach the server");

    time.advance(Duration::from_secs(30));
    assert_eq!(client.ready().await.unwrap().call(request()).await.unwrap().status(), 200);
    assert_eq!(breaker.state(), circuit_runtime::State::Closed);
}

#[tokio::test]
async fn around_a_tonic_channel_it_opens_and_recovers() {
    static CHARGES: AtomicU64 = AtomicU64::new(0);

    async fn charge(_: tonic::Request<()>) -> Result<tonic::Response<()>, tonic::Status> {
        let first = CHARGES.fetch_add(1, Ordering::Relaxed) < 2;
        if first {
            Err(tonic::Status::internal("out of order"))
        } else {
            Ok(tonic::Response::new(()))
        }
    }
    let time = test_util::freeze();
    let serve_charge = |request: axum::http::Request<axum::body::Body>| async {
        tonic::server::Grpc::new(Nothing).unary(service_fn(charge), request).await
    };
    let app = Router::new().route("/shop.Payments/Charge", post(serve_charge));
    let url = format!("http://{}", serve(app).await);
    let breaker = breaker(Config::new().threshold(2).recovery(Duration::from_secs(30)));
    // An error without a message before it has its code in the head.
    let by_code = |response: &Result<axum::http::Response<Body>, _>| match response {
        Ok(response) if !response.headers().contains_key("grpc-status") => Outcome::Success,
        _ => Outcome::Failure,
    };
    let channel = Channel::from_shared(url).unwrap().connect_lazy();
    let layer = CircuitBreakerLayer::new(breaker).classify(by_code);
    let mut client = tonic::client::Grpc::new(layer.layer(channel));
    let mut charge = async || {
        client.ready().await.unwrap();
        let path = axum::http::uri::PathAndQuery::from_static("/shop.Payments/Charge");
        client.unary(tonic::Request::new(()), path, Nothing).await
    };

    for _ in 0..2 {
        assert_eq!(charge().await.unwrap_err().message(), "out of order");
    }
    let status = charge().await.unwrap_err();
    let source = std::error::Error::source(&status).expect("what the layer said");
    assert!(source.is::<CircuitOpenError>());
    assert_eq!(CHARGES.load(Ordering::Relaxed), 2, "the third didn't reach the server");

    time.advance(Duration::from_secs(30));
    charge().await.unwrap();
    assert_eq!(breaker.state(), circuit_runtime::State::Closed);
}

#[tokio::test]
async fn around_a_reqwest_client_it_opens_and_recovers() {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);

    let time = test_util::freeze();
    let app = Router::new().route(
        "/",
        get(|| async {
            let first = REQUESTS.fetch_add(1, Ordering::Relaxed) < 3;
            if first { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
        }),
    );
    let url = format!("http://{}/", serve(app).await);
    let breaker = breaker(Config::new().threshold(3).recovery(Duration::from_secs(30)));
    let by_status = |response: &reqwest::Result<reqwest::Response>| match response {
        Ok(response) if !response.status().is_server_error() => Outcome::Success,
        _ => Outcome::Failure,
    };
    let mut client = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker).classify(by_status))
        .service(reqwest::Client::new());
    let request = || reqwest::Request::new(reqwest::Method::GET, url.parse().unwrap());

    for _ in 0..3 {
        assert_eq!(client.ready().await.unwrap().call(request()).await.unwrap().status(), 502);
    }
    let error = client.ready().await.unwrap().call(request()).await.unwrap_err();
    assert!(error.is::<CircuitOpenError>());
    assert_eq!(REQUESTS.load(Ordering::Relaxed), 3, "the fourth didn't reach the server");

    time.advance(Duration::from_secs(30));
    assert_eq!(client.ready().await.unwrap().call(request()).await.unwrap().status(), 200);
    assert_eq!(breaker.state(), circuit_runtime::State::Closed);
}

/// Tries each request twice.
#[derive(Clone)]
struct Twice(u32);

impl<Request: Clone, Response> Policy<Request, Response, BoxError> for Twice {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request,
        result: &mut Result<Response, BoxError>,
    ) -> Option<Ready<()>> {
        let again = result.is_err() && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

/// In a task, which has to be `Send`; of any lifetime, which is what the compiler asks for there.
#[tokio::test]
async fn the_documented_order_with_a_closure_in_place_can_be_spawned() {
    let breaker = breaker(Config::new());
    let in_place = tokio::spawn(async move {
        let mut client = ServiceBuilder::new()
            .layer(RetryLayer::new(Twice(1)))
            .layer(CircuitBreakerLayer::new(breaker).classify(
                |result: &Result<u16, Box<dyn std::error::Error + Send + Sync + '_>>| match result {
                    Ok(status) if *status < 500 => Outcome::Success,
                    _ => Outcome::Failure,
                },
            ))
            .layer(TimeoutLayer::new(Duration::from_secs(1)))
            .service(service_fn(|status: u16| async move {
                tokio::task::yield_now().await;
                Ok::<_, io::Error>(status)
            }));
        client.ready().await.unwrap().call(503).await.unwrap()
    });
    assert_eq!(in_place.await.unwrap(), 503);
    assert_eq!(breaker.snapshot().failures, 1);
}
