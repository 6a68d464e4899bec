//! Whether a key's circuit may serve another key.

use super::{Machine, Period};
use crate::config::Rules;
use crate::primitives::clock::{Nanos, Wait};
use crate::window::Env;

/// How idle a key's circuit is: whether it may serve another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idleness {
    /// Closed, without a failure in its run or window.
    Healthy,
    /// Closed, with some, suspected, on its ramp, or having throttled calls that still count.
    Failing,
    /// Its wait is over, and no probe is in flight that may still decide.
    WaitOver,
    /// Not idle before this time, unless something happens to it.
    Until(Nanos),
    /// Not idle before its calls in flight have ended, or while its key has settings of its own.
    Busy,
}

impl Machine {
    /// How idle a circuit in this state is.
    pub(crate) fn idleness(&mut self, rules: &Rules, env: &impl Env) -> Idleness {
        let now = env.now();
        let goes_on = |wait: &Wait| wait.left(now).is_some();
        let wait = match self.period {
            Period::Closed { run, .. } => {
                let window = self.window.as_mut().map(|window| window.known(env).failures);
                let admits_all = self.ramp.is_none() && !self.has_throttled(env);
                let is_trusted = !self.is_suspected(env);
                return if run == 0 && window.unwrap_or(0) == 0 && admits_all && is_trusted {
                    Idleness::Healthy
                } else {
                    Idleness::Failing
                };
            }
            Period::Open(wait) => Some(wait),
            Period::HalfOpen(probes) => probes.in_flight().then(|| probes.round_timeout(rules)),
        };
        match wait.filter(goes_on) {
            Some(wait) => Idleness::Until(wait.until),
            None => Idleness::WaitOver,
        }
    }
}
