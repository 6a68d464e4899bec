//! The tables that hold for one circuit, in their order.

use std::cmp::Reverse;

use super::environment::name_of;
use super::fault::shown;
use super::table::Table;
use super::tables::Settings;
use crate::config::Config;
use crate::outcome::Mode;

/// A table that holds for a circuit.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    place: Place,
    pub(super) options: Config,
    pub(super) mode: Option<Mode>,
    /// It names the circuit in full, so that what doesn't go with it is a fault, and isn't left out.
    pub(super) names_in_full: bool,
    pub(super) is_doubtful: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Table(String),
    /// A variable without its option.
    Variable(String),
}

impl Layer {
    fn new(table: &Table, place: Place, names_in_full: bool) -> Self {
        Layer {
            place,
            options: table.options,
            mode: table.mode,
            names_in_full,
            is_doubtful: table.is_doubtful,
        }
    }

    /// The path of the whole table.
    pub(super) fn path(&self) -> &str {
        let (Place::Table(path) | Place::Variable(path)) = &self.place;
        path
    }

    /// The path of something in it.
    pub(super) fn at(&self, name: &str) -> String {
        match &self.place {
            Place::Table(path) => format!("{path}.{name}"),
            Place::Variable(path) => format!("{path}__{}", name.to_ascii_uppercase()),
        }
    }
}

/// What lies over a circuit's code, the highest first, and what lies under it.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) above: Vec<Layer>,
    pub(super) default: Layer,
}

impl Layers {
    /// Those of a circuit. `is_alone`: no other circuit has its name in the environment.
    pub(super) fn of(settings: &Settings, circuit: &str, is_alone: bool) -> Self {
        let mut above = Vec::new();
        let mut add = |table: &Table, place: Place, in_full: bool| {
            above.push(Layer::new(table, place, in_full));
            let missing = add_presets(&mut above, settings, table, in_full);
            if missing {
                for layer in &mut above {
                    layer.is_doubtful = true;
                }
            }
        };
        if is_alone {
            let name = name_of(circuit);
            for environment in settings.environments.iter().rev() {
                if let Some(table) = environment.circuits.get(&name) {
                    add(table, Place::Variable(environment.path(&name)), true);
                }
            }
        }
        for (name, table) in matching(settings, circuit) {
            let place = Place::Table(format!("circuits.{}", shown(name)));
            add(table, place, name == circuit);
        }
        let default = Layer::new(&settings.default, Place::Table("default".to_owned()), false);
        Layers { above, default }
    }

    pub(super) fn are_doubtful(&self) -> bool {
        self.default.is_doubtful || self.above.iter().any(|layer| layer.is_doubtful)
    }
}

/// Adds the presets below a table; true if one is missing or on a circle.
fn add_presets(above: &mut Vec<Layer>, settings: &Settings, table: &Table, in_full: bool) -> bool {
    let mut preset = table.preset.as_deref();
    for _ in 0..=settings.presets.len() {
        let Some(name) = preset else { return false };
        let Some(table) = settings.presets.get(name) else { return true };
        let place = Place::Table(format!("presets.{}", shown(name)));
        above.push(Layer::new(table, place, in_full));
        preset = table.preset.as_deref();
    }
    true
}

/// The tables of a circuit: its full name, then longer patterns before shorter ones.
fn matching<'s>(settings: &'s Settings, circuit: &str) -> Vec<(&'s str, &'s Table)> {
    let tables = settings.circuits.iter().map(|(name, table)| (name.as_str(), table));
    let mut matching: Vec<_> = tables.filter(|(name, _)| matches(name, circuit)).collect();
    matching.sort_by_key(|(name, _)| (*name != circuit, Reverse(name.len())));
    matching
}

/// Whether a name or a pattern is that of a circuit.
pub(super) fn matches(name: &str, circuit: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => circuit.starts_with(beginning),
        None => name == circuit,
    }
}
