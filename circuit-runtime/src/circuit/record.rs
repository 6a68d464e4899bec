//! The outcome: what does this call change?

use super::{Circuit, Front};
use crate::circuit::machine::{Recorded, Verdict};
use crate::circuit::{Ticket, Word};
use crate::config::Rules;
use crate::observe::event::Transition;
use crate::outcome::Mode;
use crate::primitives::clock::{Moment, Nanos};
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::Ordering;
use crate::window::Ease;
use crate::window::sharded::{Row, Tally};

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

impl Front {
    /// Whether a success of the call with this ticket has nothing to write.
    #[inline]
    pub(crate) fn is_calm_for(&self, ticket: Ticket) -> bool {
        Word(self.word.load(Ordering::Relaxed)).is_calm_for(ticket)
    }

    /// What a success has to write that wasn't timed and has nothing to give back.
    #[inline]
    pub(crate) fn ease_for_bare(&self, ticket: Ticket) -> Ease {
        Word(self.word.load(Ordering::Relaxed)).ease_for_bare(ticket)
    }

    /// One more success in the time window; `None` when the period is over.
    #[inline]
    pub(crate) fn count(&self, epoch: u32, moment: &Moment) -> Option<&Row> {
        self.tally.get()?.count(epoch, moment)
    }

    /// Where this thread counts successes in the time window, if it has counted some in this period.
    #[inline]
    pub(crate) fn row(&self, epoch: u32) -> Option<&Row> {
        // Asked for first: to a library's code it is a call, before which all else would be saved.
        let thread = Thread::here();
        self.tally.get()?.row(epoch, thread)
    }

    /// Whether the coarse clock will do to count a success in the time window.
    #[inline]
    pub(crate) fn counts_coarsely(&self) -> bool {
        self.tally.get().is_some_and(Tally::is_coarse)
    }

    /// Whether a call that took this long has been slow.
    pub(crate) fn is_slow(&self, took: Nanos) -> bool {
        took >= self.slow_after.load(Ordering::Relaxed)
    }

    /// Gives a place of the bulkhead back. True: it was the last one, and a new key waits for that.
    #[must_use]
    pub(crate) fn leave(&self) -> bool {
        self.places.leave()
    }
}

impl Circuit<'_> {
    /// Takes down a success that isn't slow, as far as that can be done without the lock.
    #[inline]
    pub(crate) fn take_down(&self, ticket: Ticket, moment: &Moment) -> bool {
        match Word(self.front.word.load(Ordering::Relaxed)).ease_for(ticket) {
            Ease::Calm => true,
            Ease::Slides => self.slide(ticket.epoch()),
            Ease::Counts => self.front.count(ticket.epoch(), moment).is_some(),
            Ease::Stirred => false,
        }
    }

    /// One more success that only moves the count window; false when the period is over, or when
    /// the window holds nothing but successes by now, which somebody has to publish.
    #[inline]
    pub(crate) fn slide(&self, epoch: u32) -> bool {
        self.back.slides.add(epoch, self.front.slides_full.load(Ordering::Relaxed))
    }

    /// Judges an outcome in the period that admitted its call. A disabled circuit judges nothing.
    #[inline]
    pub(crate) fn record(
        &self,
        name: &'static str,
        epoch: u32,
        moment: &Moment,
        verdict: impl FnOnce(&Rules) -> Verdict,
    ) -> Result<Judged, Late> {
        let mut inner = self.enter();
        let verdict = verdict(inner.machine.rules());
        let judged = if inner.mode == Mode::Disabled { Verdict::Neutral } else { verdict };
        match inner.machine.record(epoch, judged, &self.here(moment)) {
            Recorded::Late => Err(Late { of_earlier_key: inner.is_of_earlier_key(epoch) }),
            Recorded::Counted { change } => {
                let transition = change.map(|change| {
                    // That a key's call has just ended is as good as that it has been asked for.
                    self.note_asked(moment.exact());
                    inner.note(name, change)
                });
                self.publish(&inner);
                Ok(Judged { verdict, is_neutral: judged == Verdict::Neutral, transition })
            }
        }
    }
}
