//! Where the last good prices are shared: in Redis, if there is one.

use std::{
    env,
    time::{Duration, UNIX_EPOCH},
};

use circuit_runtime::{CircuitBreaker, Config, circuit_breaker};
use redis::{
    AsyncTypedCommands, Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::Price;

const KEPT_FOR: Duration = Duration::from_secs(3600);

/// What another process has seen, and this one before it was restarted.
pub(crate) struct Shared {
    redis: Option<Redis>,
}

impl Shared {
    /// With Redis where the environment variable `REDIS_URL` says so. It need not be up: it is connected to when it is
    /// first asked.
    pub(crate) fn new() -> RedisResult<Self> {
        Ok(Shared { redis: env::var("REDIS_URL").ok().map(|url| Redis::new(&url)).transpose()? })
    }

    /// Whoever has got a fresh price doesn't wait for Redis.
    pub(crate) fn keep(&self, sku: &str, price: Price) {
        if let Some(mut redis) = self.redis.clone() {
            let sku = sku.to_owned();
            tokio::spawn(async move { redis.keep(&sku, price).await });
        }
    }

    pub(crate) async fn find(&self, sku: &str) -> Option<Price> {
        self.redis.clone()?.find(sku).await.ok()?
    }
}

/// A cache that is down is no reason to wait, and it is asked when something else is already wrong: so it has a circuit
/// of its own, which both functions share.
static REDIS: CircuitBreaker = CircuitBreaker::new(
    "redis",
    Config::new().threshold(2).recovery(Duration::from_millis(500)).max_concurrent(64),
);

#[derive(Clone)]
struct Redis {
    connection: ConnectionManager,
}

impl Redis {
    fn new(url: &str) -> RedisResult<Self> {
        // It goes on trying to connect by itself; `timeout` below is how long a call waits for that and for the answer.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(100)))
            .set_max_delay(Duration::from_millis(250))
            .set_number_of_retries(usize::MAX);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Redis { connection })
    }

    /// Nobody need hear that it failed: it is in the circuit's counters.
    #[circuit_breaker(breaker = REDIS, timeout = "100ms", fallback = Ok(()), fallback_on = any)]
    async fn keep(&mut self, sku: &str, price: Price) -> RedisResult<()> {
        let millis = price.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let value = format!("{} {millis}", price.cents);
        self.connection.set_ex(key(sku), value, KEPT_FOR.as_secs()).await
    }

    /// A Redis that is down, slow or left alone is one that knows nothing.
    #[circuit_breaker(breaker = REDIS, timeout = "100ms", fallback = Ok(None), fallback_on = any)]
    async fn find(&mut self, sku: &str) -> RedisResult<Option<Price>> {
        let value = self.connection.get(key(sku)).await?;
        Ok(value.as_deref().and_then(parse))
    }
}

fn key(sku: &str) -> String {
    format!("last-price:{sku}")
}

fn parse(value: &str) -> Option<Price> {
    let (cents, millis) = value.split_once(' ')?;
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(millis.parse().ok()?))?;
    Some(Price { cents: cents.parse().ok()?, at, is_from_redis: true })
}
