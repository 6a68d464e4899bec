//! Borrow errors and lints reach the user's code.
#![deny(warnings)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
fn moved(v: Vec<u8>) -> Result<usize, E> {
    drop(v);
    Ok(v.len())
}

#[circuit_breaker]
fn local() -> Result<&'static str, E> {
    let s = String::new();
    Ok(&s)
}

#[circuit_breaker(failure = Err(_) if !text.is_empty())]
fn guard(text: String) -> Result<usize, E> {
    drop(text);
    Ok(1)
}

#[circuit_breaker(fallback = |_| Ok(s))]
fn closure(s: String) -> Result<String, E> {
    Ok(s)
}

fn main() {
    let _ = (moved(vec![]), local(), guard(String::new()), closure(String::new()));
}
