//! The instances that the store knows of.

use std::collections::{BTreeMap, BTreeSet};

use super::{ACTIVE_FOR, MEMBER_FOR, Report, ServerTime, State};

/// What is known of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instance {
    /// The number of its latest report, and when that came.
    pub(super) number: u64,
    pub(super) reported: ServerTime,
    /// Its failures in all, as reported.
    pub(super) failures: u64,
    /// Those that count for the alert: since anyone's last success.
    pub(super) run: u32,
    pub(super) first_failure: ServerTime,
    pub(super) last_failure: ServerTime,
    pub(super) state: State,
    /// When its circuit has last opened. `None`: it takes no part in the opening, or no longer.
    pub(super) opened: Option<ServerTime>,
    pub(super) probes_begun: u64,
    pub(super) probes_ended: u64,
}

impl Instance {
    /// One of which nothing is known yet.
    pub(super) fn new(now: ServerTime) -> Self {
        Instance {
            number: 0,
            reported: now,
            failures: 0,
            run: 0,
            first_failure: now,
            last_failure: now,
            state: State::Closed,
            opened: None,
            probes_begun: 0,
            probes_ended: 0,
        }
    }

    /// Counts the failures that are new: those not counted yet, and of these no more than the report vouches for.
    pub(super) fn count(&mut self, report: &Report, made: ServerTime) {
        let new = report.failures.saturating_sub(self.failures).min(u64::from(report.fresh));
        self.failures = self.failures.max(report.failures);
        if let (Ok(new @ 1..), true) = (u32::try_from(new), report.run > 0) {
            let at = made.before(report.failure_age);
            if self.run == 0 {
                self.first_failure = at;
            }
            self.last_failure = at;
            self.run = self.run.saturating_add(new).min(report.run);
        }
    }

    /// No failure before this success counts.
    fn forgive(&mut self, at: ServerTime) {
        if self.last_failure <= at {
            self.run = 0;
        } else if self.first_failure <= at {
            // How many came after it isn't known, one at least.
            self.run = self.run.min(1);
            self.first_failure = self.last_failure;
        }
    }
}

/// The instances by their numbers, and in the orders in which they are asked for: as a store keeps a hash and sorted sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Instances {
    pub(super) all: BTreeMap<u64, Instance>,
    pub(super) by_report: BTreeSet<(ServerTime, u64)>,
    /// Those that take part in the opening and aren't silent.
    pub(super) members: BTreeSet<u64>,
    /// Those whose failures count, by when the first of these came.
    pub(super) failing: BTreeSet<(ServerTime, u64)>,
    pub(super) run: u64,
}

impl Instances {
    pub(super) fn get(&self, number: u64) -> Option<Instance> {
        self.all.get(&number).copied()
    }

    pub(super) fn put(&mut self, number: u64, instance: Instance) {
        self.remove(number);
        self.by_report.insert((instance.reported, number));
        if instance.opened.is_some() {
            self.members.insert(number);
        }
        if instance.run > 0 {
            self.failing.insert((instance.first_failure, number));
            self.run += u64::from(instance.run);
        }
        self.all.insert(number, instance);
    }

    pub(super) fn remove(&mut self, number: u64) {
        if let Some(before) = self.all.remove(&number) {
            self.by_report.remove(&(before.reported, number));
            self.members.remove(&number);
            self.failing.remove(&(before.first_failure, number));
            self.run -= u64::from(before.run);
        }
    }

    /// Forgets whom nothing was heard of for long.
    pub(super) fn forget_silent(&mut self, now: ServerTime) {
        if self.by_report.last().is_some_and(|(reported, _)| *reported > now) {
            // The clock has gone back.
            for (number, mut instance) in std::mem::take(&mut self.all) {
                instance.reported = instance.reported.min(now);
                self.by_report.insert((instance.reported, number));
                self.all.insert(number, instance);
            }
            self.by_report.retain(|(reported, _)| *reported <= now);
        }
        while let Some((_, number)) =
            self.by_report.first().filter(|(reported, _)| now.since(*reported) > ACTIVE_FOR)
        {
            self.remove(*number);
        }
        for (_, number) in
            self.by_report.iter().take_while(|(reported, _)| now.since(*reported) > MEMBER_FOR)
        {
            self.members.remove(number);
        }
    }

    /// No failure before this success counts.
    pub(super) fn forgive(&mut self, at: ServerTime) {
        for (_, number) in self.failing.clone() {
            if let Some(mut instance) = self.get(number) {
                instance.forgive(at);
                self.put(number, instance);
            }
        }
    }

    /// Whoever opened before this time needs the others no more.
    pub(super) fn dismiss(&mut self, before: ServerTime) {
        for (number, instance) in &mut self.all {
            if instance.opened.is_some_and(|opened| opened <= before) {
                instance.opened = None;
                self.members.remove(number);
            }
        }
    }

    pub(super) fn active(&self) -> u32 {
        count(self.all.len())
    }

    pub(super) fn live(&self) -> u32 {
        count(self.members.len())
    }

    /// How many members have a lower number.
    pub(super) fn place(&self, number: u64) -> u32 {
        count(self.members.range(..number).count())
    }

    pub(super) fn run(&self) -> u32 {
        u32::try_from(self.run).unwrap_or(u32::MAX)
    }

    /// When the run's first failure came.
    pub(super) fn run_since(&self) -> Option<ServerTime> {
        self.failing.first().map(|(since, _)| *since)
    }

    /// How many instances the run's failures come from.
    pub(super) fn from(&self) -> u32 {
        count(self.failing.len())
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
