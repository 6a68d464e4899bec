//! throttle-net, whose breaker belongs to a limiter: here one that never limits. By permits, because its calls that take a
//! function are async and wait for the limiter.

use std::sync::Arc;
use std::time::Duration;

use throttle_net::{CircuitBreaker, Decision, Limiter, ThrottleError, Trip};

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{Answer, alternate, fail, fail_some, succeed};
use crate::{THROTTLE_NET, rows};

struct Unlimited;

impl Limiter for Unlimited {
    fn peek(&self, _: u32) -> Decision {
        Decision::Acquired
    }

    fn acquire_cost(&self, _: u32) -> Decision {
        Decision::Acquired
    }

    fn available(&self) -> u32 {
        u32::MAX
    }

    fn capacity(&self) -> u32 {
        u32::MAX
    }
}

type Breaker = CircuitBreaker<Unlimited>;

fn breaker(trip: Trip, cooldown: Duration) -> Arc<Breaker> {
    Arc::new(CircuitBreaker::builder().trip(trip).cooldown(cooldown).build(Unlimited))
}

/// The attempt, and the outcome for its permit.
#[inline]
fn call(breaker: &Breaker, call: impl FnOnce() -> Answer) -> Result<Option<Answer>, ThrottleError> {
    let Some(permit) = breaker.try_acquire()? else { return Ok(None) };
    let answer = call();
    if answer.is_ok() {
        permit.success();
    } else {
        permit.failure();
    }
    Ok(Some(answer))
}

#[inline(never)]
fn success(breaker: &Breaker, number: u64) -> Result<Option<Answer>, ThrottleError> {
    call(breaker, || succeed(number))
}

#[inline(never)]
fn failure(breaker: &Breaker, number: u64) -> Result<Option<Answer>, ThrottleError> {
    call(breaker, || fail(number))
}

#[inline(never)]
fn some_failures(breaker: &Breaker, number: u64) -> Result<Option<Answer>, ThrottleError> {
    call(breaker, || fail_some(number))
}

#[inline(never)]
fn alternating(breaker: &Breaker, number: u64) -> Result<Option<Answer>, ThrottleError> {
    call(breaker, || alternate(number))
}

#[inline(never)]
fn ignored(breaker: &Breaker, number: u64) -> Result<Option<Answer>, ThrottleError> {
    let Some(permit) = breaker.try_acquire()? else { return Ok(None) };
    let answer = fail(number);
    permit.cancel();
    Ok(Some(answer))
}

pub(super) fn add(suite: &mut Suite) {
    let five = breaker(Trip::Consecutive(5), HOUR);
    suite.add_crowds(rows::CONSECUTIVE, THROTTLE_NET, {
        let five = Arc::clone(&five);
        move |calls| repeat(calls, |n| success(&five, n))
    });
    suite.add_both(rows::IGNORED, THROTTLE_NET, {
        let five = Arc::clone(&five);
        move |calls| repeat(calls, |n| ignored(&five, n))
    });
    suite.add_both(rows::ALTERNATING, THROTTLE_NET, move |calls| {
        repeat(calls, |n| alternating(&five, n));
    });
    let by_rate = || breaker(Trip::Ratio { window: 100, ratio: 0.5, min_calls: 100 }, HOUR);
    let window = by_rate();
    suite.add_both(rows::COUNT, THROTTLE_NET, move |calls| repeat(calls, |n| success(&window, n)));
    let window = by_rate();
    suite.add_both(rows::COUNT_FAILING, THROTTLE_NET, move |calls| {
        repeat(calls, |n| some_failures(&window, n));
    });
    let never = breaker(Trip::Consecutive(u32::MAX), HOUR);
    suite.add_crowds(rows::FAILURE, THROTTLE_NET, move |calls| {
        repeat(calls, |n| failure(&never, n));
    });
    let open = breaker(Trip::Consecutive(1), HOUR);
    _ = failure(&open, 0);
    suite.add_crowds(rows::REJECTION, THROTTLE_NET, move |calls| {
        repeat(calls, |n| failure(&open, n));
    });
    // Its waits are whole milliseconds: none.
    let at_once = breaker(Trip::Consecutive(1), Duration::ZERO);
    suite.add(rows::ROUND_TRIP, THROTTLE_NET, move |calls| {
        repeat(calls, |n| alternating(&at_once, n));
    });
}
