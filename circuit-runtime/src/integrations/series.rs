//! What exporters show of a circuit: the series, and their values.

use std::sync::Arc;
use std::time::Duration;

use super::{mode, rejection};
use crate::breaker::CircuitBreaker;
use crate::circuit::View;
use crate::counters::{Count, Totals};
use crate::error::Rejection;
use crate::observe::event::Transition;
use crate::observe::snapshot::{FullSnapshot, Snapshot};
use crate::observe::track::{CurrentState, Tracked};
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, NEVER, Nanos};

/// One series: a number of each circuit, and of each value of its label, if it has one.
pub(super) struct Series {
    pub(super) kind: Kind,
    /// The names of the series and its label in the facade `metrics`.
    #[cfg(feature = "metrics")]
    pub(super) metrics: (&'static str, &'static str),
    /// The names of the instrument and its attribute in OpenTelemetry.
    #[cfg(feature = "opentelemetry033")]
    pub(super) opentelemetry: (&'static str, &'static str),
    /// As OpenTelemetry writes units.
    pub(super) unit: &'static str,
    pub(super) text: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

macro_rules! series {
    ($($series:ident: $kind:ident, $unit:literal, $text:literal,
        $metrics:literal $label:literal, $instrument:literal $attribute:literal;)*) => {
        $(pub(super) static $series: Series = Series {
            kind: Kind::$kind,
            #[cfg(feature = "metrics")]
            metrics: ($metrics, $label),
            #[cfg(feature = "opentelemetry033")]
            opentelemetry: ($instrument, $attribute),
            unit: $unit,
            text: $text,
        };)*

        /// All of them.
        pub(super) static ALL: &[&Series] = &[$(&$series),*];
    };
}

series! {
    CALLS: Counter, "{call}", "Calls by outcome.",
        "circuit_breaker_calls_total" "outcome", "circuit_breaker.calls" "circuit_breaker.outcome";
    REJECTED: Counter, "{call}", "Rejected calls by reason.",
        "circuit_breaker_rejected_total" "reason", "circuit_breaker.rejected" "circuit_breaker.reason";
    PANICKED: Counter, "{call}", "Failures that were panics.",
        "circuit_breaker_panicked_total" "", "circuit_breaker.panicked" "";
    TIMED_OUT: Counter, "{call}", "Failures that exceeded their timeout.",
        "circuit_breaker_timed_out_total" "", "circuit_breaker.timed_out" "";
    STALLED: Counter, "{call}", "Failures that still ran after stall.",
        "circuit_breaker_stalled_total" "", "circuit_breaker.stalled" "";
    SLOW: Counter, "{call}", "Calls that took at least slow_call.",
        "circuit_breaker_slow_total" "", "circuit_breaker.slow" "";
    FALLBACKS: Counter, "{call}", "Calls that a fallback answered.",
        "circuit_breaker_fallbacks_total" "", "circuit_breaker.fallbacks" "";
    STALE: Counter, "{call}", "Calls that the last good value answered.",
        "circuit_breaker_stale_total" "", "circuit_breaker.stale" "";
    TRANSITIONS: Counter, "{transition}", "Changes of state, by the new state.",
        "circuit_breaker_transitions_total" "to", "circuit_breaker.transitions" "circuit_breaker.state";
    TIME_IN_STATE: Counter, "s", "Time spent in each state.",
        "circuit_breaker_state_seconds_total" "state", "circuit_breaker.time_in_state" "circuit_breaker.state";
    STATE: Gauge, "1", "1 for the present state.",
        "circuit_breaker_state" "state", "circuit_breaker.state" "circuit_breaker.state";
    MODE: Gauge, "1", "1 for the present mode.",
        "circuit_breaker_mode" "mode", "circuit_breaker.mode" "circuit_breaker.mode";
    RETRY_AFTER: Gauge, "s", "Time until the next call may pass.",
        "circuit_breaker_retry_after_seconds" "", "circuit_breaker.retry_after" "";
    IN_FLIGHT: Gauge, "{call}", "Calls in flight, where the bulkhead or stall counts them.",
        "circuit_breaker_in_flight" "", "circuit_breaker.in_flight" "";
    WAITING: Gauge, "{call}", "Calls that wait for a place of the bulkhead.",
        "circuit_breaker_waiting" "", "circuit_breaker.waiting" "";
    RAMP: Gauge, "1", "Share of calls that pass, while it grows.",
        "circuit_breaker_ramp" "", "circuit_breaker.ramp" "";
    THROTTLE: Gauge, "1", "Share of calls that are rejected because too many fail.",
        "circuit_breaker_throttle" "", "circuit_breaker.throttle" "";
    FAILURE_RATE: Gauge, "1", "Failures / calls in the window.",
        "circuit_breaker_failure_rate" "", "circuit_breaker.failure_rate" "";
    SLOW_RATE: Gauge, "1", "Slow calls / calls in the window.",
        "circuit_breaker_slow_rate" "", "circuit_breaker.slow_rate" "";
    KEY_CALLS: Counter, "{call}", "Calls of one key by outcome.",
        "circuit_breaker_key_calls_total" "outcome", "circuit_breaker.key.calls" "circuit_breaker.outcome";
    KEY_STATE: Gauge, "1", "1 for the present state of a key.",
        "circuit_breaker_key_state" "state", "circuit_breaker.key.state" "circuit_breaker.state";
}

/// A number of a circuit: its series, the value of its label, if it has one, and the number.
#[derive(Clone, Copy)]
pub(super) struct Point<T> {
    pub(super) series: &'static Series,
    pub(super) label: Option<&'static str>,
    pub(super) value: T,
}

impl<T> Point<T> {
    const fn plain(series: &'static Series, value: T) -> Self {
        Point { series, label: None, value }
    }

    const fn of(series: &'static Series, label: &'static str, value: T) -> Self {
        Point { series, label: Some(label), value }
    }
}

const STATES: [State; 3] = [State::Closed, State::HalfOpen, State::Open];

const MODES: [Mode; 4] = [Mode::Normal, Mode::ForcedOpen, Mode::Disabled, Mode::Shadow];

const REASONS: [Rejection; 6] = [
    Rejection::Open,
    Rejection::HalfOpenFull,
    Rejection::ForcedOpen,
    Rejection::TooManyCalls,
    Rejection::Ramping,
    Rejection::Throttled,
];

pub(super) const OUTCOMES: [&str; 7] =
    ["success", "failure", "ignored", "cancelled", "late", "unprotected", "rejected"];

/// Numbers of calls, in the order of [`OUTCOMES`].
pub(super) type Calls = [u64; OUTCOMES.len()];

/// Calls by outcome: each call is in exactly one. From lifetime counters alone, so that a setting
/// of today doesn't change what a call of yesterday counted as.
pub(super) fn outcomes(totals: &Totals) -> Calls {
    let of = |count| totals.get(count);
    [
        of(Count::Successes),
        of(Count::Failures),
        of(Count::Ignored),
        // The others are failures. Saturating, since the two are not read at the same moment.
        of(Count::Cancelled).saturating_sub(of(Count::CancelledAsFailure)),
        // What stalled is a failure already.
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
pub(super) fn of_calls(totals: &Totals) -> Vec<Point<u64>> {
    let calls = OUTCOMES.into_iter().zip(outcomes(totals));
    let reasons = REASONS.map(|reason| (rejection(reason), rejected(totals, reason)));
    let mut points: Vec<_> = calls.map(|(label, calls)| Point::of(&CALLS, label, calls)).collect();
    points.extend(reasons.map(|(label, calls)| Point::of(&REJECTED, label, calls)));
    points.extend([
        Point::plain(&PANICKED, totals.get(Count::Panicked)),
        Point::plain(&TIMED_OUT, totals.get(Count::TimedOut)),
        Point::plain(&STALLED, totals.get(Count::Stalled)),
        Point::plain(&SLOW, totals.get(Count::Slow)),
        Point::plain(&FALLBACKS, totals.get(Count::Fallbacks)),
        Point::plain(&STALE, totals.get(Count::Stale)),
    ]);
    points
}

/// The counters that transitions and time make.
pub(super) fn of_history(tracked: &Tracked) -> Vec<Point<u64>> {
    let transitions =
        |state: State| Point::of(&TRANSITIONS, state.as_str(), tracked.transitions[state as usize]);
    let seconds = |state: State| {
        let spent = tracked.spent[state as usize] / 1_000_000_000;
        Point::of(&TIME_IN_STATE, state.as_str(), spent)
    };
    STATES.map(transitions).into_iter().chain(STATES.map(seconds)).collect()
}

/// The gauges of the state, which change with a transition: 1 for the present one.
pub(super) fn of_state(tracked: &Tracked) -> Vec<Point<f64>> {
    let left = match tracked.retry_after() {
        Some(NEVER) => f64::INFINITY,
        left => Duration::from_nanos(left.unwrap_or_default()).as_secs_f64(),
    };
    let mut points = of_present(&STATE, Some(tracked.state)).to_vec();
    points.push(Point::plain(&RETRY_AFTER, left));
    points
}

/// 1 for the present state, 0 for the others; `None`: 0 for all.
pub(super) fn of_present(series: &'static Series, present: Option<State>) -> [Point<f64>; 3] {
    STATES.map(|state| Point::of(series, state.as_str(), one_if(present == Some(state))))
}

/// The other gauges. `None`: there is no such number under this circuit's configuration.
pub(super) fn of_snapshot(snapshot: &Snapshot) -> Vec<Point<Option<f64>>> {
    let window = snapshot.window;
    let rate = |rate: Option<f64>| rate.unwrap_or(f64::NAN);
    let mut points: Vec<_> = MODES
        .into_iter()
        .map(|of| Point::of(&MODE, mode(of), Some(one_if(of == snapshot.mode))))
        .collect();
    points.extend([
        Point::plain(&FAILURE_RATE, window.map(|window| rate(window.failure_rate))),
        Point::plain(&SLOW_RATE, window.map(|window| rate(window.slow_rate))),
        Point::plain(&IN_FLIGHT, snapshot.in_flight.map(f64::from)),
        Point::plain(&WAITING, snapshot.waiting.map(f64::from)),
        Point::plain(&RAMP, snapshot.ramp),
        Point::plain(&THROTTLE, snapshot.throttle),
    ]);
    points
}

fn one_if(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
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
    /// Of each key that has a circuit.
    pub(super) fn of_all(breaker: &CircuitBreaker) -> Vec<Self> {
        breaker.key_views().into_iter().filter_map(KeyTotals::of).collect()
    }

    fn of(view: View) -> Option<Self> {
        Some(KeyTotals {
            key: view.key?,
            assignment: view.assignment,
            calls: outcomes(&view.counts.of_this_key()),
            state: (!view.expired).then_some(view.state),
        })
    }
}

/// What has come since `told`, which becomes `now`. A counter that was read a little earlier than
/// another may seem to go back; it is told again when it has caught up.
pub(super) fn differences<'a>(
    told: &'a mut [u64],
    now: impl IntoIterator<Item = u64> + 'a,
) -> impl Iterator<Item = u64> + 'a {
    told.iter_mut().zip(now).map(|(told, now)| {
        let more = now.saturating_sub(*told);
        *told = now.max(*told);
        more
    })
}

/// Looks at a circuit and notes its state in its track. If there was a transition meanwhile, the
/// look may be outdated, so it looks again. Not for ever: for a circuit that flaps, any of its
/// states will do. Doesn't notice calls that have stalled: its callers hold locks.
pub(super) fn full_snapshot(breaker: &CircuitBreaker) -> FullSnapshot {
    let track = breaker.track();
    let mut attempts = 3;
    loop {
        let count = track.count();
        let seen = breaker.full_snapshot();
        attempts -= 1;
        if track.note_state(count, CurrentState::of(&seen), clock::now()) || attempts == 0 {
            return seen;
        }
    }
}

/// Notes a transition in the circuit's track.
pub(super) fn track(breaker: &CircuitBreaker, transition: &Transition) {
    let opened = |open_for: Option<Nanos>| {
        let retry_after = Some(transition.retry_after.map_or(NEVER, clock::nanos));
        let state =
            CurrentState { state: State::Open, open_for: open_for.max(retry_after), retry_after };
        (transition.to == State::Open).then_some(state)
    };
    breaker.track().transition(transition.from, transition.to, clock::now(), |open_for| {
        // With a circuit per key all that is known is that this key's is open; the next look knows
        // more.
        breaker.current_state().or_else(|| opened(open_for))
    });
}
