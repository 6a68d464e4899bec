//! The lifetime counters.
//!
//! # Atomic orderings
//!
//! All Relaxed: a counter decides nothing, and no other memory depends on it. A reader sees each
//! counter as it was at its last look, or as it was at some time since.

// Not the model checker's types, because nothing depends on them.
use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;

use crate::error::Rejection;
use crate::primitives::per_thread::{PerThread, Thread};

/// What is counted. The order is that of a shard, the common counts first; a shard of a single
/// circuit has the first [`SHARD_COUNTS`], one of keys' circuits the first [`KEYED_SHARD_COUNTS`].
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
    /// A part of `Cancelled`: those that `on_cancel` made failures when they were cancelled,
    /// whatever it says by now.
    CancelledAsFailure,
    /// Parts of `Rejected`; the rest was rejected by an open circuit.
    RejectedHalfOpenFull,
    RejectedForcedOpen,
    RejectedTooManyCalls,
    /// Late and unprotected in one: the call's circuit went to another key.
    Reassigned,
    /// Parts of `Rejected`.
    RejectedRamping,
    RejectedThrottled,
    /// Answered by the last good value.
    Stale,
    /// A part of `Failures`: calls that had run for `stall`.
    Stalled,
    /// Late, and counted as stalled before.
    LateAfterStall,
}

const COUNTS: usize = Count::ALL.len();

impl Count {
    const ALL: [Count; 21] = [
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
        Count::CancelledAsFailure,
        Count::RejectedHalfOpenFull,
        Count::RejectedForcedOpen,
        Count::RejectedTooManyCalls,
        Count::Reassigned,
        Count::RejectedRamping,
        Count::RejectedThrottled,
        Count::Stale,
        Count::Stalled,
        Count::LateAfterStall,
    ];

    /// The part of `Rejected` in which a rejection for this reason is counted, too. None for an
    /// open circuit, whose rejections are the most frequent: they are counted only once.
    #[inline]
    pub(crate) fn of_rejection(reason: Rejection) -> Option<Count> {
        match reason {
            Rejection::Open => None,
            Rejection::HalfOpenFull => Some(Count::RejectedHalfOpenFull),
            Rejection::ForcedOpen => Some(Count::RejectedForcedOpen),
            Rejection::TooManyCalls => Some(Count::RejectedTooManyCalls),
            Rejection::Ramping => Some(Count::RejectedRamping),
            Rejection::Throttled => Some(Count::RejectedThrottled),
        }
    }
}

/// A copy of all counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals([u64; COUNTS]);

impl Totals {
    pub(crate) fn get(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    pub(crate) fn add(&mut self, count: Count, more: u64) {
        self.0[count as usize] += more;
    }

    /// Adds the counts of another copy.
    #[cfg(feature = "__exporter")]
    pub(crate) fn join(&mut self, more: &Totals) {
        self.0.iter_mut().zip(more.0).for_each(|(sum, more)| *sum += more);
    }

    fn add_all<R: CounterStore>(&mut self, counters: &R, at: R::At) {
        for count in Count::ALL {
            if let Some(counter) = counters.get(count, at) {
                self.add(count, counter.load(Ordering::Relaxed));
            }
        }
    }

    /// Adds the counts of all circuits.
    fn add_chunks<const N: usize>(&mut self, Chunks(chunks): &Chunks<N>) {
        // Those of one count are followed by those of the next.
        let of_one_count = (chunks.len() / N).max(1);
        for (count, chunks) in Count::ALL.into_iter().zip(chunks.chunks(of_one_count)) {
            let counters = chunks.iter().filter_map(OnceBox::get).flat_map(|chunk| &chunk.0);
            self.add(count, counters.map(|counter| counter.load(Ordering::Relaxed)).sum());
        }
    }

    pub(crate) fn since(&self, earlier: &Totals) -> Totals {
        let mut difference = *self;
        for (now, then) in difference.0.iter_mut().zip(earlier.0) {
            *now = now.saturating_sub(then);
        }
        difference
    }
}

/// One thread's counters, on cache lines of their own: 128 bytes, because processors fetch lines in
/// pairs (Intel's optimization manual on the spatial prefetcher; crossbeam's `CachePadded` has the
/// same size for the same reason).
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ThreadCounts([AtomicU64; SHARD_COUNTS]);

/// How many counts each thread has in a shard. Further ones would be rare: all threads share one
/// counter for each, because another pair of cache lines would hold little but zeros.
const SHARD_COUNTS: usize = 16;

/// Every count of a single circuit, for all threads.
#[derive(Debug)]
pub(crate) struct AllCounts([AtomicU64; COUNTS]);

/// How many counts each thread has in a shard for keys' circuits. The others are rare: all threads
/// share one counter for each, because shards would hold little but zeros.
const KEYED_SHARD_COUNTS: usize = 4;

/// The first `N` counters of each key of a breaker. Made for one count and some circuits at a time,
/// so that the most frequent count, the successes, is stored together.
#[derive(Debug)]
pub(crate) struct Chunks<const N: usize>(Box<[OnceBox<Chunk>]>);

/// One count of some circuits, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Chunk([AtomicU64; TOGETHER]);

/// The circuits in a chunk.
const TOGETHER: usize = 128;

/// A key of a breaker: the number of its circuit, and how many circuits there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) number: usize,
    pub(crate) max: usize,
}

/// A set of counters.
pub(crate) trait CounterStore: Sized {
    /// Which circuit's counters.
    type At: Copy;

    fn make(at: Self::At) -> Self;

    /// `None`: it hasn't been made, or isn't counted here.
    fn get(&self, count: Count, at: Self::At) -> Option<&AtomicU64>;

    /// `None`: it isn't counted here.
    fn get_or_make(&self, count: Count, at: Self::At) -> Option<&AtomicU64> {
        self.get(count, at)
    }
}

impl CounterStore for ThreadCounts {
    type At = ();

    fn make((): ()) -> Self {
        ThreadCounts::default()
    }

    #[inline]
    fn get(&self, count: Count, (): ()) -> Option<&AtomicU64> {
        self.0.get(count as usize)
    }
}

impl CounterStore for AllCounts {
    type At = ();

    fn make((): ()) -> Self {
        AllCounts([const { AtomicU64::new(0) }; COUNTS])
    }

    fn get(&self, count: Count, (): ()) -> Option<&AtomicU64> {
        self.0.get(count as usize)
    }
}

impl ThreadCounts {
    /// Increments a counter of a shard, in its own thread.
    #[inline]
    pub(crate) fn increment(&self, count: Count) {
        if let Some(counter) = self.get(count, ()) {
            increment(counter);
        }
    }
}

impl<const N: usize> Chunks<N> {
    /// The chunk of this count and circuit: all chunks of one count are followed by those of the
    /// next.
    #[inline]
    fn place(&self, count: Count, number: usize) -> Option<&OnceBox<Chunk>> {
        self.0.get(count as usize * (self.0.len() / N) + number / TOGETHER)
    }
}

impl<const N: usize> CounterStore for Chunks<N> {
    type At = Key;

    fn make(at: Key) -> Self {
        Chunks((0..N * at.max.div_ceil(TOGETHER)).map(|_| OnceBox::new()).collect())
    }

    #[inline]
    fn get(&self, count: Count, Key { number, .. }: Key) -> Option<&AtomicU64> {
        let chunk = self.place(count, number)?.get()?;
        Some(&chunk.0[number % TOGETHER])
    }

    fn get_or_make(&self, count: Count, at: Key) -> Option<&AtomicU64> {
        let make = || Box::new(Chunk([const { AtomicU64::new(0) }; TOGETHER]));
        self.place(count, at.number)?.get_or_init(make);
        self.get(count, at)
    }
}

/// The counters of one circuit, or of several.
#[derive(Debug)]
pub(crate) struct Counters<R = ThreadCounts, S = AllCounts> {
    shards: PerThread<R>,
    /// For counts that shards don't have, and threads that have no shard. All threads add to it.
    overflow: OnceBox<S>,
}

/// The counters of a breaker's keys.
pub(crate) type KeyCounters = Counters<Chunks<KEYED_SHARD_COUNTS>, Chunks<COUNTS>>;

impl<R: CounterStore, S: CounterStore<At = R::At>> Counters<R, S> {
    pub(crate) const fn new() -> Self {
        Counters { shards: PerThread::new(), overflow: OnceBox::new() }
    }

    /// Increments a counter.
    #[inline]
    pub(crate) fn bump(&self, count: Count, at: R::At) {
        match self.shards.get_first(Thread::here()).and_then(|shard| shard.get(count, at)) {
            Some(counter) => increment(counter),
            None => self.bump_slow(count, at),
        }
    }

    /// Adds to a counter; rarely.
    #[cold]
    pub(crate) fn bump_by(&self, count: Count, at: R::At, more: u64) {
        let overflow = self.overflow.get_or_init(|| Box::new(S::make(at)));
        if let Some(counter) = overflow.get_or_make(count, at) {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// This thread's shard, if it is inline and exists.
    #[inline]
    pub(crate) fn shard(&self, thread: Thread) -> Option<&R> {
        self.shards.get_first(thread)
    }

    /// [`Counters::bump`] at a thread's first call, for a thread without an inline shard, and for a
    /// count that shards don't have.
    #[cold]
    #[inline(never)]
    fn bump_slow(&self, count: Count, at: R::At) {
        let shard = self.shards.get_or_make(|| R::make(at));
        if let Some(counter) = shard.and_then(|shard| shard.get_or_make(count, at)) {
            increment(counter);
        } else {
            let overflow = self.overflow.get_or_init(|| Box::new(S::make(at)));
            if let Some(counter) = overflow.get_or_make(count, at) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The sum of all shards of one circuit.
    pub(crate) fn totals(&self, at: R::At) -> Totals {
        let mut totals = Totals::default();
        self.shards.iter().for_each(|shard| totals.add_all(shard, at));
        if let Some(overflow) = self.overflow.get() {
            totals.add_all(overflow, at);
        }
        totals
    }
}

impl KeyCounters {
    /// The sum of all shards of all circuits.
    pub(crate) fn sum(&self) -> Totals {
        let mut totals = Totals::default();
        self.shards.iter().for_each(|shard| totals.add_chunks(shard));
        if let Some(overflow) = self.overflow.get() {
            totals.add_chunks(overflow);
        }
        totals
    }
}

/// Increments a counter that has no other writer.
#[inline]
pub(crate) fn increment(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_for_a_single_circuit_adds_up() {
        let counters: Counters = Counters::new();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for count in Count::ALL {
                        (0..=count as usize).for_each(|_| counters.bump(count, ()));
                    }
                });
            }
        });
        let totals = counters.totals(());
        for count in Count::ALL {
            assert_eq!(totals.get(count), 20 * (1 + count as u64), "{count:?}");
        }
    }

    #[test]
    fn what_threads_count_for_each_key_adds_up() {
        let counters = KeyCounters::new();
        let keys = [0, TOGETHER - 1, TOGETHER, 299].map(|number| Key { number, max: 300 });
        let barrier = std::sync::Barrier::new(20);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    // All at the same time, so that some are beyond the first threads.
                    barrier.wait();
                    for (index, key) in keys.into_iter().enumerate() {
                        for count in Count::ALL {
                            (0..=index + count as usize).for_each(|_| counters.bump(count, key));
                        }
                    }
                    barrier.wait();
                });
            }
        });
        let totals = |key| {
            let totals = counters.totals(key);
            Count::ALL.map(|count| totals.get(count))
        };
        for (index, key) in keys.into_iter().enumerate() {
            let each = Count::ALL.map(|count| 20 * (1 + index as u64 + count as u64));
            assert_eq!(totals(key), each);
        }
        assert_eq!(totals(Key { number: 1, max: 300 }), [0; COUNTS]);
        let sum = counters.sum();
        for count in Count::ALL {
            let each = keys.map(|key| counters.totals(key).get(count));
            assert_eq!(sum.get(count), each.iter().sum::<u64>());
        }
    }
}
