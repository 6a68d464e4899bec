//! What an operator can do: reconfigure, reset, set a mode.

use std::sync::Arc;
use std::time::Duration;

use super::CircuitBreaker;
use crate::circuit::{CircuitRef, Woken};
use crate::config::error::ConfigError;
use crate::config::option::ConfigOption;
use crate::config::{Config, NewRules};
#[cfg(any(feature = "axum", feature = "tracing"))]
use crate::integrations;
use crate::observe::event::Transition;
use crate::outcome::Mode;
use crate::primitives::sync::unpoisoned;

const MAX_WAIT_NOT_IN_CODE: &str = "`max_wait` must be in the attribute, too, or in its `preset`: \
     without it the function is built without a way to wait";

impl CircuitBreaker {
    /// Replaces the configuration. The state, the deadline, the counters and a window of the same
    /// kind are kept. The new rules judge from the next outcome on; but a half-open circuit closes
    /// or reopens at once if its probes so far decide that under the new rules. Calls in flight
    /// count as fast if `slow_call` is new, because they weren't timed.
    ///
    /// This takes a whole configuration, not a change: what it leaves out falls back to its
    /// default. Start from [`config`](CircuitBreaker::config): `PAYMENTS.config().threshold(10)`. A
    /// file that sets one number would drop the bulkhead.
    ///
    /// What an operator's order says (`set_orders`, with the feature `serde`) stays in force over it.
    ///
    /// # Errors
    ///
    /// If [`Config::validate`] refuses the configuration; then nothing has changed.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.check(config)?;
        self.notice_all_stalled();
        let changes = {
            let mut present = unpoisoned(self.config.lock());
            #[cfg(feature = "serde")]
            let config = self.under_order(config)?;
            self.replace(&mut present, config)
        };
        self.notify_all(changes, None);
        Ok(())
    }

    /// The configuration, with how long calls may take.
    pub(super) fn timed(&self, config: Config) -> Config {
        Config { timeout: self.timeout(), ..config }
    }

    /// How long calls may take, if known.
    fn timeout(&self) -> Option<Duration> {
        #[cfg(feature = "serde")]
        if let Some(limit) = self.outside.limit() {
            return Some(limit);
        }
        self.timeout
    }

    /// How long a call of a function may take that is limited to `written` in the code.
    #[cfg(feature = "tokio")]
    #[cfg_attr(
        not(feature = "serde"),
        expect(clippy::unused_self, reason = "only settings change it")
    )]
    #[inline]
    pub(crate) fn limit(&self, written: Duration) -> Duration {
        #[cfg(feature = "serde")]
        if let Some(limit) = self.outside.limit() {
            return limit;
        }
        written
    }

    /// Whether the configuration can be in force here.
    pub(super) fn check(&self, config: Config) -> Result<(), ConfigError> {
        self.check_timed(self.timed(config))
    }

    /// [`check`](Self::check) of a configuration that says how long calls may take.
    pub(crate) fn check_timed(&self, timed: Config) -> Result<(), ConfigError> {
        if timed.max_wait.is_given() && !self.can_wait {
            return Err(ConfigError::new(ConfigOption::MaxWait, None, MAX_WAIT_NOT_IN_CODE));
        }
        if self.all_keys().is_some() { timed.validate_keyed() } else { timed.validate() }
    }

    /// Puts a configuration that has been checked in the place of the present one. That is locked
    /// while the circuits change, so that of two concurrent configurations one is in force
    /// everywhere.
    pub(super) fn replace(&self, present: &mut Config, config: Config) -> Changes {
        *present = config;
        let rules = Arc::new(NewRules::of_all(self.timed(config).rules()));
        self.changes(|circuit| circuit.reconfigure(self.name(), &rules))
    }

    /// Closes the circuit, empties its window and ends the row of openings. Outcomes of calls in
    /// flight will be late. Keeps the mode.
    pub fn reset(&self) {
        self.reset_by_maybe(None);
    }

    /// [`reset`](CircuitBreaker::reset), and says who did it: the transition's reason is
    /// [`ByOperator`](crate::Reason::ByOperator).
    pub fn reset_by(&self, by: impl Into<Arc<str>>) {
        self.reset_by_maybe(Some(&by.into()));
    }

    /// [`reset`](CircuitBreaker::reset) by an operator whose name may be known.
    pub(crate) fn reset_by_maybe(&self, by: Option<&Arc<str>>) {
        self.notice_all_stalled();
        self.notify_all(self.changes(|circuit| circuit.reset(self.name(), by)), by);
    }

    /// Rejects every call until [`resume`](CircuitBreaker::resume). Calls admitted earlier are
    /// still judged.
    pub fn force_open(&self) {
        self.set_mode(Mode::ForcedOpen, None);
    }

    /// Lets every call pass and judges none, not even calls that were admitted earlier, until
    /// [`resume`](CircuitBreaker::resume). The lifetime counters go on. After a probe that ends
    /// meanwhile another call may probe.
    pub fn disable(&self) {
        self.set_mode(Mode::Disabled, None);
    }

    /// Runs calls that would be rejected, until [`resume`](CircuitBreaker::resume). They are
    /// counted in `rejected`, and not judged. Shows what a breaker would do before it does it.
    pub fn shadow(&self) {
        self.set_mode(Mode::Shadow, None);
    }

    /// Removes the mode, so that the state decides again.
    pub fn resume(&self) {
        self.set_mode(Mode::Normal, None);
    }

    /// Sets the mode. `by` is the operator's name, if it is known.
    pub(crate) fn set_mode(&self, mode: Mode, by: Option<&Arc<str>>) {
        self.notice_all_stalled();
        let changes = self.change_modes(|circuit| circuit.set_mode(mode, mode));
        self.notify_all(changes, by);
    }

    /// Changes the modes of all circuits, and returns what is to be reported after the locks are released.
    pub(super) fn change_modes(&self, change: impl Fn(CircuitRef<'_>) -> Woken) -> Changes {
        let before = self.mode();
        let mut changes = self.changes(|circuit| (None, change(circuit)));
        changes.mode = Some(self.mode()).filter(|mode| *mode != before);
        changes
    }

    /// Reports a change of the mode of all keys or of one, with no lock held.
    #[cfg_attr(
        not(any(feature = "axum", feature = "tracing")),
        expect(unused_variables, clippy::unused_self, reason = "nobody is told")
    )]
    pub(super) fn notify_mode(&self, key: Option<&Arc<str>>, mode: Mode, by: Option<&Arc<str>>) {
        #[cfg(any(feature = "axum", feature = "tracing"))]
        integrations::mode_changed(self, key, mode, by);
    }

    /// Changes all circuits, and returns what is to be reported after the locks are released.
    pub(super) fn changes(
        &self,
        change: impl Fn(CircuitRef<'_>) -> (Option<Arc<Transition>>, Woken),
    ) -> Changes {
        let mut changes = Changes::default();
        self.change_all(|circuit| {
            let (transition, woken) = change(circuit);
            changes.transitions.extend(transition);
            changes.woken.and(woken);
        });
        changes
    }

    /// Tells listeners and integrations; with no lock held. `by` is who did it, if that is known.
    pub(super) fn notify_all(&self, changes: Changes, by: Option<&Arc<str>>) {
        drop(changes.woken);
        for transition in changes.transitions {
            self.notify(transition);
        }
        self.may_admit();
        if let Some(mode) = changes.mode {
            self.notify_mode(None, mode, by);
        }
    }
}

/// What has been changed and nobody has been told of.
#[derive(Debug, Default)]
#[must_use = "the listeners have to be told"]
pub(super) struct Changes {
    transitions: Vec<Arc<Transition>>,
    woken: Woken,
    /// If it is another one.
    mode: Option<Mode>,
}

#[cfg(feature = "serde")]
impl Changes {
    pub(super) fn and(&mut self, more: Changes) {
        self.transitions.extend(more.transitions);
        self.woken.and(more.woken);
        self.mode = more.mode.or(self.mode);
    }
}

/// Changes of a breaker that were made under a lock of all settings.
#[cfg(feature = "serde")]
#[must_use = "the listeners have to be told"]
pub(crate) struct Unreported {
    pub(super) breaker: &'static CircuitBreaker,
    pub(super) changes: Changes,
}

#[cfg(feature = "serde")]
impl Unreported {
    /// Tells listeners and integrations; with no lock held.
    pub(crate) fn notify(self, by: &Arc<str>) {
        self.breaker.notify_all(self.changes, Some(by));
    }
}
