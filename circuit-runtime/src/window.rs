//! The two sliding windows that rates are taken over.

use std::time::Duration;

use crate::clock::{LAG, Nanos, nanos};
use crate::config::Window;

/// What stands in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figures {
    pub(crate) calls: u32,
    pub(crate) failures: u32,
    pub(crate) slow: u32,
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

    fn join(&mut self, other: Figures) {
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
            Outcomes::Time(buckets) => buckets.push(mark, buckets.now(world)),
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
                buckets.turn(buckets.now(world));
                buckets.total
            }
        }
    }

    /// Everything that counts now.
    pub(crate) fn figures(&mut self, epoch: u32, world: &impl World) -> Figures {
        let mut figures = self.known(world);
        if let Some(span) = self.span() {
            let mut add = |_, more: u32| figures.calls = figures.calls.saturating_add(more);
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
    /// It can't open the circuit where the window holds nothing but successes, and not by sliding either: it takes the
    /// place of an outcome that was no better. A time window is another matter, because what leaves it is decided by
    /// time.
    pub(crate) fn ease(&self, min_calls: u32) -> Ease {
        match self {
            Outcomes::Calls(ring) if ring.is_fixed_point() => Ease::Calm,
            Outcomes::Calls(ring) if ring.figures.calls >= min_calls => Ease::Slides,
            Outcomes::Time(buckets) if buckets.holds_successes_only() => Ease::Counts,
            Outcomes::Calls(_) | Outcomes::Time(_) => Ease::Stirred,
        }
    }

    /// Takes over the successes that threads have counted for themselves.
    pub(crate) fn gather(&mut self, epoch: u32, world: &impl World) {
        if let Outcomes::Time(buckets) = self {
            let reached = buckets.turn(buckets.now(world));
            world.take_successes(epoch, reached, &mut |number, more| buckets.gather(number, more));
        }
    }

    /// The same outcomes in a window of another size; a window of the other kind starts empty.
    pub(crate) fn resized(&mut self, window: Window, world: &impl World) -> Self {
        match (self, window) {
            (Outcomes::Calls(ring), Window::Calls(size)) => Outcomes::Calls(ring.resized(size)),
            (Outcomes::Time(buckets), Window::Time(length)) => {
                Outcomes::Time(buckets.resized(length, buckets.now(world)))
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
    /// Gives the successes of this period that threads have counted for themselves: the bucket's number (its lower 32
    /// bits) and how many.
    fn successes_elsewhere(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u32));
    /// The same, for somebody who takes them over: they are given once.
    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u32));
}

/// Where the buckets of a time window are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) origin: Nanos,
    pub(crate) width: Nanos,
    /// The number of the current bucket.
    pub(crate) reached: u64,
}

/// Outcomes in one word of a ring, two bits each: the lower one for a failure, the upper for slow.
const MARKS_PER_WORD: usize = 32;
const FAILURES: u64 = 0x5555_5555_5555_5555;

/// The last N outcomes, exactly: two bits each, allocated when the first one comes.
#[derive(Debug)]
pub(crate) struct Ring {
    size: usize,
    /// Where the next outcome goes, which is where the oldest stands once the ring is full. Places
    /// that have held none are clear, like a success.
    next: usize,
    figures: Figures,
    words: Vec<u64>,
}

impl Ring {
    const fn new(size: u32) -> Self {
        let figures = Figures { calls: 0, failures: 0, slow: 0 };
        Ring { size: size as usize, next: 0, figures, words: Vec::new() }
    }

    fn is_fixed_point(&self) -> bool {
        let Figures { calls, failures, slow } = self.figures;
        calls as usize == self.size && failures == 0 && slow == 0
    }

    fn push(&mut self, mark: Mark) {
        self.slide(1);
        let last = self.next.checked_sub(1).unwrap_or(self.size - 1);
        let bits = u64::from(mark.failure) | u64::from(mark.slow) << 1;
        self.words[last / MARKS_PER_WORD] |= bits << (last % MARKS_PER_WORD * 2);
        self.figures.failures += u32::from(mark.failure);
        self.figures.slow += u32::from(mark.slow);
    }

    /// So many successes, over the oldest outcomes: what they cover is counted out by the word.
    fn slide(&mut self, successes: u32) {
        if self.words.is_empty() {
            self.words = vec![0; self.size.div_ceil(MARKS_PER_WORD)];
        }
        let mut left = (successes as usize).min(self.size);
        self.figures.calls =
            u32::try_from((self.figures.calls as usize + left).min(self.size)).unwrap_or(u32::MAX);
        while left > 0 {
            let (word, offset) = (self.next / MARKS_PER_WORD, self.next % MARKS_PER_WORD);
            let marks = left.min(MARKS_PER_WORD - offset).min(self.size - self.next);
            let covered = u64::MAX >> (64 - 2 * marks) << (2 * offset);
            let gone = self.words[word] & covered;
            self.figures.failures -= (gone & FAILURES).count_ones();
            self.figures.slow -= (gone & !FAILURES).count_ones();
            self.words[word] &= !covered;
            self.next = if self.next + marks == self.size { 0 } else { self.next + marks };
            left -= marks;
        }
    }

    fn clear(&mut self) {
        self.next = 0;
        self.figures = Figures::default();
        self.words.fill(0);
    }

    fn resized(&self, size: u32) -> Self {
        let mut other = Ring::new(size);
        let held = self.figures.calls as usize;
        for age in (1..=held).rev() {
            let index = (self.next + self.size - age) % self.size;
            let bits = self.words[index / MARKS_PER_WORD] >> (index % MARKS_PER_WORD * 2);
            other.push(Mark { failure: bits & 0b01 != 0, slow: bits & 0b10 != 0 });
        }
        other
    }
}

/// How many buckets a time window has; its documented granularity.
pub(crate) const BUCKETS: usize = 10;

/// From this width of a bucket on, the coarse clock decides which one an outcome falls into.
pub(crate) const COARSE_FROM: Nanos = 50 * LAG;

/// The outcomes of the last D of time, in ten buckets of D / 10.
///
/// The current bucket is part of the window, so an outcome counts for between 0.9 D and D.
#[derive(Debug)]
pub(crate) struct Buckets {
    width: Nanos,
    /// When the first bucket began, and the number of the current one; nothing before the first
    /// outcome.
    current: Option<(Nanos, u64)>,
    buckets: [Figures; BUCKETS],
    total: Figures,
}

impl Buckets {
    const fn new(length: Duration) -> Self {
        let width = nanos(length) / BUCKETS as u64;
        let empty = Figures { calls: 0, failures: 0, slow: 0 };
        Buckets {
            width: if width == 0 { 1 } else { width },
            current: None,
            buckets: [empty; BUCKETS],
            total: empty,
        }
    }

    fn push(&mut self, mark: Mark, now: Nanos) {
        let number = match self.current {
            None => {
                self.current = Some((now, 0));
                0
            }
            Some(_) => self.turn(now),
        };
        self.buckets[slot(number)].add(mark);
        self.total.add(mark);
    }

    /// The clock of this window: one clock for all that it does.
    fn now(&self, world: &impl World) -> Nanos {
        if self.width >= COARSE_FROM { world.coarse() } else { world.now() }
    }

    fn holds_successes_only(&self) -> bool {
        self.current.is_some() && self.total.failures == 0 && self.total.slow == 0
    }

    /// Takes in successes that were counted elsewhere.
    fn gather(&mut self, number: u64, successes: u32) {
        let more = Figures { calls: successes, ..Figures::default() };
        self.buckets[slot(number)].join(more);
        self.total.join(more);
    }

    fn clear(&mut self) {
        self.current = None;
        self.buckets = [Figures::default(); BUCKETS];
        self.total = Figures::default();
    }

    /// Empties every bucket that time has passed by, gaps included, and gives the number of the
    /// current one. A reading of the clock that another thread has overtaken belongs to the
    /// current bucket.
    fn turn(&mut self, now: Nanos) -> u64 {
        let Some((origin, number)) = self.current else {
            return 0;
        };
        let reached = now.saturating_sub(origin) / self.width;
        if reached <= number {
            return number;
        }
        let passed = (reached - number).min(BUCKETS as u64);
        for passed in (reached - passed + 1)..=reached {
            let bucket = &mut self.buckets[slot(passed)];
            self.total.subtract(*bucket);
            *bucket = Figures::default();
        }
        self.current = Some((origin, reached));
        reached
    }

    /// Every bucket that the new length still reaches goes where its beginning falls among the new
    /// ones.
    fn resized(&mut self, length: Duration, now: Nanos) -> Self {
        let mut other = Buckets::new(length);
        let reached = self.turn(now);
        let Some((origin, _)) = self.current else {
            return other;
        };
        if other.width == self.width {
            return Buckets {
                current: self.current,
                buckets: self.buckets,
                total: self.total,
                ..other
            };
        }
        let span = other.width.saturating_mul(BUCKETS as u64);
        for number in reached.saturating_sub(BUCKETS as u64 - 1)..=reached {
            let began = origin.saturating_add(number.saturating_mul(self.width)).min(now);
            let figures = self.buckets[slot(number)];
            if figures.calls == 0 || now - began >= span {
                continue;
            }
            let (start, _) = *other.current.get_or_insert((began, (now - began) / other.width));
            other.buckets[slot((began - start) / other.width)].join(figures);
            other.total.join(figures);
        }
        other
    }
}

/// Where the bucket of this number is kept.
fn slot(number: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below ten")]
    let slot = (number % BUCKETS as u64) as usize;
    slot
}
