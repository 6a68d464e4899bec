//! Keys are inserted, evicted and forgotten here, one at a time.

#[cfg(feature = "metrics")]
use std::collections::VecDeque;
use std::sync::Arc;

use super::eviction::Eviction;
use super::long::MOST;
use super::queues::{self, Queue};
use super::{Entries, Keys, LONGEST, Lookup};
#[cfg(feature = "metrics")]
use crate::circuit::Departed;
use crate::circuit::{CircuitRef, Published};
use crate::config::ChangedRules;
use crate::outcome::Modes;
use crate::primitives::key_table;
use crate::primitives::sync::unpoisoned;

/// The fewest departed keys that are kept, where `max_keys` is smaller.
#[cfg(feature = "metrics")]
const FEWEST_DEPARTED: usize = 1_000;

impl Keys {
    /// The circuit of a key, inserted if need be. `None`: no circuit may be evicted.
    ///
    /// `settings` are read under the lock, under which they are also changed for all keys.
    #[cold]
    pub(crate) fn get_or_insert(
        &self,
        key: &str,
        settings: impl FnOnce() -> (ChangedRules, Modes),
    ) -> Option<Lookup<'_>> {
        let mut entries = unpoisoned(self.entries.lock());
        self.get_or_insert_in(&mut entries, key, settings)
    }

    fn get_or_insert_in(
        &self,
        entries: &mut Entries,
        key: &str,
        settings: impl FnOnce() -> (ChangedRules, Modes),
    ) -> Option<Lookup<'_>> {
        let hash = self.hash(key);
        if let Some(lookup) = self.present(entries, key, hash) {
            lookup.published.touch();
            return Some(lookup);
        }
        let (changed, modes) = settings();
        let next = entries.hashes.len();
        let number = if next < self.slots.max() && entries.queues.first(Queue::Vacant).is_none() {
            self.slots.get_or_make(next)?.reassign(key, changed, modes, |_| true).ok()?;
            queues::push(&mut entries.hashes, key_table::used(hash));
            entries.queues.push();
            next
        } else {
            Eviction { keys: self, entries, key, changed, modes }.run()?
        };
        entries.hashes[number] = key_table::used(hash);
        let lookup = self.slots.publish_key(number, key);
        self.table.insert(number, &entries.hashes);
        lookup
    }

    /// A key's circuit may have become idle, so that another key may take it over.
    #[cold]
    pub(crate) fn make_room(&self, published: &Published) {
        let mut entries = unpoisoned(self.entries.lock());
        Self::make_candidate(&mut entries, published);
    }

    fn make_candidate(entries: &mut Entries, published: &Published) {
        published.forget_refused_key();
        let number = published.number();
        let examined_anyway = [Queue::Vacant, Queue::Candidate, Queue::Failing];
        if !examined_anyway.into_iter().any(|queue| entries.queues.is_in(number, queue)) {
            entries.queues.put(number, Queue::Candidate);
        }
    }

    /// Forgets a key; false if it has no circuit. Outcomes of its calls in flight will be late.
    pub(crate) fn forget(&self, key: &str) -> bool {
        let mut locked = unpoisoned(self.entries.lock());
        let Some(lookup) = self.find(&locked, key) else { return false };
        let number = lookup.published.number();
        let Some(circuit) = self.slots.circuit(number) else { return false };
        let (free, woken) = circuit.vacate();
        let queue = if free { Queue::Vacant } else { Queue::Busy };
        let entries = &mut *locked;
        #[cfg(feature = "metrics")]
        self.note_departed(entries, circuit);
        self.table.remove(number, &entries.hashes);
        entries.queues.put(number, queue);
        drop(locked);
        drop(woken);
        true
    }

    /// Keeps the counters of a key that has lost its circuit, if somebody asks for them.
    #[cfg(feature = "metrics")]
    pub(super) fn note_departed(&self, entries: &mut Entries, circuit: CircuitRef<'_>) {
        let departed = circuit.take_departed();
        if let (Some(departed), Some(kept)) = (departed, &mut entries.departed) {
            // Bounded, however many keys depart before somebody looks: the latest are kept.
            if kept.len() >= self.slots.max().max(FEWEST_DEPARTED) {
                kept.pop_front();
            }
            kept.push_back(*departed);
        }
    }

    /// The keys that have lost their circuits since the last time that this was called, or the
    /// latest of them; none the first time.
    #[cfg(feature = "metrics")]
    pub(crate) fn departed(&self) -> VecDeque<Departed> {
        unpoisoned(self.entries.lock()).departed.replace(VecDeque::new()).unwrap_or_default()
    }

    /// The key's circuit, if it has one. Doesn't count as use.
    pub(crate) fn peek(&self, key: &str) -> Option<Lookup<'_>> {
        let entries = unpoisoned(self.entries.lock());
        self.find(&entries, key)
    }

    /// Looks up a key, or what a long key is listed as.
    fn find(&self, entries: &Entries, key: &str) -> Option<Lookup<'_>> {
        let present = |key: &str| self.present(entries, key, self.hash(key));
        let may_be_listed = (LONGEST + 1..=MOST).contains(&key.len());
        let listed = if may_be_listed { present(key) } else { None };
        listed.or_else(|| self.known_as(key, present))
    }

    /// Looks up a key under the lock, where every key is found.
    fn present(&self, _: &Entries, key: &str, hash: u64) -> Option<Lookup<'_>> {
        self.table.find(hash, |number| {
            let CircuitRef { published, .. } =
                self.slots.circuit(number).filter(|circuit| circuit.serves(key))?;
            Some(Lookup { published, stamp: published.stamp() })
        })
    }

    /// Changes the circuit of one key, which is inserted if need be, while no key can be inserted or
    /// evicted. False: no circuit may be evicted for it.
    pub(crate) fn change_one(
        &self,
        key: &str,
        settings: impl FnOnce() -> (ChangedRules, Modes),
        change: impl FnOnce(CircuitRef<'_>),
    ) -> bool {
        let mut entries = unpoisoned(self.entries.lock());
        let lookup = self.get_or_insert_in(&mut entries, key, settings);
        let circuit = lookup.and_then(|lookup| self.circuit(lookup.published));
        if let Some(circuit) = circuit {
            change(circuit);
            if circuit.published.was_refused() {
                Self::make_candidate(&mut entries, circuit.published);
            }
        }
        circuit.is_some()
    }

    /// Changes the circuit of one key that has one, while no key can be inserted or evicted. The key
    /// may be given as a long one is listed. `None`: it has no circuit.
    pub(crate) fn change_present<O>(
        &self,
        key: &str,
        change: impl FnOnce(CircuitRef<'_>) -> O,
    ) -> Option<O> {
        let mut entries = unpoisoned(self.entries.lock());
        let lookup = self.find(&entries, key)?;
        let circuit = self.circuit(lookup.published)?;
        let answer = change(circuit);
        if circuit.published.was_refused() {
            Self::make_candidate(&mut entries, circuit.published);
        }
        Some(answer)
    }

    /// Changes the circuit that new keys take their settings from, and every key's circuit, while
    /// no key can be inserted.
    pub(crate) fn change_all(&self, base: CircuitRef<'_>, mut change: impl FnMut(CircuitRef<'_>)) {
        let mut entries = unpoisoned(self.entries.lock());
        change(base);
        for circuit in self.first(entries.hashes.len()) {
            change(circuit);
            if circuit.published.was_refused() {
                Self::make_candidate(&mut entries, circuit.published);
            }
        }
    }

    /// Every key that has a circuit, in no particular order; none is inserted or evicted meanwhile.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let entries = unpoisoned(self.entries.lock());
        self.first(entries.hashes.len()).filter_map(|circuit| circuit.key()).collect()
    }

    /// Every circuit, in no particular order.
    pub(crate) fn circuits(&self) -> impl Iterator<Item = CircuitRef<'_>> {
        let made = unpoisoned(self.entries.lock()).hashes.len();
        self.first(made)
    }

    fn first(&self, made: usize) -> impl Iterator<Item = CircuitRef<'_>> {
        (0..made).filter_map(|number| self.slots.circuit(number))
    }
}
