//! Calls that may wait for a place of the bulkhead.
//!
//! A call that finds none joins the queue of its circuit (`circuit/queue`). When it has a place, it
//! asks the circuit again, which may have opened meanwhile; then its place goes to the next one, as
//! does the place of a call that is gone. When the circuit opens, all that have no place yet leave the
//! queue, and ask again from the start.

use super::CircuitBreaker;
use super::rejection::AskedKey;
use crate::circuit::{
    Admission, Answer, CircuitRef, Freed, Join, Joined, Leaves, Published, Refusal, Turn,
};
use crate::error::{CircuitOpenError, Rejection};
use crate::keyed::Lookup;
use crate::permit::Fallback;
use crate::primitives::clock::{self, Moment, NEVER, Nanos, Wait};
use crate::primitives::parker;
use crate::primitives::sync::cold_path;

/// How far a call has come that may wait.
pub(crate) enum Step<'a> {
    Done(Entered<'a>),
    Waits(Queued<'a>),
}

/// An admitted call with its circuit, or the rejection, which has been counted.
pub(crate) type Entered<'a> = Result<(&'a Published, Admission), CircuitOpenError>;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a, 'k> {
    /// A call without a key.
    Own(&'a CircuitBreaker),
    /// A call without a key, whose first one registers the breaker.
    OwnOfFunction(&'static CircuitBreaker),
    Key(&'static CircuitBreaker, &'k str),
}

/// A call in the queue of a circuit. It leaves the queue when this is dropped, and gives back the
/// place that it may have got by then.
pub(crate) struct Queued<'a> {
    breaker: &'a CircuitBreaker,
    published: &'a Published,
    /// That of the call's look-up.
    stamp: u64,
    joined: Joined,
    has_left: bool,
}

impl CircuitBreaker {
    /// Gives a place of the bulkhead back: to the call that has waited longest, if there is one. A
    /// new key may wait for the circuit, too.
    #[inline]
    pub(crate) fn give_back(&self, published: &Published) {
        match published.release() {
            Freed::Nothing => {}
            freed => {
                cold_path();
                self.pass_on(published, freed);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn pass_on(&self, published: &Published, freed: Freed) {
        match freed {
            Freed::Nothing => {}
            Freed::ToQueue => self.circuit(published).serve_queue(),
            Freed::ToNewKey => self.make_room(published),
        }
    }

    /// Admits a call of a function that blocks, and may wait for a place.
    ///
    /// Only where calls may wait does it go through [`Caller`]: its answer is costly to hand over, half of what the
    /// rejection by an open circuit takes.
    #[inline]
    pub(crate) fn enter_waiting(
        &'static self,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        if self.base.published().summary().may_wait() {
            return self.enter_or_wait(fallback);
        }
        self.enter(fallback)
    }

    #[inline(never)]
    fn enter_or_wait(&'static self, fallback: Fallback) -> Result<Admission, CircuitOpenError> {
        if self.base.published().summary().is_registered() {
            if let Some(admission) = self.base.try_admit_measured() {
                return Ok(admission);
            }
        }
        cold_path();
        Ok(Caller::OwnOfFunction(self).block(fallback)?.1)
    }

    /// Asks a circuit again, for a call that has a place now. Unless the call is admitted and judged,
    /// the place goes to the next one.
    fn ask_placed(&self, circuit: CircuitRef<'_>, stamp: u64) -> Answer {
        self.notice_stalled(circuit);
        let summary = circuit.published.summary();
        // `ramp` and `throttle` have let the call pass before it waited, and aren't asked twice.
        let lock_free = circuit
            .published
            .admit_again(summary)
            .or_else(|| circuit.published.admit_lock_free(summary));
        // Read last, as in `ask`.
        let answer = if circuit.published.stamp() == stamp {
            let answer = lock_free.unwrap_or_else(|| self.ask_locked(circuit, stamp, true));
            let answer = circuit.complete_placed(summary, answer);
            // From here on it runs.
            if summary.is_watched() { circuit.listed(answer, &Moment::default()) } else { answer }
        } else {
            Answer::Reassigned
        };
        match answer {
            Answer::Admitted(admission) if admission.ticket.is_in_bulkhead() => {}
            _ => self.give_back(circuit.published),
        }
        answer
    }
}

impl<'a> Caller<'a, '_>
where
    'static: 'a,
{
    /// Asks for the first time, or again after having been sent away.
    #[inline]
    pub(crate) fn ask(self, fallback: Fallback) -> Step<'a> {
        let (breaker, to_register) = match self {
            Caller::Key(breaker, key) => return ask_for_key(breaker, key, fallback),
            Caller::OwnOfFunction(breaker) => (breaker, Some(breaker)),
            Caller::Own(breaker) => (breaker, None),
        };
        let published = breaker.base.published();
        let summary = published.summary();
        let ticket = match to_register {
            Some(_) => summary.try_admit_registered(),
            None => summary.try_admit(),
        };
        if let Some(ticket) = ticket {
            return Step::Done(Ok((published, Admission::new(ticket))));
        }
        cold_path();
        if !summary.may_wait() {
            let admitted = match to_register {
                Some(breaker) => breaker.enter(fallback),
                None => breaker.acquire_slow(),
            };
            return Step::Done(admitted.map(|admission| (published, admission)));
        }
        if let Some(breaker) = to_register {
            breaker.register();
        }
        match breaker.base.try_admit_measured() {
            Some(admission) => Step::Done(Ok((published, admission))),
            None => ask_own(breaker, fallback),
        }
    }

    /// Asks, and doesn't wait.
    #[cfg(not(feature = "tokio"))]
    #[inline]
    pub(crate) fn enter(self, fallback: Fallback) -> Entered<'a> {
        match self {
            Caller::Own(breaker) => Ok((breaker.base.published(), breaker.admit()?)),
            Caller::OwnOfFunction(breaker) => {
                Ok((breaker.base.published(), breaker.enter(fallback)?))
            }
            Caller::Key(breaker, key) => breaker.enter_key(key, fallback),
        }
    }

    fn breaker(self) -> &'a CircuitBreaker {
        match self {
            Caller::Own(breaker) | Caller::OwnOfFunction(breaker) | Caller::Key(breaker, _) => {
                breaker
            }
        }
    }

    /// What becomes of a call whose turn this is. `None`: it waits.
    pub(crate) fn take_turn(
        self,
        queued: &mut Queued<'a>,
        turn: Turn,
        fallback: Fallback,
    ) -> Option<Step<'a>> {
        let answer = match turn {
            Turn::Waits => return None,
            Turn::SentAway => Answer::Reassigned,
            Turn::Placed => {
                queued.has_left = true;
                queued.breaker.ask_placed(queued.circuit(), queued.stamp)
            }
        };
        Some(match answer {
            Answer::Admitted(admission) => {
                let admission = match self {
                    Caller::Key(..) => admission.by(queued.published.number()),
                    _ => admission,
                };
                Step::Done(Ok((queued.published, admission)))
            }
            Answer::Rejected(refusal) => Step::Done(Err(self.rejected(queued, refusal, fallback))),
            Answer::Reassigned => {
                queued.has_left = true;
                self.ask(fallback)
            }
        })
    }

    /// What becomes of a call that has waited long enough: it takes a place that it has got at the
    /// last moment.
    pub(crate) fn give_up(self, queued: &mut Queued<'a>, fallback: Fallback) -> Step<'a> {
        // If that opens the circuit, the call is sent away, and hears why.
        queued.breaker.notice_stalled(queued.circuit());
        queued.has_left = true;
        match queued.circuit().leave_queue(queued.joined.number) {
            Leaves::Place => {
                if let Some(step) = self.take_turn(queued, Turn::Placed, fallback) {
                    return step;
                }
            }
            Leaves::SentAway => return self.ask(fallback),
            Leaves::Room => queued.breaker.make_room(queued.published),
            Leaves::Nothing => {}
        }
        let refusal = Refusal { reason: Rejection::TooManyCalls, retry_after: NEVER };
        Step::Done(Err(self.rejected(queued, refusal, fallback)))
    }

    fn rejected(
        self,
        queued: &Queued<'a>,
        refusal: Refusal,
        fallback: Fallback,
    ) -> CircuitOpenError {
        let (breaker, circuit) = (self.breaker(), queued.circuit());
        match (self, breaker.all_keys()) {
            (Caller::Key(_, key), Some(keys)) => keys.known_as(key, |text| {
                let (published, stamp) = (queued.published, queued.stamp);
                let key = AskedKey { text, id: Some(keys.id(Lookup { published, stamp })) };
                breaker.rejected(circuit, refusal, Some(key), fallback)
            }),
            _ => breaker.rejected(circuit, refusal, None, fallback),
        }
    }

    /// Asks, and blocks the thread while the call waits.
    #[inline]
    pub(crate) fn block(self, fallback: Fallback) -> Entered<'a> {
        match self.ask(fallback) {
            Step::Done(entered) => entered,
            Step::Waits(queued) => self.block_in_queue(queued, fallback),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn block_in_queue(self, mut queued: Queued<'a>, fallback: Fallback) -> Entered<'a> {
        let waker = parker::waker();
        // The thread's own frozen clock would stand still while it waits.
        let wait = Wait::from(clock::real(), queued.longest());
        loop {
            let turn = queued.look(&waker);
            let step = self.take_turn(&mut queued, turn, fallback).or_else(|| {
                match wait.left(clock::real()) {
                    Some(left) if !NO_THREADS => parker::park(left),
                    _ => return Some(self.give_up(&mut queued, fallback)),
                }
                None
            });
            match step {
                None => {}
                Some(Step::Done(entered)) => return entered,
                Some(Step::Waits(next)) => queued = next,
            }
        }
    }
}

/// Nobody else could give a place back.
const NO_THREADS: bool = cfg!(all(target_family = "wasm", target_os = "unknown"));

/// Puts a call that found no place into the circuit's queue, if it may wait there.
fn join<'a>(breaker: &'a CircuitBreaker, circuit: CircuitRef<'a>, stamp: u64) -> Join<Queued<'a>> {
    let published = circuit.published;
    if !published.summary().may_wait() {
        return Join::MayNotWait;
    }
    match circuit.join_queue(stamp) {
        Join::MayNotWait => Join::MayNotWait,
        Join::AskAgain => Join::AskAgain,
        Join::Waits(joined) => {
            Join::Waits(Queued { breaker, published, stamp, joined, has_left: false })
        }
    }
}

#[inline(never)]
fn ask_own(breaker: &CircuitBreaker, fallback: Fallback) -> Step<'_> {
    let circuit = breaker.base();
    loop {
        let answer = breaker.ask(circuit, 0, circuit.published.summary());
        if let Answer::Rejected(Refusal { reason: Rejection::TooManyCalls, .. }) = answer {
            match join(breaker, circuit, 0) {
                Join::MayNotWait => {}
                Join::AskAgain => continue,
                Join::Waits(queued) => return Step::Waits(queued),
            }
        }
        let admitted = breaker.answered(answer, fallback);
        return Step::Done(admitted.map(|admission| (circuit.published, admission)));
    }
}

#[inline(never)]
fn ask_for_key<'a>(breaker: &'static CircuitBreaker, key: &str, fallback: Fallback) -> Step<'a> {
    let Some(keys) = breaker.all_keys() else {
        return Caller::OwnOfFunction(breaker).ask(fallback);
    };
    let known = match keys.try_enter(key) {
        Ok(admitted) => return Step::Done(Ok(admitted)),
        Err(known) => known,
    };
    if let Some(known) = known {
        if let Some(admission) = known.try_admit_measured() {
            return Step::Done(Ok((known.published, admission)));
        }
    }
    // A new key takes over what goes for all.
    let published = known.map_or(breaker.base.published(), |known| known.published);
    if !published.summary().may_wait() {
        return Step::Done(breaker.enter_key_slow(key, known, fallback));
    }
    breaker.register();
    let wait = |circuit, stamp| join(breaker, circuit, stamp);
    let entered =
        keys.known_as(key, |key| breaker.enter_known_key(keys, key, known, fallback, wait));
    match entered {
        Ok(Ok(admitted)) => Step::Done(Ok(admitted)),
        Ok(Err(queued)) => Step::Waits(queued),
        Err(error) => Step::Done(Err(error)),
    }
}

impl<'a> Queued<'a> {
    fn circuit(&self) -> CircuitRef<'a> {
        self.breaker.circuit(self.published)
    }

    /// How long the call may wait.
    pub(crate) fn longest(&self) -> Nanos {
        self.joined.longest
    }

    /// Whether it is the call's turn; if not, `waker` is called when it may be.
    pub(crate) fn look(&self, waker: &std::task::Waker) -> Turn {
        self.circuit().look_at_turn(self.joined.number, waker)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if self.has_left {
            return;
        }
        match self.circuit().leave_queue(self.joined.number) {
            Leaves::Place => self.breaker.give_back(self.published),
            Leaves::Room => self.breaker.make_room(self.published),
            Leaves::Nothing | Leaves::SentAway => {}
        }
    }
}
