//! What an instance's own calls say, until the store has heard it.

use std::collections::VecDeque;

use super::{MAX_AGE, Millis};

/// The failures of a closed circuit, and the last success.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// In all.
    failures: u64,
    /// When those came that the store hasn't acknowledged, oldest first.
    pending: VecDeque<Millis>,
    /// Since the last success.
    run: u32,
    success: Option<Millis>,
}

/// More failures than this within [`MAX_AGE`] need no telling.
const MOST_PENDING: usize = 1_024;

/// What a report says of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) failures: u64,
    pub(super) fresh: u32,
    pub(super) run: u32,
    pub(super) failure_age: Millis,
    pub(super) success_age: Option<Millis>,
}

impl Tally {
    pub(super) fn failed(&mut self, now: Millis) {
        self.failures += 1;
        self.run = self.run.saturating_add(1);
        self.pending.push_back(now);
        if self.pending.len() > MOST_PENDING {
            self.pending.pop_front();
        }
    }

    pub(super) fn succeeded(&mut self, now: Millis) {
        self.run = 0;
        self.success = Some(now);
    }

    /// What to report now. What is too old to be told is forgotten.
    pub(super) fn told(&mut self, now: Millis) -> Told {
        let age = |when: Millis| now.saturating_sub(when);
        while self.pending.front().is_some_and(|when| age(*when) > MAX_AGE) {
            self.pending.pop_front();
        }
        Told {
            failures: self.failures,
            fresh: u32::try_from(self.pending.len()).unwrap_or(u32::MAX),
            run: self.run,
            failure_age: self.pending.back().map_or(0, |when| age(*when)),
            success_age: self.success.map(age).filter(|age| *age <= MAX_AGE),
        }
    }

    /// When the last success came.
    pub(super) fn success(&self) -> Option<Millis> {
        self.success
    }

    /// The store has heard what was reported at `when`.
    pub(super) fn acknowledge(&mut self, when: Millis) {
        while self.pending.front().is_some_and(|failure| *failure <= when) {
            self.pending.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_until_they_are_acknowledged() {
        let mut tally = Tally::default();
        tally.failed(100);
        tally.failed(200);
        let told = Told { failures: 2, fresh: 2, run: 2, failure_age: 50, success_age: None };
        assert_eq!(tally.told(250), told);
        tally.failed(300);
        tally.acknowledge(250);
        assert_eq!(tally.told(300), Told { failures: 3, fresh: 1, run: 3, failure_age: 0, ..told });
    }

    #[test]
    fn what_is_too_old_is_not_told() {
        let mut tally = Tally::default();
        tally.failed(0);
        tally.succeeded(0);
        assert_eq!(tally.told(MAX_AGE).success_age, Some(MAX_AGE));
        let told = tally.told(MAX_AGE + 1);
        assert_eq!((told.failures, told.fresh, told.success_age), (1, 0, None));
    }

    #[test]
    fn a_success_ends_the_run_and_not_the_count() {
        let mut tally = Tally::default();
        tally.failed(0);
        tally.succeeded(1);
        tally.failed(2);
        let told = tally.told(3);
        assert_eq!((told.failures, told.run, told.success_age), (2, 1, Some(2)));
    }
}
