//! Bodies that aren't finished: the compiler's own errors, once each.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
fn value() -> Result<u8, E> {
    let n =
}

#[circuit_breaker(fallback = Ok(0))]
async fn method(text: String) -> Result<u8, E> {
    text.
}

#[circuit_breaker(key = n)]
fn end(n: u8) -> Result<u8, E> {
    let m = n
}

#[circuit_breaker]
fn future() -> impl Future<Output = Result<u8, E>> {
    async move {
        let n =
    }
}

struct Client;

#[circuit_breaker]
impl Client {
    async fn guarded(&self) -> Result<u8, E> {
        self.
    }

    fn left_alone(&self) -> u8 {
        let n =
    }
}

fn main() {}
