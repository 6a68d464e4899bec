//! The right to make one call, and what becomes of its outcome.

use std::fmt;
use std::mem::ManuallyDrop;

use crate::breaker::CircuitBreaker;
use crate::circuit::{Circuit, Front};
use crate::clock::{self, Moment, Nanos, nanos};
use crate::config::Rules;
use crate::counts::Count;
use crate::outcome::Outcome;
use crate::state::Verdict;
use crate::sync::aside;
use crate::window::{Ease, Mark};
use crate::word::{Entry, Ticket};

/// The right to make one call through a circuit, from [`CircuitBreaker::try_acquire`].
///
/// End it with what the call came to. A permit that is dropped counts as `cancelled`: neutral,
/// unless the circuit is configured with [`OnCancel::Failure`](crate::OnCancel::Failure). It may be
/// sent to another thread and be kept as long as the call takes; an outcome that comes after its
/// period has ended is counted as `late` and does nothing else.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, Outcome};
///
/// let breaker = CircuitBreaker::new("search", Config::new());
/// let permit = breaker.try_acquire()?;
/// // … make the call …
/// permit.record(Outcome::Success);
/// assert_eq!(breaker.snapshot().successes, 1);
/// # Ok::<(), circuit_runtime::CircuitOpenError>(())
/// ```
#[must_use = "a permit that is dropped counts as a cancelled call"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    front: &'a Front,
    entry: Entry,
}

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

impl<'a> Permit<'a> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker, front: &'a Front, entry: Entry) -> Self {
        Permit { breaker, front, entry }
    }

    /// A permit whose call begins at once: only the attribute asks for a key's circuit.
    #[inline]
    pub(crate) fn entered(breaker: &'a CircuitBreaker, front: &'a Front, entry: Entry) -> Self {
        Self::new(breaker, front, entry.map(|ticket| ticket.with_inside(true)))
    }

    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }

    /// The call says nothing about the service.
    #[inline]
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// The call came to this.
    #[inline]
    pub fn record(self, outcome: Outcome) {
        self.settle(End::Outcome(outcome), Fallback::None, CircuitBreaker::count_success);
    }

    /// For the error of a call that took too long.
    #[cfg(feature = "tokio")]
    pub(crate) fn circuit_name(&self) -> &'static str {
        self.breaker.name()
    }

    /// For the models' books.
    #[cfg(all(test, circuit_loom))]
    pub(crate) fn parts(&self) -> (&'a Front, crate::word::Ticket) {
        (self.front, self.entry.ticket)
    }

    /// Whether the call's own code is running, so that a drop is its panic and no cancellation.
    #[inline]
    pub(crate) fn inside(&mut self, inside: bool) {
        // Asked first, since a new permit is inside: a write to one byte of it, read back in a word
        // at once, would stall the processor for longer than all the rest takes.
        if self.entry.ticket.is_inside() != inside {
            self.entry.ticket = self.entry.ticket.with_inside(inside);
        }
    }

    /// The one way a permit ends by itself. A success through a calm circuit only counts itself, by
    /// `count_success`.
    #[expect(clippy::inline_always, reason = "out of line it would ask for the permit in memory")]
    #[inline(always)]
    pub(crate) fn settle(
        self,
        end: End,
        fallback: Fallback,
        count_success: impl FnOnce(&CircuitBreaker, &Front, usize),
    ) {
        // Its parts go on by value, so that the healthy path keeps the permit in registers.
        let &Permit { breaker, front, mut entry } = &*ManuallyDrop::new(self);
        entry.ticket = entry.ticket.with_inside(false);
        match (end, fallback) {
            (End::Outcome(Outcome::Success), Fallback::None) => {
                if front.is_calm_for(entry.ticket) {
                    count_success(breaker, front, entry.number());
                } else {
                    aside();
                    succeed(breaker, front, entry);
                }
            }
            (end, Fallback::None) => conclude(breaker, front, entry, end),
            (end, Fallback::Runs) => conclude_by_fallback(breaker, front, entry, end),
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("circuit", &self.breaker.name()).finish_non_exhaustive()
    }
}

impl Drop for Permit<'_> {
    // By value, and next to nothing: so that it is inlined where a panic passes, too, which lets the
    // healthy path keep the permit in registers.
    #[inline]
    fn drop(&mut self) {
        let Permit { breaker, front, entry } = *self;
        dropped(breaker, front, entry);
    }
}

#[cold]
#[inline(never)]
fn dropped(breaker: &CircuitBreaker, front: &Front, entry: Entry) {
    let end = if entry.ticket.is_inside() { End::Panicked } else { End::Cancelled };
    conclude(breaker, front, entry.map(|ticket| ticket.with_inside(false)), end);
}

/// A success that has something to write or to give back, but mostly needs no lock for it.
#[inline(never)]
fn succeed(breaker: &CircuitBreaker, front: &Front, entry: Entry) {
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
    let Some((row, coarse)) = front.row(ticket.epoch()) else {
        aside();
        return succeed_in_bucket(breaker, front, ticket, None);
    };
    let now = if coarse {
        clock::coarse()
    } else {
        aside();
        clock::now()
    };
    if row.count_again(now) {
        row.keep();
    } else {
        aside();
        succeed_in_bucket(breaker, front, ticket, coarse.then_some(now));
    }
}

/// A success in a time window, the first in its bucket perhaps; `coarse` is what that clock shows.
#[cold]
#[inline(never)]
fn succeed_in_bucket(
    breaker: &CircuitBreaker,
    front: &Front,
    ticket: Ticket,
    coarse: Option<Nanos>,
) {
    match front.count(ticket.epoch(), &Moment::with_coarse(coarse)) {
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
        if entry.ticket.is_placed() {
            front.leave();
        }
        circuit.bump(Count::Successes);
        #[cfg(feature = "metrics")]
        if let Some(took) = entry.took(&moment) {
            crate::metrics::took(breaker.name(), took);
        }
    } else {
        conclude_at(breaker, circuit, entry, End::Outcome(Outcome::Success), &moment);
    }
}

/// Everything but such a success: gives back what the call held, has it judged, counts it and
/// tells of it.
#[inline(never)]
fn conclude(breaker: &CircuitBreaker, front: &Front, entry: Entry, end: End) {
    conclude_at(breaker, breaker.circuit(front), entry, end, &Moment::default());
}

/// The same where a fallback answers instead of the call.
#[cold]
#[inline(never)]
fn conclude_by_fallback(breaker: &CircuitBreaker, front: &Front, entry: Entry, end: End) {
    breaker.counts_of(breaker.circuit(front), entry.ticket).bump(Count::Fallbacks);
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
    if ticket.is_placed() {
        circuit.front.leave();
    }
    if ticket.is_unseen() {
        return;
    }
    #[cfg(feature = "metrics")]
    if end != End::Cancelled {
        if let Some(took) = entry.took(moment) {
            crate::metrics::took(breaker.name(), took);
        }
    }
    // A ticket without a time is of a circuit that had no stopwatch when it admitted the call: not
    // slow.
    let took = || entry.took(moment).unwrap_or_default();
    let judge = |rules: &Rules| verdict(end, rules, took);
    let (verdict, transition) = if ticket.is_judged() {
        match circuit.record(breaker.name(), ticket.epoch(), moment, judge) {
            Ok(judged) => judged,
            Err(late) if late.of_earlier_key => return breaker.count_late(),
            Err(_) => return circuit.bump(Count::Late),
        }
    } else {
        let verdict = judge(&circuit.rules());
        return count(breaker.counts_of(circuit, ticket), end, verdict);
    };
    count(circuit, end, verdict);
    if verdict == Verdict::Neutral {
        breaker.may_have_room();
    }
    if let Some(transition) = transition {
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
        End::Cancelled => bump(Count::Cancelled),
    }
    let (count, slow) = match verdict {
        Verdict::Judged(Mark { failure: false, slow }) => (Count::Successes, slow),
        Verdict::Judged(Mark { failure: true, slow }) | Verdict::OpenFor { slow, .. } => {
            (Count::Failures, slow)
        }
        Verdict::Neutral if end == End::Cancelled => return,
        Verdict::Neutral => (Count::Ignored, false),
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
        End::Outcome(Outcome::OpenFor(wait)) => {
            Verdict::OpenFor { wait: nanos(wait), slow: slow() }
        }
        End::Outcome(Outcome::Ignored) => Verdict::Neutral,
        End::Cancelled if !rules.cancel_is_failure => Verdict::Neutral,
        _ => Verdict::Judged(Mark { failure: true, slow: slow() }),
    }
}
