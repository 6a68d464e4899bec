//! Nothing of the prelude is named.
#![no_implicit_prelude]
#![deny(warnings)]

use ::circuit_runtime::{CircuitOpenError, circuit_breaker};
use ::core::convert::From;
use ::core::option::Option::{self, None};
use ::core::result::Result::{self, Ok};

pub struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
pub fn plain() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(
    threshold = 3,
    failure_rate = "50%",
    window = "1m",
    recovery = "30s",
    timeout = "1s",
    key = n,
    max_keys = 10,
    fallback = |_, _| Ok(1),
    fallback_on = any
)]
pub async fn many(n: u8) -> Result<u8, E> {
    Ok(n)
}

#[circuit_breaker(failure = None, fallback = None)]
pub fn option(n: u8) -> Option<u8> {
    n.checked_sub(1)
}

#[circuit_breaker(fallback = plain)]
pub async fn either() -> Result<u8, E> {
    Ok(1)
}

fn main() {
    let _ = plain();
    let _ = option(1);
    let _ = (many(1), either());
}
