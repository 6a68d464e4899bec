//! Failures that come together, as when a connection breaks that carries many calls: `merge_failures`.

use super::Machine;
use crate::config::Rules;
use crate::primitives::clock::{NEVER, Nanos};
use crate::window::{Env, Sample, SlidingWindow};

/// The failures of a closed period that are one, as far as rules count them one by one.
#[derive(Debug)]
pub(super) struct Merging {
    /// When the first failure of the present group was recorded. `NEVER` after a stalled call began a new run: the
    /// next failure starts a new group.
    began: Nanos,
    /// The window, with only the first failure of each group, for `failure_count`. `None` before the
    /// first failure was merged: until then it is the same. It has the same outcomes in the same
    /// places, so that the two change alike.
    counted: Option<SlidingWindow>,
}

impl Merging {
    /// The window with only the first failure of each group, if it isn't the same as the other.
    pub(super) fn counted(&mut self) -> Option<&mut SlidingWindow> {
        self.counted.as_mut()
    }
}

impl Machine {
    /// Notes an outcome before it enters the window, and says whether it belongs to the present group of
    /// failures. `run` is how many failures in a row there are so far.
    #[cold]
    pub(super) fn merge(
        &mut self,
        rules: &Rules,
        sample: Sample,
        run: u32,
        env: &impl Env,
    ) -> bool {
        let merged = sample.failure && self.merges(rules, run, env.now());
        self.push_counted(rules, sample, merged, env);
        merged
    }

    /// Whether a failure belongs to the present group; else it begins one. So does a failure after the
    /// clock went back by as much: nobody knows how long ago the first was.
    fn merges(&mut self, rules: &Rules, run: u32, now: Nanos) -> bool {
        let within = rules.merge_failures.unwrap_or(0);
        match &mut self.merging {
            Some(merging) if run > 0 && now.abs_diff(merging.began) < within => true,
            Some(merging) => {
                merging.began = now;
                false
            }
            none => {
                *none = Some(Box::new(Merging { began: now, counted: None }));
                false
            }
        }
    }

    /// Ends the present group, of which a success has ended the run.
    pub(super) fn end_merging(&mut self) {
        if let Some(merging) = &mut self.merging {
            merging.began = NEVER;
        }
    }

    /// Notes calls that have stalled, each of which is a failure of its own.
    #[cold]
    pub(super) fn push_unmerged(&mut self, rules: &Rules, sample: Sample, env: &impl Env) {
        self.push_counted(rules, sample, false, env);
    }

    #[expect(
        clippy::inline_always,
        reason = "out of line, a merged failure takes 18 instructions more"
    )]
    #[inline(always)]
    fn push_counted(&mut self, rules: &Rules, sample: Sample, merged: bool, env: &impl Env) {
        let (Some(window), Some(merging)) = (&mut self.window, &mut self.merging) else { return };
        if rules.failure_count.is_none() || merging.counted.is_none() && !merged {
            return;
        }
        window.known(env);
        let counted = merging.counted.get_or_insert_with(|| window.clone());
        if !counted.began_with(window) {
            // The clock has gone back, and the window is empty.
            counted.clear();
        }
        counted.push(Sample { failure: sample.failure && !merged, slow: false }, env);
    }

    /// The failures in the window as `failure_count` counts them, of `known` in all.
    pub(super) fn counted_failures(&mut self, known: u64, env: &impl Env) -> u64 {
        let counted = self.merging.as_mut().and_then(|merging| merging.counted());
        counted.map_or(known, |counted| counted.known(env).failures)
    }

    /// Has what was merged slide, clear or change its size as the window does.
    pub(super) fn change_counted(&mut self, change: impl FnOnce(&mut SlidingWindow)) {
        if let Some(counted) = self.merging.as_mut().and_then(|merging| merging.counted()) {
            change(counted);
        }
    }

    /// Forgets which failures were merged where the rules no longer ask.
    pub(super) fn keep_merging(&mut self, rules: &Rules) {
        if rules.merge_failures.is_none() {
            self.merging = None;
        } else if let (None, Some(merging)) = (rules.failure_count, &mut self.merging) {
            merging.counted = None;
        }
    }
}
