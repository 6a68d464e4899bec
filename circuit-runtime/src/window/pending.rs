//! Successes that only slide the count window, counted until somebody takes the lock.

use crate::primitives::sync::{AtomicU64, Ordering, const_fn};

/// The period in the upper half, in the lower the successes in it that nobody has taken over yet;
/// or [`SEALED`].
///
/// They are sealed while somebody holds the lock, and afterwards unless a success may only move the
/// window. So a success adds itself before the lock's holder has looked, or not at all: then it asks
/// for the lock itself, and comes behind. All of it by read-modify-writes but for [`PendingSuccesses::open`],
/// before which there is nothing to lose.
#[derive(Debug)]
pub(crate) struct PendingSuccesses(AtomicU64);

const SEALED: u64 = u64::MAX;

fn parts(pending: u64) -> (u32, u32) {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    ((pending >> 32) as u32, pending as u32)
}

impl PendingSuccesses {
    const_fn! {
    pub(crate) fn new() -> Self {
        PendingSuccesses(AtomicU64::new(SEALED))
    }
    }

    /// One more success; false when its period is over, when it would be as many as `full`, or when
    /// they are sealed.
    #[inline]
    pub(crate) fn add(&self, epoch: u32, full: u32) -> bool {
        let more = |pending| {
            let (period, count) = parts(pending);
            (pending != SEALED && period == epoch && count + 1 < full).then(|| pending + 1)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Takes over what has come since, and seals; under the circuit's lock.
    #[inline]
    pub(crate) fn seal(&self) -> u32 {
        if self.0.load(Ordering::Relaxed) == SEALED {
            return 0;
        }
        parts(self.0.swap(SEALED, Ordering::Relaxed)).1
    }

    /// Begins anew in this period; under the circuit's lock, sealed before.
    #[inline]
    pub(crate) fn open(&self, epoch: u32) {
        self.0.store(u64::from(epoch) << 32, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn successes_add_up_in_their_own_period_until_the_window_is_full_of_them() {
        let pending = PendingSuccesses::new();
        pending.open(0);
        assert!(!pending.add(1, 4), "of another period");
        assert!((0..3).all(|_| pending.add(0, 4)));
        assert!(!pending.add(0, 4), "the window holds nothing else by now");
        assert_eq!((pending.seal(), pending.seal()), (3, 0));
        pending.open(0);
        assert!(pending.add(0, 4));
    }

    #[test]
    fn what_is_sealed_takes_no_success_of_any_period() {
        let pending = PendingSuccesses::new();
        assert!(!pending.add(0, 4) && !pending.add(u32::MAX, u32::MAX));
        pending.open(7);
        assert!(pending.add(7, 4));
        assert_eq!(pending.seal(), 1);
        assert!(!pending.add(7, 4));
        pending.open(8);
        assert!(!pending.add(7, 4) && pending.add(8, 4));
    }
}
