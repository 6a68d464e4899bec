//! Calls that have stalled.

use std::time::Duration;

use circuit_runtime::{Config, test_util};

use super::{alone, assert_series, circuit, scrape};

#[test]
fn a_stalled_call_is_a_failure_and_no_late_one() {
    let _alone = alone();
    let time = test_util::freeze();
    let breaker = circuit("stalling", Config::new().stall(Duration::from_secs(2)));
    let call = breaker.try_acquire().unwrap();
    assert_series(&scrape("stalling"), &[("in_flight{}", 1.0), ("stalled_total{}", 0.0)]);
    time.advance(Duration::from_secs(3));
    let seen = &[("stalled_total{}", 1.0), ("calls_total{failure}", 1.0), ("in_flight{}", 1.0)];
    assert_series(&scrape("stalling"), seen);
    call.success();
    let seen =
        &[("calls_total{failure}", 1.0), ("calls_total{late}", 0.0), ("calls_total{success}", 0.0)];
    assert_series(&scrape("stalling"), seen);
    assert_eq!(breaker.snapshot().late, 1);
}
