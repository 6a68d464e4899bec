//! `stall` under modes, `reset`, `reconfigure` and a clock that goes back.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, Mode, Permit, State};

use super::{COUNTING, hang, run, stalled};
use crate::support::{FRAGILE, NANOSECOND, admits, breaker, end, fail, millis, secs};

#[test]
fn the_list_belongs_to_the_period() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let hung = hang(&breaker, 5);
    time.advance(secs(1));
    breaker.reset();
    time.advance(secs(9));
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.in_flight), (0, Some(5)), "they are in flight all the same");
    hung.into_iter().for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.stalled, seen.late, seen.in_flight), (0, 5, Some(0)));
}

#[test]
fn calls_in_flight_are_counted_until_they_end() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    assert_eq!(breaker.snapshot().in_flight, Some(0));
    let mut hung = hang(&breaker, 3);
    time.advance(secs(1));
    hung.extend(hang(&breaker, 2));
    assert_eq!(breaker.snapshot().in_flight, Some(5));
    time.advance(millis(1_500));
    assert_eq!((stalled(&breaker), breaker.snapshot().in_flight), (3, Some(5)));
    for left in (0..5).rev() {
        drop(hung.pop());
        assert_eq!(breaker.snapshot().in_flight, Some(left));
    }
    breaker.reconfigure(Config::new()).unwrap();
    assert_eq!(breaker.snapshot().in_flight, None);
}

#[test]
fn what_stalls_while_a_circuit_is_disabled_is_dropped() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let [stays, ends, stalled_before] = [(); 3].map(|()| breaker.try_acquire().unwrap());
    time.advance(secs(1));
    let begun_late = breaker.try_acquire().unwrap();
    time.advance(millis(1_250));
    breaker.disable();
    assert_eq!(stalled(&breaker), 3, "before that they count");
    time.advance(secs(1));
    breaker.resume();
    time.advance(secs(1));
    assert_eq!(stalled(&breaker), 3);
    begun_late.success();
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.late), (1, 0), "its outcome counts as any");
    for stalled in [stays, ends, stalled_before] {
        stalled.success();
    }
    assert_eq!((breaker.snapshot().successes, breaker.snapshot().late), (1, 3));
}

#[test]
fn what_is_in_flight_when_the_circuit_is_enabled_again_still_stalls() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let _hung = hang(&breaker, 2);
    breaker.disable();
    let unjudged = breaker.try_acquire().unwrap();
    time.advance(secs(1));
    breaker.resume();
    time.advance(secs(9));
    assert_eq!(stalled(&breaker), 2, "a call that nobody judges isn't one of them");
    unjudged.success();
    assert_eq!((breaker.snapshot().successes, breaker.snapshot().late), (1, 0));
}

#[test]
fn what_shadow_lets_through_is_not_on_the_list() {
    let (time, breaker) = (freeze(), breaker(FRAGILE.stall(secs(2))));
    breaker.shadow();
    fail(&breaker, 1);
    let _rejected = hang(&breaker, 5);
    assert_eq!(breaker.snapshot().in_flight, Some(0));
    time.advance(secs(9));
    assert_eq!((stalled(&breaker), breaker.mode()), (0, Mode::Shadow));
}

#[test]
fn what_began_before_forced_open_is_judged() {
    let (time, breaker) = (freeze(), breaker(COUNTING.threshold(2)));
    let _hung = hang(&breaker, 2);
    breaker.force_open();
    time.advance(secs(3));
    assert!(!admits(&breaker));
    breaker.resume();
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_limit_that_is_changed_holds_for_calls_in_flight() {
    let (time, breaker) = (freeze(), breaker(COUNTING.stall(secs(60))));
    let first = hang(&breaker, 1);
    time.advance(secs(5));
    breaker.reconfigure(COUNTING.stall(secs(10))).unwrap();
    let second = hang(&breaker, 1);
    time.advance(secs(5) - NANOSECOND);
    assert_eq!(stalled(&breaker), 0);
    // A sixteenth of the longer limit.
    time.advance(secs(4));
    assert_eq!(stalled(&breaker), 1);
    breaker.reconfigure(COUNTING.stall(secs(100))).unwrap();
    time.advance(secs(50));
    assert_eq!(stalled(&breaker), 1);
    second.into_iter().for_each(Permit::success);
    first.into_iter().for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.late, seen.in_flight), (1, 1, Some(0)));
}

#[test]
fn what_has_stalled_by_the_old_limit_counts_before_a_new_one_holds() {
    for config in [COUNTING.stall(secs(60)), Config::new()] {
        let (time, breaker) = (freeze(), breaker(COUNTING));
        let _hung = hang(&breaker, 2);
        time.advance(secs(9));
        breaker.reconfigure(config).unwrap();
        assert_eq!(stalled(&breaker), 2);
    }
}

#[test]
fn without_the_rule_nothing_stalls_any_more() {
    let (time, breaker) = (freeze(), breaker(COUNTING));
    let hung = hang(&breaker, 2);
    breaker.reconfigure(Config::new()).unwrap();
    let unlisted = hang(&breaker, 1);
    time.advance(secs(9));
    assert_eq!((stalled(&breaker), breaker.snapshot().in_flight), (0, None));
    breaker.reconfigure(COUNTING).unwrap();
    assert_eq!(stalled(&breaker), 2, "they were listed when they began");
    hung.into_iter().chain(unlisted).for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.late), (1, 2));
    end(&breaker, circuit_runtime::Outcome::Success);
}

#[test]
fn a_clock_that_goes_back_prolongs_nothing() {
    let breaker = breaker(COUNTING);
    let zero = freeze();
    let time = freeze();
    time.advance(secs(100));
    let hung = hang(&breaker, 2);
    drop(time);
    assert_eq!(stalled(&breaker), 2, "nobody knows how long they have run");
    let again = hang(&breaker, 1);
    zero.advance(secs(1));
    again.into_iter().chain(hung).for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.late, seen.in_flight), (1, 2, Some(0)));
}

#[test]
fn a_success_of_before_the_clock_went_back_is_none_since_a_call_hung() {
    let zero = freeze();
    let breaker = breaker(COUNTING);
    let later = freeze();
    later.advance(secs(100));
    hang(&breaker, 1).into_iter().for_each(Permit::success);
    drop(later);
    let _hung = hang(&breaker, 5);
    zero.advance(millis(2_250));
    assert_eq!((stalled(&breaker), run(&breaker)), (5, 5), "each counts");
}

#[test]
fn what_stalls_after_the_clock_went_back_is_not_what_was_dropped_before() {
    let zero = freeze();
    let breaker = breaker(COUNTING);
    let later = freeze();
    later.advance(secs(1));
    breaker.disable();
    breaker.resume();
    let dropped = hang(&breaker, 1);
    breaker.disable();
    later.advance(secs(60));
    breaker.resume();
    dropped.into_iter().for_each(Permit::success);
    drop(later);
    zero.advance(secs(1));
    let hung = hang(&breaker, 1);
    zero.advance(millis(2_250));
    assert_eq!(stalled(&breaker), 1);
    hung.into_iter().for_each(Permit::success);
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.late), (1, 1), "{seen}");
}
