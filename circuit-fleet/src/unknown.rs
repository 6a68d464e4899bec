//! Circuits that an order names and no instance shows: most likely a slip of the pen.

use std::fmt;

use serde::Serialize;

use crate::closest::closest;
use crate::draft::matches;
use crate::view::{Instance, View};

/// A name or a pattern that fits no circuit of a fleet. An order for it stands all the same: a circuit of this name may register later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnknownCircuit {
    /// The name or the pattern, as it was given.
    pub circuit: String,
    /// What was most likely meant.
    pub did_you_mean: Option<String>,
}

/// ``no instance shows a circuit `paymnets`; did you mean `payments`?``
impl fmt::Display for UnknownCircuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let circuit = &self.circuit;
        if circuit.ends_with('*') {
            write!(f, "no instance shows a circuit that `{circuit}` fits")?;
        } else {
            write!(f, "no instance shows a circuit `{circuit}`")?;
        }
        match &self.did_you_mean {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

/// Those of the names and patterns that fit no circuit of these instances. None where that can't be told: nobody is there, or one of
/// them shows only a part of its circuits.
pub(crate) fn unknown<'a>(
    named: impl IntoIterator<Item = &'a str>,
    instances: &[&Instance],
) -> Vec<UnknownCircuit> {
    let is_cut = |instance: &&Instance| instance.shows_no_circuits || instance.left_out > 0;
    if instances.is_empty() || instances.iter().any(is_cut) {
        return Vec::new();
    }
    let circuits = instances.iter().flat_map(|instance| &instance.circuits);
    let shown: Vec<&str> = circuits.filter_map(|circuit| circuit["name"].as_str()).collect();
    let is_unknown = |named: &&str| !shown.iter().any(|circuit| matches(named, circuit));
    named.into_iter().filter(is_unknown).map(|named| UnknownCircuit::new(named, &shown)).collect()
}

impl View {
    /// What is to be said of a name or a pattern that fits no circuit which an instance shows.
    #[must_use]
    pub fn unknown(&self, circuit: &str) -> Option<UnknownCircuit> {
        unknown([circuit], &self.instances.iter().collect::<Vec<_>>()).pop()
    }
}

impl UnknownCircuit {
    fn new(named: &str, shown: &[&str]) -> Self {
        let did_you_mean = match named.strip_suffix('*') {
            None => closest(named, shown.iter().copied()).map(str::to_owned),
            Some(beginning) => {
                // A letter may be missing, or be one too many.
                let length = beginning.len();
                let lengths = [length, length + 1, length.saturating_sub(1)];
                let beginnings = lengths.into_iter().flat_map(|length| {
                    shown.iter().filter_map(move |circuit| circuit.get(..length))
                });
                closest(beginning, beginnings.filter(|it| !it.is_empty()))
                    .map(|beginning| format!("{beginning}*"))
            }
        };
        UnknownCircuit { circuit: named.to_owned(), did_you_mean }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn instance(circuits: &[&str]) -> Instance {
        let circuits = circuits.iter().map(|name| json!({ "name": name })).collect();
        Instance { circuits, ..Instance::silent("a") }
    }

    fn told(named: &str, instances: &[&Instance]) -> Vec<String> {
        unknown([named], instances).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_what_was_meant() {
        let (one, other) = (instance(&["payments", "shop::mail"]), instance(&["payments"]));
        for (named, expected) in [
            ("payments", None),
            ("pay*", None),
            ("*", None),
            ("paymnets", Some("no instance shows a circuit `paymnets`; did you mean `payments`?")),
            ("bank", Some("no instance shows a circuit `bank`")),
            ("pya*", Some("no instance shows a circuit that `pya*` fits; did you mean `pay*`?")),
            (
                "shop:mail*",
                Some(
                    "no instance shows a circuit that `shop:mail*` fits; did you mean `shop::mail*`?",
                ),
            ),
            ("é*", Some("no instance shows a circuit that `é*` fits")),
        ] {
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(told(named, &[&one, &other]), expected, "{named}");
        }
    }

    #[test]
    fn nothing_is_unknown_where_not_all_circuits_are_shown() {
        let one = instance(&["payments"]);
        let cut = Instance { left_out: 1, ..instance(&[]) };
        let hides = Instance { shows_no_circuits: true, ..instance(&[]) };
        assert_eq!(told("bank", &[&one, &Instance::silent("b")]).len(), 1);
        for instances in [&[&one, &cut][..], &[&hides], &[]] {
            assert_eq!(told("bank", instances), [""; 0]);
        }
    }
}
