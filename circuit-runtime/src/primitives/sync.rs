//! The primitives that the model checker replaces, and the one way to take a lock.

use std::sync::{LockResult, PoisonError};

#[cfg(not(circuit_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
};

#[cfg(circuit_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
};

/// Marks the branch that calls it as unlikely, so that the compiler lays it out of the way: falling
/// through is cheaper than jumping. The branch has to be in the same function.
#[cold]
#[inline]
pub(crate) fn cold_path() {}

/// What a lock guards, even if a holder panicked.
///
/// No user code ever runs under a lock of this crate, so nothing half-done can be found there; a
/// poisoned lock must not turn into a second panic in somebody's service.
pub(crate) fn unpoisoned<G>(guard: LockResult<G>) -> G {
    guard.unwrap_or_else(PoisonError::into_inner)
}

/// A `const fn`, but for the model checker, whose primitives can't be made in a constant.
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($args:tt)*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[cfg(not(circuit_loom))]
        $vis const fn $name($($args)*) -> $ret $body

        $(#[$meta])*
        #[cfg(circuit_loom)]
        $vis fn $name($($args)*) -> $ret $body
    };
}
pub(crate) use const_fn;
