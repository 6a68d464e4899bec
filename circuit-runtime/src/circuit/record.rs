//! The outcome: what does this call change?

use super::{CircuitRef, Published};
use crate::circuit::machine::{Recorded, Verdict};
use crate::circuit::{Admission, Summary, Ticket};
use crate::config::Rules;
use crate::observe::event::Transition;
use crate::outcome::{Mode, Outcome};
use crate::primitives::clock::{Moment, Nanos, nanos};
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::Ordering;
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
    /// What the rules make of it.
    #[inline]
    pub(crate) fn verdict(self, rules: &Rules, admission: Admission, moment: &Moment) -> Verdict {
        // A ticket without a time is of a circuit that had no stopwatch when it admitted the call: not
        // slow.
        let took = || admission.took(moment).unwrap_or_default();
        let slow = || rules.slow_call.is_some_and(|slow| took() >= slow);
        let judged = |failure| Verdict::of(Sample { failure, slow: slow() });
        match self {
            End::Outcome(Outcome::Success) => judged(false),
            End::Outcome(Outcome::Ignored) => Verdict::NEUTRAL,
            End::Cancelled if !rules.cancel_is_failure => Verdict::NEUTRAL,
            // Who asks for no time at all has just failed.
            End::Outcome(Outcome::RetryAfter(wait)) => {
                Verdict { asked: nanos(wait), ..judged(true) }
            }
            End::Outcome(Outcome::OpenFor(wait)) => {
                Verdict { opens: !wait.is_zero(), asked: nanos(wait), ..judged(true) }
            }
            _ => judged(true),
        }
    }
}

/// An outcome whose period is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late {
    /// The circuit served another key then.
    pub(crate) of_earlier_key: bool,
}

/// What was made of an outcome.
#[derive(Debug)]
pub(crate) struct Judged {
    /// For the lifetime counters.
    pub(crate) verdict: Verdict,
    /// It decided nothing; a probe has given its place back.
    pub(crate) is_neutral: bool,
    pub(crate) transition: Option<Box<Transition>>,
}

impl Published {
    /// Whether a success of the call with this ticket has nothing to write.
    #[inline]
    pub(crate) fn has_nothing_to_write(&self, ticket: Ticket) -> bool {
        Summary(self.summary.load(Ordering::Relaxed)).has_nothing_to_write(ticket)
    }

    /// What a success has to write that wasn't timed and has nothing to give back.
    #[inline]
    pub(crate) fn on_success_for_bare(&self, ticket: Ticket) -> OnSuccess {
        Summary(self.summary.load(Ordering::Relaxed)).on_success_for_bare(ticket)
    }

    /// One more success in the time window; `None` when the period is over.
    #[inline]
    pub(crate) fn count(&self, epoch: u32, moment: &Moment) -> Option<&Shard> {
        self.sharded.get()?.count(epoch, moment)
    }

    /// Where this thread counts successes in the time window, if it has counted some in this period.
    #[inline]
    pub(crate) fn shard(&self, epoch: u32) -> Option<&Shard> {
        // Asked for first: to a library's code it is a call, before which all else would be saved.
        let thread = Thread::here();
        self.sharded.get()?.shard(epoch, thread)
    }

    /// Whether the coarse clock will do to count a success in the time window.
    #[inline]
    pub(crate) fn counts_coarsely(&self) -> bool {
        self.sharded.get().is_some_and(ShardedBuckets::is_coarse)
    }

    /// Whether a call that took this long has been slow.
    pub(crate) fn is_slow(&self, took: Nanos) -> bool {
        took >= self.slow_after.load(Ordering::Relaxed)
    }

    /// A call leaves the bulkhead. True: it was the last one, and a new key waits for that.
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        self.bulkhead.release()
    }
}

impl CircuitRef<'_> {
    /// Records a success that isn't slow, if that can be done without the lock.
    #[inline]
    pub(crate) fn record_lock_free(&self, ticket: Ticket, moment: &Moment) -> bool {
        match Summary(self.published.summary.load(Ordering::Relaxed)).on_success_for(ticket) {
            OnSuccess::Nothing => true,
            OnSuccess::Slide => self.slide(ticket.epoch()),
            OnSuccess::Bucket => self.published.count(ticket.epoch(), moment).is_some(),
            OnSuccess::Lock => false,
        }
    }

    /// One more success that only moves the count window; false when the period is over, or when
    /// the window holds nothing but successes by now, which somebody has to publish.
    #[inline]
    pub(crate) fn slide(&self, epoch: u32) -> bool {
        self.locked.pending.add(epoch, self.published.pending_limit.load(Ordering::Relaxed))
    }

    /// Judges an end in the period that admitted its call. A disabled circuit judges nothing. The
    /// `name` is asked for if a transition has to be told of.
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
        let verdict = end.verdict(inner.machine.rules(), admission, moment);
        let judged = if inner.mode == Mode::Disabled { Verdict::NEUTRAL } else { verdict };
        match inner.machine.record(epoch, judged, &self.env(moment)) {
            Recorded::Late => Err(Late { of_earlier_key: inner.is_of_earlier_key(epoch) }),
            Recorded::Counted { change } => {
                let transition = change.map(|change| {
                    // That a key's call has just ended is as good as that it has been asked for.
                    self.note_asked(moment.exact());
                    inner.note(name(), change)
                });
                self.publish(&inner);
                Ok(Judged { verdict, is_neutral: judged.sample.is_none(), transition })
            }
        }
    }
}
