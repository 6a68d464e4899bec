//! Running the body under its permit.

use core::future::Future;

use super::Returns;
use crate::Outcome;
use crate::guard::{self, Guarded};
use crate::permit::{End, Fallback, Permit};

/// Runs the body of a function that blocks. The judge comes last: it is type-checked when the body
/// has settled what an `impl Trait` in `R` is.
#[inline]
pub fn run<R>(
    _: Returns<R>,
    permit: Permit<'_>,
    body: impl FnOnce() -> R,
    judge: impl Fn(&R) -> Outcome,
) -> R {
    guard::run(permit, body, |result| (End::Outcome(judge(result)), Fallback::None))
}

/// `run` for the body of an async function.
#[inline]
pub fn run_async<R, F, J>(
    _: Returns<R>,
    permit: Permit<'_>,
    body: F,
    judge: J,
) -> impl Future<Output = R>
where
    F: Future<Output = R>,
    J: Fn(&R) -> Outcome,
{
    Guarded::new(permit, body, move |result: &R| (End::Outcome(judge(result)), Fallback::None))
}

/// Makes a closure capture what it names in the order of naming, which is the order of dropping.
#[inline]
pub fn mention<T>(_: T) {}
