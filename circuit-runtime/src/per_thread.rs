//! Something for each thread, written by that thread alone and read by all.
//!
//! A shared counter costs a locked instruction, and a cache line that travels between the cores: 5 ns alone, tens of
//! them with company. What only one thread writes is a plain load and store.
//!
//! The crate `thread_local` does the same with one limit more: it panics where a thread that is ending still makes a
//! call (from a destructor of another thread-local), and its tables take 512 bytes each, which counts with a circuit
//! per key.
//!
//! # Atomic orderings
//!
//! Rows have one writer, so load + store loses nothing, and coherence keeps what a reader sees from going back. A row
//! outlives its thread: its index goes through the mutex of [`INDICES`] from the old owner to the new, which orders
//! the old owner's last store before the new one's first load.

use std::cell::Cell;
use std::sync::Mutex;

use once_cell::race::OnceBox;

use crate::sync::unpoisoned;

/// How many chunks of rows there can be; the n-th has 2^n rows. Together 4,095 threads have rows of their own.
const CHUNKS: usize = 12;

/// A row for each thread, made at its first use.
#[derive(Debug)]
pub(crate) struct PerThread<T> {
    chunks: [OnceBox<Box<[T]>>; CHUNKS],
}

impl<T: Default> PerThread<T> {
    pub(crate) const fn new() -> Self {
        PerThread { chunks: [const { OnceBox::new() }; CHUNKS] }
    }

    /// This thread's row, if it has one by now.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        #[cfg(not(circuit_loom))]
        let Place { chunk, offset } = PLACE.get();
        #[cfg(circuit_loom)]
        let Place { chunk, offset } = modelled::place();
        self.chunks.get(chunk as usize)?.get()?.get(offset as usize)
    }

    /// This thread's row. `None` for threads beyond those that have one, and for those that are ending.
    #[cold]
    #[inline(never)]
    pub(crate) fn get_or_make(&self) -> Option<&T> {
        let Place { chunk, offset } = place();
        let rows = self.chunks.get(chunk as usize)?;
        let rows =
            rows.get_or_init(|| Box::new((0..1_usize << chunk).map(|_| T::default()).collect()));
        rows.get(offset as usize)
    }

    /// All rows, those of ended threads too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().filter_map(OnceBox::get).flat_map(|rows| rows.iter())
    }
}

/// Where a thread's rows are: the chunk and the offset in it, the same in every table.
#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: u32,
    offset: u32,
}

/// A place in no table: the thread has none yet.
const NOWHERE: Place = Place { chunk: u32::MAX, offset: 0 };
/// A place in no table: the thread is ending, or there were too many.
const NEVER: Place = Place { chunk: u32::MAX, offset: 1 };

thread_local! {
    // Apart from the guard, so that the hot read needs no check whether a destructor is registered.
    static PLACE: Cell<Place> = const { Cell::new(NOWHERE) };
    static GUARD: Guard = const { Guard { index: Cell::new(None) } };
}

/// Gives the thread's index back when the thread ends.
struct Guard {
    index: Cell<Option<u32>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        PLACE.set(NEVER);
        if let Some(index) = self.index.take() {
            unpoisoned(INDICES.lock()).free.push(index);
        }
    }
}

/// The indices of living threads: dense, and handed on, so that short-lived threads don't make rows for ever.
struct Indices {
    next: u32,
    free: Vec<u32>,
}

static INDICES: Mutex<Indices> = Mutex::new(Indices { next: 0, free: Vec::new() });

/// The model checker runs its threads on one: they are told apart by a storage of its own.
#[cfg(circuit_loom)]
mod modelled {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Place;

    loom::lazy_static! {
        // Begins anew with each execution, so that a model takes the same course again.
        static ref NEXT: AtomicU32 = AtomicU32::new(0);
    }

    loom::thread_local! {
        static INDEX: Cell<Option<u32>> = Cell::new(None);
    }

    /// Four rows in turn, more than a model has threads.
    pub(super) fn place() -> Place {
        let index = INDEX.with(|index| {
            let taken = index.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed) % 4);
            index.set(Some(taken));
            taken
        });
        Place { chunk: 2, offset: index }
    }
}

/// This thread's place, found on first use.
fn place() -> Place {
    #[cfg(circuit_loom)]
    return modelled::place();
    #[cfg(not(circuit_loom))]
    claim()
}

#[cfg(not(circuit_loom))]
fn claim() -> Place {
    let known = PLACE.get();
    if known.chunk != NOWHERE.chunk || known.offset == NEVER.offset {
        return known;
    }
    let place = GUARD
        .try_with(|guard| {
            let mut indices = unpoisoned(INDICES.lock());
            let index = indices.free.pop().unwrap_or_else(|| {
                indices.next += 1;
                indices.next - 1
            });
            guard.index.set(Some(index));
            // Index 0 is chunk 0, indices 1 and 2 are chunk 1, 3 to 6 are chunk 2, ...
            let chunk = (index + 1).ilog2();
            if (chunk as usize) < CHUNKS {
                Place { chunk, offset: index + 1 - (1 << chunk) }
            } else {
                NEVER
            }
        })
        .unwrap_or(NEVER);
    PLACE.set(place);
    place
}
