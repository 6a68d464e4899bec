//! `judging_bodies` between real servers and real clients.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use axum::routing::post;
use circuit_runtime::tower::{BoxError, CircuitBreakerLayer, JudgedBody, JudgingBodies};
use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, Outcome, State, test_util};
use futures_core::Stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::Channel;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http06::classify::{
    GrpcCode, GrpcErrorsAsFailures, ServerErrorsAsFailures, SharedClassifier,
};

use super::grpc::Nothing;
use super::{breaker, serve};

const FRAGILE: Config = Config::new().threshold(1).recovery(Duration::from_secs(30));

/// Successes, failures and cancelled calls.
fn counts(breaker: &CircuitBreaker) -> [u64; 3] {
    let seen = breaker.snapshot();
    [seen.successes, seen.failures, seen.cancelled]
}

/// A server of bytes: reads one request, answers with `answer`, and closes the connection.
async fn server(answer: &'static [u8]) -> String {
    async fn one(mut socket: TcpStream, answer: &[u8]) -> io::Result<()> {
        let _ = socket.read(&mut [0; 4_096]).await?;
        socket.write_all(answer).await?;
        socket.shutdown().await
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(one(socket, answer));
        }
    });
    url
}

type Client = legacy::Client<legacy::connect::HttpConnector, Body>;

fn client<C: Clone>(breaker: &'static CircuitBreaker, classify: C) -> JudgingBodies<Client, C> {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    CircuitBreakerLayer::new(breaker).classify(classify).judging_bodies().layer(client)
}

fn request(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}

const WELL: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell";
const BREAKS_OFF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of i";
const BREAKS_OFF_IN_CHUNKS: &[u8] =
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n8\r\nof";
const DOWN: &[u8] = b"HTTP/1.1 503 Down\r\ncontent-length: 4\r\n\r\ndown";

#[tokio::test]
async fn a_body_that_breaks_off_after_a_good_head_is_a_failure() {
    for answer in [BREAKS_OFF, BREAKS_OFF_IN_CHUNKS] {
        let (breaker, url) = (breaker(FRAGILE), server(answer).await);
        let client = client(breaker, ServerErrorsAsFailures::new());
        let response = client.clone().oneshot(request(&url)).await.unwrap();
        assert_eq!(([0, 0, 0], 200), (counts(breaker), response.status().as_u16()));
        response.into_body().collect().await.unwrap_err();
        assert_eq!(([0, 1, 0], State::Open), (counts(breaker), breaker.state()));
        let rejected = client.oneshot(request(&url)).await.unwrap_err();
        assert!(rejected.is::<CircuitOpenError>());
    }
}

#[tokio::test]
async fn without_judging_bodies_the_head_decides() {
    let (breaker, url) = (breaker(FRAGILE), server(BREAKS_OFF).await);
    let client: Client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let service = CircuitBreakerLayer::new(breaker).layer(client);
    let response = service.oneshot(request(&url)).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!([1, 0, 0], counts(breaker));
}

#[tokio::test]
async fn a_body_that_ends_or_is_dropped_is_a_success() {
    let (breaker, url) = (breaker(FRAGILE), server(WELL).await);
    let client = client(breaker, ServerErrorsAsFailures::new());
    let mut body = client.clone().oneshot(request(&url)).await.unwrap().into_body();
    assert_eq!(&body.frame().await.unwrap().unwrap().into_data().unwrap()[..], b"well");
    assert!(body.frame().await.is_none());
    assert_eq!([1, 0, 0], counts(breaker));
    drop(body);
    assert_eq!([1, 0, 0], counts(breaker));
    let response = client.oneshot(request(&url)).await.unwrap();
    assert_eq!([1, 0, 0], counts(breaker));
    drop(response);
    assert_eq!([2, 0, 0], counts(breaker));
}

#[tokio::test]
async fn a_head_that_fails_is_the_calls_failure_and_its_body_is_passed_on() {
    let (breaker, url) = (breaker(FRAGILE.max_concurrent(1)), server(DOWN).await);
    let response =
        client(breaker, ServerErrorsAsFailures::new()).oneshot(request(&url)).await.unwrap();
    assert_eq!(([0, 1, 0], State::Open), (counts(breaker), breaker.state()));
    assert_eq!(Some(1), breaker.snapshot().in_flight, "until the body is gone");
    assert_eq!(&response.into_body().collect().await.unwrap().to_bytes()[..], b"down");
    assert_eq!(([0, 1, 0], Some(0)), (counts(breaker), breaker.snapshot().in_flight));
}

#[tokio::test]
async fn functions_judge_heads_as_ever_and_an_ignored_head_ignores_the_body() {
    let by_status = |result: &Result<Response<_>, legacy::Error>| match result {
        Ok(response) if response.status() == 404 => Outcome::Ignored,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    let breaker = breaker(FRAGILE);
    let url = server(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone").await;
    let response = client(breaker, by_status).oneshot(request(&url)).await.unwrap();
    response.into_body().collect().await.unwrap();
    assert_eq!(([0, 0, 0], 1), (counts(breaker), breaker.snapshot().ignored));
    let url = server(BREAKS_OFF).await;
    let response = client(breaker, by_status).oneshot(request(&url)).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!([0, 1, 0], counts(breaker));
}

#[tokio::test]
async fn no_connection_is_a_failure_and_a_dropped_head_is_cancelled() {
    let breaker = breaker(Config::new());
    let client = client(breaker, SharedClassifier::new(ServerErrorsAsFailures::new()));
    client.clone().oneshot(request("http://127.0.0.1:1/")).await.unwrap_err();
    assert_eq!([0, 1, 0], counts(breaker));
    drop(client.clone().call(request("http://127.0.0.1:1/")));
    assert_eq!([0, 1, 1], counts(breaker));
}

#[tokio::test]
async fn a_good_head_closes_a_half_open_circuit_and_its_body_may_open_it_again() {
    let time = test_util::freeze();
    let (breaker, url) = (breaker(FRAGILE), server(BREAKS_OFF).await);
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_secs(30));
    let client = client(breaker, ServerErrorsAsFailures::new());
    let response = client.oneshot(request(&url)).await.unwrap();
    assert_eq!((State::Closed, [0, 1, 0]), (breaker.state(), counts(breaker)));
    response.into_body().collect().await.unwrap_err();
    assert_eq!((State::Open, [0, 2, 0]), (breaker.state(), counts(breaker)));
}

/// Takes one HTTP/2 request, answers with a head and some data, and then closes the connection with a
/// GOAWAY that names an error.
async fn goes_away() -> String {
    async fn one(socket: TcpStream) -> Result<(), h2::Error> {
        let mut connection = h2::server::handshake(socket).await?;
        let Some(request) = connection.accept().await else { return Ok(()) };
        let (_, mut respond) = request?;
        let mut body = respond.send_response(Response::new(()), false)?;
        body.send_data("half".into(), false)?;
        // Until that is on its way.
        let sent = tokio::time::timeout(Duration::from_millis(100), connection.accept());
        let _ = sent.await;
        connection.abrupt_shutdown(h2::Reason::INTERNAL_ERROR);
        while connection.accept().await.is_some() {}
        Ok(())
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(one(socket));
        }
    });
    url
}

#[tokio::test]
async fn a_goaway_in_the_middle_of_a_body_is_a_failure() {
    let (breaker, url) = (breaker(FRAGILE), goes_away().await);
    let client: Client =
        legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let layer = CircuitBreakerLayer::new(breaker).classify(ServerErrorsAsFailures::new());
    let service = layer.judging_bodies().layer(client);
    let mut body = service.oneshot(request(&url)).await.unwrap().into_body();
    assert_eq!(&body.frame().await.unwrap().unwrap().into_data().unwrap()[..], b"half");
    assert_eq!([0, 0, 0], counts(breaker));
    body.frame().await.unwrap().unwrap_err();
    assert_eq!(([0, 1, 0], State::Open), (counts(breaker), breaker.state()));
}

/// A gRPC service whose answers are streams of two messages that end with this code.
async fn grpc(code: tonic::Code) -> String {
    struct Messages(u32, tonic::Code);

    impl Stream for Messages {
        type Item = Result<(), tonic::Status>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0 += 1;
            Poll::Ready(match (self.0, self.1) {
                (1 | 2, _) => Some(Ok(())),
                (3, code) if code != tonic::Code::Ok => {
                    Some(Err(tonic::Status::new(code, "out of order")))
                }
                _ => None,
            })
        }
    }

    let serve_rows = move |request: axum::http::Request<Body>| async move {
        let rows = move |_: tonic::Request<()>| {
            ready(Ok::<_, tonic::Status>(tonic::Response::new(Messages(0, code))))
        };
        tonic::server::Grpc::new(Nothing).server_streaming(service_fn(rows), request).await
    };
    let app = Router::new().route("/shop.Orders/List", post(serve_rows));
    format!("http://{}", serve(app).await)
}

/// Reads all of a gRPC answer through the layer; how it ended.
async fn read<C>(
    breaker: &'static CircuitBreaker,
    classify: C,
    url: &str,
) -> Result<(), tonic::Status>
where
    C: Clone,
    JudgingBodies<Channel, C>: tonic::client::GrpcService<tonic::body::Body, Error = BoxError>,
    <JudgingBodies<Channel, C> as tonic::client::GrpcService<tonic::body::Body>>::ResponseBody:
        http_body::Body<Data = axum::body::Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let channel = Channel::from_shared(url.to_owned()).unwrap().connect_lazy();
    let layer = CircuitBreakerLayer::new(breaker).classify(classify).judging_bodies();
    let mut client = tonic::client::Grpc::new(layer.layer(channel));
    client.ready().await.map_err(tonic::Status::from_error)?;
    let path = axum::http::uri::PathAndQuery::from_static("/shop.Orders/List");
    let answer = client.server_streaming(tonic::Request::new(()), path, Nothing).await?;
    let mut messages = answer.into_inner();
    while messages.message().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_grpc_status_in_the_trailers_counts() {
    let errors = GrpcErrorsAsFailures::new;
    for code in [tonic::Code::Unavailable, tonic::Code::NotFound] {
        let (breaker, url) = (breaker(FRAGILE), grpc(code).await);
        assert_eq!(code, read(breaker, errors(), &url).await.unwrap_err().code());
        assert_eq!(([0, 1, 0], State::Open), (counts(breaker), breaker.state()));
        // The next one doesn't reach the server.
        let rejected = read(breaker, errors(), &url).await.unwrap_err();
        assert!(std::error::Error::source(&rejected).unwrap().is::<CircuitOpenError>());
    }
    let (breaker, url) = (breaker(FRAGILE), grpc(tonic::Code::NotFound).await);
    read(breaker, errors().with_success(GrpcCode::NotFound), &url).await.unwrap_err();
    assert_eq!([1, 0, 0], counts(breaker));
    read(breaker, errors(), &grpc(tonic::Code::Ok).await).await.unwrap();
    assert_eq!([2, 0, 0], counts(breaker));
}

#[tokio::test]
async fn the_body_is_gone_before_the_circuit_hears_of_its_end() {
    struct Frames(u32, std::sync::mpsc::Sender<State>, &'static CircuitBreaker);

    impl Stream for Frames {
        type Item = Result<Frame<&'static [u8]>, io::Error>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0 += 1;
            Poll::Ready(match self.0 {
                1 => Some(Ok(Frame::data(b"half"))),
                2 => Some(Err(io::Error::other("reset"))),
                _ => None,
            })
        }
    }

    impl Drop for Frames {
        fn drop(&mut self) {
            let _ = self.1.send(self.2.state());
        }
    }

    let breaker = breaker(FRAGILE);
    let (sender, seen) = std::sync::mpsc::channel();
    let inner = service_fn(move |()| {
        let body = StreamBody::new(Frames(0, sender.clone(), breaker));
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let service = CircuitBreakerLayer::new(breaker).judging_bodies().layer(inner);
    let response = service.oneshot(()).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!((Ok(State::Closed), State::Open), (seen.try_recv(), breaker.state()));
}

#[tokio::test]
async fn trailers_pass_through_and_a_body_says_how_long_it_is() {
    let breaker = breaker(FRAGILE);
    let inner = service_fn(|()| {
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())]);
        let body =
            http_body_util::Full::new(&b"whole"[..]).with_trailers(ready(Some(Ok(trailers))));
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let layer = CircuitBreakerLayer::new(breaker).classify(GrpcErrorsAsFailures::new());
    let service = layer.judging_bodies().layer(inner);
    let body: JudgedBody<_, _> = service.oneshot(()).await.unwrap().into_body();
    assert_eq!(5, http_body::Body::size_hint(&body).lower());
    assert!(!http_body::Body::is_end_stream(&body));
    let whole = body.collect().await.unwrap();
    assert_eq!("7", whole.trailers().unwrap()["x-sum"]);
    assert_eq!(&whole.to_bytes()[..], b"whole");
    assert_eq!([1, 0, 0], counts(breaker));
}
