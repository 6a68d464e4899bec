//! Probes that answer before their call is over, as a stream does with its first item.

use super::{Machine, Period, Recorded, Verdict};
use crate::config::Rules;
use crate::window::Env;

impl Machine {
    /// Records the answer of a probe whose call goes on. Late: the call is no probe of this period.
    pub(crate) fn answer_probe(
        &mut self,
        rules: &Rules,
        epoch: u32,
        verdict: Verdict,
        env: &impl Env,
    ) -> Recorded {
        let epochs_ago = self.epoch.wrapping_sub(epoch);
        match self.period {
            Period::HalfOpen(probes) if probes.includes(epochs_ago) => {
                let change = self.record_probe(rules, probes, epochs_ago, verdict, env);
                Recorded::Counted { change }
            }
            _ => Recorded::Late,
        }
    }

    /// Records the end of a call that has answered as a probe of the epoch `epoch`.
    ///
    /// While the circuit is half-open, a failure takes the answer back, unless that was slow and so has
    /// failed before; any other end leaves it alone. What was slow then stays so, whatever the rules say
    /// now. Once the probes have closed the circuit, the end is that of a call of the closed period.
    /// Otherwise it is late.
    pub(crate) fn record_answered(
        &mut self,
        rules: &Rules,
        epoch: u32,
        was_slow: bool,
        verdict: Verdict,
        env: &impl Env,
    ) -> Recorded {
        let epochs_ago = self.epoch.wrapping_sub(epoch);
        let change = match self.period {
            Period::HalfOpen(mut probes) if probes.includes(epochs_ago) => {
                let has_failed = verdict.sample.is_some_and(|sample| sample.failure);
                if has_failed && !was_slow {
                    probes.fails_after_all();
                }
                self.record_answer(rules, probes, verdict, env)
            }
            Period::Closed { .. } if epochs_ago <= self.epoch.wrapping_sub(self.answered_since) => {
                self.record_closed(rules, verdict, env)
            }
            _ => return Recorded::Late,
        };
        Recorded::Counted { change }
    }
}
