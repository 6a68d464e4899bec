//! What goes through Redis, as JSON. Another language can take part: each message says its form's number, and fields that a
//! reader doesn't know are left alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The number of the present form.
pub(crate) const FORM: u32 = 1;

/// An order, as it stands in Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) form: u32,
    pub(crate) what: What,
    /// Who says it, in his own words.
    pub(crate) by: String,
    /// The user of Redis that he is.
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) why: String,
    /// The instances that it is for; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// Settings, as a file has them.
    Settings(Value),
    /// Resets the circuits of this name or pattern, once.
    Reset(String),
    /// Lifts the order of this version.
    Cancel(u64),
}

/// The names and patterns that settings have tables for.
pub(crate) fn circuits(settings: &Value) -> Vec<&str> {
    let circuits = settings["circuits"].as_object();
    circuits.into_iter().flat_map(serde_json::Map::keys).map(String::as_str).collect()
}

impl What {
    /// The circuits that it is for, by names and patterns.
    pub(crate) fn circuits(&self) -> Vec<&str> {
        match self {
            What::Settings(settings) => circuits(settings),
            What::Reset(circuit) => vec![circuit],
            What::Cancel(_) => Vec::new(),
        }
    }

    /// In words, for people.
    pub(crate) fn text(&self) -> String {
        match self {
            What::Reset(circuit) => format!("reset {circuit}"),
            What::Cancel(version) => format!("cancel {version}"),
            What::Settings(settings) => settings.to_string(),
        }
    }
}

/// What an instance reports, once a second.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) form: u32,
    pub(crate) instance: String,
    /// The highest version that it has taken notice of.
    pub(crate) version: u64,
    /// The orders that it obeys.
    pub(crate) orders: Vec<Held>,
    /// Why it doesn't obey others.
    pub(crate) refused: Vec<Refused>,
    /// Its circuits, each a snapshot.
    pub(crate) circuits: Vec<Value>,
    /// How many circuits had no room.
    pub(crate) left_out: usize,
    /// Whether it shows none at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shows_no_circuits: bool,
    /// Why what its circuits see can't be shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cannot_share: Option<String>,
    /// How many published statuses came too fast to be looked at.
    #[serde(default)]
    pub(crate) dropped: u64,
}

/// An order, its version, and how long it still lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) version: u64,
    pub(crate) left_ms: u64,
    pub(crate) order: Order,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) version: u64,
    pub(crate) message: String,
}
