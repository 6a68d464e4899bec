//! Keeping a value, and looking for it.

#![allow(clippy::unused_self, reason = "look-up goes by the value")]

use core::any::TypeId;
use core::hash::Hash;
use core::ops::Deref;
use std::sync::Arc;

use super::{Keeps, Stale};
use crate::attribute::returns::Returns;
use crate::primitives::clock::nanos;
use crate::stale;

/// How what a function returns is kept: found by method resolution, so that what can't be kept is one error,
/// whatever it lacks.
#[derive(Debug)]
pub struct Keeping<R>(Unkept<R>);

/// A result that can't be kept.
#[derive(Debug)]
pub struct Unkept<R>(NoResult<R>);

/// What is no `Result`.
#[derive(Debug)]
pub struct NoResult<R>(Returns<R>);

impl<R> Keeping<R> {
    /// Of a function that returns an `R`.
    #[inline]
    #[must_use]
    pub const fn of(returns: Returns<R>) -> Self {
        Keeping(Unkept(NoResult(returns)))
    }
}

impl<T: Clone + Send + Sync + 'static, E> Keeping<Result<T, E>> {
    /// How it is kept.
    #[inline]
    #[must_use]
    pub fn __circuit_keeps<K: Hash + Eq + Send + Sync + 'static>(&self) -> Keeps<Result<T, E>, K> {
        Keeps { keep, look }
    }
}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "`stale` keeps a clone of each `Ok`, so `{Self}` must be `Clone + Send + Sync + 'static`",
    label = "can't be kept",
    note = "derive `Clone`, or return the value in an `Arc`"
)]
pub trait StaleValue {}

impl<T, E> Unkept<Result<T, E>> {
    /// Never called.
    #[must_use]
    pub fn __circuit_keeps<K>(&self) -> Keeps<Result<T, E>, K>
    where
        T: StaleValue,
    {
        unreachable!("the bound never holds")
    }
}

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "`stale` keeps the `Ok` of a `Result`, but this function returns `{Self}`",
    label = "not a `Result`",
    note = "return a `Result`, or keep the value in the body and return it from a `fallback`"
)]
pub trait StaleResult {}

impl<R> NoResult<R> {
    /// Never called.
    #[must_use]
    pub fn __circuit_keeps<K>(&self) -> Keeps<R, K>
    where
        R: StaleResult,
    {
        unreachable!("the bound never holds")
    }
}

impl<R> Deref for Keeping<R> {
    type Target = Unkept<R>;

    #[inline]
    fn deref(&self) -> &Unkept<R> {
        &self.0
    }
}

impl<R> Deref for Unkept<R> {
    type Target = NoResult<R>;

    #[inline]
    fn deref(&self) -> &NoResult<R> {
        &self.0
    }
}

/// The feature is there.
#[inline]
pub fn stale_feature<R>(_: Returns<R>) {}

/// An instance of a generic function.
pub(super) type Instance = TypeId;

/// The instance whose closure this is. Its name wouldn't tell: two types may have one.
#[inline]
pub(super) fn instance<C>() -> Instance {
    typeid::of::<C>()
}

/// A value as the store has it.
struct Entry<T, K> {
    instance: Instance,
    key: K,
    value: T,
}

impl<R, K: Hash> Stale<R, K> {
    fn hash(&self) -> u64 {
        stale::hash((self.place.instance, &self.key))
    }
}

fn keep<T, E, K>(stale: Stale<Result<T, E>, K>, result: &Result<T, E>)
where
    T: Clone + Send + Sync + 'static,
    K: Hash + Eq + Send + Sync + 'static,
{
    let Ok(value) = result else { return };
    let hash = stale.hash();
    let Stale { place, key } = stale;
    let entry = Entry { instance: place.instance, key, value: value.clone() };
    place.store.put((nanos(place.age), place.most), hash, Arc::new(entry));
}

fn look<T, E, K>(stale: &Stale<Result<T, E>, K>) -> Option<Result<T, E>>
where
    T: Clone + Send + Sync + 'static,
    K: Hash + Eq + Send + Sync + 'static,
{
    let place = &stale.place;
    let kept = place.store.get(stale.hash(), nanos(place.age))?;
    let entry = kept.downcast_ref::<Entry<T, K>>()?;
    let is_theirs = entry.instance == place.instance && entry.key == stale.key;
    is_theirs.then(|| Ok(entry.value.clone()))
}
