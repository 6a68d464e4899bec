//! What is wrong with a configuration.

use super::option::ConfigOption;
use super::spec;

/// A configuration that can't be meant; the message names the option and the remedy.
///
/// In a `static` it fails the build; [`CircuitBreaker::try_new`](crate::CircuitBreaker::try_new)
/// and [`reconfigure`](crate::CircuitBreaker::reconfigure) return it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ConfigError {
    option: Option<ConfigOption>,
    other: Option<ConfigOption>,
    message: &'static str,
}

impl ConfigError {
    /// What is said of `option`, which its value or an `other` one doesn't go with.
    pub(crate) const fn new(
        option: ConfigOption,
        other: Option<ConfigOption>,
        message: &'static str,
    ) -> Self {
        ConfigError { option: Some(option), other, message }
    }

    /// `max_keys`, which belongs to a breaker and not to a [`Config`](crate::Config).
    pub(crate) const fn of_max_keys() -> Self {
        ConfigError { option: None, other: None, message: spec::MAX_KEYS.range_error }
    }

    /// An empty `name`, which belongs to a breaker, too.
    pub(crate) const fn of_empty_name() -> Self {
        ConfigError { option: None, other: None, message: "`name` must not be empty" }
    }

    /// The option that the message begins with; `None` for `max_keys` and `name`, which are no options
    /// of a [`Config`](crate::Config).
    #[must_use]
    pub const fn option(&self) -> Option<ConfigOption> {
        self.option
    }

    /// The option that it doesn't go with, where that can be said.
    #[must_use]
    pub const fn other(&self) -> Option<ConfigOption> {
        self.other
    }

    /// The whole message; `Display` prints the same.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.message
    }
}
