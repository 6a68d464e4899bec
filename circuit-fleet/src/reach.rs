//! How far an order reaches: shown to whoever gives it, and to be confirmed if it is dangerous.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::draft::OrderDraft;
use crate::error::FleetError;
use crate::options::OptionsError;
use crate::unknown::{UnknownCircuit, unknown};
use crate::view::{Instance, View};

/// How far an order reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reach {
    /// The instances that it is for, by name.
    pub instances: Vec<String>,
    /// How many circuits it names that these show.
    pub circuits: usize,
    /// How many calls a second these circuits have, in all these instances together.
    pub calls_a_second: f64,
    /// The names and patterns that fit no circuit which these show.
    pub unknown: Vec<UnknownCircuit>,
}

fn counted(number: usize, word: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {word}{s}")
}

/// `2 circuits in 50 instances, with 1200 calls a second`
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls_a_second.to_string();
        let circuits = counted(self.circuits, "circuit");
        let instances = counted(self.instances.len(), "instance");
        let s = if calls == "1" { "" } else { "s" };
        write!(f, "{circuits} in {instances}, with {calls} call{s} a second")
    }
}

impl Reach {
    /// How far this order would reach in the fleet of this view.
    #[must_use]
    pub fn of(draft: &OrderDraft, view: &View) -> Self {
        let is_meant = |instance: &&Instance| {
            draft.only.as_ref().is_none_or(|only| only.contains(&instance.name))
        };
        let meant: Vec<_> = view.instances.iter().filter(is_meant).collect();
        let mut circuits = BTreeSet::new();
        let unknown = unknown(draft.action.circuits(), &meant);
        let mut reach = Reach { instances: Vec::new(), circuits: 0, calls_a_second: 0.0, unknown };
        for instance in meant {
            reach.instances.push(instance.name.clone());
            for circuit in &instance.circuits {
                let name = circuit["name"].as_str().unwrap_or_default();
                if draft.action.names(name) {
                    circuits.insert(name);
                    reach.calls_a_second += circuit["calls_a_second"].as_f64().unwrap_or_default();
                }
            }
        }
        reach.circuits = circuits.len();
        reach
    }

    /// Whether it reaches anything, and everything that it names: there are instances, and circuits for each name and pattern.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.instances.is_empty() && self.unknown.is_empty()
    }

    /// Whether the order may be given. A [dangerous](crate::Action::is_dangerous) one needs the number of the instances that it
    /// is for. With others the number may be left out.
    ///
    /// ```
    /// use circuit_fleet::{Action, OrderDraft, Reach, View};
    /// use circuit_runtime::Mode;
    ///
    /// let draft = OrderDraft::new(Action::mode("pay*", Mode::ForcedOpen), "alice");
    /// let reach = Reach::of(&draft, &View::default());
    /// let error = reach.confirm(&draft, None).unwrap_err().to_string();
    /// assert!(error.starts_with("this is for 0 circuits in 0 instances"), "{error}");
    /// assert!(reach.confirm(&draft, Some(0)).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// If the number is missing, or another one.
    pub fn confirm(&self, draft: &OrderDraft, number: Option<usize>) -> Result<(), FleetError> {
        let instances = self.instances.len();
        let is_confirmed = number.map_or(!draft.action.is_dangerous(), |it| it == instances);
        if is_confirmed {
            Ok(())
        } else {
            Err(FleetError::Unconfirmed { instances, reach: self.to_string() })
        }
    }
}

impl OrderDraft {
    /// Only for so many instances of this view, the first by name: to see what an order does before all obey it.
    ///
    /// # Errors
    ///
    /// If the number is 0, or there are fewer instances.
    pub fn canary(self, number: usize, view: &View) -> Result<Self, OptionsError> {
        let present = view.instances.len();
        if number == 0 || number > present {
            let message = format!("must be from 1 to {present}, the number of instances");
            return Err(OptionsError::new("canary", message));
        }
        let names = view.instances.iter().take(number).map(|it| it.name.clone());
        Ok(self.only(names.collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use circuit_runtime::Mode;
    use serde_json::json;

    use super::*;
    use crate::draft::Action;

    fn view(circuits: &[(&str, &[&str])]) -> View {
        let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (instance, circuits) in circuits {
            names.insert(instance, circuits.to_vec());
        }
        let instances = names.into_iter().map(|(name, circuits)| Instance {
            circuits: circuits
                .into_iter()
                .map(|circuit| json!({ "name": circuit, "calls_a_second": 10.0 }))
                .collect(),
            ..Instance::silent(name)
        });
        View { instances: instances.collect(), ..View::default() }
    }

    fn draft(circuit: &str, mode: Mode) -> OrderDraft {
        OrderDraft::new(Action::mode(circuit, mode), "alice")
    }

    #[test]
    fn it_counts_circuits_once_and_calls_everywhere() {
        let view = view(&[("a", &["payments", "mail"]), ("b", &["payments"]), ("c", &[])]);
        let reach = |draft: &OrderDraft| Reach::of(draft, &view).to_string();
        let one = draft("payments", Mode::Shadow);
        assert_eq!(reach(&one), "1 circuit in 3 instances, with 20 calls a second");
        let all = draft("*", Mode::Shadow);
        assert_eq!(reach(&all), "2 circuits in 3 instances, with 30 calls a second");
        let settings = json!({ "circuits": { "mail": {}, "pay*": {} } });
        let settings = OrderDraft::new(Action::Settings(settings), "alice");
        assert_eq!(reach(&settings), "2 circuits in 3 instances, with 30 calls a second");
        let canary = one.canary(1, &view).unwrap();
        assert_eq!(reach(&canary), "1 circuit in 1 instance, with 10 calls a second");
    }

    #[test]
    fn a_dangerous_order_needs_the_number_and_no_other_is_taken() {
        let view = view(&[("a", &["payments"]), ("b", &["payments"])]);
        for (draft, number, is_confirmed) in [
            (draft("payments", Mode::Disabled), None, false),
            (draft("payments", Mode::Disabled), Some(1), false),
            (draft("payments", Mode::Disabled), Some(2), true),
            (draft("payments", Mode::ForcedOpen), None, true),
            (draft("payments", Mode::ForcedOpen), Some(1), false),
        ] {
            let confirmed = Reach::of(&draft, &view).confirm(&draft, number);
            assert_eq!(confirmed.is_ok(), is_confirmed, "{draft:?}, {number:?}");
        }
    }

    #[test]
    fn a_canary_is_a_part_of_the_fleet() {
        let view = view(&[("a", &[]), ("b", &[])]);
        for (number, is_fine) in [(0, false), (1, true), (2, true), (3, false)] {
            let canary = draft("payments", Mode::Shadow).canary(number, &view);
            assert_eq!(canary.is_ok(), is_fine, "{number}");
        }
        assert_eq!(draft("x", Mode::Shadow).canary(1, &view).unwrap().only.unwrap(), ["a"]);
    }
}
