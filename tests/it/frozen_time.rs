//! `test_util::freeze`: the clock that all other tests here rely on.

use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallTimeoutError, CircuitOpenError, State, circuit_breaker, find};

use crate::support::{FRAGILE, NANOSECOND, breaker, fail, millis, rejection, secs};

#[test]
fn frozen_time_stands_still() {
    let _time = freeze();
    let breaker = breaker(FRAGILE.recovery(NANOSECOND));
    fail(&breaker, 1);
    for _ in 0..1_000 {
        assert_eq!(Some(NANOSECOND), rejection(&breaker).retry_after());
    }
}

#[test]
fn frozen_time_moves_by_what_it_is_advanced() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    for left in (0..10).rev() {
        time.advance(secs(1));
        let expected = if left == 0 { State::HalfOpen } else { State::Open };
        assert_eq!(expected, breaker.state(), "{left} s left");
    }
}

#[test]
fn time_goes_on_when_the_guard_is_dropped() {
    let breaker = breaker(FRAGILE.recovery(millis(1)));
    let time = freeze();
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
    drop(time);
    while breaker.state() == State::Open {
        thread::yield_now();
    }
    assert_eq!(State::HalfOpen, breaker.state());
}

#[test]
fn other_threads_keep_their_time() {
    let time = freeze();
    let breaker = breaker(FRAGILE.recovery(secs(3600)));
    fail(&breaker, 1);
    time.advance(secs(3600));
    let elsewhere = thread::scope(|threads| threads.spawn(|| breaker.state()).join().unwrap());
    assert_eq!((State::HalfOpen, State::Open), (breaker.state(), elsewhere));
}

#[test]
fn a_guard_within_a_guard_goes_on_from_its_time_and_gives_it_back() {
    let outer = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    outer.advance(secs(4));
    {
        let inner = freeze();
        assert_eq!(Some(secs(6)), rejection(&breaker).retry_after());
        inner.advance(secs(5));
        assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
    }
    assert_eq!(Some(secs(6)), rejection(&breaker).retry_after());
}

#[test]
fn guards_that_are_dropped_in_the_order_of_their_making_give_the_time_back() {
    let breaker = breaker(FRAGILE.recovery(millis(1)));
    let (first, second) = (freeze(), freeze());
    fail(&breaker, 1);
    drop(first);
    assert_eq!(Some(millis(1)), rejection(&breaker).retry_after(), "the second still holds it");
    second.advance(NANOSECOND);
    assert_eq!(Some(millis(1) - NANOSECOND), rejection(&breaker).retry_after());
    drop(second);
    // For ever, if the time were still held.
    while breaker.state() == State::Open {
        thread::yield_now();
    }
}

#[test]
fn what_an_outer_guard_advances_moves_the_inner_one_too() {
    let outer = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    {
        let _inner = freeze();
        outer.advance(secs(4));
        assert_eq!(Some(secs(6)), rejection(&breaker).retry_after());
    }
    assert_eq!(Some(secs(6)), rejection(&breaker).retry_after());
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Rejected(#[from] CircuitOpenError),
    #[error(transparent)]
    TimedOut(#[from] CallTimeoutError),
}

#[tokio::test(start_paused = true)]
async fn time_that_follows_tokios_paused_clock_moves_by_its_timers() {
    #[circuit_breaker(name = "frozen: hangs", threshold = 1, recovery = "30s", timeout = "2s")]
    async fn hang() -> Result<(), Error> {
        std::future::pending().await
    }
    let _time = freeze().follow_tokio();
    assert!(matches!(hang().await, Err(Error::TimedOut(_))));
    let breaker = find("frozen: hangs").unwrap();
    // The circuit opened at the end of the two seconds, not at their beginning.
    assert_eq!(Some(secs(30)), rejection(breaker).retry_after());
    tokio::time::sleep(secs(29)).await;
    assert_eq!(Some(secs(1)), rejection(breaker).retry_after());
    tokio::time::advance(secs(1)).await;
    assert_eq!(State::HalfOpen, breaker.state());
}

#[tokio::test(start_paused = true)]
async fn time_that_follows_tokios_clock_can_be_advanced_by_itself() {
    let time = freeze().follow_tokio();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    time.advance(secs(4));
    tokio::time::advance(secs(5)).await;
    assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
    // A guard within it begins with its time, and stands still again.
    let _inner = freeze();
    tokio::time::advance(secs(5)).await;
    assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
}
