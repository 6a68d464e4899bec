//! Settings from environment variables: `CIRCUIT_BREAKER__PAYMENTS__THRESHOLD=5`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::fault::SettingsFault;
use super::node::Node;
use super::table::{Kind, Table};

/// The variables with one prefix.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    pub(super) prefix: String,
    /// By the circuit's name as variables have it.
    pub(super) circuits: BTreeMap<String, Table>,
}

impl Environment {
    pub(super) fn read(
        prefix: &str,
        variables: impl Iterator<Item = (OsString, OsString)>,
        faults: &mut Vec<SettingsFault>,
    ) -> Self {
        let mut circuits = BTreeMap::<_, Table>::new();
        let start = format!("{prefix}__");
        for (variable, value) in variables {
            let variable = variable.to_string_lossy();
            let Some(rest) = variable.strip_prefix(&start) else { continue };
            if let Err(message) = set(&mut circuits, &start, rest, &value) {
                faults.push(SettingsFault::new(variable, message));
            }
        }
        Environment { prefix: prefix.to_owned(), circuits }
    }

    /// A variable without the option.
    pub(super) fn path(&self, circuit: &str) -> String {
        format!("{}__{circuit}", self.prefix)
    }
}

/// Sets what a variable says, which has `rest` behind the prefix.
fn set(
    circuits: &mut BTreeMap<String, Table>,
    start: &str,
    rest: &str,
    value: &OsStr,
) -> Result<(), String> {
    let (circuit, option) = match rest.split_once("__") {
        Some((circuit, option)) if !circuit.is_empty() && !option.is_empty() => (circuit, option),
        _ => return Err(format!("must be `{start}`, a circuit, `__` and an option")),
    };
    if let "DEFAULT" | "PRESETS" = circuit {
        let table = circuit.to_ascii_lowercase();
        return Err(format!("variables are for circuits only; write `{table}` into a file"));
    }
    let (name, capitals) = (name_of(circuit), option.to_ascii_uppercase());
    if name != circuit || capitals != option {
        return Err(format!("is written `{start}{name}__{capitals}`"));
    }
    let table = circuits.entry(name).or_default();
    let Some(value) = value.to_str() else {
        table.is_doubtful = true;
        return Err("must be text in UTF-8".to_owned());
    };
    let node = Node::Text(value.to_owned());
    table.set(Kind::Circuit, &option.to_ascii_lowercase(), &node)
}

/// A circuit's name as variables have it: ASCII letters in capitals and digits; every run of other
/// characters is one `_`, and there is none at the ends.
pub(super) fn name_of(circuit: &str) -> String {
    let parts = circuit.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_uppercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn names_become_those_of_variables() {
        for (circuit, name) in [
            ("payments", "PAYMENTS"),
            ("shop::Client<T>::charge", "SHOP_CLIENT_T_CHARGE"),
            ("<shop::S as shop::Pay>::pay", "SHOP_S_AS_SHOP_PAY_PAY"),
            ("mail#2", "MAIL_2"),
            ("größe", "GR_E"),
            ("日本", ""),
        ] {
            assert_eq!(name_of(circuit), name);
        }
    }
}
