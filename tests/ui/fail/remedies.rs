//! What a message says to write works as it stands, for the function that it is said of.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

enum Status {
    Good,
    Bad,
}

#[circuit_breaker(failure = 500..=599)]
fn numbers() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(failure = true)]
fn truth() -> Result<bool, E> {
    Ok(true)
}

#[circuit_breaker(failure = None)]
fn nothing() -> Result<Option<u8>, E> {
    Ok(None)
}

#[circuit_breaker(failure = 500..)]
fn from() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(ignore = 404)]
fn ignored_number() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(ignore = [404, 409])]
fn ignored_numbers() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(failure = Status::Bad)]
fn variant_of_the_value() -> Result<Status, E> {
    Ok(Status::Good)
}

fn main() {}
