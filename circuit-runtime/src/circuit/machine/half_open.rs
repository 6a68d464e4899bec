//! The probes of a half-open period, and what they decide.

use super::Verdict;
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::primitives::clock::{Nanos, Wait};

/// The probes of one half-open period.
///
/// They come in rounds: when every place of a round has been taken for too long, another round
/// begins. The answers of all rounds decide together, so that a service which is well but slower
/// than the patience of a round still closes its circuit. A round bounds how many probes run at
/// once: an answer to an earlier round frees no place of the present one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probes {
    succeeded: u32,
    failed: u32,
    /// The number of the present round, from 0. Each round has an epoch of its own, by which an
    /// answer tells whether it has a place here.
    round: u32,
    /// How many probes had decided when this round began: it has places for the others.
    decided_before: u32,
    /// Places of this round that are taken: by calls in flight, and by those that have decided.
    taken: u32,
    decided: u32,
    /// When the last place was taken.
    last: Nanos,
}

/// A round waits at most this many times as long as the first.
const LONGEST_ROUND: Nanos = 10;

impl Probes {
    /// A first round, with its first probe admitted.
    pub(super) fn first(now: Nanos) -> Self {
        Probes {
            succeeded: 0,
            failed: 0,
            round: 0,
            decided_before: 0,
            taken: 1,
            decided: 0,
            last: now,
        }
    }

    /// A further round, with its first probe admitted.
    pub(super) fn next_round(self, now: Nanos) -> Self {
        let round = self.round.saturating_add(1);
        let decided_before = self.succeeded + self.failed;
        Probes { round, decided_before, taken: 1, decided: 0, last: now, ..self }
    }

    /// One more probe of this round.
    pub(super) fn admit(self, now: Nanos) -> Self {
        Probes { taken: self.taken + 1, last: now, ..self }
    }

    /// Whether all places of this round are taken.
    pub(super) fn is_full(&self, rules: &Rules) -> bool {
        // What has decided leaves at least one place: otherwise it would have ended half-open.
        self.taken >= rules.probes.saturating_sub(self.decided_before)
    }

    /// Whether probes of this round are in flight.
    pub(super) fn in_flight(&self) -> bool {
        self.taken > self.decided
    }

    /// How long the places of this round stay taken. Every round is twice as patient as the one
    /// before, so that a service which hangs gets few calls.
    pub(super) fn lease(&self, rules: &Rules) -> Wait {
        let times = (1 << self.round.min(4)).min(LONGEST_ROUND);
        Wait::from(self.last, rules.probe_timeout.saturating_mul(times))
    }

    /// Whether a call of so many epochs ago was a probe of this half-open period.
    pub(super) fn includes(&self, epochs_ago: u32) -> bool {
        epochs_ago <= self.round
    }

    /// A probe has ended that was admitted so many rounds ago.
    pub(super) fn answer(&mut self, rounds_ago: u32, verdict: Verdict) {
        let of_this_round = u32::from(rounds_ago == 0);
        match verdict.sample {
            None => self.taken -= of_this_round,
            Some(sample) => {
                self.decided += of_this_round;
                if sample.failure || sample.slow { self.failed += 1 } else { self.succeeded += 1 }
            }
        }
    }

    /// What the answers decide, if they do: to close or to open, as the reason says.
    pub(super) fn decision(&self, rules: &Rules) -> Option<Reason> {
        let Probes { succeeded, failed, .. } = *self;
        let Rules { success_threshold, probes, .. } = *rules;
        if succeeded >= success_threshold {
            Some(Reason::ProbesSucceeded { succeeded, success_threshold })
        } else if failed > probes.saturating_sub(success_threshold) {
            Some(Reason::ProbesFailed { failed, probes, success_threshold })
        } else {
            None
        }
    }
}
