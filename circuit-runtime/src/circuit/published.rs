//! What calls read of a circuit without its lock.

use std::ptr;
use std::sync::atomic::AtomicU8;

use once_cell::race::OnceBox;

use super::bulkhead::Bulkhead;
use crate::circuit::Summary;
use crate::config::{Rules, Window};
use crate::outcome::State;
use crate::primitives::clock::{NEVER, Nanos, Wait};
use crate::primitives::sync::{AtomicBool, AtomicU32, AtomicU64, Ordering, const_fn};
use crate::window::sharded::ShardedBuckets;

/// Read-mostly. The fields that every call reads come last: in a slot (see `keyed`) the key's text
/// follows on the same cache line, and a call by key fetches no other line of the circuit.
#[derive(Debug)]
#[repr(C)]
pub struct Published {
    /// How long an open circuit rejects, and how long a half-open one whose places are taken.
    pub(super) open: Deadline,
    full: Deadline,
    /// From when on a call is slow.
    pub(super) slow_after: AtomicU64,
    /// After how many pending successes the count window holds nothing else.
    pub(super) pending_limit: AtomicU32,
    /// The bulkhead: its limit, and the calls in it.
    pub(super) limit: AtomicU32,
    pub(super) bulkhead: Bulkhead,
    /// Made when a time window comes into use.
    pub(super) sharded: OnceBox<ShardedBuckets>,
    pub(super) summary: AtomicU64,
    /// The key this circuit serves now: twice its number, and [`BEING_REPLACED`].
    stamp: AtomicU64,
    /// Where this circuit stands among those of its breaker's keys.
    number: u32,
    /// Whether this circuit's key has been asked for since others last looked: [`SEARCHED`] and
    /// [`SHOWN`].
    asked_since: AtomicU8,
    /// A new key would have had this circuit, had it been free: whoever may have made it so says it.
    waited_for: AtomicBool,
}

/// Since the search for an idle circuit last came by.
const SEARCHED: u8 = 1;
/// Since somebody last looked who shows the circuits.
const SHOWN: u8 = 1 << 1;

/// The key's text is being replaced, and can't be read.
const BEING_REPLACED: u64 = 1;

/// Until when a circuit rejects, and how long that is from its beginning: a [`Wait`].
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

    /// Acquire: on its own account, see *Reassignment* in the module's docs.
    #[inline]
    pub(super) fn length(&self) -> Nanos {
        self.length.load(Ordering::Acquire)
    }

    /// Both; of two waits, perhaps, when another begins meanwhile.
    #[inline]
    pub(super) fn wait(&self) -> Wait {
        let until = self.until();
        Wait { until, length: self.length() }
    }

    /// Under the lock, and before the word that shows it.
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
            stamp: AtomicU64::new(0),
            number,
            asked_since: AtomicU8::new(SEARCHED | SHOWN),
            waited_for: AtomicBool::new(false),
            open: Deadline::new(),
            full: Deadline::new(),
            slow_after: AtomicU64::new(slow_after(rules)),
            pending_limit: AtomicU32::new(pending_limit(rules)),
            limit: AtomicU32::new(limit(rules)),
            bulkhead: Bulkhead::new(),
            sharded: OnceBox::new(),
        }
    }
    }

    #[inline]
    pub(crate) fn summary(&self) -> Summary {
        Summary(self.summary.load(Ordering::Acquire))
    }

    #[inline]
    pub(crate) fn number(&self) -> usize {
        self.number as usize
    }

    /// Tells this circuit from every other that is there at the same time.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Notes that a key has been asked for (the reference bit of CLOCK); mostly it is set already.
    #[inline]
    pub(crate) fn touch(&self) {
        // Relaxed: nothing hangs on it but which key is forgotten first.
        if self.asked_since.load(Ordering::Relaxed) != SEARCHED | SHOWN {
            self.asked_since.store(SEARCHED | SHOWN, Ordering::Relaxed);
        }
    }

    /// Whether the key has been asked for since the search for an idle circuit last came by.
    pub(crate) fn take_use(&self) -> bool {
        self.asked_since.fetch_and(!SEARCHED, Ordering::Relaxed) & SEARCHED != 0
    }

    /// Whether the key has been asked for since somebody last looked who shows the circuits.
    pub(super) fn take_news(&self) -> bool {
        self.asked_since.fetch_and(!SHOWN, Ordering::Relaxed) & SHOWN != 0
    }

    /// Whether somebody has to be told when this circuit may have become free. It is noted under the
    /// circuit's lock (`reassign`): whoever asks after a change under that lock knows of everybody
    /// whom the circuit has refused before, and later ones see the change.
    #[inline]
    pub(crate) fn is_waited_for(&self) -> bool {
        // Relaxed: the circuit's lock orders the two.
        self.waited_for.load(Ordering::Relaxed)
    }

    pub(super) fn wait_for(&self) {
        self.waited_for.store(true, Ordering::Relaxed);
    }

    /// It will be looked at again, without being told.
    pub(crate) fn stop_waiting(&self) {
        self.waited_for.store(false, Ordering::Relaxed);
        self.bulkhead.stop_waiting();
    }

    /// Which key this circuit serves (a sequence number): after [`Published::summary`] or [`Published::admit_lock_free`], or under the
    /// lock.
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Ordering::Relaxed)
    }

    /// The stamp, if the key's text can be read: the first step of a sequence lock (see `keyed::text`).
    ///
    /// Acquire: pairs with the Release in [`Published::publish_stamp`], so that the text that is read
    /// next is of this key or of a later one.
    #[inline]
    pub(crate) fn readable_stamp(&self) -> Option<u64> {
        Some(self.stamp.load(Ordering::Acquire)).filter(|stamp| stamp & BEING_REPLACED == 0)
    }

    /// The stamp of the next key, while its text can't be read yet.
    pub(super) fn next_stamp(&self) -> u64 {
        (self.stamp() | BEING_REPLACED) + 2
    }

    /// The text is about to be replaced; under the lock.
    pub(super) fn invalidate_stamp(&self) {
        self.stamp.store(self.next_stamp(), Ordering::Relaxed);
    }

    /// The key's text can be read from now on.
    pub(crate) fn publish_stamp(&self) {
        self.stamp.store(self.stamp() & !BEING_REPLACED, Ordering::Release);
    }

    /// Where the deadline of a state is published.
    pub(super) fn deadline(&self, state: State) -> &Deadline {
        match state {
            State::Open => &self.open,
            State::HalfOpen | State::Closed => &self.full,
        }
    }

    pub(super) fn publish_rules(&self, rules: &Rules) {
        self.limit.store(limit(rules), Ordering::Relaxed);
        self.slow_after.store(slow_after(rules), Ordering::Relaxed);
        self.pending_limit.store(pending_limit(rules), Ordering::Relaxed);
    }
}

/// The bulkhead's limit; without a bulkhead nobody asks.
const fn limit(rules: &Rules) -> u32 {
    match rules.max_concurrent {
        Some(limit) => limit,
        None => u32::MAX,
    }
}

/// From when on a call is slow; without the rule, never.
const fn slow_after(rules: &Rules) -> Nanos {
    match rules.slow_call {
        Some(slow) => slow,
        None => NEVER,
    }
}

/// After how many successes in a row a count window holds nothing else.
const fn pending_limit(rules: &Rules) -> u32 {
    match rules.window {
        Some(Window::Calls(size)) => size,
        _ => 0,
    }
}
