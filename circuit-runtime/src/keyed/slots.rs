//! The slots: made on demand, never freed, never moved.

use std::array;

use once_cell::race::OnceBox;

use super::Lookup;
use super::text::{Middle, ShortKey, Text};
use crate::circuit::{CircuitRef, Locked, OfAllKeys, Published};
use crate::config::Rules;
use crate::counters::{Count, KeyCounters, Totals};

/// What calls read of a circuit, and the text of its key: what every call reads is on one cache
/// line.
#[derive(Debug)]
#[repr(C, align(128))]
struct Slot {
    published: Published,
    text: Text,
}

#[cfg(all(target_pointer_width = "64", not(circuit_loom)))]
const _: () = assert!(size_of::<Slot>() == 128);

/// Some slots. The rest of their circuits is kept apart, so that what calls by many keys read is on
/// few pages.
#[derive(Debug)]
struct Slab {
    slots: [Slot; TOGETHER],
    locked: [OnceBox<Locked>; TOGETHER],
    middles: [Middle; TOGETHER],
}

/// Slots in a slab.
const TOGETHER: usize = 32;

/// All slots, and what their circuits have in common.
#[derive(Debug)]
pub(crate) struct Slots {
    slabs: Box<[OnceBox<Slab>]>,
    of_all: OfAllKeys,
}

impl Slots {
    pub(crate) fn new(max: usize, code: Rules) -> Self {
        let slabs = (0..max.div_ceil(TOGETHER)).map(|_| OnceBox::new()).collect();
        Slots { slabs, of_all: OfAllKeys { code, counters: KeyCounters::new(), max } }
    }

    /// The most slots there may be.
    pub(super) fn max(&self) -> usize {
        self.of_all.max
    }

    #[inline]
    fn slab(&self, number: usize) -> Option<&Slab> {
        self.slabs.get(number / TOGETHER)?.get()
    }

    /// The slot, if it is this key's. `None`: it isn't, or its text is being replaced.
    pub(crate) fn find(&self, number: usize, key: &str) -> Option<Lookup<'_>> {
        self.find_if(number, |text, middle| text.is(key, middle))
    }

    /// [`Slots::find`] for a short key of this length.
    #[inline]
    pub(crate) fn find_short(
        &self,
        number: usize,
        short: ShortKey,
        len: usize,
    ) -> Option<Lookup<'_>> {
        self.find_if(number, |text, _| text.has(short, len))
    }

    #[inline]
    fn find_if(
        &self,
        number: usize,
        is: impl FnOnce(&Text, &Middle) -> bool,
    ) -> Option<Lookup<'_>> {
        let slab = self.slab(number)?;
        let Slot { published, text } = &slab.slots[number % TOGETHER];
        let middle = &slab.middles[number % TOGETHER];
        let stamp = published.key_lock.read_if(|| is(text, middle))?;
        Some(Lookup { published, stamp })
    }

    /// Publishes the text of the key that a slot's circuit was reassigned to, so that look-ups find
    /// it. One thread at a time; `reassign` has invalidated the text of the key before.
    pub(crate) fn publish_key(&self, number: usize, key: &str) -> Option<Lookup<'_>> {
        let slab = self.slab(number)?;
        let Slot { published, text } = &slab.slots[number % TOGETHER];
        let middle = &slab.middles[number % TOGETHER];
        let stamp = published.key_lock.write(|| text.replace(key, middle));
        Some(Lookup { published, stamp })
    }

    /// The circuit of a slot, with all its parts.
    #[inline]
    pub(super) fn circuit(&self, number: usize) -> Option<CircuitRef<'_>> {
        let slab = self.slab(number)?;
        let locked = slab.locked[number % TOGETHER].get()?;
        let published = &slab.slots[number % TOGETHER].published;
        Some(CircuitRef::of_key(published, locked, &self.of_all, number))
    }

    /// Counts a success of the circuit of a slot.
    #[inline]
    pub(super) fn count_success(&self, number: usize) {
        self.of_all.counters.bump(Count::Successes, self.of_all.key(number));
    }

    /// What all circuits have counted, but for what is in shards of time windows.
    pub(super) fn totals(&self) -> Totals {
        self.of_all.counters.sum()
    }

    /// The circuit of a slot, made if need be. `None`: there may not be that many.
    pub(crate) fn get_or_make(&self, number: usize) -> Option<CircuitRef<'_>> {
        let (slab, offset) = (number / TOGETHER, number % TOGETHER);
        let make = || Box::new(Slab::new(number - offset, &self.of_all.code));
        let slab = self.slabs.get(slab)?.get_or_init(make);
        slab.locked[offset].get_or_init(|| Box::new(Locked::new(&self.of_all.code, true)));
        self.circuit(number)
    }
}

impl Slab {
    fn new(first: usize, rules: &Rules) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "there are at most a million")]
        let published = |offset| Published::new(rules, true, (first + offset) as u32);
        Slab {
            slots: array::from_fn(|offset| Slot {
                published: published(offset),
                text: Text::new(),
            }),
            locked: [const { OnceBox::new() }; TOGETHER],
            middles: [const { Middle::new() }; TOGETHER],
        }
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn every_slot_has_a_circuit_and_counters_of_its_own() {
        let rules = Config::new().rules();
        let counted = |slots: &Slots, number| {
            let totals = slots.circuit(number).unwrap().view().counts.of_all_keys();
            [Count::Successes, Count::Late, Count::Failures].map(|count| totals.get(count))
        };
        for max in [1, 2, 31, 32, 33, 150] {
            let slots = Slots::new(max, rules);
            for number in 0..max {
                assert!(slots.circuit(number).is_none());
                let made = slots.get_or_make(number).unwrap();
                assert_eq!(made.published.number(), number);
                made.bump(Count::Successes);
                made.bump(Count::Late);
                slots.count_success(number);
                assert!((0..=number).all(|number| counted(&slots, number) == [2, 1, 0]));
            }
            assert!(slots.get_or_make(max.next_multiple_of(TOGETHER)).is_none(), "{max}");
        }
    }
}
