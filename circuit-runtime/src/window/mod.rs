//! The two sliding windows that rates are taken over.

mod buckets;
pub(crate) mod pending;
mod ring;
pub(crate) mod sharded;

pub(crate) use buckets::{BUCKETS, COARSE_FROM, slot};

use buckets::Buckets;
use ring::Ring;

use crate::config::Window;
use crate::primitives::clock::Nanos;

/// What stands in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WindowTotals {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

/// One outcome as a window sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) failure: bool,
    pub(crate) slow: bool,
}

impl WindowTotals {
    fn add(&mut self, sample: Sample) {
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(sample.failure.into());
        self.slow = self.slow.saturating_add(sample.slow.into());
    }

    pub(crate) fn join(&mut self, other: WindowTotals) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failures = self.failures.saturating_add(other.failures);
        self.slow = self.slow.saturating_add(other.slow);
    }

    fn subtract(&mut self, other: WindowTotals) {
        self.calls = self.calls.saturating_sub(other.calls);
        self.failures = self.failures.saturating_sub(other.failures);
        self.slow = self.slow.saturating_sub(other.slow);
    }
}

/// The outcomes that the rates are judged on.
#[derive(Debug)]
pub(crate) enum SlidingWindow {
    Calls(Ring),
    Time(Buckets),
}

impl SlidingWindow {
    pub(crate) const fn new(window: Window) -> Self {
        match window {
            Window::Calls(size) => SlidingWindow::Calls(Ring::new(size)),
            Window::Time(length) => SlidingWindow::Time(Buckets::new(length)),
        }
    }

    pub(crate) fn push(&mut self, sample: Sample, env: &impl Env) {
        match self {
            SlidingWindow::Calls(ring) => ring.push(sample),
            SlidingWindow::Time(buckets) => {
                let now = buckets.now(env);
                buckets.push(sample, now);
            }
        }
    }

    /// Successes that have come since, and were only counted.
    pub(crate) fn slide(&mut self, successes: u32) {
        if let SlidingWindow::Calls(ring) = self {
            ring.slide(successes);
        }
    }

    /// What is known here: all, but for successes of a time window that were counted elsewhere.
    pub(crate) fn known(&mut self, env: &impl Env) -> WindowTotals {
        match self {
            SlidingWindow::Calls(ring) => ring.totals,
            SlidingWindow::Time(buckets) => {
                let now = buckets.now(env);
                buckets.turn(now);
                buckets.total
            }
        }
    }

    /// Everything that counts now.
    pub(crate) fn totals(&mut self, epoch: u32, env: &impl Env) -> WindowTotals {
        let mut totals = self.known(env);
        if let Some(span) = self.span() {
            let mut add = |_, more: u64| totals.calls = totals.calls.saturating_add(more);
            env.successes_elsewhere(epoch, span.reached, &mut add);
        }
        totals
    }

    /// Where the buckets of a time window are, once it is in use.
    pub(crate) fn span(&self) -> Option<Span> {
        match self {
            SlidingWindow::Calls(_) => None,
            SlidingWindow::Time(buckets) => {
                let (origin, reached) = buckets.current?;
                Some(Span { origin, width: buckets.width, reached })
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            SlidingWindow::Calls(ring) => ring.clear(),
            SlidingWindow::Time(buckets) => buckets.clear(),
        }
    }

    /// What one more success that isn't slow does to a window that no rate trips on.
    ///
    /// It can't open the circuit where the window holds nothing but successes, and not by sliding
    /// either: it takes the place of an outcome that was no better. A time window is another
    /// matter, because what leaves it is decided by time.
    pub(crate) fn on_success(&self, min_calls: u32) -> OnSuccess {
        match self {
            SlidingWindow::Calls(ring) if ring.is_fixed_point() => OnSuccess::Nothing,
            SlidingWindow::Calls(ring) if ring.totals.calls >= u64::from(min_calls) => {
                OnSuccess::Slide
            }
            SlidingWindow::Time(buckets) if buckets.holds_successes_only() => OnSuccess::Bucket,
            SlidingWindow::Calls(_) | SlidingWindow::Time(_) => OnSuccess::Lock,
        }
    }

    /// Takes over the successes that threads have counted for themselves.
    pub(crate) fn gather(&mut self, epoch: u32, env: &impl Env) {
        if let SlidingWindow::Time(buckets) = self {
            let now = buckets.now(env);
            let reached = buckets.turn(now);
            env.take_successes(epoch, reached, &mut |number, more| buckets.gather(number, more));
        }
    }

    /// The same outcomes in a window of another size; a window of the other kind starts empty.
    pub(crate) fn resized(&mut self, window: Window, env: &impl Env) -> Self {
        match (self, window) {
            (SlidingWindow::Calls(ring), Window::Calls(size)) => {
                SlidingWindow::Calls(ring.resized(size))
            }
            (SlidingWindow::Time(buckets), Window::Time(length)) => {
                let now = buckets.now(env);
                SlidingWindow::Time(buckets.resized(length, now))
            }
            (_, other) => SlidingWindow::new(other),
        }
    }
}

/// How much a success has to write in a closed circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSuccess {
    /// Nothing.
    Nothing,
    /// It moves the count window by one, and can't open the circuit.
    Slide,
    /// It is one more in the time window, and can't open the circuit.
    Bucket,
    /// It must be judged.
    Lock,
}

/// What the pure parts ask for from outside: time, chance, and successes that threads counted.
pub(crate) trait Env {
    fn now(&self) -> Nanos;
    /// A cheaper clock, a few milliseconds behind.
    fn coarse(&self) -> Nanos;
    /// A draw from [0, 1).
    fn roll(&self) -> f64;
    /// What the clock shows now, even if it has been read before.
    fn now_again(&self) -> Nanos;
    /// Gives the successes of this period that threads have counted for themselves: the number of
    /// the bucket and how many.
    fn successes_elsewhere(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64));
    /// The same, for somebody who takes them over: they are given once.
    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64));
    /// What threads have counted for themselves is gone.
    fn forget_successes(&self);
}

/// Where the buckets of a time window are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) origin: Nanos,
    pub(crate) width: Nanos,
    /// The number of the current bucket.
    pub(crate) reached: u64,
}
