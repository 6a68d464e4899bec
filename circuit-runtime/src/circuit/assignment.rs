//! Whose circuit this is, of those that go from key to key.

use std::sync::Arc;

use super::{CircuitRef, Inner};
use crate::circuit::machine::Idleness;
use crate::config::Rules;
#[cfg(feature = "metrics")]
use crate::counters::Totals;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::{MutexGuard, Ordering};

/// A key that nobody has asked for in so many of its waits, and in this time at least, no longer
/// counts in the state of all.
const WAITS: Nanos = 10;
const LEAST: Nanos = 600 * 1_000_000_000;

/// A key that has lost its circuit, and what that had counted for it.
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

    /// The key that the circuit serves, if it is its so many-th one.
    pub(crate) fn key_of(&self, number: u64) -> Option<Arc<str>> {
        let inner = self.lock();
        inner.key.as_ref().filter(|_| self.published.stamp() / 2 == number).map(Arc::clone)
    }

    /// Whether this is the key that the circuit serves.
    pub(crate) fn serves(&self, key: &str) -> bool {
        self.lock().key.as_deref() == Some(key)
    }

    /// How free it is, but for its calls.
    pub(crate) fn idleness(&self) -> Idleness {
        self.idleness_of(&mut self.lock())
    }

    fn idleness_of(&self, inner: &mut MutexGuard<'_, Inner>) -> Idleness {
        let moment = Moment::default();
        inner.machine.idleness(&self.env(&moment))
    }

    /// Notes that a key whose circuit isn't closed has been asked for. That one of a closed one has is
    /// noted without reading a clock (`Published::touch`).
    pub(crate) fn note_asked(&self, now: Nanos) {
        // Relaxed: only a number to be compared with the time. Most calls come within a tick of the
        // coarse clock, and leave the cache line alone.
        if self.locked.asked.load(Ordering::Relaxed) != now {
            self.locked.asked.store(now, Ordering::Relaxed);
        }
    }

    /// Whether nobody has asked for the key of a circuit that isn't closed for so long that it no
    /// longer counts in the state of all: ten of its waits, ten minutes at least.
    pub(crate) fn is_deserted(&self) -> bool {
        self.published.summary().state() != State::Closed
            && self.is_deserted_at(clock::now(), self.last_wait())
    }

    /// The same of any circuit with a key; of a closed one as far as somebody has looked.
    pub(super) fn is_deserted_now(&self, inner: &Inner, moment: &Moment) -> bool {
        let now = moment.exact();
        let wait = if inner.machine.state() == State::Closed {
            if self.published.take_news() {
                self.note_asked(now);
            }
            inner.machine.rules().recovery
        } else {
            self.last_wait()
        };
        inner.key.is_some() && self.is_deserted_at(now, wait)
    }

    /// How long this circuit waits, or has waited, by its last opening.
    fn last_wait(&self) -> Nanos {
        self.published.open.length()
    }

    fn is_deserted_at(&self, now: Nanos, wait: Nanos) -> bool {
        let asked = self.locked.asked.load(Ordering::Relaxed);
        if asked > now {
            // The clock went back: that says nothing of when it was.
            self.note_asked(now);
        }
        now.saturating_sub(asked) >= wait.saturating_mul(WAITS).max(LEAST)
    }

    /// Gives this circuit to another key, if `may_go` says so of how free it is. Whether it has served
    /// one; or how free it is, if it stays.
    pub(crate) fn reassign(
        &self,
        key: &str,
        rules: Rules,
        mode: Mode,
        may_go: impl FnOnce(Idleness) -> bool,
    ) -> Result<bool, Idleness> {
        let mut inner = self.lock();
        let idleness = self.idleness_of(&mut inner);
        let idleness = if !may_go(idleness) {
            idleness
        } else if !self.published.bulkhead.hand_over(self.published.next_stamp()) {
            Idleness::Busy
        } else {
            let had_key = inner.key.is_some();
            self.begin_anew(&mut inner, Some(Arc::from(key)), rules, mode);
            return Ok(had_key);
        };
        if !matches!(idleness, Idleness::Healthy | Idleness::Failing) {
            self.published.wait_for();
        }
        Err(idleness)
    }

    /// Takes this circuit from its key, whatever its state. False: calls of that key are still
    /// in the bulkhead, so that the next key has to wait.
    pub(crate) fn vacate(&self) -> bool {
        let mut inner = self.lock();
        let free = self.published.bulkhead.hand_over(self.published.next_stamp());
        if !free {
            self.published.wait_for();
        }
        let (rules, mode) = (*inner.machine.rules(), inner.mode);
        self.begin_anew(&mut inner, None, rules, mode);
        free
    }

    fn begin_anew(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        key: Option<Arc<str>>,
        rules: Rules,
        mode: Mode,
    ) {
        #[cfg(feature = "metrics")]
        self.depart(inner);
        inner.key = key;
        inner.machine.reassign(rules);
        inner.since_epoch = inner.machine.epoch();
        inner.mode = mode;
        // The first key finds nothing.
        inner.before = (self.published.stamp() > 0).then(|| Box::new(self.totals()));
        inner.transitions_before = inner.transitions;
        self.published.invalidate_stamp();
        self.published.publish_rules(&rules);
        self.publish(inner);
    }

    /// Notes what the key has counted, whose circuit this is no longer.
    #[cfg(feature = "metrics")]
    fn depart(&self, inner: &mut Inner) {
        inner.departed = inner.key.take().map(|key| {
            let before = inner.before.as_deref().copied().unwrap_or_default();
            let totals = self.totals().since(&before);
            Box::new(Departed { key, assignment: self.assignment(), totals })
        });
    }

    /// Tells the time that the present key has this circuit from all other times that a key has one.
    #[cfg(feature = "metrics")]
    pub(super) fn assignment(&self) -> (usize, u64) {
        // Without the flag of a text that is being replaced.
        (self.published.number(), self.published.stamp() / 2)
    }

    /// The key that has just lost this circuit, once.
    #[cfg(feature = "metrics")]
    pub(crate) fn take_departed(&self) -> Option<Box<Departed>> {
        self.lock().departed.take()
    }

    /// Whether another key than the present one had the circuit in this period.
    pub(crate) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        self.lock().is_of_earlier_key(epoch)
    }
}

impl Inner {
    /// Epochs go round: the one that is further behind the present one is the earlier.
    pub(super) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        let behind = |epoch| self.machine.epoch().wrapping_sub(epoch);
        behind(epoch) > behind(self.since_epoch)
    }
}
