//! When a circuit opens, and for how long: the trip rules, and recovery, backoff, cap and jitter,
//! or what the service asks for.

use std::time::Duration;

use super::numbers::{in_float, saturate, shown};
use super::{Change, Machine, Period};
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::primitives::clock::{NEVER, Nanos, Wait};
use crate::window::{Env, WindowTotals};

impl Machine {
    /// Which rule is met, if any, with this `threshold`. Compares the quotient: the product would be inexact,
    /// as 0.07 × 100 > 7.
    #[inline]
    pub(super) fn tripped(
        &mut self,
        rules: &Rules,
        threshold: Option<u32>,
        run: u32,
        env: &impl Env,
    ) -> Option<Reason> {
        if let Some(threshold) = threshold {
            if run >= threshold {
                return Some(Reason::FailuresInARow { failures: run, threshold });
            }
        }
        let known = self.window.as_mut()?.known(env);
        if let (Some(count), Some(window)) = (rules.failure_count, rules.window) {
            // Failures are never counted in shards, so all are known here.
            let failures = self.counted_failures(known.failures, env);
            if failures >= u64::from(count) {
                let failures = shown(failures);
                return Some(Reason::FailureCount { failures, count, window });
            }
        }
        let window = self.window.as_mut()?;
        // Successes in shards only lower a rate: most outcomes needn't add them up.
        rate_reached(rules, known)?;
        let window_totals = window.totals(self.epoch, env);
        rate_reached(rules, window_totals)
            .filter(|_| window_totals.calls >= u64::from(rules.min_calls))
    }

    /// Opens for min(recovery × backoff^streak, cap), with jitter; longer if the service asked for
    /// it.
    #[cold]
    pub(super) fn open(&mut self, rules: &Rules, reason: Reason, env: &impl Env) -> Change {
        self.end_streak_if_stable(rules, env.now());
        let Rules { recovery, backoff, max_recovery, jitter, .. } = *rules;
        let exponent = i32::try_from(self.streak).unwrap_or(i32::MAX);
        let wait = saturate(in_float(recovery) * backoff.powi(exponent)).min(max_recovery);
        // A wait that never ends stays one.
        let is_spread = jitter > 0.0 && wait != NEVER;
        let spread = if is_spread { 1.0 + jitter * (2.0 * env.roll() - 1.0) } else { 1.0 };
        self.last_wait = saturate(in_float(wait) * spread).max(1);
        self.streak = self.streak.saturating_add(1);
        let granted = granted(rules, self.requested_wait, env);
        self.wait(self.last_wait.max(granted), env, reason)
    }

    /// Opens because the service asked for it. Doesn't change the streak and its last wait: what a
    /// service asks for says nothing about how often it failed.
    #[cold]
    pub(super) fn open_for(
        &mut self,
        rules: &Rules,
        requested_wait: Nanos,
        env: &impl Env,
    ) -> Change {
        self.end_streak_if_stable(rules, env.now());
        let reason = Reason::Requested { wait: Duration::from_nanos(requested_wait) };
        self.wait(granted(rules, self.requested_wait, env), env, reason)
    }

    fn wait(&mut self, wait: Nanos, env: &impl Env, reason: Reason) -> Change {
        self.gather(env);
        let wait = Wait::from(env.now(), wait);
        self.note_own_deadline(wait);
        self.begin(Period::Open(wait), reason)
    }

    /// The length of the present opening's wait.
    pub(crate) fn opened_for(&self) -> Option<Nanos> {
        match self.period {
            Period::Open(wait) => Some(wait.length),
            Period::Closed { .. } | Period::HalfOpen(_) => None,
        }
    }

    /// The streak ends when the circuit has stayed closed for at least its last wait, and also when
    /// the clock has gone back that far, so that nothing is prolonged. Not while few calls pass.
    fn end_streak_if_stable(&mut self, rules: &Rules, now: Nanos) {
        if let Period::Closed { since, .. } = self.period {
            if now.abs_diff(since) >= self.last_wait && self.share(rules, now).is_none() {
                self.streak = 0;
            }
        }
    }
}

/// What is granted to a service that asks to be left alone for so long: at most the cap, then lengthened
/// by jitter, because its other clients were told the same time.
pub(super) fn granted(rules: &Rules, requested: Nanos, env: &impl Env) -> Nanos {
    let granted = requested.min(rules.max_requested_wait);
    if rules.jitter > 0.0 {
        let more = in_float(granted) * rules.jitter * env.roll();
        granted.saturating_add(saturate(more))
    } else {
        granted
    }
}

/// Which rate these totals reach. With no calls, none: the quotient is NaN.
pub(super) fn rate_reached(
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
