//! The outcome of a call: what does it change?

use std::sync::Arc;

use super::Inner;
use super::bulkhead::Freed;
use super::published::IN_BUCKET;
use super::ticket::stopwatch;
use super::{CircuitRef, Published};
use crate::circuit::machine::{Change, Recorded, Verdict};
use crate::circuit::{Admission, Summary, Ticket};
use crate::config::{OnCancel, Rules};
use crate::observe::event::Transition;
use crate::outcome::{Mode, Outcome, State};
use crate::primitives::clock::{Moment, Nanos, nanos};
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::{MutexGuard, Ordering};
use crate::window::sharded::{Shard, ShardedBuckets};
use crate::window::{OnSuccess, Sample};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Outcome(Outcome),
    TimedOut,
    Panicked,
    Cancelled,
}

impl End {
    /// The verdict by these rules.
    #[inline]
    pub(crate) fn verdict(self, rules: &Rules, admission: Admission, moment: &Moment) -> Verdict {
        let slow = || rules.slow_call.is_some_and(|limit| admission.is_slow(limit, moment));
        let judged = |failure| Verdict::of(Sample { failure, slow: slow() });
        match self {
            End::Outcome(Outcome::Success) => judged(false),
            End::Outcome(Outcome::Ignored) => Verdict::NEUTRAL,
            End::Cancelled => match rules.on_cancel {
                OnCancel::Failure => judged(true),
                OnCancel::Slow if slow() => Verdict { keeps_run: true, ..judged(false) },
                OnCancel::Slow | OnCancel::Ignore => Verdict::NEUTRAL,
            },
            // Zero makes it an ordinary failure.
            End::Outcome(Outcome::RetryAfter(wait)) => {
                Verdict { requested_wait: nanos(wait), ..judged(true) }
            }
            End::Outcome(Outcome::OpenFor(wait)) => {
                Verdict { opens: !wait.is_zero(), requested_wait: nanos(wait), ..judged(true) }
            }
            _ => judged(true),
        }
    }
}

/// An outcome whose period is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late {
    /// The circuit served another key in that period.
    pub(crate) of_earlier_key: bool,
}

/// The result of judging an outcome.
#[derive(Debug)]
pub(crate) struct Judged {
    /// For the lifetime counters.
    pub(crate) verdict: Verdict,
    /// It decided nothing: if it was a probe, another call may probe.
    pub(crate) is_neutral: bool,
    pub(crate) transition: Option<Arc<Transition>>,
}

/// What a call answers whose circuit may be half-open.
#[cfg(feature = "stream")]
#[derive(Debug)]
pub(crate) enum ProbeAnswer {
    /// It is no probe of this period, or nothing is judged.
    NotAProbe,
    Counted {
        /// A slow one has failed.
        was_slow: bool,
        transition: Option<Arc<Transition>>,
    },
}

impl Published {
    /// Whether a success of the call with this ticket has nothing to write.
    #[inline]
    pub(crate) fn has_nothing_to_write(&self, ticket: Ticket) -> bool {
        // Relaxed: see *A success* in the docs of `circuit`.
        Summary(self.summary.load(Ordering::Relaxed)).has_nothing_to_write(ticket)
    }

    /// The same, of a call that was listed.
    #[inline]
    pub(crate) fn has_nothing_to_write_unlisted(&self, listed: Ticket) -> bool {
        let summary = Summary(self.summary.load(Ordering::Relaxed));
        summary.unwatched().has_nothing_to_write(listed.unlisted())
    }

    /// What a success has to write that wasn't timed and isn't in the bulkhead.
    #[inline]
    pub(crate) fn on_success_for_bare(&self, ticket: Ticket) -> OnSuccess {
        // Acquire: see *Pending outcomes* in the docs of `circuit`.
        self.summary().on_success_for_bare(ticket)
    }

    /// Counts a success in the time window, and returns the shard. `None`: the period is over, or the
    /// thread has no shard, or the window isn't laid out yet.
    #[inline]
    pub(crate) fn count(&self, epoch: u32, moment: &Moment) -> Option<&Shard> {
        self.sharded.get()?.count(epoch, moment)
    }

    /// The shard of this thread in the time window, if it has counted in this period.
    #[inline]
    pub(crate) fn shard(&self, epoch: u32) -> Option<&Shard> {
        // Read first: in a library, reading a thread-local is a call, and live values would be
        // spilled.
        let thread = Thread::here();
        self.sharded.get()?.shard(epoch, thread)
    }

    /// Whether the coarse clock is exact enough to count in the time window.
    #[inline]
    pub(crate) fn counts_coarsely(&self) -> bool {
        self.sharded.get().is_some_and(ShardedBuckets::is_coarse)
    }

    #[inline(never)]
    fn is_in_bucket(&self) -> bool {
        self.sharded.get().is_some_and(ShardedBuckets::is_in_bucket)
    }

    /// Whether this end changes nothing in the circuit, so that it need only be counted: a closed circuit takes no
    /// notice of ignored calls.
    pub(crate) fn is_neutral(&self, ticket: Ticket, end: End) -> bool {
        let is_ignored = match end {
            End::Outcome(Outcome::Ignored) => true,
            End::Cancelled => !self.judges_cancelled(),
            _ => false,
        };
        // Relaxed: see *A success* in the docs of `circuit`; this is another outcome that has nothing to write.
        is_ignored && Summary(self.summary.load(Ordering::Relaxed)).is_closed_since(ticket)
    }

    /// Whether a call that ends now was slow. Not by [`Admission::is_slow`], which is another call.
    #[expect(clippy::inline_always, reason = "a call is 23 instructions more for each success")]
    #[inline(always)]
    pub(crate) fn is_slow(&self, admission: Admission, moment: &Moment) -> bool {
        let limit = self.slow_after();
        admission.took(|| stopwatch(limit, moment)).is_some_and(|took| took >= limit)
    }

    /// The time by which calls are timed.
    #[inline]
    pub(crate) fn stopwatch(&self, moment: &Moment) -> Nanos {
        stopwatch(self.slow_after(), moment)
    }

    #[inline]
    fn slow_after(&self) -> Nanos {
        // Relaxed: a limit that has just changed may be applied a moment later.
        self.slow_after.load(Ordering::Relaxed)
    }

    /// Removes a call from the bulkhead.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> Freed {
        self.bulkhead.release()
    }
}

impl CircuitRef<'_> {
    /// Adds the error that caused a transition, which wasn't known under the lock; to the recent
    /// transition that it is, too.
    pub(crate) fn note_error(&self, transition: &mut Arc<Transition>, error: Arc<str>) {
        let known = Transition { error: Some(error), ..Transition::clone(transition) };
        let known = Arc::new(known);
        let mut inner = self.lock();
        let noted = inner.recent.iter_mut().rev().find(|noted| Arc::ptr_eq(noted, transition));
        if let Some(noted) = noted {
            *noted = Arc::clone(&known);
        }
        *transition = known;
    }

    /// Records a success that isn't slow, if that can be done without the lock.
    #[inline]
    pub(crate) fn record_lock_free(&self, ticket: Ticket, moment: &Moment) -> bool {
        // Acquire: see *Pending outcomes* in the docs of `circuit`.
        match self.published.summary().on_success_for(ticket) {
            OnSuccess::Nothing => true,
            OnSuccess::Pend => self.pend_success(ticket.epoch()),
            OnSuccess::Bucket => self.published.count(ticket.epoch(), moment).is_some(),
            OnSuccess::Lock => false,
        }
    }

    /// Notes a success. False: the period is over, or a further success would have nothing to write,
    /// which must be published.
    #[inline]
    pub(crate) fn pend_success(&self, epoch: u32) -> bool {
        // Relaxed: a limit that has just changed may be applied a moment later.
        let limit = self.published.pending_limit.load(Ordering::Relaxed);
        self.may_note(limit) && self.locked.pending.add_success(epoch, limit)
    }

    /// Notes a failure of a call that isn't timed, if that can be done without the lock: the circuit is closed, and no
    /// rule can be met.
    #[inline]
    pub(crate) fn pend_failure(&self, ticket: Ticket) -> bool {
        // Acquire: see *Pending outcomes* in the docs of `circuit`.
        self.published.summary().on_success_for(ticket) == OnSuccess::Pend
            && self.may_note(self.published.pending_limit.load(Ordering::Relaxed))
            && self.locked.pending.add_failure(ticket.epoch())
    }

    /// Whether outcomes may be noted now. In a time window not any more, once its current bucket is over.
    #[inline]
    fn may_note(&self, limit: u32) -> bool {
        limit != IN_BUCKET || self.published.is_in_bucket()
    }

    /// Records that a probe succeeds whose call goes on: a stream with its first item.
    #[cfg(feature = "stream")]
    pub(crate) fn answer_probe(
        &self,
        name: &'static str,
        admission: Admission,
        moment: &Moment,
    ) -> ProbeAnswer {
        let mut inner = self.lock();
        if inner.mode == Mode::Disabled {
            return ProbeAnswer::NotAProbe;
        }
        let success = End::Outcome(Outcome::Success);
        let (machine, rules) = self.machine(&mut inner);
        let verdict = success.verdict(rules, admission, moment);
        let epoch = admission.ticket.epoch();
        match machine.answer_probe(rules, epoch, verdict, &self.env(moment)) {
            Recorded::Late => ProbeAnswer::NotAProbe,
            Recorded::Counted { change } => {
                let transition = self.recorded(inner, name, change, moment);
                let was_slow = verdict.sample.is_some_and(|sample| sample.slow);
                ProbeAnswer::Counted { was_slow, transition }
            }
        }
    }

    /// [`record`](Self::record) for a call that has answered as a probe.
    #[cfg(feature = "stream")]
    pub(crate) fn record_answered(
        &self,
        name: &'static str,
        admission: Admission,
        end: End,
        moment: &Moment,
    ) -> Result<Judged, Late> {
        let epoch = admission.ticket.epoch();
        let mut inner = self.lock();
        let is_judged = inner.mode != Mode::Disabled;
        let (machine, rules) = self.machine(&mut inner);
        let verdict = end.verdict(rules, admission, moment);
        let judged = if is_judged { verdict } else { Verdict::NEUTRAL };
        let was_slow = admission.ticket.was_slow();
        match machine.record_answered(rules, epoch, was_slow, judged, &self.env(moment)) {
            Recorded::Late => Err(Late { of_earlier_key: inner.is_of_earlier_key(epoch) }),
            Recorded::Counted { change } => {
                let transition = self.recorded(inner, name, change, moment);
                // Its place as a probe was free before.
                Ok(Judged { verdict, is_neutral: false, transition })
            }
        }
    }

    /// Publishes what has been recorded. [`record`](Self::record) has it in place: failures take nine
    /// instructions more if the two share it.
    #[cfg(feature = "stream")]
    fn recorded(
        &self,
        inner: MutexGuard<'_, Inner>,
        name: &'static str,
        change: Option<Change>,
        moment: &Moment,
    ) -> Option<Arc<Transition>> {
        if let Some(change) = change {
            return Some(self.changed(inner, name, change, moment));
        }
        self.publish(&inner);
        None
    }

    /// Notes and publishes a change that an outcome has caused, and wakes the calls that it has sent away.
    /// By value: of a reference to it, a failure behind the lock makes a copy, which is six instructions.
    #[cold]
    #[inline(never)]
    fn changed(
        self,
        mut inner: MutexGuard<'_, Inner>,
        name: &'static str,
        change: Change,
        moment: &Moment,
    ) -> Arc<Transition> {
        // From here on a key may expire: the time runs from this call.
        self.note_use(moment.exact());
        let (transition, woken) = self.note(&mut inner, name, change);
        self.publish(&inner);
        drop(inner);
        drop(woken);
        transition
    }

    /// Whether the outcome of a call that was admitted in this period would be late.
    pub(crate) fn is_late(&self, epoch: u32) -> bool {
        // Without the lock where it can't be.
        self.published.summary().epoch() != epoch && self.lock().machine.is_late(epoch)
    }

    /// Whether a probe of this period may run its body once its ping has answered: the period goes on; or it is
    /// over, and the circuit is closed, or is another key's. Else the call's outcome would decide nothing.
    pub(crate) fn may_run(&self, epoch: u32) -> bool {
        let inner = self.lock();
        let machine = &inner.machine;
        let may_run = !machine.is_late(epoch)
            || machine.state() == State::Closed
            || inner.is_of_earlier_key(epoch);
        self.publish(&inner);
        may_run
    }

    /// Judges an end, if the period that admitted its call isn't over. A disabled circuit judges
    /// nothing. `name` is called only for a transition.
    #[inline]
    pub(crate) fn record(
        &self,
        name: impl FnOnce() -> &'static str,
        admission: Admission,
        end: End,
        moment: &Moment,
    ) -> Result<Judged, Late> {
        let epoch = admission.ticket.epoch();
        let mut inner = self.lock();
        let is_judged = inner.mode != Mode::Disabled;
        let (machine, rules) = self.machine(&mut inner);
        let verdict = end.verdict(rules, admission, moment);
        let judged = if is_judged { verdict } else { Verdict::NEUTRAL };
        match machine.record(rules, epoch, judged, &self.env(moment)) {
            Recorded::Late => Err(Late { of_earlier_key: inner.is_of_earlier_key(epoch) }),
            Recorded::Counted { change } => {
                let transition = if let Some(change) = change {
                    Some(self.changed(inner, name(), change, moment))
                } else {
                    self.publish(&inner);
                    None
                };
                Ok(Judged { verdict, is_neutral: judged.sample.is_none(), transition })
            }
        }
    }
}
