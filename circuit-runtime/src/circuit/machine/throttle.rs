//! Overload: a closed circuit rejects the more calls the more of them fail: `throttle`.
//!
//! Client-side adaptive throttling, as in the chapter "Handling Overload" of Google's book on site reliability.

use super::Machine;
use super::numbers::in_float;
use crate::config::{Rules, Window};
use crate::outcome::State;
use crate::primitives::clock::Nanos;
use crate::window::{Env, Sample, SlidingWindow, WindowTotals};

/// The largest chance that a call is rejected.
const MOST: f64 = 0.9;
/// So many requests more than K × successes reject nothing: a few failures say little.
const SPARED: u64 = 5;
/// A call always passes when none has got in for so long.
const LONGEST_GAP: Nanos = 1_000_000_000;

/// What the rule remembers beside the window. How much it rejects follows from both.
#[derive(Debug)]
pub(super) struct Throttling {
    untold: Untold,
    /// When a call last got in while the rule could have rejected it.
    passed: Option<Nanos>,
}

impl Throttling {
    pub(super) fn clear(&mut self) {
        self.untold.0.clear();
        self.passed = None;
    }

    /// Changes its size as the window's, which was `kept`: what counts beside it goes on doing so.
    pub(super) fn resize(&mut self, kept: &SlidingWindow, size: Window, env: &impl Env) {
        let Untold(calls) = &mut self.untold;
        calls.begin_as(kept);
        calls.turn_as(kept);
        *calls = calls.resized(size, env);
    }
}

/// What the window doesn't tell, in buckets like its own: the calls that this rule rejected, and those in the window that
/// had no result, which are neither successes nor failures. Here the first are noted as failures, the others as
/// successes.
#[derive(Debug)]
struct Untold(SlidingWindow);

impl Untold {
    fn push_rejected(&mut self, env: &impl Env) {
        self.0.push(Sample { failure: true, slow: false }, env);
    }

    fn push_without_result(&mut self, env: &impl Env) {
        self.0.push(Sample { failure: false, slow: false }, env);
    }

    fn rejected_at_last_look(&self) -> u64 {
        self.0.failures_at_last_look()
    }

    /// None, if the window was emptied.
    fn totals(&mut self, window: &SlidingWindow, env: &impl Env) -> UntoldTotals {
        self.0.begin_as(window);
        let WindowTotals { calls, failures: rejected, .. } = self.0.known(env);
        UntoldTotals { rejected, without_result: calls.saturating_sub(rejected) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct UntoldTotals {
    rejected: u64,
    without_result: u64,
}

/// The requests in the window.
#[derive(Debug, Clone, Copy)]
struct Requests {
    successes: u64,
    failures: u64,
    rejected: u64,
}

impl Requests {
    fn of(window: WindowTotals, untold: UntoldTotals) -> Self {
        let successes = window.calls.saturating_sub(window.failures);
        Requests {
            successes: successes.saturating_sub(untold.without_result),
            failures: window.failures,
            rejected: untold.rejected,
        }
    }

    fn sum(self) -> u64 {
        self.successes.saturating_add(self.failures).saturating_add(self.rejected)
    }

    /// The chance that a call is rejected which may be if more than `share` of the calls fail.
    fn chance(self, share: f64) -> Option<f64> {
        let requests = in_float(self.sum());
        let k = 1.0 / (1.0 - share);
        let surplus = requests - k * in_float(self.successes) - in_float(SPARED);
        let chance = (surplus / (requests + 1.0)).min(MOST);
        (chance > 0.0).then_some(chance)
    }
}

impl Machine {
    /// Whether the rule may reject a call, as far as failures tell: each success lowers the chance.
    #[cold]
    #[inline(never)]
    pub(super) fn may_throttle(&self) -> bool {
        let failures = self.window().map_or(0, SlidingWindow::failures_at_last_look);
        let rejected = self.throttling.as_ref().map(|it| it.untold.rejected_at_last_look());
        let most = failures.saturating_add(rejected.unwrap_or(0));
        self.state() == State::Closed && most > SPARED
    }

    /// The share of calls that the rule rejects, if it rejects any.
    pub(crate) fn throttled(&mut self, rules: &Rules, env: &impl Env) -> Option<f64> {
        let share = rules.throttle?;
        let window = self.window.as_mut()?;
        let known = window.known(env);
        let throttling = self.throttling.as_mut();
        let untold = throttling.map(|it| it.untold.totals(window, env)).unwrap_or_default();
        if !self.may_throttle() {
            return None;
        }
        // Successes in shards only lower the chance: most calls needn't add them up.
        Requests::of(known, untold).chance(share)?;
        let all = Requests::of(self.window_totals(env)?, untold);
        all.chance(share).filter(|_| all.sum() >= u64::from(rules.min_calls))
    }

    /// Whether the rule rejects a call of a closed circuit. Never the first of its part of a ramp.
    pub(super) fn throttles(&mut self, rules: &Rules, is_first: bool, env: &impl Env) -> bool {
        if rules.throttle.is_none() {
            return false;
        }
        let chance = self.throttled(rules, env);
        if !self.may_throttle() {
            return false;
        }
        let now = env.now();
        let Some(throttling) = self.throttling(rules) else { return false };
        let is_recent = |passed: Nanos| now.abs_diff(passed) < LONGEST_GAP;
        // Where calls wait for a place, the next to get in is one of them.
        let may_wait = throttling.passed.is_some_and(is_recent) || env.calls_wait();
        let may_reject = may_wait && !is_first;
        let rejects = chance.is_some_and(|chance| may_reject && env.roll() < chance);
        if rejects {
            throttling.untold.push_rejected(env);
        }
        rejects
    }

    /// Notes that a call has got in, if the rule could have rejected it.
    pub(super) fn note_not_throttled(&mut self, rules: &Rules, now: Nanos) {
        if rules.throttle.is_some() && self.may_throttle() {
            if let Some(throttling) = self.throttling(rules) {
                throttling.passed = Some(now);
            }
        }
    }

    /// Notes that a call has entered the window that had no result.
    #[cold]
    pub(super) fn note_without_result(&mut self, rules: &Rules, env: &impl Env) {
        if let Some(throttling) = self.throttling(rules) {
            throttling.untold.push_without_result(env);
        }
    }

    /// What the rule remembers, if there is such a rule.
    fn throttling(&mut self, rules: &Rules) -> Option<&mut Throttling> {
        let size = rules.window.filter(|_| rules.throttle.is_some())?;
        let window = self.window.as_ref()?;
        let anew =
            || Box::new(Throttling { untold: Untold(SlidingWindow::new(size)), passed: None });
        let throttling = self.throttling.get_or_insert_with(anew);
        throttling.untold.0.begin_as(window);
        Some(throttling)
    }

    /// Whether calls were rejected that still count.
    pub(super) fn has_throttled(&mut self, env: &impl Env) -> bool {
        match (&mut self.throttling, &self.window) {
            (Some(throttling), Some(window)) => throttling.untold.totals(window, env).rejected > 0,
            _ => false,
        }
    }
}
