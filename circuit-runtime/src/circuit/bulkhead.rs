//! The places of the bulkhead: a counter of its own, beside the lock.

use super::Moved;
use crate::primitives::sync::{AtomicU64, Ordering, const_fn};

/// In the lower half the calls that hold a place, in the upper the tenant that they all are of: a
/// circuit in which a place is held isn't given to another key, and a call whose circuit has been
/// given away takes none there.
///
/// All of it in one word, [`WAITED_FOR`] too: whoever finds a place held and whoever gives the last
/// one back come one after the other, so that one of them knows of the other.
#[derive(Debug)]
pub(super) struct Places(AtomicU64);

/// Another key would have had the circuit, had no place been held.
const WAITED_FOR: u64 = 1 << 31;

/// The tenant, and the calls.
#[expect(clippy::cast_possible_truncation, reason = "a half each")]
fn parts(held: u64) -> (u32, u32) {
    ((held >> 32) as u32, (held & !WAITED_FOR) as u32)
}

/// Of a tenant's number (see `Front`) the lower half, as far as it fits.
fn fitting(tenant: u64) -> u32 {
    parts((tenant / 2) << 32).0
}

impl Places {
    const_fn! {
    pub(super) fn new() -> Self {
        Places(AtomicU64::new(0))
    }
    }

    /// Takes a place for a call of this tenant; false if so many as `limit` are held.
    pub(super) fn take(&self, tenant: u64, limit: u32) -> Result<bool, Moved> {
        let moved = |held| parts(held).0 != fitting(tenant);
        let more = |held| (!moved(held) && parts(held).1 < limit).then_some(held + 1);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(true),
            Err(held) if moved(held) => Err(Moved),
            Err(_) => Ok(false),
        }
    }

    /// Gives a place back. True: it was the last one, and somebody waits for that.
    #[must_use]
    pub(super) fn leave(&self) -> bool {
        let held = self.0.fetch_sub(1, Ordering::Relaxed);
        held & WAITED_FOR != 0 && parts(held).1 == 1
    }

    /// How many calls hold a place.
    pub(super) fn held(&self) -> u32 {
        // Relaxed: a number to be shown.
        parts(self.0.load(Ordering::Relaxed)).1
    }

    /// Goes over to this tenant, if no place is held; else somebody waits for the last of them. Under
    /// the circuit's lock.
    pub(super) fn hand_over(&self, to: u64) -> bool {
        let next = |held| match parts(held) {
            (_, 0) => Some(u64::from(fitting(to)) << 32),
            _ => Some(held | WAITED_FOR),
        };
        let held = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        held.is_ok_and(|held| parts(held).1 == 0)
    }

    /// Nobody waits any longer.
    pub(super) fn stop_waiting(&self) {
        self.0.fetch_and(!WAITED_FOR, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn as_many_calls_of_the_tenant_as_there_are_places_take_one() {
        let places = Places::new();
        let take = |number: u64| places.take(number * 2, 2).ok();
        assert_eq!([take(0), take(0), take(0)], [Some(true), Some(true), Some(false)]);
        assert_eq!(take(1), None);
        assert_eq!(places.held(), 2);
        assert!(!places.hand_over(2));
        assert!(!places.leave());
        assert_eq!([take(0), take(0)], [Some(true), Some(false)]);
        assert_eq!([places.leave(), places.leave()], [false, true]);
        assert!(places.hand_over(2));
        assert_eq!([take(0), take(1), take(2)], [None, Some(true), None]);
    }

    #[test]
    fn the_last_one_says_that_it_has_left_as_long_as_somebody_waits() {
        let places = Places::new();
        let take_and_leave = || (places.take(0, 1).is_ok_and(|taken| taken), places.leave());
        assert_eq!(take_and_leave(), (true, false));
        assert!(places.take(0, 1).is_ok_and(|taken| taken) && !places.hand_over(2));
        assert!(places.leave());
        assert_eq!(take_and_leave(), (true, true));
        places.stop_waiting();
        assert_eq!(take_and_leave(), (true, false));
    }

    #[test]
    fn tenants_go_on_beyond_the_numbers_that_fit() {
        let places = Places::new();
        for number in [u64::from(u32::MAX), 1 << 32, (1 << 32) + 1] {
            assert!(places.hand_over(2 * number));
            assert_eq!(places.take(2 * number, 1).ok(), Some(true));
            assert_eq!(places.take(2 * number - 2, 1).ok(), None);
            assert!(!places.leave());
        }
    }
}
