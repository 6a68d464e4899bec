//! A gateway before four providers of language models, with a circuit for each provider and model. Who is asked for a model
//! is a chain: if one has no answer, or its circuit is open, the next one is asked. The providers are stand-ins on this
//! machine (providers.rs): one limits the rate, one fails for its large model, one hangs, one breaks off in the middle, or before
//! the first token.
//!
//! ```text
//! cargo run -p ecosystem --example llm_gateway                    # at http://127.0.0.1:3000, until Ctrl-C
//! cargo run -p ecosystem --example llm_gateway -- circuits.toml   # with settings, which are read again when they change
//! cargo run -p ecosystem --example llm_gateway -- --check         # asks itself (check.rs), two seconds
//! curl -d 'Why is the sky blue?' http://127.0.0.1:3000/v1/large
//! ```
//!
//! - `POST /v1/{model}`: an answer, and in the header `x-endpoint` whose it is.
//! - `POST /v1/{model}/stream`: the same, token by token. The next in the chain is asked only before the first token: what
//!   the caller has read can't be taken back. A stream that breaks off is a failure of its endpoint all the same.
//! - `/status`: what each endpoint is doing; `/circuits/ui`: the same, live; `/metrics`: for Prometheus.
//! - Every minute the metrics for OpenTelemetry are printed; yours go to a collector.

mod check;
mod providers;

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, future};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use circuit_runtime::{
    CallTimeoutError, CircuitOpenError, Classify, Config, KeyedBreaker, Outcome, circuit_breaker,
    find,
};
use futures_core::Stream;
use futures_lite::stream::{self, StreamExt};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_sdk033::metrics::SdkMeterProvider;
use opentelemetry_stdout::MetricExporter;
use opentelemetry033::metrics::MeterProvider;
use reqwest::Client;
use tokio::net::TcpListener;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Providers and their models, the best first. A smaller model is better than none.
const ENDPOINTS: [&str; 6] =
    ["alpha/large", "beta/large", "gamma/large", "beta/small", "delta/story", "delta/poem"];

/// A circuit for each endpoint, for whole answers and for streams.
static MODELS: KeyedBreaker = KeyedBreaker::new(
    "models",
    Config::new().threshold(3).recovery(Duration::from_secs(30)),
    1_000,
);

/// Who is asked for a model, one after the other.
fn chain(model: &str) -> &'static [&'static str] {
    match model {
        "large" => &ENDPOINTS[..4],
        "small" => &ENDPOINTS[3..4],
        "story" => &["delta/story", "beta/small"],
        "poem" => &["delta/poem", "beta/small"],
        _ => &[],
    }
}

#[derive(Clone)]
struct Gateway {
    http: Client,
    urls: providers::Urls,
}

impl Gateway {
    #[circuit_breaker(
        breaker = MODELS,
        key = endpoint,
        timeout = "500ms", // a real model needs longer
        classify = circuit_runtime::by_result
    )]
    async fn ask(&self, endpoint: &str, prompt: &str) -> Result<reqwest::Response, Error> {
        self.post(endpoint, prompt).await
    }

    /// The call lasts as long as the answer.
    #[circuit_breaker(
        breaker = MODELS,
        key = endpoint,
        timeout = "500ms", // to the head of the answer
        idle = "500ms",    // between tokens
    )]
    async fn stream(
        &self,
        endpoint: &str,
        prompt: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let answer = self.post(endpoint, prompt).await?.error_for_status()?;
        Ok(stream::try_unfold(answer, async |mut answer| {
            Ok(answer.chunk().await?.map(|token| (token, answer)))
        }))
    }

    async fn post(&self, endpoint: &str, prompt: &str) -> Result<reqwest::Response, Error> {
        let (provider, model) = endpoint.split_once('/').unwrap_or_default();
        let url = format!("{}/{model}", self.urls[provider]);
        Ok(self.http.post(url).body(prompt.to_owned()).send().await?)
    }
}

/// The first stream in the chain that has a token. From there on it is that stream, to its end.
async fn tell(State(gateway): State<Gateway>, model: Path<String>, prompt: String) -> Response {
    let mut why = Vec::new();
    for &endpoint in chain(&model) {
        let mut tokens = match gateway.stream(endpoint, &prompt).await {
            Ok(tokens) => Box::pin(tokens),
            Err(error) => {
                why.push(format!("{endpoint}: {error}\n"));
                continue;
            }
        };
        match tokens.next().await {
            Some(Ok(first)) => {
                let body = Body::from_stream(stream::once(Ok(first)).chain(tokens));
                return ([("x-endpoint", endpoint)], body).into_response();
            }
            Some(Err(error)) => why.push(format!("{endpoint}: {error}\n")),
            None => why.push(format!("{endpoint}: an empty answer\n")),
        }
    }
    (StatusCode::BAD_GATEWAY, why.concat()).into_response()
}

/// The first answer in the chain. A 400 is one, too: the others would say the same.
async fn complete(State(gateway): State<Gateway>, model: Path<String>, prompt: String) -> Response {
    let mut why = Vec::new();
    for &endpoint in chain(&model) {
        match gateway.ask(endpoint, &prompt).await {
            Ok(answer) if answer.outcome() == Outcome::Success => {
                let (status, name) = (answer.status(), [("x-endpoint", endpoint)]);
                match answer.text().await {
                    Ok(text) => return (status, name, text).into_response(),
                    Err(error) => why.push(format!("{endpoint}: {error}\n")),
                }
            }
            Ok(answer) => why.push(format!("{endpoint}: {}\n", answer.status())),
            Err(error) => why.push(format!("{endpoint}: {error}\n")),
        }
    }
    (StatusCode::BAD_GATEWAY, why.concat()).into_response()
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Classify for Error {
    fn outcome(&self) -> Outcome {
        match self {
            Error::Rejected(error) => error.outcome(),
            Error::TimedOut(error) => error.outcome(),
            Error::Http(error) => error.outcome(),
        }
    }
}

/// A line for each endpoint.
async fn status() -> String {
    let models = find("models");
    let line = |&endpoint: &&str| match models.and_then(|models| models.snapshot_of(endpoint)) {
        Some(seen) => format!("{seen}\n"),
        None => format!("{endpoint}: no call so far\n"),
    };
    ENDPOINTS.iter().map(line).collect()
}

fn app(gateway: Gateway) -> Result<Router, AnyError> {
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let scrape = move || {
        circuit_runtime::metrics::publish();
        future::ready(metrics.render())
    };
    Ok(Router::new()
        .route("/v1/{model}", post(complete))
        .route("/v1/{model}/stream", post(tell))
        .route("/status", get(status))
        .with_state(gateway)
        .route("/metrics", get(scrape))
        .merge(circuit_runtime::axum::router()))
}

/// Puts the settings in force whenever the file changes. With faults nothing changes. (The example `settings_reload` is told
/// of changes instead of looking.)
async fn follow(path: PathBuf) {
    let mut known = String::new();
    loop {
        let text = fs::read_to_string(&path).unwrap_or_else(|_| known.clone());
        if text != known {
            let settings = toml::from_str(&text).map_err(AnyError::from);
            match settings.and_then(|it| Ok(circuit_runtime::configure(it)?)) {
                Ok(report) => println!("settings: {report}"),
                Err(error) => println!("settings stay as they are: {error}"),
            }
            known = text;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let argument = env::args().nth(1);
    let is_check = argument.as_deref() == Some("--check");
    let listener = TcpListener::bind(("127.0.0.1", if is_check { 0 } else { 3000 })).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = app(Gateway { http: Client::new(), urls: providers::start().await? })?;
    let meters = SdkMeterProvider::builder().with_periodic_exporter(MetricExporter::default());
    let meters = meters.build();
    circuit_runtime::opentelemetry033::observe(&meters.meter("llm_gateway"));
    if is_check {
        tokio::spawn(async move { axum::serve(listener, app).await });
        check::run(&url).await?;
        return Ok(meters.shutdown()?); // exports once more
    }
    println!("The circuits, live: {url}/circuits/ui");
    if let Some(path) = argument {
        tokio::spawn(follow(path.into()));
    }
    Ok(axum::serve(listener, app).await?)
}
