//! Functions that return a stream.

use std::pin::Pin;
use std::time::Duration;

use circuit_runtime::{CircuitOpenError, circuit_breaker};
use futures_core::Stream;
use futures_lite::stream;

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

struct Plain;

type Boxed = Pin<Box<dyn Stream<Item = Result<u8, E>> + Send>>;

#[circuit_breaker]
fn no_results() -> impl Stream<Item = u8> {
    stream::empty()
}

#[circuit_breaker]
fn unknown_items() -> impl Stream<Item = Plain> {
    stream::empty()
}

#[circuit_breaker]
fn not_written() -> Pin<Box<dyn Stream>> {
    todo!()
}

#[circuit_breaker]
fn no_conversion() -> impl Stream<Item = Result<u8, Plain>> {
    stream::empty()
}

#[circuit_breaker(timeout = "2s")]
fn no_timeout() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(idle = "2s")]
async fn no_idle() -> Result<impl Stream<Item = Result<u8, E>>, E> {
    Ok(stream::empty())
}

#[circuit_breaker(idle = "2s")]
async fn idle_without_stream() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(idle = "2s")]
fn idle_behind_an_alias() -> Boxed {
    Box::pin(stream::empty())
}

#[circuit_breaker(idle = "0s")]
fn zero() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(idle = NEVER)]
fn constant_zero() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

const NEVER: Duration = Duration::ZERO;

#[circuit_breaker(idle = off)]
fn off() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(idle_timeout = "2s")]
fn misspelt() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(fallback = stream::empty())]
fn fallback() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(ping = || Ok::<(), E>(()))]
fn ping() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(stale = "10m")]
fn kept() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(stale = "10m")]
async fn kept_in_a_result() -> Result<impl Stream<Item = Result<u8, E>>, E> {
    Ok(stream::empty())
}

#[circuit_breaker(fallback = Ok(stream::empty()))]
async fn fallback_of_no_type() -> Result<impl Stream<Item = Result<u8, E>>, E> {
    Ok(stream::empty())
}

#[circuit_breaker(fallback = Ok(Box::pin(stream::empty())), fallback_on = any)]
async fn fallback_on_any() -> Result<Pin<Box<dyn Stream<Item = Result<u8, E>>>>, E> {
    Ok(Box::pin(stream::empty()))
}

#[circuit_breaker]
async fn no_result() -> impl Stream<Item = Result<u8, E>> {
    stream::empty()
}

#[circuit_breaker(failure = Err(_) if count.len() > 1)]
fn guard(count: &mut Vec<u8>) -> impl Stream<Item = Result<u8, E>> {
    count.push(1);
    stream::empty()
}

#[circuit_breaker]
fn another_type() -> impl Stream<Item = Result<u8, E>> {
    stream::iter([Ok::<u16, E>(1)])
}

struct Client;

#[circuit_breaker(idle = "2s")]
impl Client {
    fn items(&self) -> impl Stream<Item = Result<u8, E>> {
        stream::empty()
    }
}

fn main() {}
