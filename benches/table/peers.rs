//! The other crates' candidates, each with the rule of the row, or the nearest that it has.

use std::sync::Arc;
use std::time::Duration;

use breaker::{CircuitBreaker as Breaker, CircuitBreakerConfig};
use failsafe::StateMachine;
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, FailurePolicy};
use recloser::{AsyncRecloser, Recloser};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

use crate::measure::{Suite, repeat};
use crate::plain::{self, Failure, alternate, fail, fail_some, ready, succeed};
use crate::{BREAKER, FAILSAFE, RECLOSER, TOWER, rows};

const HOUR: Duration = Duration::from_secs(3600);

type Failsafe<P> = StateMachine<P, ()>;

fn failsafe<P: FailurePolicy>(policy: P) -> Failsafe<P> {
    failsafe::Config::new().failure_policy(policy).build()
}

fn wait() -> Constant {
    backoff::constant(HOUR)
}

#[inline(never)]
fn failsafe_success<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || succeed(number))
}

#[inline(never)]
fn failsafe_failure<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || fail(number))
}

#[inline(never)]
fn failsafe_some_failures<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || fail_some(number))
}

#[inline(never)]
fn recloser_success(breaker: &Recloser, number: u64) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| succeed(number))
}

#[inline(never)]
fn recloser_failure(breaker: &Recloser, number: u64) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| fail(number))
}

#[inline(never)]
fn recloser_some_failures(
    breaker: &Recloser,
    number: u64,
) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| fail_some(number))
}

pub(crate) fn add(suite: &mut Suite) {
    add_failsafe(suite);
    add_recloser(suite);
    add_breaker(suite);
    add_tower(suite);
}

fn add_failsafe(suite: &mut Suite) {
    let breaker = failsafe(failure_policy::consecutive_failures(5, wait()));
    suite.add_both(rows::CONSECUTIVE, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| failsafe_success(&breaker, n))
    });
    suite.add(rows::ASYNC, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| {
            repeat(calls, |n| {
                ready(failsafe::futures::CircuitBreaker::call(&breaker, plain::success_async(n)))
            });
        }
    });
    suite.add_both(rows::IGNORED, FAILSAFE, move |calls| {
        repeat(calls, |n| {
            failsafe::CircuitBreaker::call_with(&breaker, |_: &Failure| false, || fail(n))
        });
    });
    let breaker = failsafe(failure_policy::consecutive_failures(5, wait()));
    suite.add_both(rows::ALTERNATING, FAILSAFE, move |calls| {
        repeat(calls, |n| failsafe::CircuitBreaker::call(&breaker, || alternate(n)));
    });
    let over_time = || {
        failsafe(failure_policy::success_rate_over_time_window(
            0.5,
            10,
            Duration::from_secs(10),
            wait(),
        ))
    };
    let breaker = over_time();
    suite.add_both(rows::TIME, FAILSAFE, move |calls| {
        repeat(calls, |n| failsafe_success(&breaker, n));
    });
    let breaker = over_time();
    suite.add_both(rows::TIME_FAILING, FAILSAFE, move |calls| {
        repeat(calls, |n| failsafe_some_failures(&breaker, n));
    });
    let breaker = failsafe(failure_policy::consecutive_failures(u32::MAX, wait()));
    suite.add_both(rows::FAILURE, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| failsafe_failure(&breaker, n))
    });
    suite.add(rows::ASYNC_FAILURE, FAILSAFE, move |calls| {
        repeat(calls, |n| {
            ready(failsafe::futures::CircuitBreaker::call(&breaker, plain::failure_async(n)))
        });
    });
    let breaker = failsafe(failure_policy::consecutive_failures(1, wait()));
    let _ = failsafe_failure(&breaker, 0);
    suite.add_both(rows::REJECTION, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| failsafe_failure(&breaker, n))
    });
    suite.add(rows::ASYNC_REJECTION, FAILSAFE, move |calls| {
        repeat(calls, |n| {
            ready(failsafe::futures::CircuitBreaker::call(&breaker, plain::failure_async(n)))
        });
    });
    let at_once = backoff::constant(Duration::from_nanos(1));
    let breaker = failsafe(failure_policy::consecutive_failures(1, at_once));
    suite.add(rows::ROUND_TRIP, FAILSAFE, move |calls| {
        repeat(calls, |n| failsafe::CircuitBreaker::call(&breaker, || alternate(n)));
    });
}

fn add_recloser(suite: &mut Suite) {
    let by_rate = || Arc::new(Recloser::custom().error_rate(0.5).closed_len(100).build());
    let breaker = by_rate();
    suite.add_both(rows::COUNT, RECLOSER, move |calls| {
        repeat(calls, |n| recloser_success(&breaker, n));
    });
    let breaker = by_rate();
    suite.add_both(rows::COUNT_FAILING, RECLOSER, move |calls| {
        repeat(calls, |n| recloser_some_failures(&breaker, n));
    });
    let breaker = by_rate();
    suite.add_both(rows::IGNORED, RECLOSER, move |calls| {
        repeat(calls, |n| breaker.call_with(|_: &Failure| false, || fail(n)));
    });
    // A rate that is never reached.
    let never = || Recloser::custom().error_rate(2.0).closed_len(100).build();
    let breaker = Arc::new(never());
    suite.add_both(rows::FAILURE, RECLOSER, move |calls| {
        repeat(calls, |n| recloser_failure(&breaker, n));
    });
    let breaker = AsyncRecloser::from(never());
    suite.add(rows::ASYNC_FAILURE, RECLOSER, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| ready(breaker.call(plain::failure_async(n))))
    });
    suite.add(rows::ASYNC, RECLOSER, move |calls| {
        repeat(calls, |n| ready(breaker.call(plain::success_async(n))));
    });
    let open = || {
        let breaker = Recloser::custom().error_rate(0.5).closed_len(1).open_wait(HOUR).build();
        (0..2).for_each(|number| drop(recloser_failure(&breaker, number)));
        breaker
    };
    let breaker = Arc::new(open());
    suite.add_both(rows::REJECTION, RECLOSER, move |calls| {
        repeat(calls, |n| recloser_failure(&breaker, n));
    });
    let breaker = AsyncRecloser::from(open());
    suite.add(rows::ASYNC_REJECTION, RECLOSER, move |calls| {
        repeat(calls, |n| ready(breaker.call(plain::failure_async(n))));
    });
}

/// It has async calls only.
fn add_breaker(suite: &mut Suite) {
    let config = || CircuitBreakerConfig::builder().wait_duration(HOUR);
    let rate_only = |rate| {
        config()
            .consecutive_failures(u32::MAX)
            .failure_rate_threshold(rate)
            .sliding_window_size(100)
    };
    let breaker = Breaker::new(config().failure_rate_threshold(0.0).build());
    let calls = move |calls| repeat(calls, |n| ready(breaker.call(|| plain::success_async(n))));
    suite.add_both(rows::CONSECUTIVE, BREAKER, calls.clone());
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
    suite.add_both(rows::FAILURE, BREAKER, calls.clone());
    suite.add(rows::ASYNC_FAILURE, BREAKER, calls);
    let ignoring = rate_only(0.5).failure_predicate(|_: &Failure| false).build();
    let breaker = Breaker::new(ignoring);
    suite.add_both(rows::IGNORED, BREAKER, move |calls| {
        repeat(calls, |n| ready(breaker.call(|| plain::failure_async(n))));
    });
    let breaker = Breaker::new(config().build());
    breaker.trip();
    let calls = move |calls| repeat(calls, |n| ready(breaker.call(|| plain::failure_async(n))));
    suite.add_both(rows::REJECTION, BREAKER, calls.clone());
    suite.add(rows::ASYNC_REJECTION, BREAKER, calls);
}

/// A tower layer: async calls only.
fn add_tower(suite: &mut Suite) {
    let layer = || {
        CircuitBreakerLayer::builder()
            .failure_rate_threshold(1.0)
            .sliding_window_size(100)
            .wait_duration_in_open(HOUR)
    };
    let service = layer().build().expect("valid").layer(service_fn(plain::success_async));
    suite.add(rows::ASYNC, TOWER, move |calls| {
        let mut service = service.clone();
        repeat(calls, |n| ready(call(&mut service, n)));
    });
    let service = layer().build().expect("valid").layer(service_fn(plain::failure_async));
    ready(service.force_open());
    suite.add(rows::ASYNC_REJECTION, TOWER, move |calls| {
        let mut service = service.clone();
        repeat(calls, |n| ready(call(&mut service, n)));
    });
}

async fn call<S: Service<u64>>(service: &mut S, number: u64) -> Result<S::Response, S::Error> {
    service.ready().await?.call(number).await
}
