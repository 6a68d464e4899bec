//! What a member is told of its circuit, and what it advises.

use super::{LOOK, LOOK_WITH_ALERT, Millis, PROBE_STEP};

/// What a member needs to know of the circuit and of what it takes part in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The circuit's `threshold`, if it has one.
    pub threshold: Option<u32>,
    /// The circuit's `recovery`.
    pub recovery: Millis,
    /// The circuit's `backoff`, 1 without.
    pub backoff: f64,
    /// The circuit's `max_recovery`, ten times `recovery` unless given.
    pub max_recovery: Millis,
    /// How long a call may take, if that is limited.
    pub call_limit: Option<Millis>,
    /// Takes part in shared probing.
    pub probing: bool,
    /// Heeds alerts.
    pub alert: bool,
}

impl Rules {
    /// The failures in a row all over the fleet that alert.
    pub(super) fn alert_at(&self) -> u32 {
        self.threshold.unwrap_or(0).saturating_mul(2).max(10)
    }

    /// How long a circuit waits after so many failed rounds.
    pub(super) fn wait(&self, streak: u32) -> Millis {
        let factor = self.backoff.powi(i32::try_from(streak).unwrap_or(i32::MAX));
        // Saturates.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "milliseconds of hours are exact, and more is capped"
        )]
        let wait = (self.recovery as f64 * factor) as Millis;
        wait.min(self.max_recovery)
    }

    /// How long a probe may take before others need not wait for its answer.
    pub(super) fn probe_step(&self) -> Millis {
        let (least, most) = PROBE_STEP;
        self.call_limit.unwrap_or(least).clamp(least, most)
    }
}

/// How often to look at what calls have come to, with or without the alert.
#[must_use]
pub fn look_every(alert: bool) -> Millis {
    if alert { LOOK_WITH_ALERT } else { LOOK }
}

/// What has happened to the local circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A call has succeeded.
    Success,
    /// A call has failed.
    Failure,
    /// The circuit has opened, for so long.
    Opened {
        /// How long it waits by itself.
        wait: Millis,
        /// The service has asked for it, or for more time: no earlier probe then.
        asked: bool,
    },
    /// A probe was admitted.
    HalfOpened,
    /// The circuit has closed, because its probes have succeeded or because somebody has reset it.
    Closed,
}

/// What to do to the local circuit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advice {
    /// Moves the deadline of the open circuit.
    pub deadline: Option<Deadline>,
    /// Lets the next failure open the closed circuit, for so long; 0 ends that.
    pub suspect: Option<Millis>,
    /// Ask again then, even if nothing happens.
    pub again: Option<Millis>,
}

/// A change of the open circuit's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The next call probes.
    ProbeNow,
    /// It waits for so long from now on.
    Extend(Millis),
}
