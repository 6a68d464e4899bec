//! The end of a call: what it came to reaches its circuit, which judges it; what that changes is told.
//!
//! A success with nothing to write is inlined at the call; all else is out of line, shared by all
//! functions.

use std::mem::ManuallyDrop;

use super::{Fallback, Handle, RawPermit};
use crate::breaker::CircuitBreaker;
use crate::circuit::machine::Verdict;
use crate::circuit::{Admission, CircuitRef, End, Published, Ticket};
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::cold_path;
use crate::window::{OnSuccess, Sample};

impl<S: Handle> RawPermit<S> {
    /// The one way a permit ends by itself. A success with nothing to write only counts itself.
    #[expect(clippy::inline_always, reason = "out of line it would ask for the permit in memory")]
    #[inline(always)]
    pub(crate) fn finish(self, end: End, fallback: Fallback) {
        // Its parts go on by value, so that the healthy path keeps the permit in registers.
        let &RawPermit { handle, admission } = &*ManuallyDrop::new(self);
        let (breaker, published) = (handle.breaker(), handle.published());
        let admission = admission.admission().map(|ticket| ticket.with_inside(false));
        match (end, fallback) {
            (End::Outcome(Outcome::Success), Fallback::None) => {
                if published.has_nothing_to_write(admission.ticket) {
                    breaker.count_success(published, admission.number());
                } else {
                    cold_path();
                    succeed(breaker, published, admission);
                }
            }
            (end, fallback) => {
                if fallback == Fallback::Runs {
                    count_fallback(breaker, published, admission.ticket);
                }
                finish_slow(breaker, published, admission, end);
            }
        }
    }
}

/// The end of a permit that nobody has finished: its call panicked, or was cancelled.
#[cold]
#[inline(never)]
pub(super) fn dropped(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let end = if admission.ticket.is_inside() { End::Panicked } else { End::Cancelled };
    let admission = admission.map(|ticket| ticket.with_inside(false));
    finish_slow(breaker, published, admission, end);
}

/// A success that has something to write or to give back; mostly without the lock.
#[inline(never)]
pub(super) fn succeed(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    // The usual ones, each before what takes more stack.
    match published.on_success_for_bare(admission.ticket) {
        OnSuccess::Bucket => succeed_by_bucket(breaker, published, admission.ticket),
        OnSuccess::Slide => succeed_by_slide(breaker, published, admission.ticket),
        _ => succeed_slow(breaker, published, admission),
    }
}

/// A success that slides a count window.
#[inline(never)]
fn succeed_by_slide(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    match breaker.own_of(published) {
        Some(own) if own.by_ref().slide(ticket.epoch()) => {
            own.counters().bump(Count::Successes, ());
        }
        _ => succeed_slow(breaker, published, Admission::new(ticket)),
    }
}

/// A success in a time window.
#[inline(never)]
fn succeed_by_bucket(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    // The clock first, since little has to be kept across the call to it then.
    let now = if published.counts_coarsely() {
        clock::coarse()
    } else {
        cold_path();
        clock::now()
    };
    match published.shard(ticket.epoch()) {
        Some(shard) if shard.try_count(now) => shard.count_lifetime(),
        _ => {
            cold_path();
            succeed_in_new_bucket(breaker, published, ticket, now);
        }
    }
}

/// A success in a time window, the first of its thread in its bucket perhaps, or of a thread without
/// the short way to its shard. The clock that the window goes by shows `now`.
#[cold]
#[inline(never)]
fn succeed_in_new_bucket(
    breaker: &CircuitBreaker,
    published: &Published,
    ticket: Ticket,
    now: Nanos,
) {
    match published.count(ticket.epoch(), &Moment::at(now)) {
        Some(shard) => shard.count_lifetime(),
        None => succeed_slow(breaker, published, Admission::new(ticket)),
    }
}

#[inline(never)]
fn succeed_slow(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let moment = Moment::default();
    let circuit = breaker.circuit(published);
    let slow = admission.took(&moment).is_some_and(|took| published.is_slow(took));
    if !slow && circuit.record_lock_free(admission.ticket, &moment) {
        leave_bulkhead(breaker, published, admission.ticket);
        circuit.bump(Count::Successes);
        #[cfg(feature = "metrics")]
        if let Some(took) = admission.took(&moment) {
            crate::integrations::took(breaker, took);
        }
    } else {
        finish_at(breaker, circuit, admission, End::Outcome(Outcome::Success), &moment);
    }
}

/// Gives back the call's place in the bulkhead, if it has one, for which a new key may wait.
#[inline]
fn leave_bulkhead(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    if ticket.is_in_bulkhead() && published.release() {
        breaker.make_room(published);
    }
}

/// Every end but such a success.
#[inline(never)]
fn finish_slow(breaker: &CircuitBreaker, published: &Published, admission: Admission, end: End) {
    finish_at(breaker, breaker.circuit(published), admission, end, &Moment::default());
}

/// Gives back what the call held, has its end judged, counts it and tells of what it changed.
#[inline]
fn finish_at(
    breaker: &CircuitBreaker,
    circuit: CircuitRef<'_>,
    admission: Admission,
    end: End,
    moment: &Moment,
) {
    let ticket = admission.ticket;
    leave_bulkhead(breaker, circuit.published, ticket);
    if ticket.is_unseen() {
        return;
    }
    #[cfg(feature = "metrics")]
    if end != End::Cancelled {
        if let Some(took) = admission.took(moment) {
            crate::integrations::took(breaker, took);
        }
    }
    if !ticket.is_judged() {
        return count_unjudged(breaker, circuit, admission, end, moment);
    }
    let judged = match circuit.record(|| breaker.name(), admission, end, moment) {
        Ok(judged) => judged,
        Err(late) if late.of_earlier_key => return breaker.count_reassigned(),
        Err(_) => return circuit.bump(Count::Late),
    };
    count(circuit, end, judged.verdict);
    // A probe that has decided nothing may have been the last one out.
    breaker.may_have_room(circuit.published);
    if judged.is_neutral {
        breaker.place_came_back(circuit.published);
    }
    if let Some(transition) = judged.transition {
        breaker.tell(*transition);
    }
}

/// The end of a call that a disabled circuit admitted.
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

/// Counts an end for life.
#[inline]
fn count(circuit: CircuitRef<'_>, end: End, verdict: Verdict) {
    if !matches!(end, End::Outcome(_)) {
        count_without_result(circuit, end);
    }
    let (count, slow) = match verdict.sample {
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

/// How a call without a result ended.
#[cold]
fn count_without_result(circuit: CircuitRef<'_>, end: End) {
    match end {
        End::Outcome(_) => {}
        End::TimedOut => circuit.bump(Count::TimedOut),
        End::Panicked => circuit.bump(Count::Panicked),
        End::Cancelled => circuit.bump(Count::Cancelled),
    }
}

/// A fallback answers instead of the call.
#[cold]
#[inline(never)]
fn count_fallback(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    if !ticket.is_passing() {
        breaker.counts_of(breaker.circuit(published), ticket).bump(Count::Fallbacks);
    }
}
