//! Single keys, steered over HTTP.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use circuit_runtime::axum::router;
use circuit_runtime::{Config, KeyedBreaker, Mode, Reason, State};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{body, circuit, get, post};

/// A breaker whose circuits open at the first failure.
fn keyed(name: &'static str) -> &'static KeyedBreaker {
    let breaker = KeyedBreaker::new(name, Config::new().threshold(1), 100);
    let breaker: &'static KeyedBreaker = Box::leak(Box::new(breaker));
    breaker.register();
    breaker
}

/// A key with a circuit that has opened.
fn open(breaker: &'static KeyedBreaker, key: &str) {
    breaker.key(key).try_acquire().unwrap().failure();
}

fn mode_of(breaker: &'static KeyedBreaker, key: &str) -> Mode {
    breaker.key(key).snapshot().unwrap().mode
}

/// The path of an action, with the key encoded as a form does it.
fn path(circuit: &str, action: &str, key: &str) -> String {
    let hex = |byte: u8| format!("%{byte:02X}");
    let key: String = key.bytes().map(hex).collect();
    format!("/circuits/{circuit}/keys/{action}?key={key}")
}

#[tokio::test]
async fn each_action_steers_one_key_and_answers_with_it() {
    let breaker = keyed("keys: steered");
    open(breaker, "a");
    open(breaker, "b");
    for (action, word, mode) in [
        ("force-open", "forced-open", Mode::ForcedOpen),
        ("disable", "disabled", Mode::Disabled),
        ("shadow", "shadow", Mode::Shadow),
        ("resume", "normal", Mode::Normal),
    ] {
        let response = post(&path("keys:%20steered", action, "a"), &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let snapshot = body(response).await;
        let seen = (&snapshot["key"], &snapshot["mode"], &snapshot["state"]);
        assert_eq!(seen, (&json!("a"), &json!(word), &json!("open")));
        assert_eq!(mode_of(breaker, "a"), mode);
        assert_eq!((mode_of(breaker, "b"), breaker.mode()), (Mode::Normal, Mode::Normal));
    }
    let snapshot = body(post(&path("keys:%20steered", "reset", "a"), &[]).await).await;
    assert_eq!((&snapshot["key"], &snapshot["state"]), (&json!("a"), &json!("closed")));
    let state = |key: &'static str| breaker.key(key).snapshot().unwrap().state;
    assert_eq!((state("a"), state("b")), (State::Closed, State::Open));
}

#[tokio::test]
async fn an_action_on_a_key_first_notices_what_has_stalled() {
    let time = circuit_runtime::test_util::freeze();
    for (action, state) in [("reset", "closed"), ("disable", "open")] {
        let name = format!("keys: stalls before {action}").leak();
        let config = Config::new().threshold(1).stall(Duration::from_secs(2));
        let breaker: &'static _ = Box::leak(Box::new(KeyedBreaker::new(name, config, 100)));
        breaker.register();
        let _hung = breaker.key("a").try_acquire().unwrap();
        time.advance(Duration::from_secs(3));
        let seen = body(post(&path(&name.replace(' ', "%20"), action, "a"), &[]).await).await;
        assert_eq!((&seen["stalled"], &seen["state"]), (&json!(1), &json!(state)));
    }
}

/// In a path `..` would be a step up: the request would steer all keys.
#[tokio::test]
async fn a_key_is_any_text() {
    let breaker = keyed("keys: texts");
    let long = "long ".repeat(1_000);
    let keys = ["", ".", "..", "a/b", "a&key=b", "a?b#c", "%2F", "+ ", "é\u{0}\n", "reset", &long];
    for key in keys {
        open(breaker, key);
        let response = post(&path("keys:%20texts", "force-open", key), &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{key}");
        assert_eq!(mode_of(breaker, key), Mode::ForcedOpen, "{key}");
    }
    // What a long key is listed as means the same key.
    let listed = breaker.key(&long).snapshot().unwrap().key.unwrap();
    let response = post(&path("keys:%20texts", "resume", &listed), &[]).await;
    let answer = body(response).await;
    assert_eq!((&answer["key"], &answer["mode"]), (&json!(&*listed), &json!("normal")));
    assert_eq!(mode_of(breaker, &long), Mode::Normal);
    assert!(breaker.key(&listed).reset());
    assert_eq!(breaker.key(&long).snapshot().unwrap().state, State::Closed);
    assert_eq!((breaker.keys().len(), breaker.mode()), (keys.len(), Mode::Normal));
}

async fn error_of(response: Response) -> (StatusCode, Value) {
    (response.status(), body(response).await["error"].clone())
}

#[tokio::test]
async fn a_key_without_a_circuit_gets_none() {
    let breaker = keyed("keys: unknown");
    let unkeyed = circuit("keys: unkeyed", Config::new());
    open(breaker, "known");
    for action in ["force-open", "disable", "shadow", "resume", "reset"] {
        for name in ["keys:%20unknown", "keys:%20unkeyed"] {
            let refused = error_of(post(&path(name, action, "made up"), &[]).await).await;
            assert_eq!(refused, (StatusCode::NOT_FOUND, json!("this key has no circuit now")));
        }
    }
    assert_eq!(breaker.keys().len(), 1);
    assert_eq!(unkeyed.mode(), Mode::Normal);
}

#[tokio::test]
async fn what_is_asked_wrongly_changes_nothing() {
    let breaker = keyed("keys: wrong");
    open(breaker, "a");
    let once = json!("give the key once: `?key=`");
    for (path, status, error) in [
        ("/circuits/keys:%20wrong/keys/force-open", StatusCode::BAD_REQUEST, Some(&once)),
        ("/circuits/keys:%20wrong/keys/force-open?kye=a", StatusCode::BAD_REQUEST, Some(&once)),
        (
            "/circuits/keys:%20wrong/keys/force-open?key=a&key=b",
            StatusCode::BAD_REQUEST,
            Some(&once),
        ),
        ("/circuits/keys:%20wrong/keys/explode?key=a", StatusCode::NOT_FOUND, None),
        ("/circuits/nobody/keys/reset?key=a", StatusCode::NOT_FOUND, None),
        ("/circuits/%FF/keys/reset?key=a", StatusCode::BAD_REQUEST, None),
    ] {
        let (is, said) = error_of(post(path, &[]).await).await;
        assert_eq!(is, status, "{path}");
        assert!(said.is_string() && error.is_none_or(|error| *error == said), "{path}: {said}");
    }
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("host", "evil.example")],
        &[("origin", "https://evil.example")],
        &[("content-type", "text/plain")],
    ] {
        let response = post(&path("keys:%20wrong", "force-open", "a"), headers).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
    let request = Request::post(path("keys:%20wrong", "force-open", "a"))
        .header("content-type", "application/json")
        .body(Body::empty())
        .unwrap();
    let response = Router::from(router()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "without control");
    let seen = breaker.key("a").snapshot().unwrap();
    assert_eq!((seen.mode, seen.state, breaker.mode()), (Mode::Normal, State::Open, Mode::Normal));
}

#[tokio::test]
async fn who_steers_a_key_is_kept_with_the_key() {
    let breaker = keyed("keys: audited");
    open(breaker, "a");
    let routes = router().with_control(&[]).with_actor(|_: &Parts| Some("alice".to_owned()));
    let app = Router::from(routes);
    breaker.shadow();
    for (action, key) in [("reset", "a"), ("force-open", "a"), ("force-open", "a")] {
        let request = Request::post(path("keys:%20audited", action, key))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::empty())
            .unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
    }
    let last = breaker.key("a").snapshot().unwrap().recent_transitions.pop().unwrap();
    assert!(matches!(&last.reason, Reason::ByOperator { by, .. } if &**by == "alice"));

    let shown = body(get(app, "/circuits/keys:%20audited").await).await;
    let changes = shown["mode_changes"].as_array().unwrap();
    let said = |change: &Value| {
        ["key", "mode", "by"].map(|field| change[field].as_str().unwrap_or("–").to_owned())
    };
    let said: Vec<_> = changes.iter().map(said).collect();
    assert_eq!(
        said,
        [["–", "shadow", "–"], ["a", "forced-open", "alice"]],
        "once, as it changed once"
    );
}
