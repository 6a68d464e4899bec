//! Mistakes in the body look as they do without the attribute.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
fn no_tail(n: u8) -> Result<u8, E> {
    let _ = n;
}

#[circuit_breaker]
fn semicolon() -> Result<(), E> {
    Ok(());
}

#[circuit_breaker]
async fn semicolon_async() -> Result<(), E> {
    Ok(());
}

#[circuit_breaker]
fn not_wrapped() -> Result<u8, E> {
    1
}

#[circuit_breaker]
fn question_mark() -> Result<u8, E> {
    Ok("1".parse::<u8>()?)
}

#[circuit_breaker]
async fn mismatch() -> Result<u8, E> {
    let n: u16 = 1;
    Ok(n)
}

fn send<T: Send>(_: T) {}

#[circuit_breaker]
async fn not_send() -> Result<(), E> {
    let rc = std::rc::Rc::new(1);
    async {}.await;
    drop(rc);
    Ok(())
}

fn main() {
    send(not_send());
}
