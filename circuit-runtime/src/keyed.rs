//! One circuit per key, bounded.
//!
//! The circuits live in *slots*: made once, at most `max_keys` of them, never freed, and given to
//! another key when theirs has become idle. So a permit can hold a plain reference to its circuit
//! without counting references, and whoever has looked a key up just before its slot changed hands
//! is told so by the tenant's number (see `circuit`).

use std::fmt;
use std::sync::Arc;

use crate::circuit::{Circuit, Reassigned};
use crate::clock::{self, NEVER, Nanos};
use crate::config::Rules;
use crate::outcome::{Mode, State};
use crate::state::Machine;
use crate::sync::{AtomicU64, Mutex, Ordering, unpoisoned};

/// The circuits of one function's keys.
pub(crate) struct Keys {
    max: usize,
    /// Which slot serves a key, and as which of its tenants.
    map: papaya::HashMap<Arc<str>, Tenancy, foldhash::quality::RandomState>,
    arrivals: Mutex<Arrivals>,
    /// Until when no slot can become free by itself, so that looking for one would be in vain.
    full_until: AtomicU64,
}

/// A key's present right to a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenancy {
    pub(crate) circuit: &'static Circuit,
    pub(crate) tenant: u64,
}

/// What changes when a new key arrives.
struct Arrivals {
    slots: Vec<&'static Circuit>,
    /// Slots that have been made and not yet been used.
    spare: std::slice::Iter<'static, Circuit>,
    /// Where the search for an idle circuit goes on.
    hand: usize,
}

impl Keys {
    pub(crate) fn new(max_keys: u32) -> Self {
        Keys {
            max: max_keys as usize,
            map: papaya::HashMap::with_hasher(foldhash::quality::RandomState::default()),
            arrivals: Mutex::new(Arrivals { slots: Vec::new(), spare: [].iter(), hand: 0 }),
            full_until: AtomicU64::new(0),
        }
    }

    /// The circuit that serves a key, if one does.
    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<Tenancy> {
        let tenancy = self.peek(key)?;
        tenancy.circuit.touch();
        Some(tenancy)
    }

    /// Finds a circuit for a key that has none. `None`: all are taken by keys that may not be
    /// forgotten.
    ///
    /// `settings` are asked for under the lock, under which they are also changed for all keys.
    #[cold]
    pub(crate) fn arrive(
        &self,
        key: &str,
        settings: impl FnOnce() -> (Rules, Mode),
    ) -> Option<Tenancy> {
        let now = clock::now();
        if now < self.full_until.load(Ordering::Relaxed) {
            return None;
        }
        let mut arrivals = unpoisoned(self.arrivals.lock());
        if let Some(tenancy) = self.get(key) {
            return Some(tenancy);
        }
        let key = Arc::from(key);
        let (rules, mode) = settings();
        let slot = if arrivals.slots.len() < self.max {
            let slot = arrivals.spare(self.max, rules);
            slot.reassign(&key, rules, mode, |_, _| true);
            arrivals.slots.push(slot);
            slot
        } else {
            let Some((slot, from)) = arrivals.evict(&key, rules, mode) else {
                self.full_until.store(arrivals.full_until(now), Ordering::Relaxed);
                return None;
            };
            if let Some(from) = from {
                self.map.pin().remove(&from);
            }
            slot
        };
        let tenancy = Tenancy { circuit: slot, tenant: slot.tenant() };
        self.map.pin().insert(key, tenancy);
        Some(tenancy)
    }

    /// Some circuit has closed or been reset: one may be idle now.
    pub(crate) fn may_have_room(&self) {
        self.full_until.store(0, Ordering::Relaxed);
    }

    /// The key's circuit, if it has one; looking at it doesn't count as use.
    pub(crate) fn peek(&self, key: &str) -> Option<Tenancy> {
        self.map.pin().get(key).copied()
    }

    /// Changes the circuit that new keys take their settings from, and every other, while no new
    /// key can arrive.
    pub(crate) fn change_all(&self, root: &Circuit, mut change: impl FnMut(&Circuit)) {
        let arrivals = unpoisoned(self.arrivals.lock());
        change(root);
        arrivals.slots.iter().for_each(|slot| change(slot));
        self.may_have_room();
    }

    /// Every circuit, in no particular order.
    pub(crate) fn circuits(&self) -> Vec<&'static Circuit> {
        unpoisoned(self.arrivals.lock()).slots.clone()
    }

    pub(crate) fn keys(&self) -> Vec<Arc<str>> {
        self.map.pin().keys().cloned().collect()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("max", &self.max)
            .field("len", &self.map.len())
            .finish_non_exhaustive()
    }
}

/// Whether a circuit in this state may be given to another key.
type MayGo = fn(&Machine, Nanos) -> bool;

impl Arrivals {
    /// A slot that nobody has had. They are made by the slab, which spares the processor's tables
    /// of pages; the first slabs are small, since most functions see few keys.
    fn spare(&mut self, max: usize, rules: Rules) -> &'static Circuit {
        loop {
            if let Some(slot) = self.spare.next() {
                return slot;
            }
            let made = self.slots.len();
            let more = made.clamp(1, 64).min(max - made.min(max)).max(1);
            let slab: Vec<Circuit> = (0..more).map(|_| Circuit::new(rules)).collect();
            self.spare = Vec::leak(slab).iter();
        }
    }

    /// Gives the least valuable slot to the key: closed ones that nobody has used since the hand
    /// last came by, then any closed one, then one whose wait is over and whose probes are all
    /// answered.
    fn evict(
        &mut self,
        key: &Arc<str>,
        rules: Rules,
        mode: Mode,
    ) -> Option<(&'static Circuit, Option<Arc<str>>)> {
        let closed = |machine: &Machine, _: Nanos| machine.state() == State::Closed;
        let settled = |machine: &Machine, now: Nanos| {
            machine.rejects_until().is_none_or(|until| until <= now) && !machine.awaits_probes(now)
        };
        let passes: [(bool, MayGo); 3] = [(true, closed), (false, closed), (false, settled)];
        for (spare_recent, may_go) in passes {
            for _ in 0..self.slots.len() {
                let slot = self.slots[self.hand];
                self.hand = (self.hand + 1) % self.slots.len();
                if spare_recent && slot.take_use() {
                    continue;
                }
                let reassigned = slot.reassign(key, rules, mode, may_go);
                if let Reassigned::Given { from } = reassigned {
                    slot.touch();
                    return Some((slot, from));
                }
            }
        }
        None
    }

    /// When the first slot may become free by the mere passing of time; at once, if some call's end
    /// may free one.
    fn full_until(&self, now: Nanos) -> Nanos {
        self.slots.iter().map(|slot| slot.rejects_until().unwrap_or(now)).min().unwrap_or(NEVER)
    }
}
