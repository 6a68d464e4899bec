//! The end of a call: its circuit judges the outcome, and transitions are reported.
//!
//! The fast path, a success with nothing to write, is inlined into the caller, and other successes are in
//! `succeed`. All else is here, out of line, and shared by all functions.

use std::sync::Arc;

use super::{Handle, RawPermit};
use crate::breaker::CircuitBreaker;
use crate::circuit::machine::Verdict;
use crate::circuit::{Admission, CircuitRef, End, Judged, Late, Published, Ticket, Unlisted};
use crate::counters::Count;
use crate::observe::event::Transition;
use crate::outcome::Outcome;
use crate::primitives::clock::Moment;
use crate::window::Sample;

/// Counts, for a call that has ended, what answered it: a fallback or a kept value.
pub(crate) struct After<S> {
    handle: S,
    ticket: Ticket,
}

impl<S: Handle> RawPermit<S> {
    /// For what answers the call after its end.
    pub(crate) fn after(&self) -> After<S> {
        After { handle: self.handle, ticket: self.admission.admission().ticket }
    }
}

impl<S: Handle> After<S> {
    /// Counts what answers the call.
    pub(crate) fn count(&self, count: Count) {
        count_answered(self.handle.breaker(), self.handle.published(), self.ticket, count);
    }
}

/// A transition that a call has caused and that hasn't been reported yet.
#[derive(Debug)]
#[must_use]
pub struct PendingTransition<S> {
    pub(super) handle: S,
    pub(super) transition: Arc<Transition>,
}

impl<S: Handle> PendingTransition<S> {
    /// Reports it, with the error that the call returned.
    #[cold]
    #[inline(never)]
    pub(crate) fn notify(self, error: Option<Arc<str>>) {
        let PendingTransition { handle, mut transition } = self;
        if let Some(error) = error {
            handle.breaker().circuit(handle.published()).note_error(&mut transition, error);
        }
        handle.breaker().notify(transition);
    }
}

/// Ends a permit that was dropped: its call panicked, or was cancelled.
#[cold]
#[inline(never)]
pub(super) fn dropped(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let end = if admission.ticket.is_in_body() { End::Panicked } else { End::Cancelled };
    let admission = admission.with_in_body(false);
    report(breaker, finish_slow(breaker, published, admission, end));
}

/// Reports a transition that no error caused.
pub(super) fn report(breaker: &CircuitBreaker, transition: Option<Arc<Transition>>) {
    if let Some(transition) = transition {
        breaker.notify(transition);
    }
}

/// Removes the call from the bulkhead, if it is in it. After its outcome is recorded: the call that
/// gets its place asks a circuit that knows of it.
#[inline]
pub(super) fn leave_bulkhead(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    if ticket.is_in_bulkhead() {
        breaker.give_back(published);
    }
}

/// Ends a call in all other cases.
#[inline(never)]
pub(super) fn finish_slow(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) -> Option<Arc<Transition>> {
    if admission.ticket.has_to_leave() {
        return finish_and_leave(breaker, published, admission, end);
    }
    match end {
        End::Outcome(Outcome::Failure) => finish_failure(breaker, published, admission),
        End::Outcome(Outcome::Ignored) | End::Cancelled => {
            finish_ignored(breaker, published, admission, end)
        }
        _ => finish_judged(breaker, published, admission, end),
    }
}

/// [`finish_slow`] of a failure; mostly without the lock, unless it is the first one.
#[inline(never)]
fn finish_failure(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
) -> Option<Arc<Transition>> {
    let circuit = breaker.circuit(published);
    if !admission.ticket.has_start() && circuit.pend_failure(admission.ticket) {
        circuit.bump(Count::Failures);
        return None;
    }
    finish_at(breaker, circuit, admission, End::Outcome(Outcome::Failure), &Moment::default())
}

/// [`finish_slow`] of a call that is judged behind the lock.
#[inline(never)]
fn finish_judged(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) -> Option<Arc<Transition>> {
    finish_at(breaker, breaker.circuit(published), admission, end, &Moment::default())
}

/// [`finish_slow`] of a call in the bulkhead or in the list of calls in flight. Out of line, so that other
/// calls keep nothing for it: with the bulkhead in [`finish_at`] a failure costs four instructions more
/// (`benches/guard.sh`).
#[cold]
#[inline(never)]
fn finish_and_leave(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) -> Option<Arc<Transition>> {
    let outside = admission.map(Ticket::outside_bulkhead);
    if !admission.ticket.is_listed() {
        let transition = finish_slow(breaker, published, outside, end);
        breaker.give_back(published);
        return transition;
    }
    let circuit = breaker.circuit(published);
    let [transition, noticed] = finish_listed(breaker, circuit, outside, end);
    leave_bulkhead(breaker, published, admission.ticket);
    breaker.stalled(circuit, noticed);
    transition
}

/// Ends a call of the list of calls in flight, outside the bulkhead; late, if it has stalled. Returns its own transition, and that of calls
/// which had stalled by then.
pub(super) fn finish_listed(
    breaker: &CircuitBreaker,
    circuit: CircuitRef<'_>,
    admission: Admission,
    end: End,
) -> [Option<Arc<Transition>>; 2] {
    let moment = Moment::default();
    let (unlisted, noticed) = breaker.unlist(circuit, admission, end, &moment);
    let transition = if let Unlisted::InTime(admission) = unlisted {
        finish_at(breaker, circuit, admission, end, &moment)
    } else {
        record_duration(breaker, admission, end, &moment);
        circuit.bump(Count::LateAfterStall);
        None
    };
    [transition, noticed]
}

impl<S: Handle> RawPermit<S> {
    /// Takes the call off the list of calls in flight, before its end: it can't stall any more. If it has stalled
    /// already, it is over for the circuit. `end` is what it counts as so far.
    pub(super) fn stop_stalling(&mut self, end: End, moment: &Moment) -> Admission {
        let admission = self.admission.admission();
        if !admission.ticket.is_listed() {
            return admission;
        }
        let (breaker, published) = (self.handle.breaker(), self.handle.published());
        let admission = stop_stalling(breaker, published, admission, end, moment);
        self.admission = admission.stored();
        admission
    }
}

#[cold]
#[inline(never)]
fn stop_stalling(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
    moment: &Moment,
) -> Admission {
    let circuit = breaker.circuit(published);
    match breaker.stop_stalling(circuit, admission, end, moment) {
        Unlisted::InTime(admission) => admission,
        Unlisted::Stalled => {
            record_duration(breaker, admission, end, moment);
            circuit.bump(Count::LateAfterStall);
            admission.unlisted(published.number()).map(Ticket::uncounted)
        }
    }
}

/// [`finish_slow`] of a call that is ignored, or cancelled. Without the lock, if its circuit takes no notice of it.
#[inline(never)]
fn finish_ignored(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) -> Option<Arc<Transition>> {
    if !published.is_neutral(admission.ticket, end) {
        return finish_judged(breaker, published, admission, end);
    }
    record_duration(breaker, admission, end, &Moment::default());
    count(breaker.circuit(published), end, Verdict::NEUTRAL);
    None
}

/// Lets the circuit judge the end, and counts it. A transition that it caused is to be reported.
#[inline]
pub(super) fn finish_at(
    breaker: &CircuitBreaker,
    circuit: CircuitRef<'_>,
    admission: Admission,
    end: End,
    moment: &Moment,
) -> Option<Arc<Transition>> {
    let ticket = admission.ticket;
    if ticket.is_uncounted() {
        return None;
    }
    record_duration(breaker, admission, end, moment);
    if !ticket.is_judged() {
        count_unjudged(breaker, circuit, admission, end, moment);
        return None;
    }
    let recorded = circuit.record(|| breaker.name(), admission, end, moment);
    let Judged { verdict, is_neutral, transition } = match recorded {
        Ok(judged) => judged,
        Err(late) => {
            count_late(breaker, circuit, late);
            return None;
        }
    };
    count(circuit, end, verdict);
    // It may have been the last probe in flight: then the circuit may be evicted.
    breaker.may_have_room(circuit.published);
    if is_neutral {
        breaker.probe_freed(circuit.published);
    }
    transition
}

/// [`finish_at`] for a call that has answered as a probe, which isn't among the calls that must be fast.
#[cfg(feature = "stream")]
#[cold]
pub(super) fn finish_answered(
    breaker: &CircuitBreaker,
    circuit: CircuitRef<'_>,
    admission: Admission,
    end: End,
    moment: &Moment,
) -> Option<Arc<Transition>> {
    record_duration(breaker, admission, end, moment);
    match circuit.record_answered(breaker.name(), admission, end, moment) {
        Ok(judged) => {
            count(circuit, end, judged.verdict);
            // As in `finish_at`.
            breaker.may_have_room(circuit.published);
            judged.transition
        }
        Err(late) => {
            count_late(breaker, circuit, late);
            None
        }
    }
}

/// Tells metrics how long a call took, if it was timed.
#[inline]
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "nobody is told"))]
pub(super) fn record_duration(
    breaker: &CircuitBreaker,
    admission: Admission,
    end: End,
    moment: &Moment,
) {
    #[cfg(feature = "metrics")]
    if end != End::Cancelled {
        if let Some(took) = admission.took(|| moment.exact()) {
            crate::integrations::record_duration(breaker, took);
        }
    }
}

/// Counts the end of a call that a disabled circuit admitted.
#[cold]
#[inline(never)]
fn count_unjudged(
    breaker: &CircuitBreaker,
    circuit: CircuitRef<'_>,
    admission: Admission,
    end: End,
    moment: &Moment,
) {
    let verdict = end.verdict(&circuit.rules(), admission, moment);
    count(breaker.counts_of(circuit, admission.ticket), end, verdict);
}

/// Counts an end in the lifetime counters.
#[inline]
fn count(circuit: CircuitRef<'_>, end: End, verdict: Verdict) {
    if !matches!(end, End::Outcome(_)) {
        count_without_result(circuit, end);
    }
    let (count, slow) = match verdict.sample {
        Some(Sample { failure: false, slow: true }) if end == End::Cancelled => {
            return circuit.bump(Count::Slow);
        }
        Some(Sample { failure: false, slow }) => (Count::Successes, slow),
        Some(Sample { failure: true, slow }) => {
            if end == End::Cancelled {
                circuit.bump(Count::CancelledAsFailure);
            }
            (Count::Failures, slow)
        }
        None if end == End::Cancelled => return,
        None => (Count::Ignored, false),
    };
    circuit.bump(count);
    if slow {
        circuit.bump(Count::Slow);
    }
}

/// Counts an outcome whose period is over.
#[inline]
fn count_late(breaker: &CircuitBreaker, circuit: CircuitRef<'_>, late: Late) {
    if late.of_earlier_key {
        breaker.count_reassigned();
    } else {
        circuit.bump(Count::Late);
    }
}

/// Counts how a call ended that has no result.
#[cold]
fn count_without_result(circuit: CircuitRef<'_>, end: End) {
    match end {
        End::Outcome(_) => {}
        End::TimedOut => circuit.bump(Count::TimedOut),
        End::Panicked => circuit.bump(Count::Panicked),
        End::Cancelled => circuit.bump(Count::Cancelled),
    }
}

/// Counts a call that something else answers.
#[cold]
#[inline(never)]
pub(super) fn count_answered(
    breaker: &CircuitBreaker,
    published: &Published,
    ticket: Ticket,
    count: Count,
) {
    if !ticket.is_nested() {
        breaker.counts_of(breaker.circuit(published), ticket).bump(count);
    }
}
