//! The page of the circuits in a real browser.

mod access;
mod browser;
mod many;
mod options;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use circuit_runtime::axum::router;
use circuit_runtime::{Config, KeyedBreaker, Mode, circuit_breaker};

use browser::{Browser, DOWN, ENTER, TAB, circuit, part_of, serve, state_of};

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn a_flapping_circuit_is_followed_and_steered_by_keyboard() {
    let config = Config::new().threshold(2).recovery(std::time::Duration::from_secs(1));
    let breaker = circuit("page: flapping", config);
    circuit("page: calm <img src=x onerror='document.title=1'>", Config::new());
    let browser = Browser::open(&serve(Router::from(router().with_control(&[]))).await).await;
    let state = state_of("page: flapping");

    browser.until(&format!("{state} === 'closed'")).await;
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().failure();
    browser.until(&format!("{state} === 'open'")).await;
    browser.until("document.querySelector('#list').textContent.includes('2 failures in a row (threshold 2)')").await;
    browser.until(&format!("{state} === 'half-open'")).await;
    breaker.try_acquire().unwrap().success();
    browser.until(&format!("{state} === 'closed'")).await;

    browser.press("/flapping").await;
    browser.until("document.querySelectorAll('.circuit:not([hidden])').length === 1").await;
    browser.press(DOWN).await;
    browser.press(ENTER).await;
    browser.until("document.activeElement.getAttribute('aria-expanded') === 'true'").await;
    browser.press(TAB).await;
    browser.press(ENTER).await;
    assert_eq!(breaker.mode(), Mode::Normal, "asked again first");
    browser.press(ENTER).await;
    browser.until("document.querySelector('#list').textContent.includes('forced open')").await;
    assert_eq!(breaker.mode(), Mode::ForcedOpen);

    assert_eq!(browser.run("return document.images.length").await, 0, "a name is text");
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn without_control_the_page_has_no_buttons_to_steer() {
    circuit("page: watched", Config::new());
    let browser = Browser::open(&serve(Router::from(router())).await).await;
    browser.until(&format!("{} === 'closed'", state_of("page: watched"))).await;
    browser.run("document.querySelectorAll('.row').forEach((row) => row.click())").await;
    assert_eq!(browser.run("return document.querySelectorAll('.actions button').length").await, 0);
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn a_forced_circuit_says_who_forced_it_and_not_why_it_was_open_before() {
    let breaker = circuit("page: forced", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let routes = router().with_control(&[]).with_actor(|_: &Parts| Some("alice".to_owned()));
    let browser = Browser::open(&serve(Router::from(routes)).await).await;
    let why = format!("{}?.textContent", part_of("page: forced", ".why"));
    browser.until(&format!("{why}.includes('1 failure (threshold 1)')")).await;
    browser.run(&format!("{}.click()", part_of("page: forced", ".row"))).await;
    browser.run(&format!("{}.click()", part_of("page: forced", ".actions button"))).await;
    browser.run(&format!("{}.click()", part_of("page: forced", ".actions button"))).await;
    browser.until(&format!("/^forced open since [0-9:]+ by alice$/.test({why})")).await;
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    let modes = format!("{}?.innerText", part_of("page: forced", ".modes"));
    browser.until(&format!("{modes}.includes('by alice')")).await;
    let config = format!("{}?.textContent", part_of("page: forced", ".config"));
    browser.until(&format!("{config}.includes('probe_timeout1m (built in)')")).await;
}

#[circuit_breaker(name = "page: by host", key = host, threshold = 1)]
fn fetch(host: &str, ok: bool) -> std::io::Result<()> {
    if ok { Ok(()) } else { Err(std::io::Error::other("down")) }
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn single_keys_can_be_looked_at() {
    for number in 0..30 {
        let _ = fetch(&format!("host-{number}"), number != 17);
    }
    let browser = Browser::open(&serve(Router::from(router())).await).await;
    browser.until(&format!("{} === 'open'", state_of("page: by host"))).await;
    browser.run(&format!("{}.click()", part_of("page: by host", ".row"))).await;
    let cell = format!("{}?.textContent", part_of("page: by host", "tbody td"));
    browser.until(&format!("{cell} === 'host-17'")).await;
    browser.run(&format!("{}.click()", part_of("page: by host", ".next"))).await;
    let count = format!("{}?.textContent", part_of("page: by host", ".count"));
    browser.until(&format!("{count} === '21 to 30 of 30'")).await;
    browser.run(&format!("{}.focus()", part_of("page: by host", ".keys input"))).await;
    browser.press("29").await;
    browser.until(&format!("{count} === '1 to 1 of 1 that match, 30 in all'")).await;
}

const KEYS: [&str; 3] = ["..", "a/b?c=1&key=d#e", "é <b>"];

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn one_key_is_steered_by_keyboard_while_the_others_go_on() {
    let breaker = KeyedBreaker::new("page: keys", Config::new().threshold(1), 100);
    let breaker: &'static KeyedBreaker = Box::leak(Box::new(breaker));
    breaker.register();
    for key in KEYS {
        breaker.key(key).try_acquire().unwrap().failure();
    }
    let modes = || KEYS.map(|key| breaker.key(key).snapshot().unwrap().mode);
    let routes = router().with_control(&[]).with_actor(|_: &Parts| Some("alice".to_owned()));
    let browser = Browser::open(&serve(Router::from(routes)).await).await;
    browser.until(&part_of("page: keys", ".row")).await;
    browser.run(&format!("{}.click()", part_of("page: keys", ".row"))).await;
    for (at, key) in KEYS.into_iter().enumerate() {
        let button = format!("[aria-label={:?}]", format!("Control {key}"));
        let button = part_of("page: keys", &format!("tbody {button}"));
        browser.until(&button).await;
        browser.run(&format!("{button}.focus()")).await;
        browser.press(ENTER).await;
        let chosen = format!("{}?.textContent", part_of("page: keys", ".of-key .name"));
        assert_eq!(browser.run(&format!("return {chosen}")).await, key);
        let focused = "document.activeElement.textContent";
        assert_eq!(browser.run(&format!("return {focused}")).await, "Force open");
        browser.press(ENTER).await;
        assert_eq!(modes()[at], Mode::Normal, "asked again first");
        browser.press(ENTER).await;
        let rows = format!("{}?.textContent", part_of("page: keys", ".modes"));
        browser.until(&format!("{rows}?.includes({:?})", format!("{key} by alice"))).await;
        let forced = |other| if other <= at { Mode::ForcedOpen } else { Mode::Normal };
        assert_eq!(modes(), [0, 1, 2].map(forced));
        assert_eq!(breaker.mode(), Mode::Normal);
    }
    let all_keys = format!("return {}.hidden", part_of("page: keys", ".all-keys"));
    assert_eq!(browser.run(&all_keys).await, false, "the other buttons say that they are for all");
    let words = format!("{}?.textContent", part_of("page: keys", "tbody"));
    browser.until(&format!("{words}.split('forced open').length === 4")).await;
    browser.run(&format!("{}.click()", part_of("page: keys", ".of-key > button:last-child"))).await;
    assert_eq!(
        browser.run("return document.activeElement.textContent").await,
        "Control",
        "back to the row"
    );
    assert_eq!(browser.run("return document.querySelectorAll('main b').length").await, 0);
}

/// As after a restart: the same address, other circuits, numbers that are lower.
#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn when_another_process_answers_the_page_begins_anew() {
    let breaker = circuit("page: before", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let restarted = Arc::new(AtomicBool::new(false));
    let other = Arc::clone(&restarted);
    let answer = move |request: Request, next: Next| {
        let is_other = request.uri().path() == "/circuits/events" && other.load(Ordering::Relaxed);
        async move { if is_other { of_another_process() } else { next.run(request).await } }
    };
    let app = Router::from(router()).layer(from_fn(answer));
    let browser = Browser::open(&serve(app).await).await;
    browser.until(&format!("{} === 'open'", state_of("page: before"))).await;
    restarted.store(true, Ordering::Relaxed);
    browser.until("document.querySelectorAll('.circuit').length === 0").await;
    browser
        .until("document.querySelector('#note').textContent.includes('Another process answers')")
        .await;
    restarted.store(false, Ordering::Relaxed);
    browser.until(&format!("{} === 'open'", state_of("page: before"))).await;
    browser
        .until("document.querySelector('#note').textContent.includes('Several processes answer')")
        .await;
}

fn of_another_process() -> Response {
    let event = "id: other.1\ndata: {\"process\":\"other\",\"now\":1,\"circuits\":[]}\n\n";
    ([("content-type", "text/event-stream")], event).into_response()
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn what_the_server_says_instead_of_the_circuits_is_shown() {
    let refuse = |request: Request, next: Next| async move {
        let is_stream = request.uri().path() == "/circuits/events";
        if is_stream {
            axum::http::StatusCode::UNAUTHORIZED.into_response()
        } else {
            next.run(request).await
        }
    };
    let browser = Browser::open(&serve(Router::from(router()).layer(from_fn(refuse))).await).await;
    browser.until("document.querySelector('#link').textContent === 'the server answers 401'").await;
}
