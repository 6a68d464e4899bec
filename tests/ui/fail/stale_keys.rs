//! Keys of which there is no copy to keep: one error each, at what has none.
#![allow(unused_variables)]

use std::hash::Hash;

use circuit_runtime::{CircuitOpenError, circuit_breaker};

#[derive(Clone)]
struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Tenant(u8);

#[circuit_breaker(stale = "10m", stale_key = tenant)]
fn moved(tenant: Tenant) -> Result<u8, E> {
    Ok(tenant.0)
}

#[circuit_breaker(stale = "10m", stale_key = (tenant, id))]
async fn lent(tenant: &Tenant, id: u8) -> Result<u8, E> {
    Ok(tenant.0)
}

#[circuit_breaker(stale = "10m", stale_key = tenant)]
fn perhaps(tenant: Option<Tenant>) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "10m", stale_key = tenant)]
fn generic<K: Hash + Eq + Send + Sync + 'static>(tenant: K) -> Result<u8, E> {
    Ok(1)
}

struct Shop {
    tenant: Tenant,
}

impl Shop {
    #[circuit_breaker(stale = "10m", stale_key = (self.tenant, id))]
    fn field(&self, id: u8) -> Result<u8, E> {
        Ok(self.tenant.0)
    }
}

fn main() {}
