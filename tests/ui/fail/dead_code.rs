//! An annotated function that nobody calls is reported.
#![deny(dead_code)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
fn unused_function() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(fallback = unused_fallback)]
async fn unused_async(n: u8) -> Result<u8, E> {
    Ok(n)
}

async fn unused_fallback(n: u8) -> Result<u8, E> {
    Ok(n)
}

fn main() {}
