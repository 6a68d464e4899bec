//! What the attribute can't be put on.
#![allow(dead_code)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker]
struct Struct;

#[circuit_breaker]
enum Enum {}

#[circuit_breaker]
union Union {
    a: u8,
}

#[circuit_breaker]
const CONST: u8 = 1;

#[circuit_breaker]
static STATIC: u8 = 1;

#[circuit_breaker]
type Alias = u8;

#[circuit_breaker]
mod module {}

#[circuit_breaker]
use std::fmt;

struct S;

#[circuit_breaker]
impl S {
    fn f() {}
}

#[circuit_breaker(threshold = 0)]
trait Tr {
    #[circuit_breaker]
    fn f(&self) -> Result<(), E>;
}

unsafe extern "C" {
    #[circuit_breaker]
    fn foreign() -> u8;
}

#[circuit_breaker]
const fn constant() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker]
#[track_caller]
fn track_caller() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 1)]
#[circuit_breaker(threshold = 2)]
fn twice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker]
#[circuit_runtime::circuit_breaker]
fn twice_by_path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker]
fn never() -> ! {
    panic!()
}

fn main() {}
