//! The circuits whose calls run on this thread, each within the one before it.
//!
//! Only for circuits that functions share: these may call each other, and nested calls are one call
//! to the service. Otherwise the outer call would be the only probe of a half-open circuit, the
//! inner one would be rejected, and the circuit would never close.

use std::cell::Cell;

use crate::circuit::Published;

/// The most different circuits nested in each other. A circuit beyond that isn't noticed, and calls
/// within its call are calls of their own.
const DEPTH: usize = 16;

/// A circuit, told from all that there have been: where it is, and which of the keys so far it serves
/// there (0 without a key).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Circuit {
    address: usize,
    stamp: u64,
}

impl Circuit {
    #[inline]
    pub(crate) fn of(published: &Published, stamp: u64) -> Self {
        Circuit { address: published.address(), stamp }
    }
}

struct CallStack {
    depth: Cell<usize>,
    circuits: [Cell<Circuit>; DEPTH],
}

thread_local! {
    static RUNNING: CallStack = const {
        let circuits = [const { Cell::new(Circuit { address: 0, stamp: 0 }) }; DEPTH];
        CallStack { depth: Cell::new(0), circuits }
    };
}

impl CallStack {
    fn contains(&self, circuit: Circuit) -> bool {
        self.circuits.iter().take(self.depth.get()).any(|running| running.get() == circuit)
    }
}

/// Whether no call of a shared circuit runs on this thread.
#[inline]
pub(crate) fn is_empty() -> bool {
    RUNNING.with(|running| running.depth.get() == 0)
}

/// Whether a call of this circuit runs on this thread.
#[inline]
pub(crate) fn contains(circuit: Circuit) -> bool {
    RUNNING.with(|running| running.contains(circuit))
}

/// Notes that a call's own code runs on this thread, until the frame is dropped.
#[inline]
pub(crate) fn push(circuit: Circuit) -> Frame {
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
    use super::{Circuit, DEPTH, Frame, is_empty};

    fn circuit(address: usize) -> Circuit {
        Circuit { address, stamp: 0 }
    }

    fn contains(address: usize) -> bool {
        super::contains(circuit(address))
    }

    fn push(address: usize) -> Frame {
        super::push(circuit(address))
    }

    #[test]
    fn a_circuit_is_there_until_its_first_frame_ends() {
        assert!(!contains(1) && is_empty());
        {
            let _one = push(1);
            assert!(!is_empty());
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
    fn the_circuit_of_another_key_is_another_in_the_same_place() {
        let _one = super::push(Circuit { address: 1, stamp: 2 });
        assert!(super::contains(Circuit { address: 1, stamp: 2 }));
        assert!(!super::contains(Circuit { address: 1, stamp: 4 }));
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
