//! What an operator changes, and the start with another key.

use super::{Change, Machine, Period};
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::outcome::State;
use crate::window::{Env, SlidingWindow};

impl Machine {
    /// Closes, empties the window, ends the streak and begins a new period. Returns a change only
    /// if the circuit wasn't closed.
    pub(crate) fn reset(&mut self, rules: &Rules, env: &impl Env) -> Option<Change> {
        let change = self.close(rules, env, Reason::Reset);
        self.streak = 0;
        self.last_wait = 0;
        (change.from != State::Closed).then_some(change)
    }

    /// Goes by other rules from here on; keeps the state, the deadline, the run, the probes and a window of the
    /// same kind. A closed circuit is judged at the next outcome. A half-open one decides at once,
    /// because there may be no other outcome.
    pub(crate) fn reconfigure(&mut self, rules: &Rules, env: &impl Env) -> Option<Change> {
        self.gather(env);
        self.window = match (self.window.take(), rules.window) {
            (Some(mut kept), Some(window)) => {
                let resized = kept.resized(window, env);
                self.change_counted(|counted| {
                    counted.turn_as(&kept);
                    *counted = counted.resized(window, env);
                });
                if let Some(throttling) = &mut self.throttling {
                    throttling.resize(&kept, window, env);
                }
                Some(resized)
            }
            (None, Some(window)) => Some(SlidingWindow::new(window)),
            (_, None) => None,
        };
        self.follow_threshold(rules);
        self.keep_merging(rules);
        if rules.throttle.is_none() {
            self.throttling = None;
        }
        if rules.ramp.is_none() {
            self.ramp = None;
        }
        self.unjudged = true;
        match self.period {
            Period::HalfOpen(probes) => self.decide(rules, probes, env),
            Period::Closed { .. } | Period::Open(_) => None,
        }
    }

    /// Starts over with these rules, in a new period, for another key.
    pub(crate) fn reassign(&mut self, rules: &Rules) {
        let epoch = self.epoch.wrapping_add(1);
        *self = Machine { epoch, answered_since: epoch, ..Machine::new(rules) };
    }
}
