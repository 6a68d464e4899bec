//! The page of a fleet in a real browser, over a real Redis.

#[path = "page/browser.rs"]
#[allow(dead_code, reason = "the pages need different parts of it")]
mod browser;
#[path = "../../circuit-fleet/tests/redis/server.rs"]
#[allow(dead_code, reason = "of circuit-fleet's tests, which need more of it")]
mod server;

use axum::Router;
use circuit_fleet::{Action, Fleet, Operator, Options, OrderDraft};
use circuit_runtime::{Config, Mode};
use serde_json::json;

use browser::{Browser, circuit, serve_at};
use server::Redis;

/// Names and reasons come from elsewhere, and are text.
const HOSTILE: &str = "<img src=x onerror=document.title='broken'>";

/// What an instance of another kind reports, for as long as it is there.
fn report(redis: &Redis, instance: &str, circuits: &serde_json::Value) {
    let report = json!({
        "form": 1, "instance": instance, "version": 0, "orders": [], "refused": [],
        "circuits": circuits, "left_out": 2,
    });
    let seconds: u64 = redis.command(&["TIME"]).lines().next().unwrap().parse().unwrap();
    let now = (seconds * 1_000).to_string();
    assert_eq!(redis.command(&["ZADD", "f:{test}:live", &now, instance]), "1");
    let key = format!("f:{{test}}:report:{instance}");
    assert_eq!(redis.command(&["SET", &key, &report.to_string()]), "OK");
}

/// The text of the part of the page about this circuit.
fn text_of(circuit: &str) -> String {
    format!(
        "([...document.querySelectorAll('.circuit')].find((c) => c.querySelector('h3').textContent === {})?.innerText ?? '')",
        json!(circuit)
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server, chromedriver, Chromium and axe-core"]
async fn a_fleet_is_followed_and_the_checker_finds_nothing_in_either_theme() {
    let mut redis = Redis::start();
    let breaker = circuit("payments", Config::new().threshold(1));
    circuit(HOSTILE, Config::new());
    let options = Options::new("test").instance("pod-1").shared_probing(false);
    let fleet = Fleet::join(&redis.address(), options).unwrap();
    assert!(fleet.ready(std::time::Duration::from_secs(20)).await);
    let app: Router = circuit_fleet::axum::router(&fleet).into();
    // Also where a service mounts it elsewhere.
    let page = serve_at("/admin/fleet", Router::new().nest("/admin", app)).await;
    let browser = Browser::open(&page).await;

    browser.until(&format!("{}.includes('1 closed')", text_of("payments"))).await;
    breaker.try_acquire().unwrap().failure();
    browser.until(&format!("{}.includes('1 open')", text_of("payments"))).await;
    browser.until("document.title === '(1 open) Fleet'").await;

    let strange = json!([{ "name": "payments", "state": "unheard of" }, { "name": 3 }, null, {}]);
    report(&redis, "pod-2", &strange);
    browser.until(&format!("{}.includes('1 unheard of')", text_of("payments"))).await;
    browser.until(&format!("{}.includes('pod-2')", text_of("payments"))).await;
    browser.until("document.querySelector('#left-out').innerText.includes('pod-2: 2')").await;

    let mut operator = Operator::new(&redis.address(), "test").unwrap();
    let action = Action::mode("payments", Mode::ForcedOpen);
    let draft = OrderDraft::new(action, HOSTILE).because("the bank is being moved");
    operator.order(&draft).await.unwrap();
    let orders = "document.querySelector('#orders').innerText";
    for words in ["force open payments", HOSTILE, "the bank is being moved", "min left", "order 1"]
    {
        browser.until(&format!("{orders}.includes({})", json!(words))).await;
    }
    browser.until(&format!("{orders}.includes('in force in 1 of 2 instances')")).await;
    browser.until(&format!("{}.includes('1 forced open')", text_of("payments"))).await;
    for theme in ["light", "dark"] {
        browser.prefer(theme).await;
        for width in [1440, 800, 375] {
            browser.widen_to(width).await;
            assert_eq!(browser.violations().await, json!([]), "{theme}, {width} pixels");
            let is_wide = "return document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.run(is_wide).await, json!(false), "{width} pixels");
        }
    }

    browser.press("/payments").await;
    browser.until("document.querySelectorAll('.circuit').length === 1").await;
    redis.kill();
    browser.until("document.querySelector('#link').innerText.includes('Redis: ')").await;
    // What was known stays.
    assert_eq!(browser.run("return document.querySelectorAll('.circuit').length").await, 1);
    fleet.leave().await;
}
