//! With the feature `stream`: the guarded stream.

use std::sync::Arc;

use futures_core::Stream;

use super::items::ItemsOf;
use crate::attribute::error_text::ErrorTextFn;
use crate::attribute::waiting::{
    enter_keyed_shared_waiting_async, enter_keyed_waiting_async, enter_shared_waiting_async,
    enter_waiting_async,
};
use crate::attribute::{Returns, notify_with_error};
use crate::permit::{Fallback, Handle, RawPermit, StaticHandle, StreamPermit};
use crate::stream::{Guarded, Items, Limits};
use crate::{CallTimeoutError, CircuitOpenError, Outcome};

pub use crate::stream::limits::Unlimited;

/// The stream that a body has made, of these items. Opaque, so that a stream of others is one error.
#[inline]
pub fn stream_of<R, S: Stream<Item = R>>(_: Returns<R>, stream: S) -> impl Stream<Item = R> {
    stream
}

impl<R, J, T> Items<R> for ItemsOf<R, J, T>
where
    J: Fn(&R) -> Outcome,
    T: Fn(&R) -> Option<Arc<str>>,
{
    type Item = R;

    fn judge(&self, item: &R) -> Outcome {
        (self.judge)(item)
    }

    fn error_text(&self, item: &R) -> Option<Arc<str>> {
        (self.error_text)(item)
    }

    fn pass(&self, item: R) -> R {
        item
    }

    fn rejected(&self, error: CircuitOpenError) -> Option<R> {
        self.reject.map(|reject| reject(error))
    }

    fn late(&self, error: CallTimeoutError) -> Option<R> {
        self.late.map(|late| late(error))
    }
}

/// Guards the stream of a function.
pub fn guard_stream<R, S: Stream<Item = R>>(
    breaker: impl StaticHandle,
    stream: S,
    items: impl Items<R, Item = R>,
    limits: impl Limits,
) -> impl Stream<Item = R> {
    Guarded::new(stream, move || enter_waiting_async(breaker, Fallback::None), items, limits)
}

/// `guard_stream` of a function that shares its circuit.
pub fn guard_shared<R, S: Stream<Item = R>>(
    breaker: impl StaticHandle,
    stream: S,
    items: impl Items<R, Item = R>,
    limits: impl Limits,
) -> impl Stream<Item = R> {
    Guarded::new(stream, move || enter_shared_waiting_async(breaker, Fallback::None), items, limits)
}

/// `guard_stream` of a function with a key.
pub fn guard_keyed<R, S: Stream<Item = R>>(
    breaker: impl StaticHandle,
    key: Box<str>,
    stream: S,
    items: impl Items<R, Item = R>,
    limits: impl Limits,
) -> impl Stream<Item = R> {
    let ask = move || enter_keyed_waiting_async(breaker, &key, Fallback::None);
    Guarded::new(stream, ask, items, limits)
}

/// `guard_stream` of a function with a key that shares its circuit.
pub fn guard_keyed_shared<R, S: Stream<Item = R>>(
    breaker: impl StaticHandle,
    key: Box<str>,
    stream: S,
    items: impl Items<R, Item = R>,
    limits: impl Limits,
) -> impl Stream<Item = R> {
    let ask = move || enter_keyed_shared_waiting_async(breaker, &key, Fallback::None);
    Guarded::new(stream, ask, items, limits)
}

/// Ends the call of a function that returns a `Result` of a stream, or goes on with the stream.
///
/// # Errors
///
/// The function's own.
pub fn answer_stream<R, S: Stream<Item = R>, E>(
    permit: RawPermit<impl Handle>,
    outcome: Outcome,
    error_text: ErrorTextFn<Result<S, E>>,
    result: Result<S, E>,
    items: impl Items<R, Item = R>,
    limits: impl Limits,
) -> Result<impl Stream<Item = R>, E> {
    let mut permit = StreamPermit::new(permit);
    permit.in_body(false);
    let pending = match &result {
        Ok(_) => permit.part(outcome),
        Err(_) => permit.only(outcome),
    };
    let result = match pending {
        Some(pending) => notify_with_error(pending, error_text, result),
        None => result,
    };
    Ok(Guarded::begun(result?, permit, items, limits))
}

#[cfg(feature = "tokio")]
pub use with_tokio::{idle_limit, time_limits};

#[cfg(not(feature = "tokio"))]
pub use without_tokio::{idle_limit, time_limits};

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::time::Duration;

    use crate::attribute::Returns;
    use crate::stream::TimeLimits;

    /// The limits of a stream that is asked for a permit itself.
    #[must_use]
    pub fn time_limits<R>(
        _: Returns<R>,
        timeout: Option<Duration>,
        idle: Option<Duration>,
    ) -> TimeLimits {
        TimeLimits::new(timeout, idle)
    }

    /// The limit of a stream that comes in a `Result`.
    #[must_use]
    pub fn idle_limit<R>(_: Returns<R>, idle: Duration) -> TimeLimits {
        TimeLimits::after_first(idle)
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use std::time::Duration;

    use super::Unlimited;
    use crate::attribute::Returns;

    /// Holds for no type: the attribute can't see this crate's features, but this bound can report
    /// a missing one.
    #[diagnostic::on_unimplemented(
        message = "`timeout` and `idle` of a stream need the feature `tokio` of `circuit-runtime`",
        label = "needs the feature `tokio`",
        note = "in Cargo.toml: `circuit-runtime = {{ version = \"..\", features = [\"stream\", \"tokio\"] }}`"
    )]
    pub trait TokioFeature {}

    /// `time_limits` without the feature, with that bound.
    #[must_use]
    pub fn time_limits<R>(_: Returns<R>, _: Option<Duration>, _: Option<Duration>) -> Unlimited
    where
        Returns<R>: TokioFeature,
    {
        Unlimited
    }

    /// `idle_limit` without the feature, with that bound.
    #[must_use]
    pub fn idle_limit<R>(_: Returns<R>, _: Duration) -> Unlimited
    where
        Returns<R>: TokioFeature,
    {
        Unlimited
    }
}
