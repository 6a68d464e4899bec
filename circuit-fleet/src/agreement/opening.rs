//! One outage, as the instances see it that have opened by themselves.

use super::text::{FormatError, Reader, Writer};
use super::{LEAST_INTERVAL, MOST_PROBES, PROOF, ServerTime};

/// The shared probing of one circuit, from the first instance that opens until a probe has succeeded and the others had their
/// turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// When it began.
    pub began: ServerTime,
    /// How many instances take part now.
    pub live: u32,
    /// How many rounds of probes have failed since the last success: the exponent of the backoff.
    pub streak: u32,
    /// How many probes of this round have failed. A round has as many as take place in one wait.
    pub used: u32,
    /// When the last probe failed; at first, when the opening began.
    pub last: ServerTime,
    /// How many more probes failed at about the same time: each of them uses up a turn.
    pub beside: u32,
    /// How many probes have failed in all: each has another order of the instances.
    pub failed: u64,
    /// Since when a probe has been in flight.
    pub probing: Option<ServerTime>,
    /// When a probe has succeeded: since then the others go half-open.
    pub ended: Option<ServerTime>,
    /// How many have closed since. While it hasn't ended: how many probes in a row have succeeded.
    pub proved: u32,
    /// How many have failed since. More than 0 while it hasn't ended: it had, and has begun again.
    pub broken: u32,
}

impl Opening {
    pub(super) fn begin(now: ServerTime) -> Self {
        Opening {
            began: now,
            live: 0,
            streak: 0,
            used: 0,
            last: now,
            beside: 0,
            failed: 0,
            probing: None,
            ended: None,
            proved: 0,
            broken: 0,
        }
    }

    /// What tells this opening from others of the circuit.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.began.0
    }

    /// How many probes a round has.
    #[must_use]
    pub fn probes_a_round(&self) -> u64 {
        u64::from(self.live).clamp(1, MOST_PROBES)
    }

    pub(super) fn probe_failed(&mut self, at: ServerTime) {
        self.probing = None;
        if self.ended.is_some() {
            self.broken = self.broken.saturating_add(1);
            if self.broken < 2 || self.broken <= self.proved {
                return;
            }
            self.ended = None;
        }
        self.proved = 0;
        if self.failed > 0 && at < self.last.after(LEAST_INTERVAL) {
            self.beside += 1;
        } else {
            self.last = at;
            self.beside = 0;
        }
        self.failed += 1;
        self.used += 1;
        if u64::from(self.used) >= self.probes_a_round() {
            self.used = 0;
            self.streak = self.streak.saturating_add(1);
        }
    }

    pub(super) fn probe_succeeded(&mut self, at: ServerTime) {
        self.probing = None;
        self.proved = self.proved.saturating_add(1);
        if self.ended.is_some() {
            return;
        }
        // As in a circuit, a success ends the backoff.
        (self.streak, self.used) = (0, 0);
        let has_begun_again = self.broken > 0;
        if !has_begun_again || self.proved >= PROOF {
            self.ended = Some(at);
            self.broken = 0;
        }
    }

    /// After the server's clock has gone back nothing lies in the future.
    pub(super) fn not_after(&mut self, now: ServerTime) {
        self.last = self.last.min(now);
        for time in [&mut self.probing, &mut self.ended] {
            *time = time.map(|time| time.min(now));
        }
    }

    pub(super) fn put(&self, line: &mut Writer) {
        let time = |time: Option<ServerTime>| time.map(|time| time.0);
        line.put(self.began.0)
            .put(self.live)
            .put(self.streak)
            .put(self.used)
            .put(self.last.0)
            .put(self.beside)
            .put(self.failed)
            .put_option(time(self.probing))
            .put_option(time(self.ended))
            .put(self.proved)
            .put(self.broken);
    }

    pub(super) fn read(line: &mut Reader<'_>) -> Result<Option<Self>, FormatError> {
        let Some(began) = line.option()?.map(ServerTime) else { return Ok(None) };
        Ok(Some(Opening {
            began,
            live: line.number()?,
            streak: line.number()?,
            used: line.number()?,
            last: ServerTime(line.number()?),
            beside: line.number()?,
            failed: line.number()?,
            probing: line.option()?.map(ServerTime),
            ended: line.option()?.map(ServerTime),
            proved: line.number()?,
            broken: line.number()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(live: u32) -> Opening {
        Opening { live, ..Opening::begin(ServerTime(0)) }
    }

    #[test]
    fn a_round_has_a_probe_for_each_instance_and_at_most_eight() {
        for (live, probes) in [(0, 1), (1, 1), (3, 3), (8, 8), (1_000, 8)] {
            let mut opening = of(live);
            for probe in 1..=probes {
                assert_eq!(opening.streak, 0, "{live}");
                opening.probe_failed(ServerTime(probe));
            }
            assert_eq!((opening.streak, opening.used), (1, 0), "{live}");
        }
    }

    #[test]
    fn probes_that_fail_at_about_the_same_time_are_counted_beside_the_first() {
        let mut opening = of(50);
        for (at, last, beside) in [(100, 100, 0), (90, 100, 1), (599, 100, 2), (600, 600, 0)] {
            opening.probe_failed(ServerTime(at));
            assert_eq!((opening.last, opening.beside), (ServerTime(last), beside), "{at}");
        }
    }

    #[test]
    fn a_success_ends_it_and_more_failures_than_successes_after_that_begin_it_again() {
        let mut opening = of(50);
        opening.probe_succeeded(ServerTime(10));
        assert_eq!(opening.ended, Some(ServerTime(10)));
        opening.probe_failed(ServerTime(11));
        assert_eq!((opening.ended, opening.failed), (Some(ServerTime(10)), 0));
        opening.probe_failed(ServerTime(12));
        assert_eq!((opening.ended, opening.failed), (None, 1));
    }

    #[test]
    fn once_it_has_begun_again_five_successes_in_a_row_end_it() {
        let mut opening = of(50);
        opening.probe_succeeded(ServerTime(10));
        (11..13).for_each(|at| opening.probe_failed(ServerTime(at)));
        assert_eq!(opening.ended, None);
        (13..17).for_each(|at| opening.probe_succeeded(ServerTime(at)));
        assert_eq!(opening.ended, None);
        opening.probe_failed(ServerTime(17));
        (18..22).for_each(|at| opening.probe_succeeded(ServerTime(at)));
        assert_eq!(opening.ended, None);
        opening.probe_succeeded(ServerTime(22));
        assert_eq!(opening.ended, Some(ServerTime(22)));
    }

    #[test]
    fn a_success_ends_the_backoff_even_if_it_proves_nothing() {
        let mut opening = of(2);
        opening.probe_succeeded(ServerTime(10));
        (11..17).for_each(|at| opening.probe_failed(ServerTime(at)));
        assert_eq!((opening.ended, opening.streak, opening.used), (None, 2, 1));
        opening.probe_succeeded(ServerTime(17));
        assert_eq!((opening.ended, opening.streak, opening.used), (None, 0, 0));
    }

    #[test]
    fn as_many_successes_as_failures_are_enough_to_go_on() {
        let mut opening = of(50);
        for at in 0..3 {
            opening.probe_succeeded(ServerTime(at));
            opening.probe_failed(ServerTime(at));
        }
        assert_eq!(opening.ended, Some(ServerTime(0)));
        opening.probe_failed(ServerTime(4));
        assert_eq!(opening.ended, None);
    }
}
