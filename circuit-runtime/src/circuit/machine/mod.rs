//! The state machine, pure and total: numbers in, numbers out, no atomics, no clock, no user code.
//!
//! A circuit goes through *periods*: closed, open or half-open, each with its own number, the
//! epoch. A call belongs to the period that admitted it: its outcome is judged in that period or
//! not at all. Half-open is one period with an epoch for each round of probes.

#[cfg(feature = "stream")]
mod answered;
mod control;
mod half_open;
mod hints;
mod idle;
mod merge;
mod numbers;
mod pending;
mod ramp;
mod stalled;
#[cfg(test)]
mod tests;
mod throttle;
mod trip;

pub(crate) use idle::Idleness;
pub(crate) use numbers::{in_float, shown};

use half_open::Probes;
use hints::Hints;
use merge::Merging;
use pending::may_note;
use ramp::{Passage, Ramp};
use throttle::Throttling;

use crate::config::Rules;
use crate::error::Rejection;
use crate::observe::event::Reason;
use crate::outcome::State;
use crate::primitives::clock::{NEVER, Nanos, Wait};
use crate::window::{Env, OnSuccess, Sample, SlidingWindow, WindowTotals};

/// Everything that the next decision depends on, beside the rules: those are given to whatever goes by them.
#[derive(Debug)]
pub(crate) struct Machine {
    period: Period,
    epoch: u32,
    /// The first epoch whose answered probes belong to this period: if probes have closed the circuit,
    /// that of the first of them, else the period's own.
    #[cfg_attr(
        not(feature = "stream"),
        allow(dead_code, reason = "only streams answer before their end")
    )]
    answered_since: u32,
    /// Openings in a row: the exponent of the backoff.
    streak: u32,
    /// The last wait by the rules, without what outcomes asked for.
    last_wait: Nanos,
    /// The longest wait that an outcome of this period has asked for.
    requested_wait: Nanos,
    /// `None`: no rule needs it.
    window: Option<SlidingWindow>,
    /// `None` before a failure was recorded that may be merged with others.
    merging: Option<Box<Merging>>,
    /// `None`: all calls of a closed circuit pass.
    ramp: Option<Box<Ramp>>,
    /// `None` before `throttle` had something to remember.
    throttling: Option<Box<Throttling>>,
    hints: Hints,
    /// The rules have changed, and no outcome has been judged by them yet.
    unjudged: bool,
}

#[derive(Debug, Clone, Copy)]
enum Period {
    Closed { since: Nanos, run: u32 },
    Open(Wait),
    HalfOpen(Probes),
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    Admitted {
        change: Option<Change>,
    },
    /// For this much longer, or `NEVER` if that isn't known.
    Rejected {
        reason: Rejection,
        left: Nanos,
    },
}

/// How an admitted call ended, as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The outcome as a window sees it. `None`: ignored or cancelled, counts neither way.
    pub(crate) sample: Option<Sample>,
    /// Opens the circuit, whatever the rules say.
    pub(crate) opens: bool,
    /// The call had no result: a slow one that was cancelled leaves the run of failures alone.
    pub(crate) keeps_run: bool,
    /// The least wait that the service asks for, should the circuit open.
    pub(crate) requested_wait: Nanos,
}

impl Verdict {
    pub(crate) const NEUTRAL: Verdict =
        Verdict { sample: None, opens: false, keeps_run: false, requested_wait: 0 };

    #[inline]
    pub(crate) const fn of(sample: Sample) -> Self {
        Verdict { sample: Some(sample), ..Verdict::NEUTRAL }
    }
}

/// The result of recording an outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recorded {
    /// The period that admitted the call is over; nothing happened.
    Late,
    Counted {
        change: Option<Change>,
    },
}

/// A change of state, without number and time yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) reason: Reason,
}

impl Machine {
    pub(crate) const fn new(rules: &Rules) -> Self {
        Machine {
            period: Period::Closed { since: 0, run: 0 },
            epoch: 0,
            answered_since: 0,
            streak: 0,
            last_wait: 0,
            requested_wait: 0,
            window: match rules.window {
                Some(window) => Some(SlidingWindow::new(window)),
                None => None,
            },
            merging: None,
            ramp: None,
            throttling: None,
            hints: Hints::new(rules),
            unjudged: false,
        }
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn state(&self) -> State {
        match self.period {
            Period::Closed { .. } => State::Closed,
            Period::Open(_) => State::Open,
            Period::HalfOpen(_) => State::HalfOpen,
        }
    }

    /// What a success that isn't slow has to write.
    #[inline]
    pub(crate) fn on_success(&self, rules: &Rules) -> OnSuccess {
        let Period::Closed { run, .. } = self.period else { return OnSuccess::Lock };
        let on_success = match &self.window {
            // Failures that may be one are judged, each of them.
            None if run > 0 && rules.merge_failures.is_none() => OnSuccess::Pend,
            None => OnSuccess::Nothing,
            Some(_) if self.unjudged => OnSuccess::Lock,
            Some(window) => match window.on_success(rules.min_calls) {
                OnSuccess::Pend if !may_note(rules, window) => OnSuccess::Lock,
                on_success => on_success,
            },
        };
        // A success ends a run of failures. A pending one does so when it is taken over.
        if run == 0 || on_success == OnSuccess::Pend { on_success } else { OnSuccess::Lock }
    }

    /// The window, if a rule needs it.
    pub(crate) fn window(&self) -> Option<&SlidingWindow> {
        self.window.as_ref()
    }

    /// How long calls are rejected: when open, for the wait; when half-open and full, until the
    /// next round of probes.
    pub(crate) fn rejection(&self, rules: &Rules) -> Option<Wait> {
        match self.period {
            Period::Open(wait) => Some(wait),
            Period::HalfOpen(probes) if probes.is_full(rules) => Some(probes.round_timeout(rules)),
            Period::HalfOpen(_) | Period::Closed { .. } => None,
        }
    }

    pub(crate) fn failures_in_a_row(&self) -> u32 {
        match self.period {
            Period::Closed { run, .. } => run,
            Period::Open(_) | Period::HalfOpen(_) => 0,
        }
    }

    /// The contents of the window, if a rule needs it.
    pub(crate) fn window_totals(&mut self, env: &impl Env) -> Option<WindowTotals> {
        let epoch = self.epoch;
        self.window.as_mut().map(|window| window.totals(epoch, env))
    }

    /// Decides whether a call may run.
    ///
    /// The first call at or after the deadline turns an open circuit half-open. If a round has been
    /// full for too long since its last probe was admitted, another round begins.
    pub(crate) fn admit(&mut self, rules: &Rules, env: &impl Env) -> Decision {
        let now = env.now();
        if let Some(left) = self.rejection(rules).and_then(|wait| wait.left(now)) {
            let is_open = self.state() == State::Open;
            let reason = if is_open { Rejection::Open } else { Rejection::HalfOpenFull };
            return Decision::Rejected { reason, left };
        }
        let change = match self.period {
            Period::Closed { .. } => {
                let passage = self.passes(rules, env);
                let reason = if passage == Passage::Rejected {
                    Rejection::Ramping
                } else if self.throttles(rules, passage == Passage::First, env) {
                    Rejection::Throttled
                } else {
                    return Decision::Admitted { change: None };
                };
                return Decision::Rejected { reason, left: NEVER };
            }
            Period::Open(_) => {
                let first = Period::HalfOpen(Probes::first(now));
                Some(self.begin(first, Reason::WaitElapsed))
            }
            Period::HalfOpen(probes) if probes.is_full(rules) => {
                self.epoch = self.epoch.wrapping_add(1);
                self.period = Period::HalfOpen(probes.next_round(now));
                None
            }
            Period::HalfOpen(probes) => {
                self.period = Period::HalfOpen(probes.admit(now));
                None
            }
        };
        Decision::Admitted { change }
    }

    /// Records the verdict of a call that was admitted in the period `epoch`.
    #[inline]
    pub(crate) fn record(
        &mut self,
        rules: &Rules,
        epoch: u32,
        verdict: Verdict,
        env: &impl Env,
    ) -> Recorded {
        let epochs_ago = self.epoch.wrapping_sub(epoch);
        let change = match self.period {
            Period::HalfOpen(probes) if probes.includes(epochs_ago) => {
                self.record_probe(rules, probes, epochs_ago, verdict, env)
            }
            _ if epochs_ago != 0 => return Recorded::Late,
            _ => self.record_closed(rules, verdict, env),
        };
        Recorded::Counted { change }
    }

    /// Whether an outcome of this period would be late.
    pub(crate) fn is_late(&self, epoch: u32) -> bool {
        let epochs_ago = self.epoch.wrapping_sub(epoch);
        match self.period {
            Period::HalfOpen(probes) => !probes.includes(epochs_ago),
            _ => epochs_ago != 0,
        }
    }

    #[inline]
    fn record_closed(&mut self, rules: &Rules, verdict: Verdict, env: &impl Env) -> Option<Change> {
        // An open period admits no calls.
        let (Period::Closed { since, run }, Some(sample)) = (self.period, verdict.sample) else {
            return None;
        };
        let merged = rules.merge_failures.is_some() && self.merge(rules, sample, run, env);
        let run = match sample.failure {
            true if merged => run,
            true => run.saturating_add(1),
            false if verdict.keeps_run => run,
            false => 0,
        };
        self.period = Period::Closed { since, run };
        self.unjudged = false;
        if let Some(window) = &mut self.window {
            window.push(sample, env);
        }
        if verdict.keeps_run {
            self.note_without_result(rules, env);
        }
        self.requested_wait = self.requested_wait.max(verdict.requested_wait);
        if verdict.opens {
            return Some(self.open_for(rules, verdict.requested_wait, env));
        }
        // Only a failure meets `threshold`: a run that is merely kept doesn't.
        let run = if verdict.keeps_run { 0 } else { run };
        let reason = self.tripped(rules, self.hints.threshold, run, env)?;
        self.open_tripped(rules, reason, run, env)
    }

    #[cold]
    fn record_probe(
        &mut self,
        rules: &Rules,
        mut probes: Probes,
        rounds_ago: u32,
        verdict: Verdict,
        env: &impl Env,
    ) -> Option<Change> {
        probes.answer(rounds_ago, verdict);
        self.record_answer(rules, probes, verdict, env)
    }

    /// Records what the probes have answered, the latest of them with this verdict.
    fn record_answer(
        &mut self,
        rules: &Rules,
        probes: Probes,
        verdict: Verdict,
        env: &impl Env,
    ) -> Option<Change> {
        self.period = Period::HalfOpen(probes);
        self.requested_wait = self.requested_wait.max(verdict.requested_wait);
        if verdict.opens {
            return Some(self.open_for(rules, verdict.requested_wait, env));
        }
        self.decide(rules, probes, env)
    }

    /// Ends half-open if the answers of its probes say so.
    fn decide(&mut self, rules: &Rules, probes: Probes, env: &impl Env) -> Option<Change> {
        match probes.decision(rules)? {
            reason @ Reason::ProbesSucceeded { .. } => {
                let since = probes.first_epoch(self.epoch);
                let change = self.close(rules, env, reason);
                self.answered_since = since;
                self.begin_ramp(rules, env.now());
                Some(change)
            }
            reason => Some(self.open(rules, reason, env)),
        }
    }

    fn close(&mut self, rules: &Rules, env: &impl Env, reason: Reason) -> Change {
        self.trust(rules);
        if let Some(window) = &mut self.window {
            window.clear();
        }
        self.change_counted(SlidingWindow::clear);
        if let Some(throttling) = &mut self.throttling {
            throttling.clear();
        }
        self.begin(Period::Closed { since: env.now(), run: 0 }, reason)
    }

    fn begin(&mut self, period: Period, reason: Reason) -> Change {
        let from = self.state();
        self.period = period;
        self.requested_wait = 0;
        self.ramp = None;
        self.epoch = self.epoch.wrapping_add(1);
        self.answered_since = self.epoch;
        Change { from, to: self.state(), reason }
    }

    /// Takes over the successes that threads have counted in their shards, before the period or the
    /// rules end.
    fn gather(&mut self, env: &impl Env) {
        let epoch = self.epoch;
        if let Some(window) = &mut self.window {
            let counted = self.merging.as_mut().and_then(|merging| merging.counted());
            window.gather(epoch, env, counted);
        }
    }
}
