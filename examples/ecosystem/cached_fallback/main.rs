//! The last good value instead of an error: each answer of the service is kept, and stands in for the service when a
//! call fails or is rejected. A value that was never seen stays an error; nothing is made up.
//!
//! ```text
//! cargo run -p ecosystem --example cached_fallback    # four seconds
//! REDIS_URL=redis://127.0.0.1 cargo run -p ecosystem --example cached_fallback
//! ```
//!
//! It is kept in memory (with moka: bounded in number and in age), and with `REDIS_URL` also in Redis, where other
//! processes find it (both in store.rs). Redis has a circuit of its own: stop the server while this runs.

mod store;

use std::{
    error,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use circuit_runtime::{CallError, CircuitOpenError, circuit_breaker};
use redis::RedisResult;
use store::{LastPrices, Seen};

struct Shop {
    last_prices: LastPrices,
}

impl Shop {
    fn new() -> RedisResult<Self> {
        Ok(Shop { last_prices: LastPrices::new()? })
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
        self.last_prices.keep(sku, Seen { cents, at: SystemTime::now() });
        Ok(Price { cents, last_seen: None })
    }

    async fn last_good(&self, sku: &str, why: CallError<Error>) -> Result<Price, Error> {
        match self.last_prices.find(sku).await {
            Some((Seen { cents, at }, who)) => {
                Ok(Price { cents, last_seen: Some((at.elapsed().unwrap_or_default(), who)) })
            }
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
    /// How old it is, when it isn't fresh, and who knew it: whoever shows a price may say so.
    last_seen: Option<(Duration, &'static str)>,
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
async fn main() -> Result<(), Box<dyn error::Error>> {
    let (shop, start) = (Shop::new()?, Instant::now());
    circuit_runtime::on_transition(|change| {
        println!("    >>> {}: {} -> {}: {}", change.circuit, change.from, change.to, change.reason);
    });

    println!("A mug was asked for before the outage; a lamp is asked for during it only.");
    println!("A second shop, which starts during the outage, knows what Redis knows.\n");
    let mut second_shop = None;
    for tick in 0..14 {
        match tick {
            3 => say(start, "the service is down"),
            5 => second_shop = Some(Shop::new()?),
            9 => say(start, "the service is well again"),
            _ => {}
        }
        DOWN.store((3..9).contains(&tick), Ordering::Relaxed);
        say(start, &format!("mug   {}", answer(&shop, "mug").await));
        if let (Some(shop), 5..8) = (&second_shop, tick) {
            say(start, &format!("mug   {} (second shop)", answer(shop, "mug").await));
            say(start, &format!("lamp  {} (second shop)", answer(shop, "lamp").await));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!();
    for circuit in circuit_runtime::circuits() {
        println!("{}", circuit.snapshot());
    }
    Ok(())
}

async fn answer(shop: &Shop, sku: &str) -> String {
    match shop.price(sku).await {
        Ok(Price { cents, last_seen: None }) => format!("{cents} cents"),
        Ok(Price { cents, last_seen: Some((age, who)) }) => {
            format!("{cents} cents, from {who}, {:.1} s old", age.as_secs_f64())
        }
        Err(error) => format!("no price: {error}"),
    }
}

fn say(start: Instant, line: &str) {
    println!("{:5.2} s  {line}", start.elapsed().as_secs_f64());
}

static DOWN: AtomicBool = AtomicBool::new(false);

async fn ask_the_service(sku: &str) -> Result<u32, Error> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    if DOWN.load(Ordering::Relaxed) {
        return Err(Error::NoAnswer);
    }
    Ok(1000 + 10 * u32::try_from(sku.len()).unwrap_or_default())
}
