//! A configuration as the machine reads it: defaults filled in, durations in nanoseconds.

use super::{Config, OnCancel, Window};
use crate::primitives::clock::{NEVER, Nanos, nanos};

impl Config {
    pub(super) const fn effective_window(&self) -> Window {
        match self.window {
            Some(window) => window,
            None => Window::Calls(100),
        }
    }

    /// The numbers the state machine works with; of a valid configuration.
    pub(crate) const fn rules(&self) -> Rules {
        let window = self.effective_window();
        let min_calls = match (self.min_calls, window) {
            (Some(calls), _) => calls,
            (None, Window::Calls(calls)) if calls < 10 => calls,
            (None, _) => 10,
        };
        let recovery = nanos(self.recovery);
        Rules {
            threshold: match (self.threshold, self.failure_rate, self.failure_count) {
                (Some(threshold), _, _) => Some(threshold),
                (None, None, None) => Some(5),
                (None, _, _) => None,
            },
            failure_rate: self.failure_rate,
            failure_count: self.failure_count,
            slow_call: match self.slow_call {
                Some(slow) => Some(nanos(slow)),
                None => None,
            },
            slow_rate: match (self.slow_rate, self.slow_call) {
                (Some(rate), _) => Some(rate),
                (None, Some(_)) => Some(0.5),
                (None, None) => None,
            },
            window: match (self.failure_rate, self.failure_count, self.slow_call) {
                (None, None, None) => None,
                _ => Some(window),
            },
            min_calls,
            recovery,
            backoff: self.backoff,
            max_recovery: match self.max_recovery {
                Some(max) => nanos(max),
                None => recovery.saturating_mul(10),
            },
            max_asked: match self.max_recovery {
                Some(max) => nanos(max),
                None => NEVER,
            },
            jitter: self.jitter,
            success_threshold: self.success_threshold,
            probes: match self.probes {
                Some(probes) => probes,
                None => self.success_threshold,
            },
            probe_timeout: match self.probe_timeout {
                Some(lease) => nanos(lease),
                None => match self.timeout {
                    Some(timeout) if nanos(timeout) > recovery => nanos(timeout),
                    _ => recovery,
                },
            },
            cancel_is_failure: matches!(self.on_cancel, OnCancel::Failure),
            max_concurrent: self.max_concurrent,
        }
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
    pub(crate) window: Option<Window>,
    pub(crate) min_calls: u32,
    pub(crate) recovery: Nanos,
    pub(crate) backoff: f64,
    pub(crate) max_recovery: Nanos,
    /// The cap of what a service may ask for.
    pub(crate) max_asked: Nanos,
    pub(crate) jitter: f64,
    pub(crate) success_threshold: u32,
    pub(crate) probes: u32,
    pub(crate) probe_timeout: Nanos,
    pub(crate) cancel_is_failure: bool,
    pub(crate) max_concurrent: Option<u32>,
}
