//! `stale` and what goes with it, wrong.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

#[derive(Clone)]
struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct S;

#[circuit_breaker(stale = "10m")]
fn no_key(tenant: &str, id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m")]
fn one_parameter(id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", key = host)]
fn one_of_two(host: &str, id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", key = host.len())]
fn made_of_it(host: &str) -> Result<u8, E> {
    Ok(1)
}

impl S {
    #[circuit_breaker(stale = "10m")]
    fn receiver(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(stale = "10m")]
    async fn receiver_and_more(&self, id: u64) -> Result<u8, E> {
        Ok(1)
    }
}

#[circuit_breaker(stale_key = id)]
fn key_alone(id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(max_stale = 10)]
fn most_alone() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(fallback_on = any)]
fn on_alone() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = 10)]
fn no_unit() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "0s")]
fn zero() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = off)]
fn off() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", max_stale = 0)]
fn none() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = "id")]
fn quoted(id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = |id| id)]
fn closure(id: u64) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale = "5m")]
fn twice() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = age, stale_key = ())]
fn parameter(age: std::time::Duration) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = a)]
fn borrowed(a: &str) -> Result<&str, E> {
    Ok(a)
}

#[circuit_breaker(stale = "10m", stale_key = ())]
async fn borrowed_inside<'a>(a: &'a str) -> Result<Vec<std::borrow::Cow<'a, str>>, E> {
    Ok(Vec::new())
}

#[circuit_breaker(cache = "10m")]
fn synonym() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = (), max_stale = 5)]
impl S {
    #[circuit_breaker]
    fn in_block(&self) -> Result<u8, E> {
        Ok(1)
    }
}

fn main() {}
