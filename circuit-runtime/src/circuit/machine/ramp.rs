//! A slow return: after a circuit has closed, the share of calls that pass grows with time: `ramp`.

use super::Machine;
use super::numbers::in_float;
use crate::config::Rules;
use crate::outcome::State;
use crate::primitives::clock::{Nanos, Wait};
use crate::window::Env;

/// The share that passes at the beginning of a ramp; at its end all calls pass.
const FIRST_SHARE: f64 = 0.1;
/// The first call of each of so many parts of a ramp always passes.
const PARTS: u128 = 10;

/// What a ramp says to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    Rejected,
    Passes,
    /// The first call of its part: nothing else that lets only a share of the calls pass rejects it.
    First,
}

/// A ramp that has begun. How long it takes, the rules say.
#[derive(Debug)]
pub(super) struct Ramp {
    began: Nanos,
    /// The part in which the last call got in; `None` before the first one.
    part: Option<u128>,
    /// What the calls so far had of a call that passes: each adds the share of its moment, and one
    /// that passes takes one away. So the calls that pass are spread evenly.
    carried: f64,
}

impl Ramp {
    /// How much of a ramp this long has passed; `None` if it is over, or if nobody knows because the
    /// clock has gone back.
    fn passed(&self, length: Nanos, now: Nanos) -> Option<Nanos> {
        Wait::from(self.began, length).left(now).map(|left| length.saturating_sub(left))
    }
}

impl Machine {
    /// Begins a ramp, if the rules have one and the circuit is closed.
    pub(crate) fn begin_ramp(&mut self, rules: &Rules, now: Nanos) {
        if rules.ramp.is_some() && self.state() == State::Closed {
            self.ramp = Some(Box::new(Ramp { began: now, part: None, carried: 0.0 }));
        }
    }

    /// Whether calls of a closed circuit have to ask the machine.
    #[inline]
    pub(crate) fn is_selective(&self, rules: &Rules) -> bool {
        self.ramp.is_some() || rules.throttle.is_some() && self.may_throttle()
    }

    /// How much of the ramp has passed, and how long it takes.
    fn ramp_passed(&self, rules: &Rules, now: Nanos) -> Option<(Nanos, Nanos)> {
        let length = rules.ramp?;
        Some((self.ramp.as_ref()?.passed(length, now)?, length))
    }

    /// The share of calls that pass, while it grows.
    pub(crate) fn share(&self, rules: &Rules, now: Nanos) -> Option<f64> {
        self.ramp_passed(rules, now).map(|(passed, length)| share(passed, length))
    }

    /// [`Machine::share`], with a clock that is read only if there is a ramp.
    pub(crate) fn share_at(&self, rules: &Rules, now: impl FnOnce() -> Nanos) -> Option<f64> {
        if self.ramp.is_some() { self.share(rules, now()) } else { None }
    }

    /// Whether a call of a closed circuit passes. Ends a ramp that is over.
    pub(super) fn passes(&mut self, rules: &Rules, env: &impl Env) -> Passage {
        let Some((passed, length)) = self.ramp_passed(rules, env.now()) else {
            self.ramp = None;
            return Passage::Passes;
        };
        let Some(ramp) = &mut self.ramp else { return Passage::Passes };
        let part = Some(part(passed, length));
        if ramp.part != part {
            // Noted when it has got in. Where calls wait, the next to get in is one of them, and needs
            // no other to be let through.
            if env.calls_wait() {
                ramp.part = part;
            }
            return Passage::First;
        }
        ramp.carried += share(passed, length);
        let has_one = ramp.carried >= 1.0;
        if has_one {
            ramp.carried -= 1.0;
        }
        if has_one { Passage::Passes } else { Passage::Rejected }
    }

    /// Notes that a call has got into a closed circuit. The one that always passes in its part of a ramp, or
    /// in its second under `throttle`, is used up by that, and not if the bulkhead refuses it.
    pub(crate) fn note_entry(&mut self, rules: &Rules, now: Nanos) {
        let passed = self.ramp_passed(rules, now);
        if let (Some((passed, length)), Some(ramp)) = (passed, &mut self.ramp) {
            ramp.part = Some(part(passed, length));
        }
        self.note_not_throttled(rules, now);
    }
}

/// The part of a ramp in which so much of it has passed.
fn part(passed: Nanos, length: Nanos) -> u128 {
    u128::from(passed) * PARTS / u128::from(length)
}

/// The share of calls that pass when so much of a ramp this long has passed.
fn share(passed: Nanos, length: Nanos) -> f64 {
    FIRST_SHARE + (1.0 - FIRST_SHARE) * (in_float(passed) / in_float(length))
}
