//! An HTTP client that judges answers by their status: which ones are failures, which say nothing about the service,
//! how long a server wants to be left alone (`Retry-After`), how long a call may take, and a circuit for each host.
//!
//! ```text
//! cargo run -p ecosystem --example reqwest_client    # two seconds
//! ```

use std::{future, io, net::Ipv4Addr, time::Duration};

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use circuit_runtime::{CallTimeoutError, CircuitOpenError, Classify, Outcome, circuit_breaker};
use reqwest::{Client, Response};
use tokio::net::TcpListener;

/// By pattern: no answer and 5xx are failures, a 404 counts neither way, and whatever else there is is a success of the
/// service. One circuit per host: one that is down says nothing about the others.
#[circuit_breaker(
    name = "price",
    key = host,
    threshold = 3,
    recovery = "500ms",
    timeout = "200ms",
    failure = Err(Error::Connection(_) | Error::TimedOut(_) | Error::Status(500..)),
    ignore = Err(Error::Status(404))
)]
async fn price(http: &Client, host: &str, path: &str) -> Result<String, Error> {
    let response = http.get(format!("http://{host}{path}")).send().await?;
    if !response.status().is_success() {
        return Err(Error::Status(response.status().as_u16()));
    }
    Ok(response.text().await?)
}

/// Ready-made: answers and errors judge themselves, and a server that names a wait gets it. A 429 speaks for all calls: the
/// circuit opens at once, for as long as it asks. A 503 is one node's: a failure, and if others open the circuit, it stays
/// open for at least as long.
#[circuit_breaker(
    name = "order",
    key = host,
    threshold = 3,
    recovery = "500ms",
    timeout = "200ms",
    classify = circuit_runtime::by_result
)]
async fn order(http: &Client, host: &str, path: &str) -> Result<Response, Error> {
    Ok(http.get(format!("http://{host}{path}")).send().await?)
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("rejected: {0}")]
    Rejected(#[from] CircuitOpenError),
    #[error("{0}")]
    TimedOut(#[from] CallTimeoutError),
    #[error("status {0}")]
    Status(u16),
    #[error("no answer: {0}")]
    Connection(#[from] reqwest::Error),
}

impl Classify for Error {
    fn outcome(&self) -> Outcome {
        match self {
            Error::Rejected(error) => error.outcome(),
            Error::TimedOut(error) => error.outcome(),
            Error::Status(500..) => Outcome::Failure,
            Error::Status(_) => Outcome::Success,
            Error::Connection(error) => error.outcome(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (a, b) = (start_server().await?, start_server().await?);
    let http = Client::new();
    circuit_runtime::on_transition(|change| {
        println!("    >>> {} -> {}: {}", change.from, change.to, change.reason);
    });

    println!("price, host A: 404 counts neither way, so three failures in a row open the circuit");
    for path in ["/200", "/500", "/404", "/hang", "/503", "/200"] {
        let answer = price(&http, &a, path).await;
        println!("  GET {path:6} {}", or_error(answer));
    }
    println!("price, host B: a circuit of its own");
    println!("  GET /200   {}", or_error(price(&http, &b, "/200").await));
    println!("price, host A after 500 ms: a probe");
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("  GET /200   {}", or_error(price(&http, &a, "/200").await));

    println!(
        "\norder, host A: one 503 with `Retry-After` opens nothing; a 429 does, for one second"
    );
    for path in ["/503", "/200", "/429", "/200"] {
        let answer = order(&http, &a, path).await.map(|response| response.status());
        println!("  GET {path:6} {}", or_error(answer));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = order(&http, &a, "/200").await.map(|response| response.status());
    println!("  GET /200   {}\n", or_error(answer));

    for circuit in circuit_runtime::circuits() {
        for (host, label) in [(&a, "A"), (&b, "B")] {
            if let Some(seen) = circuit.snapshot_of(host) {
                println!("host {label}: {seen}");
            }
        }
    }
    Ok(())
}

fn or_error(answer: Result<impl ToString, Error>) -> String {
    answer.map_or_else(|error| error.to_string(), |answer| answer.to_string())
}

/// Answers with the status that the path names.
async fn start_server() -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let host = listener.local_addr()?.to_string();
    let app = Router::new().route("/hang", get(future::pending::<()>)).route(
        "/{status}",
        get(async |Path(status): Path<u16>| match StatusCode::from_u16(status) {
            Ok(status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)) => {
                (status, [(header::RETRY_AFTER, "1")]).into_response()
            }
            Ok(status) => (status, status.to_string()).into_response(),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }),
    );
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(host)
}
