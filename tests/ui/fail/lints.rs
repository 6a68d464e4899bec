//! Lints fire for the user's code as they do without the attribute.
#![deny(warnings)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
fn unused_variables(n: u8, mut m: u8) -> Result<u8, E> {
    let local = 1;
    return Ok(1);
    Ok(2)
}

#[circuit_breaker]
async fn unused_variables_async(n: u8, mut m: u8) -> Result<u8, E> {
    let local = 1;
    Ok(1)
}

#[circuit_breaker(failure = Err(e), fallback = |n, _| Ok(1))]
fn unused_in_options(a: u8, (b, c): (u8, u8)) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(ignore = Err(_), failure = Err(E))]
fn unreachable() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(fallback = Ok(n), fallback_on = any)]
fn unused_under_any(n: u8) -> Result<u8, E> {
    let local = 1;
    Ok(n)
}

fn main() {
    let _ = unused_under_any(1);
    let _ = (unused_variables(1, 2), unused_variables_async(1, 2));
    let _ = (unused_in_options(1, (2, 3)), unreachable());
}
