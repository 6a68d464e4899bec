//! Snapshots of a circuit.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::circuit::machine::{in_float, shown};
use crate::circuit::{RECENT, View};
use crate::counters::{Count, Totals};
use crate::observe::event::{OneLine, Transition};
use crate::outcome::{Mode, State};
use crate::primitives::clock;
#[cfg(feature = "__exporter")]
use crate::primitives::clock::Nanos;
use crate::window::WindowTotals;

/// A circuit at one moment. `Display` prints one line.
///
/// The counters cover the circuit's whole life and never go back. `failures` includes `panicked`,
/// `timed_out`, `stalled` and, under `on_cancel = failure`, cancelled calls. `slow` counts successes and
/// failures a second time. A late outcome counts only in `late`, or also in `unprotected` if its
/// circuit had gone to another key. A call that runs unprotected counts only in `unprotected`, and
/// one that runs in shadow instead of being rejected only in `rejected`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The circuit's name.
    pub name: &'static str,
    /// The key, in the snapshot of one key's circuit; `None` in the sum over all keys.
    pub key: Option<Arc<str>>,
    /// The state. In a sum, the worst one, without keys that nobody has asked for in ten of their
    /// waits (ten minutes at least).
    pub state: State,
    /// The mode.
    pub mode: Mode,
    /// The present run of failures while closed; in a sum, the longest one.
    pub failures_in_a_row: u32,
    /// The contents of the window; `None` if neither a rate nor `failure_count` nor `throttle` is configured.
    pub window: Option<WindowSnapshot>,
    /// When open, what is left of the wait; when half-open with all probes in flight, the time
    /// until the next round of probes, at most a second. In a sum, the shortest one. `None` while
    /// [`state`](Snapshot::state) is open: that wait never ends.
    pub retry_after: Option<Duration>,
    /// Calls in flight, also those that have stalled; `None` without `max_concurrent` and `stall`, because
    /// they are counted only for these.
    pub in_flight: Option<u32>,
    /// Calls that wait for one of them to end; `None` without `max_wait`.
    pub waiting: Option<u32>,
    /// The share of calls that pass, from 0.1 to 1, while it grows ([`ramp`](crate::Config::ramp)); else `None`.
    /// In shadow, that would pass; `None` while disabled or forced open. In a sum, the smallest one.
    pub ramp: Option<f64>,
    /// The share of calls that are rejected because too many fail ([`throttle`](crate::Config::throttle)), above 0 and at most 0.9;
    /// `None` if none is. In shadow, that would be rejected; `None` while disabled or forced open. In a sum, the largest one.
    pub throttle: Option<f64>,
    /// The last 16 transitions, the latest last.
    pub recent_transitions: Vec<Transition>,
    /// Calls that succeeded.
    pub successes: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that counted neither way.
    pub ignored: u64,
    /// Successes and failures that took at least `slow_call`.
    pub slow: u64,
    /// Calls that were rejected.
    pub rejected: u64,
    /// Calls that were dropped before they ended.
    pub cancelled: u64,
    /// Calls that panicked.
    pub panicked: u64,
    /// Calls that exceeded their `timeout`.
    pub timed_out: u64,
    /// Calls that failed because they still ran after [`stall`](crate::Config::stall). Their outcomes count
    /// in `late` when they come.
    pub stalled: u64,
    /// Outcomes that came after their period had ended, or after the call had stalled.
    pub late: u64,
    /// Calls that a fallback answered.
    pub fallbacks: u64,
    /// Calls that the last good value answered (`stale`).
    pub stale: u64,
    /// Calls that ran without a circuit, because `max_keys` left none for their key; and calls
    /// whose circuit had gone to another key when they ended, which are in `late`, too.
    pub unprotected: u64,
    /// Changes of state.
    pub transitions: u64,
}

/// A snapshot, and what only metrics show.
pub(crate) struct FullSnapshot {
    pub(crate) snapshot: Snapshot,
    /// The window in full: a snapshot's numbers have 32 bits.
    window: Option<WindowTotals>,
    #[cfg(feature = "__exporter")]
    pub(crate) totals: Totals,
    /// How long the last of the open circuits stays open.
    #[cfg(feature = "__exporter")]
    pub(crate) open_for: Option<Nanos>,
}

impl FullSnapshot {
    /// Of one circuit, over its whole life.
    pub(crate) fn at(name: &'static str, view: View) -> Self {
        FullSnapshot {
            #[cfg(feature = "__exporter")]
            totals: view.counts.of_all_keys(),
            #[cfg(feature = "__exporter")]
            open_for: view.open_for(),
            window: view.window,
            snapshot: Snapshot::of(name, view, true),
        }
    }

    /// Adds what circuits have counted.
    pub(crate) fn count(&mut self, totals: &Totals) {
        #[cfg(feature = "__exporter")]
        self.totals.join(totals);
        self.snapshot.add_totals(totals);
    }

    /// Adds the circuit of one key, [in a sum](crate::circuit::CircuitRef::view_in_sum).
    pub(crate) fn join(&mut self, view: View<u64>) {
        #[cfg(feature = "__exporter")]
        {
            self.totals.add(Count::Successes, view.counts);
            self.open_for = self.open_for.max(view.open_for());
        }
        self.snapshot.join(view, &mut self.window);
    }
}

/// The contents of a circuit's window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct WindowSnapshot {
    /// Successes and failures.
    pub calls: u32,
    /// Failures.
    pub failures: u32,
    /// Slow successes and failures.
    pub slow: u32,
    /// failures / calls; `None` at 0 calls.
    pub failure_rate: Option<f64>,
    /// slow / calls; `None` at 0 calls.
    pub slow_rate: Option<f64>,
}

impl Snapshot {
    /// successes / (successes + failures) over the circuit's whole life; `None` before the first of
    /// them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    pub fn success_rate(&self) -> Option<f64> {
        let calls = self.successes + self.failures;
        (calls > 0).then(|| self.successes as f64 / calls as f64)
    }

    /// The snapshot of one circuit; with `whole_life`, of all the keys that it ever served.
    pub(crate) fn of(name: &'static str, view: View, whole_life: bool) -> Self {
        let counts = &view.counts;
        let totals = if whole_life { counts.of_all_keys() } else { counts.of_this_key() };
        let earlier = if whole_life { 0 } else { view.transitions_before };
        let mut recent_transitions = view.recent;
        let own = usize::try_from(view.transitions - earlier).unwrap_or(usize::MAX);
        recent_transitions.drain(..recent_transitions.len().saturating_sub(own));
        let mut snapshot = Snapshot {
            name,
            key: view.key,
            state: view.state,
            mode: view.mode,
            failures_in_a_row: view.failures_in_a_row,
            window: view.window.map(WindowSnapshot::of),
            retry_after: view.retry_after.and_then(clock::finite),
            in_flight: view.in_flight,
            waiting: view.waiting,
            ramp: view.ramp,
            throttle: view.throttle,
            recent_transitions,
            successes: 0,
            failures: 0,
            ignored: 0,
            slow: 0,
            rejected: 0,
            cancelled: 0,
            panicked: 0,
            timed_out: 0,
            stalled: 0,
            late: 0,
            fallbacks: 0,
            stale: 0,
            unprotected: 0,
            transitions: view.transitions - earlier,
        };
        snapshot.add_totals(&totals);
        snapshot
    }

    fn add_totals(&mut self, totals: &Totals) {
        self.successes += totals.get(Count::Successes);
        self.failures += totals.get(Count::Failures);
        self.ignored += totals.get(Count::Ignored);
        self.slow += totals.get(Count::Slow);
        self.rejected += totals.get(Count::Rejected);
        self.cancelled += totals.get(Count::Cancelled);
        self.panicked += totals.get(Count::Panicked);
        self.timed_out += totals.get(Count::TimedOut);
        self.stalled += totals.get(Count::Stalled);
        self.late += totals.get(Count::Late)
            + totals.get(Count::Reassigned)
            + totals.get(Count::LateAfterStall);
        self.fallbacks += totals.get(Count::Fallbacks);
        self.stale += totals.get(Count::Stale);
        self.unprotected += totals.get(Count::Unprotected) + totals.get(Count::Reassigned);
    }

    /// Adds the circuit of one key to the sum over all keys, without what it has counted; of an expired key
    /// only what its window holds.
    fn join(&mut self, view: View<u64>, window: &mut Option<WindowTotals>) {
        if !view.expired {
            self.state = self.state.max(view.state);
            self.failures_in_a_row = self.failures_in_a_row.max(view.failures_in_a_row);
            let retry_after = view.retry_after.and_then(clock::finite);
            self.retry_after = [self.retry_after, retry_after].into_iter().flatten().min();
            self.ramp = [self.ramp, view.ramp].into_iter().flatten().reduce(f64::min);
            let throttles = [self.throttle, view.throttle].into_iter().flatten();
            self.throttle = throttles.reduce(f64::max);
        }
        if let (Some(sum), Some(more)) = (window, view.window) {
            sum.join(more);
            self.window = Some(WindowSnapshot::of(*sum));
        }
        for (sum, more) in
            [(&mut self.in_flight, view.in_flight), (&mut self.waiting, view.waiting)]
        {
            if let (Some(sum), Some(more)) = (sum, more) {
                *sum = sum.saturating_add(more);
            }
        }
        self.recent_transitions.extend(view.recent);
        self.transitions += view.transitions;
        self.successes += view.counts;
    }
}

impl Snapshot {
    /// Keeps only the latest of the transitions of many circuits.
    pub(crate) fn keep_latest_transitions(&mut self) {
        self.recent_transitions.sort_by_key(|transition| transition.at);
        let surplus = self.recent_transitions.len().saturating_sub(RECENT);
        self.recent_transitions.drain(..surplus);
    }
}

impl WindowSnapshot {
    fn of(figures: WindowTotals) -> Self {
        let WindowTotals { calls, failures, slow } = figures;
        let rate = |count: u64| (calls > 0).then(|| in_float(count) / in_float(calls));
        WindowSnapshot {
            calls: shown(calls),
            failures: shown(failures),
            slow: shown(slow),
            failure_rate: rate(failures),
            slow_rate: rate(slow),
        }
    }
}

impl Snapshot {
    /// What decides in normal mode.
    fn write_state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        match self.retry_after {
            Some(left) => write!(f, ", retry after {left:.1?}")?,
            None if self.state == State::Open => f.write_str(" for good")?,
            None => {}
        }
        let would = self.mode == Mode::Shadow;
        if let Some(share) = self.ramp {
            let lets = if would { "would let" } else { "lets" };
            write!(f, ", {lets} {:.0} % pass", share * 100.0)?;
        }
        if let Some(share) = self.throttle {
            let rejects = if would { "would reject" } else { "rejects" };
            write!(f, ", {rejects} {:.0} %", share * 100.0)?;
        }
        Ok(())
    }
}

/// One line: `payments: open, retry after 29.8s; 12 ok, 5 failed, 7 rejected`.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(key) = &self.key {
            write!(f, "[{}]", OneLine(key))?;
        }
        f.write_str(": ")?;
        match self.mode {
            Mode::Normal => self.write_state(f)?,
            Mode::Shadow => {
                write!(f, "{} (", self.mode)?;
                self.write_state(f)?;
                f.write_str(")")?;
            }
            // The state decides nothing, and there is no next probe.
            Mode::ForcedOpen | Mode::Disabled if self.state == State::Closed => {
                write!(f, "{}", self.mode)?;
            }
            Mode::ForcedOpen | Mode::Disabled => {
                write!(f, "{} (by itself {})", self.mode, self.state)?;
            }
        }
        write!(f, "; {} ok, {} failed, {} rejected", self.successes, self.failures, self.rejected)?;
        let others = [
            (self.ignored, "ignored"),
            (self.slow, "slow"),
            (self.cancelled, "cancelled"),
            (self.panicked, "panicked"),
            (self.timed_out, "timed out"),
            (self.stalled, "stalled"),
            (self.late, "late"),
            (self.fallbacks, "by fallback"),
            (self.stale, "by a stale value"),
            (self.unprotected, "unprotected"),
        ];
        for (count, what) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}
