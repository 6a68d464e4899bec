//! Keys that are gone: forgotten, or not asked for any more.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, State, circuit_breaker};

use super::{Answer, DOWN, circuit, is_rejected};
use crate::support::{NANOSECOND, poll_once, ready, secs, wait_once};

#[test]
fn a_forgotten_key_is_in_no_state_and_begins_anew() {
    let _time = freeze();
    let (call, circuit) = keyed!("gone: forgotten");
    assert_eq!([DOWN, Ok(())], [call("a", DOWN), call("b", Ok(()))]);
    assert_eq!(State::Open, circuit().state());
    assert!(circuit().forget("a"));
    assert!(!circuit().forget("a") && !circuit().forget("c"));
    assert_eq!(["b"], *circuit().keys().iter().map(|key| &**key).collect::<Vec<_>>());
    assert!(circuit().snapshot_of("a").is_none());
    let seen = circuit().snapshot();
    assert_eq!((State::Closed, State::Closed), (circuit().state(), seen.state));
    assert_eq!(
        (None, 1, 1, 1),
        (seen.retry_after, seen.failures, seen.successes, seen.transitions)
    );

    assert_eq!(Ok(()), call("a", Ok(())));
    let seen = circuit().snapshot_of("a").unwrap();
    assert_eq!(
        (State::Closed, 1, 0, 0),
        (seen.state, seen.successes, seen.failures, seen.transitions)
    );
}

#[test]
fn a_breaker_without_keys_forgets_nothing() {
    let breaker = CircuitBreaker::new("gone: no keys", Config::new());
    assert!(!breaker.forget("a"));
}

#[test]
fn the_circuit_of_a_forgotten_key_is_the_first_to_be_given_away() {
    let (call, circuit) = keyed!("gone: vacant", max_keys = 3);
    assert_eq!([DOWN; 3], ["a", "b", "c"].map(|key| call(key, DOWN)));
    assert_eq!(Ok(()), call("d", Ok(())));
    assert!(circuit().forget("b"));
    assert_eq!(Ok(()), call("d", Ok(())));
    assert_eq!((1, 3), (circuit().snapshot().unprotected, circuit().keys().len()));
    assert!(is_rejected(call("a", Ok(()))) && is_rejected(call("c", Ok(()))));
}

#[test]
fn a_call_whose_key_is_forgotten_comes_late_and_was_unprotected() {
    #[circuit_breaker(name = "gone: late", key = key, threshold = 1, max_keys = 1, max_concurrent = 1)]
    async fn call(key: &str, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        answer
    }
    let mut first = pin!(call("a", DOWN));
    assert!(poll_once(first.as_mut()).is_pending());
    let circuit = circuit("gone: late");
    assert!(circuit.forget("a"));
    // It still holds the only place of the only circuit.
    let mut second = pin!(call("a", Ok(())));
    assert!(poll_once(second.as_mut()).is_pending());
    assert_eq!((0, 1), (circuit.keys().len(), circuit.snapshot().unprotected));
    assert_eq!(DOWN, ready(first));
    let seen = circuit.snapshot();
    assert_eq!((State::Closed, 0, 1, 2), (seen.state, seen.failures, seen.late, seen.unprotected));
    let mut third = pin!(call("a", Ok(())));
    assert!(poll_once(third.as_mut()).is_pending());
    assert_eq!([Ok(()), Ok(())], [ready(second), ready(third)]);
    assert_eq!(1, circuit.snapshot_of("a").unwrap().successes);
}

#[test]
fn a_key_that_nobody_asks_for_any_more_counts_for_ten_minutes() {
    let time = freeze();
    let (call, circuit) = keyed!("gone: expired");
    assert_eq!([DOWN, Ok(())], [call("pod", DOWN), call("b", Ok(()))]);
    time.advance(secs(600) - NANOSECOND);
    assert_eq!((State::HalfOpen, State::HalfOpen), (circuit().state(), circuit().snapshot().state));
    time.advance(NANOSECOND);
    let seen = circuit().snapshot();
    assert_eq!((State::Closed, State::Closed), (circuit().state(), seen.state));
    assert_eq!((1, 1), (seen.failures, seen.transitions));
    // It is what it has been, for whoever asks again.
    assert_eq!(State::HalfOpen, circuit().snapshot_of("pod").unwrap().state);
    assert_eq!(DOWN, call("pod", DOWN));
    assert_eq!(State::Open, circuit().state());
}

#[test]
fn a_rejected_call_asks_for_its_key_and_a_query_does_not() {
    let time = freeze();
    let (call, circuit) = keyed!("gone: asked");
    assert_eq!(DOWN, call("pod", DOWN));
    time.advance(secs(5));
    assert!(is_rejected(call("pod", Ok(()))));
    time.advance(secs(595));
    assert_eq!(State::HalfOpen, circuit().state());
    assert_eq!(State::HalfOpen, circuit().snapshot_of("pod").unwrap().state);
    time.advance(secs(5) - NANOSECOND);
    assert_eq!(State::HalfOpen, circuit().state());
    time.advance(NANOSECOND);
    assert_eq!(State::Closed, circuit().state());
}

#[test]
fn a_key_that_waits_for_longer_counts_for_ten_of_its_waits() {
    #[circuit_breaker(
        name = "gone: long", key = key, threshold = 1, recovery = "5m", backoff = 2, max_recovery = "1h"
    )]
    fn call(key: &str, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        answer
    }
    let time = freeze();
    for wait in [300, 600, 1_200] {
        assert_eq!(DOWN, call("pod", DOWN));
        time.advance(secs(10 * wait) - NANOSECOND);
        assert_eq!(State::HalfOpen, circuit("gone: long").state());
        time.advance(NANOSECOND);
        assert_eq!(State::Closed, circuit("gone: long").state());
    }
}

#[test]
fn a_probe_that_never_ends_keeps_no_deserted_key_in_the_state() {
    let call = keyed_async!("gone: probe");
    let time = freeze();
    assert_eq!(DOWN, ready(call("pod", DOWN)));
    time.advance(secs(10));
    let mut probe = pin!(call("pod", Ok(())));
    assert!(poll_once(probe.as_mut()).is_pending());
    time.advance(secs(600) - NANOSECOND);
    assert_eq!(State::HalfOpen, circuit("gone: probe").state());
    time.advance(NANOSECOND);
    assert_eq!(State::Closed, circuit("gone: probe").state());
    assert_eq!(Ok(()), ready(probe));
    assert_eq!(State::Closed, circuit("gone: probe").snapshot_of("pod").unwrap().state);
}
