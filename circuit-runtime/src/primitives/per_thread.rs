//! A value for each thread (a shard), written by that thread alone and read by all.
//!
//! *What it saves.* A shared counter costs a locked instruction, which takes longer than a whole guarded call (the
//! guide's page *Performance*), and, with a second thread, a cache line that travels between the cores. A counter that
//! only one thread writes is a plain load and store. The simple alternative is one atomic counter.
//!
//! The crate `thread_local` does the same with two drawbacks: it panics if a thread that is ending
//! still makes a call (from a destructor of another thread-local), and its tables take 512 bytes
//! each, which matters with a time window per key.
//!
//! # Atomic orderings
//!
//! A shard has one writer, so load + store loses nothing, and coherence keeps the values that a
//! reader sees from going back. A shard outlives its thread: its index goes from the old owner to
//! the new one through the mutex of the [`Indices`], which orders the old owner's last store before the
//! new one's first load.

#[cfg(any(not(circuit_loom), test))]
use std::{cmp::Reverse, collections::BinaryHeap};

use once_cell::race::OnceBox;

/// The cells inline in each table, a power of two. All but the last belong to the first threads.
/// The last one stays empty, and all other threads look there: so one look tells whether a thread
/// has an inline shard, and a mask on the index spares the bounds check.
const INLINE: u32 = 16;
/// The cell that stays empty.
const EMPTY: u32 = INLINE - 1;
/// How many threads, the first ones, have an inline cell.
pub(crate) const FIRST: u32 = EMPTY;
/// The most chunks of cells for the other threads; the n-th has 16 × 2^n. In all, 4,095 threads
/// have shards.
const CHUNKS: usize = 8;

/// A shard for each thread, made at first use.
#[derive(Debug)]
pub(crate) struct PerThread<T> {
    first: [OnceBox<T>; INLINE as usize],
    /// Apart, because many circuits never see so many threads.
    chunks: OnceBox<[OnceBox<Chunk<T>>; CHUNKS]>,
}

type Chunk<T> = Box<[OnceBox<T>]>;

impl<T> PerThread<T> {
    pub(crate) const fn new() -> Self {
        PerThread { first: [const { OnceBox::new() }; INLINE as usize], chunks: OnceBox::new() }
    }

    /// This thread's shard, if it is inline and exists. Compiles to no call.
    #[inline]
    pub(crate) fn get_first(&self, Thread(cell): Thread) -> Option<&T> {
        self.first.get((cell % INLINE) as usize)?.get()
    }

    /// This thread's shard, made if need be. `None` for threads beyond those that can have one, and
    /// for threads that are ending.
    #[cold]
    #[inline(never)]
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> Option<&T> {
        let index = here::index()?;
        let shard = if index < FIRST {
            self.first.get(index as usize)?
        } else {
            let (chunk, offset) = chunk_of(index);
            let cells =
                || Box::new((0..(INLINE as usize) << chunk).map(|_| OnceBox::new()).collect());
            let chunks = self.chunks.get_or_init(|| Box::new([const { OnceBox::new() }; CHUNKS]));
            chunks.get(chunk)?.get_or_init(cells).get(offset)?
        };
        Some(shard.get_or_init(|| Box::new(make())))
    }

    /// All shards, including those of threads that have ended.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let chunks = self.chunks.get().into_iter().flatten();
        let further = chunks.filter_map(OnceBox::get).flat_map(|shards| shards.iter());
        self.first.iter().chain(further).filter_map(OnceBox::get)
    }
}

/// The chunk of a thread beyond the first ones, and the offset in it: indices 16 to 31 are chunk
/// 0, 32 to 63 are chunk 1, and so on. For indices that no thread has, no chunk that exists.
fn chunk_of(index: u32) -> (usize, usize) {
    let chunk = (index / INLINE).max(1).ilog2();
    (chunk as usize, (index - (INLINE << chunk).min(index)) as usize)
}

/// The indices of live threads: dense and reused, so that short-lived threads don't make ever more
/// shards. The smallest index is reused first, because the first threads have the fastest path.
#[cfg(any(not(circuit_loom), test))]
struct Indices {
    next: u32,
    free: BinaryHeap<Reverse<u32>>,
}

#[cfg(any(not(circuit_loom), test))]
impl Indices {
    const fn new() -> Self {
        Indices { next: 0, free: BinaryHeap::new() }
    }

    fn take(&mut self) -> u32 {
        if let Some(Reverse(index)) = self.free.pop() {
            return index;
        }
        let index = self.next;
        // Nobody has the index of the cell that stays empty.
        self.next += if index + 1 == EMPTY { 2 } else { 1 };
        index
    }

    fn give_back(&mut self, index: u32) {
        self.free.push(Reverse(index));
    }
}

/// Which inline cell is a thread's; the empty one if none is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread(u32);

impl Thread {
    /// This thread.
    #[inline]
    pub(crate) fn here() -> Self {
        Thread(here::cell())
    }
}

/// This thread's index, and its inline cell.
#[cfg(not(circuit_loom))]
mod here {
    use std::cell::Cell;
    use std::sync::Mutex;

    use super::{EMPTY, Indices};
    use crate::primitives::sync::unpoisoned;

    /// No index: the thread has none yet.
    pub(super) const NONE: u32 = u32::MAX;
    /// No index: the thread is ending.
    pub(super) const NEVER: u32 = u32::MAX - 1;

    static INDICES: Mutex<Indices> = Mutex::new(Indices::new());

    thread_local! {
        // Apart from the guard, so that the hot read doesn't check whether a destructor is registered.
        static CELL: Cell<u32> = const { Cell::new(EMPTY) };
        static INDEX: Cell<u32> = const { Cell::new(NONE) };
        static GUARD: Guard = const { Guard { index: Cell::new(None) } };
    }

    /// Gives the thread's index back when the thread ends.
    struct Guard {
        index: Cell<Option<u32>>,
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            CELL.set(EMPTY);
            INDEX.set(NEVER);
            if let Some(index) = self.index.take() {
                unpoisoned(INDICES.lock()).give_back(index);
            }
        }
    }

    #[inline]
    pub(super) fn cell() -> u32 {
        CELL.get()
    }

    /// Taken at the first use. `None`: the thread is ending.
    pub(super) fn index() -> Option<u32> {
        match INDEX.get() {
            NEVER => None,
            NONE => {
                let index = GUARD.try_with(|guard| {
                    let index = unpoisoned(INDICES.lock()).take();
                    guard.index.set(Some(index));
                    index
                });
                CELL.set(index.as_ref().map_or(EMPTY, |index| *index.min(&EMPTY)));
                INDEX.set(index.unwrap_or(NEVER));
                index.ok()
            }
            index => Some(index),
        }
    }
}

/// The model checker runs all its threads on one: it has thread-locals of its own to tell them
/// apart.
#[cfg(circuit_loom)]
mod here {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    loom::lazy_static! {
        // Starts over with each execution, so that a model runs the same way again.
        static ref NEXT: AtomicU32 = AtomicU32::new(0);
    }

    loom::thread_local! {
        static INDEX: Cell<Option<u32>> = Cell::new(None);
    }

    pub(super) fn cell() -> u32 {
        INDEX.with(|index| {
            let taken = index.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
            index.set(Some(taken));
            taken
        })
    }

    /// One index for each thread of a model.
    pub(super) fn index() -> Option<u32> {
        Some(cell())
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::here::{NEVER, NONE, index};
    use super::*;

    #[test]
    fn every_index_has_a_cell_of_its_own() {
        let cells: std::collections::HashSet<_> = (INLINE..4_096).map(chunk_of).collect();
        assert_eq!(cells.len(), 4_096 - INLINE as usize);
        for (chunk, offset) in cells {
            assert!(chunk < CHUNKS && offset < (INLINE as usize) << chunk);
        }
        for index in [4_096, NEVER, NONE] {
            assert!(chunk_of(index).0 >= CHUNKS);
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

#[cfg(all(test, circuit_loom))]
mod models {
    use loom::sync::atomic::{AtomicU64, Ordering};
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    use super::*;

    /// As a shard is written: by one thread, so that load and store lose nothing.
    fn add(shard: &AtomicU64) {
        shard.store(shard.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The shards are numbers of cells: the checker doesn't see that a `OnceBox` makes what it holds known, and would
    /// refuse cells that are made on the way.
    struct Counters {
        shards: PerThread<usize>,
        cells: [AtomicU64; 2],
    }

    impl Counters {
        fn new() -> Arc<Self> {
            Arc::new(Counters {
                shards: PerThread::new(),
                cells: [AtomicU64::new(0), AtomicU64::new(0)],
            })
        }

        fn count(&self, cell: usize) {
            let shard = self.shards.get_or_make(|| cell).unwrap();
            (0..2).for_each(|_| add(&self.cells[*shard]));
        }

        fn sum(&self) -> u64 {
            self.shards.iter().map(|shard| self.cells[*shard].load(Ordering::Relaxed)).sum()
        }
    }

    #[test]
    fn each_thread_has_a_shard_and_sums_never_go_back() {
        loom::model(|| {
            let counters = Counters::new();
            let reader = {
                let counters = Arc::clone(&counters);
                thread::spawn(move || {
                    counters.count(1);
                    let before = counters.sum();
                    assert!(counters.sum() >= before && before >= 2);
                })
            };
            counters.count(0);
            reader.join().unwrap();
            assert_eq!(counters.sum(), 4);
        });
    }

    #[test]
    fn whoever_gets_an_index_again_goes_on_where_its_last_owner_ended() {
        loom::model(|| {
            let shared =
                Arc::new((Mutex::new(Indices::new()), [AtomicU64::new(0), AtomicU64::new(0)]));
            let live_and_end = |(indices, shards): &(Mutex<Indices>, [AtomicU64; 2])| {
                let index = indices.lock().unwrap().take();
                add(&shards[index as usize]);
                indices.lock().unwrap().give_back(index);
            };
            let other = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || live_and_end(&shared))
            };
            live_and_end(&shared);
            other.join().unwrap();
            let shards = shared.1.each_ref().map(|shard| shard.load(Ordering::Relaxed));
            assert!([[2, 0], [1, 1]].contains(&shards), "{shards:?}");
        });
    }
}
