//! A probe that asks first: its `ping` runs under its permit, and what that says decides whether the body
//! may run as the probe.

use std::mem::ManuallyDrop;

use super::{Fallback, Handle, RawPermit};
use crate::breaker::Pinged;
use crate::error::CircuitOpenError;

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

    /// The ping is over. The permit is that of the call whose own code runs now; if the circuit rejects that,
    /// the error.
    #[cold]
    pub(crate) fn end_ping(
        self,
        pinged: Pinged,
        fallback: Fallback,
    ) -> Result<Self, CircuitOpenError> {
        let &RawPermit { handle, admission } = &*ManuallyDrop::new(self);
        let (breaker, published) = (handle.breaker(), handle.published());
        let admitted = breaker.ping_ended(published, admission.admission(), pinged, fallback)?;
        Ok(RawPermit::entered(handle, admitted))
    }
}
