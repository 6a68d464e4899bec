//! Admission: may this call run?

use std::sync::Arc;

use super::bulkhead::Acquired;
use super::ticket::stopwatch;
use super::{CircuitRef, Inner, Published};
use crate::circuit::machine::{Decision, Verdict};
use crate::circuit::{Admission, Summary, Ticket};
use crate::counters::Count;
use crate::error::Rejection;
use crate::observe::event::Transition;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, NEVER, Nanos, Wait};
use crate::primitives::sync::{MutexGuard, Ordering, cold_path};

/// The answer to a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Admitted(Admission),
    Rejected(Refusal),
    /// The circuit has been reassigned to another key.
    Reassigned,
}

/// Why a call may not run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) reason: Rejection,
    /// How long until it may run; `NEVER` if that isn't known.
    pub(crate) retry_after: Nanos,
}

impl Answer {
    fn rejected(reason: Rejection) -> Self {
        Answer::Rejected(Refusal { reason, retry_after: NEVER })
    }

    /// Whether the call may have been a probe that decides nothing, so that another one may probe:
    /// the bulkhead refused it, or shadow lets it run unjudged.
    pub(crate) fn may_have_freed_a_probe(&self) -> bool {
        match self {
            Answer::Admitted(admission) => admission.ticket.is_uncounted(),
            Answer::Rejected(refusal) => refusal.reason == Rejection::TooManyCalls,
            Answer::Reassigned => false,
        }
    }
}

impl Published {
    /// Admits a call to a closed circuit that only times its calls, or counts those in flight. `None`: something
    /// else may decide. `stamp` is that of the call's look-up, and is still the circuit's after the summary was read.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn try_admit_measured(&self, summary: Summary, stamp: u64) -> Option<Admission> {
        let ticket = summary.try_admit_measured()?;
        let admission = self.admission(summary, ticket);
        if summary.is_limited() {
            let acquired = self.bulkhead.try_acquire(stamp, self.max_concurrent());
            let has_place = acquired == Acquired::Place;
            return has_place.then(|| admission.map(Ticket::in_bulkhead));
        }
        Some(admission)
    }

    /// Admits a call that a closed circuit has admitted before. `None`: the circuit isn't closed, or its
    /// mode decides.
    pub(crate) fn admit_again(&self, summary: Summary) -> Option<Answer> {
        let is_closed = summary.mode() == Mode::Normal && summary.state() == State::Closed;
        is_closed.then(|| Answer::Admitted(self.admission(summary, Ticket::of(summary))))
    }

    /// An admission, with the start time if a rule of the circuit needs it.
    #[inline]
    fn admission(&self, summary: Summary, ticket: Ticket) -> Admission {
        if summary.is_timed() {
            Admission::at(ticket, self.stopwatch(&Moment::default()))
        } else {
            Admission::new(ticket)
        }
    }

    #[inline]
    fn max_concurrent(&self) -> u32 {
        // Relaxed: a limit that has just changed may be applied a moment later.
        self.max_concurrent.load(Ordering::Relaxed)
    }

    /// Decides without the lock; `None`: the machine must decide.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn admit_lock_free(&self, summary: Summary) -> Option<Answer> {
        match summary.mode() {
            Mode::Disabled => {
                Some(Answer::Admitted(self.admission(summary, Ticket::of(summary).counted())))
            }
            Mode::ForcedOpen => Some(Answer::rejected(Rejection::ForcedOpen)),
            Mode::Normal | Mode::Shadow if summary.admits_all() => {
                Some(Answer::Admitted(self.admission(summary, Ticket::of(summary))))
            }
            Mode::Normal | Mode::Shadow => {
                let state = summary.state();
                let rejects = state == State::Open || summary.is_full();
                if rejects { self.remaining(state).map(Answer::Rejected) } else { None }
            }
        }
    }

    /// A rejection with what is left until the deadline of a state; `None` if nothing is.
    #[inline]
    fn remaining(&self, state: State) -> Option<Refusal> {
        self.remaining_coarse(state).or_else(|| self.remaining_exact(state))
    }

    /// [`Published::remaining`] by the coarse clock; `None` if the deadline is too near for that
    /// clock. Its lag overstates what is left, but never above the whole wait.
    #[inline]
    pub(crate) fn remaining_coarse(&self, state: State) -> Option<Refusal> {
        // The clock first, so that the deadline isn't live across the call to it.
        let now = clock::coarse();
        let Wait { until, length } = self.deadline(state).wait();
        let left = if until == NEVER { NEVER } else { until.wrapping_sub(now) };
        // One comparison checks that more than the lag is left, and at most the whole plus the lag.
        // In all other cases, also past the deadline, the exact clock decides.
        if left.wrapping_sub(clock::LAG + 1) >= length {
            cold_path();
            return None;
        }
        Some(refusal(state, left.min(length)))
    }

    /// [`Published::remaining`] by the exact clock.
    #[cold]
    #[inline(never)]
    pub(crate) fn remaining_exact(&self, state: State) -> Option<Refusal> {
        let wait = self.deadline(state).wait();
        wait.left(clock::now()).map(|left| refusal(state, left))
    }
}

impl CircuitRef<'_> {
    /// Lets the state machine decide; returns also the transition that it made. `stamp` is that of
    /// the call's look-up. A call that has waited has a place.
    pub(crate) fn admit_locked(
        &self,
        name: &'static str,
        stamp: u64,
        has_place: bool,
    ) -> (Answer, Option<Arc<Transition>>) {
        let mut inner = self.lock();
        if self.published.stamp() != stamp {
            return (Answer::Reassigned, None);
        }
        // Its clock is read under the lock: otherwise a wait may begin after the reading, and seem to
        // have more left than the whole.
        let moment = Moment::default();
        let (machine, rules) = self.machine(&mut inner);
        let answered = match machine.admit(rules, &self.env(&moment)) {
            Decision::Admitted { change } => {
                let ticket = Ticket::of_epoch(machine.epoch());
                let is_probe = machine.state() == State::HalfOpen;
                let ticket = if is_probe { ticket.of_probe() } else { ticket };
                let admission = match rules.slow_call {
                    Some(slow_call) => Admission::at(ticket, stopwatch(slow_call, &moment)),
                    None => Admission::new(ticket),
                };
                let is_selective = machine.is_selective(rules);
                // Half-open: nobody is sent away.
                let transition = change.map(|change| self.note(&mut inner, name, change).0);
                let answer = if is_selective && !is_probe {
                    self.enter_selective(&mut inner, admission, stamp, has_place, &moment)
                } else {
                    Answer::Admitted(admission)
                };
                (answer, transition)
            }
            Decision::Rejected { reason, left } => {
                let retry_after = retry_after(machine.state(), left);
                (Answer::Rejected(Refusal { reason, retry_after }), None)
            }
        };
        self.publish(&inner);
        answered
    }

    /// Asks the bulkhead under the lock, for a call of a closed circuit that lets only some calls pass.
    /// Some always pass, one a second and one in each tenth of a ramp: a call that the bulkhead refuses
    /// isn't that one.
    #[cold]
    fn enter_selective(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        admission: Admission,
        stamp: u64,
        has_place: bool,
        moment: &Moment,
    ) -> Answer {
        let is_limited = self.in_force(inner).max_concurrent.is_some();
        let answer = if is_limited && !has_place {
            self.take_place(admission, stamp)
        } else {
            Answer::Admitted(admission)
        };
        if matches!(answer, Answer::Admitted(_)) {
            let (machine, rules) = self.machine(inner);
            machine.note_entry(rules, moment.exact());
        }
        answer
    }

    /// Completes an answer: asks the bulkhead, and in shadow lets a rejected call run. `stamp` is
    /// that of the call's look-up.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn complete(&self, summary: Summary, answer: Answer, stamp: u64) -> Answer {
        let answer = match answer {
            Answer::Admitted(admission)
                if summary.is_limited() && admission.ticket.lacks_place() =>
            {
                self.acquire_bulkhead(admission, stamp)
            }
            answer => answer,
        };
        self.shadowed(summary, answer)
    }

    /// Completes the answer to a call that has waited and has a place now. A call that isn't
    /// admitted, or not judged, doesn't keep it.
    pub(crate) fn complete_placed(&self, summary: Summary, answer: Answer) -> Answer {
        match answer {
            Answer::Admitted(admission) if admission.ticket.is_judged() => {
                Answer::Admitted(admission.map(Ticket::in_bulkhead))
            }
            answer => self.shadowed(summary, answer),
        }
    }

    /// In shadow a rejected call runs.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    fn shadowed(&self, summary: Summary, answer: Answer) -> Answer {
        match (answer, summary.mode()) {
            (Answer::Rejected(refusal), Mode::Shadow) => {
                self.bump(Count::Rejected);
                if let Some(part) = Count::of_rejection(refusal.reason) {
                    self.bump(part);
                }
                Answer::Admitted(Admission::new(Ticket::of(summary).uncounted()))
            }
            (answer, _) => answer,
        }
    }

    /// Asks the bulkhead, after the circuit. A probe that it refuses decides nothing.
    fn acquire_bulkhead(&self, admission: Admission, stamp: u64) -> Answer {
        let answer = self.take_place(admission, stamp);
        let is_refused = matches!(answer, Answer::Rejected(_));
        if is_refused && self.published.summary().state() == State::HalfOpen {
            let mut inner = self.lock();
            let epoch = admission.ticket.epoch();
            let moment = Moment::default();
            let (machine, rules) = self.machine(&mut inner);
            machine.record(rules, epoch, Verdict::NEUTRAL, &self.env(&moment));
            self.publish(&inner);
        }
        answer
    }

    fn take_place(&self, admission: Admission, stamp: u64) -> Answer {
        match self.published.bulkhead.try_acquire(stamp, self.published.max_concurrent()) {
            Acquired::Place => Answer::Admitted(admission.map(Ticket::in_bulkhead)),
            Acquired::Reassigned => Answer::Reassigned,
            Acquired::Full => Answer::rejected(Rejection::TooManyCalls),
        }
    }
}

/// The refusal by a state that rejects calls for this much longer.
#[inline]
fn refusal(state: State, left: Nanos) -> Refusal {
    let reason = if state == State::Open { Rejection::Open } else { Rejection::HalfOpenFull };
    Refusal { reason, retry_after: retry_after(state, left) }
}

/// How long to wait before the next call. When half-open, at most a second, however long it is
/// until the next round: most probes are over by then.
#[inline]
pub(super) fn retry_after(state: State, left: Nanos) -> Nanos {
    if state == State::Open { left } else { left.min(SECOND) }
}

const SECOND: Nanos = 1_000_000_000;
