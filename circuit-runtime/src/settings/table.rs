//! The settings under one name: options, a limit, a mode, and a preset below them.

use super::fault::{SettingsFault, shown};
use super::node::Node;
use super::value;
use crate::config::Config;
use crate::config::option::ConfigOption;
use crate::outcome::Mode;
use crate::primitives::closest::closest;

/// The settings under one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// With the limit of calls, if it is given.
    pub(super) options: Config,
    pub(super) mode: Option<Mode>,
    /// The preset below; of a preset its base.
    pub(super) preset: Option<String>,
    /// Something in it is wrong. What it should say isn't known, and how that goes with other settings
    /// can't be told.
    pub(super) is_doubtful: bool,
}

/// Where a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Default,
    Preset,
    Circuit,
}

impl Kind {
    /// What the table takes beside options.
    fn further(self) -> &'static [&'static str] {
        match self {
            Kind::Default => &["mode"],
            Kind::Preset => &["base", "timeout", "mode"],
            Kind::Circuit => &["preset", "timeout", "mode"],
        }
    }
}

/// Options of the attribute that are in the code only; a test compares them with the attribute's own table.
const IN_CODE: &[&str] = &[
    "ping",
    "failure",
    "ignore",
    "classify",
    "idle",
    "fallback",
    "fallback_on",
    "stale",
    "stale_key",
    "max_stale",
    "name",
    "key",
    "max_keys",
    "breaker",
    "crate",
];

const ONLY_IN_CODE: &str = "written in the code only, in the attribute";

impl Table {
    pub(super) fn read(
        kind: Kind,
        path: &str,
        node: Node,
        faults: &mut Vec<SettingsFault>,
    ) -> Self {
        let mut table = Table::default();
        let entries = match node {
            Node::Map(entries) => entries,
            Node::Nothing => Vec::new(),
            other => {
                faults.push(SettingsFault::new(path, format!("must be a table, is {other}")));
                table.is_doubtful = true;
                Vec::new()
            }
        };
        for (name, node) in entries {
            if let Err(message) = table.set(kind, &name, &node) {
                let quoted = match node {
                    Node::Map(_) if kind == Kind::Circuit => {
                        "; a circuit's name with dots or colons is written in quotes"
                    }
                    _ => "",
                };
                let path = format!("{path}.{}", shown(&name));
                faults.push(SettingsFault::new(path, format!("{message}{quoted}")));
            }
        }
        table
    }

    /// Sets what has this name.
    pub(super) fn set(&mut self, kind: Kind, name: &str, node: &Node) -> Result<(), String> {
        let set = self.try_set(kind, name, node);
        self.is_doubtful |= set.is_err();
        set
    }

    fn try_set(&mut self, kind: Kind, name: &str, node: &Node) -> Result<(), String> {
        let option = ConfigOption::ALL.iter().find(|option| option.name() == name).copied();
        let is_given = match (option, name) {
            (Some(option), _) => self.options.names(option),
            (None, name) if !kind.further().contains(&name) => return Err(unknown(kind, name)),
            (None, "timeout") => self.options.timeout.is_some(),
            (None, "mode") => self.mode.is_some(),
            (None, _) => self.preset.is_some(),
        };
        if is_given {
            return Err("is given twice".to_owned());
        }
        match (option, name) {
            (Some(option), _) => {
                self.options = self.options.taking(option, &value::option(option, node)?);
            }
            (None, "timeout") => self.options.timeout = Some(value::timeout(node)?),
            (None, "mode") => self.mode = Some(value::mode(node)?),
            (None, _) => self.preset = Some(value::name(node)?),
        }
        Ok(())
    }

    /// These settings over those of `base`, one by one.
    pub(super) fn over(self, base: Table) -> Table {
        Table {
            options: self.options.over(base.options),
            mode: self.mode.or(base.mode),
            preset: self.preset.or(base.preset),
            is_doubtful: self.is_doubtful || base.is_doubtful,
        }
    }
}

fn unknown(kind: Kind, name: &str) -> String {
    match (kind, name) {
        (Kind::Default, "timeout") => {
            return "has no effect here: it changes the limit of functions that have one, and what the \
                    code says wins over `default`; write it under `circuits.\"*\"`"
                .to_owned();
        }
        (Kind::Default, "preset" | "base") => {
            return "goes with a circuit or a pattern; write the options here, or the preset under \
                    `circuits.\"*\"`"
                .to_owned();
        }
        (Kind::Preset, "preset") => return "unknown option; did you mean `base`?".to_owned(),
        (Kind::Circuit, "base") => return "unknown option; did you mean `preset`?".to_owned(),
        _ => {}
    }
    if IN_CODE.contains(&name) {
        return format!("is {ONLY_IN_CODE}");
    }
    let options = ConfigOption::ALL.iter().map(|option| option.name());
    let known = options.chain(kind.further().iter().copied());
    match closest(name, known.chain(IN_CODE.iter().copied())) {
        Some(meant) if IN_CODE.contains(&meant) => {
            format!("unknown option; did you mean `{meant}`, which is {ONLY_IN_CODE}?")
        }
        Some(meant) => format!("unknown option; did you mean `{meant}`?"),
        None => "unknown option".to_owned(),
    }
}
