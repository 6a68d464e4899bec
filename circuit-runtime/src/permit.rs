//! The right to make one call, and what becomes of its outcome.

use std::mem::ManuallyDrop;

use crate::breaker::CircuitBreaker;
use crate::circuit::{Bearing, Circuit, Entry};
use crate::clock::{self, Nanos, nanos};
use crate::config::Rules;
use crate::counts::Count;
use crate::outcome::Outcome;
use crate::state::Verdict;
use crate::window::Mark;

/// The right to make one call through a circuit, from [`CircuitBreaker::try_acquire`].
///
/// End it with what the call came to. A permit that is dropped counts as `cancelled`: neutral,
/// unless the circuit is configured with [`OnCancel::Failure`](crate::OnCancel::Failure). It may be
/// sent to another thread and be kept as long as the call takes; an outcome that comes after its
/// period has ended is counted as `late` and does nothing else.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, Outcome};
///
/// let breaker = CircuitBreaker::new("search", Config::new());
/// let permit = breaker.try_acquire()?;
/// // … make the call …
/// permit.record(Outcome::Success);
/// assert_eq!(breaker.snapshot().successes, 1);
/// # Ok::<(), circuit_runtime::CircuitOpenError>(())
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped counts as a cancelled call"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    circuit: &'a Circuit,
    started: Nanos,
    epoch: u32,
    bearing: Bearing,
    placed: bool,
    /// The call's own code is running: a drop now is its panic.
    inside: bool,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Outcome(Outcome),
    #[cfg_attr(
        not(feature = "tokio"),
        expect(dead_code, reason = "only `timeout` ends a call so")
    )]
    TimedOut,
    Panicked,
    Cancelled,
}

/// Whether a fallback answers instead of the call, which is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    None,
    Runs,
}

impl<'a> Permit<'a> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker, circuit: &'a Circuit, entry: Entry) -> Self {
        let Entry {
            epoch,
            bearing,
            placed,
            started,
        } = entry;
        Permit {
            breaker,
            circuit,
            started,
            epoch,
            bearing,
            placed,
            inside: false,
        }
    }

    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }

    /// The call says nothing about the service.
    #[inline]
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// The call came to this.
    #[inline]
    pub fn record(self, outcome: Outcome) {
        self.settle(End::Outcome(outcome), Fallback::None);
    }

    pub(crate) fn circuit_name(&self) -> &'static str {
        self.breaker.name()
    }

    /// Whether the call's own code is running, so that a drop is its panic and no cancellation.
    #[inline]
    pub(crate) fn inside(&mut self, inside: bool) {
        self.inside = inside;
    }

    /// The one way a permit ends by itself. A success through a calm circuit only counts itself.
    #[inline]
    pub(crate) fn settle(self, end: End, fallback: Fallback) {
        let permit = ManuallyDrop::new(self);
        let plain = matches!(permit.bearing, Bearing::Judged)
            && !permit.placed
            && fallback == Fallback::None;
        if plain
            && matches!(end, End::Outcome(Outcome::Success))
            && !permit.circuit.is_slow_since(permit.started)
            && permit.circuit.is_calm_in(permit.epoch)
        {
            permit.circuit.counts.bump(Count::Successes);
        } else {
            permit.conclude(end, fallback);
        }
    }

    #[cold]
    #[inline(never)]
    fn conclude(&self, end: End, fallback: Fallback) {
        if self.placed {
            self.circuit.leave();
        }
        if fallback == Fallback::Runs {
            self.circuit.counts.bump(Count::Fallbacks);
        }
        match self.bearing {
            Bearing::Unseen => {}
            Bearing::Counted => self.count(
                end,
                verdict(end, self.started, clock::now(), &self.circuit.rules()),
            ),
            Bearing::Judged => {
                let now = clock::now();
                let judged = |rules: &Rules| verdict(end, self.started, now, rules);
                match self
                    .circuit
                    .record(self.breaker.name(), self.epoch, now, judged)
                {
                    None => self.circuit.counts.bump(Count::Late),
                    Some((verdict, transition)) => {
                        self.count(end, verdict);
                        self.breaker.tell(transition);
                    }
                }
            }
        }
    }

    fn count(&self, end: End, verdict: Verdict) {
        let bump = |count| self.circuit.counts.bump(count);
        match end {
            End::Outcome(_) => {}
            End::TimedOut => bump(Count::TimedOut),
            End::Panicked => bump(Count::Panicked),
            End::Cancelled => bump(Count::Cancelled),
        }
        let (count, slow) = match verdict {
            Verdict::Judged(Mark {
                failure: false,
                slow,
            }) => (Count::Successes, slow),
            Verdict::Judged(Mark {
                failure: true,
                slow,
            })
            | Verdict::OpenFor { slow, .. } => (Count::Failures, slow),
            Verdict::Neutral if end == End::Cancelled => return,
            Verdict::Neutral => (Count::Ignored, false),
        };
        bump(count);
        if slow {
            bump(Count::Slow);
        }
    }
}

/// What the rules make of an ending.
fn verdict(end: End, started: Nanos, now: Nanos, rules: &Rules) -> Verdict {
    let slow = rules
        .slow_call
        .is_some_and(|slow| now.saturating_sub(started) >= slow);
    match end {
        End::Outcome(Outcome::Success) => Verdict::Judged(Mark {
            failure: false,
            slow,
        }),
        End::Outcome(Outcome::Failure) | End::TimedOut | End::Panicked => Verdict::Judged(Mark {
            failure: true,
            slow,
        }),
        End::Outcome(Outcome::OpenFor(wait)) => Verdict::OpenFor {
            wait: nanos(wait),
            slow,
        },
        End::Outcome(Outcome::Ignored) => Verdict::Neutral,
        End::Cancelled if rules.cancel_is_failure => Verdict::Judged(Mark {
            failure: true,
            slow,
        }),
        End::Cancelled => Verdict::Neutral,
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.conclude(
            if self.inside {
                End::Panicked
            } else {
                End::Cancelled
            },
            Fallback::None,
        );
    }
}
