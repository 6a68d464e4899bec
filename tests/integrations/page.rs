//! The page of the circuits in a real browser, headless Chromium by way of `chromedriver`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use circuit_runtime::axum::router;
use circuit_runtime::{CircuitBreaker, Config, Mode, Permit, Window};
use serde_json::{Value, json};

/// A page in a browser, spoken to by the `WebDriver` protocol.
struct Browser {
    driver: Child,
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // After a failed test, too: a driver that is killed leaves its browser behind.
        let _ = self.quit();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

async fn ask(method: reqwest::Method, url: &str, body: Option<Value>) -> Value {
    let mut request = reqwest::Client::new().request(method, url);
    if let Some(body) = body {
        request = request.body(body.to_string());
    }
    let answer = request.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(answer["value"]["error"].is_null(), "{answer}");
    answer["value"].clone()
}

impl Browser {
    async fn open(page: &str) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("successfully on port ")?.1.replace('.', "")))
            .expect("it says its port");
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
        ]);
        let wanted = json!({ "goog:chromeOptions": { "args": arguments } });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let sessions = format!("http://127.0.0.1:{port}/session");
        let made = ask(reqwest::Method::POST, &sessions, Some(wanted)).await;
        let session = format!("{sessions}/{}", made["sessionId"].as_str().unwrap());
        let browser = Browser { driver, session };
        browser.post("url", json!({ "url": page })).await;
        browser
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        ask(reqwest::Method::POST, &format!("{}/{what}", self.session), Some(body)).await
    }

    async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until the page shows it.
    async fn until(&self, condition: &str) {
        for _ in 0..600 {
            if self.run(&format!("return Boolean({condition})")).await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let page = self.run("return document.body.innerText").await;
        panic!("never: {condition}\n{}", page.as_str().unwrap_or_default());
    }

    async fn widen_to(&self, pixels: u32) {
        let size =
            json!({ "width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        self.post("goog/cdp/execute", command).await;
        assert_eq!(self.run("return innerWidth").await, pixels);
    }

    async fn press(&self, keys: &str) {
        let actions: Vec<_> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!([{ "type": "key", "id": "keyboard", "actions": actions }]);
        self.post("actions", json!({ "actions": keyboard })).await;
    }

    /// Without the runtime, which may be unwinding.
    fn quit(&self) -> io::Result<()> {
        let (_, url) = self.session.split_once("//").unwrap_or_default();
        let (host, path) = url.split_once('/').unwrap_or_default();
        let mut connection = TcpStream::connect(host)?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(connection, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // It answers when the browser is gone.
        connection.read(&mut [0; 64]).map(drop)
    }
}

const DOWN: &str = "\u{e015}";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/circuits/ui", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// The state that the page shows of a circuit.
fn state_of(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('.circuit')].find((c) => c.querySelector('.name').textContent === {})\
         ?.querySelector('.state').textContent",
        json!(name)
    )
}

#[tokio::test]
#[ignore = "needs chromedriver and Chromium"]
async fn a_flapping_circuit_is_followed_and_steered_by_keyboard() {
    let config = Config::new().threshold(2).recovery(Duration::from_secs(1));
    let breaker = circuit("page: flapping", config);
    circuit("page: calm <img src=x onerror='document.title=1'>", Config::new());
    let browser = Browser::open(&serve(Router::from(router().with_control())).await).await;
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
    let control = Browser::open(&serve(Router::from(router().with_control())).await).await;
    let watch = Browser::open(&serve(Router::from(router())).await).await;
    for browser in [control, watch] {
        browser.until("document.querySelectorAll('.circuit').length >= 300").await;
        // A row out of sight would have no size.
        let seen = "document.head.append(Object.assign(document.createElement('style'), \
                    { textContent: '.circuit { content-visibility: visible }' }))";
        browser.run(seen).await;
        for name in ["width: 0", "width::of_many_circuits::warehouse::Client::reserve_stock_for_7"]
        {
            let row = state_of(name).replace("'.state').textContent", "'.row').click()");
            browser.run(&row).await;
        }
        for width in [360, 641, 768, 981, 1000, 1440] {
            browser.widen_to(width).await;
            assert_eq!(browser.run(CUT_OFF).await, json!([]), "at {width} pixels");
        }
    }
}
