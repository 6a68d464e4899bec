//! One circuit of this instance, and its side of the agreement.

use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, Mode, Snapshot, State};

use super::rules::{Wants, rules};
use crate::agreement::{Deadline, Event, Member, Millis, Reply, Report, Seen, Status, wait};

/// A wait that is so much longer than it should be was lengthened by somebody else.
const LENGTHENED: Millis = 250;

/// One circuit.
#[derive(Debug)]
pub(super) struct Circuit {
    breaker: &'static CircuitBreaker,
    member: Member,
    seen: Seen,
    wants: Wants,
    /// What its rules were made from.
    known: (Config, Mode),
    calls: u64,
    /// When to ask for advice again, even if nothing happens.
    pub(super) again: Option<Millis>,
}

impl Circuit {
    pub(super) fn new(
        breaker: &'static CircuitBreaker,
        instance: u64,
        wants: Wants,
        now: Millis,
    ) -> Self {
        let circuit = breaker.snapshot();
        let known = (breaker.config(), circuit.mode);
        let (seen, event) = Seen::first(&circuit);
        let mut member = Member::new(instance, rules(&known.0, wanted(wants, known.1)));
        if let Some(event) = event {
            member.note(event, now);
        }
        let calls = calls(&circuit);
        Circuit { breaker, member, seen, wants, known, calls, again: None }
    }

    /// Takes note of what has happened, and does what the fleet advises.
    pub(super) fn attend(&mut self, now: Millis) {
        let circuit = self.breaker.snapshot();
        self.calls = calls(&circuit);
        let known = (self.breaker.config(), circuit.mode);
        if known != self.known {
            self.known = known;
            self.member.follow(rules(&self.known.0, wanted(self.wants, self.known.1)));
        }
        for event in self.seen.events(&circuit) {
            self.member.note(event, now);
        }
        self.notice_longer_wait(&circuit, now);
        self.heed(now);
    }

    /// The service may ask an open circuit for more time, which is no transition.
    fn notice_longer_wait(&mut self, circuit: &Snapshot, now: Millis) {
        let is_shown = circuit.state == State::Open && circuit.mode == Mode::Normal;
        let Some(deadline) = self.member.deadline().filter(|_| is_shown) else { return };
        let wait = wait(circuit);
        if now.saturating_add(wait) > deadline.max(now).saturating_add(LENGTHENED) {
            self.member.note(Event::Opened { wait, asked: true }, now);
        }
    }

    fn heed(&mut self, now: Millis) {
        let advice = self.member.advise(now);
        match advice.deadline {
            Some(Deadline::ProbeNow) => self.breaker.probe_now(),
            Some(Deadline::Extend(wait)) => self.breaker.extend(Duration::from_millis(wait)),
            None => {}
        }
        if let Some(wait) = advice.suspect {
            self.breaker.suspect(Duration::from_millis(wait));
        }
        self.again = advice.again;
    }

    pub(super) fn report_due(&self, now: Millis) -> Millis {
        self.member.report_due(now)
    }

    pub(super) fn report(&mut self, now: Millis) -> Report {
        self.member.note_calls(self.calls, now);
        self.member.report(now)
    }

    pub(super) fn leave(&mut self, now: Millis) -> Report {
        self.member.leave(now)
    }

    pub(super) fn replied(&mut self, number: u64, reply: &Reply, now: Millis) {
        self.member.replied(number, reply, now);
        self.attend(now);
    }

    pub(super) fn heard(&mut self, status: &Status, now: Millis) {
        if self.member.heard(status, now) {
            self.attend(now);
        }
    }

    pub(super) fn disconnected(&mut self) {
        self.member.disconnected();
    }
}

/// An operator's mode, or one that was set on the spot, is above what the fleet thinks.
fn wanted(wants: Wants, mode: Mode) -> Wants {
    if mode == Mode::Normal { wants } else { Wants::NOTHING }
}

/// The calls in all, rejected ones too.
fn calls(seen: &Snapshot) -> u64 {
    seen.successes + seen.failures + seen.ignored + seen.rejected + seen.cancelled + seen.late
}

#[cfg(test)]
#[path = "circuit_tests.rs"]
mod tests;
