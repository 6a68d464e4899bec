//! Fallbacks whose form is wrong.
#![allow(unused_variables)]

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(fallback = "cached")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |a| Ok(()))]
fn few(a: u8, b: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = || Ok(()))]
fn none(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |a, b, c, d| Ok(()))]
fn many(a: u8, b: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |_| Ok(()), fallback_on = any)]
fn any_mut(v: &mut Vec<u8>) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = { v.clear(); Ok(()) }, fallback_on = any)]
fn any_mut_named(v: &mut Vec<u8>, w: &mut u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |_, why: CircuitOpenError| Ok(()), fallback_on = any)]
fn any_reason(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |_, why: circuit_runtime::CallError<E>| Ok(()))]
async fn open_reason(n: u8) -> Result<(), E> {
    Ok(())
}

struct S;

impl S {
    #[circuit_breaker(fallback = |this, n| Ok(()), fallback_on = open)]
    fn takes_self(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = |this, n| this.cached(n))]
    fn takes_this(&self, n: u8) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = || Ok(()))]
    fn forgets(&self, n: u8) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = Self::cached, fallback_on = any)]
    fn any_mut_self(&mut self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = || self.cached(), fallback_on = any)]
    fn any_self(self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = self.cached(), fallback_on = any)]
    fn any_self_named(self: std::rc::Rc<Self>) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(fallback = |a| async move { Ok(()) })]
fn async_closure(a: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = async { Ok(()) })]
fn async_block() -> Result<(), E> {
    Ok(())
}

impl S {
    #[circuit_breaker(fallback = |self, n| self.cached(n))]
    fn named_self(&self, n: u8) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = |&self, n| self.cached(n))]
    async fn borrowed_self(&self, n: u8) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(fallback = |service: &Self, n| service.cached(n))]
    fn typed_self(&self, n: u8) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(fallback = |self, n| cached(n))]
fn no_self(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |error: E| Err(error), fallback_on = any)]
fn error_for_reason() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |_, error: std::io::Error| Err(error), fallback_on = any)]
async fn error_of_alias(n: u8) -> std::io::Result<()> {
    Ok(())
}

#[circuit_breaker(fallback = Vec::new)]
fn takes_none(n: u8) -> Result<Vec<u8>, E> {
    Ok(vec![n])
}

#[circuit_breaker(fallback = Default::default, failure = None)]
async fn takes_none_either(n: u8) -> Option<u8> {
    Some(n)
}

fn main() {}
