//! Constants that are checked when the build evaluates them.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

use circuit_runtime::CallTimeoutError;
use std::time::Duration;

impl From<CallTimeoutError> for E {
    fn from(_: CallTimeoutError) -> E {
        E
    }
}

const ZERO: u32 = 0;
const TWO: u32 = 2;
const HALF: f64 = 0.5;
const LARGE: f64 = 1.5;
const NAN: f64 = f64::NAN;
const NONE: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const EMPTY: &str = "";

#[circuit_breaker(threshold = ZERO)]
fn zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(success_threshold = 1_000 + 1)]
fn expression() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = LARGE)]
fn rate() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = HALF, jitter = NAN)]
fn nan() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = HALF)]
fn factor() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = NONE)]
fn no_time() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = ZERO)]
fn window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = NONE)]
async fn timeout() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = EMPTY)]
fn name() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(success_threshold = 3, probes = TWO)]
fn together() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "1m", backoff = 2, max_recovery = SECOND)]
fn below() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = n, failure_rate = 0.5, window = 10_000 + 1)]
fn keyed(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = n, max_keys = ZERO)]
fn max_keys(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = f64::INFINITY)]
fn infinite() -> Result<(), E> {
    Ok(())
}

fn main() {}
