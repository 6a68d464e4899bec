//! A view of a circuit, for a snapshot.

use std::sync::Arc;

use super::admit::retry_after;
use super::{CircuitRef, CountersRef, Inner};
use crate::config::Rules;
use crate::counters::{Count, Totals};
use crate::observe::event::Transition;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{Moment, Nanos};
use crate::window::WindowTotals;
use crate::window::sharded::ShardedBuckets;

/// A view of a circuit.
#[derive(Debug)]
pub(crate) struct View<C = Counts> {
    pub(crate) key: Option<Arc<str>>,
    /// Identifies the assignment of the circuit to the key.
    #[cfg(feature = "__exporter")]
    pub(crate) assignment: (usize, u64),
    /// The stamp of the key.
    pub(crate) stamp: u64,
    /// The key has expired: its state doesn't count in the state of all keys.
    pub(crate) expired: bool,
    pub(crate) state: State,
    pub(crate) mode: Mode,
    pub(crate) failures_in_a_row: u32,
    pub(crate) window: Option<WindowTotals>,
    pub(crate) retry_after: Option<Nanos>,
    /// Calls in flight, where they are counted.
    pub(crate) in_flight: Option<u32>,
    /// Calls that wait for a place of the bulkhead, where they may.
    pub(crate) waiting: Option<u32>,
    /// The share of calls that pass, while it grows; in shadow, that would pass.
    pub(crate) ramp: Option<f64>,
    /// The share of calls that are rejected because too many fail; in shadow, that would be.
    pub(crate) throttle: Option<f64>,
    pub(crate) recent: Vec<Transition>,
    pub(crate) transitions: u64,
    pub(crate) transitions_before: u64,
    pub(crate) counts: C,
}

/// What a circuit has counted.
#[derive(Debug)]
pub(crate) struct Counts {
    totals: Totals,
    /// When the present key got the circuit.
    before: Totals,
}

impl Counts {
    /// For all the keys that it ever served.
    pub(crate) fn of_all_keys(&self) -> Totals {
        self.totals
    }

    /// For the present key.
    pub(crate) fn of_this_key(&self) -> Totals {
        self.totals.since(&self.before)
    }
}

impl<C> View<C> {
    /// How long it stays open.
    #[cfg(feature = "__exporter")]
    pub(crate) fn open_for(&self) -> Option<Nanos> {
        self.retry_after.filter(|_| self.state == State::Open)
    }
}

impl Inner {
    /// The transitions that it remembers; mostly none.
    fn latest(&self) -> Vec<Transition> {
        if self.recent.is_empty() {
            return Vec::new();
        }
        self.recent.iter().map(|transition| Transition::clone(transition)).collect()
    }
}

impl CircuitRef<'_> {
    /// All counters, including the successes that the time window's shards have counted.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = match self.counters {
            CountersRef::Single(counters) => counters.totals(()),
            CountersRef::Keyed(of_all, number) => of_all.counters.totals(of_all.key(number)),
        };
        totals.add(Count::Successes, self.sharded_successes());
        totals
    }

    /// Calls in flight. `None`: neither the bulkhead nor `stall` counts them.
    fn calls_in_flight(&self, rules: &Rules) -> Option<u32> {
        let in_bulkhead = rules.max_concurrent.map(|_| self.published.bulkhead.held());
        in_bulkhead.or_else(|| rules.stall.map(|_| self.listed_calls()))
    }

    fn sharded_successes(&self) -> u64 {
        self.published.sharded.get().map_or(0, ShardedBuckets::successes)
    }

    /// A view: at one moment, except for the counters.
    pub(crate) fn view(&self) -> View {
        self.view_with(|inner| {
            let before = inner.before.as_deref().copied().unwrap_or_default();
            (inner.key.clone(), Counts { totals: self.totals(), before })
        })
    }

    /// A view for the sum of many circuits, whose counters are summed elsewhere. Counted is what those lack: the
    /// successes in shards of a time window. It doesn't tell the key.
    pub(crate) fn view_in_sum(&self) -> View<u64> {
        self.view_with(|_| (None, self.sharded_successes()))
    }

    fn view_with<C>(&self, of_key: impl FnOnce(&Inner) -> (Option<Arc<str>>, C)) -> View<C> {
        let moment = Moment::default();
        let mut inner = self.lock();
        let state = inner.machine.state();
        let left = inner
            .machine
            .rejection(self.in_force(&inner))
            .and_then(|wait| wait.left(moment.exact()));
        let retry_after = left.map(|left| retry_after(state, left));
        let state = if state == State::Open && left.is_none() { State::HalfOpen } else { state };
        // Else the mode decides, and no rule rejects a call.
        let is_asked = matches!(inner.mode, Mode::Normal | Mode::Shadow);
        // The lock sealed the pending outcomes: open them again. What a window of time holds may have changed by
        // itself. Otherwise nothing has changed, and calls keep the cache line.
        if self.published.summary().is_pending() || inner.machine.window().is_some() {
            self.publish(&inner);
        }
        let (key, counts) = of_key(&inner);
        let expired = self.is_expired_now(&inner, &moment);
        let waiting = self.in_force(&inner).max_wait.map(|_| inner.waiting());
        let (machine, rules) = self.machine(&mut inner);
        let env = self.env(&moment);
        let ramp = if is_asked { machine.share_at(rules, || moment.exact()) } else { None };
        let throttle = if is_asked { machine.throttled(rules, &env) } else { None };
        View {
            key,
            #[cfg(feature = "__exporter")]
            assignment: self.assignment(),
            stamp: self.published.stamp(),
            expired,
            state,
            mode: inner.mode,
            failures_in_a_row: inner.machine.failures_in_a_row(),
            window: inner.machine.window_totals(&env),
            retry_after,
            in_flight: self.calls_in_flight(self.in_force(&inner)),
            waiting,
            ramp,
            throttle,
            recent: inner.latest(),
            counts,
            transitions: inner.transitions,
            transitions_before: inner.transitions_before,
        }
    }
}
