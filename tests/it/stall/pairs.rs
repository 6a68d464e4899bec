//! `stall` beside other rules.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{Config, OnCancel, Permit, Rejection, State, Window, circuit_breaker};

use super::{COUNTING, circuit, hang, run, stalled};
use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, fail, half_open, millis, poll_once, ready, reason, secs,
    succeed, wait_once,
};

#[test]
fn a_stalled_call_is_slow_too() {
    let rate = Config::new().slow_call(secs(1)).slow_rate(0.5).min_calls(4).stall(secs(2));
    let (time, breaker) = (freeze(), breaker(rate.threshold(1_000)));
    let hung = hang(&breaker, 2);
    time.advance(secs(1) - NANOSECOND);
    succeed(&breaker, 2);
    time.advance(millis(1_250));
    assert_eq!(breaker.state(), State::Open);
    hung.into_iter().for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.slow, seen.failures, seen.late), (2, 2, 2), "each once");
}

#[test]
fn slow_calls_that_end_before_the_limit_are_slow_only() {
    let rate = Config::new().slow_call(secs(1)).threshold(1_000).stall(secs(2));
    let (time, breaker) = (freeze(), breaker(rate));
    let slow = hang(&breaker, 2);
    time.advance(secs(1));
    slow.into_iter().for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.slow, seen.successes, seen.stalled), (2, 2, 0));
}

#[test]
fn stalled_calls_are_not_merged_with_other_failures() {
    let (time, breaker) = (freeze(), breaker(COUNTING.merge_failures(secs(1))));
    let _hung = hang(&breaker, 5);
    time.advance(millis(2_250));
    assert_eq!(run(&breaker), 5, "each counts");
    fail(&breaker, 3);
    assert_eq!(run(&breaker), 6, "these come together");
    succeed(&breaker, 1);
    let _more = hang(&breaker, 2);
    time.advance(millis(2_000));
    fail(&breaker, 1);
    time.advance(millis(250));
    assert_eq!(run(&breaker), 3);
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 3, "it came within a second of the other failure");
}

#[test]
fn a_group_that_a_success_has_ended_takes_no_failure_after_a_stall() {
    let (time, breaker) = (freeze(), breaker(COUNTING.merge_failures(secs(60))));
    let _hung = hang(&breaker, 1);
    time.advance(secs(1));
    fail(&breaker, 1);
    succeed(&breaker, 1);
    time.advance(millis(1_250));
    assert_eq!(run(&breaker), 1);
    fail(&breaker, 1);
    assert_eq!(run(&breaker), 2);
}

#[test]
fn a_failure_count_counts_each_stalled_call() {
    let config = COUNTING.failure_count(6).window(Window::Calls(20)).merge_failures(secs(1));
    let (time, breaker) = (freeze(), breaker(config));
    fail(&breaker, 9);
    assert_eq!(breaker.state(), State::Closed, "they came together");
    let _hung = hang(&breaker, 5);
    time.advance(secs(2));
    succeed(&breaker, 1);
    time.advance(millis(250));
    assert_eq!(breaker.state(), State::Open, "five and one");
}

#[test]
fn a_rate_counts_each_also_amid_successes() {
    let config = COUNTING.failure_rate(0.5).min_calls(10);
    let (time, breaker) = (freeze(), breaker(config));
    let _hung = hang(&breaker, 10);
    time.advance(secs(2));
    succeed(&breaker, 10);
    time.advance(millis(250));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_window_of_calls_holds_no_more_than_it_can() {
    let config = COUNTING.failure_rate(1.0).window(Window::Calls(4)).min_calls(4);
    let (time, breaker) = (freeze(), breaker(config));
    succeed(&breaker, 4);
    let _hung = hang(&breaker, 7);
    time.advance(millis(2_250));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn calls_that_a_ramp_admits_stall() {
    let (time, breaker) = half_open(FRAGILE.ramp(secs(100)).stall(secs(2)));
    succeed(&breaker, 1);
    let _hung = hang(&breaker, 1);
    assert_eq!(reason(&breaker), Rejection::Ramping);
    assert_eq!(breaker.snapshot().in_flight, Some(1), "those that it rejects aren't in flight");
    time.advance(millis(2_250));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_stalled_call_keeps_its_place_of_the_bulkhead() {
    let (time, breaker) = (freeze(), breaker(COUNTING.max_concurrent(1)));
    let hung = hang(&breaker, 1);
    time.advance(secs(3));
    assert_eq!((stalled(&breaker), breaker.snapshot().in_flight), (1, Some(1)));
    assert_eq!(reason(&breaker), Rejection::TooManyCalls);
    hung.into_iter().for_each(Permit::success);
    assert!(admits(&breaker));
    assert_eq!(breaker.snapshot().in_flight, Some(0));
}

#[test]
fn a_bulkhead_full_of_stalled_calls_does_not_hide_that_the_circuit_is_open() {
    let (time, breaker) = (freeze(), breaker(COUNTING.threshold(2).max_concurrent(2)));
    let _hung = hang(&breaker, 2);
    assert_eq!(reason(&breaker), Rejection::TooManyCalls);
    time.advance(millis(2_250));
    assert_eq!(reason(&breaker), Rejection::Open);
}

#[test]
fn with_max_wait_the_time_runs_from_the_place() {
    #[circuit_breaker(
        name = "stall: waits",
        threshold = 1_000,
        stall = "2s",
        max_concurrent = 1,
        max_wait = "1m"
    )]
    async fn call() -> std::io::Result<()> {
        wait_once().await;
        Ok(())
    }

    let time = freeze();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _within = runtime.enter();
    let mut first = Box::pin(call());
    assert!(poll_once(first.as_mut()).is_pending());
    let mut second = pin!(call());
    assert!(poll_once(second.as_mut()).is_pending());
    time.advance(secs(1));
    assert!(poll_once(first.as_mut()).is_ready());
    drop(first);
    assert!(poll_once(second.as_mut()).is_pending(), "it has the place");
    time.advance(secs(2) - NANOSECOND);
    assert_eq!(circuit("stall: waits").snapshot().stalled, 0, "it has waited for a second");
    time.advance(millis(250));
    assert_eq!(circuit("stall: waits").snapshot().stalled, 1);
    assert!(poll_once(second.as_mut()).is_ready());
    let seen = circuit("stall: waits").snapshot();
    assert_eq!((seen.successes, seen.late, seen.in_flight), (1, 1, Some(0)));
}

#[test]
fn a_timeout_longer_than_the_limit_ends_a_call_that_has_counted() {
    #[circuit_breaker(
        name = "stall: timed out",
        threshold = 1_000,
        stall = "20ms",
        timeout = "60ms",
        fallback_on = any,
        fallback = Ok(1)
    )]
    async fn call() -> std::io::Result<u8> {
        std::future::pending().await
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert_eq!(runtime.block_on(call()).unwrap(), 1);
    let seen = circuit("stall: timed out").snapshot();
    assert_eq!((seen.stalled, seen.failures, seen.late, seen.timed_out), (1, 1, 1, 0));
}

#[test]
fn a_future_dropped_before_the_limit_needs_on_cancel() {
    let (time, ignoring) = (freeze(), breaker(COUNTING));
    let counting = breaker(COUNTING.on_cancel(OnCancel::Failure));
    for breaker in [&ignoring, &counting] {
        let hung = hang(breaker, 3);
        time.advance(secs(1));
        drop(hung);
        time.advance(secs(9));
    }
    assert_eq!((run(&ignoring), run(&counting)), (0, 3));
    assert_eq!((stalled(&ignoring), stalled(&counting)), (0, 0));
}

#[test]
fn the_error_of_an_outcome_that_notices_is_not_what_tripped_the_circuit() {
    #[circuit_breaker(name = "stall: error", threshold = 3, stall = "2s")]
    async fn fails() -> std::io::Result<()> {
        wait_once().await;
        Err(std::io::Error::other("refused"))
    }

    let time = freeze();
    let mut hung = [(); 3].map(|()| Box::pin(fails()));
    assert!(hung.iter_mut().all(|call| poll_once(call.as_mut()).is_pending()));
    time.advance(secs(1));
    let mut other = pin!(fails());
    assert!(poll_once(other.as_mut()).is_pending());
    time.advance(millis(1_250));
    assert!(poll_once(other.as_mut()).is_ready());
    let seen = circuit("stall: error").snapshot();
    assert_eq!((seen.stalled, seen.late, &seen.recent_transitions[0].error), (3, 1, &None));
}

#[test]
fn under_suspicion_a_slow_cancelled_call_is_no_failure() {
    let config = Config::new().threshold(5).slow_call(secs(1)).on_cancel(OnCancel::Slow);
    let (time, breaker) = (freeze(), breaker(config));
    let cancel = || {
        let cancelled = hang(&breaker, 1);
        time.advance(secs(1));
        drop(cancelled);
    };
    fail(&breaker, 1);
    breaker.suspect(secs(10));
    cancel();
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.cancelled, seen.slow), (State::Closed, 1, 1), "{seen}");
    // Neither is it after the threshold has come down to the run.
    breaker.suspect(Duration::ZERO);
    fail(&breaker, 1);
    breaker.reconfigure(config.threshold(2)).unwrap();
    cancel();
    assert_eq!((breaker.state(), run(&breaker)), (State::Closed, 2));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_probe_whose_ping_has_stalled_is_rejected_without_its_body() {
    #[circuit_breaker(name = "stall: pinged", threshold = 1, recovery = "10s", stall = "1s", ping = slow)]
    fn charge(fails: bool) -> std::io::Result<u8> {
        BODIES.set(BODIES.get() + 1);
        if fails { Err(std::io::Error::other("down")) } else { Ok(7) }
    }
    thread_local! {
        static TIME: RefCell<Option<Frozen>> = const { RefCell::new(None) };
        static BODIES: Cell<u8> = const { Cell::new(0) };
    }
    fn advance(by: Duration) {
        TIME.with_borrow(|time| time.as_ref().unwrap().advance(by));
    }
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "a `ping` takes parameters by reference")]
    fn slow(_: &bool) -> Result<(), ()> {
        advance(secs(2));
        Ok(())
    }

    TIME.set(Some(freeze()));
    charge(true).unwrap_err();
    advance(secs(10));
    assert_eq!(charge(false).unwrap_err().to_string(), REOPENED);
    assert_eq!(BODIES.get(), 1, "the failure's");
    let seen = circuit("stall: pinged").snapshot();
    assert_eq!((seen.state, seen.failures, seen.stalled), (State::Open, 2, 1), "{seen}");
    assert_eq!((seen.rejected, seen.late, seen.in_flight), (0, 1, Some(0)), "{seen}");
}

const REOPENED: &str = "circuit `stall: pinged` is open; retry after 10.0s";

#[test]
fn a_probe_whose_ping_has_stalled_is_rejected_while_others_decide() {
    #[circuit_breaker(
        name = "stall: pinged, of three",
        threshold = 1,
        recovery = "10s",
        success_threshold = 2,
        probes = 3,
        stall = "1s",
        ping = async |_| { wait_once().await; Ok::<(), ()>(()) }
    )]
    async fn charge(fails: bool) -> std::io::Result<u8> {
        if fails { Err(std::io::Error::other("down")) } else { Ok(7) }
    }
    let time = freeze();
    assert!(ready(charge(true)).is_err());
    time.advance(secs(10));
    let mut probe = pin!(charge(false));
    assert!(poll_once(probe.as_mut()).is_pending());
    time.advance(secs(2));
    let Poll::Ready(Err(error)) = poll_once(probe) else { panic!("its body has run") };
    assert!(error.to_string().ends_with("is open; retry after 0.0ns"), "{error}");
    let seen = circuit("stall: pinged, of three").snapshot();
    assert_eq!((seen.state, seen.failures, seen.stalled), (State::HalfOpen, 2, 1), "{seen}");
    assert_eq!((seen.rejected, seen.late, seen.in_flight), (0, 1, Some(0)), "{seen}");
}

#[test]
fn what_has_stalled_leaves_no_stale_value() {
    #[circuit_breaker(
        name = "stall: stale",
        threshold = 1_000,
        stall = "1s",
        stale = "10m",
        stale_key = ()
    )]
    async fn call(value: u8) -> std::io::Result<u8> {
        wait_once().await;
        Ok(value)
    }
    let time = freeze();
    for (value, takes) in [(1, millis(999)), (2, secs(2))] {
        let mut running = pin!(call(value));
        assert!(poll_once(running.as_mut()).is_pending());
        time.advance(takes);
        assert!(matches!(poll_once(running), Poll::Ready(Ok(own)) if own == value));
    }
    let breaker = circuit("stall: stale");
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.stalled, seen.late), (1, 1, 1), "{seen}");
    assert_eq!(seen.in_flight, Some(0));
    breaker.force_open();
    assert_eq!(ready(call(3)).unwrap(), 1);
}

/// A kept success ends its call as any other: for those that stall it is a sign that the service is well.
#[test]
fn calls_that_stall_amid_kept_successes_count_as_one() {
    #[circuit_breaker(
        name = "stall: amid kept",
        threshold = 1_000,
        stall = "2s",
        stale = "10m",
        stale_key = ()
    )]
    fn call() -> std::io::Result<u8> {
        Ok(1)
    }
    let time = freeze();
    call().unwrap();
    let breaker = circuit("stall: amid kept");
    let _hung = hang(breaker, 3);
    time.advance(millis(2_000));
    call().unwrap();
    time.advance(millis(250));
    assert_eq!((stalled(breaker), run(breaker)), (3, 1));
}
