//! breaker, which has async calls only.

use breaker::{CircuitBreaker as Breaker, CircuitBreakerConfig};

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{self, Failure, fail_some, ready};
use crate::{BREAKER, rows};

pub(super) fn add(suite: &mut Suite) {
    let config = || CircuitBreakerConfig::builder().wait_duration(HOUR);
    let rate_only = |rate| {
        config()
            .consecutive_failures(u32::MAX)
            .failure_rate_threshold(rate)
            .sliding_window_size(100)
    };
    let breaker = Breaker::new(config().failure_rate_threshold(0.0).build());
    let calls = move |calls| repeat(calls, |n| ready(breaker.call(|| plain::success_async(n))));
    suite.add_crowds(rows::CONSECUTIVE, BREAKER, calls.clone());
    suite.add(rows::ASYNC, BREAKER, calls);
    let breaker = Breaker::new(rate_only(0.5).build());
    suite.add_both(rows::COUNT, BREAKER, move |calls| {
        repeat(calls, |n| ready(breaker.call(|| plain::success_async(n))));
    });
    let breaker = Breaker::new(rate_only(0.5).build());
    suite.add_both(rows::COUNT_FAILING, BREAKER, move |calls| {
        repeat(calls, |n| ready(breaker.call(|| async move { fail_some(n) })));
    });
    let breaker = Breaker::new(rate_only(0.0).build());
    let calls = move |calls| repeat(calls, |n| ready(breaker.call(|| plain::failure_async(n))));
    suite.add_crowds(rows::FAILURE, BREAKER, calls.clone());
    suite.add(rows::ASYNC_FAILURE, BREAKER, calls);
    let ignoring = rate_only(0.5).failure_predicate(|_: &Failure| false).build();
    let breaker = Breaker::new(ignoring);
    suite.add_both(rows::IGNORED, BREAKER, move |calls| {
        repeat(calls, |n| ready(breaker.call(|| plain::failure_async(n))));
    });
    let breaker = Breaker::new(config().build());
    breaker.trip();
    let calls = move |calls| repeat(calls, |n| ready(breaker.call(|| plain::failure_async(n))));
    suite.add_crowds(rows::REJECTION, BREAKER, calls.clone());
    suite.add(rows::ASYNC_REJECTION, BREAKER, calls);
}
