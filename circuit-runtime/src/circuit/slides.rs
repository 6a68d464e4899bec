//! Successes that have only moved the count window since somebody last held the lock.

use crate::sync::{AtomicU64, Ordering, const_fn};

/// The period in the upper half, in the lower the successes in it that nobody has taken over yet.
#[derive(Debug)]
pub(super) struct Slides(AtomicU64);

fn parts(slides: u64) -> (u32, u32) {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    ((slides >> 32) as u32, slides as u32)
}

impl Slides {
    const_fn! {
    pub(super) fn new() -> Self {
        Slides(AtomicU64::new(0))
    }
    }

    /// One more success; false when its period is over, or when it would be as many as `full`.
    pub(super) fn add(&self, epoch: u32, full: u32) -> bool {
        let more = |slides| {
            let (period, count) = parts(slides);
            (period == epoch && count + 1 < full).then_some(slides + 1)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Takes over what has come since; under the circuit's lock.
    pub(super) fn take(&self) -> u32 {
        let (_, count) = parts(self.0.load(Ordering::Relaxed));
        if count != 0 {
            self.0.fetch_sub(count.into(), Ordering::Relaxed);
        }
        count
    }

    /// Begins anew in this period, if it is another one; under the circuit's lock.
    pub(super) fn begin(&self, epoch: u32) {
        let (period, _) = parts(self.0.load(Ordering::Relaxed));
        if period != epoch {
            // A read-modify-write, as `add` is: they come one after the other, so that a success of
            // the period that ends here is overwritten, or finds its period over.
            self.0.swap(u64::from(epoch) << 32, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn successes_add_up_in_their_own_period_until_the_window_is_full_of_them() {
        let slides = Slides::new();
        assert!(!slides.add(1, 4), "of another period");
        assert!((0..3).all(|_| slides.add(0, 4)));
        assert!(!slides.add(0, 4), "the window holds nothing else by now");
        assert_eq!((slides.take(), slides.take()), (3, 0));
        assert!(slides.add(0, 4));
    }

    #[test]
    fn a_new_period_begins_without_the_successes_of_the_old_one() {
        let slides = Slides::new();
        assert!(slides.add(0, 4));
        slides.begin(0); // the same period
        assert_eq!(slides.take(), 1);
        assert!(slides.add(0, 4));
        slides.begin(7);
        assert_eq!(slides.take(), 0);
        assert!(!slides.add(0, 4));
        assert!(slides.add(7, 4));
        assert_eq!(slides.take(), 1);
    }
}
