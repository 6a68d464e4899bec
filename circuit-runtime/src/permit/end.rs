//! What becomes of a call that has ended: out of line, once for all functions.

use crate::breaker::CircuitBreaker;
use crate::circuit::machine::Verdict;
use crate::circuit::{Circuit, Entry, Front, Ticket};
use crate::config::Rules;
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::{self, Moment, Nanos, nanos};
use crate::primitives::sync::aside;
use crate::window::{Ease, Mark};

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
pub(super) fn dropped(breaker: &CircuitBreaker, front: &Front, entry: Entry) {
    let end = if entry.ticket.is_inside() { End::Panicked } else { End::Cancelled };
    conclude(breaker, front, entry.map(|ticket| ticket.with_inside(false)), end);
}

/// A success that has something to write or to give back, but mostly needs no lock for it.
#[inline(never)]
pub(super) fn succeed(breaker: &CircuitBreaker, front: &Front, entry: Entry) {
    // The usual ones, each before what takes more stack.
    match front.ease_for_bare(entry.ticket) {
        Ease::Counts => succeed_in_time(breaker, front, entry.ticket),
        Ease::Slides => succeed_sliding(breaker, front, entry.ticket),
        _ => succeed_further(breaker, front, entry),
    }
}

/// A success that moves a count window.
#[inline(never)]
fn succeed_sliding(breaker: &CircuitBreaker, front: &Front, ticket: Ticket) {
    match breaker.own_of(front) {
        Some(own) if own.circuit().slide(ticket.epoch()) => {
            own.counts().bump(Count::Successes, ());
        }
        _ => succeed_further(breaker, front, Entry::new(ticket)),
    }
}

/// A success in a time window.
#[inline(never)]
fn succeed_in_time(breaker: &CircuitBreaker, front: &Front, ticket: Ticket) {
    // The clock first, since little has to be kept across the call to it then.
    let now = if front.counts_coarsely() {
        clock::coarse()
    } else {
        aside();
        clock::now()
    };
    match front.row(ticket.epoch()) {
        Some(row) if row.count_again(now) => row.keep(),
        _ => {
            aside();
            succeed_in_bucket(breaker, front, ticket, now);
        }
    }
}

/// A success in a time window, the first of its thread in its bucket perhaps, or of a thread without
/// the short way to its row. The clock that the window goes by shows `now`.
#[cold]
#[inline(never)]
fn succeed_in_bucket(breaker: &CircuitBreaker, front: &Front, ticket: Ticket, now: Nanos) {
    match front.count(ticket.epoch(), &Moment::at(now)) {
        Some(row) => row.keep(),
        None => succeed_further(breaker, front, Entry::new(ticket)),
    }
}

#[inline(never)]
fn succeed_further(breaker: &CircuitBreaker, front: &Front, entry: Entry) {
    let moment = Moment::default();
    let circuit = breaker.circuit(front);
    let slow = entry.took(&moment).is_some_and(|took| front.is_slow(took));
    if !slow && circuit.take_down(entry.ticket, &moment) {
        if entry.ticket.is_placed() && front.leave() {
            breaker.make_room(front);
        }
        circuit.bump(Count::Successes);
        #[cfg(feature = "metrics")]
        if let Some(took) = entry.took(&moment) {
            crate::integrations::took(breaker, took);
        }
    } else {
        conclude_at(breaker, circuit, entry, End::Outcome(Outcome::Success), &moment);
    }
}

/// Everything but such a success: gives back what the call held, has it judged, counts it and
/// tells of it.
#[inline(never)]
pub(super) fn conclude(breaker: &CircuitBreaker, front: &Front, entry: Entry, end: End) {
    conclude_at(breaker, breaker.circuit(front), entry, end, &Moment::default());
}

/// The same where a fallback answers instead of the call.
#[cold]
#[inline(never)]
pub(super) fn conclude_by_fallback(
    breaker: &CircuitBreaker,
    front: &Front,
    entry: Entry,
    end: End,
) {
    if !entry.ticket.is_passing() {
        breaker.counts_of(breaker.circuit(front), entry.ticket).bump(Count::Fallbacks);
    }
    conclude(breaker, front, entry, end);
}

#[inline]
fn conclude_at(
    breaker: &CircuitBreaker,
    circuit: Circuit<'_>,
    entry: Entry,
    end: End,
    moment: &Moment,
) {
    let ticket = entry.ticket;
    if ticket.is_placed() && circuit.front.leave() {
        breaker.make_room(circuit.front);
    }
    if ticket.is_unseen() {
        return;
    }
    #[cfg(feature = "metrics")]
    if end != End::Cancelled {
        if let Some(took) = entry.took(moment) {
            crate::integrations::took(breaker, took);
        }
    }
    // A ticket without a time is of a circuit that had no stopwatch when it admitted the call: not
    // slow.
    let took = || entry.took(moment).unwrap_or_default();
    let judge = |rules: &Rules| verdict(end, rules, took);
    let judged = if ticket.is_judged() {
        match circuit.record(breaker.name(), ticket.epoch(), moment, judge) {
            Ok(judged) => judged,
            Err(late) if late.of_earlier_key => return breaker.count_moved(),
            Err(_) => return circuit.bump(Count::Late),
        }
    } else {
        let verdict = judge(&circuit.rules());
        return count(breaker.counts_of(circuit, ticket), end, verdict);
    };
    count(circuit, end, judged.verdict);
    // A probe that has decided nothing may have been the last one out.
    breaker.may_have_room(circuit.front);
    if judged.is_neutral {
        breaker.place_came_back(circuit.front);
    }
    if let Some(transition) = judged.transition {
        breaker.tell(*transition);
    }
}

#[inline]
fn count(circuit: Circuit<'_>, end: End, verdict: Verdict) {
    let bump = |count| circuit.bump(count);
    match end {
        End::Outcome(_) => {}
        End::TimedOut => bump(Count::TimedOut),
        End::Panicked => bump(Count::Panicked),
        End::Cancelled => {
            bump(Count::Cancelled);
            if matches!(verdict, Verdict::Judged(Mark { failure: true, .. })) {
                bump(Count::CancelledAsFailure);
            }
        }
    }
    let (count, slow) = match verdict.mark() {
        Some(Mark { failure: false, slow }) => (Count::Successes, slow),
        Some(Mark { failure: true, slow }) => (Count::Failures, slow),
        None if end == End::Cancelled => return,
        None => (Count::Ignored, false),
    };
    bump(count);
    if slow {
        bump(Count::Slow);
    }
}

/// What the rules make of an ending.
#[inline]
fn verdict(end: End, rules: &Rules, took: impl FnOnce() -> Nanos) -> Verdict {
    let slow = || rules.slow_call.is_some_and(|slow| took() >= slow);
    match end {
        End::Outcome(Outcome::Success) => Verdict::Judged(Mark { failure: false, slow: slow() }),
        // Who asks for no time at all has just failed.
        End::Outcome(Outcome::RetryAfter(wait)) if !wait.is_zero() => {
            Verdict::RetryAfter { wait: nanos(wait), slow: slow() }
        }
        End::Outcome(Outcome::OpenFor(wait)) if !wait.is_zero() => {
            Verdict::OpenFor { wait: nanos(wait), slow: slow() }
        }
        End::Outcome(Outcome::Ignored) => Verdict::Neutral,
        End::Cancelled if !rules.cancel_is_failure => Verdict::Neutral,
        _ => Verdict::Judged(Mark { failure: true, slow: slow() }),
    }
}
