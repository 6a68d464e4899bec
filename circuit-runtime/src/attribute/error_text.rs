//! The error of a call that trips its circuit, as text: by autoderef specialization, since the
//! attribute doesn't know whether an error type implements `Display`.

use core::fmt::Display;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use super::Returns;
use crate::observe::event::error_text;

/// Makes a text of the error in what a call returned.
pub(super) type ErrorTextFn<R> = fn(&R) -> Option<Arc<str>>;

/// The `ErrorTextFn` of a return type that is not known at the attribute.
#[must_use]
pub fn no_error_text<R>(_: &R) -> Option<Arc<str>> {
    None
}

/// A return type whose error isn't shown.
#[derive(Debug)]
pub struct NoErrorText<R>(PhantomData<fn() -> R>);

/// Where the error is not known to implement `Display`, look-up of `__circuit_error_text` goes on to what
/// [`Returns`] derefs to.
impl<T, E: Display> Returns<Result<T, E>> {
    /// Shows the error.
    #[inline]
    #[must_use]
    pub fn __circuit_error_text(self) -> ErrorTextFn<Result<T, E>> {
        |result| result.as_ref().err().and_then(|error| error_text(error))
    }
}

impl<R> Deref for Returns<R> {
    type Target = NoErrorText<R>;

    fn deref(&self) -> &Self::Target {
        const { &NoErrorText(PhantomData) }
    }
}

impl<R> NoErrorText<R> {
    /// Shows nothing.
    #[inline]
    #[must_use]
    #[expect(clippy::unused_self, reason = "look-up goes by the value")]
    pub fn __circuit_error_text(&self) -> ErrorTextFn<R> {
        no_error_text
    }
}
