//! Calls that hang, each as an entry of a plain list.

use circuit_runtime::{Mode, State};

use super::memory::Model;
use super::reference::SKEW;
use super::window::{Entered, Is};

/// A call in flight that may stall.
pub(super) struct Listed {
    pub(super) id: u64,
    /// Within these it began: calls are told apart no more finely.
    first: u64,
    last: u64,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Runs,
    Stalled,
    /// It stalled while the circuit was disabled, and counts as any other call when it ends.
    Dropped,
}

/// Limits from a second on are measured by a clock that lags so much at most.
const TICK: u64 = 20_000_000;
const SECOND: u64 = 1_000_000_000;

/// The largest power of two within a sixteenth.
fn stretch(stall: u64) -> u64 {
    let mut stretch = 1;
    while stretch * 2 <= stall / 16 {
        stretch *= 2;
    }
    stretch
}

impl Model {
    /// Lists a call that begins now.
    pub(super) fn list(&mut self) -> Option<u64> {
        let stretch = stretch(self.rules.stall?);
        let first = self.now / stretch * stretch;
        self.began += 1;
        let (id, last) = (self.began, first + stretch - 1);
        self.listed.push(Listed { id, first, last, fate: Fate::Runs });
        Some(id)
    }

    /// Takes a call off the list; whether it had stalled.
    pub(super) fn unlist(&mut self, id: u64) -> bool {
        let place = self.listed.iter().position(|listed| listed.id == id);
        place.is_some_and(|place| self.listed.remove(place).fate == Fate::Stalled)
    }

    /// Counts what has stalled.
    pub(super) fn notice(&mut self) {
        let Some(stall) = self.rules.stall else { return };
        let wait = stall + if stall >= SECOND { TICK } else { 0 };
        let mut due: Vec<Listed> = Vec::new();
        for listed in std::mem::take(&mut self.listed) {
            let length = wait + listed.last - listed.first;
            let is_due = self.left(listed.last + wait, length) == 0;
            let list =
                if is_due && listed.fate == Fate::Runs { &mut due } else { &mut self.listed };
            list.push(listed);
        }
        let Some(first) = due.iter().map(|listed| listed.first).min() else { return };
        let fate = if self.mode == Mode::Disabled { Fate::Dropped } else { Fate::Stalled };
        let calls = u32::try_from(due.len()).unwrap();
        self.listed.extend(due.into_iter().map(|listed| Listed { fate, ..listed }));
        if fate == Fate::Stalled {
            let slow = self.rules.slow_call.is_some();
            self.counts.failures += u64::from(calls);
            self.counts.stalled += u64::from(calls);
            self.counts.slow += if slow { u64::from(calls) } else { 0 };
            let successes = first + stall..=self.now + SKEW;
            let as_one = successes.contains(&self.last_success);
            self.judge_stalled(calls, if as_one { 1 } else { calls }, slow);
        }
    }

    fn judge_stalled(&mut self, calls: u32, failures: u32, slow: bool) {
        if self.state == State::Closed {
            if self.period.run == 0 {
                self.period.group = None;
            }
            self.period.run += failures;
            let entered =
                Entered { when: self.now, failed: true, slow, merged: false, is: Is::Result };
            (0..calls).for_each(|_| self.window.push(entered));
            let suspected = self.period.run > 0 && self.is_still_suspected();
            if suspected || self.rules.met(self.period.run, self.window.figures(self.now)) {
                self.open(false);
            }
        } else {
            self.period.failed += calls;
            self.decide();
        }
    }

    /// What was dropped when the circuit was disabled before is forgotten.
    pub(super) fn forget_dropped(&mut self) {
        for listed in &mut self.listed {
            if listed.fate == Fate::Dropped {
                listed.fate = Fate::Stalled;
            }
        }
    }
}
