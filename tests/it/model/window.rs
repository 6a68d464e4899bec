//! A window as a plain list of stamped outcomes, and that the real windows agree with it.

use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, Outcome, State, Window};

use crate::support::{Random, breaker, secs};

pub(super) struct PlainWindow {
    /// None: nothing is taken over it.
    size: Option<Window>,
    /// Nothing is ever forgotten, but at a change of the size.
    outcomes: Vec<Entered>,
    /// Something has entered it.
    is_in_use: bool,
    /// Since when time is cut into tenths.
    origin: u64,
}

/// An outcome, or a call that was throttled: when, whether it failed, whether it was slow, and whether its failure is one with an
/// earlier one.
#[derive(Clone, Copy)]
pub(super) struct Entered {
    pub(super) when: u64,
    pub(super) failed: bool,
    pub(super) slow: bool,
    pub(super) merged: bool,
    pub(super) is: Is,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Is {
    Result,
    /// In the window, and neither a success nor a failure, as far as `throttle` asks.
    WithoutResult,
    /// Rejected by `throttle`, and not in the window.
    Throttled,
}

impl PlainWindow {
    pub(super) fn new(size: Option<Window>) -> PlainWindow {
        PlainWindow { size, outcomes: Vec::new(), is_in_use: false, origin: 0 }
    }

    pub(super) fn push(&mut self, outcome: Entered) {
        if self.size.is_none() {
            return;
        }
        if !self.is_in_use {
            (self.is_in_use, self.origin) = (true, outcome.when);
        }
        self.outcomes.push(outcome);
    }

    pub(super) fn is_of_time(&self) -> bool {
        matches!(self.size, Some(Window::Time(_)))
    }

    /// What was one failure is as many as came.
    pub(super) fn unmerge(&mut self) {
        self.outcomes.iter_mut().for_each(|outcome| outcome.merged = false);
    }

    /// What was throttled, and what had no result, is nothing special any more.
    pub(super) fn forget_throttled(&mut self) {
        self.outcomes.retain(|outcome| outcome.is != Is::Throttled);
        self.outcomes.iter_mut().for_each(|outcome| outcome.is = Is::Result);
    }

    pub(super) fn clear(&mut self) {
        self.outcomes.clear();
        self.is_in_use = false;
    }

    /// A window of another kind begins anew; a smaller one keeps what fits.
    pub(super) fn resize(&mut self, size: Option<Window>, now: u64) {
        match (self.size, size) {
            (Some(Window::Calls(old)), Some(Window::Calls(new))) => {
                let kept = self.outcomes.len().min(old.min(new) as usize);
                self.outcomes.drain(..self.outcomes.len() - kept);
            }
            (old, new) if old == new => {}
            (Some(Window::Time(old)), Some(Window::Time(new))) => self.cut_anew(old, new, now),
            _ => self.clear(),
        }
        self.size = size;
    }

    /// From now on what entered in one tenth is as old as that, and what the new length doesn't reach is gone. The
    /// first tenth that it reaches is the new beginning.
    fn cut_anew(&mut self, old: Duration, new: Duration, now: u64) {
        if !self.is_in_use {
            return;
        }
        let width = nanos(old) / 10;
        let (origin, current) = (self.origin, (now - self.origin) / width);
        let began = |tenth: u64| origin + tenth * width;
        let reached = |tenth: &u64| current - tenth < 10 && now - began(*tenth) < nanos(new);
        let Some(first) = (0..=current).find(reached) else { return self.clear() };
        self.outcomes.retain_mut(|outcome| {
            let tenth = (outcome.when - origin) / width;
            outcome.when = began(tenth);
            tenth >= first
        });
        self.origin = began(first);
    }

    /// Calls, failures, slow calls, and failures where those that are one count as one; and calls without a
    /// result, and those that were throttled. Time is cut into tenths of the window, from the first outcome on.
    pub(super) fn figures(&self, now: u64) -> Option<[u32; 6]> {
        let tenth = |when: u64, length: Duration| (when - self.origin) / (nanos(length) / 10);
        let held = |&(age, &Entered { when, .. }): &(usize, &Entered)| match self.size.unwrap() {
            Window::Calls(calls) => age < calls as usize,
            Window::Time(length) => tenth(now, length) - tenth(when, length) < 10,
        };
        self.size?;
        let mut figures = [0; 6];
        for (_, &Entered { failed, slow, merged, is, .. }) in
            self.outcomes.iter().rev().enumerate().filter(held)
        {
            if is == Is::Throttled {
                figures[5] += 1;
                continue;
            }
            figures[4] += u32::from(is == Is::WithoutResult);
            figures[0] += 1;
            figures[1] += u32::from(failed);
            figures[2] += u32::from(slow);
            figures[3] += u32::from(failed && !merged);
        }
        Some(figures)
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap()
}

/// Compares 100,000 random outcomes, with healthy stretches several windows long, to the last
/// `size` of a list; and whether the circuit opens to the rates of that list.
fn a_count_window_agrees_with_a_ring(size: u32) {
    const RATE: f64 = 0.75;
    let config = Config::new()
        .failure_rate(RATE)
        .slow_call(secs(1))
        .slow_rate(RATE)
        .window(Window::Calls(size));
    let least = size.min(10) as usize;
    let time = freeze();
    let breaker = breaker(config);
    let mut random = Random(u64::from(size));
    let mut ring: std::collections::VecDeque<[bool; 2]> = std::collections::VecDeque::new();
    let mut counts = [0_u32; 2];
    let (mut stretch, mut chance) = (0, 0);
    let mut openings = 0;

    for _ in 0..100_000 {
        if stretch == 0 {
            stretch = random.below(u64::from(size) * 3 + 10) + 1;
            chance = [0, 5, 50, 85][usize::try_from(random.below(4)).unwrap()];
        }
        stretch -= 1;
        let [failed, slow] = [random.below(100) < chance, random.below(100) < chance];
        let permit = breaker.try_acquire().unwrap();
        if slow {
            time.advance(secs(1));
        }
        permit.record(if failed { Outcome::Failure } else { Outcome::Success });

        if ring.len() == size as usize {
            let [failed, slow] = ring.pop_front().unwrap();
            counts[0] -= u32::from(failed);
            counts[1] -= u32::from(slow);
        }
        ring.push_back([failed, slow]);
        counts[0] += u32::from(failed);
        counts[1] += u32::from(slow);

        let calls = u32::try_from(ring.len()).unwrap();
        let seen = breaker.snapshot().window.unwrap();
        assert_eq!((calls, counts[0], counts[1]), (seen.calls, seen.failures, seen.slow));
        let rates = counts.map(|count| f64::from(count) / f64::from(calls));
        assert_eq!([Some(rates[0]), Some(rates[1])], [seen.failure_rate, seen.slow_rate]);
        let opens = ring.len() >= least && rates.iter().any(|rate| *rate >= RATE);
        assert_eq!(opens, breaker.state() == State::Open);
        if opens {
            openings += 1;
            breaker.reset();
            ring.clear();
            counts = [0; 2];
        }
    }
    assert!(openings > 10, "the outcomes were too healthy: {openings}");
}

#[test]
fn a_count_window_of_1_agrees_with_a_ring() {
    a_count_window_agrees_with_a_ring(1);
}

#[test]
fn a_count_window_of_63_agrees_with_a_ring() {
    a_count_window_agrees_with_a_ring(63);
}

#[test]
fn a_count_window_of_64_agrees_with_a_ring() {
    a_count_window_agrees_with_a_ring(64);
}

#[test]
fn a_count_window_of_65_agrees_with_a_ring() {
    a_count_window_agrees_with_a_ring(65);
}

#[test]
fn a_count_window_of_1_000_agrees_with_a_ring() {
    a_count_window_agrees_with_a_ring(1_000);
}

#[test]
fn a_time_window_counts_an_outcome_for_between_nine_tenths_and_the_whole_of_it() {
    for length in [10, 1_000, 12_345, 60_000_000_007, 3_600_000_000_000] {
        let config = Config::new()
            .failure_rate(1.0)
            .min_calls(1_000_000)
            .window(Window::Time(Duration::from_nanos(length)));
        let time = freeze();
        let breaker = breaker(config);
        let mut random = Random(length);
        let mut now = 0;
        let mut list: Vec<(u64, bool)> = Vec::new();
        for _ in 0..5_000 {
            let gap = match random.below(20) {
                0 => length + random.below(length),
                1..5 => 0,
                _ => random.below(length / 5),
            };
            time.advance(Duration::from_nanos(gap));
            now += gap;
            let failed = random.below(2) == 0;
            let end = if failed { Outcome::Failure } else { Outcome::Success };
            breaker.try_acquire().unwrap().record(end);
            list.push((now, failed));
            list.retain(|(when, _)| now - when < length);

            let seen = breaker.snapshot().window.unwrap();
            let within = |age: u64, wanted: bool| {
                let young = list.iter().filter(|(when, _)| now - when < age);
                u32::try_from(young.filter(|(_, failed)| *failed || !wanted).count()).unwrap()
            };
            let surely = length - length.div_ceil(10);
            let calls = within(surely, false)..=within(length, false);
            let failures = within(surely, true)..=within(length, true);
            assert!(calls.contains(&seen.calls), "{calls:?} {seen:?}");
            assert!(failures.contains(&seen.failures), "{failures:?} {seen:?}");
        }
    }
}
