//! `failure`, `ignore` and `classify`.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(failure = is_transient)]
fn function() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = errors::is_transient)]
fn function_path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = |e| e.is_err())]
fn closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = |e| e)]
fn closure_of_itself() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = || true)]
fn closure_without() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = move |e| e.is_err())]
fn move_closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = "Err(_)")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = 1 + 1)]
fn expression() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = "judge")]
fn classify_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = judge(1))]
fn classify_call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = is_transient, threshold = 0)]
fn then_another() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) if)]
fn guard_missing() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) if, threshold = 3)]
fn guard_missing_and_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e) && e.is_fatal())]
fn guard_without_if() -> Result<(), E> {
    Ok(())
}

fn main() {}
