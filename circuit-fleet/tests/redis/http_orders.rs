//! `POST /fleet/…`.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use circuit_fleet::Fleet;
use circuit_runtime::{Config, Mode, State};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Other, Turn, circuit, options, until};

const TOKEN: &str = "the-token-of-these-tests";

fn app(turn: &Turn, fleet: &Fleet) -> Router {
    let routes = circuit_fleet::axum::router(fleet);
    routes.with_control(&turn.redis.address(), TOKEN).unwrap().into()
}

/// Sends a body with the token, and returns the status and what is answered.
fn post(turn: &Turn, app: &Router, path: &str, body: &Value) -> (StatusCode, Value) {
    let authorization = format!("Bearer {TOKEN}");
    let request = Request::post(path).header("authorization", authorization);
    send(turn, app, request.body(Body::from(body.to_string())).unwrap())
}

fn send(turn: &Turn, app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    turn.runtime.block_on(async {
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    })
}

fn alice() -> Value {
    json!({ "by": "alice" })
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_over_http_is_that_of_circuitctl() {
    let turn = Turn::take();
    let breaker = circuit("over http");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let app = app(&turn, &fleet);
    let body = json!({ "by": "alice", "reason": "the bank is being moved", "for": "10m" });
    let (status, said) = post(&turn, &app, "/fleet/circuits/over%20http/force-open", &body);
    assert_eq!((status, &said["version"]), (StatusCode::OK, &1.into()), "{said}");
    assert_eq!(said["acknowledgement"]["in_force"], 1);
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    let view = turn.runtime.block_on(fleet.view()).unwrap();
    let order = &view.orders[0];
    assert_eq!((&*order.by, &*order.why), ("alice", "the bank is being moved"));
    assert!((1..=600_000).contains(&order.left_ms), "{order:?}");

    let (status, said) = post(&turn, &app, "/fleet/orders/1/cancel", &alice());
    assert_eq!((status, &said["version"]), (StatusCode::OK, &2.into()), "{said}");
    assert_eq!(breaker.mode(), Mode::Normal);

    breaker.try_acquire().unwrap().failure();
    assert_eq!(post(&turn, &app, "/fleet/circuits/over%20http/reset", &alice()).0, StatusCode::OK);
    assert_eq!(breaker.state(), State::Closed);

    let settings = json!({ "circuits": { "over http": { "threshold": 7 } } });
    let body = json!({ "by": "alice", "settings": settings });
    assert_eq!(post(&turn, &app, "/fleet/settings", &body).0, StatusCode::OK);
    assert_eq!(breaker.config(), Config::new().threshold(7));

    turn.redis.command(&["FLUSHALL"]);
    let mut restored = Value::Null;
    until("the order is back", || {
        restored = post(&turn, &app, "/fleet/orders/restore", &alice()).1;
        restored == json!({ "restored": [4] })
    });
    turn.leave(fleet);
    let (status, said) = post(&turn, &app, "/fleet/circuits/over%20http/shadow", &alice());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said["error"].as_str().unwrap().contains("it was left"), "{said}");
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_over_http_for_a_circuit_that_nobody_shows_says_so() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let app = app(&turn, &fleet);
    let unknown = json!([{ "circuit": "paymnets", "did_you_mean": "payments" }]);
    let path = "/fleet/circuits/paymnets/force-open";
    let (status, said) = post(&turn, &app, path, &alice());
    assert_eq!((status, &said["acknowledgement"]["unknown"]), (StatusCode::ACCEPTED, &unknown));
    let (status, said) = post(&turn, &app, path, &json!({ "by": "alice", "dry_run": true }));
    assert_eq!((status, &said["would_reach"]["unknown"]), (StatusCode::OK, &unknown));
    let (_, said) = post(&turn, &app, "/fleet/circuits/payments/shadow", &alice());
    assert_eq!(said["acknowledgement"]["unknown"], json!([]));
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn a_dangerous_order_is_told_how_far_it_reaches_and_wants_the_number_back() {
    let turn = Turn::take();
    let breaker = circuit("payments");
    let fleet = turn.join(&options("a"));
    let other = Other::start(&turn.redis, "b");
    until("both show their circuits", || {
        let view = turn.runtime.block_on(fleet.view()).unwrap_or_default();
        view.instances.iter().filter(|it| !it.circuits.is_empty()).count() == 2
    });
    let app = app(&turn, &fleet);
    let disable = |body: Value| post(&turn, &app, "/fleet/circuits/pay*/disable", &body);
    let (status, said) = disable(alice());
    assert_eq!(status, StatusCode::CONFLICT);
    let error = said["error"].as_str().unwrap();
    assert!(error.starts_with("this is for 1 circuit in 2 instances, with "), "{error}");
    assert!(error.ends_with("if that is meant, send `\"confirm\": 2`"), "{error}");
    assert_eq!(disable(json!({ "by": "alice", "confirm": 1 })).0, StatusCode::CONFLICT);
    assert_eq!(disable(json!({ "by": "a", "confirm": 2, "for": "2h" })).0, StatusCode::BAD_REQUEST);
    let (status, said) = disable(json!({ "by": "alice", "dry_run": true }));
    assert_eq!((status, &said["would_reach"]["circuits"]), (StatusCode::OK, &1.into()), "{said}");
    let (status, said) = disable(json!({ "by": "alice", "canary": 3, "confirm": 3 }));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(said["error"].as_str().unwrap().contains("canary: must be from 1 to 2"), "{said}");
    assert!(turn.runtime.block_on(fleet.view()).unwrap().orders.is_empty(), "nothing was ordered");

    let (status, said) = disable(json!({ "by": "alice", "canary": 1, "confirm": 1 }));
    assert_eq!((status, &said["acknowledgement"]["instances"]), (StatusCode::OK, &1.into()));
    assert_eq!(breaker.mode(), Mode::Disabled);
    // One that doesn't answer.
    other.signal("-STOP");
    let (status, said) = disable(json!({ "by": "alice", "confirm": 2 }));
    assert_eq!(status, StatusCode::ACCEPTED, "{said}");
    assert_eq!(said["acknowledgement"]["silent"], json!(["b"]));
    other.signal("-CONT");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn nobody_gives_orders_without_the_token_or_where_it_is_not_switched_on() {
    let turn = Turn::take();
    let breaker = circuit("well kept");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let path = "/fleet/circuits/well%20kept/disable";
    let body = json!({ "by": "mallory", "confirm": 1 });
    let off: Router = circuit_fleet::axum::router(&fleet).into();
    assert_eq!(post(&turn, &off, path, &body).0, StatusCode::NOT_FOUND);

    let app = app(&turn, &fleet);
    for authorization in [None, Some("Bearer the-token-of-other-tests"), Some("Basic YTpi")] {
        let mut request = Request::post(path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let (status, said) = send(&turn, &app, request);
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert!(said["error"].as_str().unwrap().contains("authorization: Bearer"), "{said}");
    }
    let long = json!({ "by": "x".repeat(70_000) });
    assert_eq!(post(&turn, &app, path, &long).0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post(&turn, &app, "/fleet/circuits/a/open", &alice()).0, StatusCode::NOT_FOUND);
    assert_eq!(post(&turn, &app, "/fleet/orders/99/cancel", &alice()).0, StatusCode::NOT_FOUND);
    assert_eq!(breaker.mode(), Mode::Normal);
    assert!(turn.runtime.block_on(fleet.view()).unwrap().orders.is_empty());
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn a_user_who_may_give_no_orders_is_told_which_address_is_wanted() {
    let mut turn = Turn::take();
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let rights = ["on", ">x", "resetchannels", "-@all", "+eval_ro", "+evalsha_ro", "+time", "+get"];
    let keys = ["+hgetall", "+zrange", "+mget", "+acl|whoami", "%R~f:{test}:*"];
    let user: Vec<_> = ["ACL", "SETUSER", "reader"].into_iter().chain(rights).chain(keys).collect();
    assert_eq!(turn.redis.command(&user), "OK");
    let address = turn.redis.address_of("reader:x@");
    let routes = circuit_fleet::axum::router(&fleet);
    let app: Router = routes.with_control(&address, TOKEN).unwrap().into();
    let path = "/fleet/circuits/a/shadow";
    let (status, said) = post(&turn, &app, path, &alice());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said["error"].as_str().unwrap().contains("a user who may give orders"), "{said}");
    turn.redis.kill();
    let (status, said) = post(&turn, &app, path, &alice());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said["error"].as_str().unwrap().starts_with("Redis: "), "{said}");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn browsers_get_a_page_that_may_load_nothing() {
    let turn = Turn::take();
    let fleet = turn.join(&options("a"));
    let app: Router = circuit_fleet::axum::router(&fleet).into();
    let request = Request::get("/fleet").header("accept", "text/html,*/*;q=0.8");
    turn.runtime.block_on(async {
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!((header("vary"), header("x-frame-options")), ("accept".into(), "DENY".into()));
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    });
    turn.leave(fleet);
}
