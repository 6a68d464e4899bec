//! The configuration of a single key, under what orders say.

use std::sync::Arc;

use super::CircuitBreaker;
#[cfg(feature = "serde")]
use super::control::Changes;
#[cfg(feature = "serde")]
use super::orders::Overlay;
use crate::config::error::ConfigError;
use crate::config::{Config, NewRules};
use crate::primitives::sync::unpoisoned;

impl CircuitBreaker {
    /// Changes a key's circuit by the rules that a configuration gives which was set for that key alone. What orders
    /// say stays over it. Meanwhile neither the configuration of all keys nor an order changes.
    pub(super) fn with_rules_of_key<O>(
        &self,
        given: Config,
        change: impl FnOnce(&Arc<NewRules>) -> O,
    ) -> Result<O, ConfigError> {
        let present = unpoisoned(self.config.lock());
        let [own, of_all, in_force] = self.layers_of_key(given, *present)?;
        let is_own = own.rules() != of_all.rules();
        let rules = NewRules { rules: in_force.rules(), of_key: is_own.then_some(own) };
        Ok(change(&Arc::new(rules)))
    }

    /// What was set for a key, and what is set for all keys, both without what orders say; and what is in force for the
    /// key. Each with how long calls may take.
    #[cfg_attr(
        not(feature = "serde"),
        expect(clippy::unnecessary_wraps, reason = "only orders can refuse it")
    )]
    fn layers_of_key(&self, given: Config, present: Config) -> Result<[Config; 3], ConfigError> {
        #[cfg(feature = "serde")]
        if let Some(overlay) = self.overlay() {
            let own = self.timed_under(&overlay, overlay.meant(given));
            self.check_timed(own)?;
            let in_force = self.timed(overlay.over(own));
            self.check_timed(in_force)?;
            return Ok([own, self.timed_under(&overlay, overlay.covered), in_force]);
        }
        Ok([given, present, given].map(|config| self.timed(config)))
    }
}

#[cfg(feature = "serde")]
impl CircuitBreaker {
    /// [`replace`](Self::replace) by what orders lay over the configuration. What was set for a single key stays, under
    /// the orders too. If it doesn't go with them, the key has the configuration of all keys until it does.
    pub(super) fn replace_over(&self, present: &mut Config, overlay: &Overlay) -> Changes {
        *present = overlay.over(overlay.covered);
        let of_all = Arc::new(NewRules::of_all(self.timed(*present).rules()));
        self.changes(|circuit| {
            let new = match circuit.config_of_key() {
                Some(own) => {
                    let over = overlay.over(own);
                    let goes_with_them = self.check(over).is_ok();
                    let rules =
                        if goes_with_them { self.timed(over).rules() } else { of_all.rules };
                    Arc::new(NewRules { rules, of_key: Some(own) })
                }
                None => Arc::clone(&of_all),
            };
            circuit.reconfigure(self.name(), &new)
        })
    }

    /// [`timed`](Self::timed), as it will be once the orders are lifted.
    pub(super) fn timed_under(&self, overlay: &Overlay, config: Config) -> Config {
        Config { timeout: overlay.covered_limit.or(self.timeout), ..config }
    }
}
