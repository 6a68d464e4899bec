//! A probe's `ping` is over: either the call goes on as the probe that it is, or it is rejected.

use std::sync::Arc;

use super::CircuitBreaker;
use super::rejection::{AskedKey, rejection};
use crate::circuit::{Admission, CircuitRef, End, Late, Published, Refusal, Ticket, Unlisted};
use crate::counters::Count;
use crate::error::{CircuitOpenError, Rejection};
use crate::keyed::Lookup;
use crate::outcome::{Mode, Outcome, State};
use crate::permit::Fallback;
use crate::primitives::clock::Moment;

/// Says nothing of the service, so that no rule takes notice.
const GOES_ON: End = End::Outcome(Outcome::Ignored);

/// What a probe's ping has found.
#[derive(Debug)]
pub(crate) struct Pinged {
    /// The service is well, or why not, as transitions show it.
    pub(crate) answer: Result<(), Arc<str>>,
    /// The call is timed; its ping wasn't.
    pub(crate) is_timed: bool,
}

impl CircuitBreaker {
    /// After a ping that went well, lets the call go on as the probe that it is. A ping that failed, or has stalled,
    /// has failed the probe: the call is rejected, and counts as that, not as a failure of the function. It is rejected,
    /// too, if its period is over and the circuit isn't closed: its outcome would decide nothing. In shadow and while
    /// disabled it runs all the same.
    pub(crate) fn ping_ended(
        &self,
        published: &Published,
        admission: Admission,
        pinged: Pinged,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        let circuit = self.circuit(published);
        // Read before the outcome is recorded: if that isn't late, the key was the same.
        let lookup = Lookup { published, stamp: published.stamp() };
        let moment = Moment::default();
        let Pinged { answer, is_timed } = pinged;
        let unlisted = self.stop_stalling(circuit, admission, GOES_ON, &moment);
        // Of a call of the list whose period is over, nobody knows whether it was counted as stalled.
        let late = if admission.ticket.is_listed() { Count::Late } else { Count::Rejected };
        let (counts_as, is_of_earlier_key) = match (unlisted, answer) {
            (Unlisted::InTime(admission), Err(error)) => {
                match self.fail_probe(circuit, admission, error, &moment) {
                    Err(Late { of_earlier_key: false }) => (late, false),
                    Err(Late { of_earlier_key: true }) => (Count::Rejected, true),
                    Ok(()) => (Count::Rejected, false),
                }
            }
            (Unlisted::InTime(admission), Ok(())) if circuit.may_run(admission.ticket.epoch()) => {
                return Ok(begin_body(circuit, admission, is_timed, &moment));
            }
            // Nothing is left to decide.
            (Unlisted::InTime(_), Ok(())) => (late, false),
            // It has failed before.
            (Unlisted::Stalled, _) => (Count::LateAfterStall, false),
        };
        // After the outcome is recorded, as at the end of any call.
        if admission.ticket.is_in_bulkhead() {
            self.give_back(published);
        }
        let probe = Probe { ticket: admission.ticket, counts_as, is_of_earlier_key };
        self.reject_probe(lookup, probe, fallback)
    }

    /// Records a probe that has failed.
    fn fail_probe(
        &self,
        circuit: CircuitRef<'_>,
        admission: Admission,
        error: Arc<str>,
        moment: &Moment,
    ) -> Result<(), Late> {
        let failure = End::Outcome(Outcome::Failure);
        let judged = circuit.record(|| self.name(), admission, failure, moment)?;
        self.may_have_room(circuit.published);
        if judged.is_neutral {
            self.probe_freed(circuit.published);
        }
        if let Some(mut transition) = judged.transition {
            circuit.note_error(&mut transition, error);
            self.notify(transition);
        }
        Ok(())
    }

    /// Rejects a probe before its body, unless the circuit rejects nothing.
    fn reject_probe(
        &self,
        lookup: Lookup<'_>,
        Probe { ticket, counts_as, is_of_earlier_key }: Probe,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        let published = lookup.published;
        // Of another key's circuit neither the mode nor the wait says anything about this call.
        let (circuit, summary, ticket) = if is_of_earlier_key {
            let summary = self.base_published().summary();
            (self.base(), summary, Ticket::of_epoch(ticket.epoch()))
        } else {
            let summary = published.summary();
            (self.circuit(published), summary, Ticket::of(summary))
        };
        let is_rejected = counts_as == Count::Rejected;
        let count = |count| match count {
            Count::Rejected => circuit.bump(counts_as),
            Count::Fallbacks => circuit.bump(count),
            // A part of the rejected calls.
            count if is_rejected => circuit.bump(count),
            _ => {}
        };
        match summary.mode() {
            Mode::Disabled if is_rejected => {
                return Ok(Admission::new(ticket.counted()).by(published.number()));
            }
            Mode::Disabled | Mode::Shadow => {
                count(Count::Rejected);
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
                Some(keys.id(lookup))
            }
            _ => None,
        };
        let text = id.and_then(|id| self.key_of(id));
        let key = text.as_deref().map(|text| AskedKey { text, id });
        Err(rejection(self.name.get_ref(), refusal, key, fallback, count))
    }
}

/// A probe whose body isn't to run.
struct Probe {
    ticket: Ticket,
    /// Rejected; or late, if it has been counted as a failure when it stalled.
    counts_as: Count,
    is_of_earlier_key: bool,
}

/// From here on the call is timed, if it is at all, and the time until it stalls runs anew.
fn begin_body(
    circuit: CircuitRef<'_>,
    admission: Admission,
    is_timed: bool,
    moment: &Moment,
) -> Admission {
    let admission = if is_timed {
        Admission::at(admission.ticket, circuit.published.stopwatch(moment))
    } else {
        admission
    };
    if circuit.published.summary().is_watched() {
        circuit.list(admission, moment)
    } else {
        admission
    }
}
