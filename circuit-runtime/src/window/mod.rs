//! The sliding windows: of calls and of time.

mod buckets;
pub(crate) mod pending;
mod ring;
pub(crate) mod sharded;

pub(crate) use buckets::{BUCKETS, slot};

use buckets::Buckets;
use ring::Ring;

use crate::config::Window;
use crate::primitives::clock::Nanos;

/// The contents of a window.
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

/// The latest outcomes, on which rates are judged.
#[derive(Debug, Clone)]
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

    /// Adds pending failures.
    pub(crate) fn add_failures(&mut self, failures: u32) {
        match self {
            SlidingWindow::Calls(ring) => {
                (0..failures).for_each(|_| ring.push(Sample { failure: true, slow: false }));
            }
            SlidingWindow::Time(buckets) => buckets.join(failures.into(), failures.into()),
        }
    }

    /// Adds pending successes.
    pub(crate) fn add_successes(&mut self, successes: u32) {
        match self {
            SlidingWindow::Calls(ring) => ring.add_successes(successes),
            SlidingWindow::Time(buckets) => buckets.join(successes.into(), 0),
        }
    }

    /// The totals without the successes that threads have counted in their shards.
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

    /// The totals.
    pub(crate) fn totals(&mut self, epoch: u32, env: &impl Env) -> WindowTotals {
        let mut totals = self.known(env);
        if let Some(span) = self.span() {
            let mut add = |_, more: u64| totals.calls = totals.calls.saturating_add(more);
            env.successes_elsewhere(epoch, span.reached, &mut add);
        }
        totals
    }

    /// The failures, as they were when somebody last looked: those that have become too old since are among them.
    pub(crate) fn failures_at_last_look(&self) -> u64 {
        self.at_last_look().failures
    }

    /// [`known`](SlidingWindow::known), as it was when somebody last looked.
    pub(crate) fn at_last_look(&self) -> WindowTotals {
        match self {
            SlidingWindow::Calls(ring) => ring.totals,
            SlidingWindow::Time(buckets) => buckets.total,
        }
    }

    /// The layout of a time window's buckets, once it is in use.
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

    /// What one more success that isn't slow has to write, while no rate is reached.
    ///
    /// It can't open the circuit if the window holds only successes. It can't either if it only
    /// slides a count window that can trip already, because it replaces an outcome that was no
    /// better; or if it enters the current bucket of a time window that can trip. (In the next bucket it
    /// could, because there time decides which outcomes leave.)
    pub(crate) fn on_success(&self, min_calls: u32) -> OnSuccess {
        match self {
            SlidingWindow::Calls(ring) if ring.is_fixed_point() => OnSuccess::Nothing,
            SlidingWindow::Calls(ring) if ring.totals.calls >= u64::from(min_calls) => {
                OnSuccess::Pend
            }
            SlidingWindow::Time(buckets) if buckets.holds_successes_only() => OnSuccess::Bucket,
            SlidingWindow::Time(buckets) if buckets.total.calls >= u64::from(min_calls) => {
                OnSuccess::Pend
            }
            SlidingWindow::Calls(_) | SlidingWindow::Time(_) => OnSuccess::Lock,
        }
    }

    /// Takes over the successes that threads have counted in their shards. `also`: another window of
    /// the same outcomes.
    pub(crate) fn gather(
        &mut self,
        epoch: u32,
        env: &impl Env,
        mut also: Option<&mut SlidingWindow>,
    ) {
        let SlidingWindow::Time(buckets) = self else { return };
        let now = buckets.now(env);
        let reached = buckets.turn(now);
        env.take_successes(epoch, reached, &mut |number, more| {
            buckets.gather(number, more);
            if let Some(SlidingWindow::Time(also)) = &mut also {
                also.turn(now);
                also.gather(number, more);
            }
        });
    }

    /// Begins anew with the buckets of another window, unless it has them already.
    pub(crate) fn begin_as(&mut self, other: &SlidingWindow) {
        if let (SlidingWindow::Time(buckets), SlidingWindow::Time(other)) = (self, other) {
            buckets.begin_as(other);
        }
    }

    /// Turns as far as another window with the same buckets, so that both keep the same ones at another size.
    pub(crate) fn turn_as(&mut self, other: &SlidingWindow) {
        if let (SlidingWindow::Time(buckets), SlidingWindow::Time(other)) = (self, other) {
            buckets.turn_as(other);
        }
    }

    /// Whether both hold outcomes of the same beginning.
    pub(crate) fn began_with(&self, other: &SlidingWindow) -> bool {
        let origin = |window: &SlidingWindow| window.span().map(|span| span.origin);
        origin(self) == origin(other)
    }

    /// A window of another size with the same outcomes; a window of the other kind starts empty.
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

/// What a success has to write in a closed circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSuccess {
    /// Nothing.
    Nothing,
    /// It is noted, and can't open the circuit: it ends a run, slides a count window by one, or enters the current
    /// bucket of a time window.
    Pend,
    /// It is one more in the time window, and can't open the circuit.
    Bucket,
    /// It must be judged.
    Lock,
}

/// What the pure code needs from outside: time, randomness, successes that threads have counted,
/// and whether calls wait.
pub(crate) trait Env {
    fn now(&self) -> Nanos;
    /// A cheaper clock that lags behind by some milliseconds.
    fn coarse(&self) -> Nanos;
    /// A random number from [0, 1).
    fn roll(&self) -> f64;
    /// Reads the clock again.
    fn now_again(&self) -> Nanos;
    /// Calls `each` with the successes of this period that threads have counted in their shards:
    /// the number of the bucket, and how many.
    fn successes_elsewhere(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64));
    /// [`Env::successes_elsewhere`], and removes them: each is given once.
    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64));
    /// Discards the successes that threads have counted.
    fn forget_successes(&self);
    /// Whether calls wait for a place of the bulkhead.
    fn calls_wait(&self) -> bool;
}

/// The layout of a time window's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) origin: Nanos,
    pub(crate) width: Nanos,
    /// The number of the current bucket.
    pub(crate) reached: u64,
}
