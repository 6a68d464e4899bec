//! `stale` without the feature `stale`: one error, which names it.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

#[derive(Debug, Clone)]
struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(stale = "10m")]
fn now() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = id, fallback = Ok(2), fallback_on = any)]
async fn later(id: u64) -> Result<u8, E> {
    Ok(1)
}

struct S;

impl S {
    #[circuit_breaker(stale = "10m", stale_key = (), fallback_on = any)]
    fn method(&self) -> Result<u8, E> {
        Ok(1)
    }
}

fn main() {
    let _ = (now(), S.method(), later(1));
}
