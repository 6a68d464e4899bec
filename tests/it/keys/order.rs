//! Which circuit makes room for a new key, and what a crowd of made-up keys can do.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::{Answer, DOWN, circuit, is_rejected};
use crate::support::{poll_once, ready, secs, wait_once};

/// The keys that have a circuit, in alphabetical order.
fn keys(name: &str) -> Vec<String> {
    let mut keys: Vec<_> = circuit(name).keys().iter().map(ToString::to_string).collect();
    keys.sort();
    keys
}

#[test]
fn a_failing_key_outlives_every_calm_one() {
    #[circuit_breaker(name = "order: failing", key = key, threshold = 5, max_keys = 4)]
    fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    (0..4).for_each(|_| assert_eq!(DOWN, call("failing", DOWN)));
    (0..100).for_each(|key| assert_eq!(Ok(()), call(&key.to_string(), Ok(()))));
    assert_eq!(DOWN, call("failing", DOWN));
    assert!(is_rejected(call("failing", DOWN)), "its four failures have been forgotten");
}

/// However few circuits there are beside it: a dead host is called as often as without the crowd.
#[test]
fn a_crowd_of_made_up_keys_leads_no_further_call_to_a_dead_host() {
    #[circuit_breaker(name = "order: crowd", key = key, threshold = 5, max_keys = 64)]
    fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    for crowd in [16, 63, 64, 1_000] {
        let host = format!("dead beside {crowd}");
        let reached = (0..100).filter(|round| {
            let reached = call(&host, DOWN) == DOWN;
            for made_up in 0..crowd {
                assert_eq!(Ok(()), call(&format!("{crowd}-{round}-{made_up}"), Ok(())));
            }
            reached
        });
        assert_eq!(5, reached.count(), "{crowd} made-up keys for each call");
    }
}

#[test]
fn a_failure_in_the_window_counts_though_the_run_is_over() {
    #[circuit_breaker(
        name = "order: window", key = key, failure_rate = 1.0, window = 2, min_calls = 2, max_keys = 2
    )]
    fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    assert_eq!([DOWN, Ok(())], [call("failing", DOWN), call("failing", Ok(()))]);
    for key in ["a", "b", "c"] {
        assert_eq!(Ok(()), call(key, Ok(())));
        assert_eq!([key, "failing"], *keys("order: window"));
    }
    // The failure has left the window: the key is as calm as any, and "c" was used later.
    assert_eq!([Ok(()); 3], [(); 3].map(|()| call("failing", Ok(()))));
    for key in ["d", "e", "f"] {
        assert_eq!(Ok(()), call("c", Ok(())));
        assert_eq!(Ok(()), call(key, Ok(())));
    }
    assert!(!keys("order: window").contains(&"failing".to_owned()));
}

#[test]
fn failing_keys_go_before_open_ones_whose_wait_is_over() {
    #[circuit_breaker(name = "order: last", key = key, threshold = 2, recovery = "10s", max_keys = 2)]
    fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!([DOWN, DOWN], [call("open", DOWN), call("open", DOWN)]);
    assert_eq!(DOWN, call("failing", DOWN));
    assert_eq!(Ok(()), call("a", Ok(())));
    assert_eq!(["a", "open"], *keys("order: last"));
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("a", DOWN)]);
    time.advance(secs(10));
    assert_eq!(Ok(()), call("b", Ok(())));
    assert!(keys("order: last").contains(&"b".to_owned()));
    assert_eq!(0, circuit("order: last").snapshot().unprotected);
}

#[test]
fn a_circuit_that_closed_again_goes_like_any_other() {
    let time = freeze();
    let (call, circuit) = keyed!("order: closed again", max_keys = 2);
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("b", DOWN)]);
    assert_eq!(DOWN, call("c", DOWN));
    assert_eq!(1, circuit().snapshot().unprotected);
    time.advance(secs(10));
    assert_eq!([Ok(()), DOWN], [call("a", Ok(())), call("b", DOWN)]);
    assert_eq!(Ok(()), call("c", Ok(())));
    assert_eq!(["b", "c"], *keys("order: closed again"));
    assert_eq!(1, circuit().snapshot().unprotected);
}

#[test]
fn a_wait_that_was_made_shorter_ends_when_it_is_over() {
    let time = freeze();
    let (call, circuit) = keyed!("order: reset", max_keys = 2);
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("b", DOWN)]);
    assert_eq!(DOWN, call("c", DOWN));
    circuit().reset();
    assert_eq!(Ok(()), call("c", Ok(())));
    assert_eq!(1, circuit().snapshot().unprotected);
    time.advance(secs(1));
    assert_eq!(State::Closed, circuit().state());
}

#[test]
fn a_bulkheads_last_call_makes_room_when_it_ends() {
    #[circuit_breaker(name = "order: busy", key = key, max_concurrent = 2, max_keys = 1)]
    async fn call(key: &str, waits: bool) -> Answer {
        assert!(!key.is_empty());
        if waits {
            wait_once().await;
        }
        Ok(())
    }
    let (mut first, mut second) = (pin!(call("busy", true)), pin!(call("busy", true)));
    assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
    let unprotected = || circuit("order: busy").snapshot().unprotected;
    for (ended, expected) in [(first, 1), (second, 2)] {
        assert_eq!(Ok(()), ready(call("other", false)));
        assert_eq!(expected, unprotected());
        assert_eq!(Ok(()), ready(ended));
    }
    assert_eq!(Ok(()), ready(call("other", false)));
    assert_eq!(2, unprotected());
    assert_eq!(["other"], *keys("order: busy"));
}

#[test]
fn a_probe_that_does_not_decide_makes_room_when_it_ends() {
    let call =
        keyed_async!("order: probe", probe_timeout = "1h", success_threshold = 2, max_keys = 1);
    let time = freeze();
    assert_eq!(DOWN, ready(call("a", DOWN)));
    time.advance(secs(10));
    let mut probe = pin!(call("a", Ok(())));
    assert!(poll_once(probe.as_mut()).is_pending());
    assert_eq!(DOWN, ready(call("b", DOWN)));
    assert_eq!(1, circuit("order: probe").snapshot().unprotected);
    assert_eq!(Ok(()), ready(probe));
    assert_eq!(DOWN, ready(call("b", DOWN)));
    assert_eq!(1, circuit("order: probe").snapshot().unprotected);
    assert_eq!(["b"], *keys("order: probe"));
}
