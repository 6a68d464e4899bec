//! The routes that show and steer circuits, and the answer to a rejected call.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use circuit_runtime::axum::router;
use circuit_runtime::{CircuitBreaker, Config, Mode, State, test_util};
use serde_json::{Value, json};
use tower::ServiceExt;

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

async fn body(response: Response) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn get(app: Router, path: &str) -> Response {
    app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

/// A POST as the page sends it, with other headers laid over.
async fn post(path: &str, headers: &[(&str, &str)]) -> Response {
    let app = Router::from(router().with_control());
    let mut request =
        Request::builder().method(Method::POST).uri(path).header("host", "circuits.example:8080");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
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
        "reason": "open",
        "retry_after_ms": 29_813,
    });
    assert_eq!(body(response).await, expected);
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
async fn all_circuits_are_listed_and_one_is_found_by_its_name() {
    let breaker = circuit("shop::Prices::of", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let list = body(get(router().into(), "/circuits").await).await;
    let listed = list.as_array().unwrap().iter().find(|circuit| circuit["name"] == breaker.name());
    assert_eq!(listed.unwrap()["state"], "open");

    let shown = body(get(router().into(), "/circuits/shop::Prices::of").await).await;
    assert_eq!((&shown["name"], &shown["failures"]), (&json!("shop::Prices::of"), &json!(1)));
}

#[tokio::test]
async fn a_name_may_need_escapes() {
    circuit("GET /prices/{sku}?", Config::new());
    let shown = get(router().into(), "/circuits/GET%20%2Fprices%2F%7Bsku%7D%3F").await;
    assert_eq!(body(shown).await["name"], "GET /prices/{sku}?");
}

#[tokio::test]
async fn an_unknown_name_is_404_and_not_reflected() {
    let response = get(router().into(), "/circuits/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body = body(response).await;
    assert_eq!(body, json!({ "error": "no circuit of this name has been used or registered yet" }));
    let response = post("/circuits/nobody/reset", &[]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn control_is_only_there_when_asked_for() {
    circuit("watched", Config::new());
    let request = Request::post("/circuits/watched/force-open")
        .header("content-type", "application/json")
        .body(Body::empty())
        .unwrap();
    let response = Router::from(router()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(circuit_runtime::find("watched").unwrap().mode(), Mode::Normal);
}

#[tokio::test]
async fn each_action_steers_the_circuit_and_answers_with_it() {
    let breaker = circuit("steered", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    for (action, mode) in [
        ("force-open", "forced-open"),
        ("disable", "disabled"),
        ("shadow", "shadow"),
        ("resume", "normal"),
    ] {
        let response = post(&format!("/circuits/steered/{action}"), &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let snapshot = body(response).await;
        assert_eq!((&snapshot["mode"], &snapshot["state"]), (&json!(mode), &json!("open")));
    }
    assert_eq!(body(post("/circuits/steered/reset", &[]).await).await["state"], "closed");
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(post("/circuits/steered/explode", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_second_circuit_of_a_name_is_steered_by_its_number() {
    let both = [circuit("namesakes", Config::new()), circuit("namesakes", Config::new())];
    let response = post("/circuits/namesakes%232/force-open", &[]).await;
    assert_eq!(body(response).await["name"], "namesakes#2");
    assert_eq!(both.map(CircuitBreaker::mode), [Mode::Normal, Mode::ForcedOpen]);
}

#[tokio::test]
async fn a_request_that_another_site_caused_is_refused() {
    let breaker = circuit("guarded", Config::new());
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://circuits.example:8080")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://circuits.example")],
        &[("origin", "null")],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "text/plain; application/json")],
        &[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")],
    ] {
        let response = post("/circuits/guarded/force-open", headers).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(body(response).await["error"].is_string());
        assert_eq!(breaker.mode(), Mode::Normal, "{headers:?}");
    }
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://in-front-of-the-proxy.example")],
        &[("origin", "http://circuits.example:8080")],
        &[("content-type", "Application/JSON; charset=utf-8")],
    ] {
        let response = post("/circuits/guarded/resume", headers).await;
        assert_eq!(response.status(), StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn the_page_stands_alone_and_has_buttons_only_with_control() {
    for (routes, control) in [(router(), "off"), (router().with_control(), "on")] {
        let response = get(routes.into(), "/circuits/ui").await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains(&format!("data-control=\"{control}\"")));
        assert!(!page.contains("https://") && !page.contains("src="), "nothing from elsewhere");
    }
}

#[tokio::test]
async fn the_routes_can_be_nested_and_merged_with_any_state() {
    let app: Router =
        Router::new().nest("/admin", router().into()).merge(router()).with_state(7_u8);
    for path in ["/circuits", "/admin/circuits", "/admin/circuits/ui"] {
        assert_eq!(get(app.clone(), path).await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn events_begin_with_every_circuit_and_go_on_with_what_changes() {
    let breaker = circuit("live", Config::new().threshold(2));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/circuits/events", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::from(router())).await.unwrap() });

    let mut response = reqwest::get(url).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut received = String::new();
    // Events of the other tests' circuits come in between.
    let mut next = async |condition: &dyn Fn(&Value) -> bool| loop {
        while let Some((event, rest)) = received.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let data: Value = serde_json::from_str(data.unwrap()).unwrap();
            let live =
                data.as_array().unwrap().iter().find(|circuit| circuit["name"] == "live").cloned();
            received = rest.to_owned();
            if let Some(live) = live.filter(condition) {
                return live;
            }
        }
        let chunk = response.chunk().await.unwrap().expect("goes on");
        received.push_str(std::str::from_utf8(&chunk).unwrap());
    };

    let first = next(&|_| true).await;
    assert_eq!((&first["state"], &first["recent_transitions"]), (&json!("closed"), &json!([])));
    breaker.try_acquire().unwrap().failure();
    let second = next(&|live| live["failures"] == 1).await;
    assert_eq!(second.get("recent_transitions"), None, "there are no new ones");
    breaker.try_acquire().unwrap().failure();
    let third = next(&|live| live["failures"] == 2).await;
    assert_eq!(third["recent_transitions"][0]["to"], "open");
    assert_eq!(third["id"], first["id"]);
}
