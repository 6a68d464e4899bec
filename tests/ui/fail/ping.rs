//! Pings of a wrong form or type.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

fn health() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = "health")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = health())]
fn called() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = Ok(()))]
fn value() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = "3s")]
fn duration() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = 3)]
fn number() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = |a| Ok(()))]
fn few(a: u8, b: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = async |a| Ok(()))]
fn async_closure(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = |a| async { Ok(()) })]
fn async_block(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = check)]
fn parameter(check: fn() -> Result<(), E>) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(health_check = health)]
fn synonym() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ping = health, ping = health)]
fn twice() -> Result<(), E> {
    Ok(())
}

struct S;

impl S {
    #[circuit_breaker(ping = |this| this.health())]
    fn takes_this(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(ping = self.health)]
    fn method(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(ping = Self::health)]
impl S {
    #[circuit_breaker]
    fn in_block(&self) -> Result<(), E> {
        Ok(())
    }
}

impl S {
    #[circuit_breaker(ping = |&self, n| self.health(n))]
    fn closure_with_self(&self, n: u8) -> Result<(), E> {
        Ok(())
    }
}

fn main() {}
