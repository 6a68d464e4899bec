//! The rule `throttle` once more.

use circuit_runtime::State;

use super::memory::Model;
use super::window::{Entered, Is};

/// A second.
const LONGEST_GAP: u64 = 1_000_000_000;

impl Model {
    /// Successes, failures, and calls that the rule rejected, in the window.
    fn requests(&self) -> Option<[u32; 3]> {
        let [calls, failures, _, _, without_result, rejected] = self.window.figures(self.now)?;
        Some([calls - failures - without_result, failures, rejected])
    }

    /// The chance that a call is rejected, if it may be.
    pub(super) fn chance(&self) -> Option<f64> {
        let share = self.rules.throttle?;
        let [successes, failures, rejected] = self.requests()?;
        let sum = successes + failures + rejected;
        let requests = f64::from(sum);
        let k = 1.0 / (1.0 - share);
        let chance = (requests - k * f64::from(successes) - 5.0) / (requests + 1.0);
        let may_be = self.state == State::Closed && sum >= self.rules.min_calls && chance > 0.0;
        may_be.then_some(chance.min(0.9))
    }

    /// Whether the rule rejects a call. Not the first of a tenth of a ramp.
    pub(super) fn throttles(&mut self, is_first: bool, roll: f64) -> bool {
        let [_, failures, rejected] = self.requests().unwrap_or_default();
        if self.rules.throttle.is_none() || failures + rejected <= 5 {
            return false;
        }
        let has_passed = self.period.passed.is_some_and(|at| self.now.abs_diff(at) < LONGEST_GAP);
        let rejects = !is_first && has_passed && self.chance().is_some_and(|chance| roll < chance);
        if rejects {
            let call = Entered {
                when: self.now,
                failed: false,
                slow: false,
                merged: false,
                is: Is::Throttled,
            };
            self.window.push(call);
        } else {
            self.period.passed = Some(self.now);
        }
        rejects
    }
}
