//! What each feature that brings another crate adds. Everything here is a leaf: the rest of the
//! crate knows only the calls that tell it what has happened.

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub(crate) mod tracing;

/// A circuit has changed its state: after it is visible, with no lock held, and before the
/// listeners hear of it.
#[cfg(any(feature = "axum", feature = "metrics", feature = "tracing"))]
pub(crate) fn transition(
    #[cfg_attr(
        not(any(feature = "axum", feature = "metrics")),
        expect(unused_variables, reason = "an event has the name")
    )]
    breaker: &crate::CircuitBreaker,
    transition: &crate::Transition,
) {
    #[cfg(feature = "axum")]
    axum::transition(breaker, transition);
    // A subscriber or a recorder is the user's code, as a listener is; its panic is not the call's.
    #[cfg(feature = "tracing")]
    crate::sync::contained(|| tracing::transition(transition));
    #[cfg(feature = "metrics")]
    crate::sync::contained(|| metrics::transition(breaker, transition));
}

/// A circuit's mode has changed, by an operator whose name may be known.
#[cfg(any(feature = "axum", feature = "tracing"))]
pub(crate) fn mode_changed(
    breaker: &crate::CircuitBreaker,
    mode: crate::Mode,
    by: Option<&std::sync::Arc<str>>,
) {
    #[cfg(feature = "axum")]
    axum::mode_changed(breaker, mode, by);
    #[cfg(feature = "tracing")]
    crate::sync::contained(|| tracing::mode_changed(breaker.name(), mode, by.map(|by| &**by)));
}

/// The word for it: that of its message, as one word.
#[cfg(any(feature = "metrics", feature = "serde", feature = "tracing"))]
fn rejection(rejection: crate::Rejection) -> &'static str {
    match rejection {
        crate::Rejection::Open => "open",
        crate::Rejection::HalfOpenFull => "half-open-full",
        crate::Rejection::ForcedOpen => "forced-open",
        crate::Rejection::TooManyCalls => "too-many-calls",
    }
}

/// The word for it, as one word.
#[cfg(any(feature = "metrics", feature = "serde"))]
fn mode(mode: crate::Mode) -> &'static str {
    match mode {
        crate::Mode::Normal => "normal",
        crate::Mode::ForcedOpen => "forced-open",
        crate::Mode::Disabled => "disabled",
        crate::Mode::Shadow => "shadow",
    }
}
