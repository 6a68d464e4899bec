//! `stall` where a call has parts: a stream's first item, a probe's `ping`.

use std::pin::{Pin, pin};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, KeyedBreaker, KeyedCircuit, Outcome, State, circuit_breaker};
use futures_lite::stream::{Stream, StreamExt, iter, pending};

use super::{COUNTING, circuit, stalled};
use crate::support::{
    FRAGILE, admits, breaker, half_open, millis, poll_once, ready, secs, wait_once,
};

#[test]
fn a_stream_stalls_before_its_first_item() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let mut silent = pin!(breaker.guard_stream(pending::<Result<u8, ()>>()));
    assert!(poll_once(pin!(silent.next())).is_pending());
    assert_eq!(breaker.snapshot().in_flight, Some(1));
    time.advance(millis(2_250));
    assert_eq!(stalled(&breaker), 1);
}

#[test]
fn after_its_first_item_a_stream_may_last_as_long_as_it_likes() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    for items in [vec![Ok::<u8, u8>(1)], vec![Ok(1), Ok(2), Err(3)]] {
        let mut stream = pin!(breaker.guard_stream(iter(items.clone())));
        time.advance(secs(1));
        assert_eq!(ready(stream.next()), Some(Ok(1)));
        time.advance(secs(60));
        while ready(stream.next()).is_some() {}
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.late, seen.successes, seen.failures), (0, 0, 1, 1));
}

#[test]
fn a_stream_with_ignored_items_only_stalls() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let judge = |&item: &u8| if item == 0 { Outcome::Ignored } else { Outcome::Success };
    let mut stream = pin!(breaker.guard_stream_with(judge, iter([0, 0, 0, 1])));
    for expected in [0, 0, 1] {
        assert_eq!(ready(stream.next()), Some(Ok(0)));
        time.advance(millis(750));
        assert_eq!(stalled(&breaker), expected);
    }
    assert_eq!(ready(stream.next()), Some(Ok(1)));
    assert_eq!((breaker.snapshot().late, ready(stream.next())), (1, None));
}

#[test]
fn what_a_stream_says_that_has_stalled_comes_late_and_once() {
    for items in [vec![Err::<u8, u8>(1)], vec![Ok(1), Err(2)], vec![Ok(1), Ok(2)], vec![]] {
        let (time, breaker) = (freeze(), breaker(COUNTING));
        let mut stream = pin!(breaker.guard_stream(async_items(items)));
        assert!(poll_once(pin!(stream.next())).is_pending());
        time.advance(secs(3));
        while ready(stream.next()).is_some() {}
        let seen = breaker.snapshot();
        assert_eq!((seen.stalled, seen.failures, seen.late, seen.successes), (1, 1, 1, 0));
        assert_eq!(seen.in_flight, Some(0));
    }
}

/// Items behind a wait.
fn async_items(items: Vec<Result<u8, u8>>) -> impl futures_lite::Stream<Item = Result<u8, u8>> {
    let wait = futures_lite::stream::once_future(async {
        wait_once().await;
        None
    });
    wait.chain(iter(items.into_iter().map(Some))).filter_map(|item| item)
}

#[test]
fn a_stream_that_is_a_probe_has_succeeded_with_its_first_item() {
    let (time, breaker) = half_open(FRAGILE.stall(secs(2)));
    let mut stream = pin!(breaker.guard_stream(iter([Ok::<u8, u8>(1)]).chain(pending())));
    assert_eq!(ready(stream.next()), Some(Ok(1)));
    assert_eq!(breaker.state(), State::Closed);
    time.advance(secs(60));
    assert_eq!((breaker.state(), stalled(&breaker)), (State::Closed, 0));
}

#[test]
fn a_stream_keeps_its_place_until_it_ends() {
    let (time, breaker) = (freeze(), breaker(COUNTING.max_concurrent(1)));
    {
        let mut stream = Box::pin(breaker.guard_stream(pending::<Result<u8, ()>>()));
        assert!(poll_once(pin!(stream.next())).is_pending());
        time.advance(secs(3));
        assert_eq!(stalled(&breaker), 1);
        assert!(!admits(&breaker));
    }
    assert!(admits(&breaker));
}

#[test]
fn a_probe_has_the_whole_time_after_its_ping() {
    #[circuit_breaker(name = "stall: ping", threshold = 1, recovery = "10s", stall = "2s", slow_call = "1s", ping = health)]
    async fn call(fails: bool) -> std::io::Result<()> {
        wait_once().await;
        if fails { Err(std::io::Error::other("down")) } else { Ok(()) }
    }
    async fn health(_: &bool) -> std::io::Result<()> {
        wait_once().await;
        Ok(())
    }

    let time = freeze();
    let mut first = Box::pin(call(true));
    assert!(poll_once(first.as_mut()).is_pending() && poll_once(first.as_mut()).is_ready());
    time.advance(secs(10));
    let mut probe = Box::pin(call(false));
    assert!(poll_once(probe.as_mut()).is_pending());
    time.advance(millis(1_900));
    assert!(poll_once(probe.as_mut()).is_pending(), "the ping has answered");
    time.advance(millis(900));
    let breaker = circuit("stall: ping");
    assert_eq!((breaker.snapshot().stalled, breaker.snapshot().in_flight), (0, Some(1)));
    assert!(poll_once(probe.as_mut()).is_ready());
    assert_eq!((breaker.state(), breaker.snapshot().slow), (State::Closed, 0));

    // One that hangs with its ping has failed.
    let mut second = Box::pin(call(true));
    assert!(poll_once(second.as_mut()).is_pending() && poll_once(second.as_mut()).is_ready());
    time.advance(secs(10));
    let mut probe = Box::pin(call(false));
    assert!(poll_once(probe.as_mut()).is_pending());
    time.advance(millis(2_250));
    assert_eq!((breaker.state(), breaker.snapshot().stalled), (State::Open, 1));
    assert!(matches!(poll_once(probe.as_mut()), std::task::Poll::Ready(Err(_))), "it is rejected");
    let seen = breaker.snapshot();
    assert_eq!((seen.rejected, seen.late, seen.in_flight, seen.successes), (0, 1, Some(0), 1));
}

#[test]
fn a_ping_that_fails_is_off_the_list() {
    #[circuit_breaker(name = "stall: failed ping", threshold = 1, recovery = "10s", stall = "2s", ping = health)]
    fn call(_: bool) -> std::io::Result<()> {
        Err(std::io::Error::other("down"))
    }
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn health(well: &bool) -> std::io::Result<()> {
        if *well { Ok(()) } else { Err(std::io::Error::other("down")) }
    }

    let time = freeze();
    call(true).unwrap_err();
    time.advance(secs(10));
    call(false).unwrap_err();
    let seen = circuit("stall: failed ping").snapshot();
    assert_eq!((seen.state, seen.rejected, seen.in_flight), (State::Open, 1, Some(0)));
    time.advance(secs(20));
    assert_eq!(stalled(circuit("stall: failed ping")), 0);
    let rejected = circuit("stall: failed ping").call(|| Err::<(), _>("down"));
    assert_eq!(rejected, Err(CallError::Failed("down")));
}

/// Before the first item, after each, and after the end; in time, and after it has stalled.
#[test]
fn a_stream_that_is_dropped_at_whatever_item_leaves_the_list_and_its_place() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("stall: dropped streams", COUNTING.max_concurrent(1), 10);
    let by_key = HOSTS.key("a");
    let breaker = breaker(COUNTING.max_concurrent(1));
    for stalls in [false, true] {
        for polls in 1..6 {
            let time = freeze();
            for is_keyed in [false, true] {
                let items = async_items(vec![Ok(1), Ok(2), Err(3)]);
                let mut stream: Pin<Box<dyn Stream<Item = _>>> = if is_keyed {
                    Box::pin(by_key.guard_stream(items))
                } else {
                    Box::pin(breaker.guard_stream(items))
                };
                assert!(poll_once(pin!(stream.next())).is_pending());
                let in_flight =
                    |key: &KeyedCircuit<'_>| key.snapshot().and_then(|seen| seen.in_flight);
                assert_eq!(
                    Some(1),
                    if is_keyed { in_flight(&by_key) } else { breaker.snapshot().in_flight }
                );
                time.advance(if stalls { millis(2_250) } else { secs(1) });
                for _ in 1..polls {
                    let _ = ready(stream.next());
                }
                drop(stream);
            }
            time.advance(secs(60));
            assert!(admits(&breaker) && by_key.try_acquire().is_ok());
            for seen in [breaker.snapshot(), by_key.snapshot().unwrap()] {
                let before = if stalls { polls } else { 0 };
                assert_eq!((seen.stalled, seen.in_flight), (before, Some(0)), "{polls}: {seen}");
                assert_eq!(seen.late, before, "each that stalled ends once: {seen}");
            }
        }
    }
}
