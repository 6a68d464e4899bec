//! Functions that return a stream, without the features `stream` and `tokio`: one error each.

use std::pin::Pin;

use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};
use futures_core::Stream;

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

impl From<CallTimeoutError> for E {
    fn from(_: CallTimeoutError) -> E {
        E
    }
}

#[circuit_breaker]
fn opaque(items: Pin<Box<dyn Stream<Item = Result<u8, E>>>>) -> impl Stream<Item = Result<u8, E>> {
    items
}

#[circuit_breaker(idle = "2s")]
fn boxed(
    items: Pin<Box<dyn Stream<Item = Result<u8, E>>>>,
) -> Pin<Box<dyn Stream<Item = Result<u8, E>>>> {
    items
}

#[circuit_breaker]
async fn in_result(
    items: Pin<Box<dyn Stream<Item = Result<u8, E>>>>,
) -> Result<impl Stream<Item = Result<u8, E>>, E> {
    Ok(items)
}

fn main() {}
