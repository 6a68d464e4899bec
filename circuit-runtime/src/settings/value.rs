//! The value of one setting, or what is wrong with it.

use std::time::Duration;

use super::node::Node;
use crate::config::option::{ConfigOption, for_each_option};
use crate::config::value::{Unread, Value, takes_percentages};
use crate::config::{Choice, Config, Range, Spec, TIMEOUT};
use crate::outcome::Mode;
use crate::primitives::closest::closest;

/// The modes, as settings write them.
pub(super) const MODES: [(&str, Mode); 5] = [
    ("normal", Mode::Normal),
    ("forced_open", Mode::ForcedOpen),
    // As JSON and the metrics write it.
    ("forced-open", Mode::ForcedOpen),
    ("disabled", Mode::Disabled),
    ("shadow", Mode::Shadow),
];

macro_rules! reading {
    ($($option:ident $field:ident $spec:ident,)*) => {
        /// A configuration that says only what `node` says of the option.
        pub(super) fn option(option: ConfigOption, node: &Node) -> Result<Config, String> {
            let config = match option {
                $(ConfigOption::$option => {
                    Config { $field: choice(node, option.spec())?, ..Config::new() }
                })*
            };
            let is_off = config.is_off(option);
            config.validate_values().map_err(|error| in_place(error.message(), option.spec(), node, is_off))?;
            Ok(config)
        }
    };
}

for_each_option!(reading);

/// What a message says behind the name of its option, which the path has, and what is there instead.
fn in_place(message: &str, spec: &Spec, node: &Node, is_off: bool) -> String {
    let (message, range) = (without_name(message, spec.name), spec.range);
    if is_off {
        message.to_owned()
    } else {
        format!("{message}, is {node}{}", percentage(node, range))
    }
}

/// Where a percentage was meant, how to write it.
fn percentage(node: &Node, range: Range) -> String {
    let text = if let Node::Text(text) = node { text.trim().to_owned() } else { node.to_string() };
    let number = text.parse::<f64>().ok().filter(|number| *number >= 2.0);
    number
        .filter(|number| takes_percentages(range) && range.has_number(*number / 100.0))
        .map(|number| format!("; for a percentage, write \"{number}%\""))
        .unwrap_or_default()
}

/// What a message says behind the name of the option that it is about.
pub(super) fn without_name<'m>(message: &'m str, name: &str) -> &'m str {
    let rest = message.strip_prefix('`').and_then(|rest| rest.strip_prefix(name));
    rest.and_then(|rest| rest.strip_prefix("` ")).unwrap_or(message)
}

/// `timeout`
pub(super) fn timeout(node: &Node) -> Result<Duration, String> {
    match choice(node, &TIMEOUT)? {
        Choice::Given(limit) if !Duration::is_zero(&limit) => Ok(limit),
        Choice::Given(_) => Err(in_place(TIMEOUT.range_error, &TIMEOUT, node, false)),
        Choice::Off | Choice::Unset => Err(format!(
            "can't be `off`: it changes the limit of functions that have one; {}",
            without_name(TIMEOUT.range_error, TIMEOUT.name)
        )),
    }
}

/// `mode`
pub(super) fn mode(node: &Node) -> Result<Mode, String> {
    let text = if let Node::Text(text) = node { text.trim() } else { "" };
    if let Some((_, mode)) = MODES.iter().find(|(name, _)| *name == text) {
        return Ok(*mode);
    }
    let meant = closest(text, MODES.iter().map(|(name, _)| *name));
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    Err(format!("must be `normal`, `forced_open`, `disabled` or `shadow`, is {node}{meant}"))
}

/// The name of a preset.
pub(super) fn name(node: &Node) -> Result<String, String> {
    match node {
        Node::Text(name) if !name.is_empty() => Ok(name.clone()),
        _ => Err(format!("must be the name of a preset, is {node}")),
    }
}

/// What a value says of an option. Its range is checked elsewhere.
fn choice<T: Value>(node: &Node, spec: &Spec) -> Result<Choice<T>, String> {
    let value = match node {
        // What YAML 1.1 makes of `off`.
        Node::Bool(false) => return Ok(Choice::Off),
        Node::Text(text) if text.trim() == "off" => return Ok(Choice::Off),
        Node::Text(text) => match T::text(text.trim(), spec.range) {
            Ok(value) => Some(value),
            Err(Unread::Other) => None,
            Err(Unread::Duration(error)) => return Err(error),
        },
        Node::Whole(number) => match u64::try_from(*number) {
            Ok(number) => T::whole(number),
            Err(_) => T::below_zero(),
        },
        Node::Fraction(number) => T::fraction(*number),
        Node::Nothing | Node::Bool(true) | Node::List | Node::Map(_) => None,
    };
    let expected = T::expected(spec.range).trim_end_matches(',');
    value.map(Choice::Given).ok_or_else(|| format!("must be {expected}, is {node}"))
}
