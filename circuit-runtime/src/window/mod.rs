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
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
}

/// One outcome as a window sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) failure: bool,
    pub(crate) slow: bool,
}

impl Figures {
    fn add(&mut self, mark: Mark) {
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(mark.failure.into());
        self.slow = self.slow.saturating_add(mark.slow.into());
    }

    pub(crate) fn join(&mut self, other: Figures) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failures = self.failures.saturating_add(other.failures);
        self.slow = self.slow.saturating_add(other.slow);
    }

    fn subtract(&mut self, other: Figures) {
        self.calls = self.calls.saturating_sub(other.calls);
        self.failures = self.failures.saturating_sub(other.failures);
        self.slow = self.slow.saturating_sub(other.slow);
    }
}

/// The outcomes that the rates are judged on.
#[derive(Debug)]
pub(crate) enum Outcomes {
    Calls(Ring),
    Time(Buckets),
}

impl Outcomes {
    pub(crate) const fn new(window: Window) -> Self {
        match window {
            Window::Calls(size) => Outcomes::Calls(Ring::new(size)),
            Window::Time(length) => Outcomes::Time(Buckets::new(length)),
        }
    }

    pub(crate) fn push(&mut self, mark: Mark, world: &impl World) {
        match self {
            Outcomes::Calls(ring) => ring.push(mark),
            Outcomes::Time(buckets) => {
                let now = buckets.now(world);
                buckets.push(mark, now);
            }
        }
    }

    /// Successes that have come since, and were only counted.
    pub(crate) fn slide(&mut self, successes: u32) {
        if let Outcomes::Calls(ring) = self {
            ring.slide(successes);
        }
    }

    /// What is known here: all, but for successes of a time window that were counted elsewhere.
    pub(crate) fn known(&mut self, world: &impl World) -> Figures {
        match self {
            Outcomes::Calls(ring) => ring.figures,
            Outcomes::Time(buckets) => {
                let now = buckets.now(world);
                buckets.turn(now);
                buckets.total
            }
        }
    }

    /// Everything that counts now.
    pub(crate) fn figures(&mut self, epoch: u32, world: &impl World) -> Figures {
        let mut figures = self.known(world);
        if let Some(span) = self.span() {
            let mut add = |_, more: u64| figures.calls = figures.calls.saturating_add(more);
            world.successes_elsewhere(epoch, span.reached, &mut add);
        }
        figures
    }

    /// Where the buckets of a time window are, once it is in use.
    pub(crate) fn span(&self) -> Option<Span> {
        match self {
            Outcomes::Calls(_) => None,
            Outcomes::Time(buckets) => {
                let (origin, reached) = buckets.current?;
                Some(Span { origin, width: buckets.width, reached })
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Outcomes::Calls(ring) => ring.clear(),
            Outcomes::Time(buckets) => buckets.clear(),
        }
    }

    /// What one more success that isn't slow does to a window that no rate trips on.
    ///
    /// It can't open the circuit where the window holds nothing but successes, and not by sliding
    /// either: it takes the place of an outcome that was no better. A time window is another
    /// matter, because what leaves it is decided by time.
    pub(crate) fn ease(&self, min_calls: u32) -> Ease {
        match self {
            Outcomes::Calls(ring) if ring.is_fixed_point() => Ease::Calm,
            Outcomes::Calls(ring) if ring.figures.calls >= u64::from(min_calls) => Ease::Slides,
            Outcomes::Time(buckets) if buckets.holds_successes_only() => Ease::Counts,
            Outcomes::Calls(_) | Outcomes::Time(_) => Ease::Stirred,
        }
    }

    /// Takes over the successes that threads have counted for themselves.
    pub(crate) fn gather(&mut self, epoch: u32, world: &impl World) {
        if let Outcomes::Time(buckets) = self {
            let now = buckets.now(world);
            let reached = buckets.turn(now);
            world.take_successes(epoch, reached, &mut |number, more| buckets.gather(number, more));
        }
    }

    /// The same outcomes in a window of another size; a window of the other kind starts empty.
    pub(crate) fn resized(&mut self, window: Window, world: &impl World) -> Self {
        match (self, window) {
            (Outcomes::Calls(ring), Window::Calls(size)) => Outcomes::Calls(ring.resized(size)),
            (Outcomes::Time(buckets), Window::Time(length)) => {
                let now = buckets.now(world);
                Outcomes::Time(buckets.resized(length, now))
            }
            (_, other) => Outcomes::new(other),
        }
    }
}

/// How much a success has to write in a closed circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ease {
    /// Nothing.
    Calm,
    /// It moves the count window by one, and can't open the circuit.
    Slides,
    /// It is one more in the time window, and can't open the circuit.
    Counts,
    /// It must be judged.
    Stirred,
}

/// What the pure parts ask of the world around them.
pub(crate) trait World {
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
