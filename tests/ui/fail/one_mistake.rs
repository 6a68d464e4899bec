//! One mistake is one error: nothing is said that would be right once that is mended.
#![allow(unused_variables)]

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, circuit_breaker};

static SHARED: CircuitBreaker = CircuitBreaker::new("shared", Config::new());

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(recovry = "5s", max_recovery = "10s", backoff = 2)]
fn recovery_misspelt() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure_rate = 0.5, sliding_window_size = 200, min_calls = 150)]
fn window_of_another_library() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure_count = 150, sampling_duration = "10s")]
fn window_of_a_time() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(throttle = 0.5, windw = "1m", stall = "11s")]
fn window_misspelt() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "1m", stale_ky = n)]
fn stale_key_misspelt(n: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(key_by = host, stale = "1m")]
fn key_of_another_library(host: &str) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(config = P, jitter = off)]
fn preset_of_another_library() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale)]
fn stale_alone(n: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale =)]
fn stale_is(n: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = true)]
fn stale_true(n: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale("10m", key = a))]
fn stale_in_parentheses(a: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(slow_rate = 2)]
fn value_and_need() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, slow_rate = 0.5)]
fn shared_slow_rate() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, min_calls = 5)]
fn shared_min_calls() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, window = 10)]
fn shared_window() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, max_recovery = "10s")]
fn shared_max_recovery() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, max_keys = 5)]
fn shared_max_keys() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, on_cancel = failure)]
fn shared_on_cancel() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, jitter = off)]
fn shared_jitter() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, threshold = off)]
fn shared_threshold() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, probes = 1, success_threshold = 3)]
fn shared_probes() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(window = 10, min_calls = 5)]
fn no_rate() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(slow_rate = 0.5, on_cancel = slow)]
async fn no_slow_call() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale_key = n, max_stale = 10)]
fn no_stale(n: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(fallback_on = any, failure = None)]
fn no_fallback() -> Option<u8> {
    None
}

struct S {
    host: String,
}

#[circuit_breaker(key_by = self.host)]
impl S {
    #[circuit_breaker(key = h)]
    async fn of_key(&self, h: &str) -> Result<u8, E> {
        Ok(1)
    }
}

struct T;

#[circuit_breaker(breaker = SHARED, slow_rate = 0.5, max_keys = 5)]
impl T {
    async fn call(&self) -> Result<u8, E> {
        Ok(1)
    }
}

fn main() {}
