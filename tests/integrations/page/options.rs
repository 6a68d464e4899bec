//! What the options against outages show on the page.

use std::time::Duration;

use axum::Router;
use circuit_runtime::axum::router;
use circuit_runtime::{Config, KeyedBreaker, Permit, Window, circuit_breaker, find};

use super::browser::{Browser, circuit, part_of, serve};

#[circuit_breaker(name = "page: stale", stale = "1h")]
fn price() -> std::io::Result<u32> {
    Ok(7)
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn stalled_calls_stale_values_and_shares_of_calls_are_shown() {
    let stalling = circuit("page: stalling", Config::new().stall(Duration::from_nanos(1)));
    let _hung = stalling.try_acquire().unwrap();

    price().unwrap();
    find("page: stale").unwrap().force_open();
    assert_eq!(price().unwrap(), 7);

    let ramping = circuit("page: ramping", Config::new().ramp(Duration::from_secs(360_000)));
    ramping.force_open();
    ramping.resume();

    let window = Window::Time(Duration::from_secs(3_600));
    let config = Config::new().throttle(0.5).min_calls(9).window(window);
    let throttling = circuit("page: throttling", config);
    let calls: Vec<_> = (0..9).map(|_| throttling.try_acquire().unwrap()).collect();
    calls.into_iter().for_each(Permit::failure);

    let browser = Browser::open(&serve(Router::from(router())).await).await;
    let text = |name, selector| format!("{}?.textContent", part_of(name, selector));
    let why = [
        ("page: ramping", "lets 10 % of calls pass"),
        ("page: throttling", "rejects 40 % of calls"),
    ];
    for (name, words) in why {
        browser.until(&format!("{} === {words:?}", text(name, ".why"))).await;
    }
    for (name, figure) in [("page: stalling", "stalled1"), ("page: stale", "stale1")] {
        browser.run(&format!("{}.click()", part_of(name, ".row"))).await;
        browser.until(&format!("{}.includes({figure:?})", text(name, ".counters"))).await;
    }
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn an_open_circuit_whose_wait_never_ends_is_open_for_good() {
    let config = Config::new().threshold(1).recovery(Duration::MAX);
    let hosts: &'static _ = Box::leak(Box::new(KeyedBreaker::new("page: for good", config, 10)));
    hosts.register();
    hosts.key("a").try_acquire().unwrap().failure();

    let browser = Browser::open(&serve(Router::from(router())).await).await;
    let text = |selector| format!("{}?.textContent", part_of("page: for good", selector));
    browser.until(&format!("{} === 'for good'", text(".wait .text"))).await;
    let meter = part_of("page: for good", ".wait .meter");
    assert_eq!(browser.run(&format!("return {meter}.hidden")).await, true);
    browser.run(&format!("{}.click()", part_of("page: for good", ".row"))).await;
    browser.until(&format!("{}?.endsWith('for good')", text("tbody tr"))).await;
}
