//! What settings from outside need of a breaker: what its code says, and a limit for its calls.

use std::time::Duration;

use super::CircuitBreaker;
use super::control::Unreported;
use super::orders::Overlay;
use crate::config::Config;
use crate::config::option::ConfigOption;
use crate::outcome::Mode;
use crate::primitives::clock::nanos;
use crate::primitives::sync::{AtomicU64, Mutex, Ordering, const_fn, unpoisoned};

/// What the code says, and the limit that settings have put in the place of the code's.
pub(super) struct Outside {
    code: Config,
    /// Made by hand: functions that share the circuit may have limits that it doesn't know.
    by_hand: bool,
    /// In nanoseconds; 0 without one.
    limit: AtomicU64,
    /// What orders lay over the configuration; changed under its lock.
    pub(super) overlay: Mutex<Option<Box<Overlay>>>,
}

impl Outside {
    const_fn! {
    pub(super) fn new(code: Config) -> Self {
        Outside { code, by_hand: false, limit: AtomicU64::new(0), overlay: Mutex::new(None) }
    }
    }

    pub(super) const fn mark_made_by_hand(&mut self) {
        self.by_hand = true;
    }

    #[inline]
    pub(super) fn limit(&self) -> Option<Duration> {
        // Relaxed: no other memory depends on it.
        let nanos = self.limit.load(Ordering::Relaxed);
        (nanos != 0).then(|| Duration::from_nanos(nanos))
    }

    pub(super) fn set_limit(&self, limit: Option<Duration>) {
        // Relaxed: see `limit`.
        self.limit.store(limit.map_or(0, nanos), Ordering::Relaxed);
    }
}

impl CircuitBreaker {
    /// What the attribute or the static says, with the longest `timeout`, where that is known.
    pub(crate) fn code(&self) -> Config {
        self.outside.code
    }

    /// Whether a function of this circuit may have a `timeout`.
    pub(crate) fn may_have_timeout(&self) -> bool {
        cfg!(feature = "tokio") && (self.outside.by_hand || self.timeout.is_some())
    }

    /// Puts settings in force, and tells nobody: the `changed` options as `target` has them, this limit, and a
    /// mode if that has changed. What was set by hand goes if it doesn't go with that; false then.
    pub(crate) fn put_in_force(
        &'static self,
        target: Config,
        changed: &[ConfigOption],
        limit: Option<Duration>,
        mode: Option<Mode>,
    ) -> (Unreported, bool) {
        let (mut done, has_kept_all) = {
            let mut present = unpoisoned(self.config.lock());
            let overlay = self.overlay();
            let covered = overlay.map_or(*present, |overlay| overlay.covered);
            let with = |config: Config, option: &ConfigOption| config.taking(*option, &target);
            let patched = changed.iter().fold(covered, with);
            let (config, has_kept_all) = match self.check(patched) {
                Ok(()) => (patched, true),
                Err(_) => (Config { timeout: None, ..target }, false),
            };
            let limit_in_force = overlay.map_or(limit, |overlay| overlay.limit_over(limit));
            self.outside.set_limit(limit_in_force);
            let in_force = self.cover(overlay.as_ref(), config, limit);
            (self.replace(&mut present, in_force), has_kept_all)
        };
        if let Some(mode) = mode {
            done.and(self.change_modes(|circuit| circuit.set_mode(mode, mode)));
        }
        (Unreported { breaker: self, changes: done }, has_kept_all)
    }

    /// Puts a configuration under what orders say, and returns the one in force. Options of an order that don't go
    /// with the new settings wait until they do.
    fn cover(&self, overlay: Option<&Overlay>, config: Config, limit: Option<Duration>) -> Config {
        let Some(overlay) = overlay else { return config };
        let overlay = Overlay { covered: config, covered_limit: limit, ..*overlay };
        *unpoisoned(self.outside.overlay.lock()) = Some(Box::new(overlay));
        let over = overlay.over(config);
        if self.check(over).is_ok() { over } else { config }
    }
}
