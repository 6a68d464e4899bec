//! A probe whose `ping` failed: the circuit is told, and the call is rejected.

use super::CircuitBreaker;
use super::rejection::AskedKey;
use crate::circuit::{Admission, End, Late, Published, Refusal, Ticket, Unlisted};
use crate::counters::Count;
use crate::error::{CircuitOpenError, Rejection};
use crate::keyed::Lookup;
use crate::outcome::{Mode, Outcome, State};
use crate::permit::Fallback;
use crate::primitives::clock::Moment;

impl CircuitBreaker {
    /// Records the failed probe, which counts as the rejected call that it becomes, not as a failure of
    /// the function. In shadow and while disabled the call runs all the same.
    pub(crate) fn ping_failed(
        &self,
        published: &Published,
        admission: Admission,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        let circuit = self.circuit(published);
        // Read before the outcome is recorded: if that isn't late, the key was the same.
        let stamp = published.stamp();
        let end = End::Outcome(Outcome::Failure);
        let moment = Moment::default();
        let (admission, has_stalled) = if admission.ticket.is_listed() {
            let (unlisted, noticed) = self.unlist(circuit, admission, end, &moment);
            self.stalled(circuit, noticed);
            match unlisted {
                Unlisted::InTime(admission) => (admission, false),
                Unlisted::Stalled => (admission, true),
            }
        } else {
            (admission, false)
        };
        // A ping that has stalled has failed before.
        let recorded = if has_stalled {
            Err(Late { of_earlier_key: false })
        } else {
            circuit.record(|| self.name(), admission, end, &moment)
        };
        let is_of_earlier_key = matches!(&recorded, Err(late) if late.of_earlier_key);
        if let Ok(judged) = recorded {
            self.may_have_room(published);
            if judged.is_neutral {
                self.probe_freed(published);
            }
            if let Some(transition) = judged.transition {
                self.notify(transition);
            }
        }
        // After the outcome is recorded, as at the end of any call.
        if admission.ticket.is_in_bulkhead() {
            self.give_back(published);
        }
        // Of another key's circuit neither the mode nor the wait says anything about this call.
        let (circuit, summary, ticket) = if is_of_earlier_key {
            let summary = self.base_published().summary();
            (self.base(), summary, Ticket::of_epoch(admission.ticket.epoch()))
        } else {
            let summary = published.summary();
            (circuit, summary, Ticket::of(summary))
        };
        match summary.mode() {
            Mode::Disabled => {
                return Ok(Admission::new(ticket.counted()).by(published.number()));
            }
            Mode::Shadow => {
                circuit.bump(Count::Rejected);
                return Ok(Admission::new(ticket.uncounted()));
            }
            Mode::Normal | Mode::ForcedOpen => {}
        }
        let left = match summary.state() {
            State::Open if !is_of_earlier_key => published.remaining_exact(State::Open),
            _ => None,
        };
        // Where nothing is left, a further call may probe.
        let refusal = left.unwrap_or(Refusal { reason: Rejection::Open, retry_after: 0 });
        let id = match self.keys.made() {
            Some(keys) if !is_of_earlier_key && self.base_of(published).is_none() => {
                Some(keys.id(Lookup { published, stamp }))
            }
            _ => None,
        };
        let text = id.and_then(|id| self.key_of(id));
        let key = text.as_deref().map(|text| AskedKey { text, id });
        Err(self.rejected(circuit, refusal, key, fallback))
    }
}
