//! A sequence lock: readers write nothing, and learn from a stamp whether what they read was being
//! replaced.
//!
//! *What it saves.* A lock or a reference count at each read. The simple alternative is an `Arc`
//! behind a mutex.
//!
//! The stamp is even while the data can be read, and odd while it is being replaced; no stamp ever
//! comes back. A read is optimistic: [`SeqLock::read_if`] returns the stamp under which it read, and
//! what was read holds if [`SeqLock::stamp`] is still the same afterwards. A reader never waits.
//!
//! The data are [`Word`]s, kept apart from the stamp, so that the owner decides which of them share
//! a cache line. Writers take turns by a lock of their own.
//!
//! A write has two steps. After [`SeqLock::invalidate`] no earlier read holds any more, and no new
//! one succeeds; [`SeqLock::write`] replaces the data. So a writer can first make its change known
//! elsewhere, and replace the data later.
//!
//! # Atomic orderings
//!
//! After H.-J. Boehm, *Can seqlocks get along with programming language memory models?*, MSPC 2012.
//!
//! | the writer | the reader |
//! |---|---|
//! | 1. stores an odd stamp (Relaxed) | 5. loads the stamp (Acquire) |
//! | 2. fence (Release) | 6. loads the words (Relaxed) |
//! | 3. stores the words (Relaxed) | 7. fence (Acquire) |
//! | 4. stores an even stamp (Release) | 8. loads the stamp again (Relaxed) |
//!
//! *No word is older than the stamp.* If 5 reads what 4 stored, the two synchronize, so 6 sees the
//! words of 3 or later ones.
//!
//! *No word is newer than the stamp.* If 6 reads a word of a later write, the fences 2 and 7 of that
//! write and this read synchronize, so 8 sees the odd stamp of that write or a later stamp. No stamp
//! comes back, so it differs from that of 5.
//!
//! So the same even stamp twice means that every word belongs to it.

use crate::primitives::sync::{AtomicU64, Ordering, const_fn, fence};

/// The data are being replaced, and can't be read.
const BEING_REPLACED: u64 = 1;

/// How often the data had been invalidated, up to the write with this stamp.
#[inline]
pub(crate) const fn generation(stamp: u64) -> u64 {
    stamp / 2
}

/// The stamp of a sequence lock; see the module.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct SeqLock(AtomicU64);

/// Part of the data of a sequence lock.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word(AtomicU64);

impl SeqLock {
    const_fn! {
    /// The stamp 0: the data can be read as they were made.
    pub(crate) fn new() -> Self {
        SeqLock(AtomicU64::new(0))
    }
    }

    /// Reads the data, if they aren't being replaced. Returns the stamp, if they are what `holds`
    /// expects. That is true of the data of this stamp if [`SeqLock::stamp`] still returns it.
    #[inline]
    pub(crate) fn read_if(&self, holds: impl FnOnce() -> bool) -> Option<u64> {
        // Acquire: pairs with the Release in `write`, so that `holds` reads the data of this stamp
        // or later ones.
        let stamp = self.0.load(Ordering::Acquire);
        if stamp & BEING_REPLACED != 0 || !holds() {
            return None;
        }
        // Acquire: pairs with the Release fence in `write`. If `holds` has read a later word, the
        // next load of the stamp sees a later stamp.
        fence(Ordering::Acquire);
        Some(stamp)
    }

    /// The present stamp, odd while the data are being replaced.
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        // Relaxed: after a read, the fence in `read_if` orders it. Whoever compares it for another
        // reason must have seen what the writer stored after `invalidate` (Acquire), or hold the
        // writers' lock.
        self.0.load(Ordering::Relaxed)
    }

    /// The stamp that [`SeqLock::invalidate`] will store.
    pub(crate) fn next_stamp(&self) -> u64 {
        (self.stamp() | BEING_REPLACED) + 2
    }

    /// Makes every earlier stamp invalid. One thread at a time.
    ///
    /// Whoever sees, by Acquire, what this thread stores afterwards by Release, sees this stamp or
    /// a later one.
    pub(crate) fn invalidate(&self) {
        // Relaxed: ordered before the words by the fence in `write`, and before the writer's other
        // stores by their own Release.
        self.0.store(self.next_stamp(), Ordering::Relaxed);
    }

    /// Replaces the data, so that they can be read again. Returns their stamp. One thread at a
    /// time, after it has called [`SeqLock::invalidate`].
    pub(crate) fn write(&self, replace: impl FnOnce()) -> u64 {
        debug_assert!(self.stamp() & BEING_REPLACED != 0, "written, but not invalidated");
        // Release: pairs with the Acquire fence in `read_if`. It orders the odd stamp before the
        // words.
        fence(Ordering::Release);
        replace();
        let stamp = self.stamp() & !BEING_REPLACED;
        // Release: pairs with the Acquire in `read_if`. It orders the words before the even stamp.
        self.0.store(stamp, Ordering::Release);
        stamp
    }
}

impl Word {
    const_fn! {
    pub(crate) fn new(word: u64) -> Self {
        Word(AtomicU64::new(word))
    }
    }

    /// In [`SeqLock::read_if`].
    #[inline]
    pub(crate) fn get(&self) -> u64 {
        // Relaxed: the fences of the sequence lock order it.
        self.0.load(Ordering::Relaxed)
    }

    /// In [`SeqLock::write`].
    #[inline]
    pub(crate) fn set(&self, word: u64) {
        // Relaxed: the fences of the sequence lock order it.
        self.0.store(word, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn data_can_be_read_once_written_and_no_stamp_comes_back() {
        let (lock, word) = (SeqLock::new(), Word::new(7));
        let read = |expected| lock.read_if(|| word.get() == expected);
        assert_eq!(read(7), Some(lock.stamp()));
        let mut seen = vec![lock.stamp()];
        // Some data are invalidated before they have been written.
        for writes in [true, false, false, true, true, false, true] {
            let next = lock.next_stamp();
            lock.invalidate();
            seen.push(lock.stamp());
            assert_eq!(lock.stamp(), next);
            assert_eq!(lock.read_if(|| panic!("read while it is being replaced")), None);
            if writes {
                let stamp = lock.write(|| word.set(next));
                seen.push(stamp);
                assert_eq!((read(next), read(7)), (Some(stamp), None));
                assert_eq!(generation(stamp), generation(next));
            }
        }
        assert!((1..seen.len()).all(|index| !seen[..index].contains(&seen[index])), "{seen:?}");
    }

    #[test]
    fn a_generation_is_the_number_of_invalidations() {
        let lock = SeqLock::new();
        assert_eq!(generation(lock.stamp()), 0);
        for number in 1..5 {
            lock.invalidate();
            assert_eq!(generation(lock.stamp()), number);
            if number % 2 == 0 {
                lock.write(|| ());
            }
        }
    }

    #[test]
    fn what_was_read_before_an_invalidation_no_longer_holds() {
        let lock = SeqLock::new();
        let read = lock.read_if(|| true).unwrap();
        assert_eq!(lock.stamp(), read);
        lock.invalidate();
        assert_ne!(lock.stamp(), read);
        lock.write(|| ());
        assert_ne!(lock.stamp(), read);
    }
}

#[cfg(all(test, circuit_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    struct Data {
        lock: SeqLock,
        words: [Word; 2],
        /// Stored after an invalidation, as something else that the writer makes known.
        known: AtomicU64,
    }

    impl Data {
        fn new() -> Arc<Self> {
            let words = [Word::new(0), Word::new(0)];
            Arc::new(Data { lock: SeqLock::new(), words, known: AtomicU64::new(0) })
        }

        fn write(&self, value: u64) -> u64 {
            self.lock.invalidate();
            self.lock.write(|| self.words.iter().for_each(|word| word.set(value)))
        }

        /// The words, and the stamp to which they belong.
        fn read(&self) -> Option<([u64; 2], u64)> {
            let mut read = [0; 2];
            let words = || self.words.each_ref().map(Word::get);
            let stamp = self.lock.read_if(|| {
                read = words();
                true
            })?;
            (self.lock.stamp() == stamp).then_some((read, stamp))
        }
    }

    #[test]
    fn what_is_read_belongs_to_one_stamp() {
        loom::model(|| {
            let data = Data::new();
            let writer = {
                let data = Arc::clone(&data);
                thread::spawn(move || [1, 2].map(|value| data.write(value)))
            };
            let read = data.read();
            let [first, second] = writer.join().unwrap();
            if let Some((words, stamp)) = read {
                let written = [(0, 0), (first, 1), (second, 2)];
                let (_, value) = written.into_iter().find(|(of, _)| *of == stamp).unwrap();
                assert_eq!(words, [value; 2]);
            }
            assert_eq!(data.read(), Some(([2; 2], second)));
        });
    }

    #[test]
    fn whoever_sees_what_follows_an_invalidation_sees_the_stamp() {
        loom::model(|| {
            let data = Data::new();
            let before = data.lock.stamp();
            let writer = {
                let data = Arc::clone(&data);
                thread::spawn(move || {
                    data.lock.invalidate();
                    data.known.store(1, Ordering::Release);
                })
            };
            let known = data.known.load(Ordering::Acquire) == 1;
            assert!(!known || data.lock.stamp() != before);
            writer.join().unwrap();
        });
    }
}
