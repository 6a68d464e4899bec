//! tonic's statuses, as a client receives them from a real server.

use std::error::Error;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::uri::PathAndQuery;
use circuit_runtime::{
    CallTimeoutError, CircuitBreaker, Classify, Config, Outcome, State, by_error,
};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::service_fn;

use crate::tower::grpc::Nothing;
use crate::tower::serve;

/// A channel to a server whose every call ends so.
async fn channel<F>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> Channel
where
    F: Future<Output = Result<Response<()>, Status>> + Send + 'static,
{
    let app = Router::new().fallback(async move |request: axum::extract::Request| {
        let method = service_fn(move |_: Request<()>| answer());
        tonic::server::Grpc::new(Nothing).unary(method, request).await
    });
    let url = format!("http://{}", serve(app).await);
    Channel::from_shared(url).unwrap().connect_lazy()
}

async fn call(channel: Channel, request: Request<()>) -> Result<Response<()>, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    client.unary(request, PathAndQuery::from_static("/shop.Payments/Charge"), Nothing).await
}

async fn received(status: Status) -> Status {
    let channel = channel(move || std::future::ready(Err(status.clone()))).await;
    call(channel, Request::new(())).await.unwrap_err()
}

#[tokio::test]
async fn a_status_with_retry_info_asks_for_its_delay() {
    for (asked, obeyed) in [(7, 7), (900, 300)] {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(asked)));
        let status = Status::with_error_details(Code::ResourceExhausted, "quota", details);
        let status = received(status).await;
        assert_eq!(status.outcome(), Outcome::OpenFor(Duration::from_secs(obeyed)), "{status:?}");
    }
    for no_delay in [None, Some(Duration::ZERO)] {
        let details = ErrorDetails::with_retry_info(no_delay);
        let status = received(Status::with_error_details(Code::Unavailable, "", details)).await;
        assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
    }
    let other = ErrorDetails::with_error_info("QUOTA", "shop.example", []);
    let status = received(Status::with_error_details(Code::Unavailable, "", other)).await;
    assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
    let broken = Status::with_details(Code::Unavailable, "", b"not protobuf".to_vec().into());
    assert_eq!(received(broken).await.outcome(), Outcome::Failure);
}

#[tokio::test]
async fn a_rejection_at_the_server_asks_its_callers_to_wait() {
    let remote = CircuitBreaker::new("database", Config::new().threshold(1));
    remote.try_acquire().unwrap().failure();
    let status = received(remote.try_acquire().unwrap_err().into()).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("circuit `database` is open"), "{status:?}");
    assert!(
        matches!(status.outcome(), Outcome::OpenFor(wait) if wait.as_secs() >= 50),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_timeout_at_the_server_is_deadline_exceeded() {
    #[circuit_runtime::circuit_breaker(name = "slow query", timeout = "1ms")]
    async fn query() -> Result<(), Status> {
        pending().await
    }
    let at_the_server = query().await.unwrap_err();
    assert!(at_the_server.source().unwrap().is::<CallTimeoutError>());
    let status = received(at_the_server).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.outcome(), Outcome::Failure);
}

#[tokio::test]
async fn the_clients_own_time_limit_is_a_failure() {
    let channel = channel(pending).await;
    let mut request = Request::new(());
    request.set_timeout(Duration::from_millis(50));
    let status = call(channel, request).await.unwrap_err();
    assert_eq!(status.code(), Code::Cancelled, "which is what tonic calls it");
    assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_failure() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let channel = Channel::from_shared(url).unwrap().connect_lazy();
    let status = call(channel, Request::new(())).await.unwrap_err();
    assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure() {
    for reset in [false, true] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                // HTTP/2's preface, settings and the call, or a part of them.
                let _ = connection.read(&mut [0; 1024]).await.unwrap();
                if reset {
                    connection.set_zero_linger().unwrap();
                }
            }
        });
        let channel = Channel::from_shared(url).unwrap().connect_lazy();
        let status = call(channel, Request::new(())).await.unwrap_err();
        assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_during_a_call_is_a_failure() {
    let (called, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let method = {
        let called = Arc::clone(&called);
        async move |_: axum::extract::Request| {
            called.notify_one();
            pending::<&str>().await
        }
    };
    let app = Router::new().fallback(method);
    // The server has a runtime of its own: with it all of its connections go.
    let server = {
        let go = Arc::clone(&go);
        listener.into_std().map(|listener| {
            std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
                    go.notified().await;
                });
            })
        })
    };
    let channel = Channel::from_shared(url).unwrap().connect_lazy();
    let (status, ()) = tokio::join!(call(channel, Request::new(())), async {
        called.notified().await;
        go.notify_one();
    });
    let status = status.unwrap_err();
    server.unwrap().join().unwrap();
    assert_eq!(status.outcome(), Outcome::Failure, "{status:?}");
}

#[tokio::test]
async fn a_quota_opens_the_circuit_of_an_annotated_function() {
    #[circuit_runtime::circuit_breaker(name = "quota", classify = by_error)]
    async fn charge(channel: Channel) -> Result<Response<()>, Status> {
        call(channel, Request::new(())).await
    }
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(7)));
    let quota = Status::with_error_details(Code::ResourceExhausted, "quota", details);
    let channel = channel(move || std::future::ready(Err(quota.clone()))).await;
    assert_eq!(charge(channel.clone()).await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(circuit_runtime::find("quota").unwrap().state(), State::Open);
    let rejected = charge(channel).await.unwrap_err();
    assert_eq!(rejected.code(), Code::Unavailable);
    assert_eq!(rejected.outcome(), Outcome::Ignored, "for a circuit around it");
}
