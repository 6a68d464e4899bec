//! The lifetime counters: a row for each thread, written by that thread alone, summed when somebody
//! looks.
//!
//! A shared counter costs a locked instruction, and a cache line that travels between the cores: 5
//! ns alone, tens of them with company. A row that only one thread writes is a plain load and
//! store.
//!
//! # Atomic orderings
//!
//! All relaxed. A row has one writer, so load + store loses nothing; a reader sees each counter at
//! some moment between its last look and now, and coherence keeps it from going back. A row
//! outlives its thread: its index goes through the mutex of [`INDICES`] from the old owner to the
//! new, which orders the old owner's last store before the new one's first load.

use std::cell::Cell;

use once_cell::race::OnceBox;

use crate::sync::{Mutex, lock};
// Never the model checker's: a counter decides nothing.
use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted. The order is that of a row, the common ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Successes,
    Failures,
    Rejected,
    Fallbacks,
    Ignored,
    Slow,
    Cancelled,
    Panicked,
    TimedOut,
    Late,
    Unprotected,
}

const COUNTS: usize = Count::Unprotected as usize + 1;

/// A copy of all counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals([u64; COUNTS]);

impl Totals {
    pub(crate) const ZERO: Totals = Totals([0; COUNTS]);

    pub(crate) fn get(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    pub(crate) fn since(&self, earlier: &Totals) -> Totals {
        let mut difference = *self;
        for (now, then) in difference.0.iter_mut().zip(earlier.0) {
            *now = now.saturating_sub(then);
        }
        difference
    }
}

/// One thread's counters, alone on its cache lines: 128 bytes, because processors fetch lines in
/// pairs (Intel's optimization manual on the spatial prefetcher; crossbeam's `CachePadded` has the
/// same number and reason).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Row([AtomicU64; COUNTS]);

/// How many chunks of rows a circuit can have; the n-th has 2^n rows. Together 4,095 threads have
/// rows of their own.
const CHUNKS: usize = 12;

/// The counters of one circuit.
#[derive(Debug)]
pub(crate) struct Counts {
    chunks: [OnceBox<Box<[Row]>>; CHUNKS],
    /// For threads beyond those rows, and for those that are ending: added to by everybody.
    shared: Row,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Counts {
            chunks: [const { OnceBox::new() }; CHUNKS],
            shared: Row([const { AtomicU64::new(0) }; COUNTS]),
        }
    }

    /// Counts one more.
    #[inline]
    pub(crate) fn bump(&self, count: Count) {
        let Place { chunk, offset } = PLACE.get();
        if let Some(row) = self
            .chunks
            .get(chunk as usize)
            .and_then(OnceBox::get)
            .and_then(|c| c.get(offset as usize))
        {
            let counter = &row.0[count as usize];
            counter.store(
                counter.load(Ordering::Relaxed).wrapping_add(1),
                Ordering::Relaxed,
            );
        } else {
            self.bump_first(count);
        }
    }

    /// This thread's first call through this circuit, or a thread without a row.
    #[cold]
    #[inline(never)]
    fn bump_first(&self, count: Count) {
        let Place { chunk, offset } = place();
        if let Some(chunk_of_rows) = self.chunks.get(chunk as usize) {
            let rows = chunk_of_rows
                .get_or_init(|| Box::new((0..1_usize << chunk).map(|_| Row::default()).collect()));
            let counter = &rows[offset as usize].0[count as usize];
            counter.store(
                counter.load(Ordering::Relaxed).wrapping_add(1),
                Ordering::Relaxed,
            );
        } else {
            self.shared.0[count as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The sum of all rows.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let owned = self
            .chunks
            .iter()
            .filter_map(OnceBox::get)
            .flat_map(|rows| rows.iter());
        for row in owned.chain([&self.shared]) {
            for (sum, counter) in totals.0.iter_mut().zip(&row.0) {
                *sum += counter.load(Ordering::Relaxed);
            }
        }
        totals
    }
}

/// Where a thread's rows are: the chunk and the offset in it, the same in every circuit.
#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: u32,
    offset: u32,
}

/// A place that no circuit has: the thread has none yet.
const NOWHERE: Place = Place {
    chunk: u32::MAX,
    offset: 0,
};
/// A place that no circuit has: the thread is ending, or there were too many.
const SHARED: Place = Place {
    chunk: u32::MAX,
    offset: 1,
};

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
        PLACE.set(SHARED);
        if let Some(index) = self.index.take() {
            lock(&INDICES).free.push(index);
        }
    }
}

/// The indices of living threads: dense, and handed on, so that short-lived threads don't make rows
/// for ever.
struct Indices {
    next: u32,
    free: Vec<u32>,
}

static INDICES: Mutex<Indices> = Mutex::new(Indices {
    next: 0,
    free: Vec::new(),
});

/// This thread's place, found on first use.
fn place() -> Place {
    let known = PLACE.get();
    if known.chunk != NOWHERE.chunk || known.offset == SHARED.offset {
        return known;
    }
    let place = GUARD
        .try_with(|guard| {
            let mut indices = lock(&INDICES);
            let index = indices.free.pop().unwrap_or_else(|| {
                indices.next += 1;
                indices.next - 1
            });
            guard.index.set(Some(index));
            // Index 0 is chunk 0, indices 1 and 2 are chunk 1, 3 to 6 are chunk 2, ...
            let chunk = (index + 1).ilog2();
            if chunk < CHUNKS as u32 {
                Place {
                    chunk,
                    offset: index + 1 - (1 << chunk),
                }
            } else {
                SHARED
            }
        })
        .unwrap_or(SHARED);
    PLACE.set(place);
    place
}
