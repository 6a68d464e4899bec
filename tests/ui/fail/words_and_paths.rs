//! Options that take a name, a word, a path or an expression.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(name = "")]
fn name_empty() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = 5)]
fn name_number() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = "host")]
fn key_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = |host| host)]
fn key_closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = "PAYMENTS")]
fn breaker_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = &PAYMENTS)]
fn breaker_reference() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = payments())]
fn breaker_call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(crate = "circuit_runtime")]
fn crate_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Ok(()), fallback_on = "any")]
fn fallback_on_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Ok(()), fallback_on = true)]
fn fallback_on_boolean() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Ok(()), fallback_on = error)]
fn fallback_on_other() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(on_cancel = success)]
async fn on_cancel_other() -> Result<(), E> {
    Ok(())
}

fn main() {}
