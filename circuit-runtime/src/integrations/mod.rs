//! What each feature that brings another crate adds. The rest of the crate only calls the
//! functions below, to report what has happened.

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "http1")]
mod http1;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "opentelemetry033")]
pub mod opentelemetry033;
#[cfg(any(feature = "reqwest012", feature = "reqwest013"))]
mod reqwest;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "__exporter")]
mod series;
#[cfg(feature = "tonic014")]
mod tonic014;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(any(feature = "metrics", feature = "tracing"))]
use std::cell::Cell;
#[cfg(any(feature = "metrics", feature = "tracing"))]
use std::thread::LocalKey;

#[cfg(any(feature = "metrics", feature = "tracing"))]
use crate::foreign::contained;

/// What is obeyed of a wait that a service asks for: five minutes at most, as it is input from
/// outside. `None`: it asks for none.
#[cfg(any(feature = "http1", feature = "tonic014"))]
fn obeyed(wait: std::time::Duration) -> Option<std::time::Duration> {
    const LONGEST: std::time::Duration = std::time::Duration::from_secs(5 * 60);
    Some(wait.min(LONGEST)).filter(|wait| !wait.is_zero())
}

/// Reports a transition: after it is visible, with no lock held, and before the listeners are
/// called.
#[cfg(any(feature = "axum", feature = "__exporter", feature = "tracing"))]
pub(crate) fn transition(
    #[cfg_attr(
        not(any(feature = "axum", feature = "__exporter")),
        expect(unused_variables, reason = "an event has the name")
    )]
    breaker: &crate::CircuitBreaker,
    transition: &crate::Transition,
) {
    #[cfg(feature = "axum")]
    axum::transition(breaker, transition);
    #[cfg(feature = "tracing")]
    contained(|| tracing::transition(transition));
    #[cfg(feature = "__exporter")]
    series::track(breaker, transition);
    #[cfg(feature = "metrics")]
    contained(|| metrics::report_pending(breaker));
}

/// Reports a rejected call.
#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn rejected(error: &crate::CircuitOpenError, key: Option<&str>) {
    if tracing::somebody_listens() {
        report_rejection(error, key);
    }
}

#[cfg(feature = "tracing")]
#[cold]
#[inline(never)]
fn report_rejection(error: &crate::CircuitOpenError, key: Option<&str>) {
    thread_local!(static NOTIFYING: Cell<bool> = const { Cell::new(false) });
    unless_nested(&NOTIFYING, || tracing::rejected(error, key));
}

/// Reports that another circuit had this one's name.
#[cfg(feature = "tracing")]
pub(crate) fn renamed(wanted: &str, circuit: &str) {
    contained(|| tracing::renamed(wanted, circuit));
}

/// Reports that a circuit that has registered doesn't go with its settings.
#[cfg(all(feature = "serde", feature = "tracing"))]
pub(crate) fn settings_refused(circuit: &str, faults: &str) {
    contained(|| tracing::settings_refused(circuit, faults));
}

/// Reports that a circuit that has registered doesn't go with an order.
#[cfg(all(feature = "serde", feature = "tracing"))]
pub(crate) fn order_refused(circuit: &str, faults: &str) {
    contained(|| tracing::order_refused(circuit, faults));
}

/// Reports how long a call of a circuit with `slow_call` took.
#[cfg(feature = "metrics")]
pub(crate) fn record_duration(
    breaker: &crate::CircuitBreaker,
    took: crate::primitives::clock::Nanos,
) {
    thread_local!(static NOTIFYING: Cell<bool> = const { Cell::new(false) });
    if breaker.is_registered() {
        unless_nested(&NOTIFYING, || metrics::record_duration(breaker, took));
    }
}

/// Calls `notify`, contains its panic, and skips nested calls: a subscriber or a recorder isn't told
/// of what it causes itself while it is told of a call. Otherwise one that calls through a breaker
/// would recurse for ever.
#[cfg(any(feature = "metrics", feature = "tracing"))]
fn unless_nested(notifying: &'static LocalKey<Cell<bool>>, notify: impl FnOnce()) {
    if !notifying.replace(true) {
        contained(notify);
        notifying.set(false);
    }
}

/// Reports a change of the mode of a circuit or of one of its keys, with the operator's name if it
/// is known.
#[cfg(any(feature = "axum", feature = "tracing"))]
pub(crate) fn mode_changed(
    breaker: &crate::CircuitBreaker,
    key: Option<&std::sync::Arc<str>>,
    mode: crate::Mode,
    by: Option<&std::sync::Arc<str>>,
) {
    #[cfg(feature = "axum")]
    axum::mode_changed(breaker, key, mode, by);
    #[cfg(feature = "tracing")]
    contained(|| {
        tracing::mode_changed(breaker.name(), key.map(|key| &**key), mode, by.map(|by| &**by));
    });
}

/// The reason as one word, for labels and fields.
#[cfg(any(feature = "__exporter", feature = "serde", feature = "tracing"))]
fn rejection(rejection: crate::Rejection) -> &'static str {
    match rejection {
        crate::Rejection::Open => "open",
        crate::Rejection::HalfOpenFull => "half-open-full",
        crate::Rejection::ForcedOpen => "forced-open",
        crate::Rejection::TooManyCalls => "too-many-calls",
        crate::Rejection::Ramping => "ramping",
        crate::Rejection::Throttled => "throttled",
    }
}

/// The mode as one word, for labels and fields.
#[cfg(any(feature = "__exporter", feature = "serde"))]
fn mode(mode: crate::Mode) -> &'static str {
    match mode {
        crate::Mode::Normal => "normal",
        crate::Mode::ForcedOpen => "forced-open",
        crate::Mode::Disabled => "disabled",
        crate::Mode::Shadow => "shadow",
    }
}
