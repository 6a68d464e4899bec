//! A checkout page whose payment service slows down under load, twice at the same time: once with a timeout only, once
//! with a circuit breaker as well. Prints how long visitors waited, and draws it: `graceful_degradation.svg` in the
//! target directory.
//!
//! ```text
//! cargo run -p ecosystem --example graceful_degradation    # eight seconds
//! ```
//!
//! A visitor comes every 5 ms. From the second to the fourth second the service takes ten times as long. With the
//! timeout alone its queue grows until every visitor waits for the whole timeout and sees an error, also for a while
//! after the service is fast again. With the breaker visitors get a page that says "we'll charge you later", at once, and
//! the service has no queue to work off.

mod plot;

use std::{
    env, fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};
use tokio::{sync::Semaphore, time};

const END: f64 = 8.0;
const SLOW: std::ops::Range<f64> = 2.0..4.0;
const PATIENCE: Duration = Duration::from_secs(1);

/// Eight charges at a time, 20 ms each, or 200; whoever has gone away is served all the same.
struct Service {
    workers: Arc<Semaphore>,
    start: Instant,
}

impl Service {
    async fn charge(&self) -> Result<Page, Error> {
        let (workers, start) = (Arc::clone(&self.workers), self.start);
        let work = async move {
            let _worker = workers.acquire_owned().await;
            let slow = SLOW.contains(&start.elapsed().as_secs_f64());
            time::sleep(Duration::from_millis(if slow { 200 } else { 20 })).await;
        };
        tokio::spawn(work).await.expect("the work doesn't panic");
        Ok(Page::Paid)
    }
}

async fn with_timeout(service: &Service) -> Result<Page, Error> {
    time::timeout(PATIENCE, service.charge()).await.unwrap_or(Err(Error::Timeout))
}

/// No more than sixteen visitors wait for the service at once, and it opens when half of the last twenty charges were
/// slow, long before anything times out. All others get the other page.
#[circuit_breaker(
    name = "payment",
    slow_call = "150ms",
    slow_rate = "50%",
    window = 20,
    min_calls = 10,
    recovery = "300ms",
    max_concurrent = 16,
    success_threshold = 3,
    timeout = "1s",
    fallback = Ok(Page::PayLater),
    fallback_on = any
)]
async fn with_breaker(service: &Service) -> Result<Page, Error> {
    service.charge().await
}

#[derive(Clone, Copy, PartialEq)]
enum Page {
    Paid,
    PayLater,
}

#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Error {
    #[error("no answer")]
    Timeout,
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
}

/// When a visitor came, how long the page took, both in seconds, and what it was.
type Visit = (f64, f64, Result<Page, Error>);

#[tokio::main]
async fn main() -> io::Result<()> {
    println!("200 visitors a second for {END} seconds; the payment service is slow from 2 to 4 s.");
    let start = Instant::now();
    circuit_runtime::on_transition(move |change| {
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:5.2} s  {} -> {}: {}", change.from, change.to, change.reason);
    });
    let (without, with) = tokio::join!(visits(start, false), visits(start, true));

    println!("\nThe pages of those who came from 2 to 6 s:");
    println!("                    p50         p99    paid  later  errors");
    summary("timeout only", &without);
    summary("with a breaker", &with);

    let picture = picture()?;
    fs::write(&picture, plot::svg(&without, &with)).map_err(|error| {
        io::Error::new(error.kind(), format!("can't write {}: {error}", picture.display()))
    })?;
    println!("\nThe whole of it as a picture: {}", picture.display());
    Ok(())
}

/// In the target directory, wherever that is: this program is its `debug/examples/graceful_degradation`.
fn picture() -> io::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or(&program);
    Ok(target.join("graceful_degradation.svg"))
}

/// One every 5 ms, whatever has become of those before: visitors don't wait for each other.
async fn visits(start: Instant, breaker: bool) -> Vec<Visit> {
    let service = Arc::new(Service { workers: Arc::new(Semaphore::new(8)), start });
    let visits = Arc::new(Mutex::new(Vec::new()));
    let mut visitors = Vec::new();
    let mut ticks = time::interval(Duration::from_millis(5));
    while start.elapsed().as_secs_f64() < END {
        ticks.tick().await;
        let (service, visits) = (Arc::clone(&service), Arc::clone(&visits));
        visitors.push(tokio::spawn(async move {
            let came = Instant::now();
            let page =
                if breaker { with_breaker(&service).await } else { with_timeout(&service).await };
            let at = came.duration_since(start).as_secs_f64();
            let visit = (at, came.elapsed().as_secs_f64(), page);
            visits.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
        }));
    }
    for visitor in visitors {
        visitor.await.expect("a visitor doesn't panic");
    }
    std::mem::take(&mut *visits.lock().unwrap_or_else(PoisonError::into_inner))
}

fn summary(label: &str, visits: &[Visit]) {
    let visits: Vec<_> = visits.iter().filter(|(at, ..)| (2.0..6.0).contains(at)).collect();
    let count = |is: fn(&Visit) -> bool| visits.iter().filter(|visit| is(visit)).count();
    let [p50, p99] = [0.5, 0.99].map(|p| 1e3 * percentile(visits.iter().map(|visit| visit.1), p));
    let paid = count(|(.., page)| matches!(page, Ok(Page::Paid)));
    let later = count(|(.., page)| matches!(page, Ok(Page::PayLater)));
    let errors = count(|(.., page)| page.is_err());
    println!("{label:14} {p50:7.1} ms {p99:8.1} ms  {paid:6} {later:6} {errors:7}");
}

fn percentile(values: impl Iterator<Item = f64>, p: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let index = (sorted.len() as f64 * p) as usize;
    sorted.get(index).copied().unwrap_or_default()
}
