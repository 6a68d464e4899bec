//! What is refused: values out of range, and options that don't go together.

use std::time::Duration;

use super::error::ConfigError;
use super::option::{ConfigOption, for_each_option};
use super::spec;
use super::{Choice, Config, OnCancel, Window};
use crate::primitives::clock::nanos;

/// `in_range` of the value that was given; `off` by what the option says of it.
macro_rules! check {
    ($type:ty, |$value:ident, $spec:ident| $in_range:expr) => {
        impl Choice<$type> {
            const fn check(self, option: ConfigOption) -> Result<(), ConfigError> {
                let $spec = option.spec();
                let error = match self {
                    Choice::Given($value) if !$in_range => $spec.range_error,
                    Choice::Off => match $spec.off_error {
                        Some(error) => error,
                        None => return Ok(()),
                    },
                    Choice::Given(_) | Choice::Unset => return Ok(()),
                };
                Err(ConfigError::new(option, None, error))
            }
        }
    };
}

check!(u32, |value, spec| spec.range.has_whole(value));
check!(f64, |value, spec| spec.range.has_number(value));
check!(Duration, |value, _spec| !value.is_zero());
check!(OnCancel, |_value, _spec| true);
check!(Window, |value, spec| match value {
    Window::Calls(calls) => spec.range.has_whole(calls),
    Window::Time(length) => !length.is_zero(),
});

macro_rules! values {
    ($($option:ident $field:ident $spec:ident,)*) => {
        impl Config {
            /// Each value by itself. Those that aren't given are passed by here: the compiler comes by
            /// for each annotated function, and a call costs it more than a comparison.
            pub(crate) const fn validate_values(&self) -> Result<(), ConfigError> {
                $(if !matches!(self.$field, Choice::Unset) {
                    if let Err(error) = self.$field.check(ConfigOption::$option) {
                        return Err(error);
                    }
                })*
                Ok(())
            }
        }
    };
}

for_each_option!(values);

/// Refuses an option, and maybe another one beside it, of which this doesn't hold.
macro_rules! require {
    ($holds:expr, $option:ident, $other:expr, $message:ident) => {
        let holds: bool = $holds;
        if !holds {
            return Err(ConfigError::new(ConfigOption::$option, $other, spec::$message));
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
        if let Err(error) = self.validate_values() {
            return Err(error);
        }
        match (self.validate_trip_rules(), self.validate_recovery()) {
            (Ok(()), Ok(())) => self.validate_bulkhead(),
            (Ok(()), refused) | (refused, _) => refused,
        }
    }

    /// What opens the circuit.
    const fn validate_trip_rules(&self) -> Result<(), ConfigError> {
        let other_rule = self.first_off(&ConfigOption::WINDOWED);
        require!(
            !self.threshold.is_off() || self.has_window_rule(),
            Threshold,
            other_rule,
            NO_TRIP_RULE
        );
        let most = match self.effective_window() {
            Window::Calls(calls) => calls,
            Window::Time(_) => u32::MAX,
        };
        let window = Some(ConfigOption::Window);
        require!(
            self.failure_count.given_or(0) <= most,
            FailureCount,
            window,
            FAILURE_COUNT_ABOVE_WINDOW
        );
        require!(
            !self.slow_rate.is_given() || self.slow_call.is_given(),
            SlowRate,
            Some(ConfigOption::SlowCall),
            SLOW_RATE_ALONE
        );
        require!(
            !matches!(self.on_cancel, Choice::Given(OnCancel::Slow)) || self.slow_call.is_given(),
            OnCancel,
            Some(ConfigOption::SlowCall),
            ON_CANCEL_SLOW_ALONE
        );
        require!(
            !self.window.is_given() || self.has_window_rule(),
            Window,
            other_rule,
            WINDOW_ALONE
        );
        require!(
            !self.throttle.is_given() || matches!(self.effective_window(), Window::Time(_)),
            Throttle,
            window,
            THROTTLE_OVER_CALLS
        );
        require!(
            !self.min_calls.is_given() || self.has_rate(),
            MinCalls,
            self.first_off(&ConfigOption::RATES),
            MIN_CALLS_ALONE
        );
        require!(self.min_calls.given_or(0) <= most, MinCalls, window, MIN_CALLS_ABOVE_WINDOW);
        require!(
            !self.merge_failures.is_given() || self.counts_failures(),
            MergeFailures,
            self.what_leaves_nothing_to_merge(),
            MERGE_FAILURES_ALONE
        );
        self.validate_stall()
    }

    /// When a call counts that still runs.
    const fn validate_stall(&self) -> Result<(), ConfigError> {
        let Some(stall) = self.stall.given() else { return Ok(()) };
        let stall = nanos(stall);
        if let Some(timeout) = self.timeout {
            require!(stall < nanos(timeout), Stall, None, STALL_NOT_BELOW_TIMEOUT);
        }
        if let Some(slow) = self.slow_call.given() {
            let slow_call = Some(ConfigOption::SlowCall);
            require!(nanos(slow) < stall, Stall, slow_call, STALL_NOT_ABOVE_SLOW_CALL);
        }
        if let Window::Time(length) = self.effective_window() {
            let window = Some(ConfigOption::Window);
            require!(nanos(length) >= stall, Stall, window, STALL_ABOVE_WINDOW);
        }
        Ok(())
    }

    /// The option without which failures would be counted one by one.
    const fn what_leaves_nothing_to_merge(&self) -> Option<ConfigOption> {
        match self.first_off(&ConfigOption::COUNTED) {
            None => self.what_replaces_threshold(),
            off => off,
        }
    }

    /// What closes it again.
    const fn validate_recovery(&self) -> Result<(), ConfigError> {
        if let Some(max) = self.max_recovery.given() {
            require!(
                nanos(max) >= nanos(self.effective_recovery()),
                MaxRecovery,
                Some(ConfigOption::Recovery),
                MAX_RECOVERY_BELOW_RECOVERY
            );
            require!(
                !self.backoff.is_off(),
                MaxRecovery,
                Some(ConfigOption::Backoff),
                MAX_RECOVERY_WITHOUT_BACKOFF
            );
        }
        require!(
            self.probes.given_or(u32::MAX) >= self.success_threshold.given_or(1),
            Probes,
            Some(ConfigOption::SuccessThreshold),
            PROBES_BELOW_SUCCESS_THRESHOLD
        );
        if let (Some(round), Some(timeout)) = (self.probe_timeout.given(), self.timeout) {
            require!(
                nanos(round) >= nanos(timeout),
                ProbeTimeout,
                None,
                PROBE_TIMEOUT_BELOW_TIMEOUT
            );
        }
        Ok(())
    }

    /// How many calls may be in flight.
    const fn validate_bulkhead(&self) -> Result<(), ConfigError> {
        require!(
            !self.max_wait.is_given() || self.max_concurrent.is_given(),
            MaxWait,
            Some(ConfigOption::MaxConcurrent),
            MAX_WAIT_ALONE
        );
        Ok(())
    }

    /// [`validate_keyed`](Config::validate_keyed), and the range of `max_keys`.
    pub(crate) const fn validate_keyed_breaker(
        &self,
        name: &str,
        max_keys: u32,
    ) -> Result<(), ConfigError> {
        if name.is_empty() {
            return Err(ConfigError::of_empty_name());
        }
        if !spec::MAX_KEYS.range.has_whole(max_keys) {
            return Err(ConfigError::of_max_keys());
        }
        self.validate_keyed()
    }

    /// What [`validate`](Config::validate) says, for a breaker of this name.
    pub(crate) const fn validate_breaker(&self, name: &str) -> Result<(), ConfigError> {
        if name.is_empty() {
            return Err(ConfigError::of_empty_name());
        }
        self.validate()
    }

    /// What [`validate`](Config::validate) says, and the smaller bound on the window of a circuit
    /// per key.
    pub(crate) const fn validate_keyed(&self) -> Result<(), ConfigError> {
        if let Window::Calls(calls) = self.effective_window() {
            require!(calls <= spec::MAX_KEYED_WINDOW, Window, None, KEYED_WINDOW_TOO_LARGE);
        }
        self.validate()
    }
}
