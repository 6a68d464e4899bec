//! Runs the body under its permit.

use core::future::Future;

use super::Returns;
use crate::Outcome;
use crate::guard::UnderPermit;
use crate::permit::{Handle, RawPermit};

/// Tells the compiler that a body is a closure that returns what the function returns.
#[inline]
pub fn body<R, F: FnOnce() -> R>(_: Returns<R>, body: F) -> F {
    body
}

/// What `failure`, `ignore` or `classify` make of a result. It comes behind the body, which may
/// have to settle what an `impl Trait` in `R` is.
#[inline]
pub fn judge<R>(_: Returns<R>, result: &R, judge: impl Fn(&R) -> Outcome) -> Outcome {
    judge(result)
}

/// Runs the body of an async function under its permit, which comes back with the result: what
/// follows is done where the body is gone, and is the same for functions that block.
#[inline(always)]
pub fn run_async<R, S, F>(_: Returns<R>, permit: RawPermit<S>, body: F) -> UnderPermit<S, F>
where
    S: Handle,
    F: Future<Output = R>,
{
    UnderPermit::new(permit, body)
}

/// Makes a closure capture what it names in the order of naming, which is the order of dropping.
#[inline]
pub fn mention<T>(_: T) {}
