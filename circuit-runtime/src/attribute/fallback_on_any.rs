//! `fallback_on = any`: the fallback also runs when the body failed.

use super::error_text::ErrorTextFn;
use super::returns::Judged;
use super::{Returns, notify_with_error};
use crate::circuit::End;
use crate::permit::{Fallback, Handle, RawPermit};
use crate::{CallError, CallTimeoutError, Outcome};

/// The result of a call that was admitted.
#[derive(Debug)]
pub enum Ended<R> {
    /// A success, or ignored.
    Value(R),
    /// The value is a failure.
    Failed(R),
    /// There is no value.
    TimedOut(CallTimeoutError),
}

/// How a call ended for which the fallback may run.
#[inline]
pub(super) fn answered(outcome: Outcome) -> (End, Fallback) {
    let fallback = match outcome {
        Outcome::Failure | Outcome::RetryAfter(_) | Outcome::OpenFor(_) => Fallback::Runs,
        Outcome::Success | Outcome::Ignored => Fallback::None,
    };
    (End::Outcome(outcome), fallback)
}

/// `finish`; also returns how the value was judged.
#[inline]
pub fn finish_any<R, S: Handle>(
    permit: RawPermit<S>,
    outcome: Outcome,
    error_text: ErrorTextFn<R>,
    mut value: R,
) -> Ended<R> {
    let (end, fallback) = answered(outcome);
    if let Some(pending) = permit.finish_deferred(end, fallback) {
        value = notify_with_error(pending, error_text, value);
    }
    ended(value, fallback)
}

/// Returns how the value was judged.
#[inline]
fn ended<R>(value: R, fallback: Fallback) -> Ended<R> {
    match fallback {
        Fallback::None => Ended::Value(value),
        Fallback::Runs => Ended::Failed(value),
    }
}

/// Why the fallback runs, under the default rule.
pub fn reason<R: Judged>(_: Returns<R>, ended: Ended<R>) -> CallError<R::Error> {
    match ended {
        Ended::Value(value) | Ended::Failed(value) => match value.into_error() {
            Some(error) => CallError::Failed(error),
            None => unreachable!("under the default rule, failures are errors"),
        },
        Ended::TimedOut(error) => CallError::TimedOut(error),
    }
}

/// Why the fallback runs, under `failure` or `classify`: with the whole value, because it may be an
/// `Ok`.
pub fn whole_reason<R>(_: Returns<R>, ended: Ended<R>) -> CallError<R> {
    match ended {
        Ended::Value(value) | Ended::Failed(value) => CallError::Failed(value),
        Ended::TimedOut(error) => CallError::TimedOut(error),
    }
}

/// `Clone` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`fallback_on = any` clones what it passes to the fallback, but `{Self}` doesn't implement `Clone`",
    label = "doesn't implement `Clone`",
    note = "derive `Clone`, remove `fallback_on = any`, or write a fallback that doesn't use this parameter"
)]
pub trait CloneArgument: Sized {
    /// The clone.
    #[must_use]
    fn clone_argument(&self) -> Self;
}

impl<T: Clone> CloneArgument for T {
    #[inline]
    fn clone_argument(&self) -> Self {
        self.clone()
    }
}

/// What the fallback will get if the body fails.
#[inline]
pub fn clone_argument<T: CloneArgument>(argument: &T) -> T {
    argument.clone_argument()
}
