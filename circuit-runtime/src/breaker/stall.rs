//! Calls that have run for `stall`: who comes by notices them.

use std::sync::Arc;

use super::CircuitBreaker;
use crate::circuit::{Admission, Answer, CircuitRef, End, StoredAdmission, Unlisted};
use crate::error::CircuitOpenError;
use crate::keyed::Keys;
use crate::observe::event::Transition;
use crate::permit::Fallback;
use crate::primitives::clock::Moment;

impl CircuitBreaker {
    /// Admits a call that is listed, or the first one, which registers the breaker.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(super) fn admit_special(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        match self.try_admit_watched() {
            Some(admission) => Ok(admission.admission()),
            None => self.admit_special_slow(fallback, to_register),
        }
    }

    /// Returns a `StoredAdmission`, which fits two registers, as in `try_admit_measured`.
    #[inline(never)]
    fn try_admit_watched(&self) -> Option<StoredAdmission> {
        Self::try_ask_watched(self.base(), 0, &Moment::default()).map(Admission::stored)
    }

    #[cold]
    #[inline(never)]
    fn admit_special_slow(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        if let Some(breaker) = to_register {
            breaker.register();
        }
        self.admit_by_machine(fallback)
    }

    /// Admits a call to a closed circuit whose calls are listed, and lists it. `None`: take the slow way.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    fn try_ask_watched(circuit: CircuitRef<'_>, stamp: u64, moment: &Moment) -> Option<Admission> {
        let ticket = circuit.published.summary().try_admit_watched()?;
        circuit.try_list_admitted(ticket, stamp, moment)
    }

    /// Asks a circuit with `stall`. If calls may have stalled, counts them first.
    pub(super) fn ask_watched(&self, circuit: CircuitRef<'_>, stamp: u64) -> Answer {
        let moment = Moment::default();
        match Self::try_ask_watched(circuit, stamp, &moment) {
            Some(admission) => Answer::Admitted(admission),
            None => self.ask_watched_slow(circuit, stamp, &moment),
        }
    }

    #[inline(never)]
    fn ask_watched_slow(&self, circuit: CircuitRef<'_>, stamp: u64, moment: &Moment) -> Answer {
        self.notice_stalled_at(circuit, moment);
        let summary = circuit.published.summary();
        let lock_free = circuit.published.admit_lock_free(summary.unwatched());
        // Read last, as in `ask`.
        if circuit.published.stamp() != stamp {
            return Answer::Reassigned;
        }
        let answer = lock_free.unwrap_or_else(|| self.ask_locked(circuit, stamp, false));
        let answer = self.complete(circuit, stamp, summary, answer);
        circuit.listed(answer, moment)
    }

    /// Counts the calls of a circuit that have stalled, if there are any.
    #[inline]
    pub(crate) fn notice_stalled(&self, circuit: CircuitRef<'_>) {
        if circuit.published.summary().is_watched() {
            self.notice_stalled_at(circuit, &Moment::default());
        }
    }

    /// Counts the calls of all circuits that have stalled. Not under a lock: it may make a transition,
    /// which is reported.
    #[inline]
    pub(crate) fn notice_all_stalled(&self) {
        self.notice_stalled(self.base());
        if let Some(keys) = self.keys.made() {
            self.notice_stalled_of(keys);
        }
    }

    /// One by one: the circuit of a key may have rules of its own.
    #[inline(never)]
    fn notice_stalled_of(&self, keys: &Keys) {
        keys.circuits().for_each(|circuit| self.notice_stalled(circuit));
    }

    /// Counts the calls of one key that have stalled.
    pub(super) fn notice_stalled_of_key(&self, key: &str) {
        if let Some(lookup) = self.keys.made().and_then(|keys| keys.peek(key)) {
            self.notice_stalled(self.circuit(lookup.published));
        }
    }

    #[inline]
    fn notice_stalled_at(&self, circuit: CircuitRef<'_>, moment: &Moment) {
        if circuit.may_have_stalled(moment) {
            let transition = circuit.notice_stalled(|| self.name(), moment);
            self.stalled(circuit, transition);
        }
    }

    /// Takes a call that ends with `end` off the list. Returns also the transition of calls that had stalled
    /// by then, to be reported once the call has ended.
    pub(crate) fn unlist(
        &self,
        circuit: CircuitRef<'_>,
        admission: Admission,
        end: End,
        moment: &Moment,
    ) -> (Unlisted, Option<Arc<Transition>>) {
        let (unlisted, transition, to_new_key) =
            circuit.unlist(|| self.name(), admission, end, moment);
        if to_new_key {
            self.make_room(circuit.published);
        }
        (unlisted, transition)
    }

    /// Takes a call off the list, if it is in it, before its end: it can't stall any more. `end` is what it counts as
    /// so far. Reports the transition of calls that had stalled by then.
    pub(crate) fn stop_stalling(
        &self,
        circuit: CircuitRef<'_>,
        admission: Admission,
        end: End,
        moment: &Moment,
    ) -> Unlisted {
        if !admission.ticket.is_listed() {
            return Unlisted::InTime(admission);
        }
        let (unlisted, noticed) = self.unlist(circuit, admission, end, moment);
        self.stalled(circuit, noticed);
        unlisted
    }

    /// Reports what came of calls that have stalled.
    pub(crate) fn stalled(&self, circuit: CircuitRef<'_>, transition: Option<Arc<Transition>>) {
        // They don't keep the circuit from another key any longer.
        self.may_have_room(circuit.published);
        if let Some(transition) = transition {
            self.notify(transition);
        }
    }
}
