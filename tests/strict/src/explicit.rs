//! Functions that say `return`, as `clippy::implicit_return` wants them to: the generated code may not
//! break that.
#![deny(clippy::implicit_return)]
#![allow(clippy::missing_errors_doc, clippy::needless_return, missing_docs)]

use circuit_runtime::{Outcome, circuit_breaker};

use crate::E;

fn cached(n: u8) -> Result<u8, E> {
    return Ok(n);
}

async fn cached_later(n: u8) -> Result<u8, E> {
    std::future::ready(()).await;
    return Ok(n);
}

fn judge(_: &Result<u8, E>) -> Outcome {
    return Outcome::Success;
}

#[circuit_breaker(key = n, failure = Err(E::Late(_)))]
pub fn rejected(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = cached, classify = judge)]
pub fn path(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = |n| { return Ok(n); }, fallback_on = any)]
pub fn closure(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = Ok(n), ignore = Err(e) if matches!(e, E::Late(_)))]
pub fn value(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = cached_later, timeout = "1s")]
pub async fn path_async(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = |n| cached(n), fallback_on = any)]
pub async fn closure_async(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[circuit_breaker(fallback = Ok(n), key = n)]
pub async fn value_async(n: u8) -> Result<u8, E> {
    return Ok(n);
}

#[derive(Debug)]
pub struct Client;

#[circuit_breaker(failure = Err(E::Late(_)))]
impl Client {
    pub async fn get(&self, n: u8) -> Result<u8, E> {
        return Ok(n);
    }

    #[circuit_breaker(fallback = Ok(n))]
    pub async fn put(&self, n: u8) -> Result<u8, E> {
        return Ok(n);
    }
}
