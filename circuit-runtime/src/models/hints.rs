//! What others know of the service, told while calls go on: a deadline moves within its period.

use loom::thread;

use super::watched::{Call, watch};
use super::{WAIT, consecutive, few, open};
use crate::primitives::clock;
use crate::test_util::freeze;
use crate::{CircuitBreaker, Rejection, State};

#[test]
fn after_probe_now_one_call_probes() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        let other = thread::spawn(move || watched.admit());
        watched.breaker.probe_now();
        let here = watched.admit();
        let there = other.join().unwrap();
        // Whoever asks after the hint has heard of it.
        assert!(here.is_ok() != there.is_ok(), "one probe");
        for rejected in [&here, &there].into_iter().filter_map(|call| call.as_ref().err()) {
            assert!(matches!(rejected.reason(), Rejection::Open | Rejection::HalfOpenFull));
        }
        drop((here, there));
        watched.settled(&time);
    });
}

#[test]
fn a_call_at_the_deadline_probes_or_hears_that_it_was_extended() {
    few(4, || {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        time.advance(WAIT);
        let other = thread::spawn(move || watched.admit().map(Call::success).is_ok());
        watched.breaker.extend(WAIT / 2);
        let hears = watched.admit();
        let has_probed = other.join().unwrap();
        if has_probed {
            assert_eq!(watched.breaker.state(), State::Closed);
        } else {
            let rejected = hears.as_ref().err().expect("it was extended");
            assert_eq!(rejected.retry_after(), Some(WAIT / 2));
        }
        drop(hears);
        watched.settled(&time);
    });
}

/// Two parts make a deadline: a rejection may read them of two deadlines, and then never admits before the
/// later one.
#[test]
fn an_extended_wait_rejects_until_its_end() {
    loom::model(|| {
        let time = freeze();
        let watched = watch(consecutive(1));
        open(watched);
        let other = thread::spawn(move || watched.breaker.extend(WAIT * 3));
        let early = watched.breaker.try_acquire().map(drop).expect_err("it is open");
        assert!([Some(WAIT), Some(WAIT * 3)].contains(&early.retry_after()), "{early}");
        other.join().unwrap();
        time.advance(WAIT * 3 - std::time::Duration::from_nanos(1));
        let late = watched.breaker.try_acquire().map(drop).expect_err("it was extended");
        assert_eq!(late.retry_after().map(clock::nanos), Some(1));
        time.advance(std::time::Duration::from_nanos(1));
        watched.breaker.try_acquire().expect("the wait is over").success();
        assert_eq!(watched.breaker.state(), State::Closed);
    });
}

#[test]
fn a_failure_that_ends_after_the_suspicion_opens() {
    loom::model(|| {
        let _time = freeze();
        let breaker: &'static CircuitBreaker =
            Box::leak(Box::new(CircuitBreaker::new("model", consecutive(3))));
        let fails = move || {
            if let Ok(permit) = breaker.try_acquire() {
                permit.failure();
            }
        };
        let other = thread::spawn(fails);
        breaker.suspect(WAIT);
        fails();
        other.join().unwrap();
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.snapshot().transitions, 1);
    });
}
