//! The permit of an answer that comes in parts: a stream of items, or a body of frames.
//!
//! Part by part it learns what they count as. The first one that succeeds, or a head that doesn't fail, is the
//! success of a probe, and all that measures how long a call takes measures up to it. One that fails is the
//! call's failure, at once. Otherwise the call ends with the answer.

use std::mem::ManuallyDrop;
use std::time::Duration;

use super::finish::{finish_answered, finish_at, finish_listed, leave_bulkhead};
use super::{Fallback, Handle, PendingTransition, RawPermit};
use crate::circuit::{Admission, End, ProbeAnswer, Ticket};
use crate::error::CallTimeoutError;
use crate::observe::event::error_text;
use crate::outcome::{Outcome, State};
use crate::primitives::clock::{Moment, Nanos};

impl<S: Handle> RawPermit<S> {
    /// Notes that the answer has begun, with a part that isn't a failure; returns how long that took, if
    /// the call is timed, and a transition to report.
    ///
    /// What measures up to the first item ends here.
    fn begin_answer(&mut self) -> (Option<Nanos>, Option<PendingTransition<S>>) {
        let (handle, admission) = (self.handle, self.admission.admission());
        let (breaker, published) = (handle.breaker(), handle.published());
        let moment = Moment::default();
        let took = admission.took(|| published.stopwatch(&moment));
        let admission = self.stop_stalling(End::Outcome(Outcome::Ignored), &moment);
        // A probe can't have been admitted by a circuit that isn't half-open yet.
        if !admission.ticket.is_judged() || published.summary().state() != State::HalfOpen {
            return (took, None);
        }
        let circuit = breaker.circuit(published);
        let answer = circuit.answer_probe(breaker.name(), admission, &moment);
        let ProbeAnswer::Counted { was_slow, transition } = answer else { return (took, None) };
        // The circuit may be idle now, so that another key may have it.
        breaker.may_have_room(published);
        self.admission = admission.map(|ticket| ticket.answered(was_slow)).stored();
        (took, transition.map(|transition| PendingTransition { handle, transition }))
    }

    /// Ends the call for the circuit, but not its place in the bulkhead, which stays taken until the permit
    /// is dropped. `took` is what [`begin_answer`](Self::begin_answer) has returned.
    fn settle(&mut self, end: End, took: Option<Nanos>) -> Option<PendingTransition<S>> {
        let (handle, admission) = (self.handle, self.admission.admission());
        let is_over = admission.unlisted(handle.published().number());
        self.admission = is_over.map(Ticket::uncounted).stored();
        let (breaker, published) = (handle.breaker(), handle.published());
        let circuit = breaker.circuit(published);
        let admission = outside(admission);
        if admission.ticket.is_listed() {
            let [transition, noticed] = finish_listed(breaker, circuit, admission, end);
            breaker.stalled(circuit, noticed);
            return transition.map(|transition| PendingTransition { handle, transition });
        }
        let moment = Moment::default();
        let admission = admission.having_taken(took, || published.stopwatch(&moment));
        let transition = if admission.ticket.is_answered() {
            finish_answered(breaker, circuit, admission, end, &moment)
        } else {
            finish_at(breaker, circuit, admission, end, &moment)
        };
        transition.map(|transition| PendingTransition { handle, transition })
    }

    /// Ends a call whose answer has begun after `took`.
    fn finish_answer(self, end: End, took: Option<Nanos>) -> Option<PendingTransition<S>> {
        if took.is_none() && !self.admission.admission().ticket.is_answered() {
            return self.finish_deferred(end, Fallback::None);
        }
        let mut permit = self;
        let pending = permit.settle(end, took);
        permit.release();
        pending
    }

    /// Gives back the place of a call that has been [settled](Self::settle).
    fn release(self) {
        let permit = ManuallyDrop::new(self);
        let ticket = permit.admission.admission().ticket;
        leave_bulkhead(permit.handle.breaker(), permit.handle.published(), ticket);
    }
}

/// As an ended call's: its own code doesn't run, and its place is given back elsewhere.
fn outside(admission: Admission) -> Admission {
    admission.map(|ticket| ticket.with_in_body(false).outside_bulkhead())
}

/// A permit, and how far the answer has come.
///
/// If it is dropped while the call's own code runs, that has panicked. Otherwise the reader has what it
/// needs: a success once the answer has begun, or ignored if its head is, and before that a cancelled
/// call.
pub(crate) struct StreamPermit<S: Handle> {
    // `None` once it has ended.
    permit: Option<RawPermit<S>>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// No part has come yet, or only ignored ones.
    Silent { has_ignored: bool },
    /// The answer has begun, so long after the admission. If it doesn't fail, the call counts as this: ignored
    /// after an ignored head, else a success.
    Answered { took: Option<Nanos>, good: Outcome },
    /// The answer hasn't begun, or gone on, for too long; what is left of it is being dropped.
    Late(Option<Nanos>),
    /// The call has failed; the answer may go on.
    Settled,
}

impl<S: Handle> StreamPermit<S> {
    pub(crate) fn new(permit: RawPermit<S>) -> Self {
        StreamPermit { permit: Some(permit), stage: Stage::Silent { has_ignored: false } }
    }

    /// Notes whether the call's own code is running.
    pub(crate) fn in_body(&mut self, in_body: bool) {
        if let Some(permit) = &mut self.permit {
            permit.in_body(in_body);
        }
    }

    /// Notes that the call's own code runs on this thread, until the frame is dropped.
    pub(crate) fn frame(&self) -> Option<S::Frame> {
        self.permit.as_ref().map(RawPermit::frame)
    }

    /// The head of the answer has come, which counts as this. Unlike an ignored item, an ignored head is an
    /// answer: the service has given it. Returns a transition to report.
    #[cfg(feature = "http-body1")]
    #[must_use]
    pub(crate) fn head(&mut self, outcome: Outcome) -> Option<PendingTransition<S>> {
        if outcome == Outcome::Ignored { self.begin(outcome) } else { self.part(outcome) }
    }

    /// The answer begins, with a part that isn't a failure.
    fn begin(&mut self, good: Outcome) -> Option<PendingTransition<S>> {
        let (took, pending) = self.permit.as_mut()?.begin_answer();
        self.stage = Stage::Answered { took, good };
        pending
    }

    /// A part of the answer has come that counts as this. Returns a transition to report.
    #[must_use]
    pub(crate) fn part(&mut self, outcome: Outcome) -> Option<PendingTransition<S>> {
        match (outcome, self.stage) {
            (_, Stage::Settled | Stage::Late(_))
            | (Outcome::Success | Outcome::Ignored, Stage::Answered { .. }) => None,
            (Outcome::Success, Stage::Silent { .. }) => self.begin(outcome),
            (Outcome::Ignored, Stage::Silent { .. }) => {
                self.stage = Stage::Silent { has_ignored: true };
                None
            }
            (failure, stage) => {
                self.stage = Stage::Settled;
                self.permit.as_mut()?.settle(End::Outcome(failure), stage.took())
            }
        }
    }

    /// The whole answer has come, and counts as this. Returns a transition to report.
    #[must_use]
    pub(crate) fn only(&mut self, outcome: Outcome) -> Option<PendingTransition<S>> {
        self.finish(End::Outcome(outcome))
    }

    /// The answer is complete. Returns a transition to report.
    #[must_use]
    pub(crate) fn end(mut self) -> Option<PendingTransition<S>> {
        let outcome = match self.stage {
            Stage::Silent { has_ignored: true } => Outcome::Ignored,
            Stage::Silent { has_ignored: false } => Outcome::Success,
            Stage::Answered { good, .. } => good,
            Stage::Settled | Stage::Late(_) => return None,
        };
        self.finish(End::Outcome(outcome))
    }

    /// Notes that the answer hasn't begun, or gone on, for too long: that is its end, even if it panics
    /// when it is dropped.
    pub(crate) fn is_late(&mut self) {
        if !matches!(self.stage, Stage::Settled) {
            self.stage = Stage::Late(self.stage.took());
        }
    }

    /// The answer [is late](Self::is_late) by `limit`, and dropped.
    pub(crate) fn time_out(mut self, limit: Duration) -> Option<CallTimeoutError> {
        let error = CallTimeoutError::new(self.permit.as_ref()?.circuit_name(), limit);
        if matches!(self.stage, Stage::Late(_)) {
            if let Some(pending) = self.finish(End::TimedOut) {
                pending.notify(error_text(&error));
            }
        }
        Some(error)
    }

    fn finish(&mut self, end: End) -> Option<PendingTransition<S>> {
        self.permit.take()?.finish_answer(end, self.stage.took())
    }
}

impl Stage {
    fn took(self) -> Option<Nanos> {
        match self {
            Stage::Answered { took, .. } | Stage::Late(took) => took,
            Stage::Silent { .. } | Stage::Settled => None,
        }
    }
}

impl<S: Handle> Drop for StreamPermit<S> {
    fn drop(&mut self) {
        let is_in_body = self.permit.as_ref().is_some_and(RawPermit::is_in_body);
        let end = match self.stage {
            // The permit itself knows.
            Stage::Silent { .. } | Stage::Settled => return,
            Stage::Late(_) => End::TimedOut,
            Stage::Answered { .. } if is_in_body => End::Panicked,
            Stage::Answered { good, .. } => End::Outcome(good),
        };
        if let Some(pending) = self.finish(end) {
            pending.notify(None);
        }
    }
}
