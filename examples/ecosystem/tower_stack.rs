//! Timeout, breaker and retry around one tower service, in the right order and in two wrong ones, with what each costs
//! when the service hangs:
//!
//! - The timeout goes inside the breaker: a call that takes too long is then a failure. Outside, it drops the call, and
//!   the breaker sees a caller who went away, which says nothing about the service.
//! - The retry goes outside the breaker: each attempt is counted, and a rejection ends the retries. Inside, the circuit
//!   counts only every third attempt, and a probe is three requests to a service that is down.
//!
//! ```text
//! cargo run -p ecosystem --example tower_stack    # three seconds
//! ```

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config,
    tower::{BoxError, CircuitBreakerLayer},
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn, timeout::TimeoutLayer};

const LIMIT: TimeoutLayer = TimeoutLayer::new(Duration::from_millis(50));
const CONFIG: Config = Config::new().threshold(3).recovery(Duration::from_millis(300));

static RIGHT: CircuitBreaker = CircuitBreaker::new("right", CONFIG);
static TIMEOUT_OUTSIDE: CircuitBreaker = CircuitBreaker::new("timeout outside", CONFIG);
static RETRY_INSIDE: CircuitBreaker = CircuitBreaker::new("retry inside", CONFIG);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!(
        "Ten orders while the payment service hangs; each may try three times, 50 ms a time.\n"
    );
    println!("order of the layers           requests  per order  circuit");

    let right = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(&RIGHT))
        .layer(LIMIT)
        .service(service_fn(payment));
    outage("retry > breaker > timeout", &RIGHT, service_fn(|()| retried(right.clone()))).await;

    let wrong = ServiceBuilder::new()
        .layer(LIMIT)
        .layer(CircuitBreakerLayer::new(&TIMEOUT_OUTSIDE))
        .service(service_fn(payment));
    let wrong = service_fn(|()| retried(wrong.clone()));
    outage("retry > timeout > breaker", &TIMEOUT_OUTSIDE, wrong).await;

    let wrong = ServiceBuilder::new().layer(LIMIT).service(service_fn(payment));
    let wrong = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(&RETRY_INSIDE))
        .service(service_fn(|()| retried(wrong.clone())));
    outage("breaker > retry > timeout", &RETRY_INSIDE, wrong).await;

    HANGS.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = retried(right).await;
    let answer = answer.unwrap_or_else(|error| panic!("the service is well again: {error}"));
    println!(
        "\nThe service is well again, and after `recovery` the first probe closes the circuit:"
    );
    println!("{answer}; the circuit is {}", RIGHT.state());
}

/// Up to three attempts, with a pause between them; none where the circuit is open, whose wait is longer than a retry's.
async fn retried<S>(service: S) -> Result<&'static str, BoxError>
where
    S: Service<(), Response = &'static str, Error = BoxError> + Clone,
{
    let backoff =
        ExponentialBuilder::default().with_min_delay(Duration::from_millis(10)).with_max_times(2);
    (|| service.clone().oneshot(()))
        .retry(backoff)
        .when(|error| !error.is::<CircuitOpenError>())
        .await
}

/// Ten orders in a row; prints what they cost the service and the customer.
async fn outage<S>(order: &str, circuit: &CircuitBreaker, mut stack: S)
where
    S: Service<(), Response = &'static str, Error = BoxError>,
{
    HANGS.store(true, Ordering::Relaxed);
    REQUESTS.store(0, Ordering::Relaxed);
    let start = Instant::now();
    for _ in 0..10 {
        let stack = stack.ready().await.expect("always ready");
        let answer = stack.call(()).await;
        assert!(answer.is_err(), "the service hangs");
    }
    let each = start.elapsed() / 10;
    let seen = circuit.snapshot();
    println!(
        "{order:28}  {:8}  {:>6} ms  {}, {} failures, {} cancelled, {} rejected",
        REQUESTS.load(Ordering::Relaxed),
        each.as_millis(),
        seen.state,
        seen.failures,
        seen.cancelled,
        seen.rejected,
    );
}

static HANGS: AtomicBool = AtomicBool::new(false);
static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// The service; in a program of yours, a client of hyper, reqwest or tonic.
async fn payment((): ()) -> Result<&'static str, BoxError> {
    REQUESTS.fetch_add(1, Ordering::Relaxed);
    if HANGS.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
    Ok("paid")
}
