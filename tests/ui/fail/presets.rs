//! A preset and what is written beside it: the error is at the later option, and says what the preset gives.

use circuit_runtime::{CircuitBreaker, Config, ConfigOption, Window, circuit_breaker};
use std::io::Result;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const RATED: Config = Config::new().failure_rate(0.5).window(Window::Calls(50)).min_calls(20);
const SLOW: Config = Config::new().slow_call(SECOND).off(ConfigOption::Threshold);
const GROWING: Config = Config::new().backoff(2.0).max_recovery(Duration::from_secs(300));
const MERGING: Config = Config::new().merge_failures(SECOND);
const WRONG: Config = Config::new().threshold(0);
const UNMATCHED: Config = Config::new().success_threshold(3).probes(2);
const LEASED: Config = Config::new().probe_timeout(SECOND);
const LIMIT: u32 = 3;
const HALF_HOUR: Duration = Duration::from_secs(1_800);
static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new());

#[circuit_breaker(preset = RATED, window = 10)]
fn window_below_min_calls() -> Result<()> {
    Ok(())
}

#[circuit_breaker(recovery = HALF_HOUR, preset = GROWING, jitter = 0.1)]
fn recovery_above_max() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = SLOW, threshold = 3, slow_call = off, on_cancel = slow)]
async fn no_slow_call_left() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = RATED, failure_rate = off, min_calls = 10)]
fn no_rate_left() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = SLOW, slow_call = off)]
fn no_rule_left() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = GROWING, threshold = off)]
fn nothing_opens() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = MERGING, failure_rate = 0.5)]
fn nothing_to_merge() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = RATED, throttle = "50%")]
fn throttled_over_calls() -> Result<()> {
    Ok(())
}

#[circuit_breaker(throttle = off)]
fn no_throttle_to_take_back() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = SLOW, stall = "1s")]
fn stall_not_above_slow_call() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = SLOW, stall = SECOND, timeout = "500ms", slow_call = off, threshold = 3)]
async fn stall_not_below_timeout() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = WRONG)]
fn wrong() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = UNMATCHED, threshold = LIMIT)]
fn unmatched() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = LEASED, timeout = "2s")]
async fn probes_given_up() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = RATED, window = 20_000, key = n)]
fn keyed(n: u8) -> Result<()> {
    let _ = n;
    Ok(())
}

#[circuit_breaker(preset = LIMIT)]
fn no_config() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = "SLOW")]
fn quoted() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = RATED, breaker = PAYMENTS)]
fn shared() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = SLOW, slow_call = off, slow_rate = 0.5)]
fn slow_rate_alone() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = GROWING, backoff = off, max_recovery = "10m")]
fn max_recovery_alone() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = GROWING, max_concurrent = off, max_wait = "1s")]
fn max_wait_alone() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = GROWING, max_wait = "1s")]
fn max_wait_over_a_preset_without_a_bulkhead() -> Result<()> {
    Ok(())
}

#[circuit_breaker(max_concurrent = 1, max_wait = off)]
fn max_wait_off_already() -> Result<()> {
    Ok(())
}

#[circuit_breaker(preset = GROWING, recovery = off)]
fn never_off() -> Result<()> {
    Ok(())
}

#[circuit_breaker(max_concurrent = off)]
fn off_already() -> Result<()> {
    Ok(())
}

#[circuit_breaker(threshold = off)]
fn no_rule() -> Result<()> {
    Ok(())
}

#[circuit_breaker(presett = RATED)]
fn misspelt() -> Result<()> {
    Ok(())
}

fn main() {}
