//! What takes a call off the list of calls in flight (`stall`) though it goes on.

use super::{Handle, RawPermit};
use crate::circuit::{End, Ticket, Unlisted};
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::Moment;

impl<S: Handle> RawPermit<S> {
    /// Takes the call off the list, though it goes on: it can't stall any more. If it has stalled
    /// already, it is over for the circuit.
    pub(super) fn leave_list(&mut self, moment: &Moment) {
        let (handle, admission) = (self.handle, self.admission.admission());
        if !admission.ticket.is_listed() {
            return;
        }
        let breaker = handle.breaker();
        let circuit = breaker.circuit(handle.published());
        let goes_on = End::Outcome(Outcome::Ignored);
        let (unlisted, noticed) = breaker.unlist(circuit, admission, goes_on, moment);
        let admission = if let Unlisted::InTime(admission) = unlisted {
            admission
        } else {
            circuit.bump(Count::LateAfterStall);
            admission.unlisted(circuit.published.number()).map(Ticket::uncounted)
        };
        self.admission = admission.stored();
        breaker.stalled(circuit, noticed);
    }
}
