//! The rules once more, as plainly as they can be written: no atomics, nothing clever.

use circuit_runtime::{Mode, Rejection, State};

use super::memory::{Judge, Model, Period, Ramp};
use super::rules::{End, Rules};
use super::window::{Entered, Is};

/// Why, and how long until a call has a chance.
pub(super) type Refusal = (Rejection, Option<u64>);

/// What half-open tells at most to come back after.
const SECOND: u64 = 1_000_000_000;

/// How far the clocks of two threads may differ before one of them is taken to have gone back.
pub(super) const SKEW: u64 = 1_000_000_000;

impl Model {
    pub(super) fn state(&self) -> State {
        let waited = self.state == State::Open && self.left(self.open_until, self.open_for) == 0;
        if waited { State::HalfOpen } else { self.state }
    }

    /// What is left of a wait of this length. The clock may have gone back: then more is left than the
    /// whole, and the wait is over.
    pub(super) fn left(&self, until: u64, length: u64) -> u64 {
        let left = until.saturating_sub(self.now);
        let more = left.saturating_sub(length);
        if more > SKEW || more > length { 0 } else { left - more }
    }

    /// The clock has gone back, further than any window is long: nobody knows how old what it holds is.
    pub(super) fn go_back(&mut self, by: u64) {
        self.now -= by;
        if self.window.is_of_time() {
            self.window.clear();
        }
    }

    pub(super) fn admit(&mut self, roll: f64) -> Result<Judge, Refusal> {
        self.notice();
        let refusal = match self.mode {
            Mode::Disabled => return Ok(Judge::OnlyCounters),
            Mode::ForcedOpen => Some((Rejection::ForcedOpen, None)),
            Mode::Normal | Mode::Shadow => self.refusal(roll),
        };
        self.counts.rejected += u64::from(refusal.is_some());
        match refusal {
            None => Ok(Judge::Period(self.period.number, self.period.round)),
            Some(_) if self.mode == Mode::Shadow => Ok(Judge::Nobody),
            Some(refusal) => Err(refusal),
        }
    }

    fn refusal(&mut self, roll: f64) -> Option<Refusal> {
        let lease = self.rules.lease(self.period.round);
        let left = match self.state {
            State::Open => self.left(self.open_until, self.open_for),
            _ => self.left(self.period.last_admission + lease, lease),
        };
        let places = self.rules.probes - self.period.decided_before;
        match self.state {
            State::Closed => return self.refusal_of_closed(roll).map(|reason| (reason, None)),
            State::Open if left > 0 => return Some((Rejection::Open, Some(left))),
            State::Open => self.change(State::HalfOpen),
            State::HalfOpen if self.period.taken < places => {}
            State::HalfOpen if left > 0 => {
                return Some((Rejection::HalfOpenFull, Some(left.min(SECOND))));
            }
            State::HalfOpen => {
                let period = &mut self.period;
                period.round += 1;
                period.decided_before = period.succeeded + period.failed;
                period.taken = 0;
            }
        }
        self.period.taken += 1;
        self.period.last_admission = self.now;
        None
    }

    fn refusal_of_closed(&mut self, roll: f64) -> Option<Rejection> {
        let is_first = self.is_first_of_tenth();
        if !is_first && !self.passes() {
            return Some(Rejection::Ramping);
        }
        self.throttles(is_first, roll).then_some(Rejection::Throttled)
    }

    pub(super) fn end(&mut self, judge: Judge, listed: Option<u64>, took: Option<u64>, end: End) {
        self.notice();
        if listed.is_some_and(|id| self.unlist(id)) {
            self.counts.late += 1;
            return;
        }
        let slow = self.is_slow(took);
        let neutral = self.rules.is_neutral(end, slow);
        let failed = self.rules.is_failure(end);
        match judge {
            Judge::Period(number, _) if number != self.period.number => self.counts.late += 1,
            Judge::Period(_, round) => {
                self.counts.add(end, slow, neutral, failed);
                if neutral || self.mode == Mode::Disabled {
                    let gives_back = self.state == State::HalfOpen && round == self.period.round;
                    self.period.taken -= u32::from(gives_back);
                } else {
                    let is_closed = self.state == State::Closed;
                    if is_closed && listed.is_some() && end == End::Success {
                        self.last_success = self.now;
                    }
                    self.judge(end, slow);
                }
            }
            Judge::OnlyCounters => self.counts.add(end, slow, neutral, failed),
            Judge::Nobody => {}
        }
    }

    pub(super) fn is_slow(&self, took: Option<u64>) -> bool {
        self.rules.slow_call.is_some_and(|slow| took.is_some_and(|took| took >= slow))
    }

    fn judge(&mut self, end: End, slow: bool) {
        let failed = self.rules.is_failure(end);
        let period = &mut self.period;
        period.asked = period.asked.max(end.asked());
        if self.state == State::Closed {
            let merged = failed && merges(period, &self.rules, self.now);
            period.run = match (failed, end) {
                (true, _) => period.run + u32::from(!merged),
                (false, End::Dropped) => period.run,
                (false, _) => 0,
            };
            // The window tells merged failures only for the rule that asks for them.
            let merged = merged && self.rules.failure_count.is_some();
            let had_result = end != End::Dropped || failed || self.rules.throttle.is_none();
            let is = if had_result { Is::Result } else { Is::WithoutResult };
            self.window.push(Entered { when: self.now, failed, slow, merged, is });
            // Only a failure opens because of the run.
            let run = if failed { self.period.run } else { 0 };
            let suspected = !end.opens() && run > 0 && self.is_still_suspected();
            if end.opens() || suspected || self.rules.met(run, self.window.figures(self.now)) {
                self.open(end.opens());
            }
        } else {
            period.succeeded += u32::from(!failed && !slow);
            period.failed += u32::from(failed || slow);
            if end.opens() { self.open(true) } else { self.decide() }
        }
    }

    /// Whether the probes that have answered since half-open began decide.
    pub(super) fn decide(&mut self) {
        if self.period.succeeded >= self.rules.success_threshold {
            let number = self.period.number;
            self.close();
            self.period.closed_by = Some(number);
            self.begin_ramp();
        } else if self.period.failed > self.rules.probes - self.rules.success_threshold {
            self.open(false);
        }
    }

    pub(super) fn open(&mut self, asked_to: bool) {
        let stayed_closed = self.now.abs_diff(self.closed_since) >= self.last_wait;
        if self.state == State::Closed && stayed_closed && self.share().is_none() {
            self.streak = 0;
        }
        let mut wait = self.rules.granted(self.period.asked);
        if !asked_to {
            self.last_wait = self.rules.wait(self.streak);
            self.streak += 1;
            wait = wait.max(self.last_wait);
        }
        self.open_until = self.now + wait;
        self.open_for = wait;
        self.own_open_until = self.open_until;
        self.change(State::Open);
    }

    fn close(&mut self) {
        self.suspected = None;
        self.closed_since = self.now;
        self.window.clear();
        self.change(State::Closed);
    }

    pub(super) fn reset(&mut self) {
        self.notice();
        self.close();
        (self.streak, self.last_wait) = (0, 0);
    }

    /// Closed circuits are judged at the next outcome.
    pub(super) fn reconfigure(&mut self, rules: Rules) {
        self.notice();
        self.window.resize(rules.window, self.now);
        if rules.throttle.is_none() {
            self.window.forget_throttled();
            self.period.passed = None;
        }
        if rules.merge_failures.is_none() {
            self.period.group = None;
        }
        if rules.merge_failures.is_none() || rules.failure_count.is_none() {
            self.window.unmerge();
        }
        if rules.ramp.is_none() {
            self.period.ramp = None;
        }
        self.rules = rules;
        if self.state == State::HalfOpen {
            self.decide();
        }
    }

    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.notice();
        if (self.mode, mode, self.state) == (Mode::ForcedOpen, Mode::Normal, State::Closed) {
            self.begin_ramp();
        }
        if self.mode != Mode::Disabled && mode == Mode::Disabled {
            self.forget_dropped();
        }
        self.mode = mode;
    }

    fn begin_ramp(&mut self) {
        let ramp = Ramp { from: self.now, tenth: None, rest: 0.0 };
        self.period.ramp = self.rules.ramp.map(|_| ramp);
    }

    /// How much of a ramp has passed, and all of it.
    fn ramp(&self) -> Option<(u64, u64)> {
        let (length, ramp) = (self.rules.ramp?, self.period.ramp.as_ref()?);
        let left = self.left(ramp.from + length, length);
        (left > 0).then_some((length - left, length))
    }

    /// The share of calls that pass, while it grows.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn share(&self) -> Option<f64> {
        self.ramp().map(|(passed, length)| 0.1 + 0.9 * (passed as f64 / length as f64))
    }

    /// Such a call passes, whatever else lets only a share pass.
    fn is_first_of_tenth(&mut self) -> bool {
        let Some((passed, length)) = self.ramp() else { return false };
        let ramp = self.period.ramp.as_mut().unwrap();
        let before = ramp.tenth.replace(passed * 10 / length);
        before != ramp.tenth
    }

    /// Whether another call passes.
    fn passes(&mut self) -> bool {
        let Some(share) = self.share() else {
            self.period.ramp = None;
            return true;
        };
        let ramp = self.period.ramp.as_mut().unwrap();
        ramp.rest += share;
        let has_one = ramp.rest >= 1.0;
        ramp.rest -= if has_one { 1.0 } else { 0.0 };
        has_one
    }

    fn change(&mut self, state: State) {
        self.counts.transitions += u64::from(self.state != state);
        self.state = state;
        self.listed.clear();
        self.period = Period { number: self.period.number + 1, ..Period::default() };
    }
}

/// Whether a failure is one with those before it; else it is the first of its own.
fn merges(period: &mut Period, rules: &Rules, now: u64) -> bool {
    let Some(within) = rules.merge_failures else { return false };
    let merged = period.run > 0 && period.group.is_some_and(|first| now.abs_diff(first) < within);
    if !merged {
        period.group = Some(now);
    }
    merged
}
