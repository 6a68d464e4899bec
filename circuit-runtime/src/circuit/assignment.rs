//! Which key a circuit serves, and reassignment to another one.

use std::sync::Arc;

use super::summary::flags_of;
use super::{CircuitRef, Inner, Woken};
use crate::circuit::machine::Idleness;
use crate::config::ChangedRules;
#[cfg(feature = "metrics")]
use crate::counters::Totals;
use crate::outcome::{Modes, State};
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::seq_lock::generation;
use crate::primitives::sync::{MutexGuard, Ordering};

/// A key expires when nobody has asked for it in this many of its waits, and at least for this
/// long. Then it no longer counts in the state of all keys.
const WAITS: Nanos = 10;
const LEAST: Nanos = 600 * 1_000_000_000;

/// A key that has lost its circuit, and what the circuit had counted for it.
#[cfg(feature = "metrics")]
#[derive(Debug)]
pub(crate) struct Departed {
    pub(crate) key: Arc<str>,
    pub(crate) assignment: (usize, u64),
    pub(crate) totals: Totals,
}

impl CircuitRef<'_> {
    pub(crate) fn key(&self) -> Option<Arc<str>> {
        self.lock().key.clone()
    }

    /// The key that the circuit serves, if this is its number among the circuit's keys.
    pub(crate) fn key_of(&self, number: u64) -> Option<Arc<str>> {
        let inner = self.lock();
        inner.key.as_ref().filter(|_| generation(self.published.stamp()) == number).map(Arc::clone)
    }

    /// Whether the circuit serves this key.
    pub(crate) fn serves(&self, key: &str) -> bool {
        self.lock().key.as_deref() == Some(key)
    }

    /// How idle the circuit is, apart from calls in the bulkhead.
    pub(crate) fn idleness(&self) -> Idleness {
        self.idleness_of(&mut self.lock())
    }

    fn idleness_of(&self, inner: &mut MutexGuard<'_, Inner>) -> Idleness {
        let has_rules = inner.changed.as_ref().is_some_and(|new| new.of_key.is_some());
        if inner.has_mode_override || has_rules {
            // Somebody set them for this key: they aren't lost because others call.
            return Idleness::Busy;
        }
        if self.has_listed_calls(inner) {
            return Idleness::Busy;
        }
        let moment = Moment::default();
        let (machine, rules) = self.machine(inner);
        machine.idleness(rules, &self.env(&moment))
    }

    /// Notes when a key was asked for whose circuit isn't closed. (For a closed circuit,
    /// `Published::touch` notes it without reading a clock.)
    pub(crate) fn note_use(&self, now: Nanos) {
        // Relaxed: the number is only compared with the time. Most calls come within one tick of
        // the coarse clock, and don't write to the cache line.
        if self.locked.last_used.load(Ordering::Relaxed) != now {
            self.locked.last_used.store(now, Ordering::Relaxed);
        }
    }

    /// Whether the key of a circuit that isn't closed has expired.
    pub(crate) fn is_expired(&self) -> bool {
        self.published.summary().state() != State::Closed
            && self.is_expired_at(clock::now(), self.last_wait())
    }

    /// Whether the key of a circuit has expired; for a closed one, as of the last look.
    pub(super) fn is_expired_now(&self, inner: &Inner, moment: &Moment) -> bool {
        // The coarse clock will do: a key expires after minutes.
        let now = moment.coarse();
        let wait = if inner.machine.state() == State::Closed {
            if self.published.take_viewed() {
                self.note_use(now);
            }
            self.in_force(inner).recovery
        } else {
            self.last_wait()
        };
        inner.key.is_some() && self.is_expired_at(now, wait)
    }

    /// The wait of the circuit's last opening.
    fn last_wait(&self) -> Nanos {
        self.published.open.length()
    }

    fn is_expired_at(&self, now: Nanos, wait: Nanos) -> bool {
        let last_used = self.locked.last_used.load(Ordering::Relaxed);
        if last_used > now {
            // The clock went back: count from now.
            self.note_use(now);
        }
        now.saturating_sub(last_used) >= wait.saturating_mul(WAITS).max(LEAST)
    }

    /// Reassigns this circuit to another key, if `may_go` allows it for a circuit that is this
    /// idle. Returns whether it had a key before; or how idle it is, if it stays.
    pub(crate) fn reassign(
        &self,
        key: &str,
        changed: ChangedRules,
        modes: Modes,
        may_go: impl FnOnce(Idleness) -> bool,
    ) -> Result<bool, Idleness> {
        let mut inner = self.lock();
        let idleness = self.idleness_of(&mut inner);
        let idleness = if !may_go(idleness) {
            idleness
        } else if !self.published.bulkhead.hand_over(self.published.key_lock.next_stamp()) {
            Idleness::Busy
        } else {
            let had_key = inner.key.is_some();
            self.begin_anew(&mut inner, Some(Arc::from(key)), changed, modes);
            return Ok(had_key);
        };
        if !matches!(idleness, Idleness::Healthy | Idleness::Failing) {
            self.published.note_refused_key();
        }
        Err(idleness)
    }

    /// Takes this circuit from its key, whatever its state. False: calls of that key are still in
    /// the bulkhead, so that the next key must wait. Calls that wait for a place look their key up
    /// again.
    pub(crate) fn vacate(&self) -> (bool, Woken) {
        let mut inner = self.lock();
        let woken = self.send_away(&mut inner);
        let free = self.published.bulkhead.hand_over(self.published.key_lock.next_stamp());
        if !free {
            self.published.note_refused_key();
        }
        // What was set for this key goes with it.
        let changed = inner.changed.clone().filter(|new| new.of_key.is_none());
        let modes = inner.modes;
        self.begin_anew(&mut inner, None, changed, modes);
        (free, woken)
    }

    fn begin_anew(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        key: Option<Arc<str>>,
        changed: ChangedRules,
        modes: Modes,
    ) {
        #[cfg(feature = "metrics")]
        self.depart(inner);
        inner.key = key;
        inner.changed = changed;
        let (machine, rules) = self.machine(inner);
        machine.reassign(rules);
        inner.flags = flags_of(self.in_force(inner), inner.registered);
        inner.since_epoch = inner.machine.epoch();
        (inner.mode, inner.modes) = (modes.in_force(), modes);
        inner.has_mode_override = false;
        // For the first key there is nothing to subtract.
        inner.before = (self.published.stamp() > 0).then(|| Box::new(self.totals()));
        inner.transitions_before = inner.transitions;
        // Before the summary is published: see *Reassignment* in the docs of `circuit`.
        self.published.key_lock.invalidate();
        self.published.publish_rules(self.in_force(inner));
        self.clear_in_flight(inner);
        self.set_stall(self.in_force(inner).stall);
        self.publish(inner);
    }

    /// Keeps what was counted for the key that loses the circuit.
    #[cfg(feature = "metrics")]
    fn depart(&self, inner: &mut Inner) {
        inner.departed = inner.key.take().map(|key| {
            let before = inner.before.as_deref().copied().unwrap_or_default();
            let totals = self.totals().since(&before);
            Box::new(Departed { key, assignment: self.assignment(), totals })
        });
    }

    /// Identifies the assignment of this circuit to the present key.
    #[cfg(feature = "__exporter")]
    pub(super) fn assignment(&self) -> (usize, u64) {
        (self.published.number(), generation(self.published.stamp()))
    }

    /// Takes the key that has just lost this circuit.
    #[cfg(feature = "metrics")]
    pub(crate) fn take_departed(&self) -> Option<Box<Departed>> {
        self.lock().departed.take()
    }

    /// Whether an earlier key had the circuit in this period.
    pub(crate) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        self.lock().is_of_earlier_key(epoch)
    }
}

impl Inner {
    /// Epochs wrap around: the one that is further behind the present one is the earlier.
    pub(super) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        let behind = |epoch| self.machine.epoch().wrapping_sub(epoch);
        behind(epoch) > behind(self.since_epoch)
    }
}
