//! What is wrong with a configuration.

use super::option::ConfigOption;

/// A configuration that can't be meant; the message names the option and the remedy.
///
/// In a `static` it fails the build; [`CircuitBreaker::try_new`](crate::CircuitBreaker::try_new)
/// and [`reconfigure`](crate::CircuitBreaker::reconfigure) return it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct ConfigError {
    option: ConfigOption,
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
        ConfigError { option, other, message }
    }

    /// The option that the message begins with.
    #[must_use]
    pub const fn option(&self) -> ConfigOption {
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
