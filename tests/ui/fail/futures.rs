//! A function that returns a future and does more than make it.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

use std::future::Future;
use std::pin::Pin;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[circuit_breaker]
fn statements(n: u8) -> impl Future<Output = Result<u8, E>> {
    let n = n + 1;
    async move { Ok(n) }
}

#[circuit_breaker]
fn boxed_statements(n: u8) -> Pin<Box<dyn Future<Output = Result<u8, E>>>> {
    let n = n + 1;
    Box::pin(async move { Ok(n) })
}

#[circuit_breaker(timeout = "1s")]
fn from_call() -> impl Future<Output = Result<u8, E>> {
    std::future::ready(Ok(1))
}

#[circuit_breaker]
fn not_move() -> impl Future<Output = Result<u8, E>> {
    async { Ok(1) }
}

#[circuit_breaker]
fn alias(n: u8) -> BoxFuture<'static, Result<u8, E>> {
    let n = n + 1;
    Box::pin(async move { Ok(n) })
}

fn main() {}
