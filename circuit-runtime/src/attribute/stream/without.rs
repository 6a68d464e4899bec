//! Without the feature `stream`: one error that says so.

use std::time::Duration;

use super::items::ItemsOf;
use crate::Outcome;
use crate::attribute::Returns;
use crate::attribute::error_text::ErrorTextFn;
use crate::permit::{Handle, RawPermit, StaticHandle};

/// Holds for no type: the attribute can't see this crate's features, but this bound can report a missing
/// one.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns a stream needs the feature `stream` of `circuit-runtime`",
    label = "needs the feature `stream`",
    note = "in Cargo.toml: `circuit-runtime = {{ version = \"..\", features = [\"stream\"] }}`"
)]
pub trait StreamFeature {}

/// No limits: what has limits reports the missing feature.
#[derive(Debug)]
pub struct Unlimited;

/// The stream itself.
#[inline]
pub fn stream_of<R, S>(_: Returns<R>, stream: S) -> S {
    stream
}

/// No limits.
#[must_use]
pub fn time_limits<R>(_: Returns<R>, _: Option<Duration>, _: Option<Duration>) -> Unlimited {
    Unlimited
}

/// No limits.
#[must_use]
pub fn idle_limit<R>(_: Returns<R>, _: Duration) -> Unlimited {
    Unlimited
}

/// The stream itself: so the missing feature is the only error.
pub fn guard_stream<B: StaticHandle, R, S, J, T>(
    _: B,
    stream: S,
    _: ItemsOf<R, J, T>,
    _: Unlimited,
) -> S
where
    Returns<R>: StreamFeature,
{
    stream
}

/// [`guard_stream`].
pub fn guard_shared<B: StaticHandle, R, S, J, T>(
    _: B,
    stream: S,
    _: ItemsOf<R, J, T>,
    _: Unlimited,
) -> S
where
    Returns<R>: StreamFeature,
{
    stream
}

/// [`guard_stream`].
pub fn guard_keyed<B: StaticHandle, R, S, J, T>(
    _: B,
    _: Box<str>,
    stream: S,
    _: ItemsOf<R, J, T>,
    _: Unlimited,
) -> S
where
    Returns<R>: StreamFeature,
{
    stream
}

/// [`guard_stream`].
pub fn guard_keyed_shared<B: StaticHandle, R, S, J, T>(
    _: B,
    _: Box<str>,
    stream: S,
    _: ItemsOf<R, J, T>,
    _: Unlimited,
) -> S
where
    Returns<R>: StreamFeature,
{
    stream
}

/// The result itself.
///
/// # Errors
///
/// The function's own.
pub fn answer_stream<H: Handle, R, S, E, J, T>(
    _: RawPermit<H>,
    _: Outcome,
    _: ErrorTextFn<Result<S, E>>,
    result: Result<S, E>,
    _: ItemsOf<R, J, T>,
    _: Unlimited,
) -> Result<S, E>
where
    Returns<R>: StreamFeature,
{
    result
}
