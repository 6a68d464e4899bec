//! The names that other libraries have for our options.

use super::{Opt, TABLE};
use crate::closest::closest;

const SYNONYMS: &[(Opt, &[&str])] = &[
    (
        Opt::Threshold,
        &[
            "failure_threshold",
            "fail_max",
            "max_failures",
            "failures",
            "max_fails",
            "consecutive_failures",
            "error_threshold",
            "fail_threshold",
            "failure_limit",
            "max_errors",
            "max_failure_count",
            "trip_after",
            "handled_events_allowed_before_breaking",
            "exceptions_allowed_before_breaking",
        ],
    ),
    (
        Opt::FailureRate,
        &[
            "failure_rate_threshold",
            "failure_ratio",
            "failure_percentage",
            "failure_percent",
            "failure_threshold_percentage",
            "error_rate",
            "error_ratio",
            "error_percentage",
            "error_threshold_percentage",
        ],
    ),
    (Opt::FailureCount, &["total_failures", "failures_in_window", "failures_per_window"]),
    (Opt::SlowCall, &["slow_call_duration", "slow_call_duration_threshold", "slow_threshold"]),
    (Opt::SlowRate, &["slow_call_rate", "slow_call_rate_threshold"]),
    (
        Opt::Window,
        &[
            "sliding_window",
            "sliding_window_size",
            "window_size",
            "sampling_duration",
            "sliding_window_type",
            "rolling_window",
            "rolling_count_timeout",
            "rolling_duration",
            "metrics_rolling_stats_time_in_milliseconds",
            "failure_window",
            "interval",
            "buckets",
        ],
    ),
    (
        Opt::MinCalls,
        &[
            "minimum_number_of_calls",
            "minimum_calls",
            "minimum_throughput",
            "min_requests",
            "min_throughput",
            "request_volume_threshold",
            "volume_threshold",
            "min_number_of_calls",
            "minimum_requests",
            "minimum_request_volume",
        ],
    ),
    (
        Opt::MergeFailures,
        &["debounce", "merge", "merge_window", "coalesce", "coalesce_failures", "group_failures"],
    ),
    (
        Opt::Stall,
        &[
            "hang",
            "hung",
            "hang_after",
            "stuck",
            "stall_timeout",
            "stalled_after",
            "max_in_flight_time",
            "no_response",
        ],
    ),
    (
        Opt::Recovery,
        &[
            "recovery_timeout",
            "reset_timeout",
            "wait_duration",
            "timeout_duration",
            "wait_duration_in_open_state",
            "open_duration",
            "open_timeout",
            "break_duration",
            "cooldown",
            "cool_down",
            "sleep_window",
            "reset_after",
            "delay",
            "half_open_after",
            "duration_of_break",
            "sleep_window_in_milliseconds",
            "circuit_breaker_sleep_window_in_milliseconds",
            "wait_duration_in_open",
            "open_state_duration",
            "retry_timeout",
        ],
    ),
    (
        Opt::Backoff,
        &[
            "backoff_multiplier",
            "exponential_backoff",
            "exponential_backoff_multiplier",
            "multiplier",
            "backoff_factor",
        ],
    ),
    (
        Opt::MaxRecovery,
        &[
            "max_delay",
            "max_backoff",
            "max_wait_duration_in_open_state",
            "exponential_max_wait_duration_in_open_state",
        ],
    ),
    (Opt::Jitter, &["randomized_wait_factor", "randomization_factor"]),
    (
        Opt::SuccessThreshold,
        &[
            "success_count",
            "successes",
            "required_successes",
            "close_threshold",
            "half_open_success_threshold",
        ],
    ),
    (
        Opt::Probes,
        &[
            "half_open_max_calls",
            "half_open_calls",
            "half_open_requests",
            "max_requests",
            "permitted_number_of_calls_in_half_open_state",
            "half_open_permits",
            "permitted_calls_in_half_open_state",
            "half_open_max_requests",
        ],
    ),
    (Opt::ProbeTimeout, &["max_wait_duration_in_half_open_state", "half_open_timeout"]),
    (
        Opt::Ramp,
        &[
            "ramp_up",
            "slow_start",
            "slowstart",
            "slow_start_window",
            "warmup",
            "warm_up",
            "warmup_duration_secs",
        ],
    ),
    (
        Opt::Throttle,
        &[
            "adaptive_throttling",
            "adaptive_throttle",
            "throttling",
            "throttle_rate",
            "admission_control",
            "load_shedding",
            "shed_load",
            "overload",
        ],
    ),
    (
        Opt::Failure,
        &[
            "failure_if",
            "is_failure",
            "record",
            "record_exceptions",
            "expected_exception",
            "fail_on",
            "record_failure",
            "record_failure_predicate",
            "record_exception",
            "should_handle",
        ],
    ),
    (
        Opt::Ignore,
        &[
            "ignore_exceptions",
            "ignore_if",
            "ignored",
            "ignore_exception",
            "ignore_exception_predicate",
            "exclude",
            "excluded_exceptions",
            "skip_on",
            "ignore_errors",
        ],
    ),
    (Opt::Classify, &["classifier", "is_successful", "is_success", "predicate"]),
    (
        Opt::Timeout,
        &[
            "call_timeout",
            "time_limit",
            "deadline",
            "execution_timeout",
            "execution_timeout_in_milliseconds",
            "request_timeout",
        ],
    ),
    (Opt::Idle, &["idle_timeout", "item_timeout", "inter_item_timeout", "read_timeout"]),
    (
        Opt::MaxConcurrent,
        &[
            "bulkhead",
            "max_concurrent_calls",
            "max_concurrent_requests",
            "max_parallel_calls",
            "max_in_flight",
            "concurrency",
            "concurrency_limit",
        ],
    ),
    (
        Opt::MaxWait,
        &[
            "max_wait_duration",
            "max_wait_time",
            "wait_timeout",
            "queue_timeout",
            "max_queue_time",
            "acquire_timeout",
        ],
    ),
    (
        Opt::Ping,
        &[
            "health",
            "healthcheck",
            "health_check",
            "check",
            "precheck",
            "pre_check",
            "probe_with",
            "probe_by",
            "probe_fn",
            "canary",
        ],
    ),
    (Opt::Fallback, &["fallback_method", "fallback_function", "fallback_fn", "or_else"]),
    (Opt::FallbackOn, &["fallback_on_error", "fallback_when"]),
    (
        Opt::Stale,
        &[
            "stale_if_error",
            "max_stale_age",
            "stale_for",
            "cache",
            "cached",
            "cache_for",
            "last_good",
            "last_value",
        ],
    ),
    (Opt::StaleKey, &["cache_key", "stale_by"]),
    (Opt::MaxStale, &["max_cached", "cache_size", "max_cache_size", "max_values"]),
    (Opt::Name, &["id", "circuit", "label"]),
    (Opt::Key, &["key_by", "by", "partition"]),
    (Opt::MaxKeys, &["max_circuits", "capacity", "max_size"]),
    (
        Opt::Preset,
        &["config", "configuration", "base", "base_config", "defaults", "extends", "profile"],
    ),
    (Opt::Breaker, &["circuit_breaker", "shared", "with"]),
    (Opt::Crate, &["runtime", "krate", "path"]),
];

/// The error for a name that isn't an option.
pub(super) fn unknown(name: &str) -> String {
    if let Some(meant) = meant(name) {
        return format!("unknown option `{name}`; did you mean `{meant}`?");
    }
    let mut names: Vec<String> = TABLE.iter().map(|spec| format!("`{}`", spec.name)).collect();
    let last = names.pop().unwrap_or_default();
    let names = names.join(", ");
    format!("unknown option `{name}`; the options are {names} and {last}")
}

/// The option that `typed` was most likely meant to be.
pub(super) fn meant(typed: &str) -> Option<&'static str> {
    let typed = &*snake_case(&typed.replace('-', "_"));
    let option = TABLE.iter().find(|spec| spec.name == typed).map(|spec| spec.name);
    let synonym = || {
        SYNONYMS
            .iter()
            .find(|(_, words)| words.contains(&typed))
            .map(|(option, _)| option.spec().name)
    };
    option
        .or_else(synonym)
        .or_else(|| closest(typed, TABLE.iter().map(|spec| spec.name)))
        .or_else(|| half_typed(typed))
}

/// The only option that starts like this.
fn half_typed(typed: &str) -> Option<&'static str> {
    let mut names = TABLE.iter().map(|spec| spec.name).filter(|name| name.starts_with(typed));
    match (names.next(), names.next()) {
        (Some(name), None) if typed.len() >= 3 => Some(name),
        _ => None,
    }
}

/// Input: `slidingWindowSize` Output: `sliding_window_size`
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{SYNONYMS, TABLE, meant, snake_case};

    #[test]
    fn no_synonym_is_an_option() {
        for word in SYNONYMS.iter().flat_map(|(_, words)| words.iter()) {
            assert!(TABLE.iter().all(|spec| spec.name != *word), "{word}");
        }
    }

    #[test]
    fn every_synonym_is_said_by_one_option_in_snake_case() {
        let mut words: Vec<_> = SYNONYMS.iter().flat_map(|(_, words)| words.iter()).collect();
        for word in &words {
            assert_eq!(snake_case(word), ***word);
        }
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all);
    }

    #[test]
    fn other_libraries_names_are_understood() {
        assert_eq!(meant("failure_threshold"), Some("threshold"));
        assert_eq!(meant("reset_timeout"), Some("recovery"));
        assert_eq!(meant("fallbackMethod"), Some("fallback"));
        assert_eq!(meant("slidingWindowSize"), Some("window"));
        assert_eq!(meant("waitDurationInOpenState"), Some("recovery"));
        assert_eq!(meant("failureRateThreshold"), Some("failure_rate"));
        assert_eq!(meant("permittedNumberOfCallsInHalfOpenState"), Some("probes"));
        assert_eq!(meant("minimumNumberOfCalls"), Some("min_calls"));
        assert_eq!(meant("requestVolumeThreshold"), Some("min_calls"));
        assert_eq!(meant("slowCallDurationThreshold"), Some("slow_call"));
        assert_eq!(meant("DurationOfBreak"), Some("recovery"));
        assert_eq!(meant("MAX_FAILURES"), Some("threshold"));
        assert_eq!(meant("failureRate"), Some("failure_rate"));
        assert_eq!(meant("treshold"), Some("threshold"));
        assert_eq!(meant("colour"), None);
        assert_eq!(meant("failure-rate-threshold"), Some("failure_rate"));
        assert_eq!(meant("maxWaitDuration"), Some("max_wait"));
        assert_eq!(meant("thres"), Some("threshold"));
        assert_eq!(meant("thr"), None, "or `throttle`");
        assert_eq!(meant("adaptiveThrottling"), Some("throttle"));
        assert_eq!(meant("max_rec"), Some("max_recovery"));
        assert_eq!(meant("max_"), None);
    }
}
