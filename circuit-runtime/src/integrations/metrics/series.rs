//! The series: names, labels, descriptions, and their values for a circuit.

use std::sync::Arc;

use metrics::{Recorder, Unit};

use crate::circuit::{Departed, View};
use crate::counters::{Count, Totals};
use crate::error::Rejection;
use crate::integrations::rejection;
use crate::observe::track::Tracked;
use crate::outcome::State;

pub(super) const STATES: [State; 3] = [State::Closed, State::HalfOpen, State::Open];

const REASONS: [Rejection; 4] =
    [Rejection::Open, Rejection::HalfOpenFull, Rejection::ForcedOpen, Rejection::TooManyCalls];

pub(super) const OUTCOMES: [&str; 7] =
    ["success", "failure", "ignored", "cancelled", "late", "unprotected", "rejected"];

/// Numbers of calls, in the order of [`OUTCOMES`].
pub(super) type Calls = [u64; OUTCOMES.len()];

/// One counter of a circuit: its name, the label beside `circuit`, if any, and its value.
pub(super) type Counter = (&'static str, Option<(&'static str, &'static str)>, u64);

/// Calls by outcome: each call is in exactly one. From lifetime counters alone, so that a setting
/// of today doesn't change what a call of yesterday counted as.
fn outcomes(totals: &Totals) -> Calls {
    let of = |count| totals.get(count);
    [
        of(Count::Successes),
        of(Count::Failures),
        of(Count::Ignored),
        // The others are failures. Saturating, since the two are not read at the same moment.
        of(Count::Cancelled).saturating_sub(of(Count::CancelledAsFailure)),
        of(Count::Late) + of(Count::Reassigned),
        of(Count::Unprotected),
        of(Count::Rejected),
    ]
}

fn rejected(totals: &Totals, reason: Rejection) -> u64 {
    let of = |reason| Count::of_rejection(reason).map(|count| totals.get(count));
    of(reason).unwrap_or_else(|| {
        let others: u64 = REASONS.into_iter().filter_map(of).sum();
        totals.get(Count::Rejected).saturating_sub(others)
    })
}

/// The counters that calls make.
pub(super) fn of_calls(totals: &Totals) -> [Counter; 15] {
    let plain = |name, count| (name, None, totals.get(count));
    let calls = |outcome: usize| {
        let label = ("outcome", OUTCOMES[outcome]);
        ("circuit_breaker_calls_total", Some(label), outcomes(totals)[outcome])
    };
    let rejected = |reason| {
        let label = ("reason", rejection(reason));
        ("circuit_breaker_rejected_total", Some(label), rejected(totals, reason))
    };
    [
        calls(0),
        calls(1),
        calls(2),
        calls(3),
        calls(4),
        calls(5),
        calls(6),
        rejected(Rejection::Open),
        rejected(Rejection::HalfOpenFull),
        rejected(Rejection::ForcedOpen),
        rejected(Rejection::TooManyCalls),
        plain("circuit_breaker_panicked_total", Count::Panicked),
        plain("circuit_breaker_timed_out_total", Count::TimedOut),
        plain("circuit_breaker_slow_total", Count::Slow),
        plain("circuit_breaker_fallbacks_total", Count::Fallbacks),
    ]
}

/// The counters that transitions and time make.
pub(super) fn of_track(tracked: &Tracked) -> [Counter; 6] {
    let transitions = |state: State| {
        let label = ("to", state.as_str());
        ("circuit_breaker_transitions_total", Some(label), tracked.transitions[state as usize])
    };
    let seconds = |state: State| {
        let spent = tracked.spent[state as usize] / 1_000_000_000;
        ("circuit_breaker_state_seconds_total", Some(("state", state.as_str())), spent)
    };
    [
        transitions(State::Closed),
        transitions(State::HalfOpen),
        transitions(State::Open),
        seconds(State::Closed),
        seconds(State::HalfOpen),
        seconds(State::Open),
    ]
}

/// What a key's circuit has counted since it was assigned to the key.
pub(super) struct KeyTotals {
    pub(super) key: Arc<str>,
    /// Identifies the assignment: a key that comes back may have the same numbers.
    pub(super) assignment: (usize, u64),
    pub(super) calls: Calls,
    /// `None` of an expired key.
    pub(super) state: Option<State>,
}

impl KeyTotals {
    pub(super) fn of(view: View) -> Option<Self> {
        Some(KeyTotals {
            key: view.key?,
            assignment: view.assignment,
            calls: outcomes(&view.totals.since(&view.before)),
            state: (!view.expired).then_some(view.state),
        })
    }
}

/// A key that has lost its circuit, the assignment, and all its calls.
pub(super) fn past(departed: Departed) -> (Arc<str>, (usize, u64), Calls) {
    (departed.key, departed.assignment, outcomes(&departed.totals))
}

/// Tells a recorder what the names mean.
pub(super) fn describe(recorder: &dyn Recorder) {
    for (name, unit, text) in [
        ("circuit_breaker_calls_total", None, "Calls by outcome."),
        ("circuit_breaker_rejected_total", None, "Rejected calls by reason."),
        ("circuit_breaker_panicked_total", None, "Failures that were panics."),
        ("circuit_breaker_timed_out_total", None, "Failures that exceeded their timeout."),
        ("circuit_breaker_slow_total", None, "Calls that took at least slow_call."),
        ("circuit_breaker_fallbacks_total", None, "Calls that a fallback answered."),
        ("circuit_breaker_transitions_total", None, "Changes of state, by the new state."),
        ("circuit_breaker_key_calls_total", None, "Calls of one key by outcome."),
        ("circuit_breaker_state_seconds_total", Some(Unit::Seconds), "Time spent in each state."),
    ] {
        recorder.describe_counter(name.into(), unit, text.into());
    }
    for (name, unit, text) in [
        ("circuit_breaker_state", None, "1 for the present state."),
        ("circuit_breaker_mode", None, "1 for the present mode."),
        ("circuit_breaker_in_flight", None, "Calls in flight, counted by the bulkhead."),
        ("circuit_breaker_failure_rate", None, "Failures / calls in the window."),
        ("circuit_breaker_slow_rate", None, "Slow calls / calls in the window."),
        ("circuit_breaker_key_state", None, "1 for the present state of a key."),
        (
            "circuit_breaker_retry_after_seconds",
            Some(Unit::Seconds),
            "Time until the next call may pass.",
        ),
    ] {
        recorder.describe_gauge(name.into(), unit, text.into());
    }
    let durations = "circuit_breaker_call_duration_seconds";
    recorder.describe_histogram(
        durations.into(),
        Some(Unit::Seconds),
        "How long calls took.".into(),
    );
}
