//! What settings from outside need of a breaker: what its code says, and a limit for its calls.

use std::sync::Arc;
use std::time::Duration;

use super::CircuitBreaker;
use super::control::Changes;
use crate::config::Config;
use crate::config::option::ConfigOption;
use crate::outcome::Mode;
use crate::primitives::clock::nanos;
use crate::primitives::sync::{AtomicU64, Ordering, const_fn, unpoisoned};

/// What the code says, and the limit that settings have put in the place of the code's.
pub(super) struct Outside {
    code: Config,
    /// Made by hand: functions that share the circuit may have limits that it doesn't know.
    by_hand: bool,
    /// In nanoseconds; 0 without one.
    limit: AtomicU64,
}

impl Outside {
    const_fn! {
    pub(super) fn new(code: Config) -> Self {
        Outside { code, by_hand: false, limit: AtomicU64::new(0) }
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
}

/// A change that has been made and that nobody has been told of.
#[must_use = "the listeners have to be told"]
pub(crate) struct PendingChange {
    breaker: &'static CircuitBreaker,
    pending: Changes,
    mode: Option<Mode>,
}

impl PendingChange {
    /// Tells listeners and integrations; with no lock held.
    pub(crate) fn notify(self, by: &Arc<str>) {
        self.breaker.notify_all(self.pending);
        self.breaker.may_admit();
        if let Some(mode) = self.mode {
            self.breaker.notify_mode(None, mode, Some(by));
        }
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

    /// Puts settings in force: the `changed` options as `target` has them, this limit, and a mode if
    /// that has changed. What was set by hand goes if it doesn't go with that; false then.
    pub(crate) fn put_in_force(
        &'static self,
        target: Config,
        changed: &[ConfigOption],
        limit: Option<Duration>,
        mode: Option<Mode>,
    ) -> (PendingChange, bool) {
        // Relaxed: see `Outside::limit`.
        self.outside.limit.store(limit.map_or(0, nanos), Ordering::Relaxed);
        let (pending, has_kept_all) = {
            let mut present = unpoisoned(self.config.lock());
            let with = |config: Config, option: &ConfigOption| config.taking(*option, &target);
            let patched = changed.iter().fold(*present, with);
            let (config, has_kept_all) = match self.check(patched) {
                Ok(()) => (patched, true),
                Err(_) => (Config { timeout: None, ..target }, false),
            };
            (self.replace(&mut present, config), has_kept_all)
        };
        let mode = mode.filter(|mode| self.change_mode(*mode));
        (PendingChange { breaker: self, pending, mode }, has_kept_all)
    }
}
