//! The rules once more, as plainly as they can be written: no atomics, nothing clever.

use circuit_runtime::{Mode, Rejection, State};

use super::memory::{Judge, Model, Period};
use super::rules::End;

/// Why, and how long until a call has a chance.
pub(super) type Refusal = (Rejection, Option<u64>);

impl Model {
    pub(super) fn state(&self) -> State {
        let waited = self.state == State::Open && self.now >= self.open_until;
        if waited { State::HalfOpen } else { self.state }
    }

    pub(super) fn admit(&mut self) -> Result<Judge, Refusal> {
        let refusal = match self.mode {
            Mode::Disabled => return Ok(Judge::OnlyCounters),
            Mode::ForcedOpen => Some((Rejection::ForcedOpen, None)),
            Mode::Normal | Mode::Shadow => self.refusal(),
        };
        self.counts.rejected += u64::from(refusal.is_some());
        match refusal {
            None => Ok(Judge::Period(self.period.number)),
            Some(_) if self.mode == Mode::Shadow => Ok(Judge::Nobody),
            Some(refusal) => Err(refusal),
        }
    }

    fn refusal(&mut self) -> Option<Refusal> {
        let until = match self.state {
            State::Open => self.open_until,
            _ => self.period.last_admission + self.rules.probe_timeout,
        };
        let left = until.saturating_sub(self.now);
        match self.state {
            State::Closed => return None,
            State::Open if left > 0 => return Some((Rejection::Open, Some(left))),
            State::Open => self.change(State::HalfOpen),
            State::HalfOpen if self.period.taken < self.rules.probes => {}
            State::HalfOpen if left > 0 => return Some((Rejection::HalfOpenFull, Some(left))),
            State::HalfOpen => self.begin_period(),
        }
        self.period.taken += 1;
        self.period.last_admission = self.now;
        None
    }

    pub(super) fn end(&mut self, judge: Judge, took: Option<u64>, end: End) {
        let slow = self.rules.slow_call.is_some_and(|slow| took.is_some_and(|took| took >= slow));
        let neutral = self.rules.is_neutral(end);
        match judge {
            Judge::Period(number) if number != self.period.number => self.counts.late += 1,
            Judge::Period(_) => {
                self.counts.add(end, slow, neutral);
                self.judge(end, slow, neutral);
            }
            Judge::OnlyCounters => self.counts.add(end, slow, neutral),
            Judge::Nobody => {}
        }
    }

    fn judge(&mut self, end: End, slow: bool, neutral: bool) {
        let (closed, failed, rules) =
            (self.state == State::Closed, end != End::Success, &self.rules);
        let period = &mut self.period;
        if neutral {
            period.taken -= u32::from(!closed);
        } else if closed {
            period.run = if failed { period.run + 1 } else { 0 };
            self.window.push(self.now, failed, slow);
            if end.asked().is_some() || rules.met(period.run, self.window.figures(self.now)) {
                self.open(end.asked());
            }
        } else {
            period.succeeded += u32::from(!failed && !slow);
            period.failed += u32::from(failed || slow);
            let out_of_reach = period.failed > rules.probes.saturating_sub(rules.success_threshold);
            if end.asked().is_none() && period.succeeded >= rules.success_threshold {
                self.close();
            } else if end.asked().is_some() || out_of_reach {
                self.open(end.asked());
            }
        }
    }

    fn open(&mut self, asked: Option<u64>) {
        if self.state == State::Closed && self.now - self.closed_since >= self.last_wait {
            self.streak = 0;
        }
        self.last_wait = asked.unwrap_or_else(|| self.rules.wait(self.streak));
        self.streak += i32::from(asked.is_none());
        self.open_until = self.now + self.last_wait;
        self.change(State::Open);
    }

    fn close(&mut self) {
        self.closed_since = self.now;
        self.window.clear();
        self.change(State::Closed);
    }

    pub(super) fn reset(&mut self) {
        self.close();
        (self.streak, self.last_wait) = (0, 0);
    }

    fn change(&mut self, state: State) {
        self.counts.transitions += u64::from(self.state != state);
        self.state = state;
        self.begin_period();
    }

    fn begin_period(&mut self) {
        self.period = Period { number: self.period.number + 1, ..Period::default() };
    }
}
