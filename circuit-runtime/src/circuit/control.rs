//! What an operator changes: the mode, the state, the rules.

use std::sync::Arc;

use super::summary::flags_of;
use super::{CircuitRef, Inner, Woken};
use crate::circuit::machine::{Change, Machine};
#[cfg(feature = "serde")]
use crate::config::Config;
use crate::config::{ChangedRules, NewRules, Rules};
use crate::observe::event::{Reason, Transition};
use crate::outcome::{Mode, Modes};
use crate::primitives::clock::Moment;
use crate::primitives::sync::MutexGuard;

impl<'a> CircuitRef<'a> {
    pub(crate) fn rules(&self) -> Rules {
        *self.in_force(&self.lock())
    }

    /// The rules that were put in the place of the code's.
    pub(crate) fn changed_rules(&self) -> ChangedRules {
        self.lock().changed.clone()
    }

    /// The configuration that was set for its key alone.
    #[cfg(feature = "serde")]
    pub(crate) fn config_of_key(&self) -> Option<Config> {
        self.lock().changed.as_ref()?.of_key
    }

    /// The rules in force.
    #[inline]
    pub(super) fn in_force<'i>(&self, inner: &'i Inner) -> &'i Rules
    where
        'a: 'i,
    {
        inner.changed.as_ref().map_or(self.code, |new| &new.rules)
    }

    /// The machine, and the rules by which it goes.
    #[inline]
    pub(super) fn machine<'i>(&self, inner: &'i mut Inner) -> (&'i mut Machine, &'i Rules)
    where
        'a: 'i,
    {
        (&mut inner.machine, inner.changed.as_ref().map_or(self.code, |new| &new.rules))
    }

    pub(crate) fn mode(&self) -> Mode {
        self.published.summary().mode()
    }

    /// The mode in force, and what it is made of.
    pub(crate) fn modes(&self) -> Modes {
        self.lock().modes
    }

    /// Sets the mode; `common` is that of all keys. While an order sets a mode, that stays in force.
    pub(crate) fn set_mode(&self, mode: Mode, common: Mode) -> Woken {
        let mut inner = self.lock();
        inner.has_mode_override = mode != common;
        let modes = Modes { local: mode, ..inner.modes };
        self.set_modes(inner, modes)
    }

    /// Sets the mode that an order sets over the one on the spot, or takes it away.
    #[cfg(feature = "serde")]
    pub(crate) fn set_ordered_mode(&self, ordered: Option<Mode>) -> Woken {
        let inner = self.lock();
        let modes = Modes { ordered, ..inner.modes };
        self.set_modes(inner, modes)
    }

    /// Whoever waits for a place asks again if the mode decides without the bulkhead.
    fn set_modes(&self, mut inner: MutexGuard<'_, Inner>, modes: Modes) -> Woken {
        let mode = modes.in_force();
        self.change_judge(&mut inner, mode, &Moment::default());
        if (inner.mode, mode) == (Mode::ForcedOpen, Mode::Normal) {
            let (machine, rules) = self.machine(&mut inner);
            machine.begin_ramp(rules, Moment::default().exact());
        }
        (inner.mode, inner.modes) = (mode, modes);
        let woken =
            if mode == Mode::Normal { Woken::default() } else { self.send_away(&mut inner) };
        self.publish(&inner);
        woken
    }

    /// Resets. `by` is the operator's name, if it is known.
    pub(crate) fn reset(
        &self,
        name: &'static str,
        by: Option<&Arc<str>>,
    ) -> (Option<Arc<Transition>>, Woken) {
        let mut inner = self.lock();
        let (machine, rules) = self.machine(&mut inner);
        let change = machine.reset(rules, &self.env(&Moment::default()));
        let noted = change.map(|change| {
            let reason = match by {
                Some(by) => Reason::ByOperator { by: Arc::clone(by) },
                None => change.reason,
            };
            self.note(&mut inner, name, Change { reason, ..change })
        });
        self.publish(&inner);
        let (transition, woken) = noted.unzip();
        (transition, woken.unwrap_or_default())
    }

    /// Replaces the rules.
    pub(crate) fn reconfigure(
        &self,
        name: &'static str,
        new: &Arc<NewRules>,
    ) -> (Option<Arc<Transition>>, Woken) {
        let mut inner = self.lock();
        inner.changed = Some(Arc::clone(new));
        let rules = &new.rules;
        inner.flags = flags_of(rules, inner.registered);
        let change = inner.machine.reconfigure(rules, &self.env(&Moment::default()));
        let noted = change.map(|change| self.note(&mut inner, name, change));
        let (transition, woken) = noted.unzip();
        let mut woken = woken.unwrap_or_default();
        self.published.publish_rules(rules);
        self.set_stall(rules.stall);
        woken.and(match rules.max_wait {
            // There may be more places than before.
            Some(_) => self.serve_all(&mut inner),
            None => self.send_away(&mut inner),
        });
        self.publish(&inner);
        (transition, woken)
    }
}
