//! Pings of a wrong type: one error each, at the ping.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

fn no_parameters() -> Result<(), E> {
    Ok(())
}

fn by_value(_: String) -> Result<(), E> {
    Ok(())
}

fn is_up() -> bool {
    true
}

async fn later() -> Result<(), E> {
    Ok(())
}

async fn is_up_later() -> bool {
    true
}

#[circuit_breaker(ping = no_parameters)]
fn arity(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = by_value)]
fn borrowed(a: String) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = is_up)]
fn no_result() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = is_up)]
async fn no_result_async() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = is_up_later)]
async fn no_result_later() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = later)]
fn async_for_sync() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = |_| true)]
async fn closure(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = |text: String| Ok::<(), E>(()))]
fn closure_by_value(text: String) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = missing)]
fn unknown() -> Result<(), E> {
    Ok(())
}

fn main() {}
