//! Options that do not go together: the later one is blamed, both are named.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(slow_rate = 0.5)]
fn slow_rate() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window = 10)]
fn window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3, min_calls = 10)]
fn min_calls() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 10, min_calls = 11)]
fn min_calls_above() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, min_calls = 11, window = 10)]
fn window_below() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, min_calls = 101)]
fn min_calls_default() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_count = 5, min_calls = 10)]
fn min_calls_of_a_count() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window = 10, failure_count = 11)]
fn failure_count_above() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_count = 11, window = 10)]
fn window_below_count() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_count = 101)]
fn failure_count_default() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(merge_failures = "100ms", failure_rate = 0.5)]
fn nothing_to_merge() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = "2s", threshold = off, merge_failures = "100ms")]
fn no_run_to_merge() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = "50%", merge_failures = "100ms")]
fn nothing_to_merge_beside_a_throttle() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = "50%", window = 100)]
fn throttled_over_calls() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window = 100, failure_rate = 0.5, throttle = 0.5)]
fn rated_over_calls_and_throttled() -> Result<(), E> {
    Ok(())
}

const CALLS: u32 = 100;

#[circuit_breaker(throttle = 0.5, window = CALLS)]
fn throttled_over_a_constant() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(merge_failures = "0s")]
fn merged_in_no_time() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ramp = "0s")]
fn ramped_in_no_time() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(stall = "0s")]
fn stalled_in_no_time() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(stall = "2s", timeout = "2s")]
async fn stall_not_below_timeout() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = "2s", stall = "2s")]
fn stall_not_above_slow_call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = "2s", stall = "3s")]
fn stall_above_window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(stall = "3s", failure_rate = 0.5, window = "2s")]
fn window_below_stall() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = "50%", stall = "11s")]
fn stall_above_window_of_throttle() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(stall = 3)]
fn stalled_after_a_number() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(hang_after = "3s")]
fn stalled_in_other_words() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(success_threshold = 3, probes = 2)]
fn probes() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(probes = 2, success_threshold = 3)]
fn success() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "1m", backoff = 2, max_recovery = "30s")]
fn max_below() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = 2, max_recovery = "30s")]
fn max_below_default() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_recovery = "30s", backoff = 2, recovery = "1m")]
fn recovery_above() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = "2s", probe_timeout = "1s")]
async fn probe_timeout_below() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(probe_timeout = "1s", timeout = "2s")]
async fn timeout_above() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_keys = 10)]
fn max_keys() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = 1, failure_rate = 0.5, window = 10_001)]
fn key_window() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback_on = any)]
fn fallback_on() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(timeout = "1s")]
fn timeout() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(on_cancel = failure)]
fn on_cancel() -> Result<(), E> {
    Ok(())
}

#[tokio::main]
#[circuit_breaker(timeout = "1s")]
async fn below_a_runtime() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = SHARED, threshold = 3, name = "a")]
fn breaker() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5, window = 10, breaker = SHARED)]
fn breaker_last() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(breaker = SHARED, max_concurrent = 1, key = 1, max_keys = 1, probe_timeout = "1s")]
fn breaker_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(max_wait = "1s", breaker = SHARED)]
fn breaker_waits() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3, max_wait = "1s")]
fn max_wait_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(maxWaitDuration = "1s", max_concurrent = 1)]
fn max_wait_of_another_library() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(
    breaker = SHARED,
    failure_rate = 0.5,
    slow_call = "1s",
    slow_rate = 0.5,
    throttle = 0.5,
    window = 10,
    min_calls = 5,
    merge_failures = "100ms",
    stall = "3s",
    recovery = "1s",
    backoff = 2,
    max_recovery = "9s",
    jitter = 0.1,
    success_threshold = 1,
    probes = 1,
    ramp = "1s",
    on_cancel = failure,
)]
async fn breaker_and_all_others() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(on_cancel = slow)]
async fn cancelled_by_no_limit() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(recovery = "10s", backoff = 2, max_recovery = "5s")]
fn recovery_of_its_own() -> Result<(), E> {
    Ok(())
}

fn main() {}
