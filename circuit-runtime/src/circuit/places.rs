//! The places of the bulkhead: a counter of its own, beside the lock.

use super::Moved;
use crate::sync::{AtomicU64, Ordering, const_fn};

/// In the lower half the calls that hold a place, in the upper the tenant that they all are of: a
/// circuit in which a place is held isn't given to another key, and a call whose circuit has been
/// given away takes none there.
#[derive(Debug)]
pub(super) struct Places(AtomicU64);

/// The tenant, and the calls.
#[expect(clippy::cast_possible_truncation, reason = "a half each")]
fn parts(held: u64) -> (u32, u32) {
    ((held >> 32) as u32, held as u32)
}

impl Places {
    const_fn! {
    pub(super) fn new() -> Self {
        Places(AtomicU64::new(0))
    }
    }

    /// Takes a place for a call of this tenant; false if so many as `limit` are held.
    pub(super) fn take(&self, tenant: u64, limit: u32) -> Result<bool, Moved> {
        // Of the tenant's number (see `Front`) the lower half, as far as it fits.
        let moved = |held| parts(held).0 != parts(tenant / 2).1;
        let more = |held| (!moved(held) && parts(held).1 < limit).then_some(held + 1);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(true),
            Err(held) if moved(held) => Err(Moved),
            Err(_) => Ok(false),
        }
    }

    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many calls hold a place.
    pub(super) fn held(&self) -> u32 {
        // Relaxed: a number to be shown.
        parts(self.0.load(Ordering::Relaxed)).1
    }

    /// Goes over to the next tenant, if no place is held; under the circuit's lock.
    pub(super) fn hand_over(&self) -> bool {
        let next = |held| {
            let (tenant, calls) = parts(held);
            (calls == 0).then_some(u64::from(tenant.wrapping_add(1)) << 32)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
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
        assert!(!places.hand_over());
        places.leave();
        assert_eq!([take(0), take(0)], [Some(true), Some(false)]);
        (0..2).for_each(|_| places.leave());
        assert!(places.hand_over());
        assert_eq!([take(0), take(1), take(2)], [None, Some(true), None]);
    }

    #[test]
    fn tenants_go_on_beyond_the_numbers_that_fit() {
        let places = Places(AtomicU64::new(u64::from(u32::MAX) << 32));
        assert!(places.hand_over());
        assert_eq!(places.take(1 << 33, 1).ok(), Some(true));
        assert!(!places.hand_over());
    }
}
