//! A thread as something that can be woken: it parks, and its waker unparks it.

use std::sync::Arc;
use std::task::{Wake, Waker};

#[cfg(circuit_loom)]
use loom::thread;
#[cfg(not(circuit_loom))]
use std::thread;

use super::clock::{NEVER, Nanos};

struct Parked(thread::Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A waker that unparks this thread.
pub(crate) fn waker() -> Waker {
    Arc::new(Parked(thread::current())).into()
}

/// Parks this thread until it is woken, at most for so long; it may come back for nothing. A
/// waker that was called before makes it come back at once.
pub(crate) fn park(longest: Nanos) {
    #[cfg(not(circuit_loom))]
    if longest != NEVER {
        return thread::park_timeout(std::time::Duration::from_nanos(longest));
    }
    // The model checker has no time.
    #[cfg(circuit_loom)]
    let _ = (longest, NEVER);
    thread::park();
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_waker_brings_the_thread_back_also_if_it_was_called_before() {
        let mine = waker();
        mine.wake_by_ref();
        park(NEVER);
        let theirs = std::thread::spawn(move || mine.wake());
        park(NEVER);
        theirs.join().unwrap();
    }

    #[test]
    fn a_thread_that_nobody_wakes_comes_back_by_itself() {
        park(1);
    }
}
