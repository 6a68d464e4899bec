//! Admission: from a call to its permit, or to the error that rejects it.
//!
//! What most calls find is in front, and inlined where they begin; what they seldom find is behind
//! it, out of line, once for all functions.

use super::CircuitBreaker;
use crate::call_stack;
use crate::circuit::{Circuit, Entry, Front, Moved, Refusal, Ticket, Word};
use crate::counters::Count;
use crate::error::{CircuitOpenError, KeyId, Rejection};
#[cfg(feature = "tracing")]
use crate::integrations;
use crate::keyed::{Keys, LONGEST, Tenancy};
use crate::outcome::{Mode, State};
use crate::permit::Fallback;
use crate::primitives::clock;
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::aside;

impl CircuitBreaker {
    /// Admission of an annotated function's call, the first of which lists the circuit; `fallback`
    /// says whether one answers a rejection.
    #[inline]
    pub(crate) fn enter(&'static self, fallback: Fallback) -> Result<Entry, CircuitOpenError> {
        let entry = if let Some(ticket) = self.own.front().quick_if_listed() {
            Entry::new(ticket)
        } else {
            aside();
            self.ask_or(fallback)?
        };
        Ok(entry)
    }

    /// Admission of a call of a function that shares its circuit with others. Within a call of the
    /// same circuit it passes through.
    #[inline]
    pub(crate) fn enter_shared(
        &'static self,
        fallback: Fallback,
    ) -> Result<Entry, CircuitOpenError> {
        if call_stack::contains(self.own.front().address()) {
            aside();
            return Ok(Entry::new(Ticket::passing()));
        }
        self.enter(fallback)
    }

    /// Admission of an annotated function's call in all cases but the plainest.
    #[inline]
    fn ask_or(&'static self, fallback: Fallback) -> Result<Entry, CircuitOpenError> {
        match fallback {
            Fallback::None => self.ask(),
            Fallback::Runs => self.ask_falling_back(),
        }
    }

    /// The same where no fallback answers a rejection.
    #[inline(never)]
    fn ask(&'static self) -> Result<Entry, CircuitOpenError> {
        self.ask_first(Fallback::None, Some(self))
    }

    /// The same where one does.
    #[inline(never)]
    fn ask_falling_back(&'static self) -> Result<Entry, CircuitOpenError> {
        self.ask_first(Fallback::Runs, Some(self))
    }

    /// The same of a call by hand, whose breaker may not be listed.
    #[inline(never)]
    pub(super) fn ask_by_hand(&self) -> Result<Entry, CircuitOpenError> {
        self.ask_first(Fallback::None, None)
    }

    /// In front of all else the answer that an open circuit gives to every call; `to_list` is this
    /// breaker, if it is to be listed.
    #[expect(clippy::inline_always, reason = "each caller knows some of it beforehand")]
    #[inline(always)]
    fn ask_first(
        &self,
        fallback: Fallback,
        to_list: Option<&'static Self>,
    ) -> Result<Entry, CircuitOpenError> {
        let word = self.own.front().word();
        let asked = Self::asked_of(word, to_list);
        if asked.just_rejects_in(State::Open) {
            self.reject(State::Open, fallback, to_list)
        } else if asked.just_rejects_in(State::HalfOpen) {
            aside();
            self.ask_full(fallback, to_list)
        } else {
            aside();
            self.ask_further(word, false, fallback, to_list)
        }
    }

    /// The answer of a half-open circuit whose places are taken.
    #[inline(never)]
    fn ask_full(
        &self,
        fallback: Fallback,
        to_list: Option<&'static Self>,
    ) -> Result<Entry, CircuitOpenError> {
        self.reject(State::HalfOpen, fallback, to_list)
    }

    /// The answer in a state that rejects, far from its deadline.
    #[expect(clippy::inline_always, reason = "a state that is known needn't be kept in hand")]
    #[inline(always)]
    fn reject(
        &self,
        state: State,
        fallback: Fallback,
        to_list: Option<&'static Self>,
    ) -> Result<Entry, CircuitOpenError> {
        // Asked for before the clock is read: to a library's code it is a call as well, across which
        // all that is known by then would be kept.
        let thread = Thread::here();
        let Some(refusal) = self.own.front().left_by_far(state) else {
            aside();
            return self.ask_closely(fallback, to_list);
        };
        let (Some(row), Some(name)) = (self.own.counts().row(thread), self.name.known()) else {
            aside();
            return self.reject_first(refusal, fallback);
        };
        let bump = |count| row.increment(count);
        if state == State::HalfOpen {
            bump(Count::RejectedHalfOpenFull);
        }
        Err(Self::rejection(name, refusal, None, fallback, bump))
    }

    /// The same where a thread first counts something, or has no row among the first; or where the
    /// name is still to be found.
    #[cold]
    #[inline(never)]
    fn reject_first(
        &self,
        refusal: Refusal,
        fallback: Fallback,
    ) -> Result<Entry, CircuitOpenError> {
        Err(self.rejected(self.own(), refusal, None, fallback))
    }

    /// The answer where the deadline is near.
    #[inline(never)]
    fn ask_closely(
        &self,
        fallback: Fallback,
        to_list: Option<&'static Self>,
    ) -> Result<Entry, CircuitOpenError> {
        let word = self.own.front().word();
        let rejects = Self::asked_of(word, to_list).just_rejects();
        if let Some(refusal) = rejects.and_then(|state| self.own.front().left_exactly(state)) {
            return Err(self.rejected(self.own(), refusal, None, fallback));
        }
        self.ask_further(word, rejects.is_some(), fallback, to_list)
    }

    /// What matters of a word: whether the circuit is listed does so for those who list it.
    #[inline]
    fn asked_of(word: Word, to_list: Option<&'static Self>) -> Word {
        if to_list.is_some() { word } else { word.listed() }
    }

    /// The rest of it; `waited`: the circuit has been open, or full, until its deadline.
    #[inline(never)]
    fn ask_further(
        &self,
        word: Word,
        waited: bool,
        fallback: Fallback,
        to_list: Option<&'static Self>,
    ) -> Result<Entry, CircuitOpenError> {
        if let Some(breaker) = to_list {
            breaker.register();
        }
        let answer = if waited { None } else { self.own.front().look_at(word) };
        // Only the circuit of a key can change hands.
        self.ask_one(self.own(), 0, word, answer, None, fallback)
            .unwrap_or_else(|Moved| Ok(self.unprotected()))
    }

    /// [`enter`](CircuitBreaker::enter) with a key.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn enter_key(
        &'static self,
        key: &str,
        fallback: Fallback,
    ) -> Result<(&'static Front, Entry), CircuitOpenError> {
        // A `match`: in a closure for `and_then` the look-up would be out of line.
        let known = match self.keys.made() {
            Some(keys) => keys.get(key),
            None => None,
        };
        let quick = known.and_then(|(number, Tenancy { front, tenant })| {
            let ticket = front.quick()?;
            (front.tenant() == tenant).then(|| (front, Entry::new(ticket).by(number)))
        });
        if let Some(admitted) = quick {
            Ok(admitted)
        } else {
            aside();
            self.ask_key(key, known.map(|(_, tenancy)| tenancy), fallback)
        }
    }

    /// Admission by the circuit of a key in all cases but the plainest. The first call comes here,
    /// since its key is new.
    #[inline(never)]
    fn ask_key(
        &'static self,
        key: &str,
        known: Option<Tenancy<'static>>,
        fallback: Fallback,
    ) -> Result<(&'static Front, Entry), CircuitOpenError> {
        let own = self.own.front();
        let Some(keys) = self.keys.get() else { return Ok((own, self.ask_or(fallback)?)) };
        self.register();
        if key.len() > LONGEST {
            return keys.known_as(key, |key| self.ask_known_key(keys, key, known, fallback));
        }
        self.ask_known_key(keys, key, known, fallback)
    }

    /// The same by what a key is known as.
    #[inline]
    fn ask_known_key(
        &'static self,
        keys: &'static Keys,
        key: &str,
        mut known: Option<Tenancy<'static>>,
        fallback: Fallback,
    ) -> Result<(&'static Front, Entry), CircuitOpenError> {
        for _ in 0..ATTEMPTS {
            let arrive = || keys.arrive(key, || (self.own().rules(), self.own().mode()));
            let Some(tenancy) = known.or_else(arrive) else { break };
            let Tenancy { front, tenant } = tenancy;
            let (word, circuit) = (front.word(), self.circuit(front));
            if word.state() != State::Closed {
                circuit.note_asked(clock::coarse());
            }
            let answer = front.look_at(word);
            let asked = Some(AskedKey { text: key, id: Some(keys.id(tenancy)) });
            match self.ask_one(circuit, tenant, word, answer, asked, fallback) {
                Ok(entry) => return Ok((front, entry?.by(front.number()))),
                // The circuit has just been given to another key: ask for one behind the lock
                // under which that is done.
                Err(Moved) => known = None,
            }
        }
        let by_mode = self.ask_mode(key, fallback).unwrap_or_else(|| Ok(self.unprotected()));
        Ok((self.own.front(), by_mode?))
    }

    /// Admission where no circuit is asked, by one look at the mode: what holds for all keys holds
    /// for those without a circuit too.
    #[cold]
    fn ask_mode(&self, key: &str, fallback: Fallback) -> Option<Result<Entry, CircuitOpenError>> {
        let word = self.own.front().word();
        let answer = match word.mode() {
            Mode::ForcedOpen | Mode::Disabled => self.own.front().look_at(word)?,
            Mode::Normal | Mode::Shadow => return None,
        };
        let key = Some(AskedKey { text: key, id: None });
        Some(answer.map_err(|refusal| self.rejected(self.own(), refusal, key, fallback)))
    }

    /// Counts a rejection, and makes the error.
    #[expect(clippy::inline_always, reason = "a rejection is quick, and has few places")]
    #[inline(always)]
    fn rejected(
        &self,
        circuit: Circuit<'_>,
        refusal: Refusal,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
    ) -> CircuitOpenError {
        let bump = |count| circuit.bump(count);
        if let Some(part) = Count::of_rejection(refusal.reason) {
            bump(part);
        }
        Self::rejection(self.name(), refusal, key, fallback, bump)
    }

    /// The same by whoever has the name and the counters at hand.
    #[expect(clippy::inline_always, reason = "a rejection is quick, and has few places")]
    #[inline(always)]
    fn rejection(
        name: &'static str,
        Refusal { reason, retry_after }: Refusal,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
        bump: impl Fn(Count),
    ) -> CircuitOpenError {
        bump(Count::Rejected);
        if fallback == Fallback::Runs {
            bump(Count::Fallbacks);
        }
        let error = CircuitOpenError::new(name, reason, retry_after);
        #[cfg(feature = "tracing")]
        integrations::rejected(&error, key.map(|key| key.text));
        match key {
            Some(AskedKey { id: Some(id), .. }) => error.of_key(id),
            _ => error,
        }
    }

    /// Asks one circuit what a look at its word didn't tell.
    #[expect(
        clippy::inline_always,
        reason = "its answer is costly to hand over, and it has two callers"
    )]
    #[inline(always)]
    fn ask_one(
        &self,
        circuit: Circuit<'_>,
        tenant: u64,
        word: Word,
        answer: Option<Result<Entry, Refusal>>,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
    ) -> Result<Result<Entry, CircuitOpenError>, Moved> {
        if circuit.front.tenant() != tenant {
            return Err(Moved);
        }
        let answer = match answer {
            Some(answer) => answer,
            None => self.ask_machine(circuit, tenant)?,
        };
        let entry = match circuit.complete(word, answer, tenant)? {
            Ok(entry) => entry,
            Err(refusal) => {
                if refusal.reason == Rejection::TooManyCalls {
                    // It may have been a probe, and have given its place back.
                    self.may_have_room(circuit.front);
                    self.place_came_back(circuit.front);
                }
                return Ok(Err(self.rejected(circuit, refusal, key, fallback)));
            }
        };
        if entry.ticket.is_unseen() {
            // In the shadow mode: the same.
            self.may_have_room(circuit.front);
            self.place_came_back(circuit.front);
        }
        Ok(Ok(entry))
    }

    #[cold]
    #[inline(never)]
    fn ask_machine(
        &self,
        circuit: Circuit<'_>,
        tenant: u64,
    ) -> Result<Result<Entry, Refusal>, Moved> {
        let (answer, transition) = circuit.ask(self.name(), tenant)?;
        if let Some(transition) = transition {
            // Half-open: not free at the moment, but no longer for a time that is known.
            self.may_have_room(circuit.front);
            self.tell(*transition);
        }
        Ok(answer)
    }

    /// An entry that nothing judges: `max_keys` leaves no circuit for this key.
    #[cold]
    fn unprotected(&self) -> Entry {
        self.own().bump(Count::Unprotected);
        Entry::new(Ticket::of_epoch(0).unseen())
    }
}

/// The key of a call, and what tells the time that it has its circuit, if it has one.
#[derive(Debug, Clone, Copy)]
struct AskedKey<'a> {
    #[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "only an event shows it"))]
    text: &'a str,
    id: Option<KeyId>,
}

/// How often a call asks for a circuit of its key's that other keys take from it at once. More of
/// them call at the same moment, then, than there may be circuits.
const ATTEMPTS: usize = 3;
