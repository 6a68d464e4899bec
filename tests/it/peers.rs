//! The faults that were found in other circuit breakers, each turned into a test of ours.
//!
//! The comment above a test names the libraries in which it was seen, by running or reading them.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Outcome, Permit, Rejection, State, Window};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, crash, crashes, end, fail, half_open, leaked, reason,
    rejection, secs, succeed,
};

/// A circuit that has opened, with a call of the closed period still in flight.
fn opened_under_a_call(breaker: &CircuitBreaker) -> Permit<'_> {
    let early = breaker.try_acquire().unwrap();
    fail(breaker, 1);
    early
}

// failsafe, recloser, tower-resilience, breaker, seatbelt, nobreak; resilience4j; Polly #217 and
// #218; opossum.
#[test]
fn a_late_success_does_not_close() {
    let time = freeze();
    for wait in [0, 9, 10] {
        let breaker = breaker(FRAGILE);
        let early = opened_under_a_call(&breaker);
        time.advance(secs(wait));
        let state = breaker.state();
        early.success();
        assert_eq!((state, 1), (breaker.state(), breaker.snapshot().late));
    }
}

// As above: the late success of a slow call must not decide in place of the probe.
#[test]
fn a_late_success_does_not_count_as_a_probe() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let early = opened_under_a_call(&breaker);
    time.advance(secs(10));
    let probe = breaker.try_acquire().unwrap();
    early.success();
    assert_eq!(State::HalfOpen, breaker.state());
    probe.failure();
    assert_eq!(State::Open, breaker.state());
}

// As above, and cockatiel.
#[test]
fn a_late_failure_does_not_reopen() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let early = opened_under_a_call(&breaker);
    time.advance(secs(10));
    let probe = breaker.try_acquire().unwrap();
    early.failure();
    assert_eq!(State::HalfOpen, breaker.state());
    probe.success();
    assert_eq!(State::Closed, breaker.state());
}

// gobreaker #91.
#[test]
fn a_late_failure_does_not_count_in_the_next_closed_period() {
    let time = freeze();
    let breaker = breaker(FRAGILE.failure_rate(0.5));
    let early = opened_under_a_call(&breaker);
    time.advance(secs(10));
    succeed(&breaker, 1);
    early.failure();
    let seen = breaker.snapshot();
    assert_eq!(
        (State::Closed, 0, 0),
        (seen.state, seen.failures_in_a_row, seen.window.unwrap().calls)
    );
}

// fabfuel: each late failure pushed the deadline on.
#[test]
fn a_late_failure_does_not_prolong() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let early = opened_under_a_call(&breaker);
    time.advance(secs(9));
    early.failure();
    assert_eq!(Some(secs(1)), rejection(&breaker).retry_after());
}

// failsafe (1,000 of 1,000), recloser (200 of 200), nobreak, tower #855.
#[test]
fn half_open_does_not_let_everybody_through() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(3));
    let admitted: Vec<_> = (0..1_000).filter_map(|_| breaker.try_acquire().ok()).collect();
    assert_eq!(3, admitted.len());
}

// circuitbreaker-rs: in 10 % of the trials its counter of probes went below zero.
#[test]
fn places_never_become_more_than_there_are() {
    let time = freeze();
    let breaker = breaker(FRAGILE.success_threshold(2));
    let early: Vec<_> = (0..5).map(|_| breaker.try_acquire().unwrap()).collect();
    fail(&breaker, 1);
    time.advance(secs(10));
    for permit in early {
        drop(permit); // these never held a place, so they can't give one back
    }
    (0..100).for_each(|_| end(&breaker, Outcome::Ignored));
    let admitted: Vec<_> = (0..100).filter_map(|_| breaker.try_acquire().ok()).collect();
    assert_eq!(2, admitted.len());
}

// circuitbreaker-rs, under threads.
#[test]
fn places_never_become_more_than_there_are_under_threads() {
    let breaker =
        breaker(FRAGILE.recovery(NANOSECOND).success_threshold(2).probe_timeout(secs(3600)));
    fail(&breaker, 1);
    let (running, most) = (AtomicI32::new(0), AtomicI32::new(0));
    thread::scope(|threads| {
        for worker in 0..4 {
            let (breaker, running, most) = (&breaker, &running, &most);
            threads.spawn(move || {
                for number in 0..2_000 {
                    if let Ok(permit) = breaker.try_acquire() {
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        running.fetch_sub(1, Ordering::SeqCst);
                        match (number + worker) % 3 {
                            0 => permit.failure(),
                            1 => permit.ignore(),
                            _ => drop(permit),
                        }
                    }
                }
            });
        }
    });
    assert!(most.into_inner() <= 2);
}

// execution-policy, tower-resilience, circuitbreaker-rs; sentinel, Polly; resilience4j #1681;
// gobreaker #105.
#[test]
fn a_cancelled_or_ignored_probe_does_not_wedge_half_open() {
    let time = freeze();
    let endings: [fn(Permit<'_>); 2] =
        [|permit| permit.record(Outcome::Ignored), |permit| drop(permit)];
    for ending in endings {
        let breaker = breaker(FRAGILE);
        fail(&breaker, 1);
        time.advance(secs(10));
        for _ in 0..10 {
            ending(breaker.try_acquire().unwrap());
        }
        succeed(&breaker, 1);
        assert_eq!(State::Closed, breaker.state());
    }
}

// OmniRoute #13836: half-open for six days; resilience4j #1597; opossum.
#[test]
fn a_hung_probe_does_not_wedge_half_open() {
    let (time, breaker) = half_open(FRAGILE);
    let mut hung = Vec::new();
    for _ in 0..10 {
        hung.push(breaker.try_acquire().unwrap());
        assert!(!admits(&breaker));
        time.advance(secs(100)); // the longest that a round of probes may take
    }
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

// A permit that is forgotten never ends at all.
#[test]
fn a_forgotten_probe_does_not_wedge_half_open() {
    let (time, breaker) = half_open(FRAGILE);
    std::mem::forget(breaker.try_acquire().unwrap());
    time.advance(secs(10));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

// failsafe, recloser, tower-resilience; Polly #1979; pybreaker: one 404 closed the circuit.
#[test]
fn an_ignored_probe_does_not_close() {
    let (_time, breaker) = half_open(FRAGILE);
    end(&breaker, Outcome::Ignored);
    assert_eq!(State::HalfOpen, breaker.state());
}

// pybreaker and others: what is no failure reset the run of failures.
#[test]
fn an_ignored_call_does_not_end_the_run_of_failures() {
    let breaker = breaker(Config::new().threshold(2));
    fail(&breaker, 1);
    end(&breaker, Outcome::Ignored);
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

// Nearly all of them.
#[test]
fn a_panic_is_seen() {
    let breaker = breaker(FRAGILE);
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!((State::Open, 1), (breaker.state(), breaker.snapshot().panicked));
}

// failsafe-go: a panicking probe kept its place.
#[test]
fn a_panicking_probe_does_not_keep_its_place() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!(State::HalfOpen, breaker.state());
    succeed(&breaker, 2);
    assert_eq!(State::Closed, breaker.state());
}

// tower-resilience 0.14: it took 10,000 failures to trip a window of 10.
#[test]
fn a_count_window_slides() {
    let breaker = breaker(Config::new().failure_rate(0.5).window(Window::Calls(10)));
    succeed(&breaker, 10_000);
    fail(&breaker, 5);
    assert_eq!(State::Open, breaker.state());
}

// circuitbreaker-rs: nobody fed its `TimeBasedPolicy`.
#[test]
fn a_time_window_is_fed() {
    let _time = freeze();
    let breaker = breaker(Config::new().failure_rate(0.5).window(Window::Time(secs(60))));
    succeed(&breaker, 5);
    fail(&breaker, 5);
    assert_eq!(State::Open, breaker.state());
}

// seatbelt, failsafe: the overflow of a long duration poisoned a lock.
#[test]
fn a_long_duration_breaks_nothing() {
    let breaker = breaker(FRAGILE.recovery(Duration::MAX).probe_timeout(Duration::MAX));
    fail(&breaker, 1);
    for _ in 0..3 {
        assert_eq!(Rejection::Open, reason(&breaker));
        assert_eq!(State::Open, breaker.snapshot().state);
    }
    breaker.reset();
    succeed(&breaker, 1);
}

// recloser, resilient: memory grew with each transition.
#[test]
fn the_log_of_transitions_is_bounded() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    for _ in 0..1_000 {
        fail(&breaker, 1);
        time.advance(secs(10));
    }
    assert_eq!(16, breaker.snapshot().recent_transitions.len());
}

// recloser: `closed_len(0)` hung.
#[test]
fn a_window_of_nothing_is_refused() {
    let config = Config::new().failure_rate(0.5).window(Window::Calls(0));
    assert!(CircuitBreaker::try_new("nothing", config).is_err());
}

// circuit_breaker, gobreaker #37: the callback ran under the lock.
#[test]
fn a_callback_that_asks_for_the_state_does_not_deadlock() {
    let breaker = leaked("asked by its callback", FRAGILE);
    let (asked, answer) = std::sync::mpsc::channel();
    breaker.on_transition(move |_| asked.send(breaker.snapshot().state).unwrap());
    fail(breaker, 1);
    assert_eq!(State::Open, answer.recv().unwrap());
}

// Sentinel, Hystrix: between the two a call got through as a probe.
#[test]
fn an_open_circuit_is_never_seen_with_its_old_deadline() {
    let breaker = breaker(FRAGILE.recovery(secs(3600)));
    for _ in 0..200 {
        let opened = AtomicBool::new(false);
        thread::scope(|threads| {
            let watcher = threads.spawn(|| {
                while breaker.state() == State::Closed && !opened.load(Ordering::SeqCst) {
                    std::hint::spin_loop();
                }
                (breaker.state(), admits(&breaker))
            });
            fail(&breaker, 1);
            opened.store(true, Ordering::SeqCst);
            assert_eq!((State::Open, false), watcher.join().unwrap());
        });
        breaker.reset();
    }
}

// Polly #216, resilience4j #1432.
#[test]
fn a_herd_at_the_deadline_is_one_probe() {
    crate::half_open::of_64_threads_at_the_deadline_exactly_one_probes();
}

// resilience4j #858: asking took a place.
#[test]
fn asking_is_not_calling() {
    let (_time, breaker) = half_open(FRAGILE);
    for _ in 0..100 {
        assert_eq!(State::HalfOpen, breaker.snapshot().state);
    }
    assert!(admits(&breaker));
}
