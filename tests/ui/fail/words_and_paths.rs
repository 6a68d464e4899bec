//! Options that take a name, a word, a path or an expression.

use circuit_runtime::{CircuitBreaker, CircuitOpenError, circuit_breaker};

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

#[circuit_breaker(name = payments)]
fn name_word() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = format!("payments-{}", 1))]
fn name_format() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = b"payments")]
fn name_bytes() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(name = host)]
fn name_parameter(host: &'static str) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = "{host}")]
fn key_placeholder(host: &str) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = "{host}:{port}")]
fn key_format(host: &str, port: u16) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = "the host")]
fn key_text(host: &str) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = self.payments)]
fn breaker_field() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = shared)]
fn breaker_parameter(shared: &CircuitBreaker) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = shared)]
async fn breaker_parameter_async(shared: &CircuitBreaker) -> Result<(), E> {
    Ok(())
}

struct S {
    name: &'static str,
}

impl S {
    #[circuit_breaker(name = self.name)]
    fn self_field(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(breaker = CircuitBreaker::new("payments", CONFIG))]
fn new_breaker() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = KeyedBreaker::new("hosts", CONFIG, 10), key = 1)]
fn new_keyed_breaker() -> Result<(), E> {
    Ok(())
}

fn main() {}
