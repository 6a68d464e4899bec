//! The primitives that the model checker replaces, and the one way to lock.

pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

/// Locks, and takes what a panicking holder left behind.
///
/// No user code ever runs under a lock of this crate, so nothing half-done can be found there; a
/// poisoned lock must not turn into a second panic in somebody's service.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
