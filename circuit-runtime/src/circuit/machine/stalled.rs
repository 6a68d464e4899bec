//! Calls that count as failures while they still run: `stall`.

use super::{Change, Machine, Period};
use crate::config::Rules;
use crate::window::{Env, Sample};

impl Machine {
    /// The epoch in which the running period began. (Each round of probes has an epoch of
    /// its own.)
    pub(crate) fn first_epoch(&self) -> u32 {
        match self.period {
            Period::HalfOpen(probes) => probes.first_epoch(self.epoch),
            Period::Closed { .. } | Period::Open(_) => self.epoch,
        }
    }

    /// The period of a call that was admitted in this epoch. `None`: it is over.
    pub(crate) fn period_of(&self, epoch: u32) -> Option<u32> {
        let epochs_ago = self.epoch.wrapping_sub(epoch);
        let runs = match self.period {
            Period::HalfOpen(probes) => probes.includes(epochs_ago),
            Period::Closed { .. } | Period::Open(_) => epochs_ago == 0,
        };
        runs.then(|| self.first_epoch())
    }

    /// Records so many calls of the present period that have stalled. With `as_one` they are one failure
    /// for `threshold`.
    #[cold]
    pub(crate) fn record_stalled(
        &mut self,
        rules: &Rules,
        calls: u32,
        as_one: bool,
        env: &impl Env,
    ) -> Option<Change> {
        // `slow_call` is shorter than `stall`.
        let sample = Sample { failure: true, slow: rules.slow_call.is_some() };
        match self.period {
            // An open period admits no calls.
            Period::Open(_) => None,
            Period::HalfOpen(mut probes) => {
                probes.stall(calls);
                self.period = Period::HalfOpen(probes);
                self.decide(rules, probes, env)
            }
            Period::Closed { since, run } => {
                if run == 0 {
                    self.end_merging();
                }
                let run = run.saturating_add(if as_one { 1 } else { calls });
                self.period = Period::Closed { since, run };
                self.unjudged = false;
                for _ in 0..calls {
                    self.push_unmerged(rules, sample, env);
                    if let Some(window) = &mut self.window {
                        window.push(sample, env);
                    }
                }
                let reason = self.tripped(rules, self.hints.threshold, run, env)?;
                self.open_tripped(rules, reason, run, env)
            }
        }
    }
}
