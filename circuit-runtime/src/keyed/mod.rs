//! One circuit per key, bounded.
//!
//! The circuits live in *slots*: made once, at most `max_keys` of them, never freed before their
//! breaker, and reassigned to another key when idle. So a permit can hold a plain reference to its
//! circuit, without a reference count. A call that has looked a key up just before its slot was
//! reassigned notices by the stamp (see `circuit`).
//!
//! Keys are inserted and evicted under a lock (`entries`). Which slot a new key takes over is
//! decided by `eviction` and `queues`, in amortised constant time.
//!
//! A call finds its circuit without a lock: the key table says which slots may be the key's, and
//! the slot's `text` whether one is. A call never takes another key's circuit for its own. If it
//! finds none, because there is none or because an entry is being moved, it looks again under the
//! lock.
//!
//! *Why not a concurrent map.* With its own table, slots and sequence-locked texts a whole call by one
//! of 10,000 keys takes less time than a look-up in the map papaya alone (the guide's page *Performance*). The simple
//! alternative is a concurrent map from a key to an `Arc` of its circuit.

mod entries;
mod eviction;
mod long;
mod queues;
mod slots;
mod text;

pub(crate) use long::LONGEST;
pub(crate) use slots::Slots;
pub(crate) use text::ShortKey;

#[cfg(feature = "metrics")]
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use once_cell::race::OnceBox;

#[cfg(feature = "metrics")]
use crate::circuit::Departed;
use crate::circuit::{CircuitRef, Published};
use crate::config::Rules;
use crate::counters::Totals;
use crate::error::KeyId;
use crate::primitives::key_table::KeyTable;
use crate::primitives::seq_lock::generation;
use crate::primitives::sync::{Mutex, cold_path};
use long::Shortener;
use queues::Queues;

// The model checker has to find the same table in each execution.
#[cfg(circuit_loom)]
use foldhash::quality::FixedState as RandomState;
#[cfg(not(circuit_loom))]
use foldhash::quality::RandomState;

/// Two hashers with seeds of their own.
fn hashers() -> [RandomState; 2] {
    #[cfg(circuit_loom)]
    return [RandomState::with_seed(0), RandomState::with_seed(1)];
    #[cfg(not(circuit_loom))]
    [RandomState::default(), RandomState::default()]
}

/// The circuits of one breaker's keys.
pub(crate) struct Keys {
    /// One for each half of a short key.
    hashers: [RandomState; 2],
    table: KeyTable,
    slots: Slots,
    shortener: Shortener,
    entries: Mutex<Entries>,
}

/// What changes when a key is inserted or evicted.
#[derive(Debug)]
struct Entries {
    /// The hash of each slot's key, as far as the key table uses it.
    hashes: Vec<u32>,
    /// Which slot the next new key gets.
    queues: Queues,
    /// Evicted and forgotten keys, for the metrics. `None`: nobody has asked for them.
    #[cfg(feature = "metrics")]
    departed: Option<VecDeque<Departed>>,
}

impl Entries {
    fn new() -> Self {
        Entries {
            hashes: Vec::new(),
            queues: Queues::new(),
            #[cfg(feature = "metrics")]
            departed: None,
        }
    }
}

/// [`Keys`], made at first use: a constant can't make them.
pub(crate) struct KeysOnDemand {
    keys: OnceBox<Keys>,
    /// `None` without `key`.
    max: Option<u32>,
}

impl KeysOnDemand {
    pub(crate) const fn new(max: Option<u32>) -> Self {
        KeysOnDemand { keys: OnceBox::new(), max }
    }

    /// `code` are the rules of the code. `None`: there is no `key`.
    pub(crate) fn get(&self, code: &Rules) -> Option<&Keys> {
        let max = self.max?;
        Some(self.keys.get_or_init(|| Box::new(Keys::new(max, *code))))
    }

    /// `None`: nobody has asked yet, or there is no `key`.
    #[inline]
    pub(crate) fn made(&self) -> Option<&Keys> {
        self.keys.get()
    }
}

/// An optimistic look-up: valid while the stamp is unchanged, which a caller without the lock has
/// to check. Two words, so that it is returned in registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) published: &'a Published,
    pub(crate) stamp: u64,
}

impl Lookup<'_> {
    fn numbered(self) -> (usize, Self) {
        (self.published.number(), self)
    }
}

impl Keys {
    fn new(max_keys: u32, code: Rules) -> Self {
        Keys {
            hashers: hashers(),
            table: KeyTable::new(),
            slots: Slots::new(max_keys as usize, code),
            shortener: Shortener::default(),
            entries: Mutex::new(Entries::new()),
        }
    }

    /// The circuit that serves a key, and its number, without the lock. `None`: there is none, or
    /// only the lock can tell.
    ///
    /// The number comes from the key table, not from the circuit: a call by one of many keys waits
    /// for the circuit's cache line, and with the number the processor fetches its counter
    /// meanwhile.
    #[expect(clippy::inline_always, reason = "its answer is costly to return")]
    #[inline(always)]
    pub(crate) fn get(&self, key: &str) -> Option<(usize, Lookup<'_>)> {
        let (number, lookup) = if let Some(short) = ShortKey::of(key) {
            self.get_short(key, short)?
        } else {
            cold_path();
            self.get_any(key)?.numbered()
        };
        lookup.published.touch();
        Some((number, lookup))
    }

    /// [`Keys::get`] for a short key. Most are found at the first probe, without a loop or a call.
    #[expect(clippy::inline_always, reason = "its answer is costly to return")]
    #[inline(always)]
    fn get_short(&self, key: &str, short: ShortKey) -> Option<(usize, Lookup<'_>)> {
        let hash = short.hash(key.len(), self.hashers());
        if let Some(number) = self.table.first_probe(hash) {
            if let Some(lookup) = self.slots.find_short(number, short, key.len()) {
                return Some((number, lookup));
            }
        }
        cold_path();
        Some(self.get_further(key, hash)?.numbered())
    }

    /// [`Keys::get`] for a key of any length.
    #[inline(never)]
    fn get_any(&self, key: &str) -> Option<Lookup<'_>> {
        self.known_as(key, |key| self.get_further(key, self.hash(key)))
    }

    /// Calls `f` with what a key is known as: itself, unless it is too long.
    pub(crate) fn known_as<O>(&self, key: &str, f: impl FnOnce(&str) -> O) -> O {
        if key.len() <= LONGEST { f(key) } else { f(self.shortener.shorten(key).as_str()) }
    }

    /// Probes the key table beyond the first position.
    #[inline(never)]
    fn get_further(&self, key: &str, hash: u64) -> Option<Lookup<'_>> {
        self.table.find(hash, |number| self.slots.find(number, key))
    }

    /// The circuit with this published part.
    #[inline]
    pub(crate) fn circuit(&self, published: &Published) -> Option<CircuitRef<'_>> {
        let circuit = self.slots.circuit(published.number());
        debug_assert!(circuit.is_none_or(|circuit| std::ptr::eq(circuit.published, published)));
        circuit
    }

    /// Identifies this assignment of a circuit to a key among all assignments that this breaker
    /// will ever make.
    pub(crate) fn id(&self, Lookup { published, stamp }: Lookup<'_>) -> KeyId {
        let (slot, slots) = (published.number() as u64, self.slots.max() as u64);
        KeyId(generation(stamp).saturating_mul(slots).saturating_add(slot + 1))
    }

    /// The key that had this id, if it still has it.
    pub(crate) fn key_of(&self, id: KeyId) -> Option<Arc<str>> {
        let (generation, circuit) = self.assigned(id)?;
        circuit.key_of(generation)
    }

    /// The circuit of the key that had this id, if it still has it.
    pub(crate) fn circuit_of(&self, id: KeyId) -> Option<CircuitRef<'_>> {
        let (generation, circuit) = self.assigned(id)?;
        circuit.key_of(generation).map(|_| circuit)
    }

    fn assigned(&self, KeyId(id): KeyId) -> Option<(u64, CircuitRef<'_>)> {
        let slots = self.slots.max() as u64;
        let (generation, slot) = (id.checked_sub(1)? / slots, (id - 1) % slots);
        Some((generation, self.slots.circuit(usize::try_from(slot).ok()?)?))
    }

    /// Counts a success of the circuit with this number.
    #[inline]
    pub(crate) fn count_success(&self, number: usize) {
        self.slots.count_success(number);
    }

    /// What all circuits have counted, but for what is in shards of time windows.
    pub(crate) fn totals(&self) -> Totals {
        self.slots.totals()
    }

    fn hash(&self, key: &str) -> u64 {
        if let Some(short) = ShortKey::of(key) {
            return short.hash(key.len(), self.hashers());
        }
        let [mut hasher, _] = self.hashers();
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    #[inline]
    fn hashers(&self) -> [impl Hasher; 2] {
        self.hashers.each_ref().map(RandomState::build_hasher)
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;
    use crate::outcome::Modes;
    use crate::{Config, Mode};

    const RULES: Config = Config::new().threshold(1);

    fn get_or_insert<'a>(keys: &'a Keys, key: &str) -> Option<Lookup<'a>> {
        keys.get_or_insert(key, || (None, Modes::of(Mode::Normal)))
    }

    #[test]
    fn a_known_key_is_found_without_the_lock() {
        let keys = Keys::new(100, RULES.rules());
        let name =
            |number: usize| format!("{number:0len$}", len = [3, 8, 20, 32, 33, 256][number % 6]);
        let names: Vec<_> = (0..100).map(name).collect();
        let arrived = |name: &String| get_or_insert(&keys, name).unwrap();
        let arrived: Vec<_> = names.iter().map(arrived).collect();
        let _lock = keys.entries.lock();
        for (name, arrived) in names.iter().zip(arrived) {
            let (number, found) = keys.get(name).unwrap();
            assert_eq!(number, found.published.number());
            assert!(
                std::ptr::eq(found.published, arrived.published) && found.stamp == arrived.stamp
            );
            assert_eq!(
                keys.circuit(found.published).unwrap().key().as_deref(),
                Some(name.as_str())
            );
        }
        assert!(["4", "a key of its own"].iter().all(|key| keys.get(key).is_none()));
        assert_ne!(keys.hash("a"), keys.hash("b"));
    }

    /// What is found doesn't depend on it, but what a call costs does: texts that begin and end
    /// alike are spread over the table as others are.
    #[test]
    fn most_short_keys_are_found_at_the_first_probe() {
        let forms: [fn(usize) -> String; 4] = [
            |number| format!("{number:08}"),
            |number| format!("{number:08}{number:08}"),
            |number| format!("host-{number}.example.com"),
            |number| format!("{number:->32}"),
        ];
        for form in forms {
            let keys = Keys::new(1_024, RULES.rules());
            let names: Vec<_> = (0..1_024).map(form).collect();
            for name in &names {
                get_or_insert(&keys, name).unwrap();
            }
            let at_once = names.iter().filter(|name| {
                let short = ShortKey::of(name).expect("it has no more");
                let hash = short.hash(name.len(), keys.hashers());
                let found = keys.table.first_probe(hash);
                found.and_then(|number| keys.slots.find_short(number, short, name.len())).is_some()
            });
            let at_once = at_once.count();
            assert!((690..850).contains(&at_once), "{at_once} of 1024 like {}", names[0]);
        }
    }
}
