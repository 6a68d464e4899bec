//! What can be meant, and what is refused with the remedy.

use super::limits::{MAX_COUNT, MAX_KEYED_WINDOW, MAX_PROBES};
use super::{Config, Window};
use crate::error::ConfigError;
use crate::primitives::clock::nanos;

/// Refuses what doesn't hold.
macro_rules! require {
    ($holds:expr, $message:literal) => {
        let holds: bool = $holds;
        if !holds {
            return Err(ConfigError::new($message));
        }
    };
}

impl Config {
    /// Checks each value and how the values go together.
    ///
    /// # Errors
    ///
    /// The first thing that can't be meant, with the option's name and the remedy.
    pub const fn validate(&self) -> Result<(), ConfigError> {
        match self.validate_trip_rules() {
            Ok(()) => self.validate_recovery(),
            refused => refused,
        }
    }

    /// What opens the circuit.
    const fn validate_trip_rules(&self) -> Result<(), ConfigError> {
        if let Some(threshold) = self.threshold {
            require!(threshold >= 1, "`threshold` must be at least 1");
            require!(threshold <= MAX_COUNT, "`threshold` must be at most 1,000,000");
        }
        if let Some(rate) = self.failure_rate {
            require!(is_rate(rate), "`failure_rate` must be above 0 and at most 1");
        }
        if let Some(failures) = self.failure_count {
            require!(failures >= 1, "`failure_count` must be at least 1");
            require!(failures <= MAX_COUNT, "`failure_count` must be at most 1,000,000");
            if let Window::Calls(calls) = self.effective_window() {
                require!(
                    failures <= calls,
                    "`failure_count` is above `window`, so that it could never be reached; lower `failure_count` or raise `window`"
                );
            }
        }
        if let Some(slow) = self.slow_call {
            require!(!slow.is_zero(), "`slow_call` must be longer than zero");
        }
        if let Some(rate) = self.slow_rate {
            require!(is_rate(rate), "`slow_rate` must be above 0 and at most 1");
            require!(
                self.slow_call.is_some(),
                "`slow_rate` needs `slow_call`, which says when a call is slow"
            );
        }
        let rated = self.failure_rate.is_some() || self.slow_call.is_some();
        if let Some(window) = self.window {
            match window {
                Window::Calls(calls) => {
                    require!(calls >= 1, "`window` must hold at least 1 call");
                    require!(calls <= MAX_COUNT, "`window` must hold at most 1,000,000 calls");
                }
                Window::Time(length) => {
                    require!(!length.is_zero(), "`window` must be longer than zero");
                }
            }
            require!(
                rated || self.failure_count.is_some(),
                "`window` needs a rule: give `failure_rate`, `failure_count` or `slow_call`, or leave `window` out"
            );
        }
        if let Some(min_calls) = self.min_calls {
            require!(min_calls >= 1, "`min_calls` must be at least 1");
            require!(min_calls <= MAX_COUNT, "`min_calls` must be at most 1,000,000");
            require!(
                rated,
                "`min_calls` needs a rate: give `failure_rate` or `slow_call`, or leave `min_calls` out"
            );
            if let Window::Calls(calls) = self.effective_window() {
                require!(
                    min_calls <= calls,
                    "`min_calls` must be at most `window`: no rate would ever be judged"
                );
            }
        }
        Ok(())
    }

    /// What closes it again, and the rest.
    const fn validate_recovery(&self) -> Result<(), ConfigError> {
        require!(!self.recovery.is_zero(), "`recovery` must be longer than zero");
        require!(
            self.backoff >= 1.0 && self.backoff < f64::INFINITY,
            "`backoff` must be a finite number of at least 1"
        );
        if let Some(max) = self.max_recovery {
            require!(!max.is_zero(), "`max_recovery` must be longer than zero");
            require!(
                nanos(max) >= nanos(self.recovery),
                "`max_recovery` must be at least `recovery`"
            );
        }
        require!(
            self.jitter >= 0.0 && self.jitter < 1.0,
            "`jitter` must be at least 0 and below 1"
        );
        require!(self.success_threshold >= 1, "`success_threshold` must be at least 1");
        require!(self.success_threshold <= MAX_PROBES, "`success_threshold` must be at most 1,000");
        if let Some(probes) = self.probes {
            require!(probes >= 1, "`probes` must be at least 1");
            require!(probes <= MAX_PROBES, "`probes` must be at most 1,000");
            require!(
                probes >= self.success_threshold,
                "`probes` must be at least `success_threshold`: the circuit could never close"
            );
        }
        if let Some(lease) = self.probe_timeout {
            require!(!lease.is_zero(), "`probe_timeout` must be longer than zero");
            if let Some(timeout) = self.timeout {
                require!(
                    nanos(lease) >= nanos(timeout),
                    "`probe_timeout` is below `timeout`, so that probes would be given up that may still answer; raise it, or lower `timeout`"
                );
            }
        }
        if let Some(limit) = self.max_concurrent {
            require!(limit >= 1, "`max_concurrent` must be at least 1");
            require!(limit <= MAX_COUNT, "`max_concurrent` must be at most 1,000,000");
        }
        Ok(())
    }

    /// What [`validate`](Config::validate) says, and the smaller bound on the window of a circuit
    /// per key.
    pub(crate) const fn validate_keyed(&self) -> Result<(), ConfigError> {
        match self.effective_window() {
            Window::Calls(calls) if calls > MAX_KEYED_WINDOW => Err(ConfigError::new(
                "with `key`, a `window` of calls must be at most 10,000: each key has its own",
            )),
            _ => self.validate(),
        }
    }
}

const fn is_rate(rate: f64) -> bool {
    rate > 0.0 && rate <= 1.0 // false for NaN
}
