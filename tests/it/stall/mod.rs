//! Calls that hang: `stall`.

mod keys;
mod operated;
mod pairs;
mod parts;
mod streams;
mod threads;

use std::ops::RangeInclusive;
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Config, Permit, Rejection, State, Window};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, crashes, fail, half_open, millis, reason, recorded, secs,
    succeed,
};

/// So many failures in a row as never come here: what stalls is only counted.
const COUNTING: Config = Config::new().threshold(1_000_000).stall(secs(2));

fn hang(breaker: &CircuitBreaker, calls: usize) -> Vec<Permit<'_>> {
    (0..calls).map(|_| breaker.try_acquire().unwrap()).collect()
}

/// Of an annotated function that has been called.
fn circuit(name: &str) -> &'static CircuitBreaker {
    circuit_runtime::find(name).expect("it has been called")
}

fn stalled(breaker: &CircuitBreaker) -> u64 {
    breaker.snapshot().stalled
}

fn run(breaker: &CircuitBreaker) -> u32 {
    breaker.snapshot().failures_in_a_row
}

/// How long after it began a call counts that hangs, for calls that begin at various times, in steps
/// of this length.
fn counted_after(stall: Duration, step: Duration) -> RangeInclusive<Duration> {
    let mut seen: Option<[Duration; 2]> = None;
    for offset in 0..40 {
        let (time, breaker) = (freeze(), breaker(COUNTING.stall(stall)));
        time.advance(stall * offset / 37);
        let _hung = hang(&breaker, 1);
        let mut after = Duration::ZERO;
        while stalled(&breaker) == 0 {
            assert!(after <= stall * 2, "it never counts");
            time.advance(step);
            after += step;
        }
        let [least, most] = seen.unwrap_or([after; 2]);
        seen = Some([least.min(after), most.max(after)]);
    }
    let [least, most] = seen.unwrap();
    least..=most
}

#[test]
fn a_call_counts_when_it_stalls_never_earlier_and_at_most_an_eighth_later() {
    for stall in [2_000, 1_000, 999, 640, 100, 7_000].map(millis) {
        let after = counted_after(stall, (stall / 2_000).max(NANOSECOND));
        let eighth = stall / 8;
        assert!(*after.start() >= stall && *after.end() <= stall + eighth, "{stall:?}: {after:?}");
    }
}

#[test]
fn the_shortest_limits_count_to_some_nanoseconds() {
    for nanos in [1, 2, 15, 16, 17, 100] {
        let stall = Duration::from_nanos(nanos);
        let after = counted_after(stall, NANOSECOND);
        let latest = stall + Duration::from_nanos(nanos / 16);
        assert!(*after.start() >= stall && *after.end() <= latest, "{stall:?}: {after:?}");
    }
}

#[test]
fn a_limit_as_long_as_can_be_is_never_reached() {
    let (time, breaker) = (freeze(), breaker(COUNTING.stall(Duration::MAX)));
    let hung = hang(&breaker, 3);
    time.advance(secs(1_000_000_000));
    assert_eq!((stalled(&breaker), breaker.snapshot().in_flight), (0, Some(3)));
    hung.into_iter().for_each(Permit::success);
    assert_eq!((breaker.snapshot().successes, breaker.snapshot().in_flight), (3, Some(0)));
}

/// A circuit of the contract: twenty calls hang, and nothing succeeds.
fn twenty_hang() -> (Frozen, CircuitBreaker) {
    (freeze(), breaker(Config::new().threshold(20).stall(secs(2))))
}

#[test]
fn twenty_calls_that_hang_open_the_circuit_by_a_quarter_second_after_the_limit() {
    for offset in 0..130 {
        let (time, breaker) = twenty_hang();
        time.advance(millis(offset));
        let _hung = hang(&breaker, 20);
        time.advance(millis(1_999));
        assert!(admits(&breaker), "offset {offset}");
        time.advance(millis(251));
        assert_eq!(reason(&breaker), Rejection::Open, "offset {offset}");
        let seen = breaker.snapshot();
        assert_eq!((seen.stalled, seen.failures, seen.transitions), (20, 20, 1));
    }
}

#[test]
fn to_the_millisecond_no_call_is_rejected_before_the_limit() {
    let (time, breaker) = twenty_hang();
    let _hung = hang(&breaker, 20);
    for _ in 0..2_000 {
        assert!(admits(&breaker));
        time.advance(millis(1));
    }
    let rejects = (0..=250).find(|_| {
        let rejects = !admits(&breaker);
        time.advance(millis(1));
        rejects
    });
    assert!(rejects.is_some());
}

#[test]
fn half_of_a_time_window_that_hangs_opens_the_circuit() {
    for offset in 0..130 {
        let config = Config::new().failure_rate(0.5).window(Window::Time(secs(10)));
        let (time, breaker) = (freeze(), breaker(config.stall(secs(2))));
        time.advance(millis(offset));
        succeed(&breaker, 10);
        let _hung = hang(&breaker, 10);
        time.advance(millis(1_999));
        assert_eq!(breaker.state(), State::Closed);
        time.advance(millis(251));
        assert_eq!(breaker.state(), State::Open, "offset {offset}");
    }
}

#[test]
fn nineteen_that_hang_are_too_few_for_twenty() {
    let (time, breaker) = twenty_hang();
    let _hung = hang(&breaker, 19);
    time.advance(secs(3));
    assert_eq!((breaker.state(), run(&breaker)), (State::Closed, 19));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn whatever_a_call_returns_that_has_stalled_comes_late() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let [one, two, three, four] = <[_; 4]>::try_from(hang(&breaker, 4)).unwrap();
    time.advance(secs(3));
    assert_eq!(stalled(&breaker), 4);
    one.success();
    two.failure();
    three.ignore();
    drop(four);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.failures, seen.stalled, seen.late), (0, 4, 4, 4));
    assert_eq!((seen.ignored, seen.cancelled, seen.failures_in_a_row), (0, 0, 4));
}

#[test]
fn what_ends_in_time_is_off_the_list() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let [one, two, three, four] = <[_; 4]>::try_from(hang(&breaker, 4)).unwrap();
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crate::support::crash() })));
    time.advance(secs(2) - NANOSECOND);
    one.success();
    two.failure();
    three.ignore();
    drop(four);
    time.advance(secs(10));
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.failures, seen.ignored, seen.cancelled), (1, 2, 1, 1));
    assert_eq!((seen.stalled, seen.late, seen.in_flight), (0, 0, Some(0)));
}

#[test]
fn a_call_that_nobody_has_looked_at_notices_itself_when_it_ends() {
    let (time, breaker) = (freeze(), breaker(COUNTING.threshold(1)));
    let seen = recorded(&breaker);
    let hung = hang(&breaker, 1);
    time.advance(secs(60));
    hung.into_iter().for_each(Permit::success);
    assert_eq!(seen.lock().unwrap().len(), 1, "it has opened");
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.stalled, seen.late), (0, 1, 1));
}

/// Each of these finds what has stalled, and nothing else has to happen.
#[test]
fn whoever_comes_by_notices() {
    type ComesBy = fn(&CircuitBreaker, Permit<'_>);
    let comes_by: [(&str, ComesBy); 6] = [
        ("an admission", |breaker, _| drop(breaker.try_acquire())),
        ("a success", |_, other| other.success()),
        ("a failure", |_, other| other.failure()),
        ("a cancellation", |_, other| drop(other)),
        ("state", |breaker, _| assert_eq!(breaker.state(), State::Open)),
        ("snapshot", |breaker, _| assert_eq!(breaker.snapshot().stalled, 2)),
    ];
    for (what, come_by) in comes_by {
        let (time, breaker) = (freeze(), breaker(Config::new().threshold(2).stall(secs(2))));
        let seen = recorded(&breaker);
        let _hung = hang(&breaker, 2);
        time.advance(secs(1));
        let [other] = <[_; 1]>::try_from(hang(&breaker, 1)).unwrap();
        time.advance(millis(1_250));
        assert_eq!(seen.lock().unwrap().len(), 0, "there is no timer");
        come_by(&breaker, other);
        assert_eq!(seen.lock().unwrap().len(), 1, "{what}");
    }
}

#[test]
fn stalled_calls_noticed_together_are_one_failure_amid_successes() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let _hung = hang(&breaker, 50);
    time.advance(secs(2));
    succeed(&breaker, 1);
    time.advance(millis(250));
    assert_eq!((run(&breaker), stalled(&breaker)), (1, 50));
}

#[test]
fn without_a_success_since_the_first_may_have_stalled_each_counts() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    // The cohort begins up to a sixteenth before the calls.
    let _hung = hang(&breaker, 50);
    time.advance(secs(2) - millis(125));
    succeed(&breaker, 1);
    time.advance(millis(375));
    assert_eq!((run(&breaker), stalled(&breaker)), (50, 50));
}

#[test]
fn one_percent_that_hangs_leaves_a_healthy_circuit_closed() {
    let (time, breaker) = (freeze(), breaker(Config::new().stall(secs(3))));
    let mut hung = Vec::new();
    for call in 0..20_000 {
        let permit = breaker.try_acquire().expect("it is healthy");
        if call % 100 == 0 {
            hung.push(permit);
        } else {
            permit.success();
        }
        time.advance(millis(1));
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.transitions), (State::Closed, 0));
    assert!(seen.stalled >= 168, "{seen}");
}

#[test]
fn all_that_hang_open_it_however_many_succeeded_before() {
    let (time, breaker) = (freeze(), breaker(Config::new().stall(secs(3))));
    for _ in 0..1_000 {
        succeed(&breaker, 1);
        time.advance(millis(1));
    }
    let mut hung = Vec::new();
    let opens = (0..5_000).find(|_| {
        time.advance(millis(1));
        match breaker.try_acquire() {
            Ok(permit) => hung.push(permit),
            Err(_) => return true,
        }
        false
    });
    let opens = opens.expect("it opens");
    assert!((3_000..=3_375).contains(&opens), "{opens}");
}

#[test]
fn a_probe_that_stalls_has_failed() {
    let (time, breaker) = half_open(FRAGILE.stall(secs(2)));
    let _probe = hang(&breaker, 1);
    time.advance(secs(2) - NANOSECOND);
    assert_eq!(breaker.state(), State::HalfOpen);
    time.advance(millis(250));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.snapshot().stalled, 1);
}

#[test]
fn probes_that_stall_are_failures_among_others_in_whatever_round() {
    let config = FRAGILE.success_threshold(2).probes(3).probe_timeout(millis(100)).stall(secs(2));
    let (time, breaker) = half_open(config);
    let _first = hang(&breaker, 3);
    time.advance(millis(100));
    let [next, well] = <[_; 2]>::try_from(hang(&breaker, 2)).unwrap();
    well.success();
    assert_eq!(breaker.state(), State::HalfOpen);
    time.advance(millis(2_250));
    // Three failed, of which two decide.
    assert_eq!(breaker.state(), State::Open);
    next.success();
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.late, seen.in_flight), (4, 1, Some(3)));
}

#[test]
fn a_probe_of_a_later_round_that_ends_in_time_is_off_the_list() {
    let config = FRAGILE.success_threshold(2).probes(9).probe_timeout(millis(10)).stall(secs(2));
    let (time, breaker) = half_open(config);
    let first = hang(&breaker, 9);
    time.advance(millis(10));
    let later = hang(&breaker, 1);
    later.into_iter().for_each(Permit::failure);
    time.advance(secs(1));
    first.into_iter().for_each(Permit::ignore);
    time.advance(secs(9));
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.stalled, seen.in_flight), (State::HalfOpen, 0, Some(0)));
}
