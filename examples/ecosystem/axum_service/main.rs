//! A web service with a circuit around each thing that it asks of another one, to be watched in a browser: its own load
//! runs, the service that it depends on fails for three of every ten seconds (both in surroundings.rs), and the circuits
//! open and recover.
//!
//! ```text
//! cargo run -p ecosystem --example axum_service                  # until Ctrl-C
//! cargo run -p ecosystem --example axum_service -- 127.0.0.1:8080
//! cargo run -p ecosystem --example axum_service -- --seconds 30
//! cargo run -p ecosystem --example axum_service -- --check       # scrapes itself through one cycle (see check.rs)
//! ```
//!
//! - `/price`: the last known price while the circuit is open.
//! - `/stock`: 503 with `Retry-After` while the circuit is open.
//! - `/circuits/ui`: the circuits, live; `/` leads there.
//! - `/metrics`: the same for Prometheus.

mod check;
mod surroundings;

use std::{
    env, error,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};
use futures_lite::future::poll_once;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reqwest::Client;
use tokio::{net::TcpListener, sync::Notify, time};

/// How long the server waits for those who are still connected when it ends.
const GRACE: Duration = Duration::from_secs(20);

/// What the handlers need to ask the other service.
#[derive(Clone)]
struct Upstream {
    http: Client,
    url: String,
}

impl Upstream {
    #[circuit_breaker(
        name = "price",
        threshold = 3,
        recovery = "1s",
        success_threshold = 3,
        timeout = "500ms",
        fallback = Ok("49.90 (as last seen)".to_owned())
    )]
    async fn price(&self) -> Result<String, Error> {
        self.get("price").await
    }

    #[circuit_breaker(
        name = "stock",
        failure_rate = "50%",
        window = "5s",
        slow_call = "300ms",
        recovery = "1s",
        timeout = "500ms"
    )]
    async fn stock(&self) -> Result<String, Error> {
        self.get("stock").await
    }

    async fn get(&self, what: &str) -> Result<String, Error> {
        let response = self.http.get(format!("{}/{what}", self.url)).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
    #[error(transparent)]
    Upstream(#[from] reqwest::Error),
}

/// A rejection is a response already: 503, `Retry-After` and a small JSON body.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Error::Rejected(open) => open.into_response(),
            Error::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
            Error::Upstream(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}

fn app(upstream: Upstream, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/", get(async || Redirect::temporary("/circuits/ui")))
        .route("/price", get(async |State(upstream): State<Upstream>| upstream.price().await))
        .route("/stock", get(async |State(upstream): State<Upstream>| upstream.stock().await))
        .with_state(upstream)
        .route("/metrics", get(move || std::future::ready(scrape(&metrics))))
        // To look at only; behind your authentication, `.with_control(…)` adds buttons.
        .merge(circuit_runtime::axum::router())
}

fn scrape(metrics: &PrometheusHandle) -> impl IntoResponse + use<> {
    circuit_runtime::metrics::publish();
    let text = metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// What the command line says.
struct Arguments {
    address: SocketAddr,
    check: bool,
    seconds: Option<Duration>,
}

impl Arguments {
    fn read(arguments: &[&str]) -> Result<Self, Box<dyn error::Error>> {
        let port = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let defaults = Arguments { address: port(3000), check: false, seconds: None };
        Ok(match arguments {
            [] => defaults,
            ["--check"] => Arguments { address: port(0), check: true, ..defaults },
            ["--seconds", seconds] => {
                Arguments { seconds: Some(Duration::from_secs(seconds.parse()?)), ..defaults }
            }
            [address] if !address.starts_with('-') => {
                let address = address.parse().map_err(|_| {
                    format!("`{address}` is no address with a port, such as 127.0.0.1:8080")
                })?;
                Arguments { address, ..defaults }
            }
            _ => return Err("usage: axum_service [ADDRESS | --seconds N | --check]".into()),
        })
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("can't listen at {address}: {error}; to take another: -- 127.0.0.1:8080")
    })
}

/// Lets go of what the histograms have gathered, which would else grow as long as nobody scrapes.
async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum_service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Arguments { address, check, seconds } = Arguments::read(&arguments)?;

    let metrics = PrometheusBuilder::new().install_recorder()?;
    let http = Client::new();
    let upstream = Upstream { http: http.clone(), url: surroundings::start_upstream().await? };
    let listener = listen(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(upkeep(metrics.clone()));
    let quit = Arc::new(Notify::new());
    let server = axum::serve(listener, app(upstream, metrics)).with_graceful_shutdown({
        let quit = Arc::clone(&quit);
        async move { quit.notified().await }
    });
    let server = tokio::spawn(server.into_future());
    // The first look is what makes a signal wait for this program instead of killing it. It comes
    // before the addresses are told, so that whoever has read them can end it well.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    if let Some(result) = poll_once(interrupted.as_mut()).await {
        return Ok(result?);
    }
    println!("The circuits, live: http://{address}/circuits/ui");
    println!("For Prometheus:     http://{address}/metrics");
    println!("Ask yourself:       curl -i http://{address}/stock\n");

    let start = Instant::now();
    circuit_runtime::on_transition(move |change| {
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:6.2} s  {}: {} ({})", change.circuit, change.to, change.reason);
    });
    let visitors = ["price", "stock"].map(|page| {
        tokio::spawn(surroundings::load(http.clone(), format!("http://{address}/{page}")))
    });

    if check {
        time::timeout(Duration::from_secs(15), check::one_cycle(&http, address)).await??;
    } else {
        tokio::select! {
            result = interrupted => result?,
            () = time::sleep(seconds.unwrap_or(Duration::MAX)) => {}
        }
    }
    for visitor in visitors {
        visitor.abort();
    }
    println!(
        "\nNo new calls; those that have begun get their answers. A browser that watches gets its last"
    );
    println!("news within ten seconds. Ctrl-C to wait for nobody.");
    quit.notify_one();
    tokio::select! {
        result = server => Ok(result??),
        result = tokio::signal::ctrl_c() => Ok(result?),
        () = time::sleep(GRACE) => Err(format!("some were still connected after {GRACE:?}").into()),
    }
}
