//! Constants of a wrong type: the compiler's own errors, at the constant.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

const LIMIT: usize = 3;
const WAIT: u64 = 30;

#[circuit_breaker(threshold = LIMIT)]
fn integer() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = WAIT)]
fn duration() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = WAIT)]
fn window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = LIMIT)]
fn rate() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = LIMIT)]
fn name() -> Result<(), E> {
    Ok(())
}

fn main() {}
