//! Outcomes that were noted without the lock, because none of them had to be judged.

use super::numbers::{in_float, saturate, shown};
use super::trip::rate_reached;
use super::{Machine, Period};
use crate::config::Rules;
use crate::window::pending::Outcomes;
use crate::window::{SlidingWindow, WindowTotals};

/// Whether outcomes may be noted, in a window that can trip.
pub(super) fn may_note(rules: &Rules, window: &SlidingWindow) -> bool {
    // In a window of time an outcome is judged by what has left since the last one.
    window.span().is_none()
        || rules.merge_failures.is_none() && rate_reached(rules, window.at_last_look()).is_none()
}

impl Machine {
    /// How many outcomes may be failures, among any number of successes, before one has to be judged.
    /// Counts as if no success came in between, and none of the failures left the window.
    pub(crate) fn spare_failures(&self, rules: &Rules) -> u32 {
        if rules.merge_failures.is_some() || rules.throttle.is_some() {
            return 0;
        }
        let in_a_row = left_below(self.hints.threshold, self.failures_in_a_row());
        let Some(window) = &self.window else { return in_a_row };
        // Successes in shards only lower a rate.
        let WindowTotals { calls, failures, .. } = window.at_last_look();
        let counted = left_below(rules.failure_count, shown(failures));
        let Some(rate) = rules.failure_rate else { return in_a_row.min(counted) };
        let most = saturate(in_float(calls) * rate).saturating_sub(failures);
        let mut spare = in_a_row.min(counted).min(shown(most));
        // As in `rate_reached`: the product was inexact.
        while spare > 0 && in_float(failures + u64::from(spare)) / in_float(calls) >= rate {
            spare -= 1;
        }
        spare
    }

    /// Takes over pending outcomes of this period. None of them has to be judged.
    pub(crate) fn take_over(&mut self, pending: Outcomes) {
        for (failed, count) in pending {
            if failed { self.add_failures(count) } else { self.add_successes(count) }
        }
    }

    fn add_failures(&mut self, failures: u32) {
        if let Period::Closed { run, .. } = &mut self.period {
            *run = run.saturating_add(failures);
        }
        if let Some(window) = &mut self.window {
            window.add_failures(failures);
        }
    }

    fn add_successes(&mut self, successes: u32) {
        if let Period::Closed { run, .. } = &mut self.period {
            *run = 0;
        }
        if let Some(window) = &mut self.window {
            window.add_successes(successes);
        }
        self.change_counted(|counted| counted.add_successes(successes));
    }
}

/// How many more there may be of `count` without reaching the limit.
fn left_below(limit: Option<u32>, count: u32) -> u32 {
    limit.map_or(u32::MAX, |limit| limit.saturating_sub(count.saturating_add(1)))
}
