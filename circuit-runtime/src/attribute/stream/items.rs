//! What a stream's items must allow, and what becomes of them.

use std::sync::Arc;

use crate::attribute::Returns;
use crate::attribute::returns::Fallible;
use crate::{CallTimeoutError, CircuitOpenError, Outcome};

/// An item of a stream.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns a stream needs items that are `Result`s, but these are `{Self}`",
    label = "not a `Result`",
    note = "the only item of a rejected stream is an `Err`: make the items `Result`s, or guard the stream by hand, with `guard_stream_with`"
)]
pub trait Item: Fallible {}
impl<T, E> Item for Result<T, E> {}

/// `From<CircuitOpenError>` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`#[circuit_breaker]` on a function that returns a stream needs `{Self}: From<CircuitOpenError>`",
    label = "the error type of the items can't be made from a `CircuitOpenError`",
    note = "the only item of a rejected stream is `Err(CircuitOpenError.into())`: use an error type of your own that implements `From<CircuitOpenError>`"
)]
pub trait ItemFromOpen {
    /// The conversion.
    fn from_open(error: CircuitOpenError) -> Self;
}

impl<E: From<CircuitOpenError>> ItemFromOpen for E {
    fn from_open(error: CircuitOpenError) -> Self {
        error.into()
    }
}

/// `From<CallTimeoutError>` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`timeout` and `idle` of a stream need `{Self}: From<CallTimeoutError>`",
    label = "the error type of the items can't be made from a `CallTimeoutError`",
    note = "the last item of a stream that was silent for too long is `Err(CallTimeoutError.into())`: use an error type of your own that implements `From<CallTimeoutError>`"
)]
pub trait ItemFromTimeout {
    /// The conversion.
    fn from_timeout(error: CallTimeoutError) -> Self;
}

impl<E: From<CallTimeoutError>> ItemFromTimeout for E {
    fn from_timeout(error: CallTimeoutError) -> Self {
        error.into()
    }
}

/// Makes the only item of a rejected stream.
pub(super) type RejectItem<R> = fn(CircuitOpenError) -> R;

/// Makes the last item of a stream that was silent for too long.
pub(super) type LateItem<R> = fn(CallTimeoutError) -> R;

/// What the items of a stream must allow that is asked for a permit itself.
#[must_use]
pub fn rejected_item<R: Item<Error: ItemFromOpen>>(_: Returns<R>) -> RejectItem<R> {
    |error| R::from_error(ItemFromOpen::from_open(error))
}

/// What a limit requires of the items.
#[must_use]
pub fn late_item<R: Item<Error: ItemFromTimeout>>(_: Returns<R>) -> LateItem<R> {
    |error| R::from_error(ItemFromTimeout::from_timeout(error))
}

/// The default rule: `Ok` is a success, `Err` a failure.
#[inline]
pub fn judge_item<R: Item>(item: &R) -> Outcome {
    if item.is_failure() { Outcome::Failure } else { Outcome::Success }
}

/// What becomes of the items of a function's stream.
#[derive(Debug)]
#[cfg_attr(not(feature = "stream"), expect(dead_code, reason = "there is no stream to use them"))]
pub struct ItemsOf<R, J, T> {
    pub(super) reject: Option<RejectItem<R>>,
    pub(super) late: Option<LateItem<R>>,
    pub(super) judge: J,
    pub(super) error_text: T,
}

/// Judges items by `judge`, and shows their errors by `error_text`.
pub fn items<R, J, T>(
    _: Returns<R>,
    reject: Option<RejectItem<R>>,
    late: Option<LateItem<R>>,
    judge: J,
    error_text: T,
) -> ItemsOf<R, J, T>
where
    R: Item,
    J: Fn(&R) -> Outcome,
    T: Fn(&R) -> Option<Arc<str>>,
{
    ItemsOf { reject, late, judge, error_text }
}

/// Takes the body of a function that returns a stream.
#[inline]
pub fn stream_body<S, F: FnOnce() -> S>(body: F) -> F {
    body
}

/// The key of a stream, which asks for its permit later.
#[must_use]
pub fn own_key(key: &str) -> Box<str> {
    key.into()
}
