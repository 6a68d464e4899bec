//! A breaker between real servers and real clients: axum, hyper and reqwest.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use circuit_runtime::tower::{BoxError, CircuitBreakerLayer};
use circuit_runtime::{CircuitOpenError, Config, KeyedBreaker, Outcome, State, test_util};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tower::{Service, ServiceBuilder, ServiceExt};

use super::{breaker, serve};

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

#[tokio::test]
async fn around_a_hyper_client_each_host_has_its_own_circuit() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("tower: hosts", Config::new().threshold(1), 10);

    fn by_host(request: &Request<Body>) -> Cow<'_, str> {
        Cow::from(request.uri().authority().map_or("", |authority| authority.as_str()))
    }

    let up = serve(Router::new().route("/", get(|| async { "up" }))).await.to_string();
    let down = Router::new().route("/", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
    let down = serve(down).await.to_string();
    let by_status = |response: &Result<axum::http::Response<_>, legacy::Error>| match response {
        Ok(response) if !response.status().is_server_error() => Outcome::Success,
        _ => Outcome::Failure,
    };
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Body>();
    let mut client = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::keyed(&HOSTS, by_host).classify(by_status))
        .service(client);
    let mut ask = async |host: &str| {
        let request = Request::get(format!("http://{host}/")).body(Body::empty()).unwrap();
        client.ready().await.unwrap().call(request).await.map(|response| response.status())
    };

    assert_eq!(ask(&down).await.unwrap(), 503);
    let error = ask(&down).await.unwrap_err();
    let open = error.downcast_ref::<CircuitOpenError>().unwrap();
    assert_eq!(open.key().as_deref(), Some(down.as_str()));
    assert_eq!(ask(&up).await.unwrap(), 200, "another host");
    let state = |host: &str| HOSTS.key(host).snapshot().unwrap().state;
    assert_eq!([state(&down), state(&up)], [State::Open, State::Closed]);
    assert!(circuit_runtime::find("tower: hosts").is_some(), "registered with the first service");
}
