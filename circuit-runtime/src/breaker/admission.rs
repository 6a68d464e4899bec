//! Admission: from a call to its permit, or to the error that rejects it.
//!
//! The fast path is inlined into the caller; the rest is out of line, and shared by all functions.

use std::convert::Infallible;

use super::CircuitBreaker;
use super::rejection::{AskedKey, rejection};
use crate::circuit::{
    Admission, Answer, CircuitRef, Join, Published, StoredAdmission, Summary, Ticket,
};
use crate::counters::Count;
use crate::error::{CircuitOpenError, Rejection};
use crate::keyed::{Keys, LONGEST, Lookup};
use crate::outcome::{Mode, State};
use crate::permit::Fallback;
use crate::primitives::clock;
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::cold_path;

impl Keys {
    /// The fast path of a call with a key; otherwise the key's circuit, as far as it is known.
    #[expect(clippy::inline_always, reason = "its answer is costly to return")]
    #[inline(always)]
    pub(super) fn try_enter(
        &self,
        key: &str,
    ) -> Result<(&Published, Admission), Option<Lookup<'_>>> {
        let Some((number, lookup)) = self.get(key) else { return Err(None) };
        let Lookup { published, stamp } = lookup;
        match published.summary().try_admit() {
            Some(ticket) if published.stamp() == stamp => {
                Ok((published, Admission::new(ticket).by(number)))
            }
            _ => Err(Some(lookup)),
        }
    }
}

impl Lookup<'_> {
    /// Admits a call of a known key to a closed circuit that only times its calls, or counts those in flight. `None`:
    /// something else may decide.
    #[inline]
    pub(super) fn try_admit_measured(self) -> Option<Admission> {
        let Lookup { published, stamp } = self;
        let summary = published.summary();
        // Read last, as in `ask`.
        let is_present = published.stamp() == stamp;
        let admission =
            if is_present { published.try_admit_measured(summary, stamp) } else { None };
        admission.map(|admission| admission.by(published.number()))
    }
}

impl CircuitBreaker {
    /// Admits a call of an annotated function; the first call registers the circuit. `fallback`
    /// says whether a fallback runs instead of a rejected call.
    #[inline]
    pub(crate) fn enter(&'static self, fallback: Fallback) -> Result<Admission, CircuitOpenError> {
        if let Some(ticket) = self.base.published().summary().try_admit_registered() {
            Ok(Admission::new(ticket))
        } else {
            cold_path();
            match fallback {
                Fallback::None => self.enter_slow(),
                Fallback::Runs => self.enter_slow_or_fall_back(),
            }
        }
    }

    /// [`admit_slow`](Self::admit_slow) without a fallback.
    #[inline(never)]
    fn enter_slow(&'static self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::None, Some(self))
    }

    /// [`admit_slow`](Self::admit_slow) with a fallback.
    #[inline(never)]
    fn enter_slow_or_fall_back(&'static self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::Runs, Some(self))
    }

    /// [`admit_slow`](Self::admit_slow) for a call by hand, whose breaker may never be registered.
    #[inline(never)]
    pub(super) fn acquire_slow(&self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::None, None)
    }

    /// Admits a call in all cases but the fast one. `to_register` is this breaker, if the call has
    /// to register it.
    ///
    /// The rejection by an open circuit comes first and is fast: it is what a service does most
    /// while the service that it calls is down. The simple alternative is one function for all cases; it
    /// takes 12 instructions more for such a rejection, of 76.
    #[expect(clippy::inline_always, reason = "its three callers know their arguments")]
    #[inline(always)]
    fn admit_slow(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        if self.base.published().summary().just_rejects() {
            // The thread first: in a library, reading a thread-local is a call, and live values
            // would be spilled across it.
            let thread = Thread::here();
            if let Some(refusal) = self.base.published().remaining_coarse(State::Open) {
                // A circuit without a registered name must be registered first: not here.
                let name = match to_register {
                    Some(_) => self.name.registered(),
                    None => self.name.known(),
                };
                // Nested, so that each is checked once.
                if let Some(name) = name {
                    if let Some(shard) = self.base.counters().shard(thread) {
                        let bump = |count| shard.increment(count);
                        return Err(rejection(name, refusal, None, fallback, bump));
                    }
                }
            } else {
                cold_path();
                return self.admit_near_deadline(fallback, to_register);
            }
        }
        cold_path();
        // Loaded again, which takes less than keeping it.
        let summary = self.base.published().summary();
        let is_special = match to_register {
            Some(_) => summary.is_unregistered_or_watched(),
            None => summary.is_watched(),
        };
        if is_special {
            return self.admit_special(fallback, to_register);
        }
        let measured = summary.try_admit_measured().and_then(|_| self.try_admit_measured());
        match measured {
            Some(admission) => Ok(admission.admission()),
            None => self.admit_by_machine(fallback),
        }
    }

    /// Admits a call to a closed circuit that times its calls, or counts those in flight. As a permit stores it, the
    /// answer takes two registers, and no place in memory.
    #[inline(never)]
    fn try_admit_measured(&self) -> Option<StoredAdmission> {
        self.base.try_admit_measured().map(Admission::stored)
    }

    /// Admits a call where the coarse clock couldn't tell whether an open circuit still rejects.
    #[cold]
    #[inline(never)]
    fn admit_near_deadline(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        if let Some(breaker) = to_register {
            breaker.register();
        }
        let (circuit, summary) = (self.base(), self.base.published().summary());
        let answer = if summary.just_rejects() {
            let answer = match circuit.published.remaining_exact(State::Open) {
                Some(refusal) => Answer::Rejected(refusal),
                None => self.ask_machine(circuit, 0),
            };
            self.complete(circuit, 0, summary, answer)
        } else {
            self.ask(circuit, 0, summary)
        };
        self.answered(answer, fallback)
    }

    /// Admits a call by everything that may decide, the state machine included.
    #[inline(never)]
    pub(super) fn admit_by_machine(
        &self,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        self.answered(self.ask(self.base(), 0, self.base.published().summary()), fallback)
    }

    /// What a call without a key gets for its circuit's answer.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(super) fn answered(
        &self,
        answer: Answer,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        match answer {
            Answer::Admitted(admission) => Ok(admission),
            Answer::Rejected(refusal) => Err(self.rejected(self.base(), refusal, None, fallback)),
            // Can't happen: only the circuit of a key is ever reassigned.
            Answer::Reassigned => Ok(self.unprotected()),
        }
    }

    /// Admits a call with a key.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn enter_key(
        &'static self,
        key: &str,
        fallback: Fallback,
    ) -> Result<(&'static Published, Admission), CircuitOpenError> {
        // A `match`, because in a closure for `and_then` the look-up would be out of line.
        let tried = match self.keys.made() {
            Some(keys) => keys.try_enter(key),
            None => Err(None),
        };
        match tried {
            Ok(admitted) => Ok(admitted),
            Err(known) => {
                cold_path();
                self.enter_key_slow(key, known, fallback)
            }
        }
    }

    /// Admits a call with a key in all cases but the fast one. The first call gets here, because
    /// its key is new.
    #[inline(never)]
    pub(super) fn enter_key_slow(
        &'static self,
        key: &str,
        known: Option<Lookup<'static>>,
        fallback: Fallback,
    ) -> Result<(&'static Published, Admission), CircuitOpenError> {
        if let Some(known) = known {
            if let Some(admission) = known.try_admit_measured() {
                return Ok((known.published, admission));
            }
        }
        let base = self.base.published();
        let Some(keys) = self.all_keys() else {
            return Ok((base, self.enter(fallback)?));
        };
        self.register();
        let never = |_: CircuitRef<'_>, _| Join::<Infallible>::MayNotWait;
        let entered = if key.len() > LONGEST {
            keys.known_as(key, |key| self.enter_known_key(keys, key, known, fallback, never))
        } else {
            self.enter_known_key(keys, key, known, fallback, never)
        };
        match entered {
            Ok(Ok(admitted)) => Ok(admitted),
            Err(error) => Err(error),
        }
    }

    /// Admits a call with a key that has at most [`LONGEST`] bytes, or has been shortened. Where
    /// the bulkhead is full, `wait` may take the call instead.
    #[inline]
    pub(super) fn enter_known_key<W>(
        &'static self,
        keys: &'static Keys,
        key: &str,
        mut known: Option<Lookup<'static>>,
        fallback: Fallback,
        wait: impl Fn(CircuitRef<'static>, u64) -> Join<W>,
    ) -> Result<Result<(&'static Published, Admission), W>, CircuitOpenError> {
        for _ in 0..ATTEMPTS {
            // If the circuit has just been reassigned, the next attempt looks the key up under the
            // lock.
            let settings = || (self.base().changed_rules(), self.base().modes());
            let lookup = known.take().or_else(|| keys.get_or_insert(key, settings));
            let Some(lookup) = lookup else { break };
            let Lookup { published, stamp } = lookup;
            let circuit = self.circuit(published);
            let summary = published.summary();
            if summary.state() != State::Closed {
                circuit.note_use(clock::coarse());
            }
            match self.ask(circuit, stamp, summary) {
                Answer::Admitted(admission) => {
                    return Ok(Ok((published, admission.by(published.number()))));
                }
                Answer::Rejected(refusal) => {
                    if refusal.reason == Rejection::TooManyCalls {
                        match wait(circuit, stamp) {
                            Join::MayNotWait => {}
                            Join::AskAgain => continue,
                            Join::Waits(waits) => return Ok(Err(waits)),
                        }
                    }
                    let key = AskedKey { text: key, id: Some(keys.id(lookup)) };
                    return Err(self.rejected(circuit, refusal, Some(key), fallback));
                }
                Answer::Reassigned => {}
            }
        }
        Ok(Ok((self.base.published(), self.admit_without_circuit(key, fallback)?)))
    }

    /// Admits a call whose key has no circuit, by the mode alone: a mode applies to all keys, also
    /// to those without a circuit. Reads the mode once.
    #[cold]
    fn admit_without_circuit(
        &self,
        key: &str,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        let summary = self.base.published().summary();
        let answer = match summary.mode() {
            Mode::ForcedOpen | Mode::Disabled => self.base.published().admit_lock_free(summary),
            Mode::Normal | Mode::Shadow => None,
        };
        match answer {
            Some(Answer::Admitted(admission)) => Ok(admission),
            Some(Answer::Rejected(refusal)) => {
                let key = AskedKey { text: key, id: None };
                Err(self.rejected(self.base(), refusal, Some(key), fallback))
            }
            Some(Answer::Reassigned) | None => Ok(self.unprotected()),
        }
    }

    /// Asks one circuit whether a call may run. `stamp` is that of the call's look-up.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(super) fn ask(&self, circuit: CircuitRef<'_>, stamp: u64, summary: Summary) -> Answer {
        let lock_free = circuit.published.admit_lock_free(summary);
        // Read last: whoever has seen the summary or the deadline of the next key sees that key's
        // stamp.
        if circuit.published.stamp() != stamp {
            return Answer::Reassigned;
        }
        let answer = match lock_free {
            Some(answer) => answer,
            None => self.ask_machine(circuit, stamp),
        };
        self.complete(circuit, stamp, summary, answer)
    }

    /// The bulkhead's and the shadow mode's part in an answer.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(super) fn complete(
        &self,
        circuit: CircuitRef<'_>,
        stamp: u64,
        summary: Summary,
        answer: Answer,
    ) -> Answer {
        let answer = circuit.complete(summary, answer, stamp);
        if answer.may_have_freed_a_probe() {
            self.may_have_room(circuit.published);
            self.probe_freed(circuit.published);
        }
        answer
    }

    /// Asks a circuit's state machine; or whatever decides, if the circuit lists its calls in flight.
    #[cold]
    #[inline(never)]
    fn ask_machine(&self, circuit: CircuitRef<'_>, stamp: u64) -> Answer {
        if circuit.published.summary().is_watched() {
            self.ask_watched(circuit, stamp)
        } else {
            self.ask_locked(circuit, stamp, false)
        }
    }

    /// Asks a circuit's state machine. A call that has waited has a place.
    #[expect(clippy::inline_always, reason = "a call more is 20 instructions for each probe")]
    #[inline(always)]
    pub(super) fn ask_locked(
        &self,
        circuit: CircuitRef<'_>,
        stamp: u64,
        has_place: bool,
    ) -> Answer {
        let (answer, transition) = circuit.admit_locked(self.name(), stamp, has_place);
        if let Some(transition) = transition {
            // Half-open now: it can't be evicted at this moment, but no longer until a known time.
            self.may_have_room(circuit.published);
            self.notify(transition);
        }
        answer
    }

    /// The admission of a call that no circuit judges, because `max_keys` leaves none for its key.
    #[cold]
    fn unprotected(&self) -> Admission {
        self.base().bump(Count::Unprotected);
        Admission::new(Ticket::of_epoch(0).uncounted())
    }
}

/// How often a call looks for its key's circuit when other keys keep taking it over. That happens
/// only if more keys are called at the same moment than there are circuits.
const ATTEMPTS: usize = 3;
