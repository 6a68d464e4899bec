//! A breaker whose books are kept once more, by the calls made through it, and compared.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::circuit::Ticket;
use crate::config::Rules;
use crate::observe::event::Reason;
use crate::permit::Permit;
use crate::primitives::clock;
use crate::primitives::sync::unpoisoned;
use crate::test_util::Frozen;
use crate::{CircuitBreaker, CircuitOpenError, Config, Rejection, Snapshot, State};

/// A breaker, and what its calls came to.
pub(super) struct Watched {
    pub(super) breaker: CircuitBreaker,
    rules: Rules,
    /// No part of what is modelled: std's lock, and never held while the breaker is asked.
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// What became of the calls that each period admitted, as far as they have ended; half-open has
    /// one for each round of its probes.
    periods: BTreeMap<u32, Period>,
    rejected: u64,
    reconfigured: bool,
    disabled: bool,
}

#[derive(Default, Clone, Copy)]
struct Period {
    undecided: u32,
    successes: u32,
    failures: u32,
    cancelled: u32,
}

/// A permit whose period and end are noted.
pub(super) struct Call {
    watched: &'static Watched,
    permit: Option<Permit<'static>>,
    period: u32,
}

/// A model's threads need 'static; the checker forgets its objects with each execution.
pub(super) fn watch(config: Config) -> &'static Watched {
    Box::leak(Box::new(Watched {
        breaker: CircuitBreaker::new("model", config),
        rules: config.rules(),
        books: Mutex::default(),
    }))
}

impl Watched {
    /// Admission. Invariants 1 and 3 are checked here, in the middle of everything.
    pub(super) fn admit(&'static self) -> Result<Call, CircuitOpenError> {
        let permit = self.breaker.try_acquire().inspect_err(|error| self.rejected(error))?;
        let period = permit.raw.ticket().epoch();
        let call = Call { watched: self, permit: Some(permit), period };
        let undecided = self.note(period, |period| {
            period.undecided += 1;
            period.undecided
        });
        if undecided > self.rules.probes {
            let summary = self.breaker.base_published().summary();
            let probes =
                summary.state() == State::HalfOpen && Ticket::of(summary).epoch() == period;
            assert!(!probes, "{undecided} undecided probes of one round");
        }
        Ok(call)
    }

    /// A call that must be admitted.
    pub(super) fn pass(&'static self) -> Call {
        self.admit().expect("the circuit admits calls")
    }

    fn rejected(&self, error: &CircuitOpenError) {
        unpoisoned(self.books.lock()).rejected += 1;
        let longest = match error.reason() {
            Rejection::Open => self.rules.recovery,
            Rejection::HalfOpenFull => clock::nanos(Duration::from_secs(1)),
            Rejection::ForcedOpen
            | Rejection::TooManyCalls
            | Rejection::Ramping
            | Rejection::Throttled => return,
        };
        let left = error.retry_after().expect("the deadline is known");
        assert!(left > Duration::ZERO && left <= Duration::from_nanos(longest), "{error}");
    }

    pub(super) fn reconfigure(&self, config: Config) {
        unpoisoned(self.books.lock()).reconfigured = true;
        self.breaker.reconfigure(config).expect("the configuration is valid");
    }

    pub(super) fn disable(&self) {
        unpoisoned(self.books.lock()).disabled = true;
        self.breaker.disable();
    }

    fn note<R>(&self, period: u32, note: impl FnOnce(&mut Period) -> R) -> R {
        note(unpoisoned(self.books.lock()).periods.entry(period).or_default())
    }

    /// At the end of a model, when its threads and its calls have ended: all invariants, and the
    /// circuit as it was found.
    pub(super) fn settled(&'static self, time: &Frozen) -> Snapshot {
        let snapshot = self.breaker.snapshot();
        self.adds_up();
        self.every_transition_is_explained();
        self.no_failure_is_lost();
        self.closes_in_the_end(time);
        self.adds_up();
        self.every_transition_is_explained();
        snapshot
    }

    fn adds_up(&self) {
        let books = unpoisoned(self.books.lock());
        let ended = books.periods.values().map(|period| {
            assert_eq!(period.undecided, 0, "a call is still out");
            u64::from(period.successes + period.failures + period.cancelled)
        });
        let seen = self.breaker.snapshot();
        let counted = seen.successes + seen.failures + seen.cancelled + seen.late + seen.rejected;
        assert_eq!(ended.sum::<u64>() + books.rejected, counted, "{seen}");
    }

    /// Invariant 2. The outcomes of one period, half-open's in all its rounds, explain the one
    /// transition that ended it; what explains none of them must have been a late one's.
    fn every_transition_is_explained(&self) {
        let books = unpoisoned(self.books.lock());
        let mut periods = books.periods.values();
        let transitions = self.breaker.snapshot().recent_transitions;
        for (number, transition) in (1..).zip(&transitions) {
            assert_eq!(transition.number, number);
            let explained = match transition.reason {
                Reason::WaitElapsed | Reason::Reset | Reason::ByOperator { .. } => continue,
                Reason::FailuresInARow { failures, .. } => {
                    periods.any(|period| period.failures >= failures)
                }
                Reason::FailureRate { failures, calls, .. } => periods.any(|period| {
                    period.failures >= failures && period.failures + period.successes >= calls
                }),
                Reason::ProbesSucceeded { succeeded, .. } => {
                    let mut sum = 0;
                    periods.any(|round| {
                        sum += round.successes;
                        sum >= succeeded
                    })
                }
                Reason::ProbesFailed { failed, .. } => {
                    let mut sum = 0;
                    periods.any(|round| {
                        sum += round.failures;
                        sum >= failed
                    })
                }
                Reason::FailureCount { .. }
                | Reason::Suspected { .. }
                | Reason::SlowRate { .. }
                | Reason::Requested { .. } => {
                    unreachable!("in no model")
                }
            };
            assert!(explained, "no period's outcomes explain {transition}");
        }
    }

    /// Invariant 4, as far as the order of a period's outcomes is known: where none succeeded, all
    /// that failed are a run, and a run of the threshold's length has opened the circuit.
    fn no_failure_is_lost(&'static self) {
        let seen = self.breaker.snapshot();
        if seen.state != State::Closed {
            return;
        }
        let Ok(look) = self.admit() else { return };
        let period = self.note(look.period, |period| *period);
        if period.successes > 0 || unpoisoned(self.books.lock()).disabled {
            return;
        }
        assert_eq!(seen.failures_in_a_row, period.failures, "{seen}");
        // Other rules judge from the next outcome on.
        if let (Some(threshold), false) =
            (self.rules.threshold, unpoisoned(self.books.lock()).reconfigured)
        {
            assert!(period.failures < threshold, "{seen}");
        }
    }

    /// Invariant 5. A last probe may still be out, so it takes at most one round more.
    fn closes_in_the_end(&'static self, time: &Frozen) {
        let longest = self.rules.recovery.max(self.rules.probe_timeout * 10);
        self.breaker.resume();
        for _ in 0..4 {
            if self.breaker.state() == State::Closed {
                return;
            }
            time.advance(Duration::from_nanos(longest));
            if let Ok(call) = self.admit() {
                call.success();
            }
        }
        panic!("stuck: {}", self.breaker.snapshot());
    }
}

impl Call {
    pub(super) fn success(self) {
        self.end(|period| period.successes += 1, Permit::success);
    }

    pub(super) fn failure(self) {
        self.end(|period| period.failures += 1, Permit::failure);
    }

    /// Noted first: from then on, the call may have decided.
    fn end(mut self, note: impl FnOnce(&mut Period), end: impl FnOnce(Permit<'static>)) {
        if let Some(permit) = self.permit.take() {
            self.watched.note(self.period, |period| {
                period.undecided -= 1;
                note(period);
            });
            end(permit);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.watched.note(self.period, |period| {
                period.undecided -= 1;
                period.cancelled += 1;
            });
            if std::thread::panicking() {
                // A check has failed: what it says would be lost if the checker were asked now.
                std::mem::forget(permit);
            }
        }
    }
}
