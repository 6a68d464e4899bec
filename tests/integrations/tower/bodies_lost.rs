//! `judging_bodies` between real clients and hyper and tonic servers that break off after the head.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::routing::{get, post};
use circuit_runtime::tower::CircuitBreakerLayer;
use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, State, test_util};
use futures_core::Stream;
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::transport::Channel;
use tower::{Layer, ServiceExt, service_fn};
use tower_http06::classify::{GrpcErrorsAsFailures, ServerErrorsAsFailures};

use super::breaker;
use super::grpc::Nothing;

const FRAGILE: Config = Config::new().threshold(1).recovery(Duration::from_secs(30));

/// What a server sends after its head, as a test tells it to.
struct Told<T>(Arc<Mutex<UnboundedReceiver<T>>>);

impl<T> Told<T> {
    fn new() -> (UnboundedSender<T>, Self) {
        let (sender, receiver) = unbounded_channel();
        (sender, Told(Arc::new(Mutex::new(receiver))))
    }
}

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Told(Arc::clone(&self.0))
    }
}

impl<T> Stream for Told<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.lock().unwrap().poll_recv(context)
    }
}

/// A server of hyper's, of HTTP/1 and HTTP/2, whose connection is gone once `lost` is notified.
async fn serve(app: Router, lost: Arc<Notify>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (app, lost) = (TowerToHyperService::new(app.clone()), Arc::clone(&lost));
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                tokio::select! {
                    _ = server.serve_connection(TokioIo::new(socket), app) => {}
                    () = lost.notified() => {}
                }
            });
        }
    });
    url
}

/// Successes, failures and cancelled calls, and the state.
fn seen(breaker: &CircuitBreaker) -> ([u64; 3], State) {
    let seen = breaker.snapshot();
    ([seen.successes, seen.failures, seen.cancelled], seen.state)
}

const UNDECIDED: ([u64; 3], State) = ([0, 0, 0], State::Closed);
const FAILED: ([u64; 3], State) = ([0, 1, 0], State::Open);

/// How a hyper server breaks off.
#[derive(Clone, Copy, Debug)]
enum End {
    /// What makes the body fails.
    BodyFails,
    ConnectionLost,
}

#[tokio::test]
async fn a_hyper_server_that_breaks_off_after_the_head_has_failed() {
    for http2 in [false, true] {
        for (end, parts) in
            [End::BodyFails, End::ConnectionLost].into_iter().flat_map(|end| [(end, 0), (end, 1)])
        {
            let (says, told) = Told::<io::Result<&str>>::new();
            let (breaker, lost) = (breaker(FRAGILE), Arc::new(Notify::new()));
            let app = Router::new().route("/", get(async || Body::from_stream(told)));
            let url = serve(app, Arc::clone(&lost)).await;
            let client: legacy::Client<_, Body> =
                legacy::Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
            let layer = CircuitBreakerLayer::new(breaker).classify(ServerErrorsAsFailures::new());
            let client = layer.judging_bodies().layer(client);
            let request = || axum::http::Request::get(&url).body(Body::empty()).unwrap();

            let what = format!("{http2} {end:?} {parts}");
            let response = client.clone().oneshot(request()).await.unwrap();
            assert_eq!(200, response.status().as_u16(), "{what}");
            let mut body = response.into_body();
            for _ in 0..parts {
                says.send(Ok("half")).unwrap();
                assert_eq!("half", body.frame().await.unwrap().unwrap().into_data().unwrap());
            }
            assert_eq!(UNDECIDED, seen(breaker), "{what}");
            match end {
                End::BodyFails => says.send(Err(io::Error::other("no more rows"))).unwrap(),
                End::ConnectionLost => lost.notify_one(),
            }
            body.frame().await.expect("no end").unwrap_err();
            assert_eq!(FAILED, seen(breaker), "{what}");
            let rejected = client.oneshot(request()).await.unwrap_err();
            assert!(rejected.is::<CircuitOpenError>(), "{what}: {rejected}");
        }
    }
}

type Message = Result<(), tonic::Status>;

/// A tonic server whose answers are streams of what it is told.
async fn grpc(told: Told<Message>, lost: Arc<Notify>) -> String {
    let serve_messages = async move |request: axum::http::Request<Body>| {
        let messages = async |_: tonic::Request<()>| Ok(tonic::Response::new(told.clone()));
        tonic::server::Grpc::new(Nothing).server_streaming(service_fn(messages), request).await
    };
    serve(Router::new().route("/shop.Orders/List", post(serve_messages)), lost).await
}

/// Asks through the layer for a stream, whose messages begin to come.
async fn ask(
    breaker: &'static CircuitBreaker,
    url: &str,
) -> Result<tonic::Streaming<()>, tonic::Status> {
    let channel = Channel::from_shared(url.to_owned()).unwrap().connect_lazy();
    let layer = CircuitBreakerLayer::new(breaker).classify(GrpcErrorsAsFailures::new());
    let mut client = tonic::client::Grpc::new(layer.judging_bodies().layer(channel));
    client.ready().await.map_err(tonic::Status::from_error)?;
    let path = PathAndQuery::from_static("/shop.Orders/List");
    Ok(client.server_streaming(tonic::Request::new(()), path, Nothing).await?.into_inner())
}

#[tokio::test]
async fn a_tonic_server_whose_connection_is_lost_between_messages_has_failed() {
    for sent in 0..3 {
        let (says, told) = Told::<Message>::new();
        let (breaker, lost) = (breaker(FRAGILE), Arc::new(Notify::new()));
        let url = grpc(told, Arc::clone(&lost)).await;
        let mut messages = ask(breaker, &url).await.unwrap();
        for _ in 0..sent {
            says.send(Ok(())).unwrap();
            assert_eq!(Some(()), messages.message().await.unwrap());
        }
        assert_eq!(UNDECIDED, seen(breaker), "after {sent} messages");
        lost.notify_one();
        let status = messages.message().await.unwrap_err();
        assert_eq!(FAILED, seen(breaker), "after {sent} messages: {status}");
        let rejected = ask(breaker, &url).await.unwrap_err();
        assert!(std::error::Error::source(&rejected).unwrap().is::<CircuitOpenError>());
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_between_messages_opens_the_circuit_that_its_head_has_closed() {
    let time = test_util::freeze();
    let (says, told) = Told::<Message>::new();
    let (breaker, lost) = (breaker(FRAGILE), Arc::new(Notify::new()));
    let url = grpc(told, Arc::clone(&lost)).await;
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_secs(30));
    let mut messages = ask(breaker, &url).await.unwrap();
    says.send(Ok(())).unwrap();
    assert_eq!(Some(()), messages.message().await.unwrap());
    assert_eq!(([0, 1, 0], State::Closed), seen(breaker));
    lost.notify_one();
    messages.message().await.unwrap_err();
    assert_eq!(([0, 2, 0], State::Open), seen(breaker));
}
