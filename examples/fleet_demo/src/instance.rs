//! An instance: a program with two circuits that is in a fleet.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use axum::Router;
use circuit_fleet::{Fleet, Options};
use circuit_runtime::circuit_breaker;
use tokio::net::TcpListener;

use crate::{Failure, NAMESPACE};

/// Set for a process that is to be an instance: its name, Redis, and the service.
const VARIABLES: [&str; 3] = ["FLEET_DEMO_INSTANCE", "FLEET_DEMO_REDIS", "FLEET_DEMO_SERVICE"];

/// Between two calls of an instance, about.
const PAUSE: Duration = Duration::from_millis(200);

#[circuit_breaker(name = "payments", threshold = 3, recovery = "3s", timeout = "1s")]
async fn pay(http: &reqwest::Client, service: &str) -> Result<(), Failure> {
    ask(http, &format!("{service}/payments")).await
}

#[circuit_breaker(name = "mail", threshold = 3, recovery = "3s", timeout = "1s")]
async fn mail(http: &reqwest::Client, service: &str) -> Result<(), Failure> {
    ask(http, &format!("{service}/mail")).await
}

async fn ask(http: &reqwest::Client, url: &str) -> Result<(), Failure> {
    http.get(url).send().await?.error_for_status()?;
    Ok(())
}

/// What an instance has to know.
pub(crate) struct Member {
    name: String,
    redis: String,
    service: String,
}

/// The instance that this process is to be, if it is.
pub(crate) fn asked_for() -> Option<Member> {
    let [name, redis, service] = VARIABLES.map(|variable| std::env::var(variable).ok());
    Some(Member { name: name?, redis: redis?, service: service? })
}

impl Member {
    /// Until its input ends.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let fleet = Fleet::join(&self.redis, Options::new(NAMESPACE).instance(self.name))?;
        // So that the first call obeys orders that stand already.
        fleet.ready(Duration::from_secs(2)).await;

        let app: Router = Router::new()
            .merge(circuit_fleet::axum::router(&fleet))
            .merge(circuit_runtime::axum::router());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("http://{}", listener.local_addr()?);
        tokio::select! {
            served = axum::serve(listener, app) => served?,
            () = call(&self.service) => {}
            () = input_ends() => {}
        }
        fleet.leave().await;
        Ok(())
    }
}

/// Calls the service for ever, as requests of users would make it.
async fn call(service: &str) {
    let http = reqwest::Client::new();
    loop {
        // A failure is what the page shows.
        let _ = tokio::join!(pay(&http, service), mail(&http, service));
        tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
    }
}

/// The demo holds the other end: however it ends, its instances end, too.
async fn input_ends() {
    let (ended, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::read_to_string(std::io::stdin());
        let _ = ended.send(());
    });
    let _ = wait.await;
}

/// An instance's process, as the demo sees it.
pub(crate) struct Instance {
    process: Child,
    input: Option<ChildStdin>,
    url: String,
}

impl Instance {
    pub(crate) fn start(name: &str, redis: &str, service: &str) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .envs(VARIABLES.into_iter().zip([name, redis, service]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().map(BufReader::new);
        // From here on it ends with this value.
        let mut instance = Instance { process, input, url: String::new() };
        output.ok_or("no output")?.read_line(&mut instance.url)?;
        instance.url.truncate(instance.url.trim_end().len());
        if instance.url.is_empty() {
            return Err(format!("{name} doesn't start").into());
        }
        Ok(instance)
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets it leave its fleet, and waits for that.
    pub(crate) fn leave(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Nothing to kill in one that has left.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
