//! Measures all candidates in turn, many times over.
//!
//! criterion finishes one benchmark before it begins the next, so that whatever else the machine does at the time hits
//! some candidates and not others. Here every round measures every candidate for a moment, and the median over the
//! rounds is taken: noise and changes of the clock's frequency hit all alike, and each is compared with a plain call of
//! the same seconds.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One call, measured under one name.
pub(crate) struct Candidate {
    pub(crate) row: &'static str,
    pub(crate) column: &'static str,
    pub(crate) threads: usize,
    /// Calls before each sample: as many as bring what this candidate needs back into the caches.
    warming: u64,
    calls: Box<dyn Fn(u64) + Sync>,
}

/// What a call of a candidate took.
pub(crate) struct Measured {
    pub(crate) row: &'static str,
    pub(crate) column: &'static str,
    pub(crate) threads: usize,
    pub(crate) nanos: f64,
}

/// How long, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) sample: Duration,
    pub(crate) rounds: usize,
}

/// How often a sample of several threads is taken until they overlap by four fifths.
const ATTEMPTS: usize = 10;

/// So many times longer are the samples of a crowd, and so many times rarer: its threads should get their turns several
/// times.
const CROWD: usize = 10;

#[derive(Default)]
pub(crate) struct Suite {
    candidates: Vec<Candidate>,
}

impl Suite {
    /// Adds a candidate; `calls` makes so many calls.
    pub(crate) fn add(
        &mut self,
        row: &'static str,
        column: &'static str,
        calls: impl Fn(u64) + Sync + 'static,
    ) {
        self.add_threads(row, column, 1, calls);
    }

    /// Adds a candidate that several threads call at the same time.
    pub(crate) fn add_threads(
        &mut self,
        row: &'static str,
        column: &'static str,
        threads: usize,
        calls: impl Fn(u64) + Sync + 'static,
    ) {
        let calls = Box::new(calls);
        self.candidates.push(Candidate { row, column, threads, warming: 64, calls });
    }

    /// Adds a candidate that needs so many calls to be at home again.
    pub(crate) fn add_warm(
        &mut self,
        row: &'static str,
        column: &'static str,
        warming: u64,
        calls: impl Fn(u64) + Sync + 'static,
    ) {
        let calls = Box::new(calls);
        self.candidates.push(Candidate { row, column, threads: 1, warming, calls });
    }

    /// Adds it for one thread and for two.
    pub(crate) fn add_both(
        &mut self,
        row: &'static str,
        column: &'static str,
        calls: impl Fn(u64) + Sync + Clone + 'static,
    ) {
        self.add_threads(row, column, 1, calls.clone());
        self.add_threads(row, column, 2, calls);
    }

    /// Adds it for one thread, for two, and for as many as a server has, of which most wait for a core.
    pub(crate) fn add_crowds(
        &mut self,
        row: &'static str,
        column: &'static str,
        calls: impl Fn(u64) + Sync + Clone + 'static,
    ) {
        for threads in [1, 2, 16, 64] {
            self.add_threads(row, column, threads, calls.clone());
        }
    }

    /// Only the rows whose name has these words in it.
    pub(crate) fn only(&mut self, words: &str) {
        self.candidates.retain(|candidate| candidate.row.contains(words));
    }

    /// One call each.
    pub(crate) fn smoke(&self) {
        self.candidates.iter().for_each(|candidate| (candidate.calls)(1));
    }

    pub(crate) fn run(&self, effort: Effort) -> Vec<Measured> {
        let sizes: Vec<u64> = self.candidates.iter().map(|one| one.calibrate(effort)).collect();
        let mut samples = vec![Vec::with_capacity(effort.rounds); sizes.len()];
        for round in 0..effort.rounds {
            for ((candidate, calls), samples) in
                self.candidates.iter().zip(&sizes).zip(&mut samples)
            {
                // A sample of a crowd is as long as several of others.
                if !candidate.is_crowd() || round % CROWD == 0 {
                    samples.push(candidate.sample(*calls, round));
                }
            }
        }
        self.candidates
            .iter()
            .zip(&mut samples)
            .map(|(&Candidate { row, column, threads, .. }, samples)| Measured {
                row,
                column,
                threads,
                nanos: median(samples),
            })
            .collect()
    }
}

impl Candidate {
    /// How many calls fill a sample, after as many have warmed everything up.
    fn calibrate(&self, effort: Effort) -> u64 {
        let mut calls = 256;
        loop {
            let nanos = self.sample(calls, 0);
            let mut wanted = effort.sample.as_nanos() as f64 / nanos.max(0.1);
            if self.is_crowd() {
                wanted *= CROWD as f64 * cores() / self.threads as f64;
            }
            if calls as f64 * 2.0 >= wanted {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small"
                )]
                return wanted.max(1.0) as u64;
            }
            calls *= 2;
        }
    }

    fn is_crowd(&self) -> bool {
        self.threads as f64 > cores()
    }

    /// Nanoseconds of a core per call, of more threads than there are cores.
    fn sample_of_crowd(&self, calls: u64, round: usize) -> f64 {
        let barrier = Barrier::new(self.threads);
        let run = || {
            (self.calls)(self.warming);
            barrier.wait();
            let start = Instant::now();
            (self.calls)(calls);
            (start, Instant::now())
        };
        let run = || on_stack(round, run);
        let spread = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(joined).collect::<Vec<_>>()
        });
        let began = spread.iter().map(|&(start, _)| start).min().expect("some threads");
        let ended = spread.iter().map(|&(_, end)| end).max().expect("some threads");
        (ended - began).as_nanos() as f64 * cores() / (self.threads as f64 * calls as f64)
    }

    /// Nanoseconds per call; of several threads, as each of them sees it. One thread is a new one too: what stands
    /// where on the stack of the main thread makes a nanosecond or two.
    fn sample(&self, calls: u64, round: usize) -> f64 {
        if self.is_crowd() {
            return self.sample_of_crowd(calls, round);
        }
        let timed = || {
            let start = Instant::now();
            (self.calls)(calls);
            (start, start.elapsed())
        };
        // What the candidate before has left in the caches and the predictors shows for a while.
        let warming = self.warming.max(calls);
        // Where threads are made to wait for a core, they may have run one after the other.
        let mut spread = Vec::new();
        for _ in 0..ATTEMPTS {
            spread = self.together(warming, round, timed);
            let began = spread.iter().map(|&(start, _)| start).max();
            let ended = spread.iter().map(|&(start, took)| start + took).min();
            let longest = spread.iter().map(|&(_, took)| took).max();
            if let (Some(began), Some(ended), Some(longest)) = (began, ended, longest) {
                if ended.saturating_duration_since(began) * 5 >= longest * 4 {
                    break;
                }
            }
        }
        let sum: f64 = spread.iter().map(|(_, took)| took.as_nanos() as f64).sum();
        sum / self.threads as f64 / calls as f64
    }

    /// When each thread began, and how long it took.
    fn together(
        &self,
        warming: u64,
        round: usize,
        timed: impl Fn() -> (Instant, Duration) + Sync,
    ) -> Vec<(Instant, Duration)> {
        let waiting = AtomicUsize::new(self.threads);
        let run = || {
            (self.calls)(warming);
            waiting.fetch_sub(1, Ordering::AcqRel);
            // Spinning: threads that are woken don't begin at the same time.
            while waiting.load(Ordering::Acquire) != 0 {
                std::hint::spin_loop();
            }
            timed()
        };
        let run = || on_stack(round, run);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(joined).collect()
        })
    }
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().expect("a candidate panicked")
}

fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1, usize::from) as f64
}

/// Runs it at another place within a cache line of the stack in each round: which stores share a line makes a nanosecond.
fn on_stack<R>(round: usize, run: impl FnOnce() -> R) -> R {
    match round % 4 {
        0 => deeper::<2, R>(run),
        1 => deeper::<4, R>(run),
        2 => deeper::<6, R>(run),
        _ => deeper::<8, R>(run),
    }
}

#[inline(never)]
fn deeper<const WORDS: usize, R>(run: impl FnOnce() -> R) -> R {
    black_box(&[0_u64; WORDS]);
    run()
}

pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Makes the call so many times; neither its argument nor its result is known to the compiler.
#[inline]
pub(crate) fn repeat<R>(calls: u64, mut call: impl FnMut(u64) -> R) {
    for number in 0..calls {
        // By reference: a copy of the result would cost more than a plain call.
        black_box(&call(black_box(number)));
    }
}
