//! The end of a success that has something to write; mostly without the lock.

use super::finish::{finish_slow, leave_bulkhead, record_duration, report};
use crate::breaker::CircuitBreaker;
use crate::circuit::in_flight::InFlight;
use crate::circuit::{Admission, End, Published, Ticket};
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::cold_path;
use crate::window::OnSuccess;

const SUCCESS: End = End::Outcome(Outcome::Success);

/// Ends a success that has something to write; mostly without the lock.
#[inline(never)]
pub(super) fn succeed(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    // The common cases first, in functions with small stack frames.
    match published.on_success_for_bare(admission.ticket) {
        OnSuccess::Bucket => succeed_by_bucket(breaker, published, admission.ticket),
        OnSuccess::Pend => succeed_pending(breaker, published, admission.ticket),
        _ if admission.ticket.is_listed() => succeed_listed(breaker, published, admission),
        _ if admission.ticket.is_probe() => succeed_by_machine(breaker, published, admission),
        _ => succeed_measured(breaker, published, admission),
    }
}

/// Ends a success that may have been timed, or be in the bulkhead.
#[inline(never)]
fn succeed_measured(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let moment = Moment::default();
    let on_success = published.summary().on_success_for(admission.ticket);
    if on_success == OnSuccess::Nothing && !published.is_slow(admission, &moment) {
        leave_bulkhead(breaker, published, admission.ticket);
        breaker.count_success(published, published.number());
        record_duration(breaker, admission, SUCCESS, &moment);
    } else {
        cold_path();
        succeed_slow(breaker, published, admission);
    }
}

/// Ends a success that is in the list of calls in flight.
#[inline(never)]
fn succeed_listed(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    if breaker.is_base(published) {
        let base = breaker.base_circuit();
        let count = || base.counters().bump(Count::Successes, ());
        succeed_in_list(base.in_flight(), breaker, base.published(), admission, count);
    } else {
        succeed_listed_of_key(breaker, published, admission);
    }
}

/// [`succeed_listed`] for a key's circuit.
#[inline(never)]
fn succeed_listed_of_key(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    let circuit = breaker.circuit_of_key(published);
    let count = || breaker.count_success(published, published.number());
    succeed_in_list(circuit.in_flight(), breaker, published, admission, count);
}

/// Ends a success that is in this list.
#[expect(clippy::inline_always, reason = "its callers know some of the arguments")]
#[inline(always)]
fn succeed_in_list(
    list: Option<&InFlight>,
    breaker: &CircuitBreaker,
    published: &Published,
    admission: Admission,
    count: impl FnOnce(),
) {
    let ended = list.and_then(|list| list.try_end(admission, &Moment::default()));
    let (Some(list), Some(now)) = (list, ended) else {
        return succeed_by_machine(breaker, published, admission);
    };
    if published.has_nothing_to_write_unlisted(admission.ticket) {
        list.note_success(now);
        count();
    } else {
        cold_path();
        published.note_success(list, admission.ticket.epoch(), now);
        succeed_slow(breaker, published, admission.unlisted(published.number()));
    }
}

/// Ends a success that is judged behind the lock, or taken off the list there.
#[cold]
#[inline(never)]
fn succeed_by_machine(breaker: &CircuitBreaker, published: &Published, admission: Admission) {
    report(breaker, finish_slow(breaker, published, admission, SUCCESS));
}

/// Ends a success that ends a run, or enters a window with failures.
#[inline(never)]
fn succeed_pending(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    match breaker.base_of(published) {
        Some(base) if base.by_ref().pend_success(ticket.epoch()) => {
            base.counters().bump(Count::Successes, ());
        }
        _ => succeed_slow(breaker, published, Admission::new(ticket)),
    }
}

/// Ends a success in a time window.
#[inline(never)]
fn succeed_by_bucket(breaker: &CircuitBreaker, published: &Published, ticket: Ticket) {
    // The clock first, because few values are live across the call then.
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

/// Ends a success in a time window that may be its thread's first in the bucket, or whose thread
/// has no inline shard. `now` is the time by the window's clock.
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
    let slow = published.is_slow(admission, &moment);
    if !slow && circuit.record_lock_free(admission.ticket, &moment) {
        leave_bulkhead(breaker, published, admission.ticket);
        circuit.bump(Count::Successes);
        record_duration(breaker, admission, SUCCESS, &moment);
    } else {
        succeed_by_machine(breaker, published, admission);
    }
}
