//! `max_wait` without the feature `tokio`: one error where calls are async, at the option.

use std::time::Duration;

use circuit_runtime::{CircuitOpenError, Config, circuit_breaker};

const WAITS: Config = Config::new().max_concurrent(1).max_wait(Duration::from_secs(1));

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(max_concurrent = 1, max_wait = "1s")]
fn blocking() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(preset = WAITS, max_wait = off)]
async fn taken_back() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_concurrent = 1, max_wait = "1s")]
async fn plain() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(preset = WAITS)]
async fn by_a_preset() -> Result<(), E> {
    Ok(())
}

struct Client;

#[circuit_breaker(max_wait = "1s", max_concurrent = 1)]
impl Client {
    async fn get(&self) -> Result<(), E> {
        Ok(())
    }
}

fn main() {}
