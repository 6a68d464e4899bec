//! Options that take an integer.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(threshold = 0)]
fn zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = -3)]
fn negative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 5_000_000_000)]
fn too_big() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 1_000_001)]
fn above_a_million() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 0.5)]
fn float() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = "3")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = "three")]
fn text() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3usize)]
fn suffix() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = true)]
fn boolean() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = |n| n)]
fn closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(success_threshold = 0)]
fn success() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(success_threshold = 1_001)]
fn success_most() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(probes = 1_001)]
fn probes() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, min_calls = 0)]
fn min_calls() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_concurrent = 0)]
fn max_concurrent() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = 1, max_keys = 0)]
fn max_keys() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 0)]
fn window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 1_000_001)]
fn window_most() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 1.5)]
fn window_kind() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = "100")]
fn window_unit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = limit)]
fn parameter(limit: u32) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = limits.len() as u32 + 1)]
fn parameter_inside(limits: &[u8]) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = n, max_keys = n)]
fn max_keys_parameter(n: u32) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = std::env::var("LIMIT").unwrap().parse().unwrap())]
fn environment() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_keys = size(&env::var_os("KEYS")), key = 1)]
fn environment_of_keys() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = none)]
fn no_limit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = false)]
fn no_limit_as_truth() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = None)]
fn never_none() -> Result<(), E> {
    Ok(())
}

fn main() {}
