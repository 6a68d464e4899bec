//! The error of a call that trips its circuit, as text.

use core::fmt::Display;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use crate::observe::event::error_text;
use crate::permit::{Handle, Untold};

/// The error in what a call returned, if it can be shown.
pub(super) type Show<R> = fn(&R) -> Option<Arc<str>>;

/// Reports a transition, with the error of the call that caused it. The result goes through by value: by
/// address, calls that cause none would keep theirs in memory, too.
#[cold]
#[inline(never)]
pub fn tell<R, S: Handle>(untold: Untold<S>, show: Show<R>, result: R) -> R {
    untold.notify(show(&result));
    result
}

/// The `Show` of a return type that is not known at the attribute.
#[must_use]
pub fn unshown<R>(_: &R) -> Option<Arc<str>> {
    None
}

/// Asks a return type for its `Show`. Where its error is not known to implement `Display`, look-up of
/// `__circuit_show` goes on to what this derefs to.
#[derive(Debug)]
pub struct Shown<R>(NotShown<R>);

/// A return type whose error isn't shown.
#[derive(Debug)]
pub struct NotShown<R>(PhantomData<fn() -> R>);

impl<R> Shown<R> {
    /// Of the type of this result.
    #[inline]
    #[must_use]
    pub const fn of(_: &R) -> Self {
        Shown(NotShown(PhantomData))
    }
}

impl<T, E: Display> Shown<Result<T, E>> {
    /// Shows the error.
    #[inline]
    #[must_use]
    pub fn __circuit_show(&self) -> Show<Result<T, E>> {
        |result| result.as_ref().err().and_then(|error| error_text(error))
    }
}

impl<R> Deref for Shown<R> {
    type Target = NotShown<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R> NotShown<R> {
    /// Shows nothing.
    #[inline]
    #[must_use]
    #[expect(clippy::unused_self, reason = "look-up goes by the value")]
    pub fn __circuit_show(&self) -> Show<R> {
        unshown
    }
}
