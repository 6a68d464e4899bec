//! How far an order has got.

use std::fmt;

use serde::Serialize;

use crate::view::View;

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
}

impl Acknowledgement {
    /// How far the order of this version has got, by a view of the fleet. `only`: the instances that it is for.
    pub(crate) fn of(view: &View, version: u64, only: Option<&[String]>) -> Self {
        let is_meant = |name: &String| only.is_none_or(|only| only.contains(name));
        let mut acknowledgement =
            Acknowledgement { instances: 0, in_force: 0, silent: Vec::new(), refused: Vec::new() };
        for instance in view.instances.iter().filter(|instance| is_meant(&instance.name)) {
            acknowledgement.instances += 1;
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

    /// Whether all obey.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.in_force == self.instances
    }
}

/// `47/50 in force, 2 silent, 1 refused: pod-7: circuits.payments.treshold: unknown option`
impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} in force", self.in_force, self.instances)?;
        if !self.silent.is_empty() {
            write!(f, ", {} silent", self.silent.len())?;
        }
        if let Some((name, message)) = self.refused.first() {
            write!(f, ", {} refused: {name}: {message}", self.refused.len())?;
        }
        Ok(())
    }
}
