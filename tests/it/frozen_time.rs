//! `test_util::freeze`: the clock that all other tests here rely on.

use std::thread;

use circuit_runtime::State;
use circuit_runtime::test_util::freeze;

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
