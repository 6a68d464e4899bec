//! Admission: may this call run?

use super::{Circuit, Front};
use crate::circuit::machine::{Admission, Verdict};
use crate::circuit::{Entry, Ticket, Word};
use crate::counters::Count;
use crate::error::Rejection;
use crate::observe::event::Transition;
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, NEVER, Nanos, Wait};
use crate::primitives::sync::{Ordering, aside};

/// Why a call may not run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) reason: Rejection,
    /// How long until it has a chance, `NEVER` where nothing can be said.
    pub(crate) retry_after: Nanos,
}

/// The call's key has lost this circuit to another key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved;

/// What the machine has to say: an answer, and a transition that somebody must be told of.
pub(crate) type Asked = (Result<Entry, Refusal>, Option<Box<Transition>>);

impl Front {
    /// Admission through a closed circuit without a bulkhead or a stopwatch: one load. `None`: ask.
    #[inline]
    pub(crate) fn quick(&self) -> Option<Ticket> {
        let word = self.word();
        word.listed().passes().then(|| Ticket::of(word))
    }

    /// The same where calls have to ask, too, as long as the circuit isn't listed.
    #[inline]
    pub(crate) fn quick_if_listed(&self) -> Option<Ticket> {
        let word = self.word();
        word.passes().then(|| Ticket::of(word))
    }

    /// Admission as far as it can be told without the lock; `None`: ask the machine.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn look_at(&self, word: Word) -> Option<Result<Entry, Refusal>> {
        match (word.mode(), word.state()) {
            (Mode::Disabled, _) => Some(Ok(entry(word, Ticket::of(word).counted()))),
            (Mode::ForcedOpen, _) => {
                Some(Err(Refusal { reason: Rejection::ForcedOpen, retry_after: NEVER }))
            }
            (Mode::Normal | Mode::Shadow, State::Closed) => Some(Ok(entry(word, Ticket::of(word)))),
            (Mode::Normal | Mode::Shadow, state) => {
                let rejects = state == State::Open || word.is_full();
                if rejects { self.left(state).map(Err) } else { None }
            }
        }
    }

    /// What is left until the deadline of a state, if anything is.
    #[inline]
    pub(crate) fn left(&self, state: State) -> Option<Refusal> {
        self.left_by_far(state).or_else(|| self.left_exactly(state))
    }

    /// The same, told by the coarse clock; `None` where that is too near to tell. Its lag would
    /// overstate what is left, but never above the whole.
    #[inline]
    pub(crate) fn left_by_far(&self, state: State) -> Option<Refusal> {
        // The clock first: the deadline needn't be kept while it is read.
        let now = clock::coarse();
        let Wait { until, length } = self.deadline(state).wait();
        let left = clock::left(until, now);
        // In one comparison: more than the lag is left, and no more than the whole and the lag.
        // Elsewhere the exact clock tells.
        if left.wrapping_sub(clock::LAG + 1) >= length {
            aside();
            return None;
        }
        Some(refusal(state, left.min(length)))
    }

    /// The same by the exact clock.
    #[cold]
    #[inline(never)]
    pub(crate) fn left_exactly(&self, state: State) -> Option<Refusal> {
        let wait = self.deadline(state).wait();
        wait.left(clock::now()).map(|left| refusal(state, left))
    }
}

impl Circuit<'_> {
    /// The bulkhead's and the shadow's part in an admission. `tenant` is the number of the call's key.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn complete(
        &self,
        word: Word,
        answer: Result<Entry, Refusal>,
        tenant: u64,
    ) -> Result<Result<Entry, Refusal>, Moved> {
        let answer = match answer {
            Ok(entry) if word.is_limited() && entry.ticket.is_judged() => {
                self.take_place(entry, tenant)?
            }
            answer => answer,
        };
        if let (Err(refusal), Mode::Shadow) = (&answer, word.mode()) {
            self.bump(Count::Rejected);
            if let Some(part) = Count::of_rejection(refusal.reason) {
                self.bump(part);
            }
            return Ok(Ok(Entry::new(Ticket::of(word).unseen())));
        }
        Ok(answer)
    }

    /// Admission by the state machine itself. `tenant` is the number of the call's key.
    pub(crate) fn ask(&self, name: &'static str, tenant: u64) -> Result<Asked, Moved> {
        let mut inner = self.enter();
        if self.front.tenant() != tenant {
            return Err(Moved);
        }
        // Under the lock: a wait that began after the clock was read would seem to have more left
        // than the whole.
        let now = clock::now();
        let asked = match inner.machine.admit(now) {
            Admission::Admitted { change } => {
                let ticket = Ticket::of_epoch(inner.machine.epoch());
                let timed = inner.machine.rules().slow_call.is_some();
                let entry = if timed { Entry::at(ticket, now) } else { Entry::new(ticket) };
                let transition = change.map(|change| inner.note(name, change));
                (Ok(entry), transition)
            }
            Admission::Rejected { state, left } => (Err(refusal(state, left)), None),
        };
        self.publish(&inner);
        Ok(asked)
    }

    /// The bulkhead is asked after the circuit; a probe that it refuses gives its place back.
    fn take_place(&self, entry: Entry, tenant: u64) -> Result<Result<Entry, Refusal>, Moved> {
        let limit = self.front.limit.load(Ordering::Relaxed);
        if self.front.places.take(tenant, limit)? {
            return Ok(Ok(entry.map(Ticket::placed)));
        }
        if self.front.word().state() == State::HalfOpen {
            let mut inner = self.enter();
            let epoch = entry.ticket.epoch();
            let moment = Moment::default();
            inner.machine.record(epoch, Verdict::Neutral, &self.here(&moment));
            self.publish(&inner);
        }
        Ok(Err(Refusal { reason: Rejection::TooManyCalls, retry_after: NEVER }))
    }
}

/// The answer to a call in a state that rejects it for so much longer.
#[inline]
fn refusal(state: State, left: Nanos) -> Refusal {
    let reason = if state == State::Open { Rejection::Open } else { Rejection::HalfOpenFull };
    Refusal { reason, retry_after: retry_after(state, left) }
}

/// When to come back: when half-open within a second, since a probe is over by then as a rule,
/// however long the next round of probes may be away.
#[inline]
pub(super) fn retry_after(state: State, left: Nanos) -> Nanos {
    if state == State::Open { left } else { left.min(SECOND) }
}

const SECOND: Nanos = 1_000_000_000;

/// An entry that knows its time, if a rule of the circuit wants it.
fn entry(word: Word, ticket: Ticket) -> Entry {
    if word.is_timed() { Entry::at(ticket, clock::now()) } else { Entry::new(ticket) }
}
