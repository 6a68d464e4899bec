//! Calls that end without a result: dropped futures and permits, panics.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{
    CallError, CircuitBreaker, Config, OnCancel, Outcome, Permit, State, Window,
};

use crate::support::{
    FRAGILE, admits, breaker, crash, crashes, fail, half_open, leaked, poll_once, ready, recorded,
    secs, succeed, wait_once,
};

const CANCEL_FAILS: Config = FRAGILE.on_cancel(OnCancel::Failure);

/// Begins an async call that never ends, and drops it after the first poll.
fn begin_and_drop(breaker: &CircuitBreaker) {
    let call = breaker.call_async(pending::<Result<(), ()>>());
    assert!(poll_once(pin!(call)).is_pending());
}

#[test]
fn a_dropped_future_is_neutral() {
    let breaker = breaker(FRAGILE);
    begin_and_drop(&breaker);
    let seen = breaker.snapshot();
    assert_eq!((1, 0, 0), (seen.cancelled, seen.failures, seen.successes));
    assert_eq!(State::Closed, seen.state);
}

#[test]
fn a_dropped_future_leaves_the_run_of_failures_alone() {
    let breaker = breaker(Config::new().threshold(2));
    fail(&breaker, 1);
    begin_and_drop(&breaker);
    assert_eq!(1, breaker.snapshot().failures_in_a_row);
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_dropped_future_never_enters_the_window() {
    let breaker = breaker(Config::new().failure_rate(0.5));
    begin_and_drop(&breaker);
    assert_eq!(0, breaker.snapshot().window.unwrap().calls);
}

#[test]
fn a_dropped_future_is_a_failure_if_on_cancel_says_so() {
    let breaker = breaker(CANCEL_FAILS);
    begin_and_drop(&breaker);
    let seen = breaker.snapshot();
    assert_eq!((1, 1, State::Open), (seen.cancelled, seen.failures, seen.state));
}

#[test]
fn a_dropped_permit_is_a_failure_if_on_cancel_says_so() {
    let breaker = breaker(CANCEL_FAILS.failure_rate(0.5));
    drop(breaker.try_acquire().unwrap());
    let seen = breaker.snapshot();
    assert_eq!((1, 1, State::Open), (seen.cancelled, seen.failures, seen.state));
    assert_eq!(1, seen.window.unwrap().failures);
}

#[test]
fn a_cancelled_probe_reopens_if_on_cancel_says_so() {
    let time = freeze();
    let breaker = breaker(CANCEL_FAILS);
    fail(&breaker, 1);
    time.advance(secs(10));
    begin_and_drop(&breaker);
    assert_eq!(State::Open, breaker.state());
}

#[test]
pub(crate) fn a_dropped_probe_gives_its_place_to_the_next_call() {
    let (_time, breaker) = half_open(FRAGILE);
    {
        let mut call = pin!(breaker.call_async(pending::<Result<(), ()>>()));
        assert!(poll_once(call.as_mut()).is_pending());
        assert!(!admits(&breaker));
    }
    let seen = breaker.snapshot();
    assert_eq!((State::HalfOpen, 0, 1), (seen.state, seen.successes, seen.failures));
    assert_eq!(Ok(7), ready(breaker.call_async(async { Ok::<_, ()>(7) })));
    assert_eq!(State::Closed, breaker.state());
}

#[test]
pub(crate) fn a_probe_that_was_never_polled_took_no_place() {
    let (_time, breaker) = half_open(FRAGILE);
    let unpolled = breaker.call_async(async { Ok::<_, ()>(()) });
    assert!(admits(&breaker));
    drop(unpolled);
    assert_eq!(0, breaker.snapshot().cancelled);
}

#[test]
fn a_future_asks_for_its_place_at_the_first_poll() {
    let breaker = breaker(FRAGILE);
    let call = breaker.call_async(async { Ok::<_, ()>(()) });
    fail(&breaker, 1);
    assert!(matches!(ready(call), Err(CallError::Open(_))));
}

/// In a `select!` that goes round, for example.
#[test]
fn a_future_that_is_polled_after_its_end_never_runs_its_call() {
    for force_open in [true, false] {
        let breaker = breaker(Config::new());
        if force_open {
            breaker.force_open();
        }
        let runs = Cell::new(0);
        let mut call = pin!(breaker.call_async(async {
            runs.set(runs.get() + 1);
            Ok::<_, ()>(())
        }));
        assert_eq!(force_open, matches!(poll_once(call.as_mut()), Poll::Ready(Err(_))));
        let again = catch_unwind(AssertUnwindSafe(|| poll_once(call.as_mut())));
        assert!(again.is_err());
        assert_eq!(i32::from(!force_open), runs.get());
        let seen = breaker.snapshot();
        assert_eq!((1, 0), (seen.successes + seen.rejected, seen.panicked));
    }
}

#[test]
fn a_future_that_waits_is_recorded_when_it_ends() {
    let breaker = breaker(Config::new());
    let mut call = pin!(breaker.call_async(async {
        wait_once().await;
        Err::<(), _>("down")
    }));
    assert!(poll_once(call.as_mut()).is_pending());
    assert_eq!(0, breaker.snapshot().failures);
    assert_eq!(Poll::Ready(Err(CallError::Failed("down"))), poll_once(call.as_mut()));
    assert_eq!((1, 0), (breaker.snapshot().failures, breaker.snapshot().cancelled));
}

#[test]
fn a_future_that_has_ended_is_not_cancelled_by_its_drop() {
    let breaker = breaker(Config::new());
    {
        let mut call = pin!(breaker.call_async(async { Ok::<_, ()>(()) }));
        assert!(poll_once(call.as_mut()).is_ready());
    }
    assert_eq!((1, 0), (breaker.snapshot().successes, breaker.snapshot().cancelled));
}

#[test]
fn a_rejected_future_is_not_cancelled_by_its_drop() {
    let breaker = breaker(Config::new());
    breaker.force_open();
    let call = breaker.call_async(pending::<Result<(), ()>>());
    assert!(matches!(ready(call), Err(CallError::Open(_))));
    assert_eq!((1, 0), (breaker.snapshot().rejected, breaker.snapshot().cancelled));
}

#[test]
fn a_call_that_is_dropped_in_a_later_period_frees_no_place() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let early = breaker.try_acquire().unwrap();
    fail(&breaker, 1);
    time.advance(secs(10));
    let _probe = breaker.try_acquire().unwrap();
    drop(early);
    assert!(!admits(&breaker));
}

#[test]
fn a_panic_in_a_body_is_a_failure_and_goes_on() {
    let breaker = breaker(FRAGILE);
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    let seen = breaker.snapshot();
    assert_eq!((1, 1, 0), (seen.panicked, seen.failures, seen.cancelled));
    assert_eq!(State::Open, seen.state);
}

#[test]
fn a_panic_in_a_poll_is_a_failure_and_goes_on() {
    let breaker = breaker(FRAGILE);
    let call = breaker.call_async(async {
        wait_once().await;
        crash();
        #[allow(unreachable_code)]
        Ok::<(), ()>(())
    });
    let mut call = Box::pin(call);
    assert!(poll_once(call.as_mut()).is_pending());
    assert!(crashes(|| poll_once(call.as_mut())));
    drop(call);
    let seen = breaker.snapshot();
    assert_eq!((1, 1, 0), (seen.panicked, seen.failures, seen.cancelled));
    assert_eq!(State::Open, seen.state);
}

#[test]
fn a_panic_in_the_classification_is_the_panic_of_the_call() {
    let breaker = breaker(FRAGILE);
    assert!(crashes(|| breaker.call_with(|()| crash(), || ())));
    let seen = breaker.snapshot();
    assert_eq!((1, 1, State::Open), (seen.panicked, seen.failures, seen.state));
}

#[test]
fn a_panic_enters_the_window_as_a_failure() {
    let breaker = breaker(Config::new().failure_rate(0.5));
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!(1, breaker.snapshot().window.unwrap().failures);
}

#[test]
fn a_panicking_probe_reopens_and_loses_no_place() {
    let (time, breaker) = half_open(FRAGILE);
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!(State::Open, breaker.state());
    time.advance(secs(10));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_permit_may_end_on_another_thread() {
    let breaker = breaker(FRAGILE);
    let permit: Permit<'_> = breaker.try_acquire().unwrap();
    thread::scope(|threads| {
        threads.spawn(move || permit.record(Outcome::Failure));
    });
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_protected_future_is_send_when_its_body_is() {
    fn is_send<T: Send>(_: &T) {}
    let breaker = breaker(FRAGILE);
    let call = breaker.call_async(async {
        wait_once().await;
        Ok::<_, ()>(())
    });
    is_send(&call);
    drop(call);
    let call = breaker.call_with_async(|()| Outcome::Success, async {});
    is_send(&call);
}

#[test]
fn a_future_may_be_polled_on_another_thread_than_it_began_on() {
    let breaker = breaker(FRAGILE);
    let mut call = Box::pin(breaker.call_async(async {
        wait_once().await;
        Err::<(), _>(())
    }));
    assert!(poll_once(call.as_mut()).is_pending());
    thread::scope(|threads| {
        threads.spawn(move || assert!(poll_once(call.as_mut()).is_ready()));
    });
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn a_permit_that_an_ending_thread_drops_is_counted_and_reported() {
    thread_local! {
        static HELD: RefCell<Option<Permit<'static>>> = const { RefCell::new(None) };
    }
    let breaker = leaked("dropped by a thread", CANCEL_FAILS.jitter(0.5));
    let seen = recorded(breaker);
    thread::spawn(|| {
        HELD.with(|held| held.replace(breaker.try_acquire().ok()));
        fail(&crate::support::breaker(FRAGILE.jitter(0.5)), 1);
    })
    .join()
    .unwrap();
    assert_eq!((State::Open, 1), (breaker.state(), breaker.snapshot().cancelled));
    assert_eq!(1, seen.lock().unwrap().len());
}

#[test]
fn a_future_dropped_because_its_neighbour_panics_is_cancelled() {
    let breaker = breaker(FRAGILE);
    let together = || {
        let mut call = pin!(breaker.call_async(pending::<Result<(), ()>>()));
        assert!(poll_once(call.as_mut()).is_pending());
        crash();
    };
    assert!(crashes(together));
    let seen = breaker.snapshot();
    assert_eq!((1, 0, State::Closed), (seen.cancelled, seen.panicked, seen.state));
}

#[test]
fn a_permit_tells_whose_it_is() {
    let breaker = CircuitBreaker::new("search", Config::new());
    let permit = breaker.try_acquire().unwrap();
    assert_eq!(format!("{permit:?}"), r#"Permit { circuit: "search", .. }"#);
}

/// Opens by slow calls only; a call of two seconds is one.
const SLOW_CANCEL: Config = Config::new()
    .threshold(2)
    .slow_call(secs(2))
    .window(Window::Calls(4))
    .min_calls(2)
    .recovery(secs(10))
    .on_cancel(OnCancel::Slow);

/// Begins an async call that never ends, and drops it after so many seconds.
fn drop_after(breaker: &CircuitBreaker, time: &Frozen, seconds: u64) {
    let mut call = Box::pin(breaker.call_async(pending::<Result<(), ()>>()));
    assert!(poll_once(call.as_mut()).is_pending());
    time.advance(secs(seconds));
    drop(call);
}

#[test]
fn under_slow_a_call_dropped_late_is_slow_and_one_dropped_early_is_neutral() {
    let time = freeze();
    let breaker = breaker(SLOW_CANCEL);
    drop_after(&breaker, &time, 1);
    assert_eq!(0, breaker.snapshot().window.unwrap().calls);
    drop_after(&breaker, &time, 2);
    let seen = breaker.snapshot();
    let window = seen.window.unwrap();
    assert_eq!((1, 1, 0), (window.calls, window.slow, window.failures));
    assert_eq!((2, 1), (seen.cancelled, seen.slow));
    assert_eq!((0, 0, 0), (seen.successes, seen.failures, seen.ignored));
    drop_after(&breaker, &time, 3);
    let opened = breaker.snapshot();
    assert_eq!(State::Open, opened.state, "2 of 2 calls were slow");
    let reason = opened.recent_transitions[0].reason.to_string();
    assert_eq!("2 of 2 calls were slow (slow_rate 0.5)", reason);
}

#[test]
fn under_slow_a_dropped_call_leaves_the_run_of_failures_alone() {
    let time = freeze();
    let breaker = breaker(SLOW_CANCEL.slow_rate(1.0));
    fail(&breaker, 1);
    drop_after(&breaker, &time, 2);
    assert_eq!(1, breaker.snapshot().failures_in_a_row, "neither success nor failure");
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn under_slow_a_probe_dropped_late_fails_and_one_dropped_early_gives_its_place_back() {
    let time = freeze();
    let breaker = breaker(SLOW_CANCEL);
    fail(&breaker, 2);
    time.advance(secs(10));
    drop_after(&breaker, &time, 1);
    assert_eq!(State::HalfOpen, breaker.state());
    drop_after(&breaker, &time, 2);
    assert_eq!(State::Open, breaker.state());
    assert_eq!((2, 1), (breaker.snapshot().cancelled, breaker.snapshot().slow));
}

#[test]
fn under_slow_a_disabled_circuit_counts_but_does_not_judge() {
    let time = freeze();
    let breaker = breaker(SLOW_CANCEL);
    breaker.disable();
    (0..3).for_each(|_| drop_after(&breaker, &time, 2));
    let seen = breaker.snapshot();
    assert_eq!((3, 3, 0), (seen.cancelled, seen.slow, seen.successes));
    assert_eq!((State::Closed, 0), (seen.state, seen.window.unwrap().calls));
}

#[test]
fn slow_can_be_changed_while_a_call_runs() {
    let time = freeze();
    let breaker = breaker(SLOW_CANCEL);
    let permit = breaker.try_acquire().unwrap();
    time.advance(secs(2));
    breaker.reconfigure(SLOW_CANCEL.on_cancel(OnCancel::Failure)).unwrap();
    drop(permit);
    assert_eq!((1, 1), (breaker.snapshot().cancelled, breaker.snapshot().failures));
}
