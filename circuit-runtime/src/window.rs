//! The two sliding windows that rates are taken over.

use std::time::Duration;

use crate::clock::{Moment, Nanos, nanos};
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

    pub(crate) fn push(&mut self, mark: Mark, now: &Moment) {
        match self {
            Outcomes::Calls(ring) => ring.push(mark),
            Outcomes::Time(buckets) => buckets.push(mark, now.get()),
        }
    }

    pub(crate) fn figures(&mut self, now: &Moment) -> Figures {
        match self {
            Outcomes::Calls(ring) => ring.figures,
            Outcomes::Time(buckets) => buckets.figures(now.get()),
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Outcomes::Calls(ring) => ring.clear(),
            Outcomes::Time(buckets) => buckets.clear(),
        }
    }

    /// Whether one more success leaves the window as it is: then nobody has to write it down.
    pub(crate) fn is_fixed_point(&self) -> bool {
        match self {
            Outcomes::Calls(ring) => ring.is_fixed_point(),
            Outcomes::Time(_) => false,
        }
    }

    /// The same outcomes in a window of another size; a window of the other kind starts empty.
    pub(crate) fn resized(&mut self, window: Window, now: &Moment) -> Self {
        match (self, window) {
            (Outcomes::Calls(ring), Window::Calls(size)) => Outcomes::Calls(ring.resized(size)),
            (Outcomes::Time(buckets), Window::Time(length)) => {
                Outcomes::Time(buckets.resized(length, now.get()))
            }
            (_, other) => Outcomes::new(other),
        }
    }
}

/// Outcomes in one word of a ring, two bits each.
const MARKS_PER_WORD: usize = 32;

/// The last N outcomes, exactly: two bits each, allocated when the first one comes.
#[derive(Debug)]
pub(crate) struct Ring {
    size: usize,
    /// Where the next outcome goes, which is where the oldest stands once the ring is full.
    next: usize,
    figures: Figures,
    words: Vec<u64>,
}

impl Ring {
    const fn new(size: u32) -> Self {
        let figures = Figures {
            calls: 0,
            failures: 0,
            slow: 0,
        };
        Ring {
            size: size as usize,
            next: 0,
            figures,
            words: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.figures.calls as usize == self.size
    }

    fn is_fixed_point(&self) -> bool {
        self.is_full() && self.figures.failures == 0 && self.figures.slow == 0
    }

    fn push(&mut self, mark: Mark) {
        if self.words.is_empty() {
            self.words = vec![0; self.size.div_ceil(MARKS_PER_WORD)];
        }
        let (word, shift) = place(self.next);
        if self.is_full() {
            self.figures.subtract(Figures {
                calls: 1,
                ..figures_of(self.words[word] >> shift)
            });
        }
        let bits = u64::from(mark.failure) | u64::from(mark.slow) << 1;
        self.words[word] = self.words[word] & !(0b11 << shift) | bits << shift;
        self.figures.add(mark);
        self.next = if self.next + 1 == self.size {
            0
        } else {
            self.next + 1
        };
    }

    fn clear(&mut self) {
        self.next = 0;
        self.figures = Figures::default();
    }

    fn resized(&self, size: u32) -> Self {
        let mut other = Ring::new(size);
        let held = self.figures.calls as usize;
        for age in (1..=held).rev() {
            let (word, shift) = place((self.next + self.size - age) % self.size);
            let bits = self.words[word] >> shift;
            other.push(Mark {
                failure: bits & 0b01 != 0,
                slow: bits & 0b10 != 0,
            });
        }
        other
    }
}

/// The word and the shift of an outcome's two bits.
fn place(index: usize) -> (usize, usize) {
    (index / MARKS_PER_WORD, index % MARKS_PER_WORD * 2)
}

/// What the two lowest bits stand for, as a single call's share of the figures.
fn figures_of(bits: u64) -> Figures {
    Figures {
        calls: 0,
        failures: u32::from(bits & 0b01 != 0),
        slow: u32::from(bits & 0b10 != 0),
    }
}

/// How many buckets a time window has; its documented granularity.
const BUCKETS: usize = 10;

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
        let empty = Figures {
            calls: 0,
            failures: 0,
            slow: 0,
        };
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

    fn figures(&mut self, now: Nanos) -> Figures {
        self.turn(now);
        self.total
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
            let began = origin
                .saturating_add(number.saturating_mul(self.width))
                .min(now);
            let figures = self.buckets[slot(number)];
            if figures.calls == 0 || now - began >= span {
                continue;
            }
            let (start, _) = *other
                .current
                .get_or_insert((began, (now - began) / other.width));
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
