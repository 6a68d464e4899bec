//! The options one by one: their names, which of them a configuration names, and one configuration
//! over another.

use std::fmt;

use super::spec::{self, Spec};
use super::{Choice, Config, OnCancel};

/// An option of a [`Config`], for [`Config::off`] and for errors that name one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigOption {
    /// [`Config::threshold`]
    Threshold,
    /// [`Config::failure_rate`]
    FailureRate,
    /// [`Config::failure_count`]
    FailureCount,
    /// [`Config::slow_call`]
    SlowCall,
    /// [`Config::slow_rate`]
    SlowRate,
    /// [`Config::throttle`]
    Throttle,
    /// [`Config::window`]
    Window,
    /// [`Config::min_calls`]
    MinCalls,
    /// [`Config::merge_failures`]
    MergeFailures,
    /// [`Config::stall`]
    Stall,
    /// [`Config::recovery`]
    Recovery,
    /// [`Config::backoff`]
    Backoff,
    /// [`Config::max_recovery`]
    MaxRecovery,
    /// [`Config::jitter`]
    Jitter,
    /// [`Config::success_threshold`]
    SuccessThreshold,
    /// [`Config::probes`]
    Probes,
    /// [`Config::probe_timeout`]
    ProbeTimeout,
    /// [`Config::ramp`]
    Ramp,
    /// [`Config::on_cancel`]
    OnCancel,
    /// [`Config::max_concurrent`]
    MaxConcurrent,
    /// [`Config::max_wait`]
    MaxWait,
}

/// Hands all options to a macro: of each the variant of [`ConfigOption`], the field of `Config`, and
/// what `spec` calls it.
macro_rules! for_each_option {
    ($then:ident) => {
        $then! {
            Threshold threshold THRESHOLD,
            FailureRate failure_rate FAILURE_RATE,
            FailureCount failure_count FAILURE_COUNT,
            SlowCall slow_call SLOW_CALL,
            SlowRate slow_rate SLOW_RATE,
            Throttle throttle THROTTLE,
            Window window WINDOW,
            MinCalls min_calls MIN_CALLS,
            MergeFailures merge_failures MERGE_FAILURES,
            Stall stall STALL,
            Recovery recovery RECOVERY,
            Backoff backoff BACKOFF,
            MaxRecovery max_recovery MAX_RECOVERY,
            Jitter jitter JITTER,
            SuccessThreshold success_threshold SUCCESS_THRESHOLD,
            Probes probes PROBES,
            ProbeTimeout probe_timeout PROBE_TIMEOUT,
            Ramp ramp RAMP,
            OnCancel on_cancel ON_CANCEL,
            MaxConcurrent max_concurrent MAX_CONCURRENT,
            MaxWait max_wait MAX_WAIT,
        }
    };
}
pub(crate) use for_each_option;

macro_rules! by_option {
    ($($option:ident $field:ident $spec:ident,)*) => {
        impl ConfigOption {
            #[cfg(feature = "serde")]
            pub(crate) const ALL: &[ConfigOption] = &[$(ConfigOption::$option),*];

            /// As the attribute and files write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.spec().name
            }

            /// The name and the range.
            pub(crate) const fn spec(self) -> &'static Spec {
                match self {
                    $(ConfigOption::$option => &spec::$spec,)*
                }
            }
        }

        impl Config {
            /// All options unset: each has its default.
            pub(super) const UNSET: Config = Config { $($field: Choice::Unset,)* timeout: None };

            /// Whether anything was said of the option.
            pub(crate) const fn names(&self, option: ConfigOption) -> bool {
                match option {
                    $(ConfigOption::$option => !self.$field.is_unset(),)*
                }
            }

            pub(super) const fn set_off(mut self, option: ConfigOption) -> Config {
                match option {
                    $(ConfigOption::$option => self.$field = Choice::Off,)*
                }
                self
            }

            /// The first option of these that is off.
            pub(super) const fn first_off(&self, of: &[ConfigOption]) -> Option<ConfigOption> {
                let mut rest = of;
                while let [option, after @ ..] = rest {
                    let is_off = match option {
                        $(ConfigOption::$option => self.$field.is_off(),)*
                    };
                    if is_off {
                        return Some(*option);
                    }
                    rest = after;
                }
                None
            }

            /// This with what `from` says of the option.
            #[cfg(feature = "serde")]
            pub(crate) fn taking(mut self, option: ConfigOption, from: &Config) -> Config {
                match option {
                    $(ConfigOption::$option => self.$field = from.$field,)*
                }
                self
            }

            /// Whether the option is taken back.
            #[cfg(feature = "serde")]
            pub(crate) fn is_off(&self, option: ConfigOption) -> bool {
                self.first_off(&[option]).is_some()
            }

            /// Whether both say the same of the option.
            #[cfg(feature = "serde")]
            pub(crate) fn agrees(&self, other: &Config, option: ConfigOption) -> bool {
                match option {
                    $(ConfigOption::$option => self.$field == other.$field,)*
                }
            }

            const fn merge(self, base: Config) -> Config {
                Config {
                    $($field: self.$field.or(base.$field),)*
                    timeout: match self.timeout {
                        None => base.timeout,
                        known => known,
                    },
                }
            }
        }
    };
}

for_each_option!(by_option);

impl ConfigOption {
    /// The rules that judge a share of calls.
    pub(super) const RATES: [ConfigOption; 3] =
        [ConfigOption::FailureRate, ConfigOption::SlowCall, ConfigOption::Throttle];

    /// The rules that judge a window.
    pub(super) const WINDOWED: [ConfigOption; 4] = [
        ConfigOption::FailureRate,
        ConfigOption::FailureCount,
        ConfigOption::SlowCall,
        ConfigOption::Throttle,
    ];

    /// The trip rules that count failures one by one.
    pub(super) const COUNTED: [ConfigOption; 2] =
        [ConfigOption::Threshold, ConfigOption::FailureCount];
}

impl fmt::Display for ConfigOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What was given, and what was taken back.
#[expect(clippy::missing_fields_in_debug, reason = "`timeout` is no option of the circuit's")]
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Config");
        macro_rules! fields {
            ($($option:ident $field:ident $spec:ident,)*) => {
                $(match &self.$field {
                    Choice::Given(value) => {
                        out.field(stringify!($field), value);
                    }
                    Choice::Off => {
                        out.field(stringify!($field), &format_args!("off"));
                    }
                    Choice::Unset => {}
                })*
            };
        }
        for_each_option!(fields);
        out.finish()
    }
}

impl Config {
    /// These options over those of `base`: of what this one doesn't name, `base` decides. What is off
    /// here takes along what depended on it there.
    #[must_use]
    pub(crate) const fn over(self, base: Config) -> Config {
        let mut merged = self.merge(base);
        if self.slow_call.is_off() {
            merged.slow_rate = self.slow_rate;
            if matches!(merged.on_cancel, Choice::Given(OnCancel::Slow)) {
                merged.on_cancel = self.on_cancel;
            }
        }
        if self.first_off(&ConfigOption::WINDOWED).is_some() {
            if !merged.has_rate() {
                merged.min_calls = self.min_calls;
            }
            if !merged.has_window_rule() {
                merged.window = self.window;
            }
        }
        if self.first_off(&ConfigOption::COUNTED).is_some() && !merged.counts_failures() {
            merged.merge_failures = self.merge_failures;
        }
        if self.backoff.is_off() {
            merged.max_recovery = self.max_recovery;
        }
        if self.max_concurrent.is_off() {
            merged.max_wait = self.max_wait;
        }
        merged
    }

    /// Whether failures are counted one by one, by `threshold` or `failure_count`.
    pub(super) const fn counts_failures(&self) -> bool {
        self.effective_threshold().is_some() || self.failure_count.is_given()
    }

    /// Whether a share of calls is judged.
    pub(super) const fn has_rate(&self) -> bool {
        self.failure_rate.is_given() || self.slow_call.is_given() || self.throttle.is_given()
    }

    /// Whether anything is judged by the window.
    pub(super) const fn has_window_rule(&self) -> bool {
        self.has_rate() || self.failure_count.is_given()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ConfigOption::{
        Backoff, FailureCount, FailureRate, MaxConcurrent, SlowCall, Threshold, Throttle,
    };
    use crate::{Config, OnCancel, Window};

    const NEW: Config = Config::new();
    const RATED: Config = NEW
        .failure_rate(0.5)
        .slow_call(Duration::from_secs(2))
        .slow_rate(0.3)
        .window(Window::Calls(50))
        .min_calls(20);

    #[test]
    fn what_a_configuration_names_wins_over_its_base() {
        let base = NEW.threshold(3).recovery(Duration::from_secs(1));
        let merged = NEW.threshold(4).jitter(0.1).over(base);
        assert_eq!(merged, NEW.threshold(4).recovery(Duration::from_secs(1)).jitter(0.1));
        assert_eq!(NEW.over(base), base);
        assert_eq!(base.over(NEW), base);
    }

    #[test]
    fn what_is_off_stays_off_over_a_base_and_under_nothing() {
        let off = NEW.off(FailureRate).over(RATED);
        assert!(off.failure_rate.is_off());
        assert_eq!(off.over(RATED), off);
        assert_eq!(NEW.failure_rate(0.7).over(off).failure_rate.given(), Some(0.7));
    }

    #[test]
    fn off_takes_along_what_depends_on_it() {
        let without_slow = NEW.off(SlowCall).over(RATED);
        assert!(without_slow.slow_rate.is_unset());
        assert!(NEW.off(SlowCall).over(RATED.on_cancel(OnCancel::Slow)).on_cancel.is_unset());
        assert_eq!(without_slow.min_calls.given(), Some(20), "the other rate needs it");

        let without_rates = NEW.off(SlowCall).off(FailureRate).over(RATED);
        assert!(without_rates.window.is_unset() && without_rates.min_calls.is_unset());

        let counted = NEW.off(SlowCall).off(FailureRate).over(RATED.failure_count(5));
        assert_eq!(counted.window.given(), Some(Window::Calls(50)), "the count needs it");
        assert!(counted.min_calls.is_unset(), "no rate does");

        let throttled = NEW.off(SlowCall).off(FailureRate).over(RATED.throttle(0.5));
        assert!(throttled.window.is_given() && throttled.min_calls.is_given(), "for the throttle");
        let unthrottled = NEW.off(Throttle).over(NEW.throttle(0.5).min_calls(20));
        assert_eq!(unthrottled, NEW.off(Throttle));

        let uncounted = NEW.off(FailureCount).over(RATED.failure_count(5));
        assert_eq!(uncounted.window, RATED.window);

        let merging = NEW.failure_count(5).merge_failures(Duration::from_millis(100));
        assert!(NEW.off(FailureCount).failure_rate(0.5).over(merging).merge_failures.is_unset());
        assert!(NEW.off(FailureCount).over(merging).merge_failures.is_given(), "threshold counts");
        let left = NEW.off(Threshold).over(merging).merge_failures;
        assert!(left.is_given(), "failure_count counts");

        let backing_off = NEW.backoff(2.0).max_recovery(Duration::from_secs(300));
        assert!(NEW.off(Backoff).over(backing_off).max_recovery.is_unset());

        let waiting = NEW.max_concurrent(1).max_wait(Duration::from_secs(1));
        assert!(NEW.off(MaxConcurrent).over(waiting).max_wait.is_unset());
        assert_eq!(NEW.max_concurrent(2).over(waiting).max_wait, waiting.max_wait);
    }

    #[test]
    fn what_is_written_beside_off_is_kept_for_the_check() {
        let merged = NEW.off(SlowCall).slow_rate(0.2).over(RATED);
        assert_eq!(merged.slow_rate.given(), Some(0.2));
        assert!(merged.validate().is_err());
    }

    #[test]
    fn a_configuration_shows_what_it_says() {
        let config = NEW.threshold(3).off(FailureRate).recovery(Duration::from_secs(2));
        let shown = format!("{config:?}");
        assert_eq!(shown, "Config { threshold: 3, failure_rate: off, recovery: 2s }");
        assert_eq!(format!("{:?}", NEW.off(Threshold).threshold(3)), "Config { threshold: 3 }");
    }
}
