//! What settings make of one circuit: merged, checked, and where each option comes from.

use super::fault::SettingsFault;
use super::layers::{Layer, Layers};
use super::value::without_name;
use crate::breaker::CircuitBreaker;
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::config::option::ConfigOption;
use crate::outcome::Mode;

/// What settings make of a circuit.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the settings over the code say, with their limit of calls.
    pub(super) said: Config,
    /// All that holds: the settings, the code and `default`.
    pub(super) target: Config,
    pub(super) mode: Option<Mode>,
    /// What doesn't go with the code.
    pub(super) left_out: Vec<SettingsFault>,
    /// The settings that hold, each with its path.
    pub(super) sources: Vec<(&'static str, String)>,
}

/// Something that a setting can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Option(ConfigOption),
    Timeout,
}

impl Item {
    fn name(self) -> &'static str {
        match self {
            Item::Option(option) => option.name(),
            Item::Timeout => "timeout",
        }
    }

    fn is_in(self, config: &Config) -> bool {
        match self {
            Item::Option(option) => config.names(option),
            Item::Timeout => config.timeout.is_some(),
        }
    }

    fn take_from(self, config: &mut Config) {
        match self {
            Item::Option(option) => *config = config.taking(option, &Config::new()),
            Item::Timeout => config.timeout = None,
        }
    }
}

fn items() -> impl Iterator<Item = Item> {
    ConfigOption::ALL.iter().copied().map(Item::Option).chain([Item::Timeout])
}

pub(super) const NO_TIMEOUT: &str =
    "changes the limit of functions that have one, and this circuit's have no `timeout`";

impl Plan {
    /// Without settings.
    pub(super) fn empty(breaker: &CircuitBreaker) -> Self {
        Plan {
            said: Config::new(),
            target: breaker.code(),
            mode: None,
            left_out: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Whether any setting holds.
    pub(super) fn has_settings(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Where each option that is in force comes from, and a mode that isn't normal: the path of a setting,
    /// `by hand`, `code` or `built in`.
    #[cfg(feature = "axum")]
    pub(super) fn sources_of(&self, present: &Config, mode: Mode) -> Vec<(&'static str, String)> {
        let setting = |name: &str| {
            let found = self.sources.iter().find(|(of, _)| *of == name);
            found.map(|(_, path)| path.clone())
        };
        let source = |option: ConfigOption| {
            if !self.target.agrees(present, option) {
                return "by hand".to_owned();
            }
            let otherwise = if self.target.names(option) { "code" } else { "built in" };
            setting(option.name()).unwrap_or_else(|| otherwise.to_owned())
        };
        let options = ConfigOption::ALL.iter().map(|option| (option.name(), source(*option)));
        let of_mode = setting("mode").filter(|_| self.mode == Some(mode));
        let of_mode = of_mode.unwrap_or_else(|| "by hand".to_owned());
        options.chain((mode != Mode::Normal).then_some(("mode", of_mode))).collect()
    }

    pub(super) fn of(breaker: &CircuitBreaker, layers: Layers) -> Result<Plan, Vec<SettingsFault>> {
        let code = breaker.code();
        let mut draft = Draft {
            circuit: breaker.name(),
            code,
            layers,
            left_out: Vec::new(),
            faults: Vec::new(),
        };
        if !breaker.may_have_timeout() {
            draft.drop_timeouts();
        }
        let mut target = draft.target();
        while let Err(error) = breaker.check_timed(target) {
            if !draft.blame(error) {
                // Can't happen: the code has been checked.
                draft
                    .faults
                    .push(SettingsFault::new("the code", error.message()).of(draft.circuit));
                break;
            }
            target = draft.target();
        }
        if !draft.faults.is_empty() {
            return Err(draft.faults);
        }
        let mode = draft.each().find_map(|layer| layer.mode);
        let sources = draft.sources(&target);
        Ok(Plan { said: draft.said(), target, mode, left_out: draft.left_out, sources })
    }

    /// The options that have to be changed, if `before` was in force.
    pub(super) fn changes(&self, before: &Plan) -> Vec<ConfigOption> {
        let is_same = |option: &ConfigOption| {
            self.said.agrees(&before.said, *option) && self.target.agrees(&before.target, *option)
        };
        ConfigOption::ALL.iter().copied().filter(|option| !is_same(option)).collect()
    }
}

struct Draft {
    circuit: &'static str,
    code: Config,
    layers: Layers,
    left_out: Vec<SettingsFault>,
    faults: Vec<SettingsFault>,
}

impl Draft {
    /// The layers, the highest first.
    fn each(&self) -> impl Iterator<Item = &Layer> {
        self.layers.above.iter().chain([&self.layers.default])
    }

    fn target(&self) -> Config {
        self.above(self.code.over(self.layers.default.options))
    }

    fn said(&self) -> Config {
        self.above(Config::new())
    }

    /// What lies over the code, over `base`.
    fn above(&self, base: Config) -> Config {
        self.layers.above.iter().rev().fold(base, |base, layer| layer.options.over(base))
    }

    /// Where something comes from, with its rank: the lowest is the highest number. `None`: it is in the
    /// code, or nowhere.
    fn source(&self, item: Item) -> Option<(usize, &Layer)> {
        let mut above = self.layers.above.iter().enumerate();
        let found = above.find(|(_, layer)| item.is_in(&layer.options));
        let default = &self.layers.default;
        let is_default = !item.is_in(&self.code) && item.is_in(&default.options);
        found.or_else(|| is_default.then_some((self.layers.above.len(), default)))
    }

    fn layer_mut(&mut self, rank: usize) -> &mut Layer {
        let Layers { above, default } = &mut self.layers;
        above.get_mut(rank).unwrap_or(default)
    }

    /// A `timeout` changes a limit; it doesn't make one.
    fn drop_timeouts(&mut self) {
        while let Some((rank, _)) = self.source(Item::Timeout) {
            self.refuse(rank, Item::Timeout, NO_TIMEOUT.to_owned());
        }
    }

    /// Leaves something out, or makes it a fault where the circuit was named in full.
    fn refuse(&mut self, rank: usize, item: Item, message: String) {
        let circuit = self.circuit;
        let layer = self.layer_mut(rank);
        item.take_from(&mut layer.options);
        let fault = SettingsFault::new(layer.at(item.name()), message).of(circuit);
        let in_full = layer.names_in_full;
        self.note(fault, in_full);
    }

    fn note(&mut self, fault: SettingsFault, in_full: bool) {
        let list = if in_full { &mut self.faults } else { &mut self.left_out };
        list.push(fault);
    }

    /// Takes out a setting that an error is about: of two the one of a pattern or of `default`, of two such the
    /// lower one, else the one that the message begins with. False: there is none left.
    fn blame(&mut self, error: ConfigError) -> bool {
        let Some(option) = error.option() else { return self.refuse_table(error) };
        let item = Item::Option(option);
        let other = match (error.other(), option) {
            (Some(other), _) => Some(Item::Option(other)),
            // The only thing beside options that one doesn't go with.
            (None, ConfigOption::ProbeTimeout | ConfigOption::Stall) => Some(Item::Timeout),
            (None, _) => None,
        };
        // The higher the weaker.
        let rank = |item| self.source(item).map(|(rank, layer)| (!layer.names_in_full, rank));
        match (rank(item), other.and_then(|other| Some((other, rank(other)?)))) {
            (first, Some((other, second @ (is_weak, rank))))
                if first.is_none_or(|first| is_weak && first < second) =>
            {
                let message = self.with_origin(error.message().to_owned(), rank, item);
                self.refuse(rank, other, message);
            }
            (Some((_, rank)), _) => {
                let message = without_name(error.message(), item.name()).to_owned();
                let message = match other {
                    Some(other) => self.with_origin(message, rank, other),
                    None => message,
                };
                self.refuse(rank, item, message);
            }
            (None, _) => return self.refuse_table(error),
        }
        true
    }

    /// The message, and where the other one comes from, unless that is the same table.
    fn with_origin(&self, message: String, rank: usize, other: Item) -> String {
        match self.source(other) {
            Some((others, _)) if others == rank => message,
            Some((_, layer)) => {
                format!("{message}; `{}` is at {}", other.name(), layer.at(other.name()))
            }
            None if other.is_in(&self.code) => {
                format!("{message}; `{}` is in the code", other.name())
            }
            None => message,
        }
    }

    /// Takes out a whole table: the error names nothing in any, such as when several together switch off the
    /// last trip rule.
    fn refuse_table(&mut self, error: ConfigError) -> bool {
        let says_something = |layer: &Layer| items().any(|item| item.is_in(&layer.options));
        let ranked = self.each().enumerate().filter(|(_, layer)| says_something(layer));
        let weakest = ranked.max_by_key(|(rank, layer)| (!layer.names_in_full, *rank));
        let Some((rank, _)) = weakest else { return false };
        let circuit = self.circuit;
        let layer = self.layer_mut(rank);
        layer.options = Config::new();
        let fault = SettingsFault::new(layer.path(), error.message()).of(circuit);
        let in_full = layer.names_in_full;
        self.note(fault, in_full);
        true
    }

    /// The settings that hold, each with its path.
    fn sources(&self, target: &Config) -> Vec<(&'static str, String)> {
        let options = items().filter(|item| item.is_in(target));
        let path = |item: Item| Some((item.name(), self.source(item)?.1.at(item.name())));
        let mode = self.each().find(|layer| layer.mode.is_some());
        let mode = mode.map(|layer| ("mode", layer.at("mode")));
        options.filter_map(path).chain(mode).collect()
    }
}
