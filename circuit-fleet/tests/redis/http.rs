//! `GET /fleet`.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use circuit_fleet::{Action, Options};
use circuit_runtime::{Config, KeyedBreaker, Mode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{Turn, circuit, draft, options, until};

fn get(turn: &Turn, app: &Router) -> (StatusCode, Value) {
    turn.runtime.block_on(async {
        let request = Request::get("/fleet").body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    })
}

#[test]
#[ignore = "needs redis-server"]
fn the_fleet_is_shown_with_its_instances_circuits_and_orders() {
    let mut turn = Turn::take();
    let breaker = circuit("is shown");
    breaker.try_acquire().unwrap().success();
    let fleet = turn.join(&options("a"));
    let app: Router = circuit_fleet::axum::router(&fleet).into();
    turn.order(&draft(Action::mode("is shown", Mode::Shadow)).because("to look"));
    let mut shown = Value::Null;
    until("it is shown in shadow", || {
        let (status, view) = get(&turn, &app);
        let circuits = view["instances"][0]["circuits"].as_array().cloned().unwrap_or_default();
        shown = circuits.into_iter().find(|it| it["name"] == "is shown").unwrap_or_default();
        assert_eq!(view["orders"][0]["why"], "to look");
        status == StatusCode::OK && shown["mode"] == "shadow"
    });
    assert_eq!((&shown["successes"], &shown["state"]), (&1.into(), &"closed".into()));
    assert!(shown["calls_a_second"].is_number() && shown["recent_transitions"].is_null());

    turn.redis.kill();
    let (status, said) = get(&turn, &app);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said["error"].as_str().unwrap().starts_with("Redis: "), "{said}");
    turn.leave(fleet);
    let (status, said) = get(&turn, &app);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(said["error"].as_str().unwrap().contains("it was left"), "{said}");
}

/// A circuit per host, of which some are open.
fn hosts(name: &'static str) -> &'static KeyedBreaker {
    let config = Config::new().threshold(1);
    let hosts = Box::leak(Box::new(KeyedBreaker::new(name, config, 100)));
    hosts.register();
    for number in 0..30 {
        let key = format!("customer-{number}");
        let permit = hosts.key(&key).try_acquire().unwrap();
        if number < 25 { permit.failure() } else { permit.success() }
    }
    hosts
}

#[test]
#[ignore = "needs redis-server"]
fn open_keys_are_twenty_at_most_and_names_only_where_that_is_asked_for() {
    let turn = Turn::take();
    let open_keys = |options: &Options, name: &str| {
        let fleet = turn.join(options);
        assert!(turn.is_ready(&fleet));
        let view = turn.runtime.block_on(fleet.view()).unwrap();
        let circuit = view.instances[0].circuits.iter().find(|it| it["name"] == name).unwrap();
        let keys = circuit["open_keys"].as_array().unwrap().clone();
        turn.leave(fleet);
        keys.into_iter().map(|key| key.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    hosts("hidden hosts");
    let keys = open_keys(&options("a"), "hidden hosts");
    assert_eq!(keys.len(), 20);
    assert!(keys.iter().all(|key| key.starts_with('#') && key.len() == 17), "{keys:?}");
    let keys = open_keys(&options("a").show_keys(), "hidden hosts");
    assert!(keys.len() == 20 && keys.iter().all(|key| key.starts_with("customer-")), "{keys:?}");
}
