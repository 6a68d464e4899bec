//! Judges and keys of a wrong type.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

use circuit_runtime::Outcome;

fn by_value(_: Result<(), E>) -> Outcome {
    Outcome::Success
}

fn to_bool(_: &Result<(), E>) -> bool {
    true
}

#[circuit_breaker(classify = by_value)]
fn takes_value() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = to_bool)]
fn gives_bool() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = |_| true)]
async fn closure_bool() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = Err(_), classify = by_value)]
fn takes_value_of_the_rest() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_), classify = |_| true)]
async fn closure_bool_of_the_rest() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Some(_))]
fn other_pattern() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e) if e.missing())]
fn guard() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = (host, port))]
fn tuple_key(host: &str, port: u16) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = host)]
async fn option_key(host: Option<&str>) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = NUMBER)]
fn no_breaker() -> Result<(), E> {
    Ok(())
}

static NUMBER: u8 = 1;

fn main() {}
