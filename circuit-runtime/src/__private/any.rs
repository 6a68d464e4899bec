//! `fallback_on = any`: the fallback also runs when the body failed.

use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Returns;
use super::returns::Judged;
use crate::guard::{self, Guarded};
use crate::permit::{End, Fallback, Permit};
use crate::{CallError, CallTimeoutError, Outcome};

/// What became of a call that was admitted.
#[derive(Debug)]
pub enum Ended<R> {
    /// A success, or ignored.
    Value(R),
    /// The value is a failure.
    Failed(R),
    /// There is no value.
    TimedOut(CallTimeoutError),
}

/// How a call ends for which the fallback may run.
#[inline]
pub(super) fn answered(outcome: Outcome) -> (End, Fallback) {
    let fallback = match outcome {
        Outcome::Failure | Outcome::OpenFor(_) => Fallback::Runs,
        Outcome::Success | Outcome::Ignored => Fallback::None,
    };
    (End::Outcome(outcome), fallback)
}

/// `run` that also says what the value was judged to be.
#[inline]
pub fn run_any<R>(
    _: Returns<R>,
    permit: Permit<'_>,
    body: impl FnOnce() -> R,
    judge: impl Fn(&R) -> Outcome,
) -> Ended<R> {
    let mut failed = false;
    let value = guard::run(permit, body, |result| {
        let end = answered(judge(result));
        failed = end.1 == Fallback::Runs;
        end
    });
    if failed { Ended::Failed(value) } else { Ended::Value(value) }
}

/// `run_any` for the body of an async function.
#[inline]
pub fn run_async_any<R, F, J>(
    _: Returns<R>,
    permit: Permit<'_>,
    body: F,
    judge: J,
) -> impl Future<Output = Ended<R>>
where
    F: Future<Output = R>,
    J: Fn(&R) -> Outcome,
{
    let noted = Noting { future: body };
    let guarded = Guarded::new(permit, noted, move |noted: &Noted<R>| {
        let end = answered(judge(&noted.value));
        noted.failed.set(end.1 == Fallback::Runs);
        end
    });
    Ending { guarded }
}

/// A value with room for the judgement on it.
struct Noted<R> {
    value: R,
    failed: Cell<bool>,
}

pin_project! {
    struct Noting<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Noting<F> {
    type Output = Noted<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(context).map(|value| Noted { value, failed: Cell::new(false) })
    }
}

pin_project! {
    struct Ending<F> {
        #[pin]
        guarded: F,
    }
}

impl<R, F: Future<Output = Noted<R>>> Future for Ending<F> {
    type Output = Ended<R>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().guarded.poll(context).map(|noted| {
            if noted.failed.get() { Ended::Failed(noted.value) } else { Ended::Value(noted.value) }
        })
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

/// Why the fallback runs, under `failure` or `classify`: the whole value, since it may be an `Ok`.
pub fn whole_reason<R>(_: Returns<R>, ended: Ended<R>) -> CallError<R> {
    match ended {
        Ended::Value(value) | Ended::Failed(value) => CallError::Failed(value),
        Ended::TimedOut(error) => CallError::TimedOut(error),
    }
}

/// `Clone` with a message of its own.
#[diagnostic::on_unimplemented(
    message = "`fallback_on = any` clones what the fallback is given, but `{Self}` is not `Clone`",
    label = "not `Clone`",
    note = "derive `Clone`, leave out `fallback_on = any`, or write a fallback that does not need this parameter"
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

/// What the fallback will be given, should the body fail.
#[inline]
pub fn clone_argument<T: CloneArgument>(argument: &T) -> T {
    argument.clone_argument()
}
