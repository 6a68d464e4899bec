//! Calls that stall: each counts once, whoever notices it and whenever it ends.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::{SECOND, consecutive, few};
use crate::breaker::waiting::Caller;
use crate::circuit::in_flight::{Cohort, InFlight, Left};
use crate::observe::name::Name;
use crate::permit::{Fallback, Permit, RawPermit, RefHandle};
use crate::primitives::clock::frozen;
use crate::test_util::{Frozen, freeze};
use crate::{CircuitBreaker, Config, State};

/// Every call that hangs for two seconds and a quarter has stalled.
fn stalling(threshold: u32) -> Config {
    consecutive(threshold).stall(SECOND * 2)
}

/// [`few`], where time begins in the same place of a cohort in each execution.
fn from_zero(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let zero = frozen::hold(1 << 40);
    few(preemptions, model);
    frozen::end(zero);
}

/// A circuit that has had a call: from then on it is known when to look for calls that have stalled.
fn breaker(config: Config) -> &'static CircuitBreaker {
    let breaker: &CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new("model", config)));
    begin(breaker).ignore();
    breaker
}

fn begin(breaker: &'static CircuitBreaker) -> Permit<'static> {
    breaker.try_acquire().expect("it is admitted")
}

fn notice(breaker: &CircuitBreaker) {
    drop(breaker.snapshot());
}

fn succeed<const CALLS: usize>(calls: [Permit<'_>; CALLS]) {
    calls.into_iter().for_each(Permit::success);
}

/// In this many calls all that began have ended.
fn settled(breaker: &CircuitBreaker, calls: u64) {
    let seen = breaker.snapshot();
    assert_eq!(seen.in_flight, Some(0), "{seen}");
    assert_eq!(seen.successes + seen.late, calls, "each ends once: {seen}");
    assert!(seen.stalled <= seen.late && seen.failures == seen.stalled, "{seen}");
}

/// Time goes on once others may have begun.
fn advance(time: &Frozen, breaker: &CircuitBreaker, by: Duration) {
    let _ = breaker.mode();
    time.advance(by);
}

#[test]
fn a_call_that_ends_as_it_is_counted_stalls_or_succeeds() {
    from_zero(3, || {
        let time = freeze();
        let breaker = breaker(stalling(9));
        let call = begin(breaker);
        time.advance(SECOND * 2);
        let other = thread::spawn(move || call.success());
        advance(&time, breaker, SECOND / 4);
        notice(breaker);
        other.join().unwrap();
        let seen = breaker.snapshot();
        let ends = (seen.successes, seen.stalled, seen.late, seen.failures_in_a_row);
        assert!([(1, 0, 0, 0), (0, 1, 1, 1)].contains(&ends), "{seen}");
        settled(breaker, 1);
    });
}

#[test]
fn of_two_that_end_as_they_are_counted_each_counts_once() {
    from_zero(2, || {
        let time = freeze();
        let breaker = breaker(stalling(3));
        let calls = [(); 2].map(|()| begin(breaker));
        time.advance(SECOND * 2);
        let others = calls.map(|call| thread::spawn(move || call.success()));
        advance(&time, breaker, SECOND / 4);
        notice(breaker);
        for other in others {
            other.join().unwrap();
        }
        settled(breaker, 2);
        assert_eq!(breaker.snapshot().stalled, breaker.snapshot().late);
    });
}

#[test]
fn two_that_notice_count_each_call_once() {
    from_zero(3, || {
        let time = freeze();
        let breaker = breaker(stalling(2));
        let calls = [(); 2].map(|()| begin(breaker));
        time.advance(SECOND * 9 / 4);
        let other = thread::spawn(move || breaker.state());
        let here = breaker.try_acquire();
        assert!(here.is_err(), "it has noticed, or the other has");
        assert_eq!(other.join().unwrap(), State::Open);
        let seen = breaker.snapshot();
        assert_eq!((seen.stalled, seen.transitions), (2, 1));
        succeed(calls);
        settled(breaker, 2);
    });
}

#[test]
fn a_call_that_begins_while_others_are_counted_is_not_forgotten() {
    from_zero(3, || {
        let time = freeze();
        let breaker = breaker(stalling(9));
        let first = begin(breaker);
        time.advance(SECOND * 9 / 4);
        let other = thread::spawn(move || begin(breaker));
        notice(breaker);
        let second = other.join().unwrap();
        time.advance(SECOND * 9 / 4);
        assert_eq!(breaker.snapshot().stalled, 2);
        succeed([first, second]);
        settled(breaker, 2);
    });
}

/// The list alone: the thread of a call sleeps between its look at the clock and its place in the list, and its
/// cohort is counted meanwhile.
#[test]
fn a_call_that_comes_too_late_to_be_listed_is_taken_for_no_other() {
    few(3, || {
        let list = Arc::new(InFlight::new(1 << 31));
        let (began, shift) = (1 << 40, list.stall().shift());
        let cohort = Cohort::of(1, began, shift);
        assert!(list.add(cohort));
        let other = thread::spawn({
            let list = Arc::clone(&list);
            move || list.add(cohort)
        });
        let after = began + (1 << 32);
        let taken = list.take_stalled(1, after).stalled.map_or(0, |stalled| stalled.calls);
        // Counted, and so is the other, if it came before.
        assert_eq!(list.remove(cohort), Left::Gone);
        assert_eq!(taken, 1 + u32::from(other.join().unwrap()));
    });
}

/// The word of a call's cohort goes to a later one while it ends: there are two words here.
#[test]
fn a_word_that_is_used_again_counts_no_call_of_before() {
    from_zero(3, || {
        let time = freeze();
        let breaker = breaker(stalling(9));
        let first = begin(breaker);
        time.advance(SECOND * 2);
        let other = thread::spawn(move || first.success());
        // Of the next cohorts, one has the same word.
        advance(&time, breaker, SECOND / 4);
        let next = [(); 2].map(|()| {
            time.advance(SECOND / 15);
            begin(breaker)
        });
        other.join().unwrap();
        let before = breaker.snapshot();
        assert_eq!((before.in_flight, before.successes + before.late), (Some(2), 1), "{before}");
        time.advance(SECOND * 9 / 4);
        assert_eq!(breaker.snapshot().stalled, before.stalled + 2);
        succeed(next);
        settled(breaker, 3);
    });
}

#[test]
fn a_period_that_ends_takes_its_calls_along() {
    from_zero(3, || {
        let time = freeze();
        let breaker = breaker(stalling(9));
        let first = begin(breaker);
        let other = thread::spawn(move || {
            first.success();
            begin(breaker)
        });
        breaker.reset();
        // Another cohort.
        time.advance(SECOND / 14);
        let second = begin(breaker);
        let third = other.join().unwrap();
        time.advance(SECOND * 9 / 4);
        let seen = breaker.snapshot();
        let epochs = [&second, &third].map(|permit| permit.raw.ticket().epoch());
        let of_this_period = if epochs[0] == epochs[1] { 2 } else { 1 };
        assert!(seen.stalled == of_this_period && seen.in_flight >= Some(1), "{seen}");
        assert_eq!(u64::from(seen.failures_in_a_row), seen.stalled);
        succeed([second, third]);
        settled(breaker, 3);
    });
}

#[test]
fn probes_of_two_rounds_stall_once_each() {
    from_zero(2, || {
        let time = freeze();
        let breaker = breaker(stalling(1).probe_timeout(SECOND).success_threshold(2).probes(4));
        begin(breaker).failure();
        time.advance(super::WAIT);
        let first = [(); 4].map(|()| begin(breaker));
        time.advance(SECOND);
        let later = begin(breaker);
        let other = thread::spawn(move || later.ignore());
        advance(&time, breaker, SECOND * 5 / 4);
        notice(breaker);
        other.join().unwrap();
        let seen = breaker.snapshot();
        assert!(seen.state == State::Open && (4..=5).contains(&seen.stalled), "{seen}");
        succeed(first);
        let seen = breaker.snapshot();
        // The first call of all was ignored, too.
        assert_eq!((seen.in_flight, seen.ignored + seen.late), (Some(0), 6));
    });
}

#[test]
fn a_key_that_waits_for_a_circuit_gets_it_when_the_last_call_has_ended() {
    from_zero(2, || {
        let _time = freeze();
        let name = Name::given("model");
        let breaker: &CircuitBreaker =
            Box::leak(Box::new(CircuitBreaker::build(name, stalling(9), Some(1))));
        let begin = |key| Caller::Key(breaker, key).block(Fallback::None).unwrap();
        let end = |(published, admission)| {
            let handle = crate::permit::KeyHandle { breaker: RefHandle(breaker), published };
            RawPermit::new(handle, admission).record(crate::Outcome::Success);
        };
        end(begin("key"));
        let first = begin("key");
        let other = thread::spawn(move || end(first));
        // It may come before the other has ended, or after.
        end(begin("next"));
        other.join().unwrap();
        end(begin("next"));
        assert!(breaker.snapshot_of("next").is_some());
    });
}
