//! An order that is to be given, and what is checked before.

use std::time::Duration;

use circuit_runtime::{Mode, Order, Settings};
use serde_json::{Value, json};

use crate::error::FleetError;
use crate::options::OptionsError;
use crate::state::LONGEST;
use crate::wire::{self, What};

/// How long a dangerous order lasts at most.
const LONGEST_DANGEROUS: Duration = Duration::from_secs(60 * 60);
/// How long instances have to hear of a `reset`.
const RESET: Duration = Duration::from_secs(30);
/// The longest author or reason, in bytes.
const LONGEST_TEXT: usize = 500;

/// What is ordered. Circuits are named in full, or by a pattern: a final `*` matches the rest of a name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Sets a mode over the one that circuits have.
    #[non_exhaustive]
    Mode {
        /// The circuits.
        circuit: String,
        /// The mode.
        mode: Mode,
    },
    /// Resets circuits, once.
    #[non_exhaustive]
    Reset {
        /// The circuits.
        circuit: String,
    },
    /// Lays settings over those that circuits have: tables `circuits` and `presets`, as in a file for
    /// [`configure`](circuit_runtime::configure), as JSON.
    Settings(Value),
    /// Lifts the order of this version.
    Cancel(u64),
}

impl Action {
    /// Sets a mode over that of these circuits.
    #[must_use]
    pub fn mode(circuit: impl Into<String>, mode: Mode) -> Self {
        Action::Mode { circuit: circuit.into(), mode }
    }

    /// Resets these circuits, once.
    #[must_use]
    pub fn reset(circuit: impl Into<String>) -> Self {
        Action::Reset { circuit: circuit.into() }
    }

    /// Whether more may be lost by it than one circuit's calls: it is for a pattern, it disables, or it switches an option
    /// off. Such an order lasts an hour at most, and `circuitctl` wants the number of instances that it is for.
    #[must_use]
    pub fn is_dangerous(&self) -> bool {
        match self {
            Action::Mode { circuit, mode } => *mode == Mode::Disabled || circuit.ends_with('*'),
            Action::Reset { circuit } => circuit.ends_with('*'),
            Action::Cancel(_) => false,
            Action::Settings(settings) => has_danger(settings),
        }
    }

    /// The circuits that it is for, by names and patterns.
    pub(crate) fn circuits(&self) -> Vec<&str> {
        match self {
            Action::Mode { circuit, .. } | Action::Reset { circuit } => vec![circuit],
            Action::Settings(settings) => wire::circuits(settings),
            Action::Cancel(_) => Vec::new(),
        }
    }

    /// Whether it speaks of this circuit.
    pub(crate) fn names(&self, circuit: &str) -> bool {
        self.circuits().into_iter().any(|named| matches(named, circuit))
    }

    /// What goes to Redis. Settings are checked here, so that a slip of the pen reaches no instance.
    pub(crate) fn what(&self) -> Result<What, FleetError> {
        Ok(match self {
            Action::Mode { circuit, mode } => {
                let mode = mode.as_str().replace(' ', "_");
                let settings = json!({ "circuits": { circuit: { "mode": mode } } });
                check(&settings)?;
                What::Settings(settings)
            }
            Action::Reset { circuit } => {
                check(&json!({ "circuits": { circuit: {} } }))?;
                What::Reset(circuit.clone())
            }
            Action::Settings(settings) => {
                check(settings)?;
                What::Settings(settings.clone())
            }
            Action::Cancel(version) => What::Cancel(*version),
        })
    }
}

/// Whether a name or a pattern is that of a circuit.
pub(crate) fn matches(pattern: &str, circuit: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == circuit, |beginning| circuit.starts_with(beginning))
}

fn has_danger(settings: &Value) -> bool {
    match settings {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            name.ends_with('*') || (name == "mode" && value == "disabled") || has_danger(value)
        }),
        Value::Bool(on) => !on,
        value => value == "off",
    }
}

fn check(settings: &Value) -> Result<(), FleetError> {
    let settings: Settings = serde_json::from_value(settings.clone())
        .map_err(|error| FleetError::Form(error.to_string()))?;
    let order = Order::new(settings, "", LONGEST);
    order.map(drop).map_err(|error| FleetError::Form(error.to_string()))
}

/// An order that is to be given.
///
/// ```
/// use std::time::Duration;
/// use circuit_fleet::{Action, OrderDraft};
/// use circuit_runtime::Mode;
///
/// let draft = OrderDraft::new(Action::mode("payments", Mode::ForcedOpen), "alice")
///     .lasting(Duration::from_secs(600))
///     .because("the bank is being moved");
/// # let _ = draft;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OrderDraft {
    pub(crate) action: Action,
    pub(crate) by: String,
    pub(crate) why: String,
    pub(crate) lasting: Duration,
    pub(crate) only: Option<Vec<String>>,
}

impl OrderDraft {
    /// An order of somebody, for a quarter of an hour. (Instances have 30 seconds to hear of a `reset`.)
    #[must_use]
    pub fn new(action: Action, by: impl Into<String>) -> Self {
        let lasting = if matches!(action, Action::Reset { .. }) {
            RESET
        } else {
            Duration::from_secs(15 * 60)
        };
        OrderDraft { action, by: by.into(), why: String::new(), lasting, only: None }
    }

    /// How long it lasts: at most 24 hours, and an hour if it [is dangerous](Action::is_dangerous). A reset and a cancellation
    /// take no time.
    #[must_use]
    pub fn lasting(self, lasting: Duration) -> Self {
        OrderDraft { lasting, ..self }
    }

    /// Why.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        OrderDraft { why: why.into(), ..self }
    }

    /// Only for these instances, by their names.
    #[must_use]
    pub fn only(self, instances: Vec<String>) -> Self {
        OrderDraft { only: Some(instances), ..self }
    }

    /// Whether the order can be given. [`order`](crate::Operator::order) asks this, too.
    ///
    /// # Errors
    ///
    /// With what is wrong with the author, the reason, the time, or the settings.
    pub fn validate(&self) -> Result<(), FleetError> {
        self.check()?;
        self.action.what().map(drop)
    }

    fn check(&self) -> Result<(), OptionsError> {
        let error = |option, message: String| Err(OptionsError::new(option, message));
        if self.by.trim().is_empty() || self.by.len() > LONGEST_TEXT {
            return error("by", format!("must have from 1 to {LONGEST_TEXT} characters"));
        }
        if self.why.len() > LONGEST_TEXT {
            return error("why", format!("must have at most {LONGEST_TEXT} characters"));
        }
        let (longest, longest_in_words) = match self.action {
            Action::Reset { .. } => (RESET, "30s"),
            _ if self.action.is_dangerous() => (LONGEST_DANGEROUS, "1h, as the order is dangerous"),
            _ => (LONGEST, "24h"),
        };
        if self.lasting < Duration::from_millis(1) || self.lasting > longest {
            let is = self.lasting;
            return error("lasting", format!("must be from 1ms to {longest_in_words}, is {is:?}"));
        }
        if self.only.as_ref().is_some_and(Vec::is_empty) {
            return error("only", "must name an instance".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_disabling_and_what_switches_off_are_dangerous() {
        let settings = |json| Action::Settings(json);
        for (action, is_dangerous) in [
            (Action::mode("payments", Mode::ForcedOpen), false),
            (Action::mode("pay*", Mode::ForcedOpen), true),
            (Action::mode("payments", Mode::Disabled), true),
            (Action::reset("payments"), false),
            (Action::reset("*"), true),
            (Action::Cancel(3), false),
            (settings(json!({ "circuits": { "a": { "threshold": 3 } } })), false),
            (settings(json!({ "circuits": { "a": { "threshold": "off" } } })), true),
            (settings(json!({ "circuits": { "a": { "max_concurrent": false } } })), true),
            (settings(json!({ "circuits": { "a*": { "threshold": 3 } } })), true),
            (settings(json!({ "presets": { "a": { "mode": "disabled" } } })), true),
        ] {
            assert_eq!(action.is_dangerous(), is_dangerous, "{action:?}");
        }
    }

    #[test]
    fn a_draft_is_checked_before_it_is_sent() {
        let action = |mode| Action::mode("payments", mode);
        let draft = OrderDraft::new(action(Mode::ForcedOpen), "alice");
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(draft.check(), Ok(()));
        for (wrong, option) in [
            (OrderDraft::new(action(Mode::Shadow), " "), "by"),
            (draft.clone().because("x".repeat(501)), "why"),
            (draft.clone().lasting(hours(25)), "lasting"),
            (draft.clone().lasting(Duration::ZERO), "lasting"),
            (OrderDraft::new(action(Mode::Disabled), "alice").lasting(hours(2)), "lasting"),
            (draft.clone().only(Vec::new()), "only"),
        ] {
            assert_eq!(wrong.check().unwrap_err().option(), option);
        }
        let typo = Action::Settings(json!({ "circuits": { "a": { "treshold": 3 } } }));
        let error = typo.what().unwrap_err().to_string();
        assert_eq!(error, "circuits.a.treshold: unknown option; did you mean `threshold`?");
        assert!(Action::reset("a*b").what().is_err());
    }
}
