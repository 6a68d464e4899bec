//! Something for each thread, written by that thread alone and read by all.
//!
//! A shared counter costs a locked instruction, and a cache line that travels between the cores: 5
//! ns alone, tens of them with company. What only one thread writes is a plain load and store.
//!
//! The crate `thread_local` does the same with one limit more: it panics where a thread that is
//! ending still makes a call (from a destructor of another thread-local), and its tables take 512
//! bytes each, which counts with a time window per key.
//!
//! # Atomic orderings
//!
//! Shards have one writer, so load + store loses nothing, and coherence keeps what a reader sees from
//! going back. A shard outlives its thread: its index goes through the mutex of [`INDICES`] from the
//! old owner to the new, which orders the old owner's last store before the new one's first load.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use once_cell::race::OnceBox;

use crate::primitives::sync::unpoisoned;

/// Each table has so many places at hand, a power of two. All but the last belong to the first
/// threads; the last stays empty, and all other threads find it: one look tells whether a thread has
/// a shard at hand, and the mask that every index goes through spares the check of bounds.
const PLACES: u32 = 16;
/// The place that stays empty.
const EMPTY: u32 = PLACES - 1;
/// So many threads, the first ones, have a place at hand.
pub(crate) const FIRST: u32 = EMPTY;
/// How many chunks of places there can be for the others; the n-th has 16 × 2^n. Together 4,096
/// threads have shards of their own.
const CHUNKS: usize = 8;

/// A shard for each thread, made at its first use.
#[derive(Debug)]
pub(crate) struct PerThread<T> {
    first: [OnceBox<T>; PLACES as usize],
    /// Out of the way: many never see so many threads.
    chunks: OnceBox<[OnceBox<Places<T>>; CHUNKS]>,
}

type Places<T> = Box<[OnceBox<T>]>;

impl<T> PerThread<T> {
    pub(crate) const fn new() -> Self {
        PerThread { first: [const { OnceBox::new() }; PLACES as usize], chunks: OnceBox::new() }
    }

    /// The shard of this very thread, if it is one of the first and has one by now: without a call.
    #[inline]
    pub(crate) fn get_first(&self, Thread(place): Thread) -> Option<&T> {
        self.first.get((place % PLACES) as usize)?.get()
    }

    /// This thread's shard, whichever it is. `None` for threads beyond those that have one, and for those that are
    /// ending.
    #[cold]
    #[inline(never)]
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> Option<&T> {
        let index = index()?;
        let shard = if index < FIRST {
            self.first.get(index as usize)?
        } else {
            let (chunk, offset) = place(index);
            let places =
                || Box::new((0..(PLACES as usize) << chunk).map(|_| OnceBox::new()).collect());
            let chunks = self.chunks.get_or_init(|| Box::new([const { OnceBox::new() }; CHUNKS]));
            chunks.get(chunk)?.get_or_init(places).get(offset)?
        };
        Some(shard.get_or_init(|| Box::new(make())))
    }

    /// All shards, those of ended threads too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let chunks = self.chunks.get().into_iter().flatten();
        let further = chunks.filter_map(OnceBox::get).flat_map(|shards| shards.iter());
        self.first.iter().chain(further).filter_map(OnceBox::get)
    }
}

/// The chunk of a thread beyond the first ones, and the offset in it: indices 16 to 31 are chunk
/// 0, 32 to 63 are chunk 1, ...; none for [`NONE`] and its like.
fn place(index: u32) -> (usize, usize) {
    let chunk = (index / PLACES).max(1).ilog2();
    (chunk as usize, (index - (PLACES << chunk).min(index)) as usize)
}

/// No index: the thread has none yet.
const NONE: u32 = u32::MAX;
/// No index: the thread is ending.
const NEVER: u32 = u32::MAX - 1;

thread_local! {
    // Apart from the guard, so that the hot read needs no check whether a destructor is registered.
    static PLACE: Cell<u32> = const { Cell::new(EMPTY) };
    static INDEX: Cell<u32> = const { Cell::new(NONE) };
    static GUARD: Guard = const { Guard { index: Cell::new(None) } };
}

/// Gives the thread's index back when the thread ends.
struct Guard {
    index: Cell<Option<u32>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        PLACE.set(EMPTY);
        INDEX.set(NEVER);
        if let Some(index) = self.index.take() {
            unpoisoned(INDICES.lock()).free.push(Reverse(index));
        }
    }
}

/// The indices of living threads: dense, and handed on, so that short-lived threads don't make shards
/// for ever. The smallest first, since the first threads have the shortest way.
struct Indices {
    next: u32,
    free: BinaryHeap<Reverse<u32>>,
}

static INDICES: Mutex<Indices> = Mutex::new(Indices { next: 0, free: BinaryHeap::new() });

/// Where a thread's shard is at hand, if it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread(u32);

impl Thread {
    /// This one.
    #[inline]
    pub(crate) fn here() -> Self {
        #[cfg(not(circuit_loom))]
        return Thread(PLACE.get());
        #[cfg(circuit_loom)]
        return Thread(modelled::index());
    }
}

/// This thread's index, found on first use.
fn index() -> Option<u32> {
    #[cfg(circuit_loom)]
    return Some(modelled::index());
    #[cfg(not(circuit_loom))]
    match INDEX.get() {
        NEVER => None,
        NONE => {
            let index = GUARD.try_with(|guard| {
                let mut indices = unpoisoned(INDICES.lock());
                let index = indices.free.pop().map(|Reverse(index)| index).unwrap_or_else(|| {
                    let index = indices.next;
                    // Nobody has the index of the place that stays empty.
                    indices.next += if index + 1 == EMPTY { 2 } else { 1 };
                    index
                });
                guard.index.set(Some(index));
                index
            });
            PLACE.set(index.as_ref().map_or(EMPTY, |index| *index.min(&EMPTY)));
            INDEX.set(index.unwrap_or(NEVER));
            index.ok()
        }
        index => Some(index),
    }
}

/// The model checker runs its threads on one: they are told apart by a storage of its own.
#[cfg(circuit_loom)]
mod modelled {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    loom::lazy_static! {
        // Begins anew with each execution, so that a model takes the same course again.
        static ref NEXT: AtomicU32 = AtomicU32::new(0);
    }

    loom::thread_local! {
        static INDEX: Cell<Option<u32>> = Cell::new(None);
    }

    /// One shard a thread; a model has few.
    pub(super) fn index() -> u32 {
        INDEX.with(|index| {
            let taken = index.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
            index.set(Some(taken));
            taken
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let places: std::collections::HashSet<_> = (PLACES..4_096).map(place).collect();
        assert_eq!(places.len(), 4_096 - PLACES as usize);
        for (chunk, offset) in places {
            assert!(chunk < CHUNKS && offset < (PLACES as usize) << chunk);
        }
        for index in [4_096, NEVER, NONE] {
            assert!(place(index).0 >= CHUNKS);
        }
    }

    #[test]
    fn many_threads_at_once_share_nothing() {
        let shards: PerThread<std::sync::atomic::AtomicU64> = PerThread::new();
        let barrier = std::sync::Barrier::new(40);
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    barrier.wait();
                    let shard = shards.get_or_make(Default::default).unwrap();
                    barrier.wait();
                    for _ in 0..1_000 {
                        crate::counters::increment(shard);
                    }
                    let first = shards.get_first(Thread::here());
                    assert!(first.is_none_or(|first| std::ptr::eq(shard, first)));
                    assert_eq!(first.is_some(), index().unwrap() < FIRST);
                    barrier.wait();
                });
            }
        });
        let counts = shards.iter().map(|shard| shard.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!(counts.sum::<u64>(), 40_000);
    }
}
