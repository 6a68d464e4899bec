//! Which orders an instance obeys. Pure, but for the monotonic clock that its orders run on.

use std::collections::BTreeMap;
use std::time::Duration;

use circuit_runtime::{Order, RefusedOrder, Settings};

use crate::wire::{self, FORM, Held, Refused, What};

/// An order lasts no longer than this, whatever it says.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// An order as Redis has it: its version, how long it still lasts, and its JSON.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) version: u64,
    pub(crate) left: Duration,
    pub(crate) json: String,
}

/// The orders of one instance.
#[derive(Debug)]
pub(crate) struct State {
    instance: String,
    /// The highest version that it has taken notice of. Only later ones are obeyed: after a fail-over or an eviction,
    /// what was lifted may stand in Redis again.
    version: u64,
    held: BTreeMap<u64, Obeyed>,
    /// Why it doesn't obey others, as long as they stand.
    refused: BTreeMap<u64, String>,
    /// The versions of the orders that were last put in force, by their numbers there.
    put_in_force: Vec<u64>,
    /// Why some circuit doesn't obey one of these.
    refused_by_circuits: BTreeMap<u64, String>,
}

#[derive(Debug)]
struct Obeyed {
    wire: wire::Order,
    order: Order,
}

impl Obeyed {
    fn changed(&self, version: u64, change: Change) -> Changed {
        Changed { version, wire: Some(self.wire.clone()), change }
    }
}

/// What is to be done after a look at the orders.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Due {
    /// The orders in force have changed.
    pub(crate) changed: bool,
    /// The circuits to reset, once, and who says so.
    pub(crate) resets: Vec<(String, String)>,
    /// What has become of orders, to be told.
    pub(crate) told: Vec<Changed>,
}

/// What has become of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Changed {
    pub(crate) version: u64,
    /// `None`: it can't be read.
    pub(crate) wire: Option<wire::Order>,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Begins {
        left: Duration,
        is_remembered: bool,
    },
    /// Its circuits were reset.
    Reset,
    /// Its time is over.
    Over,
    Cancelled {
        by: String,
        why: String,
    },
    /// The instance has left the fleet.
    Left,
    Refused {
        left: Duration,
        fault: String,
    },
}

impl State {
    pub(crate) fn new(instance: &str) -> Self {
        State {
            instance: instance.to_owned(),
            version: 0,
            held: BTreeMap::new(),
            refused: BTreeMap::new(),
            put_in_force: Vec::new(),
            refused_by_circuits: BTreeMap::new(),
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes notice of what stands in Redis. An order that has gone from there is kept to its end: it was lost, since one that
    /// was cancelled has a successor that says so.
    pub(crate) fn notice(&mut self, mut stored: Vec<Stored>) -> Due {
        stored.sort_by_key(|stored| stored.version);
        let mut due = Due::default();
        self.refused.retain(|version, _| stored.iter().any(|stored| stored.version == *version));
        let before = self.version;
        for Stored { version, left, json } in stored.into_iter().filter(|it| it.version > before) {
            self.version = version;
            match serde_json::from_str::<wire::Order>(&json) {
                Ok(order) if order.form == FORM => self.take(version, left, order, false, &mut due),
                Ok(order) => {
                    let fault = format!("form {} of orders is unknown", order.form);
                    due.told.push(self.refuse(version, left, Some(order), fault));
                }
                Err(error) => {
                    let fault = format!("an order can't be read: {error}");
                    due.told.push(self.refuse(version, left, None, fault));
                }
            }
        }
        due
    }

    fn take(
        &mut self,
        version: u64,
        left: Duration,
        wire: wire::Order,
        is_remembered: bool,
        due: &mut Due,
    ) {
        if wire.only.as_ref().is_some_and(|only| !only.contains(&self.instance)) {
            return;
        }
        match &wire.what {
            What::Cancel(cancelled) => {
                if let Some(obeyed) = self.held.remove(cancelled) {
                    let change = Change::Cancelled { by: wire.by, why: wire.why };
                    due.told.push(obeyed.changed(*cancelled, change));
                    due.changed = true;
                }
            }
            What::Reset(circuit) => {
                due.resets.push((circuit.clone(), wire.by.clone()));
                due.told.push(Changed { version, wire: Some(wire), change: Change::Reset });
            }
            What::Settings(settings) => match order(settings, &wire, left) {
                Ok(order) => {
                    let obeyed = Obeyed { wire, order };
                    due.told.push(obeyed.changed(version, Change::Begins { left, is_remembered }));
                    self.held.insert(version, obeyed);
                    due.changed = true;
                }
                Err(fault) => due.told.push(self.refuse(version, left, Some(wire), fault)),
            },
        }
    }

    fn refuse(
        &mut self,
        version: u64,
        left: Duration,
        wire: Option<wire::Order>,
        fault: String,
    ) -> Changed {
        self.refused.insert(version, fault.clone());
        Changed { version, wire, change: Change::Refused { left, fault } }
    }

    /// Notes what circuits refuse of the orders that were last [put in force](Self::put_in_force). Circuits that register
    /// later may refuse some, too. Returns those orders that weren't refused before.
    pub(crate) fn note_refused(&mut self, refused: &[RefusedOrder]) -> Vec<Changed> {
        let before = std::mem::take(&mut self.refused_by_circuits);
        for RefusedOrder { order, fault, .. } in refused {
            if let Some(version) = self.put_in_force.get(*order) {
                self.refused_by_circuits.entry(*version).or_insert_with(|| fault.to_string());
            }
        }
        let new = self.refused_by_circuits.iter();
        let new = new.filter(|(version, _)| !before.contains_key(version));
        new.filter_map(|(version, fault)| {
            let obeyed = self.held.get(version)?;
            let left = obeyed.order.left()?;
            Some(obeyed.changed(*version, Change::Refused { left, fault: fault.clone() }))
        })
        .collect()
    }

    /// Forgets orders whose time is over, and returns them.
    pub(crate) fn expire(&mut self) -> Vec<Changed> {
        let over = |(version, obeyed): (&u64, &Obeyed)| {
            let is_over = obeyed.order.left().is_none();
            is_over.then(|| obeyed.changed(*version, Change::Over))
        };
        let over: Vec<_> = self.held.iter().filter_map(over).collect();
        for Changed { version, .. } in &over {
            self.held.remove(version);
        }
        over
    }

    /// The orders that an instance which leaves no longer obeys.
    pub(crate) fn leave(&self) -> Vec<Changed> {
        self.held.iter().map(|(version, obeyed)| obeyed.changed(*version, Change::Left)).collect()
    }

    /// The orders to put in force, the latest last.
    pub(crate) fn put_in_force(&mut self) -> Vec<Order> {
        self.put_in_force = self.held.keys().copied().collect();
        self.held.values().map(|obeyed| obeyed.order.clone()).collect()
    }

    /// The same, as they are reported and remembered.
    pub(crate) fn held(&self) -> Vec<Held> {
        let held = |(version, obeyed): (&u64, &Obeyed)| {
            let left = obeyed.order.left()?;
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
            Some(Held { version: *version, left_ms, order: obeyed.wire.clone() })
        };
        self.held.iter().filter_map(held).collect()
    }

    pub(crate) fn refused(&self) -> Vec<Refused> {
        let refused = |(version, message): (&u64, &String)| Refused {
            version: *version,
            message: message.clone(),
        };
        self.refused.iter().chain(&self.refused_by_circuits).map(refused).collect()
    }

    /// Takes over what this instance has remembered from before its start.
    pub(crate) fn recall(&mut self, version: u64, held: Vec<Held>) -> Due {
        let mut due = Due::default();
        for Held { version, left_ms, order } in held {
            if matches!(order.what, What::Settings(_)) && order.form == FORM {
                self.take(version, Duration::from_millis(left_ms), order, true, &mut due);
            }
        }
        self.version = self.version.max(version);
        due
    }
}

fn order(
    settings: &serde_json::Value,
    wire: &wire::Order,
    left: Duration,
) -> Result<Order, String> {
    let settings: Settings =
        serde_json::from_value(settings.clone()).map_err(|error| error.to_string())?;
    let order = Order::new(settings, wire.by.clone(), left.min(LONGEST));
    let order = order.map_err(|error| error.to_string().replace('\n', "; "))?;
    Ok(if wire.why.is_empty() { order } else { order.because(wire.why.clone()) })
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
