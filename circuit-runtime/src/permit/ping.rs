//! A probe that asks first: its `ping` runs under its permit, and what that says decides whether the body
//! may run as the probe.

use std::mem::ManuallyDrop;

use super::{Fallback, Handle, RawPermit};
use crate::circuit::Admission;
use crate::error::CircuitOpenError;
use crate::primitives::clock::Moment;

impl<S: Handle> RawPermit<S> {
    /// Whether the circuit was half-open when it admitted the call, which decides whether it closes.
    #[inline]
    pub(crate) fn is_probe(&self) -> bool {
        self.admission.admission().ticket.is_probe()
    }

    /// A ping begins, whose time isn't the call's. Returns whether the call is timed.
    pub(crate) fn begin_ping(&mut self) -> bool {
        let (admission, is_timed) = self.admission.admission().untimed();
        self.admission = admission.with_in_body(false).stored();
        is_timed
    }

    /// The ping went well: from here on the call is timed, if it is at all, and its own code runs.
    pub(crate) fn end_ping(&mut self, is_timed: bool) {
        let is_listed = self.admission.admission().ticket.is_listed();
        // The time until it stalls runs anew.
        let moment = Moment::default();
        self.leave_list(&moment);
        let ticket = self.admission.admission().ticket.with_in_body(true);
        self.admission = if is_timed {
            Admission::at(ticket, self.handle.published().stopwatch(&moment)).stored()
        } else {
            self.admission.admission().map(|_| ticket).stored()
        };
        if is_listed {
            let circuit = self.handle.breaker().circuit(self.handle.published());
            let admission = circuit.list(self.admission.admission(), &moment);
            self.admission = admission.stored();
        }
    }

    /// The ping failed, and the probe with it. The call is rejected, unless the circuit rejects none.
    #[cold]
    pub(crate) fn fail_ping(self, fallback: Fallback) -> Result<Self, CircuitOpenError> {
        let &RawPermit { handle, admission } = &*ManuallyDrop::new(self);
        let admission = admission.admission();
        let admitted = handle.breaker().ping_failed(handle.published(), admission, fallback)?;
        Ok(RawPermit::entered(handle, admitted))
    }
}
