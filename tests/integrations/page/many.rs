//! Many circuits, many keys, and windows from a phone's to a wide screen's.

use std::time::Duration;

use axum::Router;
use circuit_runtime::axum::router;
use circuit_runtime::{Config, Permit, Window, circuit_breaker};
use serde_json::json;

use super::browser::{Browser, circuit, part_of, serve};

/// What lies beyond the page, or beyond its own box: a line each.
const CUT_OFF: &str = "
    const width = document.documentElement.clientWidth, found = new Set();
    const line = (what, node) => found.add(`${what}: ${node.tagName}.${node.className} ${node.textContent.trim().slice(0, 40)}`);
    if (document.documentElement.scrollWidth > width) line('scrolls sideways', document.documentElement);
    for (const node of document.querySelectorAll('header, header *, main, main *:not(svg *)')) {
        const box = node.getBoundingClientRect();
        if (box.width === 0) continue;
        if (box.left < 0 || box.right > width) line('beyond the page', node);
        const hidden = getComputedStyle(node).clipPath !== 'none';
        if (!hidden && node.clientWidth > 0 && node.scrollWidth > node.clientWidth) line('beyond its box', node);
    }
    return [...found];
";

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn nothing_is_cut_off_from_a_phone_to_a_wide_screen() {
    let never = Config::new().threshold(1_000_000);
    let rate = never.failure_rate(1.0).window(Window::Calls(100_000)).min_calls(100_000);
    for number in 0..300 {
        let name = match number % 3 {
            0 => format!("width: {number}"),
            1 => format!("width::of_many_circuits::warehouse::Client::reserve_stock_for_{number}"),
            _ => format!("width: {}{number}", "NoPlaceToBreakALine".repeat(5)),
        };
        let config = match number % 7 {
            0 => Config::new().threshold(1).recovery(Duration::from_secs(5999)),
            1 => rate,
            _ => never,
        };
        let breaker = circuit(name.leak(), config);
        let calls = if number < 12 { 12_345 } else { number % 2 };
        (0..calls).filter_map(|_| breaker.try_acquire().ok()).for_each(Permit::failure);
        match number % 5 {
            0 => breaker.force_open(),
            1 => breaker.shadow(),
            _ => {}
        }
        let _ = breaker.try_acquire();
    }
    let control = Browser::open(&serve(Router::from(router().with_control(&[]))).await).await;
    let watch = Browser::open(&serve(Router::from(router())).await).await;
    for browser in [control, watch] {
        browser.until("document.querySelectorAll('.circuit').length >= 300").await;
        // A row out of sight would have no size.
        let seen = "document.styleSheets[0].insertRule('.circuit { content-visibility: visible !important }')";
        browser.run(seen).await;
        for name in ["width: 0", "width::of_many_circuits::warehouse::Client::reserve_stock_for_7"]
        {
            browser.run(&format!("{}.click()", part_of(name, ".row"))).await;
        }
        for width in [360, 641, 768, 981, 1000, 1440] {
            browser.widen_to(width).await;
            assert_eq!(browser.run(CUT_OFF).await, json!([]), "at {width} pixels");
        }
    }
}

#[circuit_breaker(name = "many: by host", key = host, threshold = 1)]
fn fetch(host: &str, ok: bool) -> std::io::Result<()> {
    if ok { Ok(()) } else { Err(std::io::Error::other("down")) }
}

/// All of them change all the time. The bound is far from what is measured, for machines that are slow or busy.
#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn five_hundred_circuits_and_ten_thousand_keys_stay_usable() {
    let never = Config::new().failure_rate(1.0).window(Window::Calls(1_000)).min_calls(1_000);
    let circuits: Vec<_> =
        (0..500).map(|number| circuit(format!("many: {number}").leak(), never)).collect();
    for number in 0..10_000 {
        let _ = fetch(&format!("host-{number}"), number % 100 != 0);
    }
    let busy = async {
        loop {
            for (number, breaker) in circuits.iter().enumerate() {
                breaker.try_acquire().into_iter().for_each(|permit| match number % 3 {
                    0 => permit.failure(),
                    _ => permit.success(),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let look = async {
        let browser = Browser::open(&serve(Router::from(router())).await).await;
        browser.until("document.querySelectorAll('.circuit').length > 500").await;
        let keyed = "many: by host";
        browser.run(&format!("{}.click()", part_of(keyed, ".row"))).await;
        let count = format!("{}?.textContent", part_of(keyed, ".count"));
        browser.until(&format!("{count} === '1 to 20 of 10,000'")).await;
        let first = format!("{}?.textContent", part_of(keyed, "td:nth-child(2)"));
        assert_eq!(browser.run(&format!("return {first}")).await, "open", "the worst is first");
        // Of five seconds, how much the page's own work takes, and the longest that a key press waits for it.
        let measure = "const done = arguments[1]; let longest = 0, busy = 0, last = performance.now();
            new PerformanceObserver((seen) => seen.getEntries().forEach(({ duration }) => { busy += duration; longest = Math.max(longest, duration); }))
                .observe({ entryTypes: ['longtask'] });
            setTimeout(() => done({ busy, longest, took: performance.now() - last }), 5000);";
        let measured = browser.run_async(measure, json!(null)).await;
        println!("500 circuits that change, 10,000 keys: {measured}");
        assert!(measured["longest"].as_f64().unwrap() < 1_000.0, "{measured}");
    };
    tokio::select! {
        () = busy => {}
        () = look => {}
    }
}
