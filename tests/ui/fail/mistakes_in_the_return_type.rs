//! The compiler's own errors about a return type, once each.
#![deny(deprecated)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E<T = u8>(T);

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E(1)
    }
}

#[deprecated]
struct Old;

#[circuit_breaker]
fn too_few_arguments() -> Result<u8> {
    Ok(1)
}

#[circuit_breaker]
async fn too_many_arguments(n: u8) -> Result<u8, E<u8, u8>> {
    Ok(n)
}

#[circuit_breaker(key = n)]
fn missing_arguments(n: u8) -> Result<Vec, E> {
    Ok(vec![n])
}

#[circuit_breaker]
fn deprecated() -> Result<Old, E> {
    Err(E(1))
}

fn main() {}
