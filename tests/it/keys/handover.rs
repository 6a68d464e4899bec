//! Calls that are under way while their circuit is given to another key.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::{Answer, DOWN, circuit};
use crate::support::{poll_once, ready, secs, wait_once};

#[test]
fn a_call_of_a_disabled_circuit_is_counted_for_no_key_that_came_later() {
    #[circuit_breaker(name = "handover: disabled", key = key, max_keys = 1)]
    async fn call(key: &str, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        answer
    }
    assert!(poll_once(pin!(call("a", Ok(())))).is_pending());
    let circuit = circuit("handover: disabled");
    circuit.disable();
    let mut of_a = pin!(call("a", DOWN));
    let mut of_b = pin!(call("b", Ok(())));
    assert!(poll_once(of_a.as_mut()).is_pending() && poll_once(of_b.as_mut()).is_pending());
    assert_eq!(DOWN, ready(of_a));
    assert_eq!(0, circuit.snapshot_of("b").unwrap().failures);
    assert_eq!(1, circuit.snapshot().failures);
    assert_eq!(Ok(()), ready(of_b));
    assert_eq!(1, circuit.snapshot_of("b").unwrap().successes);
    assert_eq!(1, circuit.snapshot().successes);
}

#[test]
fn a_fallback_is_counted_for_no_key_that_came_later() {
    #[circuit_breaker(
        name = "handover: fallback", key = key, max_keys = 1, fallback = Ok(()), fallback_on = any
    )]
    async fn call(key: &str) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        DOWN
    }
    let mut of_a = pin!(call("a"));
    assert!(poll_once(of_a.as_mut()).is_pending());
    let mut of_b = pin!(call("b"));
    assert!(poll_once(of_b.as_mut()).is_pending());
    assert_eq!(Ok(()), ready(of_a));
    let circuit = circuit("handover: fallback");
    assert_eq!(0, circuit.snapshot_of("b").unwrap().fallbacks);
    assert_eq!(1, circuit.snapshot().fallbacks);
    assert_eq!(Ok(()), ready(of_b));
    assert_eq!(1, circuit.snapshot_of("b").unwrap().fallbacks);
    assert_eq!(2, circuit.snapshot().fallbacks);
}

/// A half-open circuit whose only probe has said nothing is idle: there's nothing to wait for.
#[test]
fn a_probe_that_says_nothing_makes_room_at_once() {
    #[circuit_breaker(
        name = "handover: probe", key = key, max_keys = 1, threshold = 1, recovery = "10s", ignore = Ok(())
    )]
    async fn call(key: &str, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        if answer.is_ok() {
            wait_once().await;
        }
        answer
    }
    let time = freeze();
    let circuit = || circuit("handover: probe");
    for (key, other, cancelled) in [("a", "b", true), ("b", "a", false)] {
        circuit_runtime::find("handover: probe").inspect(|circuit| circuit.reset());
        assert_eq!(DOWN, ready(call(key, DOWN)));
        time.advance(secs(10));
        let before = circuit().snapshot().unprotected;
        {
            let mut probe = pin!(call(key, Ok(())));
            assert!(poll_once(probe.as_mut()).is_pending());
            assert_eq!(DOWN, ready(call(other, DOWN)));
            assert_eq!(before + 1, circuit().snapshot().unprotected);
            assert!(cancelled || poll_once(probe.as_mut()).is_ready());
        }
        assert_eq!(State::HalfOpen, circuit().snapshot_of(key).unwrap().state);
        assert_eq!(DOWN, ready(call(other, DOWN)));
        assert_eq!(State::Open, circuit().snapshot_of(other).unwrap().state);
        assert_eq!(before + 1, circuit().snapshot().unprotected);
    }
}

#[test]
fn a_keys_successes_in_a_time_window_are_its_own() {
    #[circuit_breaker(name = "handover: window", key = key, max_keys = 1, failure_rate = 0.5, window = "10s")]
    fn call(key: &str) -> Answer {
        assert!(!key.is_empty());
        Ok(())
    }
    let _time = freeze();
    for (key, calls) in [("a", 10), ("b", 3)] {
        (0..calls).for_each(|_| call(key).unwrap());
        assert_eq!(calls, circuit("handover: window").snapshot_of(key).unwrap().successes);
    }
    assert_eq!(13, circuit("handover: window").snapshot().successes);
}

#[test]
fn a_late_outcome_is_counted_for_its_key_as_long_as_that_has_the_circuit() {
    #[circuit_breaker(name = "handover: late", key = key, max_keys = 1)]
    async fn call(key: &str) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        Ok(())
    }
    let late = |key| circuit("handover: late").snapshot_of(key).map(|snapshot| snapshot.late);
    let (mut first, mut second) = (pin!(call("a")), pin!(call("a")));
    assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
    circuit("handover: late").reset();
    assert_eq!((Ok(()), Some(1)), (ready(first), late("a")));
    let mut third = pin!(call("b"));
    assert!(poll_once(third.as_mut()).is_pending());
    assert_eq!(Ok(()), ready(third));
    assert_eq!((Ok(()), Some(0)), (ready(second), late("b")));
    assert_eq!(2, circuit("handover: late").snapshot().late);
}
