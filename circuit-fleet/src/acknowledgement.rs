//! How far an order has got.

use std::fmt;

use serde::Serialize;

use crate::unknown::{UnknownCircuit, unknown};
use crate::view::{Instance, View};

/// How far an order has got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// How many instances it is for.
    pub instances: usize,
    /// How many of them have taken notice, and refuse nothing.
    pub in_force: usize,
    /// Those that have not said so yet.
    pub silent: Vec<String>,
    /// Those that don't obey, or one of whose circuits doesn't: each with the reason.
    pub refused: Vec<(String, String)>,
    /// The names and patterns that fit no circuit which these instances show. The order stands all the same, for circuits that
    /// register later; a `reset` has reset nothing.
    pub unknown: Vec<UnknownCircuit>,
}

impl Acknowledgement {
    /// How far the order of this version has got, by a view of the fleet.
    pub(crate) fn of(view: &View, version: u64) -> Self {
        let order = view.orders.iter().find(|order| order.version == version);
        let only = order.and_then(|order| order.only.as_ref());
        let circuits = order.into_iter().flat_map(|order| &order.circuits).map(String::as_str);
        let is_meant = |instance: &&Instance| only.is_none_or(|only| only.contains(&instance.name));
        let meant: Vec<_> = view.instances.iter().filter(is_meant).collect();
        let mut acknowledgement = Acknowledgement {
            instances: meant.len(),
            in_force: 0,
            silent: Vec::new(),
            refused: Vec::new(),
            unknown: unknown(circuits, &meant),
        };
        for instance in meant {
            let refusal = instance.refused.iter().find(|(refused, _)| *refused == version);
            if let Some((_, message)) = refusal {
                acknowledgement.refused.push((instance.name.clone(), message.clone()));
            } else if instance.version >= version {
                acknowledgement.in_force += 1;
            } else {
                acknowledgement.silent.push(instance.name.clone());
            }
        }
        acknowledgement
    }

    /// Whether all obey, and it reaches what it names: there are instances, and circuits for each name and pattern.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.instances > 0 && self.in_force == self.instances && self.unknown.is_empty()
    }
}

/// `47/50 in force, 2 silent, 1 refused: pod-7: circuits.payments.treshold: unknown option`, or
/// ``3/3 in force, but no instance shows a circuit `paymnets`; did you mean `payments`?``
impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} in force", self.in_force, self.instances)?;
        if !self.silent.is_empty() {
            write!(f, ", {} silent", self.silent.len())?;
        }
        if let Some((name, message)) = self.refused.first() {
            write!(f, ", {} refused: {name}: {message}", self.refused.len())?;
        }
        if self.instances == 0 {
            write!(f, ": no instance is in this fleet")?;
        }
        for unknown in &self.unknown {
            write!(f, ", but {unknown}")?;
        }
        Ok(())
    }
}
