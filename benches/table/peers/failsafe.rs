//! failsafe.

use std::time::Duration;

use failsafe::StateMachine;
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, FailurePolicy};

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{self, Failure, alternate, fail, fail_some, ready, succeed};
use crate::{FAILSAFE, rows};

type Failsafe<P> = StateMachine<P, ()>;

fn failsafe<P: FailurePolicy>(policy: P) -> Failsafe<P> {
    failsafe::Config::new().failure_policy(policy).build()
}

fn wait() -> Constant {
    backoff::constant(HOUR)
}

#[inline(never)]
fn success<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || succeed(number))
}

#[inline(never)]
fn failure<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || fail(number))
}

#[inline(never)]
fn some_failures<P: FailurePolicy>(
    breaker: &Failsafe<P>,
    number: u64,
) -> Result<u64, failsafe::Error<Failure>> {
    failsafe::CircuitBreaker::call(breaker, || fail_some(number))
}

pub(super) fn add(suite: &mut Suite) {
    let breaker = failsafe(failure_policy::consecutive_failures(5, wait()));
    suite.add_crowds(rows::CONSECUTIVE, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| success(&breaker, n))
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
        repeat(calls, |n| success(&breaker, n));
    });
    let breaker = over_time();
    suite.add_both(rows::TIME_FAILING, FAILSAFE, move |calls| {
        repeat(calls, |n| some_failures(&breaker, n));
    });
    let breaker = failsafe(failure_policy::consecutive_failures(u32::MAX, wait()));
    suite.add_crowds(rows::FAILURE, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| failure(&breaker, n))
    });
    suite.add(rows::ASYNC_FAILURE, FAILSAFE, move |calls| {
        repeat(calls, |n| {
            ready(failsafe::futures::CircuitBreaker::call(&breaker, plain::failure_async(n)))
        });
    });
    let breaker = failsafe(failure_policy::consecutive_failures(1, wait()));
    let _ = failure(&breaker, 0);
    suite.add_crowds(rows::REJECTION, FAILSAFE, {
        let breaker = breaker.clone();
        move |calls| repeat(calls, |n| failure(&breaker, n))
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
