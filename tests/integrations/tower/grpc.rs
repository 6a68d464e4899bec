//! A breaker around tonic's channel.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use circuit_runtime::tower::{BoxError, CircuitBreakerLayer};
use circuit_runtime::{CircuitOpenError, Config, Outcome, Rejection, test_util};
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Layer, service_fn};

use super::{breaker, serve};

/// Messages without content.
#[derive(Default)]
pub(crate) struct Nothing;

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
