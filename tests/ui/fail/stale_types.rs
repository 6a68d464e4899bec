//! Values that can't be kept, and keys that are none: one error each.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

#[derive(Clone)]
struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct NoClone;

#[derive(Clone)]
struct NoHash;

#[circuit_breaker(stale = "10m")]
fn no_clone() -> Result<NoClone, E> {
    Ok(NoClone)
}

#[circuit_breaker(stale = "10m")]
async fn no_clone_later() -> Result<NoClone, E> {
    Ok(NoClone)
}

#[circuit_breaker(stale = "10m")]
fn no_sync() -> Result<std::rc::Rc<u8>, E> {
    Ok(1.into())
}

#[circuit_breaker(stale = "10m", failure = None, fallback = None)]
fn no_result() -> Option<u8> {
    None
}

#[circuit_breaker(stale = "10m", stale_key = a)]
fn no_hash(a: NoHash) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = (a, b))]
fn no_eq(a: f64, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", key = a)]
fn the_key(a: f64) -> Result<u8, E> {
    Ok(1)
}

fn main() {}
