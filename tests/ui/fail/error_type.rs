//! Error types without the conversions: one error each, at the return type.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct Plain;

struct Half;

impl From<CircuitOpenError> for Half {
    fn from(_: CircuitOpenError) -> Half {
        Half
    }
}

#[circuit_breaker]
fn plain() -> Result<(), Plain> {
    Ok(())
}

#[circuit_breaker]
async fn plain_async() -> Result<(), Plain> {
    Ok(())
}

#[circuit_breaker]
fn generic<X>() -> Result<(), X> {
    Ok(())
}

#[circuit_breaker]
fn string() -> Result<(), String> {
    Ok(())
}

#[circuit_breaker(failure = Err(_))]
fn with_failure() -> Result<(), Plain> {
    Ok(())
}

#[circuit_breaker(timeout = "1s")]
async fn timeout() -> Result<(), Half> {
    Ok(())
}

#[circuit_breaker(timeout = "1s", fallback = Ok(()))]
async fn timeout_fallback() -> Result<(), Plain> {
    Ok(())
}

#[circuit_breaker]
fn foreign() -> Result<(), std::fmt::Error> {
    Ok(())
}

fn main() {}
