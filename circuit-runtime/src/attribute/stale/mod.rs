//! `stale`: the last good value, instead of a call's own answer.

#[cfg(feature = "stale")]
mod kept;
mod key;
mod own;
#[cfg(not(feature = "stale"))]
mod without_feature;

use core::fmt;
use core::time::Duration;

use super::error_text::ErrorTextFn;
use super::fallback_on_any::{Ended, answered};
use super::returns::Late;
use super::{notify_with_error, timed};
use crate::circuit::End;
use crate::counters::Count;
use crate::foreign::contained;
use crate::permit::{After, Fallback, Handle, RawPermit, StaticHandle};
use crate::{CircuitOpenError, Outcome};
use key::HasText;

pub use key::{KeyOf, stale_key, stale_text};
pub use own::OwnKey;

#[cfg(feature = "stale")]
use kept::{Instance, instance};
#[cfg(feature = "stale")]
pub use kept::{Keeping, stale_feature};
#[cfg(not(feature = "stale"))]
use without_feature::{Instance, instance};
#[cfg(not(feature = "stale"))]
pub use without_feature::{Keeping, stale_feature};

#[cfg(feature = "stale")]
pub use crate::stale::Store;
#[cfg(not(feature = "stale"))]
pub use without_feature::Store;

/// Of a bound.
pub type StaleCount = u32;

/// What one call may keep, or be given.
pub struct Stale<R, K> {
    place: Place<R, K>,
    key: K,
}

/// Where a function keeps its values.
#[cfg_attr(not(feature = "stale"), expect(dead_code, reason = "an error without the feature"))]
struct Place<R, K> {
    store: &'static Store,
    /// The instance of a generic function, and of a default method, which share the static.
    instance: Instance,
    age: Duration,
    /// How many values the store has at most.
    most: u32,
    keeps: Keeps<R, K>,
}

/// How a value is kept, and found.
#[derive(Debug)]
pub struct Keeps<R, K> {
    keep: fn(Stale<R, K>, &R),
    look: fn(&Stale<R, K>) -> Option<R>,
}

/// A call that may keep its value, of at most so many, or be given one that is at most so old. The closure's
/// type tells the instances of a generic function apart.
#[inline]
#[must_use]
pub fn stale<R, C, K>(
    keeps: Keeps<R, K>,
    _: C,
    store: &'static Store,
    (age, most): (Duration, u32),
    key: K,
) -> Stale<R, K> {
    Stale { place: Place { store, instance: instance::<C>(), age, most, keeps }, key }
}

/// The circuit's key, which is evaluated once: for the value and for the circuit.
#[inline]
#[must_use]
pub fn stale_text_of<R, K: HasText>(stale: &Stale<R, K>) -> &str {
    stale.key.text()
}

impl<R, K> fmt::Debug for Stale<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stale").field("instance", &self.place.instance).finish_non_exhaustive()
    }
}

impl<R, K> Stale<R, K> {
    /// Keeps what a counted success returned. A panic in it, of a `Clone` say, keeps nothing.
    #[inline]
    fn keep(self, is_counted_success: bool, result: &R) {
        if is_counted_success {
            let keep = self.place.keeps.keep;
            contained(|| keep(self, result));
        }
    }

    /// A clone of what was kept; a panic in it is as if there were nothing.
    #[cold]
    #[inline(never)]
    fn look(&self) -> Option<R> {
        let mut found = None;
        contained(|| found = (self.place.keeps.look)(self));
        found
    }
}

impl<R, K> Stale<R, K> {
    /// The value that is kept for a call that has ended; what answers it is counted.
    fn instead<S: Handle>(&self, after: &After<S>, fallback: Fallback) -> Option<R> {
        let found = self.look();
        if let Some(count) = answered_by(found.is_some(), fallback) {
            after.count(count);
        }
        found
    }
}

/// Answers a rejected call by the value that is kept for it; the error if there is none, for which the
/// fallback is counted, if it is to run.
#[cold]
#[allow(clippy::missing_errors_doc, reason = "it is a rejection")]
pub fn stale_instead<R, K, S: StaticHandle>(
    stale: &Stale<R, K>,
    breaker: S,
    rejected: CircuitOpenError,
    fallback: Fallback,
) -> Result<R, CircuitOpenError> {
    let found = stale.look();
    if let Some(count) = answered_by(found.is_some(), fallback) {
        breaker.get().count_answered(&rejected, count);
    }
    found.ok_or(rejected)
}

/// What a call is counted by that a value answers, if one was found; else the fallback, if there is one.
fn answered_by(is_found: bool, fallback: Fallback) -> Option<Count> {
    match fallback {
        _ if is_found => Some(Count::Stale),
        Fallback::Runs => Some(Count::Fallbacks),
        Fallback::None => None,
    }
}

/// `finish`, which keeps a success.
#[inline]
pub fn finish_kept<R, K, S: Handle>(
    mut permit: RawPermit<S>,
    outcome: Outcome,
    error_text: ErrorTextFn<R>,
    mut result: R,
    stale: Stale<R, K>,
) -> R {
    // Asked before the end, which takes the permit. What ends the period in between makes a success late that
    // is kept all the same.
    let is_counted_success = outcome == Outcome::Success && permit.is_counted();
    if let Some(pending) = permit.finish_deferred(End::Outcome(outcome), Fallback::None) {
        result = notify_with_error(pending, error_text, result);
    }
    stale.keep(is_counted_success, &result);
    result
}

/// [`finish_kept`], with the value that is kept instead of a failure, if there is one.
#[inline]
pub fn finish_stale<R, K, S: Handle>(
    permit: RawPermit<S>,
    outcome: Outcome,
    error_text: ErrorTextFn<R>,
    result: R,
    stale: Stale<R, K>,
) -> R {
    match finish_or_stale(permit, outcome, error_text, result, stale, Fallback::None) {
        Ended::Value(value) | Ended::Failed(value) => value,
        Ended::TimedOut(_) => unreachable!("there is a result"),
    }
}

/// [`finish_stale`] where else the fallback runs.
#[inline]
pub fn finish_any_stale<R, K, S: Handle>(
    permit: RawPermit<S>,
    outcome: Outcome,
    error_text: ErrorTextFn<R>,
    result: R,
    stale: Stale<R, K>,
) -> Ended<R> {
    finish_or_stale(permit, outcome, error_text, result, stale, Fallback::Runs)
}

#[inline]
fn finish_or_stale<R, K, S: Handle>(
    permit: RawPermit<S>,
    outcome: Outcome,
    error_text: ErrorTextFn<R>,
    result: R,
    stale: Stale<R, K>,
    fallback: Fallback,
) -> Ended<R> {
    let (_, failed) = answered(outcome);
    if failed == Fallback::None {
        return Ended::Value(finish_kept(permit, outcome, error_text, result, stale));
    }
    let after = permit.after();
    let mut result = result;
    if let Some(pending) = permit.finish_deferred(End::Outcome(outcome), Fallback::None) {
        result = notify_with_error(pending, error_text, result);
    }
    stale.instead(&after, fallback).map_or(Ended::Failed(result), Ended::Value)
}

/// The call took longer than `limit`: the value that is kept for it, or the error.
#[cold]
pub fn time_out_stale<R, K, S: Handle>(
    permit: RawPermit<S>,
    limit: Duration,
    late: Late<R>,
    stale: &Stale<R, K>,
) -> R {
    let after = permit.after();
    let error = timed::end(permit, limit, Fallback::None);
    stale.instead(&after, Fallback::None).unwrap_or_else(|| late(error))
}

/// [`time_out_stale`] where else the fallback runs.
#[cold]
pub fn time_out_any_stale<R, K, S: Handle>(
    permit: RawPermit<S>,
    limit: Duration,
    stale: &Stale<R, K>,
) -> Ended<R> {
    let after = permit.after();
    let error = timed::end(permit, limit, Fallback::None);
    stale.instead(&after, Fallback::Runs).map_or(Ended::TimedOut(error), Ended::Value)
}
