//! The outcomes of the last D of time, in ten buckets.

use std::time::Duration;

use super::{Env, Sample, WindowTotals};
use crate::primitives::clock::{COARSE_FROM, Nanos, nanos};

/// How many buckets a time window has; its documented granularity.
pub(crate) const BUCKETS: usize = 10;

/// The outcomes of the last D of time, in ten buckets of D / 10.
///
/// The current bucket is part of the window, so an outcome counts for between 0.9 D and D.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    pub(super) width: Nanos,
    /// When the first bucket began, and the number of the current one; `None` before the first
    /// outcome.
    pub(super) current: Option<(Nanos, u64)>,
    /// [`BUCKETS`] of them, allocated at the first outcome.
    kept: Vec<WindowTotals>,
    pub(super) total: WindowTotals,
}

impl Buckets {
    pub(super) const fn new(length: Duration) -> Self {
        let width = nanos(length) / BUCKETS as u64;
        let empty = WindowTotals { calls: 0, failures: 0, slow: 0 };
        Buckets {
            width: if width == 0 { 1 } else { width },
            current: None,
            kept: Vec::new(),
            total: empty,
        }
    }

    pub(super) fn push(&mut self, sample: Sample, now: Nanos) {
        let number = match self.current {
            None => {
                self.current = Some((now, 0));
                self.kept.resize(BUCKETS, WindowTotals::default());
                0
            }
            Some(_) => self.turn(now),
        };
        self.kept[slot(number)].add(sample);
        self.total.add(sample);
    }

    /// The time by this window's clock.
    ///
    /// If the clock has gone back by more than the length of the window, as on a machine that is
    /// restored from a checkpoint, nobody knows how old the outcomes are, and the window is
    /// emptied.
    pub(super) fn now(&mut self, env: &impl Env) -> Nanos {
        let now = if self.width >= COARSE_FROM { env.coarse() } else { env.now() };
        // The thread may have been held up since it read the clock: read it again.
        if self.is_far_ahead_of(now) && self.is_far_ahead_of(env.now_again()) {
            env.forget_successes();
            self.clear();
        }
        now
    }

    fn is_far_ahead_of(&self, now: Nanos) -> bool {
        let Some((origin, number)) = self.current else { return false };
        let began = origin.saturating_add(number.saturating_mul(self.width));
        began.saturating_sub(now) > self.width.saturating_mul(BUCKETS as u64)
    }

    pub(super) fn holds_successes_only(&self) -> bool {
        self.current.is_some() && self.total.failures == 0 && self.total.slow == 0
    }

    /// Adds pending outcomes, which were noted while the bucket was the current one that still is: whoever turns to
    /// the next one takes them over before.
    pub(super) fn join(&mut self, calls: u64, failures: u64) {
        if let Some((_, number)) = self.current {
            let more = WindowTotals { calls, failures, slow: 0 };
            self.kept[slot(number)].join(more);
            self.total.join(more);
        }
    }

    /// Adds successes that threads have counted in their shards.
    pub(super) fn gather(&mut self, number: u64, successes: u64) {
        if self.kept.is_empty() {
            return; // not in use yet
        }
        let more = WindowTotals { calls: successes, ..WindowTotals::default() };
        self.kept[slot(number)].join(more);
        self.total.join(more);
    }

    pub(super) fn clear(&mut self) {
        self.current = None;
        self.kept.clear();
        self.total = WindowTotals::default();
    }

    /// Begins anew with the buckets of another window, unless it has them already.
    pub(super) fn begin_as(&mut self, other: &Buckets) {
        let layout = |of: &Buckets| (of.width, of.current.map(|(origin, _)| origin));
        if layout(self) == layout(other) {
            return;
        }
        self.clear();
        (self.width, self.current) = (other.width, other.current);
        if self.current.is_some() {
            self.kept.resize(BUCKETS, WindowTotals::default());
        }
    }

    /// Advances as far as another window of the same beginning.
    pub(super) fn turn_as(&mut self, other: &Buckets) {
        if let Some((origin, reached)) = other.current {
            self.turn(origin.saturating_add(reached.saturating_mul(other.width)));
        }
    }

    /// Advances to the current bucket, empties those that were passed, and returns the number of
    /// the current one. A reading of the clock that another thread has overtaken belongs to the
    /// current bucket.
    pub(super) fn turn(&mut self, now: Nanos) -> u64 {
        let Some((origin, number)) = self.current else {
            return 0;
        };
        let reached = now.saturating_sub(origin) / self.width;
        if reached <= number {
            return number;
        }
        let passed = (reached - number).min(BUCKETS as u64);
        for passed in (reached - passed + 1)..=reached {
            let bucket = &mut self.kept[slot(passed)];
            self.total.subtract(*bucket);
            *bucket = WindowTotals::default();
        }
        self.current = Some((origin, reached));
        reached
    }

    /// Buckets of another length. Each old bucket that the new length still covers is added to the
    /// new bucket in which it begins. The first of them is the new beginning, empty or not, so that
    /// two windows with the same buckets have the same afterwards.
    pub(super) fn resized(&mut self, length: Duration, now: Nanos) -> Self {
        let mut other = Buckets::new(length);
        let reached = self.turn(now);
        let Some((origin, _)) = self.current else {
            return other;
        };
        if other.width == self.width {
            return Buckets {
                current: self.current,
                kept: self.kept.clone(),
                total: self.total,
                ..other
            };
        }
        let span = other.width.saturating_mul(BUCKETS as u64);
        for number in reached.saturating_sub(BUCKETS as u64 - 1)..=reached {
            let began = origin.saturating_add(number.saturating_mul(self.width)).min(now);
            let totals = self.kept[slot(number)];
            if now - began >= span {
                continue;
            }
            let (start, _) = *other.current.get_or_insert((began, (now - began) / other.width));
            other.kept.resize(BUCKETS, WindowTotals::default());
            other.kept[slot((began - start) / other.width)].join(totals);
            other.total.join(totals);
        }
        other
    }
}

/// Where the bucket of this number is kept.
#[expect(clippy::cast_possible_truncation, reason = "below ten")]
pub(crate) const fn slot(number: u64) -> usize {
    (number % BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: Sample = Sample { failure: true, slow: false };

    fn window(length: u64) -> Buckets {
        Buckets::new(Duration::from_nanos(length))
    }

    fn calls(buckets: &mut Buckets, now: Nanos) -> u64 {
        buckets.turn(now);
        buckets.total.calls
    }

    #[test]
    fn an_outcome_counts_for_between_nine_tenths_and_the_whole() {
        for offset in 0..10 {
            let mut buckets = window(100);
            buckets.push(FAILURE, 1_000);
            buckets.push(FAILURE, 1_000 + offset);
            assert_eq!(calls(&mut buckets, 1_099), 2);
            assert_eq!(calls(&mut buckets, 1_100), 0);
        }
    }

    #[test]
    fn a_gap_empties_every_bucket_it_passed() {
        for gap in [100, 105, 250, 1_000, 1_000_003] {
            let mut buckets = window(100);
            for now in (0..100).step_by(10) {
                buckets.push(FAILURE, now);
            }
            assert_eq!(calls(&mut buckets, 99), 10);
            buckets.push(FAILURE, 99 + gap);
            assert_eq!(buckets.total.calls, 1, "after {gap}");
        }
    }

    #[test]
    fn a_clock_reading_that_was_overtaken_falls_into_the_current_bucket() {
        let mut buckets = window(100);
        buckets.push(FAILURE, 0);
        buckets.push(FAILURE, 55);
        buckets.push(FAILURE, 20);
        assert_eq!(calls(&mut buckets, 149), 2);
        assert_eq!(calls(&mut buckets, 150), 0);
    }

    #[test]
    fn a_window_shorter_than_ten_nanoseconds_still_passes() {
        let mut buckets = window(1);
        buckets.push(FAILURE, 5);
        assert_eq!(calls(&mut buckets, 14), 1);
        assert_eq!(calls(&mut buckets, 15), 0);
    }

    #[test]
    fn a_longer_window_keeps_everything_and_a_shorter_one_what_it_reaches() {
        let mut buckets = window(100);
        for now in (0..100).step_by(10) {
            buckets.push(FAILURE, 1_000 + now);
        }
        let longer = buckets.resized(Duration::from_nanos(200), 1_099);
        assert_eq!(longer.total.calls, 10);
        let shorter = buckets.resized(Duration::from_nanos(50), 1_099);
        assert_eq!(shorter.total.calls, 5);
    }

    /// Pushed at 1,000, 1,010, …, each outcome stands in a bucket of its own.
    fn one_in_each_bucket() -> Buckets {
        let mut buckets = window(100);
        for now in (1_000..1_100).step_by(10) {
            buckets.push(FAILURE, now);
        }
        buckets
    }

    #[test]
    fn what_a_longer_window_kept_goes_one_after_the_other() {
        let mut longer = one_in_each_bucket().resized(Duration::from_nanos(200), 1_099);
        for (now, left) in [(1_199, 10), (1_200, 8), (1_220, 6), (1_240, 4), (1_260, 2), (1_280, 0)]
        {
            assert_eq!(calls(&mut longer, now), left, "at {now}");
        }
    }

    /// What is beside a window goes on having its buckets, whatever is in them.
    #[test]
    fn windows_with_the_same_buckets_have_the_same_at_another_length() {
        for length in [30, 50, 95, 110, 170, 1_000] {
            for late in [0, 5] {
                let mut window = one_in_each_bucket();
                let mut beside = window.clone();
                beside.clear();
                beside.begin_as(&window);
                beside.push(FAILURE, 1_060);
                window.turn(1_107);
                beside.turn_as(&window);
                let now = 1_107 - late;
                let length = Duration::from_nanos(length);
                let (window, beside) = (window.resized(length, now), beside.resized(length, now));
                assert_eq!(window.current, beside.current, "{length:?} {late}");
            }
        }
    }

    #[test]
    fn a_window_that_has_turned_often_keeps_each_outcome_once() {
        let mut buckets = one_in_each_bucket();
        for now in (1_100..1_500).step_by(10) {
            buckets.push(FAILURE, now);
        }
        assert_eq!(buckets.resized(Duration::from_micros(1), 1_499).total.calls, 10);
    }

    #[test]
    fn a_window_of_almost_the_same_length_ages_as_before() {
        let mut same = one_in_each_bucket().resized(Duration::from_nanos(105), 1_099);
        assert_eq!(calls(&mut same, 1_100), 9);
        same.push(FAILURE, 1_150);
        assert_eq!(calls(&mut same, 1_199), 1);
    }

    /// More calls than fit into 32 bits are as many in the total as in their bucket.
    #[test]
    fn what_leaves_the_window_takes_no_more_from_the_total_than_it_brought() {
        let mut buckets = window(100);
        buckets.push(FAILURE, 0);
        buckets.gather(0, 3 << 32);
        assert_eq!(calls(&mut buckets, 50), (3 << 32) + 1);
        buckets.gather(5, 1 << 32);
        buckets.push(FAILURE, 50);
        assert_eq!(calls(&mut buckets, 100), (1 << 32) + 1);
        assert_eq!(buckets.total.failures, 1);
    }

    #[test]
    fn a_clock_that_goes_back_by_more_than_the_window_empties_it() {
        for (back, left) in [(100, 1), (101, 0)] {
            let mut buckets = window(100);
            buckets.push(FAILURE, 1_000);
            let now = buckets.now(&Clocks(1_000 - back, 0));
            assert_eq!(calls(&mut buckets, now), left, "{back}");
        }
    }

    /// Its exact clock, and its coarse one.
    struct Clocks(Nanos, Nanos);

    impl Env for Clocks {
        fn now(&self) -> Nanos {
            self.0
        }

        fn coarse(&self) -> Nanos {
            self.1
        }

        fn now_again(&self) -> Nanos {
            self.0
        }

        fn roll(&self) -> f64 {
            0.0
        }

        fn successes_elsewhere(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u64)) {}

        fn take_successes(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u64)) {}

        fn forget_successes(&self) {}

        fn calls_wait(&self) -> bool {
            false
        }
    }

    #[test]
    fn the_coarse_clock_is_for_buckets_that_are_long_beside_its_lag() {
        assert_eq!(window(10 * COARSE_FROM - 10).now(&Clocks(1, 0)), 1);
        assert_eq!(window(10 * COARSE_FROM).now(&Clocks(1, 0)), 0);
        assert_eq!(COARSE_FROM, 1_000_000_000);
    }
}
