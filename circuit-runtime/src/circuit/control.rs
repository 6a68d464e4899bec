//! What an operator changes: the mode, the state, the rules.

use std::sync::Arc;

use super::summary::flags_of;
use super::{CircuitRef, Woken};
use crate::circuit::machine::Change;
use crate::config::Rules;
use crate::observe::event::{Reason, Transition};
use crate::outcome::Mode;
use crate::primitives::clock::Moment;

impl CircuitRef<'_> {
    /// Sets the mode; `common` is that of all keys. Whoever waits for a place asks again if the
    /// mode decides without the bulkhead.
    pub(crate) fn set_mode(&self, mode: Mode, common: Mode) -> Woken {
        let mut inner = self.lock();
        self.change_judge(&mut inner, mode, &Moment::default());
        if (inner.mode, mode) == (Mode::ForcedOpen, Mode::Normal) {
            inner.machine.begin_ramp(Moment::default().exact());
        }
        inner.mode = mode;
        inner.has_mode_override = mode != common;
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
    ) -> Option<Box<Transition>> {
        let mut inner = self.lock();
        let change = inner.machine.reset(&self.env(&Moment::default()));
        let transition = change.map(|change| {
            let reason = match by {
                Some(by) => Reason::ByOperator { by: Arc::clone(by) },
                None => change.reason,
            };
            inner.note(name, Change { reason, ..change })
        });
        self.publish(&inner);
        transition
    }

    /// Replaces the rules; `common` are those of all keys.
    pub(crate) fn reconfigure(
        &self,
        name: &'static str,
        rules: Rules,
        common: &Rules,
    ) -> (Option<Box<Transition>>, Woken) {
        let mut inner = self.lock();
        inner.has_rules_override = rules != *common;
        inner.flags = flags_of(&rules, inner.registered);
        let change = inner.machine.reconfigure(rules, &self.env(&Moment::default()));
        let transition = change.map(|change| inner.note(name, change));
        self.published.publish_rules(&rules);
        self.set_stall(rules.stall);
        let woken = match rules.max_wait {
            // There may be more places than before.
            Some(_) => self.serve_all(&mut inner),
            None => self.send_away(&mut inner),
        };
        self.publish(&inner);
        (transition, woken)
    }
}
