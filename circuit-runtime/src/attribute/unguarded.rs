//! A method that an annotated `impl` block leaves alone, because it doesn't look as if it called the
//! service: it gives neither a `Result` nor a future.
//!
//! The attribute sees names, the compiler types. Look-up of `__circuit_unguarded` finds it on
//! [`Unguarded`] for a `Result`, where a bound fails; else goes on to what that derefs to, which has it
//! for futures, with another such bound; and ends where it says nothing.

#![allow(clippy::unused_self, reason = "look-up goes by `self`")]

use core::future::Future;
use core::ops::Deref;

use super::Returns;

/// What a method gives.
#[derive(Debug)]
pub struct Unguarded<R>(NoResult<R>);

/// What a method gives that is no `Result`.
#[derive(Debug)]
pub struct NoResult<R>(NoFuture<R>);

/// What a method gives that is no future either.
#[derive(Debug)]
pub struct NoFuture<R>(Returns<R>);

impl<R> Unguarded<R> {
    /// Of a method that returns an `R`.
    #[must_use]
    pub fn of(returns: Returns<R>) -> Self {
        Unguarded(NoResult(NoFuture(returns)))
    }
}

impl<T, E> Unguarded<Result<T, E>> {
    /// Says that it has to be decided.
    pub fn __circuit_unguarded(&self)
    where
        Result<T, E>: LeftAlone,
    {
    }
}

impl<R: Future> NoResult<R> {
    /// Says that it can't be guarded.
    pub fn __circuit_unguarded(&self)
    where
        R: LeftAloneAsFuture,
    {
    }
}

impl<R> NoFuture<R> {
    /// Says nothing.
    pub fn __circuit_unguarded(&self) {}
}

impl<R> Deref for Unguarded<R> {
    type Target = NoResult<R>;

    fn deref(&self) -> &NoResult<R> {
        &self.0
    }
}

impl<R> Deref for NoResult<R> {
    type Target = NoFuture<R>;

    fn deref(&self) -> &NoFuture<R> {
        &self.0
    }
}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "this method returns a `Result` under another name, so its block doesn't guard it",
    label = "a `Result` under another name",
    note = "write `#[circuit_breaker]` on the method to guard it, or `#[circuit_breaker(skip)]`"
)]
pub trait LeftAlone {}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "this method returns a future under another name, so its block doesn't guard it",
    label = "a future under another name",
    note = "make it an `async fn`, or write `#[circuit_breaker(skip)]` on it"
)]
pub trait LeftAloneAsFuture {}
