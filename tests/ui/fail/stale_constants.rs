//! Ages and bounds that only the compiler knows, out of range.

use std::time::Duration;

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

const ZERO: Duration = Duration::ZERO;

#[circuit_breaker(stale = ZERO)]
fn zero() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", max_stale = 2_000_000 + 1)]
fn many() -> Result<u8, E> {
    Ok(1)
}

fn main() {}
