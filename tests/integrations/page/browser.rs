//! Headless Chromium by way of `chromedriver`, and what all tests of the page need.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use circuit_runtime::{CircuitBreaker, Config};
use serde_json::{Value, json};

/// A page in a browser, spoken to by the `WebDriver` protocol.
pub(super) struct Browser {
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

/// A line for each violation that axe-core finds.
const CHECK: &str = "const done = arguments[1];
    axe.run().then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))), (error) => done([String(error)]));";

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
    pub(super) async fn open(page: &str) -> Browser {
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

    pub(super) async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until the page shows it.
    pub(super) async fn until(&self, condition: &str) {
        for _ in 0..600 {
            if self.run(&format!("return Boolean({condition})")).await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let page = self.run("return document.body.innerText").await;
        panic!("never: {condition}\n{}", page.as_str().unwrap_or_default());
    }

    pub(super) async fn widen_to(&self, pixels: u32) {
        let size =
            json!({ "width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        self.post("goog/cdp/execute", command).await;
        assert_eq!(self.run("return innerWidth").await, pixels);
    }

    /// `light` or `dark`.
    pub(super) async fn prefer(&self, theme: &str) {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": media });
        self.post("goog/cdp/execute", command).await;
    }

    /// Runs a script that calls its last argument with the answer.
    pub(super) async fn run_async(&self, script: &str, argument: Value) -> Value {
        self.post("execute/async", json!({ "script": script, "args": [argument] })).await
    }

    /// What axe-core finds against the page: a line for each violation.
    pub(super) async fn violations(&self) -> Value {
        if self.run("return typeof axe").await == "undefined" {
            let path =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
            let missing = "run `npm ci --ignore-scripts --prefix tests/integrations` first";
            self.run(&fs::read_to_string(path).expect(missing)).await;
        }
        self.run_async(CHECK, json!(null)).await
    }

    pub(super) async fn press(&self, keys: &str) {
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

pub(super) const DOWN: &str = "\u{e015}";
pub(super) const ESCAPE: &str = "\u{e00c}";
pub(super) const TAB: &str = "\u{e004}";
pub(super) const ENTER: &str = "\u{e007}";

pub(super) fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

pub(super) async fn serve(app: Router) -> String {
    serve_at("/circuits/ui", app).await
}

pub(super) async fn serve_at(path: &str, app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// The part of a circuit on the page.
pub(super) fn part_of(name: &str, selector: &str) -> String {
    format!(
        "[...document.querySelectorAll('.circuit')].find((c) => c.querySelector('.name').textContent === {})\
         ?.querySelector({})",
        json!(name),
        json!(selector)
    )
}

/// The state that the page shows of a circuit.
pub(super) fn state_of(name: &str) -> String {
    format!("{}?.textContent.trim()", part_of(name, ".state"))
}
