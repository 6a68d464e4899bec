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
        match self.passing() {
            Some(admission) => Ok(admission),
            None => self.enter(fallback),
        }
    }

    /// The admission of a call within one of the same circuit.
    #[inline]
    pub(crate) fn passing(&'static self) -> Option<Admission> {
        if call_stack::contains(Circuit::of(self.base_published(), 0)) {
            cold_path();
            return Some(Admission::new(Ticket::nested()));
        }
        None
    }

    /// [`enter_key`](CircuitBreaker::enter_key) of a function that shares its circuit; also returns
    /// the circuit as the call stack knows it.
    #[inline(never)]
    pub(crate) fn enter_shared_key(
        &'static self,
        key: &str,
        fallback: Fallback,
    ) -> Result<(&'static Published, Circuit, Admission), CircuitOpenError> {
        if let Some(passing) = self.passing_key(key) {
            return Ok(passing);
        }
        let (published, admission) = self.enter_key(key, fallback)?;
        Ok((published, self.running(key, published), admission))
    }

    /// [`passing`](CircuitBreaker::passing) of a call with a key.
    pub(crate) fn passing_key(
        &'static self,
        key: &str,
    ) -> Option<(&'static Published, Circuit, Admission)> {
        let within = if call_stack::is_empty() { None } else { self.lookup(key) };
        let Lookup { published, stamp } = within?;
        let running = Circuit::of(published, stamp);
        let passing = || (published, running, Admission::new(Ticket::nested()));
        call_stack::contains(running).then(passing)
    }

    /// The circuit of a key whose call has just been admitted, as the call stack knows it.
    pub(crate) fn running(&self, key: &str, published: &Published) -> Circuit {
        // The key may have lost this circuit since: no call is within this one then.
        let stamp = match self.lookup(key) {
            Some(lookup) if ptr::eq(lookup.published, published) => lookup.stamp,
            _ => u64::MAX,
        };
        Circuit::of(published, stamp)
    }

    /// The circuit that a key has now.
    fn lookup(&self, key: &str) -> Option<Lookup<'_>> {
        let keys: &Keys = self.keys.made()?;
        keys.get(key).map(|(_, lookup)| lookup).or_else(|| keys.peek(key))
    }
}
