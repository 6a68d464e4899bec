//! What others know of the service: that it is down, still down, up again, or doubtful.

use super::trip::granted;
use super::{Change, Machine, Period};
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::primitives::clock::{Nanos, Wait};
use crate::window::Env;

/// What hints have changed, and what bounds them.
#[derive(Debug)]
pub(super) struct Hints {
    /// The failures in a row that open the circuit: the rules' own number, or 1 while it is suspected.
    pub(super) threshold: Option<u32>,
    suspected: Option<Wait>,
    /// The end of the wait that the circuit has begun by itself.
    own_deadline: Nanos,
}

impl Hints {
    pub(super) const fn new(rules: &Rules) -> Self {
        Hints { threshold: rules.threshold, suspected: None, own_deadline: 0 }
    }
}

impl Machine {
    /// Opens for at least so long: a circuit that is open already stays so until the later end.
    pub(crate) fn open_on_request(
        &mut self,
        rules: &Rules,
        wait: Nanos,
        env: &impl Env,
    ) -> Option<Change> {
        if wait == 0 {
            return None;
        }
        let Period::Open(present) = self.period else {
            self.requested_wait = self.requested_wait.max(wait);
            return Some(self.open_for(rules, wait, env));
        };
        let granted = Wait::from(env.now(), granted(rules, wait, env));
        if present.left(env.now()).is_none_or(|left| left < granted.length) {
            self.period = Period::Open(granted);
            self.note_own_deadline(granted);
        }
        None
    }

    /// Lets an open circuit wait for at least so long from now on, and at most `max_recovery` longer than it
    /// would have by itself.
    pub(crate) fn extend(&mut self, rules: &Rules, wait: Nanos, env: &impl Env) {
        let Period::Open(present) = self.period else { return };
        let now = env.now();
        let latest = self.hints.own_deadline.saturating_add(rules.max_recovery);
        let wait = wait.min(latest.saturating_sub(now));
        if present.left(now).unwrap_or(0) < wait {
            self.period = Period::Open(Wait::from(now, wait));
        }
    }

    /// Ends the wait of an open circuit: the next call probes.
    pub(crate) fn probe_now(&mut self, env: &impl Env) {
        let Period::Open(present) = self.period else { return };
        let now = env.now();
        if present.left(now).is_some() {
            // Of no length: over by every clock, also by one that has gone back.
            self.period = Period::Open(Wait::from(now, 0));
        }
    }

    /// Lets the next failure open a closed circuit, for so long; zero ends that.
    pub(crate) fn suspect(&mut self, rules: &Rules, wait: Nanos, env: &impl Env) {
        self.hints.suspected = (wait > 0).then(|| Wait::from(env.now(), wait));
        self.follow_threshold(rules);
    }

    /// Ends the suspicion: the circuit has seen for itself.
    pub(super) fn trust(&mut self, rules: &Rules) {
        if self.hints.suspected.take().is_some() {
            self.follow_threshold(rules);
        }
    }

    /// Makes the threshold that of the rules, or 1 while the circuit is suspected.
    pub(super) fn follow_threshold(&mut self, rules: &Rules) {
        let own = rules.threshold;
        self.hints.threshold = if self.hints.suspected.is_some() { Some(1) } else { own };
    }

    /// Opens a closed circuit that a rule has tripped, after so many failures in a row. Under suspicion one failure
    /// has; a rule of its own that is met, too, is the reason. `None`: the suspicion is over, and no rule is met.
    #[cold]
    #[inline(never)]
    pub(super) fn open_tripped(
        &mut self,
        rules: &Rules,
        reason: Reason,
        run: u32,
        env: &impl Env,
    ) -> Option<Change> {
        let Some(suspected) = self.hints.suspected else {
            return Some(self.open(rules, reason, env));
        };
        let reason = match self.tripped(rules, rules.threshold, run, env) {
            Some(own) => own,
            None if suspected.left(env.now()).is_some() => Reason::Suspected { failures: run },
            None => {
                self.trust(rules);
                return None;
            }
        };
        Some(self.open(rules, reason, env))
    }

    /// Whether the next failure opens the circuit.
    pub(super) fn is_suspected(&self, env: &impl Env) -> bool {
        self.hints.suspected.is_some_and(|wait| wait.left(env.now()).is_some())
    }

    /// Notes until when the circuit waits by itself.
    pub(super) fn note_own_deadline(&mut self, wait: Wait) {
        self.hints.own_deadline = wait.until;
    }
}
