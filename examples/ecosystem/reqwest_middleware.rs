//! A circuit for each host as a middleware of reqwest, inside that of the retries: each attempt is counted, a rejection isn't
//! retried, and it is found through the chain of errors.
//!
//! ```text
//! cargo run -p ecosystem --example reqwest_middleware    # one second
//! ```

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{Extensions, StatusCode};
use axum::{Router, routing::get};
use circuit_runtime::{CircuitOpenError, Classify, Config, KeyedBreaker, Outcome};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Error, Middleware, Next, Result};
use reqwest_retry::{RetryError, RetryTransientMiddleware, policies::ExponentialBackoff};
use tokio::net::TcpListener;

static HOSTS: KeyedBreaker =
    KeyedBreaker::new("hosts", Config::new().threshold(2).recovery(Duration::from_secs(30)), 1_000);

/// Has a circuit for each host and port.
struct Circuits(&'static KeyedBreaker);

#[async_trait::async_trait]
impl Middleware for Circuits {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let url = request.url();
        let port = url.port_or_known_default().unwrap_or_default();
        let host = format!("{}:{port}", url.host_str().unwrap_or_default());
        let answer = self.0.key(&host).call_with_async(judge, next.run(request, extensions)).await;
        answer.unwrap_or_else(|rejection| Err(Error::middleware(rejection)))
    }
}

/// Ready-made, but for reqwest-middleware's own error.
fn judge(result: &Result<Response>) -> Outcome {
    match result {
        Ok(response) => response.outcome(),
        Err(Error::Reqwest(error)) => error.outcome(),
        // Made on this side, by a middleware further inside.
        Err(Error::Middleware(_)) => Outcome::Ignored,
    }
}

/// The rejection that an error comes from. The retries wrap it, whether they have tried again or not, and what they wrap is
/// transparent: it isn't among its own sources.
fn rejection(error: &Error) -> Option<&CircuitOpenError> {
    let Error::Middleware(error) = error else { return None };
    match error.downcast_ref() {
        Some(RetryError::WithRetries { err, .. } | RetryError::Error(err)) => rejection(err),
        None => error.chain().find_map(|error| error.downcast_ref()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (down, requests_down) = start_server(StatusCode::INTERNAL_SERVER_ERROR).await?;
    let (well, _) = start_server(StatusCode::OK).await?;

    let pauses = ExponentialBackoff::builder()
        .retry_bounds(Duration::from_millis(10), Duration::from_millis(50));
    let client = ClientBuilder::new(reqwest::Client::new())
        // The first is the outermost.
        .with(RetryTransientMiddleware::new_with_policy(pauses.build_with_max_retries(2)))
        .with(Circuits(&HOSTS))
        .build();

    for (call, url) in [("1, down", &down), ("2, down", &down), ("3, well", &well)] {
        match client.get(url).send().await {
            Ok(response) => println!("{call}: {}", response.status()),
            Err(error) => match rejection(&error) {
                Some(open) => println!("{call}: rejected: {open}"),
                None => println!("{call}: {error}"),
            },
        }
    }
    let requests = requests_down.load(Ordering::Relaxed);
    println!("requests that the host which is down has had: {requests}");
    println!("rejections: {}", HOSTS.snapshot().rejected);
    Ok(())
}

/// Answers with this status, and counts its requests.
async fn start_server(status: StatusCode) -> io::Result<(String, Arc<AtomicU32>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let requests = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&requests);
    let answer = async move || {
        counter.fetch_add(1, Ordering::Relaxed);
        status
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
    Ok((url, requests))
}
