//! Feature `tracing`: transitions and rejections as events of the target `circuit_runtime`.
//!
//! They are emitted on the thread that caused them, so that they carry the span of the call at
//! hand.

use super::rejection;
use crate::error::CircuitOpenError;
use crate::event::{Reason, Transition};
use crate::outcome::State;

/// One event per transition: WARN for an opening, INFO for the others.
pub(crate) fn transition(transition: &Transition) {
    // The level is a part of the callsite, so each has its own. A field that is `None` isn't there.
    macro_rules! emit {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                target: "circuit_runtime",
                circuit = transition.circuit,
                key = transition.key.as_deref(),
                number = transition.number,
                from = transition.from.as_str(),
                to = transition.to.as_str(),
                reason = %transition.reason,
                failures = figures(transition.reason).failures,
                slow = figures(transition.reason).slow,
                calls = figures(transition.reason).calls,
                retry_after = transition.retry_after.map(tracing::field::debug),
                $message
            )
        };
    }
    match transition.to {
        State::Open => emit!(warn, "circuit opened"),
        State::HalfOpen => emit!(info, "circuit is half-open"),
        State::Closed => emit!(info, "circuit closed"),
    }
}

/// One event per rejection, at DEBUG: in an incident there are as many of them as calls.
pub(crate) fn rejected(error: &CircuitOpenError, key: Option<&str>) {
    tracing::debug!(
        target: "circuit_runtime",
        circuit = error.circuit(),
        key,
        reason = rejection(error.reason()),
        retry_after = error.retry_after().map(tracing::field::debug),
        "call rejected"
    );
}

/// The numbers of a reason that are worth a field of their own; its text has them all.
#[derive(Default)]
struct Figures {
    failures: Option<u32>,
    slow: Option<u32>,
    calls: Option<u32>,
}

fn figures(reason: Reason) -> Figures {
    match reason {
        Reason::FailuresInARow { failures, .. } => {
            Figures { failures: Some(failures), ..Figures::default() }
        }
        Reason::FailureRate { failures, calls, .. } => {
            Figures { failures: Some(failures), calls: Some(calls), ..Figures::default() }
        }
        Reason::SlowRate { slow, calls, .. } => {
            Figures { slow: Some(slow), calls: Some(calls), ..Figures::default() }
        }
        Reason::ProbesFailed { failed, probes, .. } => {
            Figures { failures: Some(failed), calls: Some(probes), ..Figures::default() }
        }
        Reason::Requested { .. }
        | Reason::WaitElapsed
        | Reason::ProbesSucceeded { .. }
        | Reason::Reset => Figures::default(),
    }
}
