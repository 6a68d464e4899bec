//! Streams that are the probes of a half-open circuit.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, Outcome, Reason, State, Window};

use super::{Asked, Item, Service, counts, guarded};
use crate::support::{FRAGILE, admits, breaker, fail, half_open, recorded, secs, succeed};

#[test]
fn the_first_item_is_the_success_of_a_probe() {
    let (_time, breaker) = half_open(FRAGILE);
    let (service, mut probe) = guarded(&breaker);
    probe.waits();
    assert_eq!(State::HalfOpen, breaker.state());
    service.says(Ok(1));
    probe.next();
    // The call goes on, and is counted when it has ended.
    assert_eq!((State::Closed, [0, 1, 0, 0]), (breaker.state(), counts(&breaker)));
    drop(probe);
    assert_eq!((State::Closed, [1, 1, 0, 0]), (breaker.state(), counts(&breaker)));
    assert_eq!(0, breaker.snapshot().late);
}

#[test]
fn a_probe_that_breaks_off_fails_the_circuit_that_it_has_closed() {
    let (_time, breaker) = half_open(FRAGILE);
    let (service, mut probe) = guarded(&breaker);
    service.says(Ok(1)).says(Err("reset"));
    probe.next();
    assert_eq!(State::Closed, breaker.state());
    probe.next();
    assert_eq!((State::Open, [0, 2, 0, 0]), (breaker.state(), counts(&breaker)));
    let reasons: Vec<Reason> =
        breaker.snapshot().recent_transitions.into_iter().map(|it| it.reason).collect();
    assert!(matches!(reasons[2], Reason::ProbesSucceeded { .. }), "{reasons:?}");
    assert!(matches!(reasons[3], Reason::FailuresInARow { .. }), "{reasons:?}");
}

#[test]
fn the_end_of_a_probe_counts_in_the_window_of_the_circuit_that_it_has_closed() {
    let config =
        Config::new().failure_rate(0.5).window(Window::Calls(10)).min_calls(1).recovery(secs(10));
    let (_time, breaker) = half_open(config);
    let (service, mut probe) = guarded(&breaker);
    service.says(Ok(1)).ends();
    probe.next();
    assert_eq!(0, breaker.snapshot().window.unwrap().calls);
    probe.next();
    let window = breaker.snapshot().window.unwrap();
    assert_eq!((1, 0), (window.calls, window.failures));
}

#[test]
fn an_err_as_first_item_fails_the_probe() {
    let (_time, breaker) = half_open(FRAGILE);
    let transitions = recorded(&breaker);
    let (service, mut probe) = guarded(&breaker);
    service.says(Err("reset"));
    probe.next();
    assert_eq!((State::Open, [0, 2, 0, 0]), (breaker.state(), counts(&breaker)));
    assert_eq!(State::Open, transitions.lock().unwrap().last().unwrap().to);
}

#[test]
fn a_probe_that_ends_without_an_item_is_a_success() {
    let (_time, breaker) = half_open(FRAGILE);
    let (service, mut probe) = guarded(&breaker);
    service.ends();
    probe.next();
    assert_eq!((State::Closed, [1, 1, 0, 0]), (breaker.state(), counts(&breaker)));
}

#[test]
fn ignored_items_are_no_answer_of_a_probe() {
    let judge = |&item: &u32| if item == 0 { Outcome::Ignored } else { Outcome::Success };
    for answers in [true, false] {
        let (time, breaker) = half_open(FRAGILE.probe_timeout(secs(20)));
        let (service, answer) = Service::<u32>::new();
        let mut probe = Asked::new(breaker.guard_stream_with(judge, answer));
        service.says(0).says(0);
        probe.next();
        time.advance(secs(19));
        probe.next();
        assert_eq!(State::HalfOpen, breaker.state());
        assert!(!admits(&breaker), "the probe has its place until it answers or ends");
        if answers {
            service.says(1);
            probe.next();
            assert_eq!(State::Closed, breaker.state());
        } else {
            service.ends();
            probe.next();
            assert_eq!((State::HalfOpen, [0, 1, 1, 0]), (breaker.state(), counts(&breaker)));
            assert!(admits(&breaker));
        }
    }
}

#[test]
fn a_probe_with_ignored_items_only_does_not_keep_others_from_probing_for_long() {
    let (time, breaker) = half_open(FRAGILE.probe_timeout(secs(20)));
    let (service, answer) = Service::<u32>::new();
    let mut probe = Asked::new(breaker.guard_stream_with(|_| Outcome::Ignored, answer));
    service.says(0).says(0);
    probe.next();
    assert!(!admits(&breaker));
    time.advance(secs(20));
    probe.next();
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_probe_that_is_dropped_before_its_first_item_gives_its_place_back() {
    let (_time, breaker) = half_open(FRAGILE);
    let (_service, mut probe) = guarded(&breaker);
    probe.waits();
    assert!(!admits(&breaker));
    drop(probe);
    assert!(admits(&breaker));
    assert_eq!((State::HalfOpen, [0, 1, 0, 1]), {
        let [successes, failures, _, cancelled] = counts(&breaker);
        (breaker.state(), [successes, failures, 0, cancelled])
    });
}

#[test]
fn a_slow_first_item_fails_the_probe_and_the_end_is_late() {
    let (time, breaker) = half_open(FRAGILE.slow_call(secs(2)));
    let (service, mut probe) = guarded(&breaker);
    probe.waits();
    time.advance(secs(2));
    service.says(Ok(1)).says(Err("reset"));
    probe.next();
    assert_eq!(State::Open, breaker.state());
    probe.next();
    assert_eq!((1, [0, 1, 0, 0]), (breaker.snapshot().late, counts(&breaker)));
}

#[test]
fn an_answer_stays_slow_or_quick_when_slow_call_changes() {
    let config = FRAGILE.success_threshold(2).probes(3);
    for (before, after, was_slow) in [
        (config.slow_call(secs(1)), config, true),
        (config.slow_call(secs(1)), config.slow_call(secs(9)), true),
        (config.slow_call(secs(9)), config.slow_call(secs(1)), false),
    ] {
        for end in [Some(Err("reset")), None] {
            let (time, breaker) = half_open(before);
            let (service, mut probe) = guarded(&breaker);
            probe.waits();
            time.advance(secs(2));
            service.says(Ok(1));
            probe.next();
            breaker.reconfigure(after).unwrap();
            // One answer for each probe: a slow one has failed, and a quick one is taken back by an `Err` only.
            end.map_or_else(|| service.ends(), |end| service.says(end));
            let _ = probe.next();
            let is_success = !was_slow && end.is_none();
            assert_eq!(State::HalfOpen, breaker.state());
            succeed(&breaker, 1);
            assert_eq!(is_success, breaker.state() == State::Closed, "{was_slow} {end:?}");
            if !is_success {
                succeed(&breaker, 1);
                assert_eq!(State::Closed, breaker.state(), "{was_slow} {end:?}");
            }
        }
    }
}

#[test]
fn a_slow_answer_takes_no_success_of_another_probe_with_it() {
    let config = FRAGILE.success_threshold(2).probes(3);
    let (time, breaker) = half_open(config.slow_call(secs(1)));
    succeed(&breaker, 1);
    let (service, mut probe) = guarded(&breaker);
    probe.waits();
    time.advance(secs(1));
    service.says(Ok(1)).says(Err("reset"));
    probe.next();
    breaker.reconfigure(config).unwrap();
    probe.next();
    assert_eq!(State::HalfOpen, breaker.state());
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn two_streams_close_a_circuit_that_asks_for_two() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2));
    let (first, mut one) = guarded(&breaker);
    let (second, mut two) = guarded(&breaker);
    first.says(Ok(1));
    one.next();
    assert_eq!(State::HalfOpen, breaker.state());
    second.says(Ok(1));
    two.next();
    assert_eq!(State::Closed, breaker.state());
    // Both are calls of the closed circuit now, also the one whose answer didn't close it.
    first.ends();
    one.next();
    assert_eq!((0, [1, 1, 0, 0]), (breaker.snapshot().late, counts(&breaker)));
    second.says(Err("reset"));
    two.next();
    assert_eq!((State::Open, [1, 2, 0, 0]), (breaker.state(), counts(&breaker)));
}

#[test]
fn a_probe_that_breaks_off_while_others_still_probe_takes_its_answer_back() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
    let (first, mut one) = guarded(&breaker);
    first.says(Ok(1)).says(Err("reset"));
    one.next();
    one.next();
    assert_eq!((State::HalfOpen, [0, 2, 0, 0]), (breaker.state(), counts(&breaker)));
    // One success isn't enough any more, and a second failure is too many.
    succeed(&breaker, 1);
    assert_eq!(State::HalfOpen, breaker.state());
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
}

#[test]
fn an_end_while_others_still_probe_is_no_second_answer() {
    let (_time, breaker) = half_open(FRAGILE.success_threshold(2));
    let (first, mut one) = guarded(&breaker);
    first.says(Ok(1)).ends();
    one.next();
    one.next();
    assert_eq!((State::HalfOpen, [1, 1, 0, 0]), (breaker.state(), counts(&breaker)));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn a_failure_is_late_once_the_circuit_has_opened_again_or_was_reset() {
    let (_time, breaker) = half_open(FRAGILE);
    let (service, mut probe) = guarded(&breaker);
    service.says(Ok(1)).says(Err("reset"));
    probe.next();
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
    probe.next();
    assert_eq!((1, [0, 2, 0, 0]), (breaker.snapshot().late, counts(&breaker)));

    let (_time, breaker) = half_open(FRAGILE.success_threshold(2));
    let (service, mut probe) = guarded(&breaker);
    service.says(Ok(1)).says(Err("reset"));
    probe.next();
    breaker.reset();
    probe.next();
    assert_eq!((1, State::Closed), (breaker.snapshot().late, breaker.state()));
}

#[test]
fn a_probe_of_an_earlier_round_that_has_answered_belongs_to_the_closed_circuit() {
    let config = FRAGILE.success_threshold(2).probes(2).probe_timeout(secs(5));
    let (time, breaker) = half_open(config);
    let (first, mut one) = guarded(&breaker);
    let (_hangs, mut two) = guarded(&breaker);
    first.says(Ok(1)).says(Err("reset"));
    one.next();
    two.waits();
    assert!(!admits(&breaker));
    // A second round.
    time.advance(secs(5));
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
    one.next();
    assert_eq!((State::Open, 0), (breaker.state(), breaker.snapshot().late));
}

#[test]
fn only_calls_admitted_half_open_are_probes() {
    let (time, breaker) = (freeze(), breaker(FRAGILE));
    let (service, mut old) = guarded(&breaker);
    old.waits();
    fail(&breaker, 1);
    time.advance(secs(10));
    let (_service, mut probe) = guarded(&breaker);
    probe.waits();
    service.says(Ok(1));
    old.next();
    assert_eq!(State::HalfOpen, breaker.state());
    drop(old);
    assert_eq!((1, [0, 1, 0, 0]), (breaker.snapshot().late, counts(&breaker)));
}

#[test]
fn a_circuit_that_is_disabled_meanwhile_is_not_closed() {
    let (_time, breaker) = half_open(FRAGILE);
    let (service, mut probe) = guarded(&breaker);
    probe.waits();
    breaker.disable();
    service.says(Ok(1));
    probe.next();
    breaker.resume();
    assert_eq!(State::HalfOpen, breaker.state());
    drop(probe);
    assert_eq!((State::Closed, [1, 1, 0, 0]), (breaker.state(), counts(&breaker)));
}

#[test]
fn a_probe_keeps_its_place_in_the_bulkhead_when_it_has_answered() {
    let (_time, breaker) = half_open(FRAGILE.max_concurrent(1));
    let (service, answer) = Service::<Item>::new();
    let mut probe = Asked::new(breaker.guard_stream(answer));
    service.says(Ok(1));
    probe.next();
    assert_eq!(State::Closed, breaker.state());
    assert!(!admits(&breaker));
    drop(probe);
    assert!(admits(&breaker));
}
