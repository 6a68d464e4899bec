//! Which circuits' calls run on this thread, each within the one before it.
//!
//! Only for circuits that several functions share: those call each other, and one within the other
//! is one call to the service. The outer one would take a half-open circuit's only place, and the
//! inner one be rejected: the circuit would never close.

use std::cell::Cell;

/// How many different circuits within each other are known. A circuit beyond that is not seen to
/// run, and calls within its call are calls of their own.
const DEPTH: usize = 16;

struct CallStack {
    depth: Cell<usize>,
    circuits: [Cell<usize>; DEPTH],
}

thread_local! {
    static RUNNING: CallStack =
        const { CallStack { depth: Cell::new(0), circuits: [const { Cell::new(0) }; DEPTH] } };
}

impl CallStack {
    fn contains(&self, circuit: usize) -> bool {
        self.circuits.iter().take(self.depth.get()).any(|running| running.get() == circuit)
    }
}

/// Whether a call of this circuit runs on this thread.
#[inline]
pub(crate) fn contains(circuit: usize) -> bool {
    RUNNING.with(|running| running.contains(circuit))
}

/// A call's own code begins to run on this thread; it ends when the frame is dropped.
#[inline]
pub(crate) fn push(circuit: usize) -> Frame {
    RUNNING.with(|running| {
        let below = running.depth.get();
        // Once: a recursion has as many calls as it likes.
        if !running.contains(circuit) {
            if let Some(place) = running.circuits.get(below) {
                place.set(circuit);
                running.depth.set(below + 1);
            }
        }
        Frame { below }
    })
}

/// Part of a call, from where its own code begins to run until it returns, panics or waits.
#[derive(Debug)]
#[must_use = "dropped at once, nothing runs within it"]
pub struct Frame {
    /// How many circuits' calls ran before.
    below: usize,
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        RUNNING.with(|running| running.depth.set(self.below));
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, contains, push};

    #[test]
    fn a_circuit_is_there_until_its_first_frame_ends() {
        assert!(!contains(1));
        {
            let _one = push(1);
            {
                let _two = push(2);
                let _again = push(1);
                assert!(contains(1) && contains(2));
            }
            assert!(contains(1) && !contains(2));
        }
        assert!(!contains(1));
    }

    #[test]
    fn what_is_too_deep_is_not_seen_and_hides_nothing() {
        let frames: Vec<_> = (1..=DEPTH + 3).map(push).collect();
        assert!(contains(1) && contains(DEPTH) && !contains(DEPTH + 1));
        // From the youngest to the oldest, as scopes end.
        frames.into_iter().rev().for_each(drop);
        assert!(!contains(1));
        let _next = push(7);
        assert!(contains(7) && !contains(1));
    }
}
