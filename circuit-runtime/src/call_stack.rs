//! The circuits whose calls run on this thread, each within the one before it.
//!
//! Only for circuits that functions share: these may call each other, and nested calls are one call
//! to the service. Otherwise the outer call would be the only probe of a half-open circuit, the
//! inner one would be rejected, and the circuit would never close.

use std::cell::Cell;

/// The most different circuits nested in each other. A circuit beyond that isn't noticed, and calls
/// within its call are calls of their own.
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

/// Notes that a call's own code runs on this thread, until the frame is dropped.
#[inline]
pub(crate) fn push(circuit: usize) -> Frame {
    RUNNING.with(|running| {
        let below = running.depth.get();
        // Each circuit once, so that a recursion doesn't fill the stack.
        if !running.contains(circuit) {
            if let Some(place) = running.circuits.get(below) {
                place.set(circuit);
                running.depth.set(below + 1);
            }
        }
        Frame { below }
    })
}

/// A stretch of a call: from where its own code starts to run until it returns, panics or waits.
#[derive(Debug)]
#[must_use = "a frame that is dropped at once has nothing within it"]
pub struct Frame {
    /// How many circuits were noted before.
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
