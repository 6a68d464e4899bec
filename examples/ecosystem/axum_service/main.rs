//! A web service with a circuit around each thing that it asks of another one, to be watched in a browser: its own load
//! runs, the service that it depends on fails for three of every ten seconds (both in surroundings.rs), and the circuits
//! open and recover.
//!
//! ```text
//! cargo run -p ecosystem --example axum_service                  # until Ctrl-C
//! cargo run -p ecosystem --example axum_service -- --seconds 30
//! cargo run -p ecosystem --example axum_service -- --check       # scrapes itself through one cycle (see check.rs)
//! ```
//!
//! - `/price`: the last known price while the circuit is open.
//! - `/stock`: 503 with `Retry-After` while the circuit is open.
//! - `/circuits/ui`: the circuits, live.
//! - `/metrics`: the same for Prometheus.

mod check;
mod surroundings;

use std::{
    env, error,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reqwest::Client;
use tokio::{net::TcpListener, time};

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
        .route("/price", get(async |State(upstream): State<Upstream>| upstream.price().await))
        .route("/stock", get(async |State(upstream): State<Upstream>| upstream.stock().await))
        .with_state(upstream)
        .route("/metrics", get(move || std::future::ready(scrape(&metrics))))
        // To look at only; behind your authentication, `.with_control()` adds buttons.
        .merge(circuit_runtime::axum::router())
}

fn scrape(metrics: &PrometheusHandle) -> impl IntoResponse + use<> {
    circuit_runtime::metrics::publish();
    let text = metrics.render();
    // Lets go of what the histograms have gathered since the last time.
    metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (check, seconds) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (false, None),
        ["--check"] => (true, None),
        ["--seconds", seconds] => (false, Some(Duration::from_secs(seconds.parse()?))),
        _ => return Err("usage: axum_service [--seconds N | --check]".into()),
    };

    let metrics = PrometheusBuilder::new().install_recorder()?;
    let http = Client::new();
    let upstream = Upstream { http: http.clone(), url: surroundings::start_upstream().await? };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, if check { 0 } else { 3000 })).await?;
    let address = listener.local_addr()?;
    let app = app(upstream, metrics);
    tokio::spawn(async move { axum::serve(listener, app).await });
    println!("The circuits, live: http://{address}/circuits/ui");
    println!("For Prometheus:     http://{address}/metrics");
    println!("Ask yourself:       curl -i http://{address}/stock\n");

    let start = Instant::now();
    circuit_runtime::on_transition(move |change| {
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:6.2} s  {}: {} ({})", change.circuit, change.to, change.reason);
    });
    for page in ["price", "stock"] {
        tokio::spawn(surroundings::load(http.clone(), format!("http://{address}/{page}")));
    }

    if check {
        let cycle = check::one_cycle(&http, address);
        return time::timeout(Duration::from_secs(15), cycle).await?;
    }
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        () = time::sleep(seconds.unwrap_or(Duration::MAX)) => {}
    }
    Ok(())
}
