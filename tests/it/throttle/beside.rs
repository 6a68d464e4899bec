//! `throttle` beside other options and in other modes.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CallError, CircuitBreaker, KeyedBreaker, OnCancel, Permit, Rejection, State, Window,
};

use super::{HALF, begin, call, chance, fail_together};
use crate::support::{admits, fail, millis, poll_once, rejection, secs, succeed};

#[test]
fn calls_in_flight_and_other_rejections_are_no_requests() {
    let (_time, breaker) = begin(HALF.max_concurrent(12));
    let mut held: Vec<Permit<'_>> = (0..12).map(|_| breaker.try_acquire().unwrap()).collect();
    for _ in 0..100 {
        assert_eq!(rejection(&breaker).reason(), Rejection::TooManyCalls);
    }
    breaker.force_open();
    assert_eq!(rejection(&breaker).reason(), Rejection::ForcedOpen);
    breaker.resume();
    let _in_flight = held.pop();
    held.pop().map(Permit::ignore).unwrap();
    held.into_iter().for_each(Permit::failure);
    assert_eq!(breaker.snapshot().throttle, chance(0, 10, 0));
}

#[test]
fn it_replaces_the_default_threshold_and_one_beside_it_still_trips() {
    let (time, breaker) = begin(HALF);
    call(&time, &breaker, 100, millis(1), 100);
    assert_eq!(breaker.state(), State::Closed);

    let (_time, breaker) = begin(HALF.threshold(5));
    fail(&breaker, 5);
    assert_eq!(breaker.state(), State::Open);

    let (_time, breaker) = begin(HALF.failure_count(7));
    fail(&breaker, 7);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn throttled_calls_enter_no_other_rule() {
    let config = HALF.failure_rate(0.95).min_calls(20).threshold(1_000).failure_count(1_000);
    let (_time, breaker) = begin(config);
    succeed(&breaker, 2);
    fail_together(&breaker, 18);
    let rejected = (0..200).filter(|_| !admits(&breaker)).count();
    assert!(rejected > 100, "{rejected}");
    let seen = breaker.snapshot();
    let window = seen.window.unwrap();
    assert_eq!((window.calls, window.failures, window.failure_rate), (20, 18, Some(0.9)));
    assert_eq!((seen.failures_in_a_row, seen.state), (18, State::Closed));
    assert_eq!(seen.rejected, rejected as u64);
}

#[test]
fn a_slow_call_that_was_cancelled_is_neither_a_success_nor_a_failure() {
    let slow = HALF.slow_call(secs(1)).slow_rate(1.0).on_cancel(OnCancel::Slow);
    let (time, breaker) = begin(slow);
    succeed(&breaker, 1);
    let held: Vec<Permit<'_>> = (0..8).map(|_| breaker.try_acquire().unwrap()).collect();
    time.advance(secs(1));
    drop(held);
    fail(&breaker, 9);
    let seen = breaker.snapshot();
    assert_eq!(seen.window.unwrap().calls, 18);
    assert_eq!(seen.throttle, chance(1, 9, 0));
}

#[test]
fn in_shadow_what_it_would_reject_runs_and_is_counted() {
    let (_time, breaker) = begin(HALF);
    breaker.shadow();
    fail_together(&breaker, 100);
    let admitted = (0..1_000).filter(|_| admits(&breaker)).count();
    assert_eq!(admitted, 1_000);
    let rejected = breaker.snapshot().rejected;
    assert!((850..950).contains(&rejected), "{rejected}");
    breaker.disable();
    assert_eq!((0..1_000).filter(|_| admits(&breaker)).count(), 1_000);
    assert_eq!(breaker.snapshot().rejected, rejected, "disabled, nothing is asked");
    breaker.resume();
    assert!((0..100).any(|_| !admits(&breaker)));
}

/// In shadow nobody learns what came of a call that was to be rejected.
#[test]
fn what_shadow_lets_through_is_no_success() {
    let (_time, breaker) = begin(HALF);
    breaker.shadow();
    fail_together(&breaker, 40);
    succeed(&breaker, 200);
    let seen = breaker.snapshot();
    let successes = u32::try_from(seen.successes).unwrap();
    let rejected = u32::try_from(seen.rejected).unwrap();
    assert_eq!(successes + rejected, 200);
    assert_eq!(seen.throttle, chance(successes, 40, rejected));
}

#[test]
fn outcomes_of_a_disabled_circuit_are_no_requests() {
    let (_time, breaker) = begin(HALF);
    breaker.disable();
    fail_together(&breaker, 100);
    breaker.resume();
    assert_eq!((breaker.snapshot().throttle, admits(&breaker)), (None, true));
}

#[test]
fn each_key_is_throttled_for_itself() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("throttled hosts", HALF, 10);
    fastrand::seed(7);
    let _time = freeze();
    for (key, failures) in [("a", 20), ("b", 10), ("c", 1)] {
        let held: Vec<_> = (0..failures).map(|_| HOSTS.key(key).try_acquire().unwrap()).collect();
        held.into_iter().for_each(Permit::failure);
    }
    let of = |key: &str| HOSTS.key(key).snapshot().unwrap().throttle;
    assert_eq!((of("a"), of("b"), of("c")), (chance(0, 20, 0), chance(0, 10, 0), None));
    assert_eq!(HOSTS.snapshot().throttle, of("a"), "the largest");
    let rejections: Vec<_> =
        (0..100).filter_map(|_| HOSTS.key("a").try_acquire().map(Permit::ignore).err()).collect();
    assert_eq!(rejections[0].reason(), Rejection::Throttled);
    assert!((0..100).all(|_| HOSTS.key("c").try_acquire().map(Permit::ignore).is_ok()));
}

/// A key that rejects calls isn't taken for a healthy one when another needs its circuit.
#[test]
fn a_key_that_rejects_keeps_its_circuit_before_a_healthy_one() {
    static TWO: KeyedBreaker = KeyedBreaker::new("two throttled hosts", HALF, 2);
    fastrand::seed(7);
    let time = freeze();
    let mut held: Vec<_> = (0..21).map(|_| TWO.key("failing").try_acquire().unwrap()).collect();
    let last = held.pop().unwrap();
    held.into_iter().for_each(Permit::failure);
    // So that no run of failures is left.
    last.success();
    time.advance(secs(5));
    let rejected =
        (0..100).filter(|_| TWO.key("failing").try_acquire().map(Permit::ignore).is_err()).count();
    assert!(rejected > 50, "{rejected}");
    // The failures have left the window, and the rejected calls haven't.
    time.advance(secs(5));
    assert!(TWO.key("failing").snapshot().unwrap().throttle.is_some());
    for healthy in ["a", "b", "c", "d", "e"] {
        for _ in 0..5 {
            TWO.key(healthy).try_acquire().unwrap().success();
        }
    }
    assert!(TWO.key("failing").snapshot().is_some_and(|seen| seen.throttle.is_some()));
}

/// Failures that come together are one for `threshold`; for the throttle, as for rates, they are many.
#[test]
fn merged_failures_are_many_to_the_throttle() {
    let (time, breaker) = begin(HALF.threshold(2).merge_failures(millis(100)));
    fail_together(&breaker, 50);
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.failures_in_a_row), (State::Closed, 1));
    assert_eq!(seen.throttle, chance(0, 50, 0));
    time.advance(secs(1));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open, "a second failure of its own");
}

#[test]
fn a_ramp_is_asked_first_and_what_it_rejects_is_no_request() {
    let (time, breaker) = begin(HALF.ramp(secs(100)));
    fail_together(&breaker, 20);
    breaker.force_open();
    breaker.resume();
    time.advance(millis(1));
    let mut by = [0, 0, 0];
    for _ in 0..1_000 {
        match breaker.try_acquire().map(Permit::ignore) {
            Ok(()) => by[0] += 1,
            Err(error) if error.reason() == Rejection::Ramping => by[1] += 1,
            Err(error) => {
                assert_eq!(error.reason(), Rejection::Throttled);
                by[2] += 1;
            }
        }
    }
    assert!((895..=905).contains(&by[1]), "the ramp lets 10 % pass: {by:?}");
    assert!(by[2] > 60, "and of those the throttle rejects most: {by:?}");
    assert_eq!(breaker.snapshot().throttle, chance(0, 20, by[2]));
    assert_eq!(breaker.snapshot().ramp.map(|share| share < 0.11), Some(true));
}

#[test]
fn a_rate_beside_it_opens_the_circuit() {
    let rated = HALF.failure_rate(0.8).min_calls(10);
    let (time, breaker) = begin(rated);
    let rejected = call(&time, &breaker, 10_000, millis(1), 70);
    assert!(rejected > 5_000, "{rejected}");
    assert_eq!(breaker.state(), State::Closed);
    let mut admitted = 0;
    while breaker.state() == State::Closed {
        if let Ok(permit) = breaker.try_acquire() {
            permit.failure();
            admitted += 1;
        }
        time.advance(millis(1));
        assert!(admitted < 10_000);
    }
    let line = breaker.snapshot().recent_transitions[0].reason.to_string();
    assert!(line.contains("(failure_rate 0.8)"), "{line}");
}

#[test]
fn a_bulkhead_beside_it_rejects_what_the_throttle_lets_through() {
    let (_time, breaker) = begin(HALF);
    fail_together(&breaker, 100);
    breaker.reconfigure(HALF.max_concurrent(1)).unwrap();
    let _held = breaker.try_acquire().unwrap();
    let mut by = [0, 0];
    for _ in 0..1_000 {
        match rejection(&breaker).reason() {
            Rejection::Throttled => by[0] += 1,
            reason => {
                assert_eq!(reason, Rejection::TooManyCalls);
                by[1] += 1;
            }
        }
    }
    assert!((860..=940).contains(&by[0]), "{by:?}");
    assert_eq!(breaker.snapshot().throttle, Some(0.9));
}

/// Whoever holds the place when the rule lets its call of a second pass: the next call passes instead.
#[test]
fn a_full_bulkhead_does_not_use_up_the_call_of_a_second() {
    let (time, breaker) = begin(HALF);
    fail_together(&breaker, 200);
    breaker.reconfigure(HALF.max_concurrent(1).window(Window::Time(secs(60)))).unwrap();
    for second in 0..9 {
        let held = breaker.try_acquire().unwrap();
        time.advance(secs(1));
        for _ in 0..3 {
            assert_eq!(rejection(&breaker).reason(), Rejection::TooManyCalls);
        }
        held.ignore();
        time.advance(millis(1));
        breaker.try_acquire().unwrap_or_else(|error| panic!("{error} in second {second}")).ignore();
        assert!((0..30).any(|_| !admits(&breaker)), "the others are throttled");
        time.advance(secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_in_vain_does_not_use_up_the_call_of_a_second() {
    let (time, breaker) = begin(HALF);
    fail_together(&breaker, 200);
    let minute = Window::Time(secs(60));
    breaker.reconfigure(HALF.max_concurrent(1).max_wait(secs(1)).window(minute)).unwrap();
    for second in 0..9 {
        let held = breaker.try_acquire().unwrap();
        time.advance(secs(1));
        let ended = breaker.call_async(async { Ok::<_, ()>(()) }).await;
        let Err(CallError::Open(error)) = ended else { panic!("the place is taken") };
        assert_eq!(error.reason(), Rejection::TooManyCalls);
        held.ignore();
        breaker.try_acquire().unwrap_or_else(|error| panic!("{error} in second {second}")).ignore();
        time.advance(secs(1));
    }
}

/// The next place is theirs: until then nobody passes, whoever comes.
#[tokio::test(start_paused = true)]
async fn while_a_call_waits_for_a_place_others_are_throttled() {
    let (time, breaker) = begin(HALF);
    fail_together(&breaker, 200);
    let minute = Window::Time(secs(60));
    breaker.reconfigure(HALF.max_concurrent(1).max_wait(secs(3_600)).window(minute)).unwrap();
    let held = breaker.try_acquire().unwrap();
    time.advance(secs(1));
    let call = || Box::pin(breaker.call_async(async { Ok::<_, ()>(()) }));
    let mut waiting = call();
    assert!(poll_once(waiting.as_mut()).is_pending());
    let others: Vec<_> = (0..200).map(|_| poll_once(call().as_mut()).is_pending()).collect();
    let waited = others.iter().filter(|waited| **waited).count();
    assert!((5..=40).contains(&waited), "{waited}");
    held.ignore();
    waiting.await.unwrap();
    assert!((0..30).any(|_| !admits(&breaker)), "it was the call of this second");
}

#[test]
fn the_first_call_of_each_tenth_of_a_ramp_is_not_throttled() {
    let (time, breaker) = begin(HALF.ramp(secs(100)).window(Window::Time(secs(1_000))));
    fail_together(&breaker, 200);
    breaker.force_open();
    breaker.resume();
    for tenth in 0..10 {
        assert!(admits(&breaker), "tenth {tenth}");
        for _ in 0..100 {
            let _ = breaker.try_acquire().map(Permit::ignore);
            time.advance(millis(99));
        }
        time.advance(millis(100));
    }
    let seen = breaker.snapshot();
    assert!(seen.throttle.is_some() && seen.rejected > 700, "{seen}");
}

/// What is shown is what happens to calls: the rule isn't asked while the mode decides.
#[test]
fn a_circuit_whose_mode_decides_says_nothing_of_the_throttle() {
    let (_time, breaker) = begin(HALF);
    fail_together(&breaker, 100);
    for mode in [CircuitBreaker::disable, CircuitBreaker::force_open] {
        mode(&breaker);
        let seen = breaker.snapshot();
        assert_eq!(seen.throttle, None, "{seen}");
        assert!(!seen.to_string().contains('%'), "{seen}");
    }
    breaker.shadow();
    let seen = breaker.snapshot();
    assert_eq!(seen.throttle, Some(0.9), "what it would reject");
    assert!(seen.to_string().starts_with("test: shadow (closed, would reject 90 %); "), "{seen}");
    breaker.resume();
    assert!(breaker.snapshot().to_string().starts_with("test: closed, rejects 90 %; "));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_a_place_asks_the_throttle_once() {
    let (_time, breaker) = begin(HALF);
    fail_together(&breaker, 100);
    breaker.reconfigure(HALF.max_concurrent(1).max_wait(secs(3_600))).unwrap();
    let first = breaker.try_acquire().unwrap();
    let call = || breaker.call_async(async { Ok::<_, ()>(()) });
    let mut waiting = Vec::new();
    let mut throttled = 0_u64;
    for _ in 0..200 {
        let mut one = Box::pin(call());
        match poll_once(one.as_mut()) {
            std::task::Poll::Pending => waiting.push(one),
            std::task::Poll::Ready(ended) => {
                let Err(CallError::Open(error)) = ended else { panic!("the place is taken") };
                assert_eq!(error.reason(), Rejection::Throttled);
                throttled += 1;
            }
        }
    }
    assert!((10..=35).contains(&waiting.len()), "{}", waiting.len());
    first.success();
    for one in waiting {
        pin!(one).await.unwrap();
    }
    assert_eq!(breaker.snapshot().rejected, throttled, "none of those that waited");
}
