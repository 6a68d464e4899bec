//! Fallbacks of a wrong type: one error each, at the fallback.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

use std::fmt::Display;

fn no_parameters() -> Result<(), E> {
    Ok(())
}

fn text(_: &str) -> Result<(), E> {
    Ok(())
}

fn number() -> u8 {
    1
}

async fn later() -> Result<(), E> {
    Ok(())
}

async fn later_number() -> u8 {
    1
}

fn boxed() -> Result<Box<u8>, E> {
    Ok(Box::new(1))
}

#[circuit_breaker(fallback = text)]
fn argument_type(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = no_parameters)]
fn arity(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = later)]
fn async_for_sync() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = number)]
fn return_type() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = number)]
async fn return_type_async() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = later_number)]
async fn output() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = || Ok("x"))]
fn closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Ok("x"))]
fn value() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = boxed)]
async fn no_coercion() -> Result<Box<dyn Display>, E> {
    Ok(Box::new(1))
}

#[circuit_breaker(fallback = 5)]
fn literal() -> Result<(), E> {
    Ok(())
}

fn main() {}
