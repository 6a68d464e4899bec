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

const COUNTS: usize = Count::ALL.len();

impl Count {
    const ALL: [Count; 11] = [
        Count::Successes,
        Count::Failures,
        Count::Rejected,
        Count::Fallbacks,
        Count::Ignored,
        Count::Slow,
        Count::Cancelled,
        Count::Panicked,
        Count::TimedOut,
        Count::Late,
        Count::Unprotected,
    ];
}

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

/// One thread's counters, alone on their cache lines: 128 bytes, because processors fetch lines in
/// pairs (Intel's optimization manual on the spatial prefetcher; crossbeam's `CachePadded` has the
/// same number and reason).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Line([AtomicU64; LINE]);

const LINE: usize = 16;

/// How many circuits of keys have their counters together.
pub(crate) const TOGETHER: usize = 32;

/// Some counters of so many circuits: each count of all circuits in turn, then the next one. So what
/// is counted most, the successes, is on as few lines as can be.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Block<const N: usize>([[AtomicU64; TOGETHER]; N]);

impl<const N: usize> Default for Block<N> {
    fn default() -> Self {
        Block([const { [const { AtomicU64::new(0) }; TOGETHER] }; N])
    }
}

/// What a thread counts for itself for circuits of keys. The rest is rare: all threads count it
/// together, since rows of their own would hold little but zeros.
const OWN: usize = 4;

/// Where counters are.
pub(crate) trait Row: Default {
    /// Of which circuit.
    type At: Copy;

    /// `None`: it isn't counted here.
    fn counter(&self, count: Count, at: Self::At) -> Option<&AtomicU64>;
}

impl Row for Line {
    type At = ();

    #[inline]
    fn counter(&self, count: Count, (): ()) -> Option<&AtomicU64> {
        self.0.get(count as usize)
    }
}

impl<const N: usize> Row for Block<N> {
    type At = usize;

    #[inline]
    fn counter(&self, count: Count, at: usize) -> Option<&AtomicU64> {
        self.0.get(count as usize)?.get(at)
    }
}

/// The counters of one circuit, or of several.
#[derive(Debug)]
pub(crate) struct Counts<R = Line, S = R> {
    rows: PerThread<R>,
    /// For what rows don't have, and for threads that have no row; added to by all of them.
    shared: OnceBox<S>,
}

/// The counters of [`TOGETHER`] circuits.
pub(crate) type CountsTogether = Counts<Block<OWN>, Block<COUNTS>>;

impl<R: Row, S: Row<At = R::At>> Counts<R, S> {
    pub(crate) const fn new() -> Self {
        Counts { rows: PerThread::new(), shared: OnceBox::new() }
    }

    /// Counts one more.
    #[inline]
    pub(crate) fn bump(&self, count: Count, at: R::At) {
        match self.rows.get().and_then(|row| row.counter(count, at)) {
            Some(counter) => increment(counter),
            None => self.bump_further(count, at),
        }
    }

    /// This thread's first call through this circuit, a thread without a row, or a count that rows
    /// don't have.
    #[cold]
    #[inline(never)]
    fn bump_further(&self, count: Count, at: R::At) {
        let row = self.rows.get_or_make(R::default);
        if let Some(counter) = row.and_then(|row| row.counter(count, at)) {
            increment(counter);
        } else if let Some(counter) = self.shared.get_or_init(Box::default).counter(count, at) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The sum of all rows.
    pub(crate) fn totals(&self, at: R::At) -> Totals {
        let mut totals = Totals::default();
        let (rows, shared) = (self.rows.iter(), self.shared.get());
        for count in Count::ALL {
            let own = rows.clone().filter_map(|row| row.counter(count, at));
            let counters = own.chain(shared.and_then(|shared| shared.counter(count, at)));
            totals.0[count as usize] =
                counters.fold(0, |sum, counter| sum + counter.load(Ordering::Relaxed));
        }
        totals
    }
}

/// One more, by the only writer.
#[inline]
pub(crate) fn increment(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
