//! From a key's hash to the numbers of the slots that may be the key's.
//!
//! A table with linear probing, at most half full. One thread at a time changes it, for which it is
//! exact. To those who read meanwhile it is a hint: they may miss an entry that is being moved, and
//! may find one whose slot has changed hands. The slot itself says whose it is (`text`), and who
//! finds none asks behind the lock.
//!
//! # Atomic orderings
//!
//! Entries are relaxed: nothing hangs on them. `current` is released by the thread that has filled a
//! larger table.

use once_cell::race::OnceBox;

use crate::primitives::sync::{AtomicU32, Ordering};

/// Entries of the first table; each further one has twice as many, down to the last, which is half
/// full with the most keys there can be, a million.
const FIRST: usize = 16;
const TABLES: usize = 18;
/// An entry: the number of a slot, plus one, and above it the uppermost part of what is used of the
/// hash. The largest table goes by one bit of that, too.
const NUMBER: u32 = (1 << 20) - 1;
const FREE: u32 = 0;
const _: () = assert!(FIRST << (TABLES - 1) >= 2 * 1_000_000 && NUMBER > 1_000_000);

/// See the module.
#[derive(Debug)]
pub(crate) struct Index {
    tables: [OnceBox<Table>; TABLES],
    current: AtomicU32,
}

#[derive(Debug)]
struct Table(Box<[AtomicU32]>);

impl Index {
    pub(crate) fn new() -> Self {
        let tables = [const { OnceBox::new() }; TABLES];
        let _ = tables[0].set(Box::new(Table::new(FIRST)));
        Index { tables, current: AtomicU32::new(0) }
    }

    /// The slot that stands where one of this hash would if it were alone, if it may be that.
    #[inline]
    pub(crate) fn first_probe(&self, hash: u64) -> Option<usize> {
        let (table, hash) = (self.table()?, used(hash));
        let entry = table.get(table.first_position(hash));
        (entry != FREE && entry & !NUMBER == part(hash)).then(|| number(entry))
    }

    /// What is found at the first slot of this hash where something is found.
    pub(crate) fn find<T>(&self, hash: u64, at: impl FnMut(usize) -> Option<T>) -> Option<T> {
        self.table()?.find(used(hash), at)
    }

    /// Adds a slot. `hashes` are those of all slots by their numbers, this one's too.
    pub(crate) fn insert(&self, number: usize, hashes: &[u32]) {
        match self.table() {
            Some(table) if hashes.len() * 2 <= table.0.len() => table.insert(number, hashes),
            _ => self.grow(hashes),
        }
    }

    /// Removes a slot; `hashes` still has its hash.
    pub(crate) fn remove(&self, number: usize, hashes: &[u32]) {
        if let Some(table) = self.table() {
            table.remove(number, hashes);
        }
    }

    #[inline]
    fn table(&self) -> Option<&Table> {
        self.tables.get(self.current.load(Ordering::Acquire) as usize)?.get()
    }

    /// Earlier tables stay for those who still look into them. Together they are no larger than the
    /// present one.
    #[cold]
    fn grow(&self, hashes: &[u32]) {
        let current = self.current.load(Ordering::Relaxed) + 1;
        let Some(place) = self.tables.get(current as usize) else { return };
        let table = place.get_or_init(|| Box::new(Table::new(FIRST << current)));
        (0..hashes.len()).for_each(|number| table.insert(number, hashes));
        self.current.store(current, Ordering::Release);
    }
}

impl Table {
    fn new(entries: usize) -> Self {
        Table((0..entries).map(|_| AtomicU32::new(FREE)).collect())
    }

    /// Where a hash would stand if it were alone. The entry has the uppermost bits.
    #[inline]
    fn first_position(&self, hash: u32) -> usize {
        hash as usize & (self.0.len() - 1)
    }

    #[inline]
    fn behind(&self, position: usize) -> usize {
        (position + 1) & (self.0.len() - 1)
    }

    /// How far a position is behind another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.0.len() - 1)
    }

    #[inline]
    fn get(&self, position: usize) -> u32 {
        self.0[position].load(Ordering::Relaxed)
    }

    fn set(&self, position: usize, entry: u32) {
        self.0[position].store(entry, Ordering::Relaxed);
    }

    #[inline]
    fn find<T>(&self, hash: u32, mut at: impl FnMut(usize) -> Option<T>) -> Option<T> {
        let mut position = self.first_position(hash);
        // Once around, should it look full while entries are being moved.
        for _ in 0..self.0.len() {
            let entry = self.get(position);
            if entry == FREE {
                break;
            }
            if entry & !NUMBER == part(hash) {
                if let Some(found) = at(number(entry)) {
                    return Some(found);
                }
            }
            position = self.behind(position);
        }
        None
    }

    fn insert(&self, number: usize, hashes: &[u32]) {
        let hash = hashes[number];
        let mut position = self.first_position(hash);
        while self.get(position) != FREE {
            position = self.behind(position);
        }
        self.set(position, entry(number, hash));
    }

    /// Closes the gap: whatever behind it would stand in it, had it been free, moves there.
    fn remove(&self, slot: usize, hashes: &[u32]) {
        let mut gap = self.first_position(hashes[slot]);
        while self.get(gap) != FREE && number(self.get(gap)) != slot {
            gap = self.behind(gap);
        }
        let mut position = self.behind(gap);
        while self.get(position) != FREE {
            let first_position = self.first_position(hashes[number(self.get(position))]);
            if self.distance(first_position, position) >= self.distance(gap, position) {
                self.set(gap, self.get(position));
                gap = position;
            }
            position = self.behind(position);
        }
        self.set(gap, FREE);
    }
}

/// What is used of a hash.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "its lower half")]
pub(crate) fn used(hash: u64) -> u32 {
    hash as u32
}

#[expect(clippy::cast_possible_truncation, reason = "there are at most a million slots")]
fn entry(number: usize, hash: u32) -> u32 {
    part(hash) | (number as u32 + 1)
}

#[inline]
fn number(entry: u32) -> usize {
    (entry & NUMBER) as usize - 1
}

/// The part of a hash that an entry has.
#[inline]
fn part(hash: u32) -> u32 {
    hash & !NUMBER
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_found_by_its_hash_and_none_after_its_removal() {
        let mut random = fastrand::Rng::with_seed(11);
        // Many hashes of one home, some of them at the end of the table.
        let mut hash = || random.u32(..) & !0xf8;
        let index = Index::new();
        let mut hashes = Vec::new();
        let found = |hashes: &[u32], number: usize| {
            index.find(hashes[number].into(), |slot| (slot == number).then_some(())).is_some()
        };
        for number in 0..300 {
            hashes.push(hash());
            index.insert(number, &hashes);
            assert!((0..=number).all(|number| found(&hashes, number)), "{number}");
        }
        for number in (0..300).cycle().step_by(7).take(2_000) {
            index.remove(number, &hashes);
            assert!(!found(&hashes, number));
            hashes[number] = hash();
            index.insert(number, &hashes);
            assert!((0..300).all(|number| found(&hashes, number)), "{number}");
        }
    }

    /// What is found doesn't depend on it, but what a call costs does.
    #[test]
    fn a_slot_stands_near_its_home_and_is_seldom_asked_in_vain() {
        let mut random = fastrand::Rng::with_seed(12);
        let (index, mut hashes) = (Index::new(), Vec::new());
        for number in 0..3_000 {
            hashes.push(random.u32(..));
            index.insert(number, &hashes);
            assert!(index.table().unwrap().0.len() >= 2 * hashes.len(), "more than half full");
        }
        let table = index.table().unwrap();
        let way = |position: usize| {
            let first_position = table.first_position(hashes[number(table.get(position))]);
            table.distance(first_position, position)
        };
        let taken = (0..table.0.len()).filter(|position| table.get(*position) != FREE);
        let ways: usize = taken.map(way).sum();
        assert!(ways < 3_000, "{ways} entries further on, in all");
        let mut asked = 0;
        for _ in 0..10_000 {
            index.find(random.u64(..), |_| {
                asked += 1;
                None::<()>
            });
        }
        assert!(asked < 100, "{asked} slots were asked whose key it can't be");
    }
}
