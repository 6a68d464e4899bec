//! What must hold at each step, whatever happens to the service, the store and the instances.

use circuit_fleet::agreement::{ALONE_AFTER, Advice, MAX_AGE, Status};
use circuit_runtime::{Reason, State, Transition};

use crate::Millis;
use crate::instance::{Call, Instance, Own};
use crate::scenario::Scenario;

/// A circuit's clock is finer than the fleet's, and each step from one to the other rounds.
const ROUNDING: Millis = 2;

/// By then the store has heard of a circuit that has closed, or has forgotten the instance.
const HEARD_BY: Millis = 15_000;

#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) broken: Vec<String>,
}

impl Checks {
    fn hold(&mut self, holds: bool, now: Millis, what: impl FnOnce() -> String) {
        if !holds && self.broken.len() < 10 {
            self.broken.push(format!("at {now} ms: {}", what()));
        }
    }

    /// A call has ended, and that has changed the circuit's state. With this one, `run` failures in a row.
    pub(crate) fn changed(
        &mut self,
        change: &Transition,
        is_good: bool,
        run: u32,
        threshold: u32,
        told: Option<Millis>,
        now: Millis,
    ) {
        if change.to != State::Open {
            return;
        }
        self.hold(!is_good, now, || "a circuit opened without a failure of its own".into());
        let is_by_hearsay = matches!(change.reason, Reason::Suspected { .. });
        let is_by_itself = change.from == State::HalfOpen
            || run >= threshold
            || matches!(change.reason, Reason::Requested { .. });
        self.hold(is_by_itself || is_by_hearsay, now, || format!("opened by {}", change.reason));
        if is_by_hearsay {
            let age = told.map_or(Millis::MAX, |told| now - told);
            self.hold(age < ALONE_AFTER, now, || {
                format!("opened by an alert, and heard from the store {age} ms ago")
            });
            self.hold(age <= MAX_AGE + ROUNDING, now, || {
                format!("hearsay of {age} ms ago opened a circuit")
            });
        }
    }

    /// A call has asked for admission.
    pub(crate) fn admitted(&mut self, now: Millis, before: Own, call: Option<&Call>) {
        let was_asked = before.state == State::Open && before.asked;
        let is_early = call.is_some() && now + ROUNDING < before.deadline;
        self.hold(!(was_asked && is_early), now, || {
            "a probe came before the time that the service asked for".into()
        });
    }

    /// An instance has done what the fleet advises.
    pub(crate) fn heeded(
        &mut self,
        changes: &[Transition],
        advice: Advice,
        told: Option<Millis>,
        now: Millis,
    ) {
        self.hold(changes.is_empty(), now, || "hearsay has changed a circuit's state".into());
        let acts = advice.deadline.is_some() || advice.suspect.is_some_and(|wait| wait > 0);
        let age = told.map_or(Millis::MAX, |told| now - told);
        self.hold(!acts || age <= MAX_AGE, now, || {
            format!("an advice is based on what was told {age} ms ago")
        });
    }

    /// An open circuit admits a probe from `deadline` on.
    pub(crate) fn deadline(
        &mut self,
        deadline: Millis,
        own: Own,
        longest: Millis,
        told: Option<Millis>,
        now: Millis,
    ) {
        let latest = own.deadline.saturating_add(longest) + ROUNDING;
        self.hold(deadline <= latest.max(now), now, || {
            format!("a deadline is {} ms past the circuit's own", deadline - own.deadline)
        });
        let is_silent = told.is_none_or(|told| now - told >= ALONE_AFTER);
        let is_own = deadline <= own.deadline.max(now) + ROUNDING;
        self.hold(!is_silent || is_own, now, || {
            "the store is silent, and a circuit waits longer than by itself".into()
        });
    }

    /// The store has merged a report or refused it.
    pub(crate) fn merged(&mut self, accepted: bool, made: Millis, now: Millis) {
        self.hold(!accepted || now - made <= MAX_AGE, now, || {
            format!("the store has taken a report that was {} ms old", now - made)
        });
    }

    /// An instance has taken a status that was said then.
    pub(crate) fn told(&mut self, said: Millis, now: Millis) {
        self.hold(now - said <= MAX_AGE, now, || {
            format!("an instance has taken a status that was {} ms old", now - said)
        });
    }

    /// All has been well for long.
    pub(crate) fn at_the_end(
        &mut self,
        status: &Status,
        instances: &[&Instance],
        most_shared: usize,
        scenario: &Scenario,
    ) {
        let latest = |own: Own| own.deadline + scenario.circuit.longest_hold();
        let is_open = |instance: &&&Instance| instance.own.state == State::Open;
        for instance in instances.iter().filter(is_open) {
            self.hold(instance.last_call <= latest(instance.own), 0, || {
                format!("a circuit doesn't ask the service: {:?}", instance.own)
            });
        }
        let are_closed = instances.iter().all(|instance| {
            let own = instance.own;
            own.state == State::Closed && own.since + HEARD_BY <= scenario.until
        });
        let is_over = status.opening.is_none_or(|opening| opening.ended.is_some());
        self.hold(!are_closed || is_over, 0, || format!("an opening didn't end: {status:?}"));
        // While messages are late or lost, some probe before they have heard of others: no more than alone.
        let alone = scenario.lives.len();
        let most = if scenario.network.is_good() { 8 } else { alone.max(16) };
        self.hold(most_shared <= most, 0, || format!("{most_shared} shared probes in one wait"));
    }
}
