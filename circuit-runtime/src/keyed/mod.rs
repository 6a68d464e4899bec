//! One circuit per key, bounded.
//!
//! The circuits live in *slots*: made once, at most `max_keys` of them, never freed before their
//! breaker, and given to another key when theirs has become idle. So a permit can hold a plain
//! reference to its circuit without counting references, and whoever has looked a key up just
//! before its slot changed hands is told so by the tenant's number (see `circuit`).
//!
//! A call finds its circuit without a lock: `index` says which slots may be the key's, and the slot's
//! own `text` whether one is. Nothing is ever taken for another key's circuit; a call that finds
//! none, because there is none or because it is just being moved, asks again behind the lock.
//! A concurrent map of the usual kind alone costs as much as the whole call does so, since it has its
//! entries, its keys and the reclamation of both to look after (see `benches`).

mod index;
mod slots;
mod text;

pub(crate) use slots::Slots;
pub(crate) use text::Ends;

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use once_cell::race::OnceBox;

use crate::circuit::{Circuit, Front};
use crate::clock::{self, NEVER, Nanos};
use crate::config::Rules;
use crate::outcome::{Mode, State};
use crate::state::Machine;
use crate::sync::{AtomicU64, Mutex, Ordering, aside, unpoisoned};
use index::Index;

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
    arrivals: Mutex<Arrivals>,
    /// Until when no slot can become free by itself, so that looking for one would be in vain.
    full_until: AtomicU64,
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

/// In place of `full_until` while somebody looks for an idle circuit: a moment long past.
const LOOKING: Nanos = 1;

/// What changes when a new key arrives.
struct Arrivals {
    /// The hash of each slot's key.
    hashes: Vec<u64>,
    /// Where the search for an idle circuit goes on.
    hand: usize,
}

impl Keys {
    fn new(max_keys: u32) -> Self {
        Keys {
            hashers: hashers(),
            index: Index::new(),
            slots: Slots::new(max_keys as usize),
            arrivals: Mutex::new(Arrivals { hashes: Vec::new(), hand: 0 }),
            full_until: AtomicU64::new(0),
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
        self.get_further(key, self.hash(key))
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

    /// The circuit of a key, which may be new. `None`: all are taken by keys that may not be
    /// forgotten.
    ///
    /// `settings` are asked for under the lock, under which they are also changed for all keys.
    #[cold]
    pub(crate) fn arrive(
        &self,
        key: &str,
        settings: impl FnOnce() -> (Rules, Mode),
    ) -> Option<Tenancy<'_>> {
        let now = clock::now();
        let hash = self.hash(key);
        let mut arrivals = unpoisoned(self.arrivals.lock());
        if let Some(tenancy) = self.present(&arrivals, key, hash) {
            tenancy.front.touch();
            return Some(tenancy);
        }
        if now < self.full_until.load(Ordering::Relaxed) {
            return None;
        }
        let name = Arc::from(key);
        let (rules, mode) = settings();
        let next = arrivals.hashes.len();
        let number = if next < self.slots.max() {
            self.slots.get_or_make(next, rules)?.reassign(&name, rules, mode, |_, _| true);
            arrivals.hashes.push(hash);
            next
        } else {
            self.full_until.store(LOOKING, Ordering::Relaxed);
            let evicted = self.evict(&mut arrivals, &name, rules, mode);
            let until = evicted.map_or_else(|| self.full_until(&arrivals, now), |_| 0);
            // Fails if one has become idle since, which may have been overlooked.
            let _ = self.full_until.compare_exchange(
                LOOKING,
                until,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            let number = evicted?;
            self.index.remove(number, &arrivals.hashes);
            arrivals.hashes[number] = hash;
            number
        };
        let tenancy = self.slots.move_in(number, key);
        self.index.insert(number, &arrivals.hashes);
        tenancy
    }

    /// A circuit may have become idle. Who found it busy before learns of it (`arrive`), since the
    /// circuit has been locked in between.
    pub(crate) fn may_have_room(&self) {
        if self.full_until.load(Ordering::Relaxed) != 0 {
            // Before the exchange there, which fails, or after it.
            self.full_until.swap(0, Ordering::Relaxed);
        }
    }

    /// The key's circuit, if it has one; looking at it doesn't count as use.
    pub(crate) fn peek(&self, key: &str) -> Option<Tenancy<'_>> {
        let arrivals = unpoisoned(self.arrivals.lock());
        self.present(&arrivals, key, self.hash(key))
    }

    /// A look-up behind the lock, where every key is found.
    fn present(&self, _: &Arrivals, key: &str, hash: u64) -> Option<Tenancy<'_>> {
        self.index.find(hash, |number| {
            let Circuit { front, .. } =
                self.slots.circuit(number).filter(|circuit| circuit.serves(key))?;
            Some(Tenancy { front, tenant: front.tenant() })
        })
    }

    /// Changes the circuit that new keys take their settings from, and every other, while no new
    /// key can arrive.
    pub(crate) fn change_all(&self, root: Circuit<'_>, mut change: impl FnMut(Circuit<'_>)) {
        let arrivals = unpoisoned(self.arrivals.lock());
        change(root);
        self.first(arrivals.hashes.len()).for_each(change);
        self.may_have_room();
    }

    /// Every key that has a circuit, in no particular order; none comes or goes meanwhile.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let arrivals = unpoisoned(self.arrivals.lock());
        self.first(arrivals.hashes.len()).filter_map(|circuit| circuit.key()).collect()
    }

    /// Every circuit, in no particular order.
    pub(crate) fn circuits(&self) -> impl Iterator<Item = Circuit<'_>> {
        let made = unpoisoned(self.arrivals.lock()).hashes.len();
        self.first(made)
    }

    fn first(&self, made: usize) -> impl Iterator<Item = Circuit<'_>> {
        (0..made).filter_map(|number| self.slots.circuit(number))
    }

    /// Gives the least valuable slot to the key: closed ones that nobody has used since the hand
    /// last came by, then any closed one, then one whose wait is over and whose probes are all
    /// answered.
    fn evict(
        &self,
        arrivals: &mut Arrivals,
        key: &Arc<str>,
        rules: Rules,
        mode: Mode,
    ) -> Option<usize> {
        let closed = |machine: &Machine, _: Nanos| machine.state() == State::Closed;
        let settled = |machine: &Machine, now: Nanos| {
            machine.rejects_until().is_none_or(|until| until <= now) && !machine.awaits_probes(now)
        };
        let passes: [(bool, MayGo); 3] = [(true, closed), (false, closed), (false, settled)];
        for (spare_recent, may_go) in passes {
            for _ in 0..arrivals.hashes.len() {
                let number = arrivals.hand;
                arrivals.hand = (number + 1) % arrivals.hashes.len();
                let circuit = self.slots.circuit(number)?;
                if spare_recent && circuit.front.take_use() {
                    continue;
                }
                if circuit.reassign(key, rules, mode, may_go) {
                    circuit.front.touch();
                    return Some(number);
                }
            }
        }
        None
    }

    /// When the first slot may become free by the mere passing of time; at once, if some call's end
    /// may free one.
    fn full_until(&self, arrivals: &Arrivals, now: Nanos) -> Nanos {
        let circuits = self.first(arrivals.hashes.len());
        circuits.map(|circuit| circuit.rejects_until().unwrap_or(now)).min().unwrap_or(NEVER)
    }
}

/// Whether a circuit in this state may be given to another key.
type MayGo = fn(&Machine, Nanos) -> bool;

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;
    use crate::Config;
    use crate::state::Verdict;
    use crate::test_util::freeze;
    use crate::window::Mark;

    const RULES: Config = Config::new().threshold(1);

    fn arrive<'a>(keys: &'a Keys, key: &str) -> Option<Tenancy<'a>> {
        keys.arrive(key, || (RULES.rules(), Mode::Normal))
    }

    fn known<'a>(keys: &'a Keys, key: &str) -> Circuit<'a> {
        keys.circuit(keys.get(key).unwrap().1.front).unwrap()
    }

    fn open(circuit: Circuit<'_>) {
        let failure = Verdict::Judged(Mark { failure: true, slow: false });
        let ticket = circuit.front.quick().expect("it is closed");
        let recorded =
            circuit.record("test", ticket.epoch(), &clock::Moment::default(), |_| failure);
        assert!(recorded.is_ok_and(|(_, transition)| transition.is_some()));
    }

    #[test]
    fn a_known_key_is_found_without_the_lock() {
        let keys = Keys::new(100);
        let name =
            |number: usize| format!("{number:0len$}", len = [3, 8, 20, 32, 33, 288][number % 6]);
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

    #[test]
    fn an_idle_circuit_is_looked_for_in_vain_once_a_wait_and_again_when_one_may_be_idle() {
        let _time = freeze();
        let keys = Keys::new(2);
        for key in ["a", "b"] {
            arrive(&keys, key).unwrap();
            open(known(&keys, key));
        }
        assert!(arrive(&keys, "c").is_none());
        let until = known(&keys, "a").rejects_until().unwrap();
        assert_eq!(keys.full_until.load(Ordering::Relaxed), until);
        known(&keys, "b").reset("test");
        assert!(arrive(&keys, "c").is_none());
        keys.may_have_room();
        assert!(arrive(&keys, "c").is_some());
        assert_eq!(keys.full_until.load(Ordering::Relaxed), 0);
    }
}
