//! What others know of the service, told to one circuit under its lock.

use std::sync::Arc;

use super::{CircuitRef, Woken};
use crate::observe::event::Transition;
use crate::primitives::clock::{Moment, Nanos};

/// What somebody outside the circuit knows of the service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hint {
    OpenFor(Nanos),
    Extend(Nanos),
    ProbeNow,
    Suspect(Nanos),
}

impl CircuitRef<'_> {
    /// Follows a hint. The deadline may change within a period: whoever reads the one before is rejected as
    /// it would have been just before, or finds it over and asks under the lock.
    pub(crate) fn hint(&self, name: &'static str, hint: Hint) -> (Option<Arc<Transition>>, Woken) {
        let mut inner = self.lock();
        let moment = Moment::default();
        let env = self.env(&moment);
        let (machine, rules) = self.machine(&mut inner);
        let change = match hint {
            Hint::OpenFor(wait) => machine.open_on_request(rules, wait, &env),
            Hint::Extend(wait) => {
                machine.extend(rules, wait, &env);
                None
            }
            Hint::ProbeNow => {
                machine.probe_now(&env);
                None
            }
            Hint::Suspect(wait) => {
                machine.suspect(rules, wait, &env);
                None
            }
        };
        let noted = change.map(|change| {
            self.note_use(moment.exact());
            self.note(&mut inner, name, change)
        });
        self.publish(&inner);
        let (transition, woken) = noted.unzip();
        (transition, woken.unwrap_or_default())
    }
}
