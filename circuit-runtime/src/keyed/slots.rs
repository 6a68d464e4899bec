//! The slots: made when they are needed, never freed, never moved.

use once_cell::race::OnceBox;

use super::text::Text;
use crate::circuit::Circuit;
use crate::config::Rules;

/// A circuit, and whose it is.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Slot {
    pub(super) circuit: Circuit,
    pub(super) text: Text,
}

/// Slots by the slab, which spares the processor's tables of pages. The first slabs are small, since
/// most functions see few keys: slots 0, 1, 2 to 3, 4 to 7, … 32 to 63, then 64 each.
#[derive(Debug)]
pub(super) struct Slots {
    max: usize,
    slabs: Box<[OnceBox<Box<[Slot]>>]>,
}

const LARGEST: usize = 64;
/// The slabs that are smaller, with the first that isn't.
const SMALLER: usize = LARGEST.ilog2() as usize;

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        Slots { max, slabs: (0..=place(max).0).map(|_| OnceBox::new()).collect() }
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&Slot> {
        let (slab, offset) = place(number);
        self.slabs.get(slab)?.get()?.get(offset)
    }

    /// A slot, made with its slab if need be. `None`: one more than there may be.
    pub(super) fn get_or_make(&self, number: usize, rules: Rules) -> Option<&Slot> {
        let (slab, offset) = place(number);
        let first = number - offset;
        let room = first.clamp(1, LARGEST).min(self.max.checked_sub(first)?);
        let make =
            || (0..room).map(|_| Slot { text: Text::new(), circuit: Circuit::new(rules, true) });
        self.slabs.get(slab)?.get_or_init(|| Box::new(make().collect())).get(offset)
    }
}

/// The slab of a slot, and the offset in it.
#[inline]
fn place(number: usize) -> (usize, usize) {
    if number >= LARGEST {
        (SMALLER + number / LARGEST, number % LARGEST)
    } else if number == 0 {
        (0, 0)
    } else {
        let slab = number.ilog2() as usize;
        (slab + 1, number - (1 << slab))
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn there_are_as_many_slots_as_there_may_be() {
        let rules = Config::new().rules();
        for max in [1, 2, 3, 40, 64, 65, 150] {
            let slots = Slots::new(max);
            assert!(slots.get(0).is_none());
            for number in 0..max {
                let made: *const Slot = slots.get_or_make(number, rules).unwrap();
                let earlier = (0..number).map(|number| slots.get(number).unwrap());
                assert!(earlier.into_iter().all(|slot| !std::ptr::eq(slot, made)), "{number}");
            }
            assert!(slots.get_or_make(max, rules).is_none(), "{max}");
            let made: usize =
                slots.slabs.iter().filter_map(OnceBox::get).map(|slab| slab.len()).sum();
            assert_eq!(made, max);
        }
    }
}
