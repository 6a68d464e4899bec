//! Running the body under its permit.

use core::future::Future;

use super::Returns;
use crate::Outcome;
use crate::guard;
use crate::permit::{End, Fallback, Held, Source};

/// Runs the body of a function that blocks. The judge comes last: it is type-checked when the body
/// has settled what an `impl Trait` in `R` is.
#[inline]
pub fn run<R, S: Source>(
    _: Returns<R>,
    permit: Held<S>,
    body: impl FnOnce() -> R,
    judge: impl Fn(&R) -> Outcome,
) -> R {
    let judge = |result: &R| (End::Outcome(judge(result)), Fallback::None);
    guard::run(permit, body, judge, |result, _| result)
}

/// `run` for the body of an async function.
#[inline]
pub fn run_async<R, S, F, J>(
    _: Returns<R>,
    permit: Held<S>,
    body: F,
    judge: J,
) -> impl Future<Output = R>
where
    S: Source,
    F: Future<Output = R>,
    J: Fn(&R) -> Outcome,
{
    let judge = move |result: &R| (End::Outcome(judge(result)), Fallback::None);
    guard::admitted(permit, body, judge, |result, _| result)
}

/// Makes a closure capture what it names in the order of naming, which is the order of dropping.
#[inline]
pub fn mention<T>(_: T) {}
