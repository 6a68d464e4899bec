//! From a key's hash to the numbers of the slots that may hold the key.
//!
//! A table with linear probing, at most half full. One thread at a time changes it, and for that
//! thread it is exact. For concurrent readers it is a hint: they may miss an entry that is being
//! moved, or find one whose slot holds another key by now. So the caller compares the key in the
//! slot, and looks again under its lock if it finds none.
//!
//! *What it saves.* A reader touches one cache line of it, and nothing is reclaimed: a whole call by one of
//! 10,000 keys takes less time than a look-up in the map papaya alone (the guide's page *Performance*). The simple
//! alternative is such a concurrent map.

use once_cell::race::OnceBox;

use crate::primitives::sync::{AtomicU32, Ordering};

/// Entries of the first table. Each further one has twice as many; the last is half full with the
/// most keys that there can be, a million.
const FIRST: usize = 16;
const TABLES: usize = 18;
/// An entry: the number of a slot plus one, and above it the uppermost bits of the hash. (In the
/// largest table the position uses one of those bits as well.)
const NUMBER: u32 = (1 << 20) - 1;
const FREE: u32 = 0;
const _: () = assert!(FIRST << (TABLES - 1) >= 2 * 1_000_000 && NUMBER > 1_000_000);

/// A table of slots by the hash of their keys; see the module.
#[derive(Debug)]
pub(crate) struct KeyTable {
    tables: [OnceBox<Table>; TABLES],
    current: AtomicU32,
}

#[derive(Debug)]
struct Table(Box<[AtomicU32]>);

impl KeyTable {
    pub(crate) fn new() -> Self {
        let tables = [const { OnceBox::new() }; TABLES];
        let _ = tables[0].set(Box::new(Table::new(FIRST)));
        KeyTable { tables, current: AtomicU32::new(0) }
    }

    /// The slot at the first position of this hash, if its entry has this hash.
    #[inline]
    pub(crate) fn first_probe(&self, hash: u64) -> Option<usize> {
        let (table, hash) = (self.table()?, used(hash));
        let entry = table.get(table.first_position(hash));
        (entry != FREE && entry & !NUMBER == part(hash)).then(|| number(entry))
    }

    /// The first answer of `at` that isn't `None`, for the slots with this hash.
    pub(crate) fn find<T>(&self, hash: u64, at: impl FnMut(usize) -> Option<T>) -> Option<T> {
        self.table()?.find(used(hash), at)
    }

    /// Adds a slot. `hashes` has the hash of every slot by its number, this one included.
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
        // Acquire: pairs with the Release in `grow`, so that the table that is found is filled.
        self.tables.get(self.current.load(Ordering::Acquire) as usize)?.get()
    }

    /// Earlier tables stay, because readers may still be in them. Together they are no larger than
    /// the present one.
    #[cold]
    fn grow(&self, hashes: &[u32]) {
        // Relaxed: only this thread, the one that changes the table, has stored it.
        let current = self.current.load(Ordering::Relaxed) + 1;
        let Some(larger) = self.tables.get(current as usize) else { return };
        let table = larger.get_or_init(|| Box::new(Table::new(FIRST << current)));
        (0..hashes.len()).for_each(|number| table.insert(number, hashes));
        // Release: pairs with the Acquire in `table`.
        self.current.store(current, Ordering::Release);
    }
}

impl Table {
    fn new(entries: usize) -> Self {
        Table((0..entries).map(|_| AtomicU32::new(FREE)).collect())
    }

    /// Where probing for a hash begins: by its lowest bits, while the entry keeps its uppermost.
    #[inline]
    fn first_position(&self, hash: u32) -> usize {
        hash as usize & (self.0.len() - 1)
    }

    /// The next position; the last one is followed by the first.
    #[inline]
    fn behind(&self, position: usize) -> usize {
        (position + 1) & (self.0.len() - 1)
    }

    /// How many steps it is from one position to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.0.len() - 1)
    }

    #[inline]
    fn get(&self, position: usize) -> u32 {
        // Relaxed: an entry is only a hint, and the key in the slot is compared.
        self.0[position].load(Ordering::Relaxed)
    }

    fn set(&self, position: usize, entry: u32) {
        // Relaxed: as in `get`.
        self.0[position].store(entry, Ordering::Relaxed);
    }

    #[inline]
    fn find<T>(&self, hash: u32, mut at: impl FnMut(usize) -> Option<T>) -> Option<T> {
        let mut position = self.first_position(hash);
        // Once around at most: while entries are being moved, the table may seem full.
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

    /// Closes the gap: an entry behind it moves into it if probing for that entry passes it.
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

/// The half of a hash that the table uses.
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

/// The part of a hash that an entry keeps.
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
        // Many hashes with one first position, some of them at the end of the table.
        let mut hash = || random.u32(..) & !0xf8;
        let key_table = KeyTable::new();
        let mut hashes = Vec::new();
        let found = |hashes: &[u32], number: usize| {
            key_table.find(hashes[number].into(), |slot| (slot == number).then_some(())).is_some()
        };
        for number in 0..300 {
            hashes.push(hash());
            key_table.insert(number, &hashes);
            assert!((0..=number).all(|number| found(&hashes, number)), "{number}");
        }
        for number in (0..300).cycle().step_by(7).take(2_000) {
            key_table.remove(number, &hashes);
            assert!(!found(&hashes, number));
            hashes[number] = hash();
            key_table.insert(number, &hashes);
            assert!((0..300).all(|number| found(&hashes, number)), "{number}");
        }
    }

    /// What is found doesn't depend on it, but what a call costs does.
    #[test]
    fn a_slot_is_near_its_first_position_and_is_seldom_compared_in_vain() {
        let mut random = fastrand::Rng::with_seed(12);
        let (key_table, mut hashes) = (KeyTable::new(), Vec::new());
        for number in 0..3_000 {
            hashes.push(random.u32(..));
            key_table.insert(number, &hashes);
            assert!(key_table.table().unwrap().0.len() >= 2 * hashes.len(), "more than half full");
        }
        let table = key_table.table().unwrap();
        let way = |position: usize| {
            let first_position = table.first_position(hashes[number(table.get(position))]);
            table.distance(first_position, position)
        };
        let taken = (0..table.0.len()).filter(|position| table.get(*position) != FREE);
        let ways: usize = taken.map(way).sum();
        assert!(ways < 3_000, "{ways} entries further on, in all");
        let mut asked = 0;
        for _ in 0..10_000 {
            key_table.find(random.u64(..), |_| {
                asked += 1;
                None::<()>
            });
        }
        assert!(asked < 100, "{asked} slots were asked whose key it can't be");
    }
}

#[cfg(all(test, circuit_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// So many slots, each with a first position of its own.
    fn hashes(slots: u32) -> Vec<u32> {
        (0..slots).collect()
    }

    fn filled(slots: u32) -> Arc<KeyTable> {
        let (key_table, hashes) = (KeyTable::new(), hashes(slots));
        for number in 0..hashes.len() {
            key_table.insert(number, &hashes[..=number]);
        }
        Arc::new(key_table)
    }

    // The reader is the other thread. The checker remembers the last access to each atomic alone: a
    // writer that loads before it stores would hide what a reader has loaded before.

    #[test]
    fn a_reader_that_finds_a_larger_table_finds_it_filled() {
        loom::model(|| {
            let before = u32::try_from(FIRST / 2).unwrap();
            let key_table = filled(before);
            let reader = {
                let key_table = Arc::clone(&key_table);
                // In whichever table: what was there before.
                thread::spawn(move || key_table.find(u64::from(before) - 1, Some))
            };
            key_table.insert(before as usize, &hashes(before + 1));
            assert_eq!(reader.join().unwrap(), Some(before as usize - 1));
            assert_eq!(key_table.find(before.into(), Some), Some(before as usize));
        });
    }

    #[test]
    fn an_insertion_hides_no_other_slot() {
        loom::model(|| {
            let key_table = filled(1);
            let reader = {
                let key_table = Arc::clone(&key_table);
                thread::spawn(move || key_table.find(0, |slot| (slot == 0).then_some(slot)))
            };
            // With the same first position, so that both are in one run of entries.
            key_table.insert(1, &[0, 0]);
            assert_eq!(reader.join().unwrap(), Some(0));
        });
    }
}
