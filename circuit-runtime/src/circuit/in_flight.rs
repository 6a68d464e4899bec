//! The calls in flight of a circuit with `stall`, counted by when they began.
//!
//! A *cohort* is the calls that began within the same stretch of at most a sixteenth of `stall`. The
//! stretch is a power of two of nanoseconds, so that a shift tells a call's cohort by its start. Each
//! cohort has a word: which one it is, and how many of its calls are in flight. A call adds itself and
//! takes itself off. Once the last that may have joined a cohort has reached `stall`, the lock's
//! holder takes all that are left: they have stalled. So ten thousand calls in flight take no more
//! memory than one, and no call has to look at another.
//!
//! *What the words save.* The lock, twice a call: see the docs of `circuit`. The simple alternative is a queue of
//! start times under the lock.
//!
//! # Atomic orderings
//!
//! Each call is counted by read-modify-writes of one word, which have one order: either the call takes
//! itself off, or the lock's holder takes it, never both and never neither. No other memory depends on
//! it, so Relaxed will do; also for the other fields, which say what is shown.
//!
//! `due` says when to look next. It is stored (Release) after the summary that has what the last look
//! found. So a call that loads it (Acquire) and needn't look sees that summary; one that comes before
//! looks, too, and waits for the lock.

use crate::primitives::clock::{COARSE_FROM, LAG, Moment, NEVER, Nanos, SKEW, Wait};
use crate::primitives::sync::{AtomicU64, Ordering};

/// As many words as cohorts that can be in flight before the first must have stalled (at most 35), and some more.
/// The model checker follows each of them.
const COHORTS: usize = if cfg!(circuit_loom) { 2 } else { 64 };

/// The calls, in a cohort's word.
const COUNT: u64 = (1 << 23) - 1;
/// They have been taken: who began then and isn't counted comes too late to join.
const TAKEN: u64 = 1 << 23;
/// A new key would have got the circuit if these calls hadn't been in flight.
const REFUSED_KEY: u64 = 1 << 24;
/// Which cohort it is, by the length of its stretch (as a shift, and one more), its period and its number: as many
/// bits of each as fit. The first two are where a ticket has them, so that a mask takes them from there.
/// Numbers that differ by a multiple of 2¹⁶ are thousands of `stall` apart.
const SHIFT: u32 = 25;
const PERIOD: u32 = 31;
const PERIOD_BITS: u32 = 17;
const NUMBER: u32 = PERIOD + PERIOD_BITS;
const LABEL: u64 = !(COUNT | TAKEN | REFUSED_KEY);

/// As many bits of a period as a word has.
fn in_word(period: u64) -> u64 {
    period & ((1 << PERIOD_BITS) - 1)
}

/// The period of a word, in as many bits.
fn period_of(word: u64) -> u64 {
    in_word(word >> PERIOD)
}

/// How long a call may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stall(Nanos);

impl Stall {
    /// The length of a cohort's stretch, as a shift.
    pub(crate) fn shift(self) -> u32 {
        // `max(1)` would give the same, and take two instructions more.
        ((self.0 / 16) | 1).ilog2()
    }

    /// The present time, by the clock that is exact enough.
    #[inline]
    pub(crate) fn now(self, moment: &Moment) -> Nanos {
        moment.by_length(self.0)
    }

    /// How far ahead of the clock of any thread it can be when a look is due.
    fn reach(self) -> Nanos {
        let cohort = self.wait().saturating_add(1 << self.shift());
        // As in `Wait::left`: more is left only if the clock has gone back.
        cohort.saturating_add(cohort.min(SKEW))
    }

    /// Whether a call of this start can't have stalled yet. False says nothing, also if the clock has
    /// gone back.
    #[inline]
    pub(crate) fn surely_runs(self, started: Nanos, now: Nanos) -> bool {
        now.wrapping_sub(started) < self.0
    }

    /// How long after the start of its last call a cohort has stalled. A start by the coarse clock
    /// may lag.
    fn wait(self) -> Nanos {
        self.0.saturating_add(if self.0 >= COARSE_FROM { LAG } else { 0 })
    }
}

/// A cohort.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cohort {
    label: u64,
    index: usize,
    /// The first and the last start that belong to it.
    first: Nanos,
    last: Nanos,
}

impl Cohort {
    /// The cohort of a call of this period, which began then.
    pub(crate) fn of(period: u32, started: Nanos, shift: u32) -> Self {
        Self::numbered(u64::from(period), started >> shift, shift)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are the index")]
    fn numbered(period: u64, number: u64, shift: u32) -> Self {
        let first = number << shift;
        Cohort {
            label: number << NUMBER | in_word(period) << PERIOD | u64::from(shift + 1) << SHIFT,
            index: number as usize % COHORTS,
            first,
            last: first | ((1 << shift) - 1),
        }
    }

    /// The cohort of a word: of those that the word may mean, the one that is nearest to now.
    #[expect(clippy::cast_possible_truncation, reason = "a word has 16 bits of the number")]
    fn of_word(word: u64, now: Nanos) -> Self {
        let shift = ((word >> SHIFT & 63) as u32).saturating_sub(1); // zero in an empty word
        let ago = (now >> shift).wrapping_sub(word >> NUMBER) as i16;
        let number = (now >> shift).wrapping_add_signed(-i64::from(ago));
        Self::numbered(period_of(word), number, shift)
    }

    /// Until its calls have stalled.
    fn wait(self, stall: Stall) -> Wait {
        let until = self.due(stall);
        Wait { until, length: stall.wait().saturating_add(self.last - self.first) }
    }

    /// Whether its calls haven't stalled yet; if the clock has gone back, nobody knows, and they have.
    pub(crate) fn is_running(self, stall: Stall, now: Nanos) -> bool {
        self.wait(stall).left(now).is_some()
    }

    /// When its calls have stalled.
    fn due(self, stall: Stall) -> Nanos {
        self.last.saturating_add(stall.wait())
    }
}

/// Calls that have stalled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stalled {
    pub(crate) calls: u32,
    /// The first and the last start that belongs to their cohorts.
    pub(crate) first: Nanos,
    pub(crate) last: Nanos,
    /// Whether a success was recorded since the first of them may have reached `stall`.
    pub(crate) amid_successes: bool,
}

/// What a look at the list has found, and when to look next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) stalled: Option<Stalled>,
    pub(crate) due: Nanos,
}

/// What became of a call that took itself off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// It was on the list.
    InTime,
    /// It was, and as the last one of its cohort, for which a new key waits.
    ToNewKey,
    /// It wasn't any more: it has stalled, or its period is over.
    Gone,
}

/// The calls in flight of a circuit.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct InFlight {
    stall: AtomicU64,
    /// How far ahead `due` can be.
    reach: AtomicU64,
    /// When the first calls may have stalled that nobody has noticed.
    due: AtomicU64,
    last_success: AtomicU64,
    /// Calls in flight that no word counts any more; wraps around.
    uncounted: AtomicU64,
    cohorts: [AtomicU64; COHORTS],
}

impl InFlight {
    pub(crate) fn new(stall: Nanos) -> Self {
        InFlight {
            stall: AtomicU64::new(stall),
            reach: AtomicU64::new(Stall(stall).reach()),
            due: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
            uncounted: AtomicU64::new(0),
            cohorts: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    #[inline]
    pub(crate) fn stall(&self) -> Stall {
        // Relaxed: a limit that has just changed may be applied a moment later.
        Stall(self.stall.load(Ordering::Relaxed))
    }

    /// Changes how long calls may run, also for those in flight; `None`: as long as they like.
    pub(crate) fn set(&self, stall: Option<Nanos>) {
        let stall = stall.unwrap_or(NEVER);
        self.stall.store(stall, Ordering::Relaxed);
        self.reach.store(Stall(stall).reach(), Ordering::Relaxed);
        self.due.store(0, Ordering::Relaxed);
    }

    /// Whether there may be calls that have stalled and that nobody has noticed; also if the clock
    /// has gone back.
    #[inline]
    pub(crate) fn is_due(&self, now: Nanos) -> bool {
        // Acquire: pairs with the Release in `look_next`.
        let left = self.due.load(Ordering::Acquire).wrapping_sub(now);
        // One comparison: nothing is left, or less than that, or more than can be.
        left.wrapping_sub(1) >= self.reach.load(Ordering::Relaxed)
    }

    /// Adds a call. False: it stays off the list. Its period is over; or its thread has slept for
    /// `stall` since it read the clock; or cohorts of another length, or of another time, are in the
    /// way: `stall` was changed, or the clock has gone back, while they were in flight.
    #[inline]
    pub(crate) fn add(&self, cohort: Cohort) -> bool {
        let word = &self.cohorts[cohort.index];
        // Relaxed, here and below: read-modify-writes have one order, and no other memory depends
        // on it.
        let seen = word.load(Ordering::Relaxed);
        let is_joined = (seen ^ cohort.label) < COUNT
            && word
                .compare_exchange_weak(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        is_joined || self.add_slow(cohort.label, cohort.index)
    }

    /// [`add`](Self::add) of a cohort's first call, or beside others.
    #[cold]
    #[inline(never)]
    fn add_slow(&self, label: u64, index: usize) -> bool {
        let word = &self.cohorts[index];
        let joined = |seen: u64| {
            if seen & LABEL == label {
                (seen & TAKEN == 0 && seen & COUNT != COUNT).then_some(seen + 1)
            } else {
                (seen & COUNT == 0 || is_later(label, seen)).then_some(label + 1)
            }
        };
        let seen = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, joined);
        if let Ok(seen) = seen {
            if seen & LABEL != label {
                self.note_uncounted(seen & COUNT);
            }
        }
        seen.is_ok()
    }

    /// Takes a call off, of a cohort because of which no new key was refused. False: nothing has changed.
    #[inline]
    pub(crate) fn try_remove(&self, cohort: Cohort) -> bool {
        let word = &self.cohorts[cohort.index];
        let mut seen = word.load(Ordering::Relaxed);
        // One comparison: the label is the cohort's, the count isn't zero, and no flag is set.
        while (seen ^ cohort.label).wrapping_sub(1) < COUNT {
            match word.compare_exchange_weak(seen, seen - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
        false
    }

    /// Takes a call off.
    pub(crate) fn remove(&self, cohort: Cohort) -> Left {
        let left = |seen: u64| {
            let is_counted = seen & (LABEL | TAKEN) == cohort.label && seen & COUNT != 0;
            let is_last = seen & COUNT == 1;
            is_counted.then(|| (if is_last { seen & !REFUSED_KEY } else { seen }) - 1)
        };
        let word = &self.cohorts[cohort.index];
        match word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(seen) if seen & COUNT == 1 && seen & REFUSED_KEY != 0 => Left::ToNewKey,
            Ok(_) => Left::InTime,
            Err(_) => Left::Gone,
        }
    }

    /// Takes the calls of this period that have stalled, and clears what is left of earlier ones.
    /// Under the circuit's lock.
    pub(crate) fn take_stalled(&self, period: u32, now: Nanos) -> Taken {
        let stall = self.stall();
        // Calls that begin from now on.
        let mut due = now.saturating_add(stall.wait());
        let (mut calls, mut first, mut last) = (0, NEVER, 0);
        for word in &self.cohorts {
            let mut found = None;
            let taken = |seen: u64| {
                found = None;
                let cohort = Cohort::of_word(seen, now);
                // The clock has gone back: other calls may begin then.
                let is_ahead = cohort.due(stall) > now;
                if seen & COUNT == 0 {
                    (seen & TAKEN != 0 && is_ahead).then_some(0)
                } else if period_of(seen) != in_word(u64::from(period)) {
                    Some(0)
                } else if cohort.is_running(stall, now) {
                    due = due.min(cohort.due(stall));
                    None
                } else {
                    found = Some(cohort);
                    Some(if is_ahead { 0 } else { seen & LABEL | TAKEN })
                }
            };
            if let Ok(seen) = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken) {
                self.note_uncounted(seen & COUNT);
                if let Some(cohort) = found {
                    calls += seen & COUNT;
                    first = first.min(cohort.first);
                    last = last.max(cohort.last);
                }
            }
        }
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let last_success = self.last_success.load(Ordering::Relaxed);
        // One of the future was recorded before the clock went back.
        let amid_successes = last_success >= first.saturating_add(stall.0)
            && last_success <= now.saturating_add(SKEW);
        let stalled = (calls > 0).then_some(Stalled { calls, first, last, amid_successes });
        Taken { stalled, due }
    }

    /// Notes when to look next. Under the circuit's lock, after its summary has been published.
    pub(crate) fn look_next(&self, due: Nanos) {
        // Release: pairs with the Acquire in `is_due`.
        self.due.store(due, Ordering::Release);
    }

    /// Notes that a success is recorded.
    #[inline]
    pub(crate) fn note_success(&self, now: Nanos) {
        // Most come within one tick of the coarse clock, and don't write.
        if self.last_success.load(Ordering::Relaxed) != now {
            self.last_success.store(now, Ordering::Relaxed);
        }
    }

    /// Notes that calls in flight are no longer counted by their cohort's word.
    fn note_uncounted(&self, calls: u64) {
        if calls != 0 {
            self.uncounted.fetch_add(calls, Ordering::Relaxed);
        }
    }

    /// Notes that a call has ended that no word counted.
    pub(crate) fn note_end(&self) {
        self.uncounted.fetch_sub(1, Ordering::Relaxed);
    }

    /// The calls in flight: those that are counted, and those that have stalled or are of an earlier
    /// period and haven't ended.
    pub(crate) fn total(&self) -> u32 {
        let counted = self.cohorts.iter().map(|word| word.load(Ordering::Relaxed) & COUNT);
        let uncounted = self.uncounted.load(Ordering::Relaxed);
        let all = counted.fold(uncounted, u64::wrapping_add);
        // Below zero while a call goes from one to the other.
        let is_below_zero = all > u64::MAX / 2;
        if is_below_zero { 0 } else { u32::try_from(all).unwrap_or(u32::MAX) }
    }

    /// Whether calls of this period are counted. If so, notes that a new key was refused because of them: the last one to
    /// end makes room. Under the circuit's lock.
    pub(crate) fn mark_refused(&self, period: u32) -> bool {
        let waits = |seen: u64| {
            let is_busy = seen & COUNT != 0 && period_of(seen) == in_word(u64::from(period));
            is_busy.then_some(seen | REFUSED_KEY)
        };
        let waits = |word: &AtomicU64| {
            word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, waits).is_ok()
        };
        self.cohorts.iter().filter(|word| waits(word)).count() > 0
    }

    /// Begins anew, for another key. Under the circuit's lock.
    pub(crate) fn clear(&self) {
        self.cohorts.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        self.uncounted.store(0, Ordering::Relaxed);
        self.last_success.store(0, Ordering::Relaxed);
    }
}

/// Whether a label is of a later period than a word. Periods wrap around.
fn is_later(label: u64, word: u64) -> bool {
    let ahead = in_word(period_of(label).wrapping_sub(period_of(word)));
    (1..1 << (PERIOD_BITS - 1)).contains(&ahead)
}
