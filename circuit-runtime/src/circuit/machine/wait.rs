//! How long an open circuit waits: recovery, backoff, cap and jitter, or what the service asks for.

use std::time::Duration;

use super::numbers::{in_float, saturate};
use super::{Change, Machine, Period};
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::primitives::clock::{Nanos, Wait};
use crate::window::Env;

impl Machine {
    /// Opens for min(recovery × backoff^streak, cap), then jitter; longer if the service asked for
    /// it.
    #[cold]
    pub(super) fn open(&mut self, reason: Reason, env: &impl Env) -> Change {
        self.end_streak_if_stable(env.now());
        let Rules { recovery, backoff, max_recovery, jitter, .. } = self.rules;
        let exponent = i32::try_from(self.streak).unwrap_or(i32::MAX);
        let wait = saturate(in_float(recovery) * backoff.powi(exponent)).min(max_recovery);
        let spread = 1.0 + jitter * (2.0 * env.roll() - 1.0);
        self.last_wait = saturate(in_float(wait) * spread).max(1);
        self.streak = self.streak.saturating_add(1);
        self.wait(self.last_wait.max(self.granted(env)), env, reason)
    }

    /// Opens because the service asked for it. Neither the streak nor its last wait is touched: what
    /// a service asks for says nothing about how often it failed.
    #[cold]
    pub(super) fn open_for(&mut self, asked: Nanos, env: &impl Env) -> Change {
        self.end_streak_if_stable(env.now());
        let reason = Reason::Requested { wait: Duration::from_nanos(asked) };
        self.wait(self.granted(env), env, reason)
    }

    /// What a service gets of the time that it asked for in this period: no more than the cap, and
    /// then, since its other clients were told the same, only longer by jitter.
    fn granted(&self, env: &impl Env) -> Nanos {
        let granted = self.asked.min(self.rules.max_asked);
        let more = in_float(granted) * self.rules.jitter * env.roll();
        granted.saturating_add(saturate(more))
    }

    fn wait(&mut self, wait: Nanos, env: &impl Env, reason: Reason) -> Change {
        self.gather(env);
        self.begin(Period::Open(Wait::from(env.now(), wait)), reason)
    }

    /// How long the present opening lasts, from its beginning on.
    pub(crate) fn opened_for(&self) -> Option<Nanos> {
        match self.period {
            Period::Open(wait) => Some(wait.length),
            Period::Closed { .. } | Period::HalfOpen(_) => None,
        }
    }

    /// The streak ends when the circuit has stayed closed for at least its last wait. A clock that
    /// has gone back so far can't tell, and prolongs nothing.
    fn end_streak_if_stable(&mut self, now: Nanos) {
        if let Period::Closed { since, .. } = self.period {
            if now.abs_diff(since) >= self.last_wait {
                self.streak = 0;
            }
        }
    }
}
