//! The synchronization types that the model checker replaces, and the one way to take a lock.

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

/// Marks the branch that calls it as unlikely, so that the compiler moves that branch out of the
/// straight line of code. Only works for a branch in the same function. (std has the same under the
/// same name, on nightly.)
#[cold]
#[inline]
pub(crate) fn cold_path() {}

/// Takes a lock even if an earlier holder panicked.
///
/// No user code runs under a lock of this crate that guards data, so nothing can be left half-done there, and a
/// poisoned lock must not cause a second panic in somebody's service.
pub(crate) fn unpoisoned<G>(guard: LockResult<G>) -> G {
    guard.unwrap_or_else(PoisonError::into_inner)
}

/// A `const fn`, except under the model checker, whose types can't be made in a constant.
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $name:ident$(<$generic:ident>)?($($args:tt)*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[cfg(not(circuit_loom))]
        $vis const fn $name$(<$generic>)?($($args)*) -> $ret $body

        $(#[$meta])*
        #[cfg(circuit_loom)]
        $vis fn $name$(<$generic>)?($($args)*) -> $ret $body
    };
}
pub(crate) use const_fn;

/// A value that a `const fn` has ready: it is made once, not for each static anew. The model checker's
/// primitives can't be made in a constant.
#[cfg(not(circuit_loom))]
macro_rules! constant {
    ($value:expr) => {
        const { $value }
    };
}
#[cfg(circuit_loom)]
macro_rules! constant {
    ($value:expr) => {
        $value
    };
}
pub(crate) use constant;

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_taken_though_its_last_holder_panicked() {
        let mutex = Mutex::new(1);
        let holder = std::thread::scope(|scope| {
            let panics = || {
                let mut lock = unpoisoned(mutex.lock());
                *lock = 2;
                panic!("while it holds the lock");
            };
            scope.spawn(panics).join()
        });
        assert!(holder.is_err() && mutex.is_poisoned());
        assert_eq!(*unpoisoned(mutex.lock()), 2);
    }
}
