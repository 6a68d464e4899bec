//! One circuit per key, bounded.
//!
//! The circuits live in *slots*: made once, at most `max_keys` of them, never freed before their
//! breaker, and given to another key when theirs has become idle. So a permit can hold a plain
//! reference to its circuit without counting references, and whoever has looked a key up just
//! before its slot changed hands is told so by the tenant's number (see `circuit`).
//!
//! Which slot a new key gets is a matter of queues, under the lock of the arrivals (`arrivals`,
//! `queues`): it is found in amortised constant time, whatever the others are doing.
//!
//! A call finds its circuit without a lock: `key_table` says which slots may be the key's, and the slot's
//! own `text` whether one is. Nothing is ever taken for another key's circuit; a call that finds
//! none, because there is none or because it is just being moved, asks again behind the lock.
//! A concurrent map of the usual kind alone costs as much as the whole call does so, since it has its
//! entries, its keys and the reclamation of both to look after (see `benches`).

mod arrivals;
mod long;
mod queues;
mod slots;
mod text;

pub(crate) use long::LONGEST;
pub(crate) use slots::Slots;
pub(crate) use text::Ends;

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use once_cell::race::OnceBox;

use crate::circuit::{Circuit, Front};
use crate::error::KeyId;
use crate::primitives::key_table::Index;
use crate::primitives::sync::{Mutex, aside};
use arrivals::Arrivals;
use long::Shortener;

// The model checker has to find the same table in each execution.
#[cfg(circuit_loom)]
use foldhash::quality::FixedState as RandomState;
#[cfg(not(circuit_loom))]
use foldhash::quality::RandomState;

/// Two of their own seeds.
fn hashers() -> [RandomState; 2] {
    #[cfg(circuit_loom)]
    return [RandomState::with_seed(0), RandomState::with_seed(1)];
    #[cfg(not(circuit_loom))]
    [RandomState::default(), RandomState::default()]
}

/// The circuits of one function's keys.
pub(crate) struct Keys {
    /// One for each half of a key's ends.
    hashers: [RandomState; 2],
    index: Index,
    slots: Slots,
    shortener: Shortener,
    arrivals: Mutex<Arrivals>,
}

/// The same, made when somebody first asks: a constant can't make them.
pub(crate) struct KeysOnDemand {
    keys: OnceBox<Keys>,
    /// None where there is no `key`.
    max: Option<u32>,
}

impl KeysOnDemand {
    pub(crate) const fn new(max: Option<u32>) -> Self {
        KeysOnDemand { keys: OnceBox::new(), max }
    }

    /// `None`: there is no `key`.
    pub(crate) fn get(&self) -> Option<&Keys> {
        let max = self.max?;
        Some(self.keys.get_or_init(|| Box::new(Keys::new(max))))
    }

    /// `None`: nobody has asked yet, or there is no `key`.
    #[inline]
    pub(crate) fn made(&self) -> Option<&Keys> {
        self.keys.get()
    }
}

/// A key's right to a slot, if the front's tenant still is this one: to be asked by whoever was given
/// this without the lock. Two words, so that it is handed over in registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenancy<'a> {
    pub(crate) front: &'a Front,
    pub(crate) tenant: u64,
}

impl Tenancy<'_> {
    fn numbered(self) -> (usize, Self) {
        (self.front.number(), self)
    }
}

impl Keys {
    fn new(max_keys: u32) -> Self {
        Keys {
            hashers: hashers(),
            index: Index::new(),
            slots: Slots::new(max_keys as usize),
            shortener: Shortener::default(),
            arrivals: Mutex::new(Arrivals::new()),
        }
    }

    /// The circuit that served a key just now, and its number. `None`: there was none, or it can't be
    /// told without the lock.
    ///
    /// The number is the index's, not read from the front: the front's cache line is the one that a
    /// call by one of many keys waits for, and with the number in hand the call's counter is fetched
    /// meanwhile.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn get(&self, key: &str) -> Option<(usize, Tenancy<'_>)> {
        let (number, tenancy) = if let Some(ends) = Ends::of(key) {
            self.get_by_ends(key, ends)?
        } else {
            aside();
            self.get_any(key)?.numbered()
        };
        tenancy.front.touch();
        Some((number, tenancy))
    }

    /// The same for a key of no more than these ends. Most are found at the first look, which is
    /// without a loop and without a call.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    fn get_by_ends(&self, key: &str, ends: Ends) -> Option<(usize, Tenancy<'_>)> {
        let hash = ends.hash(key.len(), self.hashers());
        if let Some(number) = self.index.at_home(hash) {
            if let Some(tenancy) = self.slots.find_by_ends(number, ends, key.len()) {
                return Some((number, tenancy));
            }
        }
        aside();
        Some(self.get_further(key, hash)?.numbered())
    }

    /// The same for a key of any length.
    #[inline(never)]
    fn get_any(&self, key: &str) -> Option<Tenancy<'_>> {
        self.known_as(key, |key| self.get_further(key, self.hash(key)))
    }

    /// Calls `f` with what a key is known as: itself, unless it is too long.
    pub(crate) fn known_as<O>(&self, key: &str, f: impl FnOnce(&str) -> O) -> O {
        if key.len() <= LONGEST { f(key) } else { f(self.shortener.shorten(key).as_str()) }
    }

    /// The same, wherever in the index it stands.
    #[inline(never)]
    fn get_further(&self, key: &str, hash: u64) -> Option<Tenancy<'_>> {
        self.index.find(hash, |number| self.slots.find(number, key))
    }

    /// The circuit of which this is the front.
    #[inline]
    pub(crate) fn circuit(&self, front: &Front) -> Option<Circuit<'_>> {
        let circuit = self.slots.circuit(front.number());
        debug_assert!(circuit.is_none_or(|circuit| std::ptr::eq(circuit.front, front)));
        circuit
    }

    /// What tells the time that this tenant has its circuit from all others: which one of all that the
    /// slots will ever have it is, so that nothing has to be cut off.
    pub(crate) fn id(&self, Tenancy { front, tenant }: Tenancy<'_>) -> KeyId {
        let (slot, slots) = (front.number() as u64, self.slots.max() as u64);
        KeyId((tenant / 2).saturating_mul(slots).saturating_add(slot + 1))
    }

    /// The key that had this id, if it still has it.
    pub(crate) fn key_of(&self, KeyId(id): KeyId) -> Option<Arc<str>> {
        let slots = self.slots.max() as u64;
        let (tenant, slot) = (id.checked_sub(1)? / slots, (id - 1) % slots);
        self.slots.circuit(usize::try_from(slot).ok()?)?.key_of(tenant)
    }

    /// Counts a success of the circuit of this number.
    #[inline]
    pub(crate) fn count_success(&self, number: usize) {
        self.slots.count_success(number);
    }

    fn hash(&self, key: &str) -> u64 {
        if let Some(ends) = Ends::of(key) {
            return ends.hash(key.len(), self.hashers());
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
    use crate::{Config, Mode};

    const RULES: Config = Config::new().threshold(1);

    fn arrive<'a>(keys: &'a Keys, key: &str) -> Option<Tenancy<'a>> {
        keys.arrive(key, || (RULES.rules(), Mode::Normal))
    }

    #[test]
    fn a_known_key_is_found_without_the_lock() {
        let keys = Keys::new(100);
        let name =
            |number: usize| format!("{number:0len$}", len = [3, 8, 20, 32, 33, 256][number % 6]);
        let names: Vec<_> = (0..100).map(name).collect();
        let arrived = |name: &String| arrive(&keys, name).unwrap();
        let arrived: Vec<_> = names.iter().map(arrived).collect();
        let _lock = keys.arrivals.lock();
        for (name, arrived) in names.iter().zip(arrived) {
            let (number, found) = keys.get(name).unwrap();
            assert_eq!(number, found.front.number());
            assert!(std::ptr::eq(found.front, arrived.front) && found.tenant == arrived.tenant);
            assert_eq!(keys.circuit(found.front).unwrap().key().as_deref(), Some(name.as_str()));
        }
        assert!(["4", "a key of its own"].iter().all(|key| keys.get(key).is_none()));
        assert_ne!(keys.hash("a"), keys.hash("b"));
    }

    /// Which has nothing to do with what is found, but with what a call costs: texts whose ends are
    /// alike are as far from each other in the index as others.
    #[test]
    fn most_keys_of_no_more_than_their_ends_are_found_at_the_first_look() {
        let forms: [fn(usize) -> String; 4] = [
            |number| format!("{number:08}"),
            |number| format!("{number:08}{number:08}"),
            |number| format!("host-{number}.example.com"),
            |number| format!("{number:->32}"),
        ];
        for form in forms {
            let keys = Keys::new(1_024);
            let names: Vec<_> = (0..1_024).map(form).collect();
            for name in &names {
                arrive(&keys, name).unwrap();
            }
            let at_once = names.iter().filter(|name| {
                let ends = Ends::of(name).expect("it has no more");
                let hash = ends.hash(name.len(), keys.hashers());
                let found = keys.index.at_home(hash);
                found.and_then(|number| keys.slots.find_by_ends(number, ends, name.len())).is_some()
            });
            let at_once = at_once.count();
            assert!((690..850).contains(&at_once), "{at_once} of 1024 like {}", names[0]);
        }
    }
}
