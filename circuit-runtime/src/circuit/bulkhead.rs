//! The bulkhead: the number of calls in flight, in a counter beside the lock.

use crate::primitives::seq_lock::generation;
use crate::primitives::sync::{AtomicU64, Ordering, const_fn};

/// The lower half counts the calls in flight. The upper half identifies the key that they all are
/// of, by the lower bits of its stamp: so a circuit with calls in flight isn't reassigned, and a
/// call whose circuit has been reassigned isn't admitted.
///
/// All in one word, with [`REFUSED_KEY`] and [`QUEUED`]: a new key, or a call, that finds calls in
/// flight, and the last of these calls to end, are ordered, so that one of them notices the other.
#[derive(Debug)]
pub(super) struct Bulkhead(AtomicU64);

/// A new key would have got the circuit if no call had been in flight.
const REFUSED_KEY: u64 = 1 << 31;
/// Calls wait for a place: no other call takes one before them. Changed under the circuit's lock,
/// under which the queue is.
const QUEUED: u64 = 1 << 30;

/// The answer of the bulkhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acquired {
    Place,
    /// `most` calls are in flight, or others wait.
    Full,
    /// The circuit has been reassigned to another key.
    Reassigned,
}

/// What a place that is free again means to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freed {
    Nothing,
    /// A call waits for it.
    ToQueue,
    /// It was the last one, and a new key was refused because of it.
    ToNewKey,
}

/// The key, and the calls in flight.
#[expect(clippy::cast_possible_truncation, reason = "a half each")]
fn parts(held: u64) -> (u32, u32) {
    ((held >> 32) as u32, (held & !(REFUSED_KEY | QUEUED)) as u32)
}

/// The lower bits of the generation of a stamp, as many as fit.
fn fitting(stamp: u64) -> u32 {
    parts(generation(stamp) << 32).0
}

impl Bulkhead {
    const_fn! {
    pub(super) fn new() -> Self {
        Bulkhead(AtomicU64::new(0))
    }
    }

    /// Adds a call of the key with this stamp, unless `most` calls are in flight or others wait.
    pub(super) fn try_acquire(&self, stamp: u64, most: u32) -> Acquired {
        let reassigned = |held| parts(held).0 != fitting(stamp);
        let is_free = |held| held & QUEUED == 0 && parts(held).1 < most;
        let more = |held| (!reassigned(held) && is_free(held)).then_some(held + 1);
        // Relaxed, here and below: read-modify-writes have one order, and no other memory depends
        // on it.
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Acquired::Place,
            Err(held) if reassigned(held) => Acquired::Reassigned,
            Err(_) => Acquired::Full,
        }
    }

    /// Removes a call.
    #[inline]
    #[must_use]
    pub(super) fn release(&self) -> Freed {
        let held = self.0.fetch_sub(1, Ordering::Relaxed);
        if held & (REFUSED_KEY | QUEUED) == 0 {
            Freed::Nothing
        } else if held & QUEUED != 0 {
            Freed::ToQueue
        } else if parts(held).1 == 1 {
            Freed::ToNewKey
        } else {
            Freed::Nothing
        }
    }

    /// Notes that calls wait, so that a place that is given back from here on is theirs, and what
    /// was given back before is seen by [`Bulkhead::acquire_queued`]. Under the circuit's lock.
    pub(super) fn begin_queue(&self) {
        self.0.fetch_or(QUEUED, Ordering::Relaxed);
    }

    /// Whether calls wait for a place. Under the circuit's lock.
    pub(super) fn has_queue(&self) -> bool {
        self.0.load(Ordering::Relaxed) & QUEUED != 0
    }

    /// Adds the call that waits longest, unless `most` calls are in flight. Under the circuit's
    /// lock.
    pub(super) fn acquire_queued(&self, most: u32) -> bool {
        let more = |held| (parts(held).1 < most).then_some(held + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Notes that no call waits. True: none is in flight either, and a new key was refused because of them.
    /// Under the circuit's lock.
    #[must_use]
    pub(super) fn end_queue(&self) -> bool {
        let held = self.0.fetch_and(!QUEUED, Ordering::Relaxed);
        held & REFUSED_KEY != 0 && parts(held).1 == 0
    }

    /// The calls in flight.
    pub(super) fn held(&self) -> u32 {
        // Relaxed: the number is only shown.
        parts(self.0.load(Ordering::Relaxed)).1
    }

    /// Reassigns to the key with this stamp, if no call is in flight or waits; otherwise notes that
    /// a new key was refused because of them. Under the circuit's lock.
    pub(super) fn hand_over(&self, to: u64) -> bool {
        let is_idle = |held| held & QUEUED == 0 && parts(held).1 == 0;
        let next = |held| {
            Some(if is_idle(held) { u64::from(fitting(to)) << 32 } else { held | REFUSED_KEY })
        };
        let held = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        held.is_ok_and(is_idle)
    }

    /// Forgets that a new key was refused.
    pub(super) fn forget_refused_key(&self) {
        self.0.fetch_and(!REFUSED_KEY, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn as_many_calls_of_the_key_as_there_are_places_take_one() {
        let bulkhead = Bulkhead::new();
        let take = |number: u64| bulkhead.try_acquire(number * 2, 2);
        assert_eq!([take(0), take(0), take(0)], [Acquired::Place, Acquired::Place, Acquired::Full]);
        assert_eq!(take(1), Acquired::Reassigned);
        assert_eq!(bulkhead.held(), 2);
        assert!(!bulkhead.hand_over(2));
        assert_eq!(bulkhead.release(), Freed::Nothing);
        assert_eq!([take(0), take(0)], [Acquired::Place, Acquired::Full]);
        assert_eq!([bulkhead.release(), bulkhead.release()], [Freed::Nothing, Freed::ToNewKey]);
        assert!(bulkhead.hand_over(2));
        assert_eq!(
            [take(0), take(1), take(2)],
            [Acquired::Reassigned, Acquired::Place, Acquired::Reassigned]
        );
    }

    #[test]
    fn the_last_one_says_that_it_has_left_as_long_as_somebody_waits() {
        let bulkhead = Bulkhead::new();
        let take_and_leave = || (bulkhead.try_acquire(0, 1) == Acquired::Place, bulkhead.release());
        assert_eq!(take_and_leave(), (true, Freed::Nothing));
        assert!(bulkhead.try_acquire(0, 1) == Acquired::Place && !bulkhead.hand_over(2));
        assert_eq!(bulkhead.release(), Freed::ToNewKey);
        assert_eq!(take_and_leave(), (true, Freed::ToNewKey));
        bulkhead.forget_refused_key();
        assert_eq!(take_and_leave(), (true, Freed::Nothing));
    }

    #[test]
    fn while_calls_wait_no_other_call_takes_a_place_and_no_key_the_circuit() {
        let bulkhead = Bulkhead::new();
        assert_eq!(bulkhead.try_acquire(0, 1), Acquired::Place);
        bulkhead.begin_queue();
        assert!(!bulkhead.acquire_queued(1));
        assert_eq!(bulkhead.release(), Freed::ToQueue);
        assert_eq!((bulkhead.try_acquire(0, 1), bulkhead.held()), (Acquired::Full, 0));
        assert!(!bulkhead.hand_over(2), "a call waits");
        assert!(bulkhead.acquire_queued(1) && !bulkhead.acquire_queued(1));
        assert!(!bulkhead.end_queue(), "it is in flight");
        assert_eq!(bulkhead.release(), Freed::ToNewKey);
        bulkhead.begin_queue();
        assert!(bulkhead.end_queue() && bulkhead.hand_over(2));
    }

    #[test]
    fn keys_go_on_beyond_the_numbers_that_fit() {
        let bulkhead = Bulkhead::new();
        for number in [u64::from(u32::MAX), 1 << 32, (1 << 32) + 1] {
            assert!(bulkhead.hand_over(2 * number));
            assert_eq!(bulkhead.try_acquire(2 * number, 1), Acquired::Place);
            assert_eq!(bulkhead.try_acquire(2 * number - 2, 1), Acquired::Reassigned);
            assert_eq!(bulkhead.release(), Freed::Nothing);
        }
    }
}
