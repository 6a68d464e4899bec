//! Feature `tracing`: transitions and rejections as events of the target `circuit_runtime`.
//!
//! They are emitted on the thread that caused them, so that they carry the span of the call at
//! hand.

use std::time::Duration;

use tracing::Span;
use tracing::level_filters::LevelFilter;

use super::rejection;
use crate::error::CircuitOpenError;
use crate::observe::event::{Reason, Transition};
use crate::outcome::{Mode, State};
use crate::primitives::clock::nanos;

/// One event per transition: WARN for an opening, INFO for the others.
pub(super) fn transition(transition: &Transition) {
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
                failures = numbers(&transition.reason).failures,
                slow = numbers(&transition.reason).slow,
                calls = numbers(&transition.reason).calls,
                by = operator(&transition.reason),
                error = transition.error.as_deref(),
                retry_after = transition.retry_after.map(seconds),
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

/// Whether there is a subscriber that wants anything: a look at what it said before, not at itself.
#[inline]
pub(super) fn somebody_listens() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// Fills in those fields of the current span that it declares, and emits one event per rejection, at
/// DEBUG: in an incident there are as many of them as calls.
pub(super) fn rejected(error: &CircuitOpenError, key: Option<&str>) {
    let span = Span::current();
    span.record("circuit_breaker.name", error.circuit());
    span.record("circuit_breaker.key", key);
    span.record("circuit_breaker.reason", rejection(error.reason()));
    tracing::debug!(
        target: "circuit_runtime",
        circuit = error.circuit(),
        key,
        reason = rejection(error.reason()),
        retry_after = error.retry_after().map(seconds),
        "call rejected"
    );
}

/// Another circuit had this one's name.
pub(super) fn renamed(wanted: &str, circuit: &str) {
    tracing::warn!(
        target: "circuit_runtime",
        circuit,
        wanted,
        "another circuit has this name: the second is shown, found, configured and exported under a number"
    );
}

/// A circuit that has registered doesn't go with its settings, and keeps what the code says.
#[cfg(feature = "serde")]
pub(super) fn settings_refused(circuit: &str, faults: &str) {
    tracing::warn!(
        target: "circuit_runtime",
        circuit,
        faults,
        "the settings don't go with this circuit: it keeps what the code says"
    );
}

/// An operator's order that a circuit refuses which has registered after it was given.
#[cfg(feature = "serde")]
pub(super) fn order_refused(circuit: &str, faults: &str) {
    tracing::warn!(
        target: "circuit_runtime",
        circuit,
        faults,
        "an order doesn't go with this circuit: it isn't obeyed"
    );
}

/// A wait as a number of seconds, which it stays for OpenTelemetry, rounded as the messages round
/// it: `29.8` where they say `29.8s`.
fn seconds(wait: Duration) -> f64 {
    let nanos = nanos(wait);
    let unit = match nanos {
        1_000_000_000.. => 100_000_000,
        1_000_000.. => 100_000,
        1_000.. => 100,
        _ => 1,
    };
    let rounded = nanos.saturating_add(unit / 2) / unit * unit;
    Duration::from_nanos(rounded).as_secs_f64()
}

/// One event per change of the mode of a circuit or of a key, which takes protection away or gives
/// it back; `by` is the operator's name, where it is known.
pub(super) fn mode_changed(circuit: &str, key: Option<&str>, mode: Mode, by: Option<&str>) {
    macro_rules! emit {
        ($level:ident) => {
            tracing::$level!(
                target: "circuit_runtime",
                circuit,
                key,
                mode = mode.as_str(),
                by,
                "circuit mode changed"
            )
        };
    }
    match mode {
        Mode::Normal => emit!(info),
        Mode::ForcedOpen | Mode::Disabled | Mode::Shadow => emit!(warn),
    }
}

fn operator(reason: &Reason) -> Option<&str> {
    match reason {
        Reason::ByOperator { by } => Some(by),
        _ => None,
    }
}

/// The numbers of a reason that get a field each; its text has all of them.
#[derive(Default)]
struct Numbers {
    failures: Option<u32>,
    slow: Option<u32>,
    calls: Option<u32>,
}

fn numbers(reason: &Reason) -> Numbers {
    match *reason {
        Reason::FailuresInARow { failures, .. }
        | Reason::Suspected { failures }
        | Reason::FailureCount { failures, .. } => {
            Numbers { failures: Some(failures), ..Numbers::default() }
        }
        Reason::FailureRate { failures, calls, .. } => {
            Numbers { failures: Some(failures), calls: Some(calls), ..Numbers::default() }
        }
        Reason::SlowRate { slow, calls, .. } => {
            Numbers { slow: Some(slow), calls: Some(calls), ..Numbers::default() }
        }
        Reason::ProbesFailed { failed, probes, .. } => {
            Numbers { failures: Some(failed), calls: Some(probes), ..Numbers::default() }
        }
        Reason::Requested { .. }
        | Reason::WaitElapsed
        | Reason::ProbesSucceeded { .. }
        | Reason::Reset
        | Reason::ByOperator { .. } => Numbers::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use crate::{CircuitOpenError, Rejection};

    #[test]
    fn the_number_has_the_digits_of_the_message() {
        for (nanos, unit) in [
            (2_974_858_767, 1.0),
            (30_000_000_000, 1.0),
            (974_858_767, 1e3),
            (1_960_000, 1e3),
            (12_345, 1e6),
            (999, 1e9),
        ] {
            let error = CircuitOpenError::new(&"c", Rejection::Open, nanos);
            let number = seconds(error.retry_after().unwrap()) * unit;
            let message = error.to_string();
            assert!(message.contains(&format!("retry after {number:.1}")), "{number} in {message}");
        }
    }
}
