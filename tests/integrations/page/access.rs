//! The page without a mouse, and without looking at it.

use axum::Router;
use circuit_runtime::axum::router;
use circuit_runtime::{Config, Window, circuit_breaker};
use serde_json::json;

use super::browser::{Browser, DOWN, ENTER, ESCAPE, circuit, part_of, serve};

#[circuit_breaker(name = "access: by host", key = host, threshold = 1)]
fn fetch(host: &str, ok: bool) -> std::io::Result<()> {
    if ok { Ok(()) } else { Err(std::io::Error::other("down")) }
}

#[tokio::test]
#[ignore = "needs chromedriver, Chromium and axe-core"]
async fn the_checker_finds_nothing_in_either_theme() {
    let calm = circuit("access: calm", Config::new());
    let open = circuit("access: open", Config::new().threshold(1));
    let rate = Config::new().failure_rate(0.9).window(Window::Calls(10));
    let failing = circuit("access: failing", rate);
    for breaker in [calm, open, failing] {
        breaker.try_acquire().unwrap().failure();
    }
    circuit("access: forced", Config::new()).force_open();
    circuit("access: shadow", Config::new()).shadow();
    for host in ["a", "b", "c"] {
        let _ = fetch(host, host == "a");
    }
    let browser = Browser::open(&serve(Router::from(router().with_control(&[]))).await).await;
    browser.until(&part_of("access: by host", ".row")).await;
    for name in ["access: open", "access: forced", "access: by host"] {
        browser.run(&format!("{}.click()", part_of(name, ".row"))).await;
    }
    browser.until(&part_of("access: by host", "td button")).await;
    browser.run(&format!("{}.click()", part_of("access: by host", "td button"))).await;
    browser.until(&part_of("access: by host", ".of-key button")).await;
    for theme in ["light", "dark"] {
        browser.prefer(theme).await;
        for width in [1440, 800, 375] {
            browser.widen_to(width).await;
            let found = browser.violations().await;
            assert_eq!(found, json!([]), "{theme}, {width} pixels");
        }
    }
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn the_keyboard_is_never_lost() {
    circuit("access: first", Config::new());
    circuit("access: second", Config::new());
    let browser = Browser::open(&serve(Router::from(router())).await).await;
    browser.widen_to(1440).await;
    browser.until(&part_of("access: second", ".row")).await;
    browser.press("/nothing is called like this").await;
    browser.until("document.querySelector('#empty').textContent === 'No circuit matches.'").await;
    browser.press(ESCAPE).await;
    browser.until("document.querySelector('#empty').hidden").await;
    assert_eq!(browser.run("return document.activeElement.id").await, "filter");
    assert_eq!(browser.run("return document.activeElement.value").await, "");

    browser.press("access: second").await;
    browser.press(DOWN).await;
    browser.press(ENTER).await;
    browser.until("document.activeElement.getAttribute('aria-expanded') === 'true'").await;
    let name = browser.run("return document.activeElement.innerText").await;
    for label in
        ["access: second", "failing:", "calls per second:", "rejected per second:", "next probe:"]
    {
        assert!(name.as_str().unwrap().contains(label), "{name}");
    }
    browser.press(ESCAPE).await;
    assert_eq!(
        browser.run("return document.activeElement.getAttribute('aria-expanded')").await,
        "false"
    );
}

/// A circuit that flaps must not talk for ever.
#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn a_circuit_that_flaps_is_announced_once() {
    let breaker = circuit("access: flaps", Config::new().threshold(1));
    let browser = Browser::open(&serve(Router::from(router())).await).await;
    browser.until(&part_of("access: flaps", ".row")).await;
    let heard = "window.heard = []; new MutationObserver(() => { const said = document.querySelector('#said').textContent;
        if (said.startsWith('access: flaps')) window.heard.push(said); })
        .observe(document.querySelector('#said'), { childList: true, characterData: true, subtree: true });";
    browser.run(heard).await;
    let mut openings = 0;
    while browser.run("return window.heard.length").await == 0 || openings < 12 {
        breaker.try_acquire().into_iter().for_each(circuit_runtime::Permit::failure);
        breaker.reset();
        breaker.try_acquire().into_iter().for_each(circuit_runtime::Permit::failure);
        openings += 1;
        let shown = format!(
            "Number({}?.querySelector('dd:last-child')?.textContent)",
            part_of("access: flaps", ".counters")
        );
        browser
            .run(&format!(
                "if ({}.hidden) {}.click()",
                part_of("access: flaps", ".more"),
                part_of("access: flaps", ".row")
            ))
            .await;
        let transitions = breaker.snapshot().transitions;
        browser.until(&format!("{shown} >= {transitions}")).await;
    }
    assert_eq!(browser.run("return window.heard.length").await, 1);
}
