//! The end of a call: out of line, shared by all functions.

use crate::breaker::CircuitBreaker;
use crate::circuit::machine::Verdict;
use crate::circuit::{Admission, CircuitRef, Published, Ticket};
use crate::config::Rules;
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::{self, Moment, Nanos, nanos};
use crate::primitives::sync::cold_path;
use crate::window::{OnSuccess, Sample};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Outcome(Outcome),
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "only `timeout` ends a call so"))]
    TimedOut,
    Panicked,
    Cancelled,
}

/// Whether a fallback answers instead of the call, which is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    None,
    Runs,
}

#[cold]
#[inline(never)]
pub(super) fn dropped(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let end = if admission.ticket.is_inside() { End::Panicked } else { End::Cancelled };
    finish_slow(breaker, published, admission.map(|ticket| ticket.with_inside(false)), end);
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

/// Everything but such a success: gives back what the call held, has it judged, counts it and
/// tells of it.
#[inline(never)]
pub(super) fn finish_slow(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) {
    finish_at(breaker, breaker.circuit(published), admission, end, &Moment::default());
}

/// The same where a fallback answers instead of the call.
#[cold]
#[inline(never)]
pub(super) fn finish_with_fallback(
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    end: End,
) {
    if !admission.ticket.is_passing() {
        breaker.counts_of(breaker.circuit(published), admission.ticket).bump(Count::Fallbacks);
    }
    finish_slow(breaker, published, admission, end);
}

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
    let judge = |rules: &Rules| verdict(end, rules, admission, moment);
    let judged = match circuit.record(|| breaker.name(), ticket.epoch(), moment, judge) {
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
    let verdict = verdict(end, &circuit.rules(), admission, moment);
    count(breaker.counts_of(circuit, admission.ticket), end, verdict);
}

#[inline]
fn count(circuit: CircuitRef<'_>, end: End, verdict: Verdict) {
    if !matches!(end, End::Outcome(_)) {
        count_without_result(circuit, end, verdict);
    }
    let (count, slow) = match verdict.sample {
        Some(Sample { failure: false, slow }) => (Count::Successes, slow),
        Some(Sample { failure: true, slow }) => (Count::Failures, slow),
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
fn count_without_result(circuit: CircuitRef<'_>, end: End, verdict: Verdict) {
    let count = match end {
        End::Outcome(_) => return,
        End::TimedOut => Count::TimedOut,
        End::Panicked => Count::Panicked,
        End::Cancelled => Count::Cancelled,
    };
    circuit.bump(count);
    if end == End::Cancelled && verdict.sample.is_some_and(|sample| sample.failure) {
        circuit.bump(Count::CancelledAsFailure);
    }
}

/// What the rules make of an ending.
#[inline]
fn verdict(end: End, rules: &Rules, admission: Admission, moment: &Moment) -> Verdict {
    // A ticket without a time is of a circuit that had no stopwatch when it admitted the call: not
    // slow.
    let took = || admission.took(moment).unwrap_or_default();
    let slow = || rules.slow_call.is_some_and(|slow| took() >= slow);
    let judged = |failure| Verdict::of(Sample { failure, slow: slow() });
    match end {
        End::Outcome(Outcome::Success) => judged(false),
        End::Outcome(Outcome::Ignored) => Verdict::NEUTRAL,
        End::Cancelled if !rules.cancel_is_failure => Verdict::NEUTRAL,
        // Who asks for no time at all has just failed.
        End::Outcome(Outcome::RetryAfter(wait)) => Verdict { asked: nanos(wait), ..judged(true) },
        End::Outcome(Outcome::OpenFor(wait)) => {
            Verdict { opens: !wait.is_zero(), asked: nanos(wait), ..judged(true) }
        }
        _ => judged(true),
    }
}
