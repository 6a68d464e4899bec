//! A configuration as the machine reads it: defaults filled in, durations in nanoseconds.

use std::sync::Arc;
use std::time::Duration;

use super::option::ConfigOption;
use super::spec::{DEFAULT_RECOVERY, DEFAULT_WINDOW, DEFAULT_WINDOW_OF_THROTTLE};
use super::{Choice, Config, OnCancel, Window};
use crate::primitives::clock::{NEVER, Nanos, nanos};

const DEFAULT_THRESHOLD: u32 = 5;
const DEFAULT_MIN_CALLS: u32 = 10;

impl Config {
    pub(super) const fn effective_window(&self) -> Window {
        self.window.given_or(if self.throttle.is_given() {
            Window::Time(Duration::from_secs(DEFAULT_WINDOW_OF_THROTTLE))
        } else {
            Window::Calls(DEFAULT_WINDOW)
        })
    }

    pub(super) const fn effective_recovery(&self) -> Duration {
        self.recovery.given_or(Duration::from_secs(DEFAULT_RECOVERY))
    }

    pub(super) const fn effective_threshold(&self) -> Option<u32> {
        match self.threshold {
            Choice::Given(threshold) => Some(threshold),
            Choice::Off => None,
            Choice::Unset if self.what_replaces_threshold().is_some() => None,
            Choice::Unset => Some(DEFAULT_THRESHOLD),
        }
    }

    /// The rule that is there instead of the default `threshold`.
    pub(super) const fn what_replaces_threshold(&self) -> Option<ConfigOption> {
        if self.failure_rate.is_given() {
            Some(ConfigOption::FailureRate)
        } else if self.failure_count.is_given() {
            Some(ConfigOption::FailureCount)
        } else if self.throttle.is_given() {
            Some(ConfigOption::Throttle)
        } else {
            None
        }
    }

    /// The numbers the state machine works with; of a valid configuration.
    pub(crate) const fn rules(&self) -> Rules {
        let window = self.effective_window();
        let min_calls = match (self.min_calls, window) {
            (Choice::Given(calls), _) => calls,
            (_, Window::Calls(calls)) if calls < DEFAULT_MIN_CALLS => calls,
            _ => DEFAULT_MIN_CALLS,
        };
        let recovery = nanos(self.effective_recovery());
        let success_threshold = self.success_threshold.given_or(1);
        Rules {
            threshold: self.effective_threshold(),
            failure_rate: self.failure_rate.given(),
            failure_count: self.failure_count.given(),
            slow_call: in_nanos(self.slow_call.given()),
            slow_rate: match (self.slow_rate.given(), self.slow_call.given()) {
                (Some(rate), _) => Some(rate),
                (None, Some(_)) => Some(0.5),
                (None, None) => None,
            },
            throttle: self.throttle.given(),
            window: if self.has_window_rule() { Some(window) } else { None },
            min_calls,
            merge_failures: in_nanos(self.merge_failures.given()),
            stall: in_nanos(self.stall.given()),
            recovery,
            backoff: self.backoff.given_or(1.0),
            max_recovery: match self.max_recovery.given() {
                Some(max) => nanos(max),
                None => recovery.saturating_mul(10),
            },
            max_requested_wait: match self.max_recovery.given() {
                Some(max) => nanos(max),
                None => NEVER,
            },
            jitter: self.jitter.given_or(0.0),
            success_threshold,
            probes: self.probes.given_or(success_threshold),
            probe_timeout: match self.probe_timeout.given() {
                Some(timeout) => nanos(timeout),
                None => match self.timeout {
                    Some(timeout) if nanos(timeout) > recovery => nanos(timeout),
                    _ => recovery,
                },
            },
            ramp: in_nanos(self.ramp.given()),
            on_cancel: self.on_cancel.given_or(OnCancel::Ignore),
            max_concurrent: self.max_concurrent.given(),
            max_wait: in_nanos(self.max_wait.given()),
        }
    }
}

const fn in_nanos(duration: Option<Duration>) -> Option<Nanos> {
    match duration {
        Some(duration) => Some(nanos(duration)),
        None => None,
    }
}

/// What has taken the place of the code's rules, shared by all circuits that go by it; `None`: nothing.
pub(crate) type ChangedRules = Option<Arc<NewRules>>;

/// Rules that were put in the place of the code's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRules {
    pub(crate) rules: Rules,
    /// The configuration that was set for a single key, without what orders say; `None`: the rules are those of all
    /// keys.
    pub(crate) of_key: Option<Config>,
}

impl NewRules {
    /// Rules for all keys.
    pub(crate) fn of_all(rules: Rules) -> Self {
        NewRules { rules, of_key: None }
    }
}

/// A valid configuration with its defaults filled in and its durations in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    pub(crate) threshold: Option<u32>,
    pub(crate) failure_rate: Option<f64>,
    pub(crate) failure_count: Option<u32>,
    pub(crate) slow_call: Option<Nanos>,
    pub(crate) slow_rate: Option<f64>,
    /// The share of failures from which on calls are rejected.
    pub(crate) throttle: Option<f64>,
    pub(crate) window: Option<Window>,
    pub(crate) min_calls: u32,
    /// Failures that come within this time of the first are one.
    pub(crate) merge_failures: Option<Nanos>,
    /// How long a call may run before it counts as a failure.
    pub(crate) stall: Option<Nanos>,
    pub(crate) recovery: Nanos,
    pub(crate) backoff: f64,
    pub(crate) max_recovery: Nanos,
    /// The cap of what a service may ask for.
    pub(crate) max_requested_wait: Nanos,
    pub(crate) jitter: f64,
    pub(crate) success_threshold: u32,
    pub(crate) probes: u32,
    pub(crate) probe_timeout: Nanos,
    /// How long after closing the share of calls that pass grows.
    pub(crate) ramp: Option<Nanos>,
    pub(crate) on_cancel: OnCancel,
    pub(crate) max_concurrent: Option<u32>,
    pub(crate) max_wait: Option<Nanos>,
}
