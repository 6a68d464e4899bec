//! Half-open: who may probe, what decides, and how places come back.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Outcome, Rejection, State};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, end, fail, half_open, reason, recorded, rejection, secs,
    succeed,
};

/// How many of 64 threads that arrive together at the deadline are let through.
fn admitted_of_64(breaker: &CircuitBreaker) -> usize {
    let start = Barrier::new(64);
    let asked = Barrier::new(64);
    thread::scope(|threads| {
        let arrive = || {
            let time = freeze();
            time.advance(secs(10));
            start.wait();
            let permit = breaker.try_acquire();
            asked.wait(); // nobody gives a place back before everybody has asked
            permit.is_ok()
        };
        let arrivals: Vec<_> = (0..64).map(|_| threads.spawn(arrive)).collect();
        arrivals.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    })
}

#[test]
pub(crate) fn of_64_threads_at_the_deadline_exactly_one_probes() {
    for _ in 0..20 {
        let _time = freeze();
        let breaker = breaker(FRAGILE);
        fail(&breaker, 1);
        assert_eq!(1, admitted_of_64(&breaker));
        assert_eq!(63, breaker.snapshot().rejected);
        assert_eq!(2, breaker.snapshot().transitions);
    }
}

#[test]
fn of_64_threads_at_the_deadline_as_many_probe_as_there_are_places() {
    for _ in 0..20 {
        let _time = freeze();
        let breaker = breaker(FRAGILE.success_threshold(2).probes(5));
        fail(&breaker, 1);
        assert_eq!(5, admitted_of_64(&breaker));
        assert_eq!(59, breaker.snapshot().rejected);
    }
}

#[test]
fn without_a_wait_in_between_no_two_probes_of_one_place_run_at_once() {
    use std::sync::atomic::{AtomicU32, Ordering};

    let breaker = breaker(FRAGILE.recovery(NANOSECOND).probe_timeout(secs(3600)));
    fail(&breaker, 1);
    let (running, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..5_000 {
                    if let Ok(permit) = breaker.try_acquire() {
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        running.fetch_sub(1, Ordering::SeqCst);
                        permit.failure();
                    }
                }
            });
        }
    });
    assert_eq!(1, most.into_inner());
}

#[test]
fn the_state_is_half_open_from_the_deadline_on_and_the_first_call_makes_the_transition() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let seen = recorded(&breaker);
    fail(&breaker, 1);
    time.advance(secs(10));
    assert_eq!(State::HalfOpen, breaker.state());
    assert_eq!(State::HalfOpen, breaker.snapshot().state);
    assert_eq!(1, seen.lock().unwrap().len());

    let _probe = breaker.try_acquire().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(2, seen.len());
    assert_eq!((State::Open, State::HalfOpen), (seen[1].from, seen[1].to));
}

#[test]
fn queries_take_no_place() {
    let (_time, breaker) = half_open(FRAGILE);
    for _ in 0..100 {
        let _ = (breaker.state(), breaker.mode(), breaker.config(), breaker.snapshot());
    }
    assert_eq!(1, breaker.snapshot().transitions);
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn it_closes_as_soon_as_enough_probes_have_succeeded() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(4));
    for (outcome, state) in [
        (Outcome::Success, State::HalfOpen),
        (Outcome::Failure, State::HalfOpen),
        (Outcome::Success, State::Closed),
    ] {
        end(&breaker, outcome);
        assert_eq!(state, breaker.state());
    }
}

#[test]
fn it_reopens_as_soon_as_not_enough_probes_can_succeed() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(3).probes(4));
    for (outcome, state) in [
        (Outcome::Success, State::HalfOpen),
        (Outcome::Failure, State::HalfOpen),
        (Outcome::Success, State::HalfOpen),
        (Outcome::Failure, State::Open),
    ] {
        end(&breaker, outcome);
        assert_eq!(state, breaker.state());
    }
}

#[test]
fn a_probe_that_has_decided_keeps_its_place() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
    succeed(&breaker, 1);
    let _others = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn a_slow_probe_is_a_failed_one() {
    let (time, breaker) = half_open(FRAGILE.slow_call(secs(1)));
    let probe = breaker.try_acquire().unwrap();
    time.advance(secs(1));
    probe.success();
    assert_eq!(State::Open, breaker.state());
    assert_eq!((1, 1), (breaker.snapshot().successes, breaker.snapshot().slow));
}

#[test]
fn a_probe_that_is_just_not_slow_closes() {
    let (time, breaker) = half_open(FRAGILE.slow_call(secs(1)));
    let probe = breaker.try_acquire().unwrap();
    time.advance(secs(1) - NANOSECOND);
    probe.success();
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn an_ignored_probe_gives_back_its_own_place_only() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2));
    let _hung = breaker.try_acquire().unwrap();
    for _ in 0..100 {
        breaker.try_acquire().unwrap().ignore();
    }
    let _second = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    assert_eq!(State::HalfOpen, breaker.state());
}

#[test]
fn a_dropped_probe_decides_nothing_and_gives_its_place_back() {
    let (_time, breaker) = half_open(FRAGILE);
    drop(breaker.try_acquire().unwrap());
    assert_eq!((State::HalfOpen, 1), (breaker.state(), breaker.snapshot().cancelled));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_hung_probe_blocks_for_probe_timeout_and_no_longer() {
    let (time, breaker) = half_open(FRAGILE.probe_timeout(secs(3)));
    let _hung = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    time.advance(secs(3) - NANOSECOND);
    assert_eq!(Some(NANOSECOND), rejection(&breaker).retry_after());
    time.advance(NANOSECOND);
    assert!(admits(&breaker));
}

#[test]
fn a_hung_probe_blocks_for_recovery_when_nothing_else_is_said() {
    let (time, breaker) = half_open(FRAGILE);
    let _hung = breaker.try_acquire().unwrap();
    time.advance(secs(10) - NANOSECOND);
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    time.advance(NANOSECOND);
    assert!(admits(&breaker));
}

#[test]
fn the_probe_timeout_runs_from_the_last_admission() {
    let (time, breaker) = half_open(FRAGILE.success_threshold(2).probe_timeout(secs(3)));
    let _first = breaker.try_acquire().unwrap();
    time.advance(secs(2));
    let _second = breaker.try_acquire().unwrap();
    time.advance(secs(3) - NANOSECOND);
    assert_eq!(Some(NANOSECOND), rejection(&breaker).retry_after());
    time.advance(NANOSECOND);
    assert!(admits(&breaker));
}

/// A probe is over within a second as a rule, however long half-open may wait for it.
#[test]
fn a_caller_is_told_to_come_back_within_a_second() {
    let (time, breaker) = half_open(FRAGILE.probe_timeout(secs(3)));
    let _probe = breaker.try_acquire().unwrap();
    for left in [secs(1), secs(1), secs(1), Duration::ZERO] {
        if left.is_zero() {
            assert!(admits(&breaker));
        } else {
            assert_eq!(Some(left), rejection(&breaker).retry_after());
            assert_eq!(Some(left), breaker.snapshot().retry_after);
        }
        time.advance(secs(1));
    }
}

#[test]
fn a_hung_probe_leaves_the_free_places_free() {
    let (time, breaker) = half_open(FRAGILE.probes(2).probe_timeout(secs(3)));
    let _hung = breaker.try_acquire().unwrap();
    time.advance(secs(60));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_rejection_by_half_open_says_so() {
    let (_time, breaker) = half_open(FRAGILE);
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
    assert_eq!(1, breaker.snapshot().rejected);
}

#[test]
fn a_failing_service_is_probed_again_and_again_until_it_recovers() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    for _ in 0..1_000 {
        time.advance(secs(10));
        fail(&breaker, 1);
        assert_eq!(State::Open, breaker.state());
    }
    time.advance(secs(10));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}
