//! The key of a value: what the user names, made its own.

#![allow(clippy::unused_self, reason = "look-up goes by the value")]

use core::hash::Hash;
use core::ops::{Deref, DerefMut};

/// A value that is a key. If it isn't, method resolution of `__circuit_key` goes on to what this derefs to,
/// so that this is one error, whatever it lacks.
#[derive(Debug)]
pub struct KeyOf<K>(NoKey<K>);

/// A value that is none.
#[derive(Debug)]
pub struct NoKey<K>(Option<K>);

impl<K> KeyOf<K> {
    /// Takes the value.
    #[inline]
    pub fn new(key: K) -> Self {
        KeyOf(NoKey(Some(key)))
    }
}

impl<K: Hash + Eq + Send + Sync> KeyOf<K> {
    /// The key of a call.
    #[inline]
    pub fn __circuit_key(&mut self) -> K {
        self.0.0.take().expect("`new` put it there")
    }
}

/// A key that borrows nothing.
#[inline]
pub fn stale_key<K: 'static>(key: K) -> K {
    key
}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "`stale_key` takes a value that implements `Hash` and `Eq`, and is `Send + Sync + 'static`, but `{Self}` doesn't",
    label = "not a key",
    note = "name the parameters that the answer depends on: `stale_key = (tenant, id)`"
)]
pub trait StaleKey {}

impl<K> NoKey<K> {
    /// Never called. A type that is a key in every way: nothing else is to be an error.
    pub fn __circuit_key(&mut self) -> Box<str>
    where
        K: StaleKey,
    {
        unreachable!("the bound never holds")
    }
}

impl<K> Deref for KeyOf<K> {
    type Target = NoKey<K>;

    fn deref(&self) -> &NoKey<K> {
        &self.0
    }
}

impl<K> DerefMut for KeyOf<K> {
    fn deref_mut(&mut self) -> &mut NoKey<K> {
        &mut self.0
    }
}

/// The text of a circuit's key.
#[inline]
#[must_use]
pub fn stale_text(text: &str) -> Box<str> {
    text.into()
}

/// A key that begins with the text of the circuit's key.
pub trait HasText {
    /// The text.
    fn text(&self) -> &str;
}

impl HasText for Box<str> {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl<K> HasText for (Box<str>, K) {
    #[inline]
    fn text(&self) -> &str {
        &self.0
    }
}
