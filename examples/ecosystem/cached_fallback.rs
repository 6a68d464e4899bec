//! The last good value instead of an error: each answer of the service is kept in memory (with moka: bounded in number
//! and in age), and stands in for the service when a call fails or is rejected. A value that was never seen stays an
//! error; nothing is made up.
//!
//! ```text
//! cargo run -p ecosystem --example cached_fallback    # four seconds
//! ```
//!
//! Another store, such as Redis, goes into `remember` and `last_good`, which may be async. Give it a short timeout of
//! its own: it is asked when something else is already wrong.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use circuit_runtime::{CallError, CircuitOpenError, circuit_breaker};
use moka::sync::Cache;

struct Shop {
    last_prices: Cache<String, (u32, Instant)>,
}

impl Shop {
    fn new() -> Self {
        let last_prices =
            Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(3600)).build();
        Shop { last_prices }
    }

    /// `any`: the fallback also answers the calls that fail, so that customers see none of the three that open the
    /// circuit. With one parameter more than the function has, it learns why.
    #[circuit_breaker(
        name = "price",
        threshold = 3,
        recovery = "1s",
        fallback = |sku, why| self.last_good(sku, why),
        fallback_on = any
    )]
    async fn price(&self, sku: &str) -> Result<Price, Error> {
        let cents = ask_the_service(sku).await?;
        self.remember(sku, cents);
        Ok(Price { cents, as_of: None })
    }

    fn remember(&self, sku: &str, cents: u32) {
        self.last_prices.insert(sku.to_owned(), (cents, Instant::now()));
    }

    fn last_good(&self, sku: &str, why: CallError<Error>) -> Result<Price, Error> {
        match self.last_prices.get(sku) {
            Some((cents, seen)) => Ok(Price { cents, as_of: Some(seen.elapsed()) }),
            None => Err(match why {
                CallError::Failed(error) => error,
                CallError::Open(open) => open.into(),
                // Only with the option `timeout`.
                CallError::TimedOut(_) => Error::NoAnswer,
            }),
        }
    }
}

struct Price {
    cents: u32,
    /// How old it is, when it isn't fresh: whoever shows a price may say so.
    as_of: Option<Duration>,
}

// A fallback under `any` is also given the error of the call, by value.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the price service didn't answer")]
    NoAnswer,
    #[error("{0}")]
    Rejected(#[from] CircuitOpenError),
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let shop = Shop::new();
    let start = Instant::now();
    circuit_runtime::on_transition(|change| {
        println!("        >>> {} -> {}: {}", change.from, change.to, change.reason);
    });

    println!("A mug was asked for before the outage; a lamp is asked for during it only.\n");
    for tick in 0..14 {
        match tick {
            3 => println!("{:5.2} s  the service is down", start.elapsed().as_secs_f64()),
            9 => println!("{:5.2} s  the service is well again", start.elapsed().as_secs_f64()),
            _ => {}
        }
        DOWN.store((3..9).contains(&tick), Ordering::Relaxed);
        for sku in if (5..7).contains(&tick) { &["mug", "lamp"][..] } else { &["mug"] } {
            let line = match shop.price(sku).await {
                Ok(Price { cents, as_of: None }) => format!("{cents} cents"),
                Ok(Price { cents, as_of: Some(age) }) => {
                    format!("{cents} cents, as of {:.1} s ago", age.as_secs_f64())
                }
                Err(error) => format!("no price: {error}"),
            };
            println!("{:5.2} s  {sku:4}  {line}", start.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    if let Some(circuit) = circuit_runtime::find("price") {
        println!("\n{}", circuit.snapshot());
    }
}

static DOWN: AtomicBool = AtomicBool::new(false);

async fn ask_the_service(sku: &str) -> Result<u32, Error> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    if DOWN.load(Ordering::Relaxed) {
        return Err(Error::NoAnswer);
    }
    Ok(1000 + 10 * u32::try_from(sku.len()).unwrap_or_default())
}
