//! Options for outages, two at a time. Other pairs are tested with one of the two.

use std::cell::Cell;
use std::pin::pin;
use std::task::Poll;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Rejection, State, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{admits, millis, poll_once, secs, wait_once};

thread_local! {
    static HEALTH: Cell<Answer> = const { Cell::new(Ok(0)) };
    static PINGS: Cell<u32> = const { Cell::new(0) };
}

fn health(_: &Answer) -> Answer {
    PINGS.set(PINGS.get() + 1);
    HEALTH.get()
}

#[test]
fn to_the_throttle_stalled_calls_have_failed() {
    #[circuit_breaker(name = "pairs: stall, throttle", throttle = 0.5, stall = "2s")]
    async fn call(answer: Answer) -> Answer {
        wait_once().await;
        answer
    }
    let time = freeze();
    let mut hung: Vec<_> = (0..10).map(|_| Box::pin(call(Ok(1)))).collect();
    assert!(hung.iter_mut().all(|call| poll_once(call.as_mut()).is_pending()));
    assert_eq!(snapshot("pairs: stall, throttle").throttle, None);
    time.advance(millis(2_250));
    let seen = snapshot("pairs: stall, throttle");
    assert_eq!((seen.stalled, seen.state), (10, State::Closed));
    // Of ten requests, none of which has succeeded.
    assert_eq!(seen.throttle, Some(5.0 / 11.0));
    assert!(hung.iter_mut().all(|call| poll_once(call.as_mut()) == Poll::Ready(Ok(1))));
    assert_eq!(snapshot("pairs: stall, throttle").throttle, Some(5.0 / 11.0), "they came late");
}

#[test]
fn what_a_stalled_call_returns_is_not_kept_and_stale_answers_the_next() {
    #[circuit_breaker(
        name = "pairs: stall, stale",
        threshold = 1,
        stall = "2s",
        stale = "10m",
        stale_key = ()
    )]
    async fn call(answer: Answer) -> Answer {
        wait_once().await;
        answer
    }
    let time = freeze();
    let mut well = pin!(call(Ok(1)));
    assert!(poll_once(well.as_mut()).is_pending());
    assert_eq!(poll_once(well), Poll::Ready(Ok(1)));
    let mut hung = pin!(call(Ok(2)));
    assert!(poll_once(hung.as_mut()).is_pending());
    time.advance(millis(2_250));
    assert_eq!(poll_once(pin!(call(Ok(3)))), Poll::Ready(Ok(1)), "rejected");
    assert_eq!(poll_once(hung), Poll::Ready(Ok(2)), "late");
    assert_eq!(poll_once(pin!(call(Ok(3)))), Poll::Ready(Ok(1)));
    let seen = snapshot("pairs: stall, stale");
    assert_eq!((seen.stalled, seen.late, seen.stale), (1, 1, 2));
}

#[test]
fn merged_failures_leave_what_is_kept() {
    #[circuit_breaker(
        name = "pairs: merge, stale",
        threshold = 2,
        merge_failures = "1s",
        stale = "10m",
        stale_key = ()
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(call(Ok(7)), Ok(7));
    for _ in 0..50 {
        assert_eq!(call(Err(Error::Down)), Err(Error::Down), "they are one failure");
    }
    time.advance(secs(1));
    assert_eq!(call(Err(Error::Down)), Err(Error::Down));
    assert_eq!(call(Ok(8)), Ok(7), "rejected after the second");
    let seen = snapshot("pairs: merge, stale");
    assert_eq!((seen.state, seen.failures, seen.stale), (State::Open, 51, 1));
}

#[test]
fn a_failed_ping_is_merged_with_nothing() {
    #[circuit_breaker(
        name = "pairs: merge, ping",
        threshold = 2,
        merge_failures = "60s",
        recovery = "10s",
        success_threshold = 1,
        ping = health
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    let _ = call(Err(Error::Down));
    time.advance(secs(60));
    let _ = call(Err(Error::Down));
    assert_eq!(snapshot("pairs: merge, ping").state, State::Open);
    time.advance(secs(10));
    HEALTH.set(Err(Error::Down));
    // Within the minute of the failure that opened the circuit.
    assert!(is_rejected(call(Ok(1))));
    let seen = snapshot("pairs: merge, ping");
    assert_eq!((seen.state, seen.retry_after), (State::Open, Some(secs(10))), "for a full wait");
    time.advance(secs(10));
    HEALTH.set(Ok(0));
    assert_eq!(call(Ok(1)), Ok(1));
    for _ in 0..50 {
        let _ = call(Err(Error::Down));
    }
    let seen = snapshot("pairs: merge, ping");
    assert_eq!((seen.state, seen.failures_in_a_row), (State::Closed, 1));
}

#[test]
fn a_throttled_circuit_pings_nobody_until_it_is_half_open() {
    #[circuit_breaker(
        name = "pairs: throttle, ping",
        throttle = 0.5,
        threshold = 200,
        recovery = "10s",
        ping = health
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    fastrand::seed(7);
    let time = freeze();
    HEALTH.set(Ok(0));
    let mut throttled = 0;
    while snapshot_state("pairs: throttle, ping") != State::Open {
        match call(Err(Error::Down)) {
            Err(Error::Open(error)) => {
                assert_eq!(error.reason(), Rejection::Throttled);
                throttled += 1;
            }
            answer => assert_eq!(answer, Err(Error::Down)),
        }
    }
    assert!(throttled > 100 && PINGS.get() == 0, "{throttled}");
    time.advance(secs(10));
    assert_eq!((call(Ok(1)), PINGS.get()), (Ok(1), 1));
    let breaker = circuit("pairs: throttle, ping");
    assert_eq!(breaker.state(), State::Closed);
    assert!((0..100).all(|_| admits(breaker)), "the window is empty");
}

/// Closed before the first call.
fn snapshot_state(name: &str) -> State {
    circuit_runtime::find(name).map_or(State::Closed, circuit_runtime::CircuitBreaker::state)
}
