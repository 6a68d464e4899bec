//! Forced open, disabled, shadow: what an operator lays over a circuit.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Mode, Outcome, Rejection, State};

use crate::support::{
    FRAGILE, breaker, crash, crashes, fail, half_open, reason, recorded, rejection, secs, succeed,
};

type Change = fn(&CircuitBreaker);

const MODES: [(Change, Mode); 4] = [
    (CircuitBreaker::resume, Mode::Normal),
    (CircuitBreaker::force_open, Mode::ForcedOpen),
    (CircuitBreaker::disable, Mode::Disabled),
    (CircuitBreaker::shadow, Mode::Shadow),
];

#[test]
fn a_circuit_begins_closed_and_in_no_special_mode() {
    let breaker = breaker(Config::new());
    assert_eq!((State::Closed, Mode::Normal), (breaker.state(), breaker.mode()));
}

#[test]
fn every_mode_shows() {
    let breaker = breaker(Config::new());
    for (change, mode) in MODES {
        change(&breaker);
        assert_eq!((mode, mode), (breaker.mode(), breaker.snapshot().mode));
    }
}

#[test]
fn a_snapshot_tells_what_decides_first() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    let line = |change: Change| {
        change(&breaker);
        breaker.snapshot().to_string().split(';').next().unwrap().to_owned()
    };
    assert_eq!(
        ["test: closed", "test: forced open", "test: disabled", "test: shadow (closed)"],
        MODES.map(|(change, _)| line(change))
    );
    breaker.resume();
    fail(&breaker, 1);
    assert_eq!(
        [
            "test: open, retry after 10.0s",
            "test: forced open (by itself open)",
            "test: disabled (by itself open)",
            "test: shadow (open, retry after 10.0s)"
        ],
        MODES.map(|(change, _)| line(change))
    );
    time.advance(secs(10));
    breaker.resume();
    assert_eq!("test: half-open", line(|_| ()));
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!("test: half-open, retry after 1.0s", line(|_| ()));
    breaker.open_for(std::time::Duration::MAX);
    assert_eq!("test: open for good", line(|_| ()));
}

#[test]
fn a_mode_changes_no_state_and_makes_no_transition() {
    for open in [false, true] {
        let breaker = breaker(FRAGILE);
        if open {
            fail(&breaker, 1);
        }
        let before = breaker.snapshot();
        for (change, _) in MODES {
            change(&breaker);
            assert_eq!(before.state, breaker.state());
        }
        assert_eq!(before.transitions, breaker.snapshot().transitions);
    }
}

#[test]
fn a_mode_begins_no_period() {
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    for (change, _) in MODES {
        change(&breaker);
    }
    breaker.resume();
    call.failure();
    assert_eq!((State::Open, 0), (breaker.state(), breaker.snapshot().late));
}

#[test]
fn forced_open_rejects_everything_until_it_is_ended() {
    let time = freeze();
    let breaker = breaker(Config::new());
    breaker.force_open();
    for _ in 0..3 {
        let error = rejection(&breaker);
        assert_eq!((Rejection::ForcedOpen, None), (error.reason(), error.retry_after()));
        time.advance(secs(3600));
    }
    assert_eq!(3, breaker.snapshot().rejected);
    breaker.resume();
    succeed(&breaker, 1);
}

#[test]
fn forced_open_still_judges_earlier_calls() {
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    breaker.force_open();
    call.failure();
    assert_eq!((State::Open, Mode::ForcedOpen), (breaker.state(), breaker.mode()));
    assert_eq!((1, 0), (breaker.snapshot().failures, breaker.snapshot().late));
}

#[test]
fn forced_open_lets_no_probe_through() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.force_open();
    time.advance(secs(10));
    assert_eq!(Rejection::ForcedOpen, reason(&breaker));
    assert_eq!(1, breaker.snapshot().transitions);
    breaker.resume();
    succeed(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn disabled_lets_everything_pass_and_opens_never() {
    let breaker = breaker(FRAGILE.failure_rate(0.1).min_calls(1));
    breaker.disable();
    fail(&breaker, 100);
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 0), (seen.state, seen.failures_in_a_row));
    assert_eq!((100, 0), (seen.failures, seen.window.unwrap().calls));
}

#[test]
fn disabled_lets_calls_pass_that_would_be_rejected() {
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.disable();
    succeed(&breaker, 5);
    let seen = breaker.snapshot();
    assert_eq!((State::Open, 5, 0), (seen.state, seen.successes, seen.rejected));
}

#[test]
fn a_call_of_a_disabled_circuit_is_not_judged_after_it_either() {
    let breaker = breaker(FRAGILE);
    breaker.disable();
    let call = breaker.try_acquire().unwrap();
    breaker.resume();
    call.failure();
    assert_eq!((State::Closed, 1), (breaker.state(), breaker.snapshot().failures));
}

#[test]
fn a_call_that_ends_while_the_circuit_is_disabled_is_counted_and_not_judged() {
    let breaker = breaker(FRAGILE.failure_rate(0.5));
    let [failing, succeeding] = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    breaker.disable();
    failing.failure();
    succeeding.success();
    breaker.resume();
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 0, 0), (seen.state, seen.failures_in_a_row, seen.late));
    assert_eq!((1, 1, 0), (seen.failures, seen.successes, seen.window.unwrap().calls));
}

#[test]
fn a_probe_that_ends_while_the_circuit_is_disabled_gives_its_place_back() {
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::OpenFor(secs(60))] {
        let time = freeze();
        let breaker = breaker(FRAGILE);
        fail(&breaker, 1);
        time.advance(secs(10));
        let probe = breaker.try_acquire().unwrap();
        breaker.disable();
        probe.record(outcome);
        assert_eq!((State::HalfOpen, 2), (breaker.state(), breaker.snapshot().transitions));
        breaker.resume();
        succeed(&breaker, 1);
        assert_eq!(State::Closed, breaker.state());
    }
}

#[test]
fn disabled_takes_no_probe() {
    let (_time, breaker) = half_open(FRAGILE);
    breaker.disable();
    let _call = breaker.try_acquire().unwrap();
    breaker.resume();
    let _probe = breaker.try_acquire().unwrap();
    assert_eq!(Rejection::HalfOpenFull, reason(&breaker));
}

#[test]
fn disabled_counts_a_panic() {
    let breaker = breaker(FRAGILE);
    breaker.disable();
    assert!(crashes(|| breaker.call(|| -> Result<(), ()> { crash() })));
    assert_eq!((State::Closed, 1), (breaker.state(), breaker.snapshot().panicked));
}

#[test]
fn shadow_runs_what_would_be_rejected_and_counts_it_as_rejected() {
    let breaker = breaker(FRAGILE);
    breaker.shadow();
    fail(&breaker, 1);
    assert_eq!(State::Open, breaker.state());
    assert_eq!(Ok(7), breaker.call(|| Ok::<_, ()>(7)));
    let seen = breaker.snapshot();
    assert_eq!((State::Open, 1), (seen.state, seen.rejected));
}

#[test]
fn in_shadow_a_call_that_would_be_rejected_closes_and_reopens_nothing() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    breaker.shadow();
    fail(&breaker, 1);
    let unjudged = [breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap()];
    time.advance(secs(10));
    let probe = breaker.try_acquire().unwrap();
    let [first, second] = unjudged;
    first.success();
    assert_eq!(State::HalfOpen, breaker.state());
    second.failure();
    assert_eq!(State::HalfOpen, breaker.state());
    probe.success();
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn shadow_goes_through_the_states_as_normal() {
    let time = freeze();
    let breaker = breaker(FRAGILE);
    breaker.shadow();
    fail(&breaker, 1);
    time.advance(secs(10));
    succeed(&breaker, 1);
    assert_eq!((State::Closed, 3), (breaker.state(), breaker.snapshot().transitions));
}

#[test]
fn resume_uncovers_the_state() {
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    breaker.disable();
    succeed(&breaker, 1);
    breaker.resume();
    assert_eq!(Rejection::Open, reason(&breaker));
}

#[test]
fn reset_closes_and_empties_the_window() {
    let breaker = breaker(FRAGILE.failure_rate(0.5));
    fail(&breaker, 1);
    breaker.reset();
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 0), (seen.state, seen.window.unwrap().calls));
    assert_eq!((1, 2), (seen.failures, seen.transitions));
    succeed(&breaker, 1);
}

#[test]
fn reset_ends_the_run_of_failures() {
    let breaker = breaker(Config::new().threshold(2));
    fail(&breaker, 1);
    breaker.reset();
    assert_eq!(0, breaker.snapshot().failures_in_a_row);
    fail(&breaker, 1);
    assert_eq!(State::Closed, breaker.state());
}

#[test]
fn reset_keeps_the_mode() {
    for (change, mode) in MODES {
        let breaker = breaker(FRAGILE);
        change(&breaker);
        breaker.reset();
        assert_eq!(mode, breaker.mode());
    }
}

#[test]
fn reset_begins_a_new_period() {
    let breaker = breaker(FRAGILE);
    let call = breaker.try_acquire().unwrap();
    breaker.reset();
    call.failure();
    let seen = breaker.snapshot();
    assert_eq!((State::Closed, 0, 1), (seen.state, seen.failures, seen.late));
}

#[test]
fn reset_frees_the_places_of_half_open() {
    let (_time, breaker) = half_open(FRAGILE);
    let probe = breaker.try_acquire().unwrap();
    breaker.reset();
    probe.failure();
    assert_eq!((State::Closed, 1), (breaker.state(), breaker.snapshot().late));
}

#[test]
fn reset_of_a_closed_circuit_is_no_transition() {
    let breaker = breaker(FRAGILE);
    let seen = recorded(&breaker);
    breaker.reset();
    assert_eq!(0, breaker.snapshot().transitions);
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn the_counters_never_go_back() {
    let breaker = breaker(FRAGILE);
    fail(&breaker, 1);
    rejection(&breaker);
    for (change, _) in MODES {
        change(&breaker);
        breaker.reset();
    }
    let seen = breaker.snapshot();
    assert_eq!((1, 1), (seen.failures, seen.rejected));
}
