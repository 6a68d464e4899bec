//! `breaker = PATH`: with a `key`, a [`KeyedBreaker`]; without one, anything else.

use core::ops::Deref;

use super::StaticBreaker;
use crate::{CircuitBreaker, KeyedBreaker};

/// `breaker = PATH` without a `key`, from what [`Shared`] makes of the path.
#[inline]
pub fn share(breaker: &'static CircuitBreaker) -> &'static CircuitBreaker {
    breaker
}

/// `breaker = PATH` with a `key`.
#[inline]
pub fn share_keyed<B: HasKeys>(breaker: &'static B) -> &'static CircuitBreaker {
    breaker.breaker()
}

/// A breaker with a circuit per key.
#[diagnostic::on_unimplemented(
    message = "`breaker` with `key` needs a `static` of type `KeyedBreaker`, but this is a `{Self}`",
    label = "not a `KeyedBreaker`",
    note = "write `static NAME: KeyedBreaker = KeyedBreaker::new(\"name\", Config::new(), 1_000);`, or remove `key`"
)]
pub trait HasKeys {
    /// The breaker for all keys.
    fn breaker(&'static self) -> &'static CircuitBreaker;
}

impl HasKeys for KeyedBreaker {
    #[inline]
    fn breaker(&'static self) -> &'static CircuitBreaker {
        self
    }
}

impl HasKeys for StaticBreaker {
    #[inline]
    fn breaker(&'static self) -> &'static CircuitBreaker {
        self.get()
    }
}

/// The path in `breaker = PATH`. For a [`KeyedBreaker`], look-up of `__circuit_shared` stops here, with
/// a bound that never holds. Anything else goes on to what this dereferences to, and is coerced.
#[derive(Debug)]
pub struct Shared<B: 'static>(Unkeyed<B>);

/// Anything but a [`KeyedBreaker`].
#[derive(Debug)]
pub struct Unkeyed<B: 'static>(&'static B);

impl<B> Shared<B> {
    /// Takes the path.
    #[inline]
    pub fn of(breaker: &'static B) -> Self {
        Shared(Unkeyed(breaker))
    }
}

/// Only a [`KeyedBreaker`].
pub trait IsKeyedBreaker {}

impl IsKeyedBreaker for KeyedBreaker {}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "`breaker` is a `{Self}`, with a circuit per key: the function needs a `key`",
    label = "needs a `key`",
    note = "write `key = EXPRESSION` beside `breaker`, or share a `CircuitBreaker`"
)]
pub trait NoKeys {}

impl<B: IsKeyedBreaker> Shared<B> {
    /// Never called.
    #[must_use]
    pub fn __circuit_shared(&self) -> &'static CircuitBreaker
    where
        B: NoKeys,
    {
        unreachable!("the bound never holds")
    }
}

impl<B> Deref for Shared<B> {
    type Target = Unkeyed<B>;

    #[inline]
    fn deref(&self) -> &Unkeyed<B> {
        &self.0
    }
}

impl<B> Unkeyed<B> {
    /// The path's static.
    #[inline]
    #[must_use]
    pub fn __circuit_shared(&self) -> &'static B {
        self.0
    }
}
