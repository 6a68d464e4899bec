//! The outcome: what does this call change?

use super::{CircuitRef, Published};
use crate::circuit::machine::{Recorded, Verdict};
use crate::circuit::{Summary, Ticket};
use crate::config::Rules;
use crate::observe::event::Transition;
use crate::outcome::Mode;
use crate::primitives::clock::{Moment, Nanos};
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::Ordering;
use crate::window::OnSuccess;
use crate::window::sharded::{Shard, ShardedBuckets};

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

    /// Judges an outcome in the period that admitted its call. A disabled circuit judges nothing. The
    /// `name` is asked for if a transition has to be told of.
    #[inline]
    pub(crate) fn record(
        &self,
        name: impl FnOnce() -> &'static str,
        epoch: u32,
        moment: &Moment,
        verdict: impl FnOnce(&Rules) -> Verdict,
    ) -> Result<Judged, Late> {
        let mut inner = self.lock();
        let verdict = verdict(inner.machine.rules());
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
