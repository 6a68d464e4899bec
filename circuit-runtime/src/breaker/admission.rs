//! Admission: from a call to its permit, or to the error that rejects it.
//!
//! The fast path is inlined where the call begins; the rest is out of line, shared by all functions.

use super::CircuitBreaker;
use crate::call_stack;
use crate::circuit::{Admission, CircuitRef, Published, Reassigned, Refusal, Summary, Ticket};
use crate::counters::Count;
use crate::error::{CircuitOpenError, KeyId, Rejection};
#[cfg(feature = "tracing")]
use crate::integrations;
use crate::keyed::{Keys, LONGEST, Lookup};
use crate::observe::name::NameRef;
use crate::outcome::{Mode, State};
use crate::permit::Fallback;
use crate::primitives::clock;
use crate::primitives::per_thread::Thread;
use crate::primitives::sync::cold_path;

impl CircuitBreaker {
    /// Admission of an annotated function's call, the first of which registers the circuit; `fallback`
    /// says whether one answers a rejection.
    #[inline]
    pub(crate) fn enter(&'static self, fallback: Fallback) -> Result<Admission, CircuitOpenError> {
        let admission = if let Some(ticket) = self.own.published().try_admit_registered() {
            Admission::new(ticket)
        } else {
            cold_path();
            self.enter_slow(fallback)?
        };
        Ok(admission)
    }

    /// Admission of a call of a function that shares its circuit with others. Within a call of the
    /// same circuit it passes through.
    #[inline]
    pub(crate) fn enter_shared(
        &'static self,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        if call_stack::contains(self.own.published().address()) {
            cold_path();
            return Ok(Admission::new(Ticket::passing()));
        }
        self.enter(fallback)
    }

    /// Admission of an annotated function's call in all cases but the plainest.
    #[inline]
    fn enter_slow(&'static self, fallback: Fallback) -> Result<Admission, CircuitOpenError> {
        match fallback {
            Fallback::None => self.admit(),
            Fallback::Runs => self.admit_or_fall_back(),
        }
    }

    /// The same where no fallback answers a rejection.
    #[inline(never)]
    fn admit(&'static self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::None, Some(self))
    }

    /// The same where one does.
    #[inline(never)]
    fn admit_or_fall_back(&'static self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::Runs, Some(self))
    }

    /// The same of a call by hand, whose breaker may not be registered.
    #[inline(never)]
    pub(super) fn admit_unregistered(&self) -> Result<Admission, CircuitOpenError> {
        self.admit_slow(Fallback::None, None)
    }

    /// An open circuit's rejection comes first; `to_register` is this breaker, if the call has to
    /// register it.
    #[expect(clippy::inline_always, reason = "each caller knows some of it beforehand")]
    #[inline(always)]
    fn admit_slow(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        let asked = Self::seen_by(self.own.published().summary(), to_register);
        if asked.just_rejects_in(State::Open) {
            self.reject(State::Open, fallback, to_register)
        } else if asked.just_rejects_in(State::HalfOpen) {
            cold_path();
            self.reject_full(fallback, to_register)
        } else {
            cold_path();
            // Read again: for the rejections before, it needn't be kept.
            self.admit_by_machine(self.own.published().summary(), false, fallback, to_register)
        }
    }

    /// The answer of a half-open circuit whose probes are taken.
    #[inline(never)]
    fn reject_full(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        self.reject(State::HalfOpen, fallback, to_register)
    }

    /// The answer in a state that rejects, far from its deadline.
    #[expect(clippy::inline_always, reason = "a state that is known needn't be kept in hand")]
    #[inline(always)]
    fn reject(
        &self,
        state: State,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        // The thread first: in a library reading a thread-local is a call, and live values would be
        // spilled across it.
        let thread = Thread::here();
        let Some(refusal) = self.own.published().remaining_coarse(state) else {
            cold_path();
            return self.reject_near_deadline(fallback, to_register);
        };
        // A registered circuit has the name that the registry gave it.
        let name = if to_register.is_some() { self.name.registered() } else { self.name.known() };
        // One inside the other: each is asked once.
        if let Some(name) = name {
            if let Some(shard) = self.own.counters().shard(thread) {
                let bump = |count| shard.increment(count);
                if state == State::HalfOpen {
                    bump(Count::RejectedHalfOpenFull);
                }
                return Err(Self::rejection(name, refusal, None, fallback, bump));
            }
        }
        cold_path();
        self.reject_slow(refusal, fallback)
    }

    /// The same where a thread first counts something, or has no shard among the first; or where the
    /// name is still to be found.
    #[cold]
    #[inline(never)]
    fn reject_slow(
        &self,
        refusal: Refusal,
        fallback: Fallback,
    ) -> Result<Admission, CircuitOpenError> {
        Err(self.rejected(self.own(), refusal, None, fallback))
    }

    /// The answer where the deadline is near.
    #[inline(never)]
    fn reject_near_deadline(
        &self,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        let summary = self.own.published().summary();
        let rejects = Self::seen_by(summary, to_register).just_rejects();
        if let Some(refusal) = rejects.and_then(|state| self.own.published().remaining_exact(state))
        {
            return Err(self.rejected(self.own(), refusal, None, fallback));
        }
        self.admit_by_machine(summary, rejects.is_some(), fallback, to_register)
    }

    /// The summary as this call sees it: whether the circuit is registered matters only to those who
    /// register it.
    #[inline]
    fn seen_by(summary: Summary, to_register: Option<&'static Self>) -> Summary {
        if to_register.is_some() { summary } else { summary.registered() }
    }

    /// The rest of it; `waited`: the circuit has been open, or full, until its deadline.
    #[inline(never)]
    fn admit_by_machine(
        &self,
        summary: Summary,
        waited: bool,
        fallback: Fallback,
        to_register: Option<&'static Self>,
    ) -> Result<Admission, CircuitOpenError> {
        if let Some(breaker) = to_register {
            breaker.register();
        }
        let answer = if waited { None } else { self.own.published().admit_lock_free(summary) };
        // Only the circuit of a key can change hands.
        self.admit_through(self.own(), 0, summary, answer, None, fallback)
            .unwrap_or_else(|Reassigned| Ok(self.unprotected()))
    }

    /// [`enter`](CircuitBreaker::enter) with a key.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn enter_key(
        &'static self,
        key: &str,
        fallback: Fallback,
    ) -> Result<(&'static Published, Admission), CircuitOpenError> {
        // A `match`: in a closure for `and_then` the look-up would be out of line.
        let known = match self.keys.made() {
            Some(keys) => keys.get(key),
            None => None,
        };
        let try_admit = known.and_then(|(number, Lookup { published, stamp })| {
            let ticket = published.try_admit()?;
            (published.stamp() == stamp).then(|| (published, Admission::new(ticket).by(number)))
        });
        if let Some(admitted) = try_admit {
            Ok(admitted)
        } else {
            cold_path();
            self.enter_key_slow(key, known.map(|(_, lookup)| lookup), fallback)
        }
    }

    /// Admission by the circuit of a key in all cases but the plainest. The first call comes here,
    /// since its key is new.
    #[inline(never)]
    fn enter_key_slow(
        &'static self,
        key: &str,
        known: Option<Lookup<'static>>,
        fallback: Fallback,
    ) -> Result<(&'static Published, Admission), CircuitOpenError> {
        let own = self.own.published();
        let Some(keys) = self.keys.get() else { return Ok((own, self.enter_slow(fallback)?)) };
        self.register();
        if key.len() > LONGEST {
            return keys.known_as(key, |key| self.enter_known_key(keys, key, known, fallback));
        }
        self.enter_known_key(keys, key, known, fallback)
    }

    /// The same by what a key is known as.
    #[inline]
    fn enter_known_key(
        &'static self,
        keys: &'static Keys,
        key: &str,
        mut known: Option<Lookup<'static>>,
        fallback: Fallback,
    ) -> Result<(&'static Published, Admission), CircuitOpenError> {
        for _ in 0..ATTEMPTS {
            let get_or_insert =
                || keys.get_or_insert(key, || (self.own().rules(), self.own().mode()));
            let Some(lookup) = known.or_else(get_or_insert) else { break };
            let Lookup { published, stamp } = lookup;
            let (summary, circuit) = (published.summary(), self.circuit(published));
            if summary.state() != State::Closed {
                circuit.note_asked(clock::coarse());
            }
            let answer = published.admit_lock_free(summary);
            let asked = Some(AskedKey { text: key, id: Some(keys.id(lookup)) });
            match self.admit_through(circuit, stamp, summary, answer, asked, fallback) {
                Ok(admission) => return Ok((published, admission?.by(published.number()))),
                // The circuit has just been given to another key: ask for one behind the lock
                // under which that is done.
                Err(Reassigned) => known = None,
            }
        }
        let by_mode = self.admit_by_mode(key, fallback).unwrap_or_else(|| Ok(self.unprotected()));
        Ok((self.own.published(), by_mode?))
    }

    /// Admission where no circuit is asked, by one look at the mode: what holds for all keys holds
    /// for those without a circuit too.
    #[cold]
    fn admit_by_mode(
        &self,
        key: &str,
        fallback: Fallback,
    ) -> Option<Result<Admission, CircuitOpenError>> {
        let summary = self.own.published().summary();
        let answer = match summary.mode() {
            Mode::ForcedOpen | Mode::Disabled => self.own.published().admit_lock_free(summary)?,
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
        circuit: CircuitRef<'_>,
        refusal: Refusal,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
    ) -> CircuitOpenError {
        let bump = |count| circuit.bump(count);
        if let Some(part) = Count::of_rejection(refusal.reason) {
            bump(part);
        }
        Self::rejection(self.name.get_ref(), refusal, key, fallback, bump)
    }

    /// The same by whoever has the name and the counters at hand.
    #[expect(clippy::inline_always, reason = "a rejection is quick, and has few places")]
    #[inline(always)]
    fn rejection(
        name: NameRef,
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

    /// Asks one circuit for what its summary alone doesn't tell.
    #[expect(
        clippy::inline_always,
        reason = "its answer is costly to hand over, and it has two callers"
    )]
    #[inline(always)]
    fn admit_through(
        &self,
        circuit: CircuitRef<'_>,
        stamp: u64,
        summary: Summary,
        answer: Option<Result<Admission, Refusal>>,
        key: Option<AskedKey<'_>>,
        fallback: Fallback,
    ) -> Result<Result<Admission, CircuitOpenError>, Reassigned> {
        if circuit.published.stamp() != stamp {
            return Err(Reassigned);
        }
        let answer = match answer {
            Some(answer) => answer,
            None => self.admit_locked(circuit, stamp)?,
        };
        let admission = match circuit.complete(summary, answer, stamp)? {
            Ok(admission) => admission,
            Err(refusal) => {
                if refusal.reason == Rejection::TooManyCalls {
                    // It may have been a probe, and have given its place back.
                    self.may_have_room(circuit.published);
                    self.place_came_back(circuit.published);
                }
                return Ok(Err(self.rejected(circuit, refusal, key, fallback)));
            }
        };
        if admission.ticket.is_unseen() {
            // In the shadow mode: the same.
            self.may_have_room(circuit.published);
            self.place_came_back(circuit.published);
        }
        Ok(Ok(admission))
    }

    #[cold]
    #[inline(never)]
    fn admit_locked(
        &self,
        circuit: CircuitRef<'_>,
        stamp: u64,
    ) -> Result<Result<Admission, Refusal>, Reassigned> {
        let (answer, transition) = circuit.ask(self.name(), stamp)?;
        if let Some(transition) = transition {
            // Half-open: not free at the moment, but no longer for a time that is known.
            self.may_have_room(circuit.published);
            self.tell(*transition);
        }
        Ok(answer)
    }

    /// An admission that nothing judges: `max_keys` leaves no circuit for this key.
    #[cold]
    fn unprotected(&self) -> Admission {
        self.own().bump(Count::Unprotected);
        Admission::new(Ticket::of_epoch(0).unseen())
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
