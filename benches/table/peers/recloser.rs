//! recloser.

use std::sync::Arc;

use recloser::{AsyncRecloser, Recloser};

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{self, Failure, fail, fail_some, ready, succeed};
use crate::{RECLOSER, rows};

#[inline(never)]
fn success(breaker: &Recloser, number: u64) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| succeed(number))
}

#[inline(never)]
fn failure(breaker: &Recloser, number: u64) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| fail(number))
}

#[inline(never)]
fn some_failures(breaker: &Recloser, number: u64) -> Result<u64, recloser::Error<Failure>> {
    breaker.call(|| fail_some(number))
}

pub(super) fn add(suite: &mut Suite) {
    let by_rate = || Arc::new(Recloser::custom().error_rate(0.5).closed_len(100).build());
    let breaker = by_rate();
    suite.add_both(rows::COUNT, RECLOSER, move |calls| {
        repeat(calls, |n| success(&breaker, n));
    });
    let breaker = by_rate();
    suite.add_both(rows::COUNT_FAILING, RECLOSER, move |calls| {
        repeat(calls, |n| some_failures(&breaker, n));
    });
    let breaker = by_rate();
    suite.add_both(rows::IGNORED, RECLOSER, move |calls| {
        repeat(calls, |n| breaker.call_with(|_: &Failure| false, || fail(n)));
    });
    // A rate that is never reached.
    let never = || Recloser::custom().error_rate(2.0).closed_len(100).build();
    let breaker = Arc::new(never());
    suite.add_crowds(rows::FAILURE, RECLOSER, move |calls| {
        repeat(calls, |n| failure(&breaker, n));
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
        (0..2).for_each(|number| drop(failure(&breaker, number)));
        breaker
    };
    let breaker = Arc::new(open());
    suite.add_crowds(rows::REJECTION, RECLOSER, move |calls| {
        repeat(calls, |n| failure(&breaker, n));
    });
    let breaker = AsyncRecloser::from(open());
    suite.add(rows::ASYNC_REJECTION, RECLOSER, move |calls| {
        repeat(calls, |n| ready(breaker.call(plain::failure_async(n))));
    });
}
