//! The lifetime counters.
//!
//! # Atomic orderings
//!
//! All relaxed: a counter decides nothing, and a reader sees each at some moment between its last
//! look and now.

// Never the model checker's, since nothing hangs on them.
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;

use crate::per_thread::PerThread;

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

/// The counters of one circuit.
#[derive(Debug)]
pub(crate) struct Counts {
    rows: PerThread<Row>,
    /// For threads that have no row; added to by all of them.
    shared: OnceBox<Row>,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Counts { rows: PerThread::new(), shared: OnceBox::new() }
    }

    /// Counts one more.
    #[inline]
    pub(crate) fn bump(&self, count: Count) {
        match self.rows.get() {
            Some(row) => increment(&row.0[count as usize]),
            None => self.bump_first(count),
        }
    }

    /// This thread's first call through this circuit, or a thread without a row.
    #[cold]
    #[inline(never)]
    fn bump_first(&self, count: Count) {
        if let Some(row) = self.rows.get_or_make() {
            increment(&row.0[count as usize]);
        } else {
            let row = self.shared.get_or_init(Box::default);
            row.0[count as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The sum of all rows.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for row in self.rows.iter().chain(self.shared.get()) {
            for (sum, counter) in totals.0.iter_mut().zip(&row.0) {
                *sum += counter.load(Ordering::Relaxed);
            }
        }
        totals
    }
}

/// One more, by the only writer.
#[inline]
pub(crate) fn increment(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
