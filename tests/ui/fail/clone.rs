//! `fallback_on = any` and parameters that are not `Clone`.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct NotClone;

#[circuit_breaker(fallback = |_, _| Ok(()), fallback_on = any)]
fn closure(a: u8, b: NotClone) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = take(b), fallback_on = any)]
async fn value(a: u8, b: NotClone) -> Result<(), E> {
    Ok(())
}

fn take(_: NotClone) -> Result<(), E> {
    Ok(())
}

impl NotClone {
    #[circuit_breaker(fallback = Self::cached, fallback_on = any)]
    fn receiver(self) -> Result<(), E> {
        Ok(())
    }

    fn cached(self) -> Result<(), E> {
        Ok(())
    }
}

fn main() {}
