//! Keys that come and go, one at a time.

#[cfg(feature = "metrics")]
use std::collections::VecDeque;
use std::sync::Arc;

use super::long::MOST;
use super::queues::{self, Queue, Queues};
use super::{Keys, LONGEST, Lookup};
#[cfg(feature = "metrics")]
use crate::circuit::Departed;
use crate::circuit::machine::Idleness;
use crate::circuit::{CircuitRef, Published};
use crate::config::Rules;
use crate::outcome::Mode;
use crate::primitives::sync::unpoisoned;
use crate::primitives::{clock, key_table};

/// What changes when a key comes or goes.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// The hash of each slot's key, as far as the index goes by it.
    hashes: Vec<u32>,
    /// Which slot the next new key gets.
    queues: Queues,
    /// `None`: nobody asks for them.
    #[cfg(feature = "metrics")]
    departed: Option<VecDeque<Departed>>,
}

/// So many departed keys are kept where `max_keys` is smaller.
#[cfg(feature = "metrics")]
const FEWEST_DEPARTED: usize = 1_000;

impl Arrivals {
    pub(super) fn new() -> Self {
        Arrivals {
            hashes: Vec::new(),
            queues: Queues::new(),
            #[cfg(feature = "metrics")]
            departed: None,
        }
    }
}

impl Keys {
    /// The circuit of a key, as it is known, which may be new. `None`: all are taken by keys that may
    /// not be forgotten.
    ///
    /// `settings` are asked for under the lock, under which they are also changed for all keys.
    #[cold]
    pub(crate) fn get_or_insert(
        &self,
        key: &str,
        settings: impl FnOnce() -> (Rules, Mode),
    ) -> Option<Lookup<'_>> {
        let hash = self.hash(key);
        let mut arrivals = unpoisoned(self.arrivals.lock());
        if let Some(lookup) = self.present(&arrivals, key, hash) {
            lookup.published.touch();
            return Some(lookup);
        }
        let (rules, mode) = settings();
        let next = arrivals.hashes.len();
        let number = if next < self.slots.max() && arrivals.queues.first(Queue::Vacant).is_none() {
            self.slots.get_or_make(next, rules)?.reassign(key, rules, mode, |_| true).ok()?;
            queues::push(&mut arrivals.hashes, key_table::used(hash));
            arrivals.queues.push();
            next
        } else {
            Search { keys: self, arrivals: &mut arrivals, key, rules, mode }.run()?
        };
        arrivals.hashes[number] = key_table::used(hash);
        let lookup = self.slots.publish_key(number, key);
        self.index.insert(number, &arrivals.hashes);
        lookup
    }

    /// A key's circuit may have become free for another one.
    #[cold]
    pub(crate) fn make_room(&self, published: &Published) {
        let mut arrivals = unpoisoned(self.arrivals.lock());
        Self::look_again(&mut arrivals, published);
    }

    fn look_again(arrivals: &mut Arrivals, published: &Published) {
        published.stop_waiting();
        let number = published.number();
        let looked_at_anyway = [Queue::Vacant, Queue::Candidate, Queue::Failing];
        if !looked_at_anyway.into_iter().any(|queue| arrivals.queues.is_in(number, queue)) {
            arrivals.queues.put(number, Queue::Candidate);
        }
    }

    /// Drops a key; false if it has no circuit. Calls of its own that are still under way come late.
    pub(crate) fn forget(&self, key: &str) -> bool {
        let mut arrivals = unpoisoned(self.arrivals.lock());
        let Some(lookup) = self.find(&arrivals, key) else { return false };
        let number = lookup.published.number();
        let Some(circuit) = self.slots.circuit(number) else { return false };
        let queue = if circuit.vacate() { Queue::Vacant } else { Queue::Busy };
        let arrivals = &mut *arrivals;
        #[cfg(feature = "metrics")]
        self.note_departed(arrivals, circuit);
        self.index.remove(number, &arrivals.hashes);
        arrivals.queues.put(number, queue);
        true
    }

    /// Keeps what a key had counted that has lost its circuit, if somebody asks for it.
    #[cfg(feature = "metrics")]
    fn note_departed(&self, arrivals: &mut Arrivals, circuit: CircuitRef<'_>) {
        let departed = circuit.take_departed();
        if let (Some(departed), Some(kept)) = (departed, &mut arrivals.departed) {
            // Bounded, however many keys come and go before somebody looks: the latest are kept.
            if kept.len() >= self.slots.max().max(FEWEST_DEPARTED) {
                kept.pop_front();
            }
            kept.push_back(*departed);
        }
    }

    /// The keys that have lost their circuits since this was last asked, or the latest of them; none
    /// the first time.
    #[cfg(feature = "metrics")]
    pub(crate) fn departed(&self) -> VecDeque<Departed> {
        unpoisoned(self.arrivals.lock()).departed.replace(VecDeque::new()).unwrap_or_default()
    }

    /// The key's circuit, if it has one; looking at it doesn't count as use.
    pub(crate) fn peek(&self, key: &str) -> Option<Lookup<'_>> {
        let arrivals = unpoisoned(self.arrivals.lock());
        self.find(&arrivals, key)
    }

    /// A look-up for somebody who asks about a key, perhaps by what it is listed as.
    fn find(&self, arrivals: &Arrivals, key: &str) -> Option<Lookup<'_>> {
        let present = |key: &str| self.present(arrivals, key, self.hash(key));
        let may_be_listed = (LONGEST + 1..=MOST).contains(&key.len());
        let listed = if may_be_listed { present(key) } else { None };
        listed.or_else(|| self.known_as(key, present))
    }

    /// A look-up behind the lock, where every key is found.
    fn present(&self, _: &Arrivals, key: &str, hash: u64) -> Option<Lookup<'_>> {
        self.index.find(hash, |number| {
            let CircuitRef { published, .. } =
                self.slots.circuit(number).filter(|circuit| circuit.serves(key))?;
            Some(Lookup { published, stamp: published.stamp() })
        })
    }

    /// Changes the circuit that new keys take their settings from, and every other, while no new
    /// key can arrive.
    pub(crate) fn change_all(&self, root: CircuitRef<'_>, mut change: impl FnMut(CircuitRef<'_>)) {
        let mut arrivals = unpoisoned(self.arrivals.lock());
        change(root);
        for circuit in self.first(arrivals.hashes.len()) {
            change(circuit);
            if circuit.published.is_waited_for() {
                Self::look_again(&mut arrivals, circuit.published);
            }
        }
    }

    /// Every key that has a circuit, in no particular order; none comes or goes meanwhile.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let arrivals = unpoisoned(self.arrivals.lock());
        self.first(arrivals.hashes.len()).filter_map(|circuit| circuit.key()).collect()
    }

    /// Every circuit, in no particular order.
    pub(crate) fn circuits(&self) -> impl Iterator<Item = CircuitRef<'_>> {
        let made = unpoisoned(self.arrivals.lock()).hashes.len();
        self.first(made)
    }

    fn first(&self, made: usize) -> impl Iterator<Item = CircuitRef<'_>> {
        (0..made).filter_map(|number| self.slots.circuit(number))
    }
}

/// The search for the slot that is worth least: one without a key; closed circuits without failures
/// that nobody has asked for since the search last came by; then those with failures; then those
/// that aren't closed but whose wait is over and whose probes are answered.
struct Search<'a> {
    keys: &'a Keys,
    arrivals: &'a mut Arrivals,
    key: &'a str,
    rules: Rules,
    mode: Mode,
}

/// Whether a circuit that stands so may go to another key.
type MayGo = fn(Idleness) -> bool;

impl Search<'_> {
    /// Every slot that it looks at without taking it goes to another queue, or has been asked for
    /// since it last came by: so the steps of all searches together are no more than what has happened
    /// to the slots in between, and a new key takes amortised constant time.
    fn run(&mut self) -> Option<usize> {
        let healthy: MayGo = |idleness| idleness == Idleness::Healthy;
        let closed: MayGo = |idleness| matches!(idleness, Idleness::Healthy | Idleness::Failing);
        let settled: MayGo = |idleness| !matches!(idleness, Idleness::Until(_) | Idleness::Busy);
        self.look_at_a_failing_one();
        self.first(Queue::Vacant, settled)
            .or_else(|| self.first_idle(Queue::Candidate, healthy))
            .or_else(|| self.first_idle(Queue::Failing, closed))
            .or_else(|| {
                // Read under the lock, under which time doesn't go back.
                self.arrivals.queues.advance(clock::now());
                self.first(Queue::Settled, settled)
            })
    }

    /// The failing circuits have a look each in turn, one a search: one that has recovered is worth no
    /// more than others.
    fn look_at_a_failing_one(&mut self) {
        let Some(slot) = self.arrivals.queues.first(Queue::Failing) else { return };
        let Some(circuit) = self.keys.slots.circuit(slot) else { return };
        let failing = circuit.idleness() == Idleness::Failing;
        self.arrivals.queues.put(slot, if failing { Queue::Failing } else { Queue::Candidate });
    }

    /// The first circuit of a queue that is idle and may go: with a second chance for those that have
    /// been asked for (CLOCK), but no third one.
    fn first_idle(&mut self, queue: Queue, may_go: MayGo) -> Option<usize> {
        let mut first_spared = None;
        while let Some(slot) = self.arrivals.queues.first(queue) {
            let circuit = self.keys.slots.circuit(slot)?;
            if first_spared != Some(slot) && circuit.published.take_use() {
                first_spared = first_spared.or(Some(slot));
                self.arrivals.queues.put(slot, queue);
            } else if self.takes(slot, circuit, may_go) {
                return Some(slot);
            }
        }
        None
    }

    /// The first circuit of a queue that may go.
    fn first(&mut self, queue: Queue, may_go: MayGo) -> Option<usize> {
        while let Some(slot) = self.arrivals.queues.first(queue) {
            let circuit = self.keys.slots.circuit(slot)?;
            if self.takes(slot, circuit, may_go) {
                return Some(slot);
            }
        }
        None
    }

    /// Gives the slot to the key, or puts it where it belongs.
    fn takes(&mut self, slot: usize, circuit: CircuitRef<'_>, may_go: MayGo) -> bool {
        let Arrivals { hashes, queues, .. } = &mut *self.arrivals;
        match circuit.reassign(self.key, self.rules, self.mode, may_go) {
            Ok(had_key) => {
                if had_key {
                    self.keys.index.remove(slot, hashes);
                }
                circuit.published.touch();
                queues.put(slot, Queue::Candidate);
                #[cfg(feature = "metrics")]
                self.keys.note_departed(self.arrivals, circuit);
                return true;
            }
            Err(Idleness::Healthy) => queues.put(slot, Queue::Candidate),
            Err(Idleness::Failing) => queues.put(slot, Queue::Failing),
            Err(Idleness::Settled) => queues.put(slot, Queue::Settled),
            Err(Idleness::Until(until)) => queues.put_until(slot, until),
            Err(Idleness::Busy) => queues.put(slot, Queue::Busy),
        }
        false
    }
}
