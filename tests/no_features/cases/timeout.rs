//! `timeout` without the feature `tokio`: one error, at the option.

use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(1);

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

impl From<CallTimeoutError> for E {
    fn from(_: CallTimeoutError) -> E {
        E
    }
}

#[circuit_breaker(threshold = 3, timeout = "1s")]
async fn plain() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = LIMIT, fallback = || Ok(1))]
async fn with_a_fallback() -> Result<u8, E> {
    Ok(0)
}

#[circuit_breaker(fallback = Ok(1), fallback_on = any, timeout = "1s")]
fn any() -> impl Future<Output = Result<u8, E>> {
    async move { Ok(0) }
}

fn main() {}
