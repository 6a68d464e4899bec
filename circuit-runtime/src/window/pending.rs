//! Outcomes that can't open the circuit, noted in their order until the lock is next taken.
//!
//! *What it saves.* The circuit's lock at each outcome while a closed circuit has failures in its run or its
//! window: an outcome is one compare-exchange, and the lock is taken at every 25th or so. Simpler would be
//! to take the lock.

use crate::primitives::sync::{AtomicU64, Ordering, const_fn};

/// The epoch in the upper half; below it how many more failures there may be, and in the lowest bits the
/// outcomes of that period that haven't been taken over yet, behind a bit that is set; or [`SEALED`].
///
/// The word says by itself whether one more outcome fits, so that an exchange that succeeds is right, whatever
/// happened since the word was read.
///
/// Sealed while somebody holds the lock, and afterwards too, unless outcomes may be noted here. So an
/// outcome is either noted before the lock's holder has read them, or isn't, and takes the lock itself.
/// Everything is a read-modify-write except [`PendingOutcomes::open`], before which the word is sealed, so
/// that nothing can be lost.
#[derive(Debug)]
pub(crate) struct PendingOutcomes(AtomicU64);

/// Can't be a word of outcomes: so many noted failures leave fewer spare.
const SEALED: u64 = u64::MAX;

/// The bits of the outcomes.
const OUTCOMES: u32 = 26;
/// One more failure that there may be.
const SPARE: u64 = 1 << OUTCOMES;
const EPOCH: u32 = 32;
/// The most failures that there may be.
#[expect(clippy::cast_possible_truncation, reason = "six bits")]
const MOST_SPARE: u32 = ((1_u64 << EPOCH) / SPARE - 1) as u32;

fn spare(word: u64) -> u64 {
    word % (1 << EPOCH) / SPARE
}

/// The outcomes of a word, the latest in the lowest bit; set for a failure.
fn outcomes(word: u64) -> u64 {
    word & (SPARE - 1)
}

/// A word with one more outcome; `None`: its period is over, there is no room, or it is sealed.
fn with(word: u64, epoch: u32, failed: bool) -> Option<u64> {
    let has_room = outcomes(word) < SPARE / 2;
    if word == SEALED || word >> EPOCH != u64::from(epoch) || !has_room {
        return None;
    }
    Some((word & !(SPARE - 1)) | outcomes(word) << 1 | u64::from(failed))
}

impl PendingOutcomes {
    const_fn! {
    pub(crate) fn new() -> Self {
        PendingOutcomes(AtomicU64::new(SEALED))
    }
    }

    /// Notes a success. False: take the lock. Also if there would be `full` of them since the last failure.
    #[inline]
    pub(crate) fn add_success(&self, epoch: u32, full: u32) -> bool {
        let more = |word| {
            let more = with(word, epoch, false)?;
            (more.trailing_zeros() < full).then_some(more)
        };
        // Relaxed: the outcomes are all that is communicated.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Notes a failure. False: take the lock. Also if it may have to be judged.
    #[inline]
    pub(crate) fn add_failure(&self, epoch: u32) -> bool {
        let more = |word| {
            let more = with(word, epoch, true)?;
            (spare(word) > 0).then(|| more - SPARE)
        };
        // Relaxed: as in `add_success`.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Takes over the outcomes since the last time, and seals. Under the circuit's lock.
    #[inline]
    pub(crate) fn seal(&self) -> Outcomes {
        // Relaxed: only the lock's holder unseals, so it reads its own store or that of an earlier
        // holder.
        if self.0.load(Ordering::Relaxed) == SEALED {
            return Outcomes(1);
        }
        // Relaxed: as in `add_success`; a swap, so that no outcome is lost in between.
        Outcomes(outcomes(self.0.swap(SEALED, Ordering::Relaxed)))
    }

    /// Begins to note outcomes of this period, of which so many may be failures. Under the circuit's lock,
    /// after [`PendingOutcomes::seal`].
    #[inline]
    pub(crate) fn open(&self, epoch: u32, spare: u32) {
        let spare = u64::from(spare.min(MOST_SPARE));
        let word = u64::from(epoch) << EPOCH | spare << OUTCOMES | 1;
        // Relaxed: nothing else is published by it.
        self.0.store(word, Ordering::Relaxed);
    }
}

/// Outcomes in their order: behind a bit that is set, the latest in the lowest bit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcomes(u64);

impl Outcomes {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0 == 1
    }
}

/// Those in a row that are alike: whether they failed, and how many.
impl Iterator for Outcomes {
    type Item = (bool, u32);

    fn next(&mut self) -> Option<(bool, u32)> {
        if self.is_empty() {
            return None;
        }
        let length = self.0.ilog2();
        // The first one in the uppermost bit.
        let outcomes = self.0 << (u64::BITS - length);
        let failed = outcomes >> (u64::BITS - 1) == 1;
        let alike = if failed { outcomes.leading_ones() } else { outcomes.leading_zeros() };
        let count = alike.min(length);
        let rest = 1 << (length - count);
        self.0 = self.0 & (rest - 1) | rest;
        Some((failed, count))
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    /// The outcomes one by one; true: failed.
    fn each(outcomes: Outcomes) -> Vec<bool> {
        outcomes.flat_map(|(failed, count)| (0..count).map(move |_| failed)).collect()
    }

    #[test]
    fn outcomes_are_taken_over_in_their_order() {
        let mut random = fastrand::Rng::with_seed(3);
        for length in (0..OUTCOMES as usize).cycle().take(1_000) {
            let pending = PendingOutcomes::new();
            pending.open(0, u32::MAX);
            let wanted: Vec<bool> = (0..length).map(|_| random.bool()).collect();
            for failed in &wanted {
                assert!(if *failed {
                    pending.add_failure(0)
                } else {
                    pending.add_success(0, u32::MAX)
                });
            }
            let taken = pending.seal();
            assert_eq!(taken.is_empty(), length == 0);
            assert_eq!(each(taken), wanted);
            assert!(pending.seal().is_empty());
        }
    }

    #[test]
    fn there_are_as_many_as_fit() {
        let pending = PendingOutcomes::new();
        pending.open(0, u32::MAX);
        assert!((1..OUTCOMES).all(|_| pending.add_failure(0)));
        assert!(!pending.add_failure(0) && !pending.add_success(0, u32::MAX));
        assert_eq!(each(pending.seal()).len(), OUTCOMES as usize - 1);
    }

    #[test]
    fn only_so_many_fail_as_needn_t_be_judged() {
        for (spare, epoch) in [(0, 0), (1, 0), (2, 7), (3, u32::MAX)] {
            let pending = PendingOutcomes::new();
            pending.open(epoch, spare);
            for _ in 0..spare {
                assert!(pending.add_success(epoch, 4) && pending.add_failure(epoch));
            }
            assert!(!pending.add_failure(epoch), "{spare}");
            assert!(pending.add_success(epoch, 4));
        }
    }

    #[test]
    fn successes_are_noted_until_there_is_nothing_else() {
        let pending = PendingOutcomes::new();
        pending.open(0, 2);
        assert!((0..3).all(|_| pending.add_success(0, 4)));
        assert!(!pending.add_success(0, 4));
        assert!(pending.add_failure(0));
        assert!((0..3).all(|_| pending.add_success(0, 4)));
        assert!(!pending.add_success(0, 4));
    }

    #[test]
    fn what_is_sealed_or_of_another_period_is_not_noted() {
        let pending = PendingOutcomes::new();
        let noted = |epoch| [pending.add_failure(epoch), pending.add_success(epoch, u32::MAX)];
        assert_eq!([noted(0), noted(u32::MAX)], [[false; 2]; 2]);
        pending.open(7, 10);
        assert_eq!([noted(6), noted(8), noted(7)], [[false; 2], [false; 2], [true; 2]]);
        assert_eq!(each(pending.seal()), [true, false]);
        assert_eq!(noted(7), [false; 2]);
        pending.open(8, 10);
        assert_eq!([noted(7), noted(8)], [[false; 2], [true; 2]]);
    }
}
