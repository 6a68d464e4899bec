//! What a configuration may not say, and that the message names the option.

use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, ConfigOption, OnCancel, State, Window};

use crate::support::{NANOSECOND, secs};

const NEW: Config = Config::new();
const RATED: Config = NEW.failure_rate(0.5);
const SLOW: Config = NEW.slow_call(secs(1));

/// Each is refused with a message that names the options, in the order given.
#[track_caller]
fn all_refused(cases: &[(Config, &[&str])]) {
    for (config, options) in cases {
        let error = config.validate().expect_err(options[0]);
        for option in *options {
            let quoted = format!("`{option}`");
            assert!(error.to_string().contains(&quoted), "{option}: {error}");
        }
        assert!(CircuitBreaker::try_new("refused", *config).is_err());
    }
}

#[track_caller]
fn all_accepted(configs: &[Config]) {
    for config in configs {
        assert_eq!(Ok(()), config.validate(), "{config:?}");
        assert!(CircuitBreaker::try_new("accepted", *config).is_ok());
    }
}

#[test]
fn the_defaults_are_valid() {
    all_accepted(&[NEW, Config::default(), RATED, SLOW]);
}

#[test]
pub(crate) fn zero_is_refused_everywhere() {
    const ZERO: Duration = Duration::ZERO;
    all_refused(&[
        (NEW.threshold(0), &["threshold"]),
        (NEW.failure_rate(0.0), &["failure_rate"]),
        (NEW.failure_count(0), &["failure_count"]),
        (NEW.slow_call(ZERO), &["slow_call"]),
        (SLOW.slow_rate(0.0), &["slow_rate"]),
        (RATED.window(Window::Calls(0)), &["window"]),
        (RATED.window(Window::Time(ZERO)), &["window"]),
        (RATED.min_calls(0), &["min_calls"]),
        (NEW.recovery(ZERO), &["recovery"]),
        (NEW.backoff(0.0), &["backoff"]),
        (NEW.backoff(2.0).max_recovery(ZERO), &["max_recovery"]),
        (NEW.success_threshold(0), &["success_threshold"]),
        (NEW.probes(0), &["probes"]),
        (NEW.probe_timeout(ZERO), &["probe_timeout"]),
        (NEW.max_concurrent(0), &["max_concurrent"]),
    ]);
}

#[test]
pub(crate) fn a_rate_outside_0_to_1_is_refused() {
    for rate in [-0.5, -0.0, 1.000_001, 50.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        all_refused(&[
            (NEW.failure_rate(rate), &["failure_rate"]),
            (SLOW.slow_rate(rate), &["slow_rate"]),
            (NEW.throttle(rate), &["throttle"]),
        ]);
    }
    all_refused(&[(NEW.throttle(0.0), &["throttle"]), (NEW.throttle(1.0), &["throttle"])]);
    all_accepted(&[NEW.throttle(f64::MIN_POSITIVE), NEW.throttle(1.0 - f64::EPSILON)]);
    all_accepted(&[
        NEW.failure_rate(1.0),
        NEW.failure_rate(f64::MIN_POSITIVE),
        SLOW.slow_rate(1.0),
    ]);
}

#[test]
fn a_backoff_below_1_is_refused() {
    for backoff in [0.999_999, -2.0, f64::NAN, f64::INFINITY] {
        all_refused(&[(NEW.backoff(backoff), &["backoff"])]);
    }
    all_accepted(&[NEW.backoff(1.0), NEW.backoff(1.5)]);
}

#[test]
fn a_jitter_outside_0_to_1_is_refused() {
    for jitter in [-0.1, 1.0, 2.0, f64::NAN] {
        all_refused(&[(NEW.jitter(jitter), &["jitter"])]);
    }
    all_accepted(&[NEW.jitter(0.0), NEW.jitter(0.999)]);
}

#[test]
fn numbers_above_their_limit_are_refused() {
    all_refused(&[
        (NEW.threshold(1_000_001), &["threshold"]),
        (NEW.failure_count(1_000_001), &["failure_count"]),
        (RATED.window(Window::Calls(1_000_001)), &["window"]),
        (RATED.window(Window::Time(secs(1))).min_calls(1_000_001), &["min_calls"]),
        (NEW.success_threshold(1_001), &["success_threshold"]),
        (NEW.probes(1_001), &["probes"]),
        (NEW.max_concurrent(1_000_001), &["max_concurrent"]),
    ]);
    all_accepted(&[
        NEW.threshold(1_000_000),
        NEW.failure_count(1_000_000).window(Window::Time(secs(1))),
        RATED.window(Window::Calls(1_000_000)),
        RATED.window(Window::Time(secs(1))).min_calls(1_000_000),
        NEW.success_threshold(1_000),
        NEW.probes(1_000),
        NEW.max_concurrent(1_000_000),
    ]);
}

#[test]
fn slow_rate_without_slow_call_is_refused() {
    all_refused(&[
        (NEW.slow_rate(0.5), &["slow_rate", "slow_call"]),
        (RATED.slow_rate(0.5), &["slow_rate", "slow_call"]),
    ]);
}

#[test]
fn on_cancel_slow_without_slow_call_is_refused() {
    all_refused(&[
        (NEW.on_cancel(OnCancel::Slow), &["slow_call"]),
        (RATED.on_cancel(OnCancel::Slow), &["slow_call"]),
    ]);
    all_accepted(&[SLOW.on_cancel(OnCancel::Slow)]);
}

#[test]
fn a_window_without_a_rate_is_refused() {
    all_refused(&[
        (NEW.window(Window::Calls(10)), &["window"]),
        (NEW.threshold(3).window(Window::Time(secs(10))), &["window"]),
    ]);
    all_accepted(&[RATED, SLOW, NEW.failure_count(5)].map(|rule| rule.window(Window::Calls(10))));
}

#[test]
fn a_throttle_over_calls_is_refused() {
    let throttled = NEW.throttle(0.5);
    all_refused(&[
        (throttled.window(Window::Calls(100)), &["throttle", "window"]),
        (RATED.throttle(0.5).window(Window::Calls(100)), &["throttle", "window"]),
    ]);
    all_accepted(&[
        throttled,
        throttled.failure_rate(0.9),
        throttled.window(Window::Time(secs(1))),
        throttled.min_calls(1_000).failure_count(1_000),
        throttled.off(ConfigOption::Threshold),
        RATED.window(Window::Calls(100)).throttle(0.5).off(ConfigOption::Throttle),
    ]);
    let error = throttled.window(Window::Calls(100)).validate().unwrap_err();
    assert_eq!(error.option(), Some(ConfigOption::Throttle));
    assert_eq!(error.other(), Some(ConfigOption::Window));
}

#[test]
fn min_calls_without_a_rate_is_refused() {
    all_refused(&[
        (NEW.min_calls(5), &["min_calls"]),
        (NEW.failure_count(5).min_calls(5), &["min_calls"]),
    ]);
    all_accepted(&[RATED.min_calls(5), SLOW.min_calls(5), NEW.throttle(0.5).min_calls(5)]);
}

#[test]
fn min_calls_above_a_count_window_is_refused() {
    all_refused(&[
        (RATED.window(Window::Calls(5)).min_calls(6), &["min_calls", "window"]),
        (RATED.min_calls(101), &["min_calls", "window"]),
    ]);
    all_accepted(&[
        RATED.window(Window::Calls(5)).min_calls(5),
        RATED.min_calls(100),
        RATED.window(Window::Time(secs(1))).min_calls(1_000),
    ]);
}

#[test]
fn a_failure_count_above_a_count_window_is_refused() {
    all_refused(&[
        (NEW.failure_count(6).window(Window::Calls(5)), &["failure_count", "window"]),
        (NEW.failure_count(101), &["failure_count", "window"]),
    ]);
    all_accepted(&[
        NEW.failure_count(5).window(Window::Calls(5)),
        NEW.failure_count(100),
        NEW.failure_count(1_000).window(Window::Time(secs(1))),
    ]);
}

#[test]
fn merge_failures_without_a_rule_that_counts_failures_is_refused() {
    let merging = NEW.merge_failures(secs(1));
    let names = &["merge_failures", "threshold", "failure_count"];
    all_refused(&[
        (merging.failure_rate(0.5), names),
        (merging.throttle(0.5), names),
        (NEW.slow_call(secs(1)).off(ConfigOption::Threshold).merge_failures(secs(1)), names),
        (NEW.merge_failures(Duration::ZERO), &["merge_failures"]),
    ]);
    all_accepted(&[
        merging,
        merging.slow_call(secs(1)),
        merging.slow_call(secs(1)).off(ConfigOption::Threshold),
        merging.failure_rate(0.5).threshold(3),
        merging.throttle(0.5).threshold(3),
        merging.failure_rate(0.5).failure_count(3),
        merging.failure_rate(0.5).off(ConfigOption::MergeFailures),
    ]);
    let error = merging.failure_rate(0.5).validate().unwrap_err();
    assert_eq!(error.option(), Some(ConfigOption::MergeFailures));
    assert_eq!(error.other(), Some(ConfigOption::FailureRate));
}

#[test]
fn a_stall_that_could_never_be_or_would_come_too_late_is_refused() {
    let stalling = NEW.stall(secs(3));
    let by_time = stalling.failure_rate(0.5).window(Window::Time(secs(3) - NANOSECOND));
    all_refused(&[
        (NEW.stall(Duration::ZERO), &["stall"]),
        (stalling.slow_call(secs(3)), &["stall", "slow_call"]),
        (by_time, &["stall", "window"]),
        (NEW.stall(secs(11)).throttle(0.5), &["stall", "window"]),
    ]);
    all_accepted(&[
        stalling,
        NEW.stall(Duration::MAX),
        stalling.slow_call(secs(3) - NANOSECOND),
        by_time.window(Window::Time(secs(3))),
        by_time.window(Window::Calls(1)),
        by_time.off(ConfigOption::Stall),
        NEW.stall(secs(10)).throttle(0.5),
    ]);
    let error = stalling.slow_call(secs(3)).validate().unwrap_err();
    assert_eq!(error.option(), Some(ConfigOption::Stall));
    assert_eq!(error.other(), Some(ConfigOption::SlowCall));
}

#[test]
fn probes_below_success_threshold_are_refused() {
    all_refused(&[(NEW.success_threshold(3).probes(2), &["probes", "success_threshold"])]);
    all_accepted(&[NEW.success_threshold(3).probes(3), NEW.success_threshold(3).probes(4)]);
}

/// It caps what a service asks for.
#[test]
fn max_recovery_without_backoff_is_accepted() {
    all_accepted(&[NEW.max_recovery(secs(100)), NEW.backoff(1.0).max_recovery(secs(100))]);
}

#[test]
fn max_recovery_below_recovery_is_refused() {
    let backing_off = NEW.backoff(2.0).recovery(secs(10));
    all_refused(&[(backing_off.max_recovery(secs(9)), &["max_recovery", "recovery"])]);
    all_accepted(&[backing_off.max_recovery(secs(10)), backing_off.max_recovery(Duration::MAX)]);
}

#[test]
fn the_longest_durations_are_accepted() {
    const MAX: Duration = Duration::MAX;
    all_accepted(&[
        NEW.recovery(MAX),
        NEW.recovery(MAX).backoff(2.0).max_recovery(MAX).jitter(0.5),
        NEW.slow_call(MAX),
        NEW.probe_timeout(MAX),
        RATED.window(Window::Time(MAX)),
    ]);
}

#[test]
fn the_order_of_the_methods_does_not_matter() {
    assert_eq!(
        NEW.failure_rate(0.5).threshold(3).recovery(secs(1)),
        NEW.recovery(secs(1)).threshold(3).failure_rate(0.5),
    );
}

#[test]
fn a_configuration_is_validated_in_a_constant() {
    const CHECKED: Result<(), circuit_runtime::ConfigError> = NEW.threshold(0).validate();
    assert!(CHECKED.is_err());
}

#[test]
#[should_panic(expected = "`threshold`")]
fn a_breaker_of_an_invalid_configuration_panics_with_the_option() {
    let _ = CircuitBreaker::new("invalid", NEW.threshold(0));
}

#[test]
fn off_takes_back_what_stands_by_default_or_was_given() {
    let off = NEW.slow_call(secs(1)).off(ConfigOption::Threshold);
    let breaker = CircuitBreaker::new("no streak", off);
    for _ in 0..9 {
        breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(breaker.state(), State::Closed, "only slow calls open it");
    all_accepted(&[
        off,
        RATED.off(ConfigOption::FailureRate),
        RATED.window(Window::Calls(20)).min_calls(5).off(ConfigOption::FailureRate),
        SLOW.slow_rate(0.2).off(ConfigOption::SlowCall),
        NEW.backoff(2.0).max_recovery(secs(100)).off(ConfigOption::Backoff),
        NEW.off(ConfigOption::FailureCount).off(ConfigOption::MaxConcurrent),
        NEW.jitter(0.5).off(ConfigOption::Jitter),
    ]);
}

#[test]
fn off_where_nothing_can_be_taken_back_is_refused() {
    all_refused(&[
        (NEW.off(ConfigOption::Threshold), &["threshold"]),
        (NEW.off(ConfigOption::Recovery), &["recovery", "max_concurrent"]),
        (RATED.off(ConfigOption::Window), &["window"]),
        (SLOW.off(ConfigOption::SlowRate), &["slow_rate"]),
        (NEW.off(ConfigOption::SlowCall).slow_rate(0.5), &["slow_rate", "slow_call"]),
        (NEW.off(ConfigOption::FailureRate).window(Window::Calls(9)), &["window"]),
        (NEW.off(ConfigOption::Backoff).max_recovery(secs(100)), &["max_recovery", "backoff"]),
    ]);
}

#[test]
fn an_error_says_which_options_it_is_about() {
    let error = NEW.threshold(0).validate().unwrap_err();
    assert_eq!((error.option(), error.other()), (Some(ConfigOption::Threshold), None));
    let error = NEW.success_threshold(3).probes(2).validate().unwrap_err();
    assert_eq!(error.option(), Some(ConfigOption::Probes));
    assert_eq!(error.other(), Some(ConfigOption::SuccessThreshold));
    assert_eq!(ConfigOption::SuccessThreshold.to_string(), "success_threshold");
}
