//! What a key borrows, nobody can keep.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

#[derive(Clone)]
struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<'a>(&'a str);

#[circuit_breaker(stale = "10m", stale_key = Key(a))]
fn key(a: &str) -> Result<u8, E> {
    Ok(1)
}

struct Page<'a>(&'a str);

impl<'a> Clone for Page<'a> {
    fn clone(&self) -> Self {
        Page(self.0)
    }
}

#[circuit_breaker(stale = "10m", stale_key = ())]
fn hidden(a: &str) -> Result<Page, E> {
    Ok(Page(a))
}

fn main() {}
