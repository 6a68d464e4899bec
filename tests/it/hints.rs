//! What a program tells a circuit that it knows of the service: `open_for`, `extend`, `probe_now`, `suspect`.

use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Mode, Outcome, Reason, State, Window};

use crate::support::{
    FRAGILE, NANOSECOND, admits, breaker, end, fail, half_open, rejection, secs, succeed,
};

/// What is left of the wait.
fn wait(breaker: &CircuitBreaker) -> Duration {
    rejection(breaker).retry_after().unwrap()
}

fn latest_reason(breaker: &CircuitBreaker) -> Reason {
    breaker.snapshot().recent_transitions.last().expect("a transition").reason.clone()
}

#[test]
fn open_for_opens_a_closed_circuit_for_exactly_that_time() {
    let time = freeze();
    let breaker = breaker(Config::new());
    breaker.open_for(secs(7));
    assert_eq!((breaker.state(), wait(&breaker)), (State::Open, secs(7)));
    assert!(matches!(latest_reason(&breaker), Reason::Requested { wait, .. } if wait == secs(7)));
    time.advance(secs(7) - NANOSECOND);
    assert!(!admits(&breaker));
    time.advance(NANOSECOND);
    assert_eq!(breaker.state(), State::HalfOpen);
    succeed(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn open_for_reopens_a_half_open_circuit_and_its_probes_come_late() {
    let (_time, breaker) = half_open(FRAGILE.probes(3));
    let probe = breaker.try_acquire().unwrap();
    breaker.open_for(secs(7));
    probe.success();
    assert_eq!((breaker.state(), wait(&breaker)), (State::Open, secs(7)));
    assert_eq!(breaker.snapshot().late, 1);
}

#[test]
fn open_for_keeps_the_later_end_of_an_open_circuit() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.open_for(secs(4));
    assert_eq!(wait(&breaker), secs(10));
    breaker.open_for(secs(100));
    assert_eq!(wait(&breaker), secs(100));
    time.advance(secs(90));
    breaker.open_for(secs(4));
    assert_eq!(wait(&breaker), secs(10), "and isn't granted anew what was asked for before");
    assert_eq!(breaker.snapshot().transitions, 1, "it has been open all the time");
}

#[test]
fn open_for_goes_no_further_than_max_recovery_and_is_lengthened_by_jitter() {
    let _time = freeze();
    let capped = breaker(FRAGILE.max_recovery(secs(60)));
    capped.open_for(secs(3_600));
    assert_eq!(wait(&capped), secs(60));
    let waits = (0..200).map(|_| {
        let spread = breaker(FRAGILE.jitter(0.2));
        spread.open_for(secs(100));
        wait(&spread)
    });
    let waits: Vec<_> = waits.collect();
    assert!(waits.iter().all(|wait| (secs(100)..=secs(120)).contains(wait)));
    assert!(waits.iter().any(|wait| *wait > secs(110)));
}

#[test]
fn open_for_is_not_in_the_row_of_openings() {
    let time = freeze();
    let breaker = breaker(FRAGILE.backoff(2.0));
    breaker.open_for(secs(5));
    time.advance(secs(5));
    fail(&breaker, 1);
    assert_eq!(wait(&breaker), secs(10), "the first wait by the rules");
}

#[test]
fn nothing_is_asked_for_by_zero() {
    let breaker = breaker(Config::new());
    breaker.open_for(Duration::ZERO);
    breaker.suspect(Duration::ZERO);
    fail(&breaker, 4);
    assert_eq!((breaker.state(), breaker.snapshot().transitions), (State::Closed, 0));
}

#[test]
fn extend_lengthens_a_wait_and_never_shortens_it() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.extend(secs(4));
    assert_eq!(wait(&breaker), secs(10));
    breaker.extend(secs(15));
    assert_eq!(wait(&breaker), secs(15));
    time.advance(secs(15) - NANOSECOND);
    assert!(!admits(&breaker));
    time.advance(NANOSECOND);
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn extend_never_opens() {
    let (_time, half_open) = half_open(FRAGILE);
    drop(half_open.try_acquire());
    for breaker in [breaker(Config::new()), half_open] {
        let before = breaker.state();
        breaker.extend(secs(30));
        assert_eq!(breaker.state(), before);
        assert!(admits(&breaker));
    }
}

#[test]
fn extend_goes_at_most_max_recovery_past_the_circuits_own_deadline() {
    let time = freeze();
    let breaker = breaker(FRAGILE.max_recovery(secs(20)));
    fail(&breaker, 1);
    // Its own deadline is after 10 s.
    for second in 1..30 {
        time.advance(secs(1));
        breaker.extend(secs(8));
        assert_eq!(
            wait(&breaker),
            secs(8.min(30 - second)).max(secs(10_u64.saturating_sub(second)))
        );
    }
    time.advance(secs(1));
    breaker.extend(secs(8));
    assert_eq!(breaker.state(), State::HalfOpen, "then it asks the service itself");
}

#[test]
fn extend_goes_ten_recoveries_past_without_max_recovery() {
    let _time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.extend(Duration::MAX);
    assert_eq!(wait(&breaker), secs(10 + 100));
}

#[test]
fn extend_holds_for_a_circuit_whose_wait_is_over_until_a_call_has_come() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    time.advance(secs(12));
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.extend(secs(5));
    assert_eq!((breaker.state(), wait(&breaker)), (State::Open, secs(5)));
}

#[test]
fn each_opening_has_a_deadline_of_its_own_to_extend() {
    let time = freeze();
    let breaker = breaker(FRAGILE.max_recovery(secs(20)));
    fail(&breaker, 1);
    breaker.extend(secs(3_600));
    assert_eq!(wait(&breaker), secs(30));
    time.advance(secs(30));
    fail(&breaker, 1);
    breaker.extend(secs(3_600));
    assert_eq!(wait(&breaker), secs(30));
    time.advance(secs(30));
    succeed(&breaker, 1);
    breaker.open_for(secs(5));
    breaker.extend(secs(3_600));
    assert_eq!(wait(&breaker), secs(25), "one that was asked for, too");
}

#[test]
fn after_probe_now_the_next_call_is_the_probe() {
    let _time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.probe_now();
    assert_eq!(breaker.state(), State::HalfOpen);
    let probe = breaker.try_acquire().unwrap();
    assert!(!admits(&breaker), "and no other");
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn probe_now_ends_a_wait_without_an_end() {
    type Way = (Config, fn(&CircuitBreaker));

    let time = freeze();
    let ways: [Way; 3] = [
        (FRAGILE.recovery(Duration::MAX), |breaker| fail(breaker, 1)),
        (FRAGILE, |breaker| breaker.open_for(Duration::MAX)),
        // As good as without an end: 580 years.
        (FRAGILE.recovery(secs(580 * 365 * 86_400)), |breaker| fail(breaker, 1)),
    ];
    for (config, open) in ways {
        let breaker = breaker(config);
        open(&breaker);
        time.advance(secs(1));
        breaker.probe_now();
        time.advance(secs(1));
        assert_eq!(breaker.state(), State::HalfOpen);
        succeed(&breaker, 1);
        assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn a_probe_that_was_called_for_decides_as_any_other() {
    let time = freeze();
    let breaker = breaker(FRAGILE.backoff(2.0));
    fail(&breaker, 1);
    time.advance(secs(1));
    breaker.probe_now();
    fail(&breaker, 1);
    assert_eq!(wait(&breaker), secs(20));
}

#[test]
fn probe_now_does_nothing_to_a_circuit_that_is_not_open() {
    let (_time, half_open) = half_open(FRAGILE);
    let probe = half_open.try_acquire().unwrap();
    half_open.probe_now();
    assert!(!admits(&half_open));
    drop(probe);
    let closed = breaker(Config::new());
    closed.probe_now();
    assert_eq!((closed.state(), closed.snapshot().transitions), (State::Closed, 0));
}

#[test]
fn a_wait_that_probe_now_has_ended_can_be_extended() {
    let _time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.probe_now();
    breaker.extend(secs(3));
    assert_eq!(wait(&breaker), secs(3));
}

#[test]
fn a_suspected_circuit_opens_at_the_next_failure() {
    for config in [
        Config::new().threshold(5),
        Config::new().failure_rate(0.5),
        Config::new().failure_count(50),
        Config::new().throttle(0.5),
    ] {
        let _time = freeze();
        let breaker = breaker(config);
        succeed(&breaker, 3);
        breaker.suspect(secs(10));
        succeed(&breaker, 3);
        assert_eq!(breaker.state(), State::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), State::Open);
        let reason = latest_reason(&breaker);
        assert!(matches!(reason, Reason::Suspected { failures: 1, .. }), "{reason:?}");
        assert_eq!(reason.to_string(), "1 failure under suspicion");
    }
}

#[test]
fn a_suspicion_opens_no_circuit_by_itself() {
    let _time = freeze();
    let breaker = breaker(Config::new().threshold(5));
    fail(&breaker, 3);
    breaker.suspect(secs(10));
    assert_eq!(breaker.state(), State::Closed, "whatever has failed before");
    succeed(&breaker, 1);
    end(&breaker, Outcome::Ignored);
    drop(breaker.try_acquire());
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_suspicion_ends_after_its_time() {
    let time = freeze();
    let breaker = breaker(Config::new().threshold(3));
    breaker.suspect(secs(10));
    time.advance(secs(10));
    fail(&breaker, 2);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    let reason = latest_reason(&breaker);
    assert!(matches!(reason, Reason::FailuresInARow { failures: 3, threshold: 3, .. }));
}

#[test]
fn a_suspicion_lasts_to_its_last_nanosecond() {
    let time = freeze();
    let breaker = breaker(Config::new().threshold(3));
    breaker.suspect(secs(10));
    time.advance(secs(10) - NANOSECOND);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn the_latest_suspicion_holds() {
    let time = freeze();
    let breaker = breaker(Config::new().threshold(3));
    breaker.suspect(secs(100));
    breaker.suspect(secs(1));
    time.advance(secs(1));
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
    breaker.suspect(secs(100));
    breaker.suspect(Duration::ZERO);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_circuit_that_has_closed_by_its_own_probe_or_was_reset_trusts() {
    let time = freeze();
    let probed = breaker(Config::new().threshold(2).recovery(secs(10)));
    probed.suspect(secs(3_600));
    fail(&probed, 1);
    time.advance(secs(10));
    succeed(&probed, 1);
    let reset = breaker(Config::new().threshold(2));
    reset.suspect(secs(3_600));
    reset.reset();
    for breaker in [probed, reset] {
        fail(&breaker, 1);
        assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn a_suspicion_outlives_new_rules() {
    let _time = freeze();
    let breaker = breaker(Config::new().threshold(5));
    breaker.suspect(secs(10));
    breaker.reconfigure(Config::new().failure_rate(0.9).window(Window::Calls(100))).unwrap();
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn modes_override_hints_and_keep_what_they_did() {
    let _time = freeze();
    let breaker = breaker(Config::new());
    breaker.disable();
    breaker.open_for(secs(30));
    assert!(admits(&breaker));
    breaker.resume();
    assert_eq!((breaker.mode(), wait(&breaker)), (Mode::Normal, secs(30)));
}
