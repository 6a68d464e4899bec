//! Options that take a duration.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(recovery = "30x")]
fn bad_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "30 seconds")]
fn long_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "30S")]
fn upper_case() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "")]
fn empty() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30)]
fn integer() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 1.5)]
fn float() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "-5s")]
fn negative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = -5)]
fn negative_integer() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "30")]
fn no_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "1h 30")]
fn half_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "99999999999999999999h")]
fn overflow() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "0s")]
fn zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 0)]
fn zero_integer() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "1m 30m")]
fn order() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "0.5ns")]
fn too_fine() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "1.2.3s")]
fn points() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "soon")]
fn words() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = true)]
fn boolean() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = "0ms")]
fn slow_call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(probe_timeout = 5)]
fn probe_timeout() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_concurrent = 1, max_wait = "0s")]
fn max_wait() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = 2, max_recovery = "1")]
fn max_recovery() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = 5)]
async fn timeout() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30 * 2)]
fn product() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = limit)]
async fn parameter(limit: std::time::Duration) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 5m)]
fn unquoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = 1.5ms)]
fn unquoted_fraction() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30_000ms, threshold = 3)]
fn unquoted_with_underscore() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 10s)]
fn unquoted_window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30 s, threshold = 3)]
fn unquoted_spaced() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 1h 30m)]
fn unquoted_parts() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30 sec)]
fn unquoted_long_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30 "s")]
fn quoted_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 0s)]
fn unquoted_zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = -5s)]
fn unquoted_negative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 30u64)]
fn suffix_of_a_number() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = 1,5s, threshold = 3)]
fn comma() -> Result<(), E> {
    Ok(())
}

fn main() {}
