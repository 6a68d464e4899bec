//! The trip rules: does an outcome open a closed circuit?

use super::Machine;
use super::numbers::{in_float, shown};
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::window::{Env, WindowTotals};

impl Machine {
    /// Which rule is met, if any. The quotient is compared: the product would be off, since
    /// 0.07 × 100 > 7.
    #[inline]
    pub(super) fn tripped(&mut self, run: u32, env: &impl Env) -> Option<Reason> {
        if let Some(threshold) = self.rules.threshold {
            if run >= threshold {
                return Some(Reason::FailuresInARow { failures: run, threshold });
            }
        }
        let (rules, window) = (&self.rules, self.window.as_mut()?);
        let known = window.known(env);
        if let (Some(count), Some(window)) = (rules.failure_count, rules.window) {
            // All failures are known here.
            if known.failures >= u64::from(count) {
                let failures = shown(known.failures);
                return Some(Reason::FailureCount { failures, count, window });
            }
        }
        // Successes that are counted elsewhere only lower a rate: most outcomes needn't ask for
        // them.
        rate_reached(rules, known)?;
        let window_totals = window.totals(self.epoch, env);
        rate_reached(rules, window_totals)
            .filter(|_| window_totals.calls >= u64::from(rules.min_calls))
    }
}

/// Which rate these figures reach; of no calls, none, since no number is what their quotient is.
fn rate_reached(
    rules: &Rules,
    WindowTotals { calls, failures, slow }: WindowTotals,
) -> Option<Reason> {
    let reached = |count: u64, rate: Option<f64>| {
        rate.filter(|rate| in_float(count) / in_float(calls) >= *rate)
    };
    if let Some(rate) = reached(failures, rules.failure_rate) {
        let (failures, calls) = (shown(failures), shown(calls));
        return Some(Reason::FailureRate { failures, calls, rate });
    }
    let rate = reached(slow, rules.slow_rate)?;
    Some(Reason::SlowRate { slow: shown(slow), calls: shown(calls), rate })
}
