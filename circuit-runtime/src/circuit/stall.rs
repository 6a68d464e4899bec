//! Calls that run for `stall`: they are listed while in flight, and count as failures once somebody notices.

use std::sync::Arc;

use super::in_flight::{Cohort, InFlight, Left, Stalled};
use super::{Admission, Answer, CircuitRef, CountersRef, End, Inner, Published, Ticket, Woken};
use crate::counters::Count;
use crate::observe::event::Transition;
use crate::outcome::{Mode, Outcome, State};
use crate::primitives::clock::{Moment, NEVER, Nanos};
use crate::primitives::sync::MutexGuard;

/// What became of a call that was listed.
#[derive(Debug)]
pub(crate) enum Unlisted {
    /// It ends as any call does.
    InTime(Admission),
    /// It has counted as a failure, so that its outcome is late.
    Stalled,
}

impl<'a> CircuitRef<'a> {
    /// Adds to a counter.
    fn bump_by(&self, count: Count, more: u64) {
        match self.counters {
            CountersRef::Single(counters) => counters.bump_by(count, (), more),
            CountersRef::Keyed(of_all, number) => {
                of_all.counters.bump_by(count, of_all.key(number), more);
            }
        }
    }

    #[inline]
    pub(crate) fn in_flight(&self) -> Option<&'a InFlight> {
        self.locked.in_flight.get()
    }

    /// The list of calls in flight, which is made for the first one. `None`: no longer watched.
    #[cold]
    fn make_in_flight(&self) -> Option<&'a InFlight> {
        let inner = self.lock();
        // Under the lock, so that a `stall` that is changed meanwhile reaches the list.
        let stall = self.in_force(&inner).stall?;
        let list = self.locked.in_flight.get_or_init(|| Box::new(InFlight::new(stall)));
        self.publish(&inner);
        Some(list)
    }

    /// Whether calls may have stalled that nobody has noticed.
    #[inline]
    pub(crate) fn may_have_stalled(&self, moment: &Moment) -> bool {
        self.in_flight().is_some_and(|list| list.is_due(list.stall().now(moment)))
    }

    /// Counts calls that have stalled; returns also the transition that they caused.
    #[cold]
    pub(crate) fn notice_stalled(
        &self,
        name: impl FnOnce() -> &'static str,
        moment: &Moment,
    ) -> Option<Arc<Transition>> {
        let list = self.in_flight()?;
        let (transition, woken) = self.look(list, &mut self.lock(), name, moment);
        drop(woken);
        transition
    }

    /// Looks for calls that have stalled, counts them, and publishes what that has changed.
    fn look(
        &self,
        list: &InFlight,
        inner: &mut MutexGuard<'_, Inner>,
        name: impl FnOnce() -> &'static str,
        moment: &Moment,
    ) -> (Option<Arc<Transition>>, Woken) {
        let taken = list.take_stalled(inner.machine.first_epoch(), list.stall().now(moment));
        let noted =
            taken.stalled.and_then(|stalled| self.count_stalled(inner, stalled, name, moment));
        self.publish(inner);
        list.look_next(taken.due);
        let (transition, woken) = noted.unzip();
        (transition, woken.unwrap_or_default())
    }

    fn count_stalled(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        stalled: Stalled,
        name: impl FnOnce() -> &'static str,
        moment: &Moment,
    ) -> Option<(Arc<Transition>, Woken)> {
        if inner.mode == Mode::Disabled {
            inner.drop_stalled(stalled);
            return None;
        }
        inner.forget_dropped(stalled);
        let calls = u64::from(stalled.calls);
        self.bump_by(Count::Failures, calls);
        self.bump_by(Count::Stalled, calls);
        let (machine, rules) = self.machine(inner);
        if rules.slow_call.is_some() {
            self.bump_by(Count::Slow, calls);
        }
        let env = self.env(moment);
        let change = machine.record_stalled(rules, stalled.calls, stalled.amid_successes, &env)?;
        // From here on a key may expire: the time runs from this call.
        self.note_use(moment.exact());
        Some(self.note(inner, name(), change))
    }

    /// Lists a call that a closed circuit has just admitted by this ticket. `None`: calls may have stalled that nobody has
    /// noticed, or there is no place for it, or no list yet, or the circuit is another key's.
    #[inline]
    pub(crate) fn try_list_admitted(
        &self,
        ticket: Ticket,
        stamp: u64,
        moment: &Moment,
    ) -> Option<Admission> {
        let list = self.in_flight()?;
        let stall = list.stall();
        let (now, shift) = (stall.now(moment), stall.shift());
        // The stamp is read last, as in `ask`.
        if list.is_due(now) || self.published.stamp() != stamp {
            return None;
        }
        let listed = Admission::new(ticket).listed(now, shift);
        list.add(Cohort::of(ticket.epoch(), now, shift)).then_some(listed)
    }

    /// Lists a call that has been admitted.
    pub(crate) fn listed(&self, answer: Answer, moment: &Moment) -> Answer {
        match answer {
            Answer::Admitted(admission) => Answer::Admitted(self.list(admission, moment)),
            answer => answer,
        }
    }

    /// [`listed`](Self::listed). A call that nobody judges isn't listed.
    #[inline]
    pub(crate) fn list(&self, admission: Admission, moment: &Moment) -> Admission {
        let is_judged = admission.ticket.is_judged();
        let listed = if is_judged { self.try_list(admission, moment) } else { None };
        listed.unwrap_or(admission)
    }

    /// `None`: its period is over, or there is no place for it in the list.
    #[inline]
    fn try_list(&self, admission: Admission, moment: &Moment) -> Option<Admission> {
        let list = self.in_flight().or_else(|| self.make_in_flight())?;
        let stall = list.stall();
        let started = admission.started().unwrap_or_else(|| stall.now(moment));
        let (epoch, summary) = (admission.ticket.epoch(), self.published.summary());
        let period = if summary.state() == State::Closed && summary.epoch() == epoch {
            epoch
        } else {
            self.period_of(epoch)?
        };
        let shift = stall.shift();
        list.add(Cohort::of(period, started, shift)).then(|| admission.listed(started, shift))
    }

    /// The period of a probe.
    #[cold]
    fn period_of(&self, epoch: u32) -> Option<u32> {
        let inner = self.lock();
        let period = inner.machine.period_of(epoch);
        self.publish(&inner);
        period
    }

    /// Takes a call that ends with `end` off the list. If it may have stalled, or if a new key may wait for this call, with the lock:
    /// then it first counts the calls that have stalled. Returns also the transition that they caused, and whether a
    /// new key waited.
    #[cold]
    #[inline(never)]
    pub(crate) fn unlist(
        &self,
        name: impl FnOnce() -> &'static str,
        admission: Admission,
        end: End,
        moment: &Moment,
    ) -> (Unlisted, Option<Arc<Transition>>, bool) {
        let in_time = Unlisted::InTime(admission.unlisted(self.published.number()));
        // Can't happen: who lists a call makes the list.
        let Some(list) = self.in_flight() else { return (in_time, None, false) };
        let (started, shift) = admission.listing();
        let epoch = admission.ticket.epoch();
        if let Some(now) = list.try_end(admission, moment) {
            self.note_if_success(list, epoch, end, now);
            return (in_time, None, false);
        }
        // Declared before the lock, so that it is dropped without it.
        let (noticed, _woken);
        let mut inner = self.lock();
        (noticed, _woken) = self.look(list, &mut inner, name, moment);
        let period = inner.machine.period_of(epoch);
        let left = list.remove(Cohort::of(period.unwrap_or(epoch), started, shift));
        if left == Left::Gone && !inner.is_of_earlier_key(epoch) {
            list.note_end();
        }
        if left == Left::Gone && period.is_some() && !inner.has_dropped(started) {
            return (Unlisted::Stalled, noticed, false);
        }
        self.note_if_success(list, epoch, end, list.stall().now(moment));
        (in_time, noticed, left == Left::ToNewKey)
    }

    /// Notes the end of a call that was listed, if it is a success.
    fn note_if_success(&self, list: &InFlight, epoch: u32, end: End, now: Nanos) {
        if end == End::Outcome(Outcome::Success) {
            self.published.note_success(list, epoch, now);
        }
    }

    /// The calls in flight, as far as they are listed.
    pub(super) fn listed_calls(&self) -> u32 {
        self.in_flight().map_or(0, InFlight::total)
    }

    /// Whether calls of this key are listed; then a new key was refused because of them.
    pub(super) fn has_listed_calls(&self, inner: &Inner) -> bool {
        self.in_flight().is_some_and(|list| list.mark_refused(inner.machine.first_epoch()))
    }

    /// Applies a change of `stall`.
    pub(super) fn set_stall(&self, stall: Option<Nanos>) {
        if let Some(list) = self.in_flight() {
            list.set(stall);
        }
    }

    /// Empties the list, for another key.
    pub(super) fn clear_in_flight(&self, inner: &mut Inner) {
        inner.dropped = NONE;
        if let Some(list) = self.in_flight() {
            list.clear();
        }
    }

    /// Before the mode becomes another one: what stalls while a circuit is disabled is dropped.
    pub(super) fn change_judge(&self, inner: &mut Inner, mode: Mode, moment: &Moment) {
        let Some(list) = self.in_flight() else { return };
        match (inner.mode, mode) {
            (Mode::Disabled, Mode::Disabled) => {}
            (Mode::Disabled, _) => {
                let now = list.stall().now(moment);
                if let Some(stalled) = list.take_stalled(inner.machine.first_epoch(), now).stalled {
                    inner.drop_stalled(stalled);
                }
            }
            (_, Mode::Disabled) => inner.dropped = NONE,
            _ => {}
        }
    }
}

impl InFlight {
    /// Takes a call off that ends, and returns when it did. Without the lock: `None` if a call may have
    /// stalled, or if its circuit may go to another key.
    #[expect(clippy::inline_always, reason = "a call would keep its arguments in memory")]
    #[inline(always)]
    pub(crate) fn try_end(&self, admission: Admission, moment: &Moment) -> Option<Nanos> {
        let (started, shift) = admission.listing();
        let stall = self.stall();
        let now = stall.now(moment);
        // The call itself may have stalled before a look is due: if its thread slept before it listed it.
        let runs = !self.is_due(now) && stall.surely_runs(started, now);
        let cohort = Cohort::of(admission.ticket.epoch(), started, shift);
        (runs && self.try_remove(cohort)).then_some(now)
    }
}

impl Published {
    /// Notes the success of a call that was listed. Only of a closed circuit: the failures of probes
    /// aren't merged, and a probe succeeds before any call of the period after it begins.
    pub(crate) fn note_success(&self, list: &InFlight, epoch: u32, now: Nanos) {
        if self.summary().judges_closed(epoch) {
            list.note_success(now);
        }
    }
}

/// The starts of no call.
pub(super) const NONE: [Nanos; 2] = [NEVER, 0];

impl Inner {
    /// Notes that calls were taken off the list that don't count.
    fn drop_stalled(&mut self, stalled: Stalled) {
        let [first, last] = self.dropped;
        self.dropped = [first.min(stalled.first), last.max(stalled.last)];
    }

    /// Before calls count as stalled. If some that were dropped began at the same time, the clock has gone back
    /// since, and starts no longer tell them apart.
    fn forget_dropped(&mut self, stalled: Stalled) {
        let [first, last] = self.dropped;
        if first <= stalled.last && stalled.first <= last {
            self.dropped = NONE;
        }
    }

    /// Whether a call of this start was dropped.
    fn has_dropped(&self, started: Nanos) -> bool {
        let [first, last] = self.dropped;
        first <= started && started <= last
    }
}
