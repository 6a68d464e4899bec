//! Successes of a time window, counted by each thread in a shard of its own while the window holds
//! nothing but successes.
//!
//! Such a success can't open the circuit, so it needn't be judged; it only has to be counted when a
//! failure is judged.
//!
//! *What it saves.* The circuit's lock at each success, and waiting for it: by the lock, a success took more than four
//! times as long, and with a second thread more than twenty times. While a time window holds failures, outcomes are noted
//! in `pending` instead. The simple alternative is to take the lock always.
//!
//! # Atomic orderings
//!
//! The layout of the buckets changes under the circuit's lock: `origin` and `width`, then
//! `generation` (Release), which a counting thread loads first (Acquire). A shard has one writer,
//! which empties it before it stores the shard's new generation (Release). A reader loads the
//! shard's generation first (Acquire), so that what it adds up was counted in that generation. The
//! reader holds the lock, so the generation can't change meanwhile. A success that was counted
//! before a failure began, by whatever synchronization the user has, is seen when the failure is
//! judged; one that is counted at the same time may come after it.
//!
//! A thread that has counted in a generation before doesn't read the layout again: it is the same.
//! The lifetime counter in a shard follows the same rules as those in `counters`.
//!
//! A generation contains the epoch, so that a thread that was held up between finding its period
//! current and counting can't count in a later one.

// Not the model checker's type, as in `counters`: nothing depends on it.
use std::sync::atomic::AtomicU64 as Counter;

use crate::counters::increment;
use crate::primitives::clock::{self, COARSE_FROM, Moment, Nanos};
use crate::primitives::per_thread::{PerThread, Thread};
use crate::primitives::sync::{AtomicU32, AtomicU64, Ordering};
use crate::window::{BUCKETS, Span, slot};

/// The per-thread part of a time window.
#[derive(Debug)]
pub(crate) struct ShardedBuckets {
    shards: PerThread<Shard>,
    /// The epoch in the upper half; in the lower half [`ACTIVE`] and the number of the layout.
    generation: AtomicU64,
    /// When the first bucket began, and how long each is.
    origin: AtomicU64,
    width: AtomicU64,
    /// When the bucket ends that was the current one when the lock was last released.
    ends: AtomicU64,
}

/// One thread's successes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Shard {
    /// The generation in which the buckets were counted.
    generation: AtomicU64,
    /// The current bucket: its index, its number, and when it ends.
    current: AtomicU32,
    at: AtomicU64,
    ends: AtomicU64,
    /// This thread's successes that no other lifetime counter has.
    successes: Counter,
    /// The lowest bits of each bucket's number, and the successes in it: as many as a thread can
    /// count in some days. Only the last ten buckets up to the current one hold any, so these few
    /// bits always distinguish them.
    buckets: [AtomicU64; BUCKETS],
}

/// The first bit of a bucket's number, and the bits below it, for the successes.
const NUMBER: u32 = 48;
const COUNT: u64 = (1 << NUMBER) - 1;
/// The first bit of the epoch in a generation.
const EPOCH: u32 = 32;
/// In a generation: its layout is in force.
const ACTIVE: u64 = 1 << 31;

impl Shard {
    /// Counts a success in the current bucket, unless that has ended by now: then false.
    #[inline]
    pub(crate) fn try_count(&self, now: Nanos) -> bool {
        let goes_on = now < self.ends.load(Ordering::Relaxed);
        if goes_on {
            self.count();
        }
        goes_on
    }

    /// Counts a success in the lifetime counter, instead of in the circuit's counters.
    #[inline]
    pub(crate) fn count_lifetime(&self) {
        increment(&self.successes);
    }

    /// Counts a success in the current bucket.
    #[inline]
    fn count(&self) {
        if let Some(bucket) = self.buckets.get(self.current.load(Ordering::Relaxed) as usize) {
            let filled = bucket.load(Ordering::Relaxed);
            if filled & COUNT < COUNT {
                bucket.store(filled + 1, Ordering::Relaxed);
            }
        }
    }
}

impl ShardedBuckets {
    pub(crate) fn new() -> Self {
        ShardedBuckets {
            shards: PerThread::new(),
            generation: AtomicU64::new(0),
            origin: AtomicU64::new(0),
            width: AtomicU64::new(1),
            ends: AtomicU64::new(0),
        }
    }

    /// Sets the layout of the buckets for this period. Under the circuit's lock, before a summary
    /// is published that lets successes count here.
    pub(crate) fn place(&self, epoch: u32, Span { origin, width, reached }: Span) {
        let ends = origin.saturating_add((reached + 1).saturating_mul(width));
        self.ends.store(ends, Ordering::Relaxed);
        let generation = self.generation.load(Ordering::Relaxed);
        if generation & ACTIVE != 0 && generation >> EPOCH == u64::from(epoch) {
            return;
        }
        self.origin.store(origin, Ordering::Relaxed);
        self.width.store(width, Ordering::Relaxed);
        let number = (generation + 1) & (ACTIVE - 1);
        let generation = u64::from(epoch) << EPOCH | ACTIVE | number;
        self.generation.store(generation, Ordering::Release);
    }

    /// Ends the present generation: what was counted in it is never seen again. Under the circuit's
    /// lock. A success that is being counted at this moment may be lost to the window.
    pub(crate) fn forget(&self) {
        let generation = self.generation.load(Ordering::Relaxed);
        self.generation.store(generation & !ACTIVE, Ordering::Release);
    }

    /// Whether the bucket in which the lock was last released is still the current one. No, if the clock has gone back
    /// by more than the length of the window.
    #[inline]
    pub(crate) fn is_in_bucket(&self) -> bool {
        let now = if self.is_coarse() { clock::coarse() } else { clock::now() };
        let longest = self.width.load(Ordering::Relaxed).saturating_mul(BUCKETS as u64 + 1);
        self.ends.load(Ordering::Relaxed).wrapping_sub(now).wrapping_sub(1) < longest
    }

    /// Whether the coarse clock is exact enough for these buckets.
    #[inline]
    pub(crate) fn is_coarse(&self) -> bool {
        self.width.load(Ordering::Relaxed) >= COARSE_FROM
    }

    /// The shard of a thread that has counted in this period before.
    #[inline]
    pub(crate) fn shard(&self, epoch: u32, thread: Thread) -> Option<&Shard> {
        let shard = self.shards.get_first(thread)?;
        let generation = self.generation.load(Ordering::Acquire);
        // A shard's generation once was the present one, with its layout in force. Relaxed: this
        // thread stored it.
        let present = shard.generation.load(Ordering::Relaxed) == generation
            && generation >> EPOCH == u64::from(epoch);
        present.then_some(shard)
    }

    /// Counts a success of this period, and returns the shard. `None`: this period can't count
    /// here, or its thread has no shard.
    #[expect(clippy::inline_always, reason = "out of line the moment would have to be in memory")]
    #[inline(always)]
    pub(crate) fn count(&self, epoch: u32, moment: &Moment) -> Option<&Shard> {
        let generation = self.generation.load(Ordering::Acquire);
        if generation & ACTIVE == 0 || generation >> EPOCH != u64::from(epoch) {
            return None;
        }
        let shard = self.shards.get_or_make(Shard::default)?;
        let now = if self.is_coarse() { moment.coarse() } else { moment.exact() };
        if shard.generation.load(Ordering::Relaxed) != generation
            || now >= shard.ends.load(Ordering::Relaxed)
        {
            self.turn(shard, generation, now);
        }
        shard.count();
        Some(shard)
    }

    /// Advances to the present generation and its current bucket.
    #[cold]
    #[inline(never)]
    fn turn(&self, shard: &Shard, generation: u64, now: Nanos) {
        let (origin, width) =
            (self.origin.load(Ordering::Relaxed), self.width.load(Ordering::Relaxed));
        let number = now.saturating_sub(origin) / width;
        let is_new = shard.generation.load(Ordering::Relaxed) != generation;
        // A shard advances to a later bucket, or starts its first one. Empty those that it passes.
        // Relaxed, here and below: readers go by `at` and `generation`, which are stored last.
        if is_new {
            for bucket in &shard.buckets {
                bucket.store(0, Ordering::Relaxed);
            }
        } else {
            let passed = number.saturating_sub(shard.at.load(Ordering::Relaxed));
            for back in 0..passed.min(BUCKETS as u64) {
                shard.buckets[slot(number - back)].store(0, Ordering::Relaxed);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "below ten")]
        shard.current.store(slot(number) as u32, Ordering::Relaxed);
        shard.buckets[slot(number)].store(number << NUMBER, Ordering::Relaxed);
        shard
            .ends
            .store(origin.saturating_add((number + 1).saturating_mul(width)), Ordering::Relaxed);
        // Release: pairs with the Acquire in `each`, so that a reader of this number sees the
        // passed buckets empty.
        shard.at.store(number, Ordering::Release);
        if is_new {
            // Release: pairs with the Acquire in `each`, so that a reader of this generation sees
            // no older successes.
            shard.generation.store(generation, Ordering::Release);
        }
    }

    /// The sum of the lifetime counters.
    pub(crate) fn successes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.successes.load(Ordering::Relaxed)).sum()
    }

    /// Calls `each` with every bucket that still counts: its number and its successes. Under the
    /// circuit's lock.
    pub(crate) fn each(&self, epoch: u32, reached: u64, mut each: impl FnMut(u64, u64)) {
        // Relaxed: it only changes under the lock, which the caller holds. After `forget` no shard
        // has this generation.
        let generation = self.generation.load(Ordering::Relaxed);
        if generation >> EPOCH != u64::from(epoch) {
            return;
        }
        for shard in self
            .shards
            .iter()
            .filter(|shard| shard.generation.load(Ordering::Acquire) == generation)
        {
            // Acquire: pairs with the Release in `turn`.
            if shard.at.load(Ordering::Acquire).saturating_add(BUCKETS as u64) <= reached {
                continue;
            }
            for bucket in &shard.buckets {
                let filled = bucket.load(Ordering::Relaxed);
                let age = age(reached, filled >> NUMBER);
                // Negative ages count, too: a thread may be at a bucket that the lock's holder
                // hasn't reached.
                if age.unsigned_abs() < BUCKETS as u64 {
                    each(reached.wrapping_add_signed(-age), filled & COUNT);
                }
            }
        }
    }
}

/// How many buckets ago the bucket was whose number ends with these bits; negative if it is ahead.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "wraps around")]
fn age(reached: u64, bits: u64) -> i64 {
    i64::from((reached as u16).wrapping_sub(bits as u16) as i16)
}

#[cfg(all(test, not(circuit_loom)))]
mod tests;
