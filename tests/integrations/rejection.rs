//! A rejected call as an answer over HTTP.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, circuit_breaker, test_util};
use serde_json::{Value, json};

use super::axum::body;

#[circuit_breaker(name = "rejecting", key = host, threshold = 1)]
fn fetch(host: &str) -> std::io::Result<()> {
    Err(std::io::Error::other(host.to_owned()))
}

#[tokio::test]
async fn a_rejected_call_is_503_with_the_wait_rounded_up() {
    let time = test_util::freeze();
    let config = Config::new().threshold(1).recovery(Duration::from_secs(30));
    let breaker = CircuitBreaker::new("a \"quoted\" name\n", config);
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_micros(187_500));

    let response = breaker.try_acquire().unwrap_err().into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "30");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let expected = json!({
        "error": "circuit `a \"quoted\" name\n` is open; retry after 29.8s",
        "circuit": "a \"quoted\" name\n",
        "key": null,
        "reason": "open",
        "retry_after_ms": 29_813,
    });
    assert_eq!(body(response).await, expected);
}

#[tokio::test]
async fn a_rejection_names_the_key() {
    let _ = fetch("gone.example");
    let error = fetch("gone.example").unwrap_err().downcast::<CircuitOpenError>().unwrap();
    let body = body(error.into_response()).await;
    assert_eq!((&body["circuit"], &body["key"]), (&json!("rejecting"), &json!("gone.example")));
}

#[tokio::test]
async fn a_wait_of_less_than_a_second_is_one() {
    let config = Config::new().threshold(1).recovery(Duration::from_millis(200));
    let time = test_util::freeze();
    let breaker = CircuitBreaker::new("short", config);
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_millis(1));
    let response = breaker.try_acquire().unwrap_err().into_response();
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
}

#[tokio::test]
async fn without_a_wait_there_is_no_retry_after() {
    let breaker = CircuitBreaker::new("forced", Config::new());
    breaker.force_open();
    let response = breaker.try_acquire().unwrap_err().into_response();
    assert!(!response.headers().contains_key(header::RETRY_AFTER));
    let body = body(response).await;
    assert_eq!((&body["reason"], &body["retry_after_ms"]), (&json!("forced-open"), &Value::Null));
}

#[tokio::test]
async fn a_wait_without_an_end_has_no_retry_after() {
    let breaker = CircuitBreaker::new("for good", Config::new());
    breaker.open_for(Duration::MAX);
    let response = breaker.try_acquire().unwrap_err().into_response();
    assert!(!response.headers().contains_key(header::RETRY_AFTER));
    let body = body(response).await;
    assert_eq!((&body["reason"], &body["retry_after_ms"]), (&json!("open"), &Value::Null));
}
