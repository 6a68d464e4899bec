//! Tasks that wait until a circuit may admit calls again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::foreign::contained;
use crate::primitives::sync::unpoisoned;

/// The waiting tasks.
#[derive(Debug)]
pub(crate) struct Waiters(Mutex<Vec<(WaiterId, Waker)>>);

/// Identifies a waiting task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterId(u64);

impl WaiterId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: all that matters is that the numbers differ.
        WaiterId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters(Mutex::new(Vec::new()))
    }

    /// Registers a waker, in the place of an earlier one of this id. Look at the circuit
    /// afterwards: what happened before this call wakes nobody.
    pub(crate) fn wait(&self, id: WaiterId, waker: &Waker) {
        // Cloned and dropped without the lock: wakers run the executor's code.
        let waker = waker.clone();
        let mut waiters = unpoisoned(self.0.lock());
        let index = waiters.iter().position(|(waiter, _)| *waiter == id);
        let earlier = index.map(|index| waiters.swap_remove(index));
        waiters.push((id, waker));
        drop(waiters);
        drop(earlier);
    }

    /// Removes a waker.
    pub(crate) fn leave(&self, id: WaiterId) {
        let mut waiters = unpoisoned(self.0.lock());
        let index = waiters.iter().position(|(waiter, _)| *waiter == id);
        let removed = index.map(|index| waiters.swap_remove(index));
        drop(waiters);
        drop(removed);
    }

    /// Wakes all; each of them asks the circuit again.
    pub(crate) fn wake(&self) {
        let woken = std::mem::take(&mut *unpoisoned(self.0.lock()));
        for (_, waker) in woken {
            // A waker runs the executor's code, on a call that has nothing to do with it.
            contained(|| waker.wake());
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        unpoisoned(self.0.lock()).len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_waits_is_woken_once_and_whoever_left_is_not() {
        let waiters = Waiters::new();
        let (stays, leaves) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let [first, second] = [(); 2].map(|()| WaiterId::new());
        for _ in 0..3 {
            waiters.wait(first, &Arc::clone(&stays).into());
            waiters.wait(second, &Arc::clone(&leaves).into());
        }
        assert_eq!(waiters.len(), 2);
        waiters.leave(second);
        waiters.wake();
        waiters.wake();
        let woken = [stays, leaves].map(|woken| woken.0.load(Ordering::Relaxed));
        assert_eq!((woken, waiters.len()), ([1, 0], 0));
    }
}
