//! What operators' orders lay over a breaker: a mode over the one that was set on the spot, and options over the
//! configuration.

use std::time::Duration;

use super::CircuitBreaker;
use super::control::{Changes, Unreported};
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::config::option::ConfigOption;
use crate::outcome::Mode;
use crate::primitives::sync::unpoisoned;

/// Options that an order lays over a configuration, and what they cover.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlay {
    pub(super) options: Config,
    /// The configuration and the limit without the order.
    pub(super) covered: Config,
    pub(super) covered_limit: Option<Duration>,
}

impl Overlay {
    /// The configuration in force over `config`.
    pub(super) fn over(&self, config: Config) -> Config {
        Config { timeout: None, ..self.options.over(config) }
    }

    /// The limit in force over `limit`.
    pub(super) fn limit_over(&self, limit: Option<Duration>) -> Option<Duration> {
        self.options.timeout.or(limit)
    }

    /// What somebody means who has taken the configuration in force, changed something and gives it back: what
    /// the order says there isn't meant to last longer than the order.
    pub(super) fn meant(&self, given: Config) -> Config {
        let named = |option: &&ConfigOption| self.options.names(**option);
        let options = ConfigOption::ALL.iter().filter(named);
        let unchanged = options.filter(|option| given.agrees(&self.options, **option));
        unchanged.fold(given, |config, option| config.taking(*option, &self.covered))
    }
}

impl CircuitBreaker {
    /// Whether these options of an order, together with those of earlier ones, go with the configuration that
    /// they are laid over.
    pub(crate) fn check_order(&self, options: Config) -> Result<(), ConfigError> {
        let present = unpoisoned(self.config.lock());
        let covered = match self.overlay() {
            Some(overlay) => self.timed_under(&overlay, overlay.covered),
            None => self.timed(*present),
        };
        drop(present);
        self.check_timed(options.over(covered))
    }

    /// Lays this over the mode and the configuration, in the place of what orders said before, and tells nobody. The
    /// options have been checked.
    pub(crate) fn obey(&'static self, mode: Option<Mode>, options: Config) -> Unreported {
        let mut changes = self.change_modes(|circuit| circuit.set_ordered_mode(mode));
        changes.and(self.overlay_options(options));
        Unreported { breaker: self, changes }
    }

    fn overlay_options(&self, options: Config) -> Changes {
        let says_something =
            options.timeout.is_some() || ConfigOption::ALL.iter().any(|o| options.names(*o));
        let mut present = unpoisoned(self.config.lock());
        let before = self.overlay();
        if before.is_none() && !says_something {
            return Changes::default();
        }
        let covered = before.map_or(*present, |overlay| overlay.covered);
        let covered_limit =
            before.map_or_else(|| self.outside.limit(), |overlay| overlay.covered_limit);
        let overlay = Overlay { options, covered, covered_limit };
        self.outside.set_limit(overlay.limit_over(covered_limit));
        *unpoisoned(self.outside.overlay.lock()) = says_something.then(|| Box::new(overlay));
        self.replace_over(&mut present, &overlay)
    }

    /// What orders lay over the configuration; asked under its lock.
    pub(super) fn overlay(&self) -> Option<Overlay> {
        unpoisoned(self.outside.overlay.lock()).as_deref().copied()
    }

    /// Takes a configuration that was given by hand, and returns the one that is in force with it: what orders
    /// say stays over it.
    pub(super) fn under_order(&self, given: Config) -> Result<Config, ConfigError> {
        let Some(overlay) = self.overlay() else { return Ok(given) };
        let covered = overlay.meant(given);
        self.check_timed(self.timed_under(&overlay, covered))?;
        let config = overlay.over(covered);
        self.check(config)?;
        *unpoisoned(self.outside.overlay.lock()) = Some(Box::new(Overlay { covered, ..overlay }));
        Ok(config)
    }
}
