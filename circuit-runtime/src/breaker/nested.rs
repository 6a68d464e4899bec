//! Admission of functions that share a circuit: a call within a call of the same circuit passes
//! through.

use std::ptr;

use super::CircuitBreaker;
use crate::call_stack::{self, Circuit};
use crate::circuit::{Admission, Published, Ticket};
use crate::error::CircuitOpenError;
use crate::keyed::{Keys, Lookup};
use crate::permit::Fallback;
use crate::primitives::sync::cold_path;

impl CircuitBreaker {
    /// [`enter`](CircuitBreaker::enter) of a function that shares its circuit.
    #[inline]
    pub(crate) fn enter_shared(
        &'static self,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        if call_stack::contains(Circuit::of(self.own_published(), 0)) {
            cold_path();
            return Ok(Admission::new(Ticket::passing()));
        }
        self.enter(fallback)
    }

    /// [`enter_key`](CircuitBreaker::enter_key) of a function that shares its circuit; also returns
    /// the circuit as the call stack knows it.
    #[inline(never)]
    pub(crate) fn enter_shared_key(
        &'static self,
        key: &str,
        fallback: Fallback,
    ) -> Result<(&'static Published, Circuit, Admission), CircuitOpenError> {
        let within = if call_stack::is_empty() { None } else { self.lookup(key) };
        if let Some(Lookup { published, stamp }) = within {
            let running = Circuit::of(published, stamp);
            if call_stack::contains(running) {
                return Ok((published, running, Admission::new(Ticket::passing())));
            }
        }
        let (published, admission) = self.enter_key(key, fallback)?;
        // The key may have lost this circuit since: no call is within this one then.
        let stamp = match self.lookup(key) {
            Some(lookup) if ptr::eq(lookup.published, published) => lookup.stamp,
            _ => u64::MAX,
        };
        Ok((published, Circuit::of(published, stamp), admission))
    }

    /// The circuit that a key has now.
    fn lookup(&self, key: &str) -> Option<Lookup<'_>> {
        let keys: &Keys = self.keys.made()?;
        keys.get(key).map(|(_, lookup)| lookup).or_else(|| keys.peek(key))
    }
}
