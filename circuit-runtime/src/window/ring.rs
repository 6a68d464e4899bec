//! The last N outcomes, exactly.

use super::{Sample, WindowTotals};

/// Samples in one word of a ring, two bits each: the lower one for a failure, the upper one for
/// slow.
const SAMPLES_PER_WORD: usize = 32;
const FAILURES: u64 = 0x5555_5555_5555_5555;

/// The last N outcomes, exactly: two bits each, allocated when the first one comes.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    size: usize,
    /// The index of the next outcome; once the ring is full, also that of the oldest one. Unused
    /// bits are clear, like a success.
    next: usize,
    pub(super) totals: WindowTotals,
    words: Vec<u64>,
}

impl Ring {
    pub(super) const fn new(size: u32) -> Self {
        let totals = WindowTotals { calls: 0, failures: 0, slow: 0 };
        Ring { size: size as usize, next: 0, totals, words: Vec::new() }
    }

    pub(super) fn is_fixed_point(&self) -> bool {
        let WindowTotals { calls, failures, slow } = self.totals;
        calls == self.size as u64 && failures == 0 && slow == 0
    }

    pub(super) fn push(&mut self, sample: Sample) {
        let index = self.next;
        self.cover(1);
        let bits = u64::from(sample.failure) | u64::from(sample.slow) << 1;
        self.words[index / SAMPLES_PER_WORD] |= bits << (index % SAMPLES_PER_WORD * 2);
        self.totals.failures += u64::from(sample.failure);
        self.totals.slow += u64::from(sample.slow);
    }

    /// Overwrites the oldest outcomes with successes.
    pub(super) fn add_successes(&mut self, successes: u32) {
        let mut left = (successes as usize).min(self.size);
        while left > 0 {
            left -= self.cover(left);
        }
    }

    /// Overwrites the oldest outcomes with successes: at most this many, and in one word. Returns
    /// how many.
    fn cover(&mut self, most: usize) -> usize {
        if self.words.is_empty() {
            self.words = vec![0; self.size.div_ceil(SAMPLES_PER_WORD)];
        }
        let (word, offset) = (self.next / SAMPLES_PER_WORD, self.next % SAMPLES_PER_WORD);
        let samples = most.min(SAMPLES_PER_WORD - offset).min(self.size - self.next);
        let covered = u64::MAX >> (64 - 2 * samples) << (2 * offset);
        let gone = self.words[word] & covered;
        // Most are successes, and counting bits is slow without the `popcnt` instruction.
        if gone != 0 {
            self.totals.failures -= u64::from((gone & FAILURES).count_ones());
            if gone & !FAILURES != 0 {
                self.totals.slow -= u64::from((gone & !FAILURES).count_ones());
            }
            self.words[word] &= !covered;
        }
        self.totals.calls = (self.totals.calls + samples as u64).min(self.size as u64);
        self.next = if self.next + samples == self.size { 0 } else { self.next + samples };
        samples
    }

    pub(super) fn clear(&mut self) {
        self.next = 0;
        self.totals = WindowTotals::default();
        self.words.fill(0);
    }

    pub(super) fn resized(&self, size: u32) -> Self {
        let mut other = Ring::new(size);
        let held = self.size.min(usize::try_from(self.totals.calls).unwrap_or(usize::MAX));
        for age in (1..=held).rev() {
            let index = (self.next + self.size - age) % self.size;
            let bits = self.words[index / SAMPLES_PER_WORD] >> (index % SAMPLES_PER_WORD * 2);
            other.push(Sample { failure: bits & 0b01 != 0, slow: bits & 0b10 != 0 });
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// The figures of the last `size` marks, by looking at each.
    fn plain(marks: &VecDeque<Sample>) -> WindowTotals {
        let count =
            |of: fn(&Sample) -> bool| marks.iter().map(|sample| u64::from(of(sample))).sum();
        WindowTotals {
            calls: count(|_| true),
            failures: count(|m| m.failure),
            slow: count(|m| m.slow),
        }
    }

    #[test]
    fn agrees_with_a_plain_queue_at_every_step() {
        for size in [1, 2, 31, 32, 33, 63, 64, 65, 100] {
            let mut random = fastrand::Rng::with_seed(u64::from(size));
            let (mut ring, mut queue) = (Ring::new(size), VecDeque::new());
            for step in 0..5_000 {
                // Mostly healthy stretches of any length, and some single outcomes of every kind.
                let sample = Sample { failure: random.u8(..4) == 0, slow: random.u8(..4) == 0 };
                let (sample, times) = if random.bool() {
                    ring.push(sample);
                    (sample, 1)
                } else {
                    let times = random.u32(..2 * size + 2);
                    ring.add_successes(times);
                    (Sample { failure: false, slow: false }, times)
                };
                queue.extend((0..times).map(|_| sample));
                queue.drain(..queue.len().saturating_sub(size as usize));
                assert_eq!(ring.totals, plain(&queue), "size {size}, step {step}");
                let healthy =
                    queue.len() == size as usize && queue.iter().all(|m| !m.failure && !m.slow);
                assert_eq!(ring.is_fixed_point(), healthy, "size {size}, step {step}");
            }
        }
    }

    #[test]
    fn keeps_the_latest_outcomes_in_a_smaller_window_and_all_in_a_larger() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let (old, new) = (random.u32(1..80), random.u32(1..80));
            let (mut ring, mut queue) = (Ring::new(old), VecDeque::new());
            for _ in 0..random.usize(..200) {
                let sample = Sample { failure: random.bool(), slow: random.bool() };
                ring.push(sample);
                queue.push_back(sample);
            }
            queue.drain(..queue.len().saturating_sub(old.min(new) as usize));
            let mut resized = ring.resized(new);
            assert_eq!(resized.totals, plain(&queue), "{old} to {new}");
            // In the same order: one success more pushes out the oldest.
            resized.add_successes(1);
            queue.push_back(Sample { failure: false, slow: false });
            queue.drain(..queue.len().saturating_sub(new as usize));
            assert_eq!(resized.totals, plain(&queue), "{old} to {new}");
        }
    }
}
