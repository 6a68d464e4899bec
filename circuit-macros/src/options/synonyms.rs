//! What other libraries call our options.

use super::{Opt, TABLE};
use crate::diag::closest;

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
            "failure_count",
            "error_threshold",
        ],
    ),
    (
        Opt::FailureRate,
        &["failure_rate_threshold", "failure_ratio", "error_rate", "error_threshold_percentage"],
    ),
    (Opt::SlowCall, &["slow_call_duration", "slow_call_duration_threshold", "slow_threshold"]),
    (Opt::SlowRate, &["slow_call_rate", "slow_call_rate_threshold"]),
    (
        Opt::Window,
        &["sliding_window", "sliding_window_size", "window_size", "sampling_duration", "buckets"],
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
        ],
    ),
    (
        Opt::Backoff,
        &[
            "backoff_multiplier",
            "exponential_backoff",
            "exponential_backoff_multiplier",
            "multiplier",
        ],
    ),
    (Opt::MaxRecovery, &["max_wait", "max_delay", "max_backoff"]),
    (Opt::Jitter, &["randomized_wait_factor", "randomization_factor"]),
    (Opt::SuccessThreshold, &["success_count", "successes", "required_successes"]),
    (
        Opt::Probes,
        &[
            "half_open_max_calls",
            "half_open_calls",
            "half_open_requests",
            "max_requests",
            "permitted_number_of_calls_in_half_open_state",
            "half_open_permits",
        ],
    ),
    (Opt::ProbeTimeout, &["max_wait_duration_in_half_open_state", "half_open_timeout"]),
    (
        Opt::Failure,
        &[
            "failure_if",
            "is_failure",
            "record",
            "record_exceptions",
            "expected_exception",
            "fail_on",
        ],
    ),
    (
        Opt::Ignore,
        &["ignore_exceptions", "ignore_if", "ignored", "exclude", "skip_on", "ignore_errors"],
    ),
    (Opt::Classify, &["classifier", "is_successful", "is_success", "predicate"]),
    (Opt::Timeout, &["call_timeout", "time_limit", "deadline"]),
    (
        Opt::MaxConcurrent,
        &["bulkhead", "max_concurrent_calls", "max_in_flight", "concurrency", "concurrency_limit"],
    ),
    (
        Opt::Fallback,
        &["fallback_method", "fallback_function", "fallback_fn", "fallbackMethod", "or_else"],
    ),
    (Opt::FallbackOn, &["fallback_on_error", "fallback_when"]),
    (Opt::Name, &["id", "circuit", "label"]),
    (Opt::Key, &["key_by", "by", "partition"]),
    (Opt::MaxKeys, &["max_circuits", "capacity", "max_size"]),
    (Opt::Breaker, &["circuit_breaker", "shared", "with"]),
    (Opt::Crate, &["runtime", "krate", "path"]),
];

/// The option that `typed` most likely stands for.
pub(super) fn meant(typed: &str) -> Option<&'static str> {
    let synonym = SYNONYMS
        .iter()
        .find(|(_, words)| words.contains(&typed))
        .map(|(option, _)| option.spec().name);
    synonym.or_else(|| closest(typed, TABLE.iter().map(|spec| spec.name)))
}

#[cfg(test)]
mod tests {
    use super::{SYNONYMS, TABLE, meant};

    #[test]
    fn no_synonym_is_an_option() {
        for word in SYNONYMS.iter().flat_map(|(_, words)| words.iter()) {
            assert!(TABLE.iter().all(|spec| spec.name != *word), "{word}");
        }
    }

    #[test]
    fn other_libraries_names_are_understood() {
        assert_eq!(meant("failure_threshold"), Some("threshold"));
        assert_eq!(meant("reset_timeout"), Some("recovery"));
        assert_eq!(meant("fallbackMethod"), Some("fallback"));
        assert_eq!(meant("treshold"), Some("threshold"));
        assert_eq!(meant("colour"), None);
    }
}
