//! All settings: tables by name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use serde::de::{Deserialize, Deserializer, Error};

use super::environment::Environment;
use super::fault::{SettingsFault, shown};
use super::node::Node;
use super::table::{Kind, Table};
use crate::config::option::ConfigOption;
use crate::primitives::closest::closest;

/// Settings of circuits from outside: from a file in any self-describing format, from the environment,
/// or one over the other. [`configure`](crate::configure) puts them in force.
///
/// The guide has a [page](crate::guide::settings) about them.
///
/// Reading collects what is wrong with names and values; `configure` reports it, all at once. Only what
/// the format itself refuses is an error of the deserializer.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, Settings};
///
/// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new().threshold(3));
/// PAYMENTS.register();
///
/// let file: Settings = serde_json::from_str(r#"{ "circuits": { "payments": { "threshold": 10 } } }"#)?;
/// circuit_runtime::configure(file.overlaid(Settings::from_env("CIRCUIT_BREAKER")))?;
/// assert_eq!(PAYMENTS.config(), Config::new().threshold(10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub(super) default: Table,
    pub(super) presets: BTreeMap<String, Table>,
    /// By full name, or by pattern.
    pub(super) circuits: BTreeMap<String, Table>,
    /// The last one wins.
    pub(super) environments: Vec<Environment>,
    /// What was wrong with them as they were read.
    faults: Vec<SettingsFault>,
}

const TABLES: [&str; 3] = ["default", "presets", "circuits"];

impl Settings {
    /// The settings in the environment variables of this process: `CIRCUIT_BREAKER__PAYMENTS__THRESHOLD=5`
    /// for the prefix `CIRCUIT_BREAKER`.
    ///
    /// Of the circuit's name, ASCII letters are written in capitals, and every run of characters that are
    /// neither ASCII letters nor digits is one `_`, with none at the ends: `shop::pay` is `SHOP_PAY`. The option
    /// is what a file may have under a circuit's name. Variables with the prefix, `__` and anything else
    /// are faults.
    #[must_use]
    pub fn from_env(prefix: &str) -> Self {
        Self::from_vars(prefix, std::env::vars_os())
    }

    /// [`from_env`](Settings::from_env) with the given variables, each a name and a value.
    ///
    /// ```
    /// use circuit_runtime::Settings;
    ///
    /// let settings = Settings::from_vars("SHOP", [("SHOP__PAYMENTS__TRESHOLD", "5")]);
    /// let error = circuit_runtime::configure(settings).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "SHOP__PAYMENTS__TRESHOLD: unknown option; did you mean `threshold`?",
    /// );
    /// ```
    #[must_use]
    pub fn from_vars<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        prefix: &str,
        vars: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut settings = Settings::default();
        let vars = vars.into_iter();
        let vars = vars.map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned()));
        let environment = Environment::read(prefix, vars, &mut settings.faults);
        settings.environments.push(environment);
        settings
    }

    /// These settings with `other` over them, option by option. What is wrong with either is kept.
    ///
    /// The environment wins over files, whichever is over the other.
    #[must_use]
    pub fn overlaid(mut self, other: Settings) -> Self {
        self.default = other.default.over(self.default);
        merge(&mut self.presets, other.presets);
        merge(&mut self.circuits, other.circuits);
        self.environments.extend(other.environments);
        self.faults.extend(other.faults);
        self
    }

    fn read(node: Node) -> Self {
        let mut settings = Settings::default();
        let mut seen = BTreeSet::new();
        let Node::Map(entries) = node else { return settings };
        for (name, node) in entries {
            let faults = &mut settings.faults;
            if !seen.insert(name.clone()) {
                faults.push(SettingsFault::new(shown(&name), "is given twice"));
                continue;
            }
            match &*name {
                "default" => {
                    settings.default = Table::read(Kind::Default, "default", node, faults);
                }
                "presets" => settings.presets = tables(Kind::Preset, "presets", node, faults),
                "circuits" => settings.circuits = tables(Kind::Circuit, "circuits", node, faults),
                _ => {
                    let message = match closest(&name, TABLES.into_iter()) {
                        Some(meant) => format!("unknown table; did you mean `{meant}`?"),
                        None => "unknown table; there are `default`, `presets` and `circuits`"
                            .to_owned(),
                    };
                    faults.push(SettingsFault::new(shown(&name), message));
                }
            }
        }
        settings
    }

    /// Whether anything is said of all circuits, under their code.
    pub(super) fn has_default(&self) -> bool {
        let table = &self.default;
        table.mode.is_some() || ConfigOption::ALL.iter().any(|option| table.options.names(*option))
    }

    /// Everything that is wrong with the settings, whatever circuits there are.
    pub(super) fn check(&self) -> Vec<SettingsFault> {
        let mut faults = self.faults.clone();
        for name in self.circuits.keys() {
            let wrong = match name.find('*') {
                _ if name.is_empty() => "a circuit has a name",
                Some(at) if at + 1 < name.len() => {
                    "a `*` goes at the end, and matches the rest of a name"
                }
                _ => continue,
            };
            faults.push(SettingsFault::new(format!("circuits.{}", shown(name)), wrong));
        }
        for (path, table) in self.tables_with_presets() {
            let Some(preset) = table.preset.as_deref() else { continue };
            if !self.presets.contains_key(preset) {
                let known = self.presets.keys().map(String::as_str);
                let meant = closest(preset, known);
                let meant =
                    meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                faults.push(SettingsFault::new(
                    path,
                    format!("there is no preset `{preset}`{meant}"),
                ));
            }
        }
        faults.extend(self.presets.keys().filter_map(|name| self.circle(name)));
        faults
    }

    /// The tables that may name a preset, with the path of where they do.
    fn tables_with_presets(&self) -> impl Iterator<Item = (String, &Table)> {
        let bases = self.presets.iter();
        let bases = bases.map(|(name, table)| (format!("presets.{}.base", shown(name)), table));
        let circuits = self.circuits.iter();
        let circuits =
            circuits.map(|(name, table)| (format!("circuits.{}.preset", shown(name)), table));
        let environment = self.environments.iter().flat_map(|environment| {
            let circuits = environment.circuits.iter();
            circuits.map(|(name, table)| (format!("{}__PRESET", environment.path(name)), table))
        });
        bases.chain(circuits).chain(environment)
    }

    /// The fault of a circle of bases, at the first of its names.
    fn circle(&self, name: &str) -> Option<SettingsFault> {
        let mut chain = vec![name];
        while let Some(base) = self.presets.get(*chain.last()?)?.preset.as_deref() {
            if base == name {
                let path = format!("presets.{}.base", shown(name));
                let names = chain.join("`, `");
                return Some(SettingsFault::new(path, format!("a circle: `{names}`, `{name}`")));
            }
            // The circle is another name's to tell.
            if base < name || chain.contains(&base) {
                return None;
            }
            chain.push(base);
        }
        None
    }
}

fn merge(below: &mut BTreeMap<String, Table>, above: BTreeMap<String, Table>) {
    for (name, table) in above {
        let base = below.remove(&name).unwrap_or_default();
        below.insert(name, table.over(base));
    }
}

/// Tables by name.
fn tables(
    kind: Kind,
    path: &str,
    node: Node,
    faults: &mut Vec<SettingsFault>,
) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    let entries = match node {
        Node::Map(entries) => entries,
        Node::Nothing => Vec::new(),
        other => {
            faults.push(SettingsFault::new(path, format!("must have tables, is {other}")));
            Vec::new()
        }
    };
    for (name, node) in entries {
        let path = format!("{path}.{}", shown(&name));
        if tables.contains_key(&name) {
            faults.push(SettingsFault::new(path, "is given twice"));
            continue;
        }
        tables.insert(name, Table::read(kind, &path, node, faults));
    }
    tables
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            node @ (Node::Map(_) | Node::Nothing) => Ok(Settings::read(node)),
            other => Err(D::Error::custom(format_args!("settings must be a table, are {other}"))),
        }
    }
}
