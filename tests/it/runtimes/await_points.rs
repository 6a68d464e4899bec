//! A call may be dropped at any of its await points, in whatever shape its function is written: the
//! probe's place and the bulkhead's come back, and nothing is counted but a cancellation.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Outcome, State, circuit_breaker};

use super::{Answer, Error, pause, snapshot};
use crate::support::poll_once;

/// Three await points and an answer.
async fn three_pauses(healthy: bool) -> Answer {
    pause().await;
    pause().await;
    pause().await;
    if healthy { Ok(3) } else { Err(Error::Down) }
}

/// Opens the circuit, waits until it probes, and drops the probe unpolled, after one poll, after two
/// and so on until it ends by itself. Every probe holds the only place.
#[track_caller]
fn dropped_at_each_await<F: Future<Output = Answer>>(name: &str, call: impl Fn(bool) -> F) {
    let time = freeze();
    let mut failing = Box::pin(call(false));
    while poll_once(failing.as_mut()).is_pending() {}
    drop(failing);
    assert_eq!(State::Open, snapshot(name).state, "{name}");
    time.advance(Duration::from_secs(10));

    for polls in 0..=3 {
        let mut probe = Box::pin(call(true));
        for _ in 0..polls {
            assert!(poll_once(probe.as_mut()).is_pending(), "{name} ended after {polls} polls");
        }
        let mut second = Box::pin(call(true));
        let is_full = poll_once(second.as_mut()).is_ready();
        assert_eq!(polls > 0, is_full, "{name}: the only place after {polls} polls");
        drop(second);
        drop(probe);
        let seen = snapshot(name);
        let dropped = if polls == 0 { 1 } else { polls + 1 };
        assert_eq!((State::HalfOpen, dropped), (seen.state, seen.cancelled), "{name}");
    }

    let mut probe = Box::pin(call(true));
    for _ in 0..3 {
        assert!(poll_once(probe.as_mut()).is_pending(), "{name}");
    }
    assert!(poll_once(probe.as_mut()).is_ready(), "{name}");
    drop(probe);
    let seen = snapshot(name);
    assert_eq!(State::Closed, seen.state, "{name}");
    assert_eq!(
        (1, 1, 3, 4),
        (seen.successes, seen.failures, seen.rejected, seen.cancelled),
        "{name}"
    );
    assert_eq!((0, 0, 0), (seen.ignored, seen.late, seen.panicked), "{name}");
}

#[test]
fn of_an_async_function() {
    #[circuit_breaker(name = "awaits: async", threshold = 1, recovery = "10s", max_concurrent = 1)]
    async fn call(healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    dropped_at_each_await("awaits: async", call);
}

#[test]
fn of_a_function_that_returns_a_future() {
    #[circuit_breaker(name = "awaits: impl", threshold = 1, recovery = "10s")]
    fn call(healthy: bool) -> impl Future<Output = Answer> {
        async move { three_pauses(healthy).await }
    }
    dropped_at_each_await("awaits: impl", call);
}

#[test]
fn of_a_function_that_returns_a_boxed_future() {
    #[circuit_breaker(name = "awaits: boxed", threshold = 1, recovery = "10s")]
    fn call(healthy: bool) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        Box::pin(async move { three_pauses(healthy).await })
    }
    dropped_at_each_await("awaits: boxed", call);
}

#[test]
fn of_a_method_of_an_async_trait() {
    #[async_trait::async_trait]
    trait Service {
        async fn call(&self, healthy: bool) -> Answer;
    }
    struct Prices;
    #[async_trait::async_trait]
    impl Service for Prices {
        #[circuit_breaker(name = "awaits: trait", threshold = 1, recovery = "10s")]
        async fn call(&self, healthy: bool) -> Answer {
            three_pauses(healthy).await
        }
    }
    dropped_at_each_await("awaits: trait", |healthy| Prices.call(healthy));
}

#[test]
fn of_a_keyed_function() {
    #[circuit_breaker(name = "awaits: keyed", threshold = 1, recovery = "10s", key = host)]
    async fn call(host: &str, healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    dropped_at_each_await("awaits: keyed", |healthy| call("a.example", healthy));
}

#[test]
fn of_a_function_with_a_judge_of_its_own() {
    #[circuit_breaker(
        name = "awaits: classify",
        threshold = 1,
        recovery = "10s",
        classify = |answer: &Answer| match answer {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    )]
    async fn call(healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    dropped_at_each_await("awaits: classify", call);
}

#[tokio::test(start_paused = true)]
async fn of_a_function_with_a_timeout() {
    #[circuit_breaker(name = "awaits: timeout", threshold = 1, recovery = "10s", timeout = "1s")]
    async fn call(healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    dropped_at_each_await("awaits: timeout", call);
}

#[test]
fn of_a_function_with_a_fallback_on_rejections() {
    #[circuit_breaker(
        name = "awaits: fallback",
        threshold = 1,
        recovery = "10s",
        fallback = |_| async { Ok(0) }
    )]
    async fn call(healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    dropped_at_each_await("awaits: fallback", call);
}

#[test]
fn of_a_fallback_nothing_is_counted_any_more() {
    #[circuit_breaker(
        name = "awaits: in fallback",
        fallback = |healthy| three_pauses(!healthy),
        fallback_on = any
    )]
    async fn call(healthy: bool) -> Answer {
        three_pauses(healthy).await
    }
    // Three pauses of the body, then those of the fallback.
    for (dropped, polls) in (4..=6).enumerate() {
        let mut future = Box::pin(call(false));
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        drop(future);
        let seen = snapshot("awaits: in fallback");
        let calls = dropped as u64 + 1;
        assert_eq!((calls, calls, 0), (seen.failures, seen.fallbacks, seen.cancelled));
    }
}

#[test]
fn of_a_recursion_each_level_is_cancelled() {
    #[circuit_breaker(name = "awaits: recursion")]
    async fn call(depth: u32) -> Answer {
        pause().await;
        if depth == 0 {
            return Ok(0);
        }
        Ok(1 + Box::pin(call(depth - 1)).await?)
    }
    let mut cancelled = 0;
    for polls in 1..=5_u32 {
        let mut future = Box::pin(call(4));
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        drop(future);
        // The n-th poll is pending in the n-th level.
        cancelled += u64::from(polls);
        let seen = snapshot("awaits: recursion");
        assert_eq!((cancelled, 0, 0), (seen.cancelled, seen.successes, seen.failures));
    }
}

#[test]
fn a_dropped_call_is_a_failure_at_each_await_if_on_cancel_says_so() {
    #[circuit_breaker(name = "awaits: failure", threshold = 100, on_cancel = failure)]
    async fn call() -> Answer {
        three_pauses(true).await
    }
    for polls in 1..=3 {
        let mut future = Box::pin(call());
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        drop(future);
        let seen = snapshot("awaits: failure");
        assert_eq!((polls, polls), (seen.cancelled, seen.failures));
    }
}
