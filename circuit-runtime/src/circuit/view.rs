//! A view of a circuit, for a snapshot.

use std::sync::Arc;

use super::admit::retry_after;
use super::{CircuitRef, CountersRef, Inner};
use crate::config::Rules;
use crate::counters::{Count, Totals};
use crate::observe::event::Transition;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, Nanos};
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
    /// successes in shards of a time window. It doesn't tell the key. `None`: it adds nothing.
    pub(crate) fn view_in_sum(&self) -> Option<View<u64>> {
        if self.published.adds_nothing() {
            if self.published.take_viewed() {
                self.note_use(clock::coarse());
            }
            return None;
        }
        Some(self.view_with(|_| (None, self.sharded_successes())))
    }

    fn view_with<C>(&self, of_key: impl FnOnce(&Inner) -> (Option<Arc<str>>, C)) -> View<C> {
        let moment = Moment::default();
        let mut inner = self.lock();
        // The lock sealed the pending outcomes: open them again. What a window of time holds may have changed by
        // itself. Otherwise nothing has changed, and calls keep the cache line.
        if self.published.summary().is_pending() || inner.machine.window().is_some() {
            self.publish(&inner);
        }
        let (key, counts) = of_key(&inner);
        let expired = self.is_expired_now(&inner, &moment);
        // Else the mode decides, and no rule rejects a call.
        let is_asked = matches!(inner.mode, Mode::Normal | Mode::Shadow);
        let waiting = inner.waiting();
        let (machine, rules) = self.machine(&mut inner);
        let state = machine.state();
        let left = machine.rejection(rules).and_then(|wait| wait.left(moment.exact()));
        let retry_after = left.map(|left| retry_after(state, left));
        let state = if state == State::Open && left.is_none() { State::HalfOpen } else { state };
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
            failures_in_a_row: machine.failures_in_a_row(),
            window: machine.window_totals(&env),
            retry_after,
            in_flight: self.calls_in_flight(rules),
            waiting: rules.max_wait.map(|_| waiting),
            ramp,
            throttle,
            mode: inner.mode,
            recent: inner.latest(),
            counts,
            transitions: inner.transitions,
            transitions_before: inner.transitions_before,
        }
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::circuit::{Admission, Circuit, End, Hint};
    use crate::config::{Config, NewRules, Window};
    use crate::outcome::Outcome;
    use crate::test_util::freeze;

    fn end(circuit: CircuitRef<'_>, outcome: Outcome) {
        let ticket = circuit.published.summary().try_admit().expect("it is closed");
        let (admission, moment) = (Admission::new(ticket), Moment::default());
        if !circuit.record_lock_free(ticket, &moment) || outcome != Outcome::Success {
            circuit.record(|| "test", admission, End::Outcome(outcome), &moment).expect("in time");
        }
    }

    /// Whether a sum looks behind the circuit's lock. It must, if there is anything to add.
    fn is_looked_at(circuit: CircuitRef<'_>) -> bool {
        let view = circuit.view_in_sum();
        let whole = circuit.view();
        let adds = whole.state != State::Closed
            || whole.mode != Mode::Normal
            || whole.failures_in_a_row > 0
            || whole.window.is_some()
            || whole.in_flight.is_some()
            || whole.ramp.is_some()
            || whole.throttle.is_some()
            || whole.transitions > 0
            || !whole.recent.is_empty()
            || circuit.sharded_successes() > 0;
        assert!(view.is_some() || !adds, "{whole:?}");
        view.is_some()
    }

    #[test]
    fn a_sum_passes_over_circuits_that_add_nothing_and_no_others() {
        let _time = freeze();
        let own = Circuit::new(Config::new().recovery(Duration::from_secs(9)).rules(), true);
        let circuit = own.by_ref();
        assert!(!is_looked_at(circuit));
        end(circuit, Outcome::Failure);
        assert!(is_looked_at(circuit), "a failure in its run");
        end(circuit, Outcome::Success);
        end(circuit, Outcome::Success);
        assert!(!is_looked_at(circuit));
        drop(circuit.set_mode(Mode::Disabled, Mode::Normal));
        assert!(is_looked_at(circuit));
        drop(circuit.set_mode(Mode::Normal, Mode::Normal));
        assert!(!is_looked_at(circuit));
        drop(circuit.hint("test", Hint::OpenFor(1)));
        assert!(is_looked_at(circuit));
        drop(circuit.reset("test", None));
        assert!(is_looked_at(circuit), "it has had transitions");
    }

    #[test]
    fn a_sum_takes_what_windows_and_bulkheads_hold() {
        let _time = freeze();
        let consecutive = Arc::new(NewRules::of_all(Config::new().rules()));
        for window in [Window::Calls(2), Window::Time(Duration::from_secs(1))] {
            let config = Config::new().failure_rate(0.5).min_calls(1).window(window);
            let own = Circuit::new(config.rules(), true);
            let circuit = own.by_ref();
            for _ in 0..5 {
                end(circuit, Outcome::Success);
                assert!(is_looked_at(circuit));
            }
            // What was counted in shards counts for ever.
            drop(circuit.reconfigure("test", &consecutive));
            assert_eq!(is_looked_at(circuit), matches!(window, Window::Time(_)));
        }
        for config in [Config::new().max_concurrent(2), Config::new().stall(Duration::from_secs(9))]
        {
            assert!(is_looked_at(Circuit::new(config.rules(), true).by_ref()));
        }
    }
}
