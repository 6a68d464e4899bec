//! The part of a circuit that calls read without its lock.

use std::ptr;
use std::sync::atomic::AtomicU8;

use once_cell::race::OnceBox;

use super::bulkhead::Bulkhead;
use super::{CircuitRef, Inner};
use crate::circuit::Summary;
use crate::config::{OnCancel, Rules, Window};
use crate::outcome::State;
use crate::primitives::clock::{NEVER, Nanos, Wait};
use crate::primitives::seq_lock::SeqLock;
use crate::primitives::sync::{
    AtomicBool, AtomicU32, AtomicU64, MutexGuard, Ordering, const_fn, constant,
};
use crate::window::SlidingWindow;
use crate::window::sharded::ShardedBuckets;

/// Read-mostly. The fields that every call reads come last: in a slot (see `keyed`) the key's text
/// follows on the same cache line, and a call by key fetches no other line of the circuit.
#[derive(Debug)]
#[repr(C)]
pub struct Published {
    /// Until when an open circuit rejects calls, and until when a half-open one does that is full.
    pub(super) open: Deadline,
    full: Deadline,
    /// How long a call takes at least that is slow.
    pub(super) slow_after: AtomicU64,
    /// At so many pending successes in a row, the last one takes the lock.
    pub(super) pending_limit: AtomicU32,
    /// The most calls in flight, for the bulkhead.
    pub(super) max_concurrent: AtomicU32,
    pub(super) bulkhead: Bulkhead,
    /// Made when a time window is first used.
    pub(super) sharded: OnceBox<ShardedBuckets>,
    pub(super) summary: AtomicU64,
    /// Guards the key's text. Its stamp tells which of its successive keys the circuit serves.
    pub(crate) key_lock: SeqLock,
    /// The number of this circuit among those of its breaker's keys.
    number: u32,
    /// Whether the key has been asked for since an eviction last looked ([`REFERENCED`]), and since
    /// the circuits were last shown ([`VIEWED`]).
    used_since: AtomicU8,
    /// Whether a call that is cancelled may count, by `on_cancel`.
    judges_cancelled: AtomicBool,
    has_window: AtomicBool,
    /// A new key was refused this circuit because it was in use: whoever ends a call here calls
    /// `make_room`.
    refused_key: AtomicBool,
}

/// As a limit of pending successes: outcomes may be pending in the current bucket of a time window.
pub(super) const IN_BUCKET: u32 = u32::MAX;

/// The key has been asked for since an eviction last looked.
const REFERENCED: u8 = 1;
/// The key has been asked for since somebody last looked at the circuit.
const VIEWED: u8 = 1 << 1;

/// A [`Wait`] that calls read without the lock. Its length is 0 before the first one.
#[derive(Debug)]
pub(super) struct Deadline {
    until: AtomicU64,
    length: AtomicU64,
}

impl Deadline {
    const_fn! {
    fn new() -> Self {
        Deadline { until: AtomicU64::new(0), length: AtomicU64::new(0) }
    }
    }

    /// Its end. Acquire: pairs with the Release in [`Deadline::publish`], so that the length that
    /// is loaded next is of this wait or of a later one.
    #[inline]
    pub(super) fn until(&self) -> Nanos {
        self.until.load(Ordering::Acquire)
    }

    /// The length of the wait. Acquire: pairs with the Release in [`Deadline::publish`]; see
    /// *Reassignment* in the docs of `circuit`.
    #[inline]
    pub(super) fn length(&self) -> Nanos {
        self.length.load(Ordering::Acquire)
    }

    /// The wait; its two parts may be of two waits, if another begins meanwhile.
    #[inline]
    pub(super) fn wait(&self) -> Wait {
        let until = self.until();
        Wait { until, length: self.length() }
    }

    /// Under the lock, before the summary that makes calls read it. Release: pairs with the Acquire
    /// above.
    pub(super) fn publish(&self, wait: Wait) {
        self.length.store(wait.length, Ordering::Release);
        self.until.store(wait.until, Ordering::Release);
    }
}

impl Published {
    const_fn! {
    pub(crate) fn new(rules: &Rules, registered: bool, number: u32) -> Self {
        Published {
            summary: AtomicU64::new(Summary::first(rules, registered).0),
            key_lock: constant!(SeqLock::new()),
            number,
            used_since: constant!(AtomicU8::new(REFERENCED | VIEWED)),
            judges_cancelled: AtomicBool::new(judges_cancelled(rules)),
            has_window: AtomicBool::new(rules.window.is_some()),
            refused_key: constant!(AtomicBool::new(false)),
            open: constant!(Deadline::new()),
            full: constant!(Deadline::new()),
            slow_after: AtomicU64::new(slow_after(rules)),
            pending_limit: AtomicU32::new(pending_limit(rules)),
            max_concurrent: AtomicU32::new(max_concurrent(rules)),
            bulkhead: constant!(Bulkhead::new()),
            sharded: constant!(OnceBox::new()),
        }
    }
    }

    #[inline]
    pub(crate) fn summary(&self) -> Summary {
        // Acquire: pairs with the Release in `CircuitRef::publish`.
        Summary(self.summary.load(Ordering::Acquire))
    }

    #[inline]
    pub(crate) fn number(&self) -> usize {
        self.number as usize
    }

    /// Identifies this circuit among all that exist at the same time.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Notes that the key has been asked for (the reference bit of CLOCK). Mostly it is set
    /// already.
    #[inline]
    pub(crate) fn touch(&self) {
        // Relaxed: it only decides which key is evicted first.
        if self.used_since.load(Ordering::Relaxed) != REFERENCED | VIEWED {
            self.used_since.store(REFERENCED | VIEWED, Ordering::Relaxed);
        }
    }

    /// Whether the key has been asked for since an eviction last looked; clears the bit.
    pub(crate) fn take_referenced(&self) -> bool {
        // Relaxed: as in `touch`.
        self.used_since.fetch_and(!REFERENCED, Ordering::Relaxed) & REFERENCED != 0
    }

    /// Whether the key has been asked for since somebody last looked at the circuit; clears the
    /// bit.
    pub(super) fn take_viewed(&self) -> bool {
        // Relaxed: as in `touch`. Read first: most keys haven't been asked for since, and an exchange takes
        // the cache line from the calls.
        self.used_since.load(Ordering::Relaxed) & VIEWED != 0
            && self.used_since.fetch_and(!VIEWED, Ordering::Relaxed) & VIEWED != 0
    }

    /// Whether a new key was refused this circuit because it was in use. That is noted under the circuit's
    /// lock (`reassign`): a thread that asks after a change under that lock knows of every key that
    /// was refused before, and later keys see the change.
    #[inline]
    pub(crate) fn was_refused(&self) -> bool {
        // Relaxed: the circuit's lock orders the two.
        self.refused_key.load(Ordering::Relaxed)
    }

    pub(super) fn note_refused_key(&self) {
        // Relaxed: the circuit's lock orders the two.
        self.refused_key.store(true, Ordering::Relaxed);
    }

    /// Forgets that a new key was refused: the circuit is a candidate for eviction again.
    pub(crate) fn forget_refused_key(&self) {
        // Relaxed: both change only under the lock of the entries.
        self.refused_key.store(false, Ordering::Relaxed);
        self.bulkhead.forget_refused_key();
    }

    /// Which key this circuit serves. Read after the summary (Acquire), after a look-up, or under
    /// the lock.
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        self.key_lock.stamp()
    }

    /// Where the deadline of a state is published.
    pub(super) fn deadline(&self, state: State) -> &Deadline {
        match state {
            State::Open => &self.open,
            State::HalfOpen | State::Closed => &self.full,
        }
    }

    pub(super) fn publish_rules(&self, rules: &Rules) {
        // Relaxed: a call may still go by the rules of a moment ago.
        self.max_concurrent.store(max_concurrent(rules), Ordering::Relaxed);
        self.slow_after.store(slow_after(rules), Ordering::Relaxed);
        self.pending_limit.store(pending_limit(rules), Ordering::Relaxed);
        self.judges_cancelled.store(judges_cancelled(rules), Ordering::Relaxed);
        self.has_window.store(rules.window.is_some(), Ordering::Relaxed);
    }

    /// Whether the circuit shows nothing but that it is closed, and has counted nothing in a window. Mostly so, and then
    /// a sum needn't take its lock.
    pub(super) fn adds_nothing(&self) -> bool {
        // Relaxed: what is stored before the summary is seen with it. Before its first opening a circuit has
        // had no transition.
        self.summary().is_plain()
            && !self.has_window.load(Ordering::Relaxed)
            && self.sharded.get().is_none()
            && self.open.length() == 0
    }

    /// Whether a call that is cancelled may count.
    pub(super) fn judges_cancelled(&self) -> bool {
        // Relaxed: a call may still go by the rules of a moment ago.
        self.judges_cancelled.load(Ordering::Relaxed)
    }
}

impl CircuitRef<'_> {
    /// Publishes the summary, and before it what calls read on the strength of it.
    #[inline]
    pub(super) fn publish(&self, inner: &MutexGuard<'_, Inner>) {
        let (machine, rules) = (&inner.machine, self.in_force(inner));
        let summary = if machine.state() == State::Closed {
            let summary = Summary::of_closed(machine, rules, inner.mode, inner.flags);
            if summary.is_bucket() || summary.is_pending() {
                if let Some(span) = machine.window().and_then(SlidingWindow::span) {
                    self.published
                        .sharded
                        .get_or_init(|| Box::new(ShardedBuckets::new()))
                        .place(machine.epoch(), span);
                }
            }
            if summary.is_pending() {
                self.locked.pending.open(machine.epoch(), machine.spare_failures(rules));
            }
            summary
        } else {
            let rejection = machine.rejection(rules);
            if let Some(wait) = rejection {
                self.published.deadline(machine.state()).publish(wait);
            }
            Summary::of_other(machine, rejection.is_some(), inner.mode, inner.flags)
        };
        // Release: pairs with the Acquire in `Published::summary`, so that whoever sees this
        // summary sees what was stored above.
        self.published.summary.store(summary.0, Ordering::Release);
    }
}

const fn judges_cancelled(rules: &Rules) -> bool {
    !matches!(rules.on_cancel, OnCancel::Ignore)
}

/// The most calls in flight; not read without a bulkhead.
const fn max_concurrent(rules: &Rules) -> u32 {
    match rules.max_concurrent {
        Some(most) => most,
        None => u32::MAX,
    }
}

/// How long a slow call takes at least; without the rule, [`NEVER`].
const fn slow_after(rules: &Rules) -> Nanos {
    match rules.slow_call {
        Some(slow) => slow,
        None => NEVER,
    }
}

/// The successes in a row after which a success has nothing to write any more: in a count window as many as it
/// holds; without a window the second: the first ends the run, and may be pending, the second takes the lock and publishes that
/// there is nothing left to write. [`IN_BUCKET`]: time tells.
const fn pending_limit(rules: &Rules) -> u32 {
    match rules.window {
        None => 2,
        Some(Window::Calls(size)) => size,
        Some(Window::Time(_)) => IN_BUCKET,
    }
}
