//! The state machine, pure and total: numbers in, numbers out, no atomics, no clock, no user code.
//!
//! A circuit lives through *periods*: closed, open, half-open, each with a number of its own (the
//! epoch). A call belongs to the period that admitted it; its outcome is judged in that period or
//! not at all.

use crate::clock::Nanos;
use crate::config::Rules;
use crate::event::Reason;
use crate::outcome::State;
use crate::window::{Ease, Figures, Mark, Outcomes, World};

/// Everything that the next decision depends on.
#[derive(Debug)]
pub(crate) struct Machine {
    rules: Rules,
    period: Period,
    epoch: u32,
    /// Openings in a row: the exponent of the backoff.
    streak: u32,
    /// How long the circuit waited when it last opened.
    last_wait: Nanos,
    /// There while a rate is configured.
    window: Option<Outcomes>,
    /// Other rules have come, and no outcome has been judged by them yet.
    unjudged: bool,
}

#[derive(Debug, Clone, Copy)]
enum Period {
    Closed { since: Nanos, run: u32 },
    Open { until: Nanos },
    HalfOpen(Probes),
}

/// The places of one half-open period.
#[derive(Debug, Clone, Copy)]
struct Probes {
    /// Places given out: to calls in flight, and to those that have decided.
    taken: u32,
    succeeded: u32,
    failed: u32,
    /// When the last place was given out: `probe_timeout` later, a period whose places are all
    /// taken is given up.
    last: Nanos,
}

/// What a call is told that wants to run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Admission {
    Admitted {
        change: Option<Change>,
    },
    /// Open, or half-open with all places taken, until then.
    Rejected {
        state: State,
        until: Nanos,
    },
}

/// How an admitted call ended, as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Judged(Mark),
    OpenFor {
        wait: Nanos,
        slow: bool,
    },
    /// Ignored or cancelled: counts neither way.
    Neutral,
}

/// What came of an outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recorded {
    /// The period that admitted the call is over; nothing happened.
    Late,
    Counted {
        change: Option<Change>,
    },
}

/// How free a key's circuit is to serve another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idleness {
    /// Closed, without a failure in its run or window.
    Calm,
    /// Closed, with some.
    Failing,
    /// Its wait is over, and no probe is out that may still decide.
    Settled,
    /// Not before that moment, unless something happens to it.
    Until(Nanos),
    /// Not before its calls have given their places back.
    Busy,
}

/// A change of state, still without number and time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) reason: Reason,
}

impl Machine {
    pub(crate) const fn new(rules: Rules) -> Self {
        Machine {
            period: Period::Closed { since: 0, run: 0 },
            epoch: 0,
            streak: 0,
            last_wait: 0,
            window: match rules.window {
                Some(window) => Some(Outcomes::new(window)),
                None => None,
            },
            unjudged: false,
            rules,
        }
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn state(&self) -> State {
        match self.period {
            Period::Closed { .. } => State::Closed,
            Period::Open { .. } => State::Open,
            Period::HalfOpen(_) => State::HalfOpen,
        }
    }

    /// How much a success that isn't slow has to write, in a closed circuit.
    #[inline]
    pub(crate) fn ease(&self) -> Ease {
        let Period::Closed { run, .. } = self.period else { return Ease::Stirred };
        let ease = match &self.window {
            None => Ease::Calm,
            Some(_) if self.unjudged => Ease::Stirred,
            Some(window) => window.ease(self.rules.min_calls),
        };
        // A success ends a run of failures: one that slides does so when it is taken over.
        if run == 0 || ease == Ease::Slides { ease } else { Ease::Stirred }
    }

    /// The window, if a rate is configured.
    pub(crate) fn window(&self) -> Option<&Outcomes> {
        self.window.as_ref()
    }

    /// Successes of this period, at least one, that have only moved the count window since somebody
    /// last looked.
    pub(crate) fn slide(&mut self, successes: u32) {
        if let Period::Closed { run, .. } = &mut self.period {
            *run = 0;
        }
        if let Some(window) = &mut self.window {
            window.slide(successes);
        }
    }

    /// Until when calls are rejected: the end of the wait when open, the end of the lease when all
    /// places are taken.
    pub(crate) fn rejects_until(&self) -> Option<Nanos> {
        match self.period {
            Period::Open { until } => Some(until),
            Period::HalfOpen(probes) if probes.taken >= self.rules.probes => {
                Some(self.lease(probes))
            }
            Period::HalfOpen(_) | Period::Closed { .. } => None,
        }
    }

    fn lease(&self, probes: Probes) -> Nanos {
        probes.last.saturating_add(self.rules.probe_timeout)
    }

    /// How long calls are rejected at most, from the beginning of it.
    pub(crate) fn longest_rejection(&self) -> Nanos {
        match self.period {
            Period::Open { .. } => self.last_wait,
            Period::HalfOpen(_) | Period::Closed { .. } => self.rules.probe_timeout,
        }
    }

    pub(crate) fn failures_in_a_row(&self) -> u32 {
        match self.period {
            Period::Closed { run, .. } => run,
            Period::Open { .. } | Period::HalfOpen(_) => 0,
        }
    }

    /// What stands in the window, if a rate is configured.
    pub(crate) fn figures(&mut self, world: &impl World) -> Option<Figures> {
        let epoch = self.epoch;
        self.window.as_mut().map(|window| window.figures(epoch, world))
    }

    /// How free a circuit in this state is to serve another key.
    pub(crate) fn idleness(&mut self, world: &impl World) -> Idleness {
        match self.period {
            Period::Closed { run, .. } => {
                let window = self.window.as_mut().map(|window| window.known(world).failures);
                if run == 0 && window.unwrap_or(0) == 0 {
                    Idleness::Calm
                } else {
                    Idleness::Failing
                }
            }
            Period::Open { until } if world.now() < until => Idleness::Until(until),
            Period::HalfOpen(probes)
                if probes.taken > probes.succeeded + probes.failed
                    && world.now() < self.lease(probes) =>
            {
                Idleness::Until(self.lease(probes))
            }
            Period::Open { .. } | Period::HalfOpen(_) => Idleness::Settled,
        }
    }

    /// A call wants to run.
    ///
    /// The first one at or after the deadline turns an open circuit half-open. When all places have
    /// been taken for `probe_timeout` since the last one was given, a new half-open period
    /// begins.
    pub(crate) fn admit(&mut self, now: Nanos) -> Admission {
        let first = Probes { taken: 1, succeeded: 0, failed: 0, last: now };
        match self.period {
            Period::Closed { .. } => Admission::Admitted { change: None },
            Period::Open { until } if now < until => {
                Admission::Rejected { state: State::Open, until }
            }
            Period::Open { .. } => {
                let change = self.begin(Period::HalfOpen(first), Reason::WaitElapsed);
                Admission::Admitted { change: Some(change) }
            }
            Period::HalfOpen(probes) if probes.taken < self.rules.probes => {
                let (taken, last) = (probes.taken + 1, probes.last.max(now));
                self.period = Period::HalfOpen(Probes { taken, last, ..probes });
                Admission::Admitted { change: None }
            }
            Period::HalfOpen(probes) if now < self.lease(probes) => {
                Admission::Rejected { state: State::HalfOpen, until: self.lease(probes) }
            }
            Period::HalfOpen(_) => {
                self.epoch = self.epoch.wrapping_add(1);
                self.period = Period::HalfOpen(first);
                Admission::Admitted { change: None }
            }
        }
    }

    /// A call that was admitted in the period `epoch` has ended. `roll` draws from [0, 1) for the
    /// jitter.
    #[inline]
    pub(crate) fn record(&mut self, epoch: u32, verdict: Verdict, world: &impl World) -> Recorded {
        if epoch != self.epoch {
            return Recorded::Late;
        }
        let change = match self.period {
            Period::Closed { .. } => self.record_closed(verdict, world),
            Period::HalfOpen(probes) => self.record_probe(probes, verdict, world),
            Period::Open { .. } => None, // an open period admits nobody
        };
        Recorded::Counted { change }
    }

    #[inline]
    fn record_closed(&mut self, verdict: Verdict, world: &impl World) -> Option<Change> {
        let Period::Closed { since, run } = self.period else {
            return None;
        };
        let (mark, wait) = match verdict {
            Verdict::Judged(mark) => (mark, None),
            Verdict::OpenFor { wait, slow } => (Mark { failure: true, slow }, Some(wait)),
            Verdict::Neutral => return None,
        };
        let run = if mark.failure { run.saturating_add(1) } else { 0 };
        self.period = Period::Closed { since, run };
        self.unjudged = false;
        if let Some(window) = &mut self.window {
            window.push(mark, world);
        }
        if let Some(wait) = wait {
            return Some(self.open_for(wait, world));
        }
        let reason = self.tripped(run, world)?;
        Some(self.open(reason, world))
    }

    #[cold]
    fn record_probe(
        &mut self,
        mut probes: Probes,
        verdict: Verdict,
        world: &impl World,
    ) -> Option<Change> {
        match verdict {
            Verdict::Neutral => probes.taken = probes.taken.saturating_sub(1),
            Verdict::Judged(Mark { failure: false, slow: false }) => probes.succeeded += 1,
            Verdict::Judged(_) | Verdict::OpenFor { .. } => probes.failed += 1,
        }
        self.period = Period::HalfOpen(probes);
        let Probes { succeeded, failed, .. } = probes;
        let Rules { success_threshold, probes, .. } = self.rules;
        match verdict {
            Verdict::OpenFor { wait, .. } => Some(self.open_for(wait, world)),
            Verdict::Judged(_) if succeeded >= success_threshold => {
                Some(self.close(world, Reason::ProbesSucceeded { succeeded, success_threshold }))
            }
            Verdict::Judged(_) if failed > probes.saturating_sub(success_threshold) => {
                Some(self.open(Reason::ProbesFailed { failed, probes, success_threshold }, world))
            }
            Verdict::Judged(_) | Verdict::Neutral => None,
        }
    }

    /// Which rule is met, if any. The quotient is compared: the product would be off, since
    /// 0.07 × 100 > 7.
    #[inline]
    fn tripped(&mut self, run: u32, world: &impl World) -> Option<Reason> {
        if let Some(threshold) = self.rules.threshold {
            if run >= threshold {
                return Some(Reason::FailuresInARow { failures: run, threshold });
            }
        }
        let (rules, window) = (&self.rules, self.window.as_mut()?);
        // Successes that are counted elsewhere only lower a rate: most outcomes needn't ask for
        // them.
        rate_reached(rules, window.known(world))?;
        let figures = window.figures(self.epoch, world);
        rate_reached(rules, figures).filter(|_| figures.calls >= rules.min_calls)
    }

    /// Opens for min(recovery × backoff^streak, cap), then jitter.
    #[cold]
    fn open(&mut self, reason: Reason, world: &impl World) -> Change {
        self.end_streak_if_stable(world.now());
        let Rules { recovery, backoff, max_recovery, jitter, .. } = self.rules;
        let exponent = i32::try_from(self.streak).unwrap_or(i32::MAX);
        let wait = saturate(in_float(recovery) * backoff.powi(exponent)).min(max_recovery);
        let spread = 1.0 + jitter * (2.0 * world.roll() - 1.0);
        let wait = saturate(in_float(wait) * spread).max(1);
        self.streak = self.streak.saturating_add(1);
        self.wait(wait, world, reason)
    }

    /// Opens for exactly this time, the streak untouched.
    #[cold]
    fn open_for(&mut self, wait: Nanos, world: &impl World) -> Change {
        self.end_streak_if_stable(world.now());
        self.wait(wait, world, Reason::Requested { wait: std::time::Duration::from_nanos(wait) })
    }

    fn wait(&mut self, wait: Nanos, world: &impl World, reason: Reason) -> Change {
        self.last_wait = wait;
        self.gather(world);
        self.begin(Period::Open { until: world.now().saturating_add(wait) }, reason)
    }

    /// How long the present opening lasts, from its beginning on.
    pub(crate) fn opened_for(&self) -> Option<Nanos> {
        matches!(self.period, Period::Open { .. }).then_some(self.last_wait)
    }

    /// The streak ends when the circuit has stayed closed for at least its last wait.
    fn end_streak_if_stable(&mut self, now: Nanos) {
        if let Period::Closed { since, .. } = self.period {
            if now.saturating_sub(since) >= self.last_wait {
                self.streak = 0;
            }
        }
    }

    fn close(&mut self, world: &impl World, reason: Reason) -> Change {
        if let Some(window) = &mut self.window {
            window.clear();
        }
        self.begin(Period::Closed { since: world.now(), run: 0 }, reason)
    }

    fn begin(&mut self, period: Period, reason: Reason) -> Change {
        let from = self.state();
        self.period = period;
        self.epoch = self.epoch.wrapping_add(1);
        Change { from, to: self.state(), reason }
    }

    /// Closes, empties the window, ends the streak and begins a new period; a change only if it
    /// wasn't closed.
    pub(crate) fn reset(&mut self, world: &impl World) -> Option<Change> {
        let change = self.close(world, Reason::Reset);
        self.streak = 0;
        self.last_wait = 0;
        (change.from != State::Closed).then_some(change)
    }

    /// Other rules from now on: state, deadline, run, probes and a window of the same kind stay;
    /// judged at the next outcome.
    pub(crate) fn reconfigure(&mut self, rules: Rules, world: &impl World) {
        self.gather(world);
        self.window = match (self.window.take(), rules.window) {
            (Some(mut kept), Some(window)) => Some(kept.resized(window, world)),
            (None, Some(window)) => Some(Outcomes::new(window)),
            (_, None) => None,
        };
        self.rules = rules;
        self.unjudged = true;
    }

    /// Takes over what threads have counted for themselves, before their period or its rules go.
    fn gather(&mut self, world: &impl World) {
        let epoch = self.epoch;
        if let Some(window) = &mut self.window {
            window.gather(epoch, world);
        }
    }

    /// Begins anew under other rules, in a new period: a circuit that serves another key from now
    /// on.
    pub(crate) fn reassign(&mut self, rules: Rules) {
        let epoch = self.epoch.wrapping_add(1);
        *self = Machine { epoch, ..Machine::new(rules) };
    }
}

/// Which rate these figures reach; of no calls, none, since no number is what their quotient is.
fn rate_reached(rules: &Rules, Figures { calls, failures, slow }: Figures) -> Option<Reason> {
    let reached = |count: u32, rate: Option<f64>| {
        rate.filter(|rate| f64::from(count) / f64::from(calls) >= *rate)
    };
    if let Some(rate) = reached(failures, rules.failure_rate) {
        return Some(Reason::FailureRate { failures, calls, rate });
    }
    let rate = reached(slow, rules.slow_rate)?;
    Some(Reason::SlowRate { slow, calls, rate })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits of nanoseconds are exact for 104 days, and a wait needs no more"
)]
fn in_float(nanos: Nanos) -> f64 {
    nanos as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
fn saturate(nanos: f64) -> Nanos {
    nanos as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// A world at this time and with this draw, with nothing in it.
    struct At(Nanos, f64);

    impl World for At {
        fn now(&self) -> Nanos {
            self.0
        }

        fn coarse(&self) -> Nanos {
            self.0
        }

        fn roll(&self) -> f64 {
            self.1
        }

        fn successes_elsewhere(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u32)) {}

        fn take_successes(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u32)) {}
    }

    const FAILURE: Verdict = Verdict::Judged(Mark { failure: true, slow: false });
    const RECOVERY: std::time::Duration = std::time::Duration::from_nanos(100);
    const FRAGILE: Config = Config::new().threshold(1).recovery(RECOVERY);

    /// A call may look at the circuit before it opens again, and ask afterwards.
    #[test]
    fn an_open_machine_rejects_whoever_asks_before_its_deadline() {
        let mut machine = Machine::new(FRAGILE.rules());
        machine.record(0, FAILURE, &At(1_000, 0.0));
        let rejected = Admission::Rejected { state: State::Open, until: 1_100 };
        assert_eq!(machine.admit(1_000), rejected);
        assert_eq!(machine.admit(1_099), rejected);
        assert!(matches!(machine.admit(1_100), Admission::Admitted { change: Some(_) }));
    }

    /// A call may see a place that another one takes before it asks.
    #[test]
    fn a_full_machine_rejects_whoever_asks_before_its_lease_ends() {
        let mut machine = Machine::new(FRAGILE.rules());
        machine.record(0, FAILURE, &At(0, 0.0));
        machine.admit(1_000);
        let (epoch, rejected) =
            (machine.epoch(), Admission::Rejected { state: State::HalfOpen, until: 1_100 });
        assert_eq!(machine.admit(1_000), rejected);
        assert_eq!(machine.admit(1_099), rejected);
        assert_eq!(machine.epoch(), epoch);
        assert_eq!(machine.admit(1_100), Admission::Admitted { change: None });
        assert_ne!(machine.epoch(), epoch);
    }

    #[test]
    fn a_wait_is_drawn_from_the_jitter_below_to_the_jitter_above() {
        let config = FRAGILE.backoff(3.0).jitter(0.25);
        for (roll, first, second) in [(0.0, 75, 225), (0.25, 87, 262), (0.5, 100, 300)] {
            let mut machine = Machine::new(config.rules());
            machine.record(0, FAILURE, &At(0, roll));
            assert_eq!(machine.rejects_until(), Some(first));
            machine.admit(first);
            machine.record(machine.epoch(), FAILURE, &At(first, roll));
            assert_eq!(machine.rejects_until(), Some(first + second));
        }
    }
}
