//! The last good value instead of an error: each answer of the service is kept, and stands in for the service when a
//! call fails or is rejected. A value that was never seen stays an error; nothing is made up.
//!
//! ```text
//! cargo run -p ecosystem --example cached_fallback    # four seconds
//! REDIS_URL=redis://127.0.0.1 cargo run -p ecosystem --example cached_fallback
//! ```
//!
//! The option `stale` keeps it in this process. With `REDIS_URL` it is also kept in Redis, where other processes find
//! it, and this one after a restart: the fallback asks there (store.rs). Redis has a circuit of its own: stop the
//! server while this runs.

mod store;

use std::{
    error,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use circuit_runtime::{CallError, CircuitOpenError, circuit_breaker};
use redis::RedisResult;
use store::Shared;

struct Shop {
    name: &'static str,
    shared: Shared,
}

/// A price, and when the service named it: whoever shows an old one may say so.
#[derive(Clone, Copy)]
struct Price {
    cents: u32,
    at: SystemTime,
    is_from_redis: bool,
}

impl Shop {
    fn new(name: &'static str) -> RedisResult<Self> {
        Ok(Shop { name, shared: Shared::new()? })
    }

    /// `any`: calls that fail are answered, too, so that customers see none of the three that open the circuit. What
    /// this shop hasn't seen itself, another may have: with one parameter more than the function has, the fallback
    /// learns why it is asked.
    #[circuit_breaker(
        name = "price",
        threshold = 3,
        recovery = "1s",
        stale = "1h",
        stale_key = (self.name, sku),
        fallback = |sku, why| self.shared_price(sku, why),
        fallback_on = any
    )]
    async fn price(&self, sku: &str) -> Result<Price, Error> {
        let cents = ask_the_service(sku).await?;
        let price = Price { cents, at: SystemTime::now(), is_from_redis: false };
        self.shared.keep(sku, price);
        Ok(price)
    }

    async fn shared_price(&self, sku: &str, why: CallError<Error>) -> Result<Price, Error> {
        self.shared.find(sku).await.ok_or(match why {
            CallError::Failed(error) => error,
            CallError::Open(open) => open.into(),
            // Only with the option `timeout`.
            CallError::TimedOut(_) => Error::NoAnswer,
        })
    }
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
    let (shop, start) = (Shop::new("first")?, Instant::now());
    circuit_runtime::on_transition(|change| {
        println!("    >>> {}: {} -> {}: {}", change.circuit, change.from, change.to, change.reason);
    });

    println!("A mug was asked for before the outage; a lamp is asked for during it only.");
    println!("A second shop, which starts during the outage, knows what Redis knows.\n");
    let mut second_shop = None;
    for tick in 0..14 {
        match tick {
            3 => say(start, "the service is down"),
            5 => second_shop = Some(Shop::new("second")?),
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
        Ok(Price { cents, at, is_from_redis }) => {
            let age = at.elapsed().unwrap_or_default();
            let who = if is_from_redis { "Redis" } else { "memory" };
            if age < Duration::from_millis(100) {
                format!("{cents} cents")
            } else {
                format!("{cents} cents, from {who}, {:.1} s old", age.as_secs_f64())
            }
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
