//! The probes of a half-open period, and what they decide.

use super::Verdict;
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::primitives::clock::{Nanos, Wait};

/// The probes of one half-open period.
///
/// They come in rounds: when a round has been full for too long, another one begins. The answers of
/// all rounds decide together, so that a service that is well, but slower than a round lasts, still
/// closes its circuit. A round limits how many probes are in flight: the answer of a probe of an
/// earlier round makes no room in the present one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probes {
    succeeded: u32,
    failed: u32,
    /// The number of the present round, from 0. Each round has an epoch of its own, which tells the
    /// round of an answer.
    round: u32,
    /// How many probes had decided when this round began: it admits the rest of `probes`.
    decided_before: u32,
    /// The probes of this round that are in flight or have decided.
    taken: u32,
    decided: u32,
    /// When the last probe was admitted.
    last: Nanos,
}

/// A round lasts at most this many times as long as the first one.
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

    /// Admits another probe to this round.
    pub(super) fn admit(self, now: Nanos) -> Self {
        Probes { taken: self.taken + 1, last: now, ..self }
    }

    /// Records that so many probes have stalled. Those of a further round may be of an earlier one, and
    /// may still be in flight as far as the present one knows, until its lease is over.
    pub(super) fn stall(&mut self, probes: u32) {
        self.failed = self.failed.saturating_add(probes);
        if self.round == 0 {
            self.decided = self.decided.saturating_add(probes);
        }
    }

    /// Whether this round admits no more probes.
    pub(super) fn is_full(&self, rules: &Rules) -> bool {
        // A round admits at least one: if enough probes had decided, half-open would be over.
        self.taken >= rules.probes.saturating_sub(self.decided_before)
    }

    /// Whether probes of this round are in flight.
    pub(super) fn in_flight(&self) -> bool {
        self.taken > self.decided
    }

    /// How long a full round lasts. Each round lasts twice as long as the one before, so that a
    /// service that hangs gets few calls.
    pub(super) fn round_timeout(&self, rules: &Rules) -> Wait {
        let times = (1 << self.round.min(4)).min(LONGEST_ROUND);
        Wait::from(self.last, rules.probe_timeout.saturating_mul(times))
    }

    /// Whether a call that was admitted this many epochs ago was a probe of this half-open period.
    pub(super) fn includes(&self, epochs_ago: u32) -> bool {
        epochs_ago <= self.round
    }

    /// Records the answer of a probe that was admitted this many rounds ago.
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

    /// A probe that has answered with a success fails after all.
    #[cfg(feature = "stream")]
    pub(super) fn fails_after_all(&mut self) {
        if self.succeeded > 0 {
            self.succeeded -= 1;
            self.failed += 1;
        }
    }

    /// The epoch of the first round, if this is the epoch of the present one.
    pub(super) fn first_epoch(&self, epoch: u32) -> u32 {
        epoch.wrapping_sub(self.round)
    }

    /// What the answers decide, if they do: to close or to reopen, by the reason.
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
