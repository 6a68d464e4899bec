//! Which slot a new key takes over.

use super::queues::Queue;
use super::{Entries, Keys};
use crate::circuit::CircuitRef;
use crate::circuit::machine::Idleness;
use crate::config::ChangedRules;
use crate::outcome::Modes;
use crate::primitives::clock;

/// Takes a slot from the key that is worth least, for a new key. In this order: slots without a
/// key; closed circuits without failures that weren't used lately (by CLOCK); closed circuits
/// with failures that weren't; circuits that aren't closed, but whose wait is over and whose probes are
/// answered.
pub(super) struct Eviction<'a> {
    pub(super) keys: &'a Keys,
    pub(super) entries: &'a mut Entries,
    pub(super) key: &'a str,
    pub(super) changed: ChangedRules,
    pub(super) modes: Modes,
}

/// Whether a circuit that is this idle may go to another key.
type MayGo = fn(Idleness) -> bool;

impl Eviction<'_> {
    /// The slot, whose circuit serves the new key by then. `None`: no circuit may go.
    ///
    /// Amortised constant time: each look at a slot takes it, moves it to another queue or clears
    /// its bit of CLOCK. Only a call or a change of state can undo that.
    pub(super) fn run(&mut self) -> Option<usize> {
        let healthy: MayGo = |idleness| idleness == Idleness::Healthy;
        let closed: MayGo = |idleness| matches!(idleness, Idleness::Healthy | Idleness::Failing);
        let unless_busy: MayGo =
            |idleness| !matches!(idleness, Idleness::Until(_) | Idleness::Busy);
        self.recheck_one_failing();
        self.evict_first(Queue::Vacant, unless_busy)
            .or_else(|| self.evict_by_clock(Queue::Candidate, healthy))
            .or_else(|| self.evict_by_clock(Queue::Failing, closed))
            .or_else(|| {
                // Read under the lock, under which time doesn't go back.
                self.entries.queues.advance(clock::now());
                self.evict_first(Queue::WaitOver, unless_busy)
            })
    }

    /// Rechecks one failing circuit at each eviction, in turn: one that has recovered becomes a
    /// candidate.
    fn recheck_one_failing(&mut self) {
        let Some(slot) = self.entries.queues.first(Queue::Failing) else { return };
        let Some(circuit) = self.keys.slots.circuit(slot) else { return };
        let failing = circuit.idleness() == Idleness::Failing;
        self.entries.queues.put(slot, if failing { Queue::Failing } else { Queue::Candidate });
    }

    /// The first circuit of a queue that may go, by CLOCK: one that was used gets a second chance,
    /// but no third one.
    fn evict_by_clock(&mut self, queue: Queue, may_go: MayGo) -> Option<usize> {
        let mut first_spared = None;
        while let Some(slot) = self.entries.queues.first(queue) {
            let circuit = self.keys.slots.circuit(slot)?;
            if first_spared != Some(slot) && circuit.published.take_referenced() {
                first_spared = first_spared.or(Some(slot));
                self.entries.queues.put(slot, queue);
            } else if self.try_evict(slot, circuit, may_go) {
                return Some(slot);
            }
        }
        None
    }

    /// The first circuit of a queue that may go.
    fn evict_first(&mut self, queue: Queue, may_go: MayGo) -> Option<usize> {
        while let Some(slot) = self.entries.queues.first(queue) {
            let circuit = self.keys.slots.circuit(slot)?;
            if self.try_evict(slot, circuit, may_go) {
                return Some(slot);
            }
        }
        None
    }

    /// Gives the slot to the new key, or moves it to the queue where it belongs.
    fn try_evict(&mut self, slot: usize, circuit: CircuitRef<'_>, may_go: MayGo) -> bool {
        let Entries { hashes, queues, .. } = &mut *self.entries;
        match circuit.reassign(self.key, self.changed.clone(), self.modes, may_go) {
            Ok(had_key) => {
                if had_key {
                    self.keys.table.remove(slot, hashes);
                }
                circuit.published.touch();
                queues.put(slot, Queue::Candidate);
                #[cfg(feature = "metrics")]
                self.keys.note_departed(self.entries, circuit);
                return true;
            }
            Err(Idleness::Healthy) => queues.put(slot, Queue::Candidate),
            Err(Idleness::Failing) => queues.put(slot, Queue::Failing),
            Err(Idleness::WaitOver) => queues.put(slot, Queue::WaitOver),
            Err(Idleness::Until(until)) => queues.put_until(slot, until),
            Err(Idleness::Busy) => queues.put(slot, Queue::Busy),
        }
        false
    }
}
