//! `stale` without the feature: an error.

use super::Keeps;
use crate::attribute::returns::Returns;

/// The cache comes with the feature.
#[derive(Debug)]
pub struct Store;

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Store
    }
}

/// Nothing.
pub(super) type Instance = ();

/// Nothing.
pub(super) fn instance<C>() -> Instance {}

/// Holds for no type: the attribute can't see this crate's features, but this bound can report
/// a missing one.
#[diagnostic::on_unimplemented(
    message = "`stale` needs the feature `stale` of `circuit-runtime`",
    label = "needs the feature `stale`",
    note = "in Cargo.toml: `circuit-runtime = {{ version = \"..\", features = [\"stale\"] }}`"
)]
pub trait StaleFeature {}

/// The feature is not there.
pub fn stale_feature<R>(_: Returns<R>)
where
    Returns<R>: StaleFeature,
{
}

/// How a value would be kept.
#[derive(Debug)]
pub struct Keeping<R>(Returns<R>);

impl<R> Keeping<R> {
    /// Of a function that returns an `R`.
    #[must_use]
    pub const fn of(returns: Returns<R>) -> Self {
        Keeping(returns)
    }

    /// Not at all.
    #[must_use]
    pub fn __circuit_keeps<K>(&self) -> Keeps<R, K> {
        Keeps { keep: |_, _| {}, look: |_| None }
    }
}
