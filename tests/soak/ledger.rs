//! What was done, beside what the circuits counted and reported.

use std::sync::atomic::{AtomicU64, Ordering};

use circuit_runtime::{CircuitBreaker, Snapshot, find};

use crate::circuits::{FLAPPING, OPERATED, STEADY, crash};

/// What one thread, or all together, did to one circuit.
#[derive(Default, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) asked: u64,
    pub(crate) rejected: u64,
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) ignored: u64,
    pub(crate) panicked: u64,
    /// Of those that were rejected, how many were given a value that was kept.
    pub(crate) stale: u64,
}

#[derive(Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) flapping: Done,
    pub(crate) operated: Done,
    pub(crate) steady: Done,
    pub(crate) keyed: Done,
    pub(crate) prices: Done,
}

impl Tally {
    pub(crate) fn add(&mut self, more: Tally) {
        self.flapping.add(more.flapping);
        self.operated.add(more.operated);
        self.steady.add(more.steady);
        self.keyed.add(more.keyed);
        self.prices.add(more.prices);
    }
}

impl Done {
    pub(crate) fn add(&mut self, more: Done) {
        self.asked += more.asked;
        self.rejected += more.rejected;
        self.successes += more.successes;
        self.failures += more.failures;
        self.ignored += more.ignored;
        self.panicked += more.panicked;
        self.stale += more.stale;
    }
}

/// The transitions that the listeners of one circuit have heard of.
#[derive(Default)]
pub(crate) struct Heard {
    count: AtomicU64,
    numbers: AtomicU64,
}

impl Heard {
    pub(crate) fn listen(breaker: &CircuitBreaker) -> &'static Heard {
        let heard: &'static Heard = Box::leak(Box::default());
        breaker.on_transition(|transition| {
            if transition.number % 7 == 0 {
                crash();
            }
        });
        breaker.on_transition(move |transition| {
            heard.count.fetch_add(1, Ordering::Relaxed);
            heard.numbers.fetch_add(transition.number, Ordering::Relaxed);
        });
        heard
    }

    pub(crate) fn is_complete(&self, seen: &Snapshot) {
        assert_eq!(seen.transitions, self.count.load(Ordering::Relaxed), "{seen}");
    }

    /// Each number from 1 once.
    pub(crate) fn is_in_sequence(&self, seen: &Snapshot) {
        let last = seen.transitions;
        assert_eq!(last * (last + 1) / 2, self.numbers.load(Ordering::Relaxed), "{seen}");
    }
}

/// Every call that was made is in one counter; one whose circuit went to another key is in two, so
/// that it may be missing among the late ones. One that has stalled is late, too, when it ends.
fn adds_up(done: &Done, seen: &Snapshot, cancelled_fail: bool) {
    let cancelled = if cancelled_fail { 0 } else { seen.cancelled };
    let counted = seen.successes
        + seen.failures
        + seen.ignored
        + cancelled
        + seen.rejected
        + seen.unprotected;
    let late = done.asked.checked_sub(counted);
    let moved = late.and_then(|late| seen.late.checked_sub(late));
    assert!(
        moved.is_some_and(|moved| moved <= seen.unprotected + seen.stalled),
        "{} asked: {seen}",
        done.asked
    );
    assert!(seen.successes <= done.asked && seen.panicked <= done.panicked, "{seen}");
}

pub(crate) fn check(tally: &Tally) {
    let flapping = FLAPPING.snapshot();
    adds_up(&tally.flapping, &flapping, false);

    adds_up(&tally.operated, &OPERATED.snapshot(), true);

    let steady = STEADY.snapshot();
    adds_up(&tally.steady, &steady, false);
    let Done { asked: _, rejected, successes, failures, ignored, panicked, stale: _ } =
        tally.steady;
    assert_eq!(
        (rejected, successes, failures + panicked, ignored, panicked),
        (steady.rejected, steady.successes, steady.failures, steady.ignored, steady.panicked)
    );
    assert_eq!((0, 0, 0), (steady.late, steady.cancelled, steady.transitions));

    let keyed = find("soak: keys").map(CircuitBreaker::snapshot).expect("was called");
    adds_up(&tally.keyed, &keyed, false);
    assert_eq!(tally.keyed.rejected, keyed.fallbacks);
    // A probe whose ping has stalled is late, and answered by the fallback, too.
    let late_pings = keyed.fallbacks.checked_sub(keyed.rejected);
    assert!(late_pings.is_some_and(|late| late <= keyed.late), "{keyed}");

    let prices = find("soak: prices").map(CircuitBreaker::snapshot).expect("was called");
    adds_up(&tally.prices, &prices, false);
    assert_eq!(
        (tally.prices.rejected, tally.prices.stale),
        (prices.rejected, prices.stale),
        "{prices}"
    );
    assert!(prices.stale > 0, "no value that was kept has answered: {prices}");
}
