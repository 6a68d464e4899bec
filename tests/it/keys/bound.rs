//! `max_keys`: which circuits go when there are too many keys.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker};

use super::{Answer, DOWN, circuit, is_rejected};
use crate::support::{NANOSECOND, poll_once, ready, secs, wait_once};

#[test]
fn circuits_are_bounded_by_max_keys() {
    let (call, circuit) = keyed!("keys: bound", max_keys = 10);
    for key in 0..1_000 {
        assert_eq!(Ok(()), call(&key.to_string(), Ok(())));
    }
    assert_eq!(10, circuit().keys().len());
    assert_eq!(0, circuit().snapshot().unprotected);
}

#[test]
fn the_counters_of_evicted_keys_stay_in_the_sum() {
    let (call, circuit) = keyed!("keys: evicted", max_keys = 3);
    for key in 0..100 {
        assert_eq!(Ok(()), call(&key.to_string(), Ok(())));
    }
    assert_eq!(100, circuit().snapshot().successes);
    for key in circuit().keys() {
        assert_eq!(1, circuit().snapshot_of(&key).unwrap().successes);
    }
}

#[test]
fn an_open_circuit_is_not_forgotten_before_its_wait_is_over() {
    let time = freeze();
    let (call, circuit) = keyed!("keys: open", max_keys = 3);
    assert_eq!(DOWN, call("down", DOWN));
    for key in 0..1_000 {
        assert_eq!(Ok(()), call(&key.to_string(), Ok(())));
    }
    assert!(is_rejected(call("down", Ok(()))));
    time.advance(secs(10));
    assert_eq!(Ok(()), call("down", Ok(())));
    assert_eq!(3, circuit().keys().len());
}

#[test]
fn when_nothing_may_go_calls_run_unprotected_and_are_counted_so() {
    let time = freeze();
    let (call, circuit) = keyed!("keys: unprotected", max_keys = 2);
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("b", DOWN)]);
    assert_eq!([DOWN, DOWN, Ok(())], [call("c", DOWN), call("c", DOWN), call("d", Ok(()))]);
    let seen = circuit().snapshot();
    assert_eq!((3, 2, 0), (seen.unprotected, seen.failures, seen.successes));
    assert!(is_rejected(call("a", Ok(()))) && is_rejected(call("b", Ok(()))));

    time.advance(secs(10));
    assert_eq!(DOWN, call("c", DOWN));
    assert!(is_rejected(call("c", Ok(()))));
    assert_eq!((3, 2), (circuit().snapshot().unprotected, circuit().keys().len()));
}

#[test]
fn a_probe_in_flight_is_not_forgotten() {
    let call = keyed_async!("keys: probe", max_keys = 1);
    let time = freeze();
    assert_eq!(DOWN, ready(call("a", DOWN)));
    time.advance(secs(10));
    let mut probe = pin!(call("a", Ok(())));
    assert!(poll_once(probe.as_mut()).is_pending());
    assert_eq!(DOWN, ready(call("b", DOWN)));
    assert_eq!(1, circuit("keys: probe").snapshot().unprotected);
    assert!(poll_once(probe.as_mut()).is_ready());
    assert_eq!(State::Closed, circuit("keys: probe").snapshot_of("a").unwrap().state);
}

/// The only circuit, with three places for probes of which two have to succeed; a call waits once before it ends.
macro_rules! probed {
    ($name:literal) => {{
        #[circuit_breaker(
            name = $name, key = key, threshold = 1, recovery = "10s", probe_timeout = "5s", probes = 3,
            success_threshold = 2, max_keys = 1
        )]
        async fn call(key: &str, answer: Answer) -> Answer {
            assert!(!key.is_empty());
            wait_once().await;
            answer
        }
        call
    }};
}

/// Runs a call to its end.
macro_rules! finish {
    ($call:expr) => {{
        let mut call = pin!($call);
        assert!(poll_once(call.as_mut()).is_pending());
        poll_once(call.as_mut())
    }};
}

#[test]
fn one_of_several_probes_in_flight_is_not_forgotten_while_it_may_decide() {
    let call = probed!("keys: probes");
    let time = freeze();
    assert!(finish!(call("a", DOWN)).is_ready());
    time.advance(secs(10));
    let mut probe = pin!(call("a", Ok(())));
    assert!(poll_once(probe.as_mut()).is_pending());
    time.advance(secs(5) - NANOSECOND);
    assert!(finish!(call("b", Ok(()))).is_ready());
    assert_eq!("a", &*circuit("keys: probes").keys()[0]);
    assert_eq!(1, circuit("keys: probes").snapshot().unprotected);

    time.advance(NANOSECOND);
    assert!(finish!(call("b", Ok(()))).is_ready());
    assert_eq!("b", &*circuit("keys: probes").keys()[0]);
    assert!(poll_once(probe.as_mut()).is_ready());
    assert_eq!(1, circuit("keys: probes").snapshot().late);
}

#[test]
fn a_half_open_circuit_may_go_once_its_probes_are_answered() {
    let call = probed!("keys: answered");
    let time = freeze();
    assert!(finish!(call("a", DOWN)).is_ready());
    time.advance(secs(10));
    assert!(finish!(call("a", Ok(()))).is_ready());
    assert_eq!(State::HalfOpen, circuit("keys: answered").snapshot_of("a").unwrap().state);
    assert!(finish!(call("b", Ok(()))).is_ready());
    assert_eq!("b", &*circuit("keys: answered").keys()[0]);

    assert!(finish!(call("b", DOWN)).is_ready());
    time.advance(secs(10));
    assert!(finish!(call("b", DOWN)).is_ready() && finish!(call("b", Ok(()))).is_ready());
    assert_eq!(State::HalfOpen, circuit("keys: answered").snapshot_of("b").unwrap().state);
    assert!(finish!(call("c", Ok(()))).is_ready());
    assert_eq!("c", &*circuit("keys: answered").keys()[0]);
    assert_eq!(0, circuit("keys: answered").snapshot().unprotected);
}

#[test]
fn a_key_that_was_used_again_outlives_one_that_was_not() {
    let (call, circuit) = keyed!("keys: second chance", max_keys = 3);
    for key in ["a", "b", "c", "d"] {
        assert_eq!(Ok(()), call(key, Ok(())));
    }
    // "a" has gone for "d". Of the others, only "b" is used again.
    assert_eq!(Ok(()), call("b", Ok(())));
    assert_eq!(Ok(()), call("e", Ok(())));
    let mut keys = circuit().keys();
    keys.sort();
    assert_eq!(["b", "d", "e"], *keys.iter().map(|key| &**key).collect::<Vec<_>>());
}

#[test]
fn a_closed_circuit_goes_before_one_that_may_be_probed_however_recently_it_was_used() {
    let time = freeze();
    let (call, circuit) = keyed!("keys: closed first", max_keys = 3);
    assert_eq!([DOWN, Ok(()), Ok(())], [call("a", DOWN), call("b", Ok(())), call("c", Ok(()))]);
    time.advance(secs(10));
    for key in ["d", "e", "f", "g"] {
        assert_eq!(Ok(()), call(key, Ok(())));
        assert!(circuit().snapshot_of("a").is_some(), "forgotten for {key}");
        for key in circuit().keys().iter().filter(|key| &***key != "a") {
            assert_eq!(Ok(()), call(key, Ok(())));
        }
    }
}

#[test]
fn a_call_whose_circuit_went_to_another_key_judges_nothing() {
    #[circuit_breaker(name = "keys: moved", key = key, threshold = 1, max_keys = 1)]
    async fn call(key: &str, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        if answer.is_err() {
            wait_once().await;
        }
        answer
    }
    let mut early = pin!(call("a", DOWN));
    assert!(poll_once(early.as_mut()).is_pending());
    assert_eq!(Ok(()), ready(call("b", Ok(()))));
    assert!(poll_once(early.as_mut()).is_ready());
    let seen = circuit("keys: moved").snapshot();
    assert_eq!((State::Closed, 0, 1), (seen.state, seen.failures, seen.late));
    assert_eq!(Ok(()), ready(call("b", Ok(()))));
}

/// Open circuits among a crowd of passers-by: none is lost, and the bound holds.
#[test]
fn a_million_keys_stay_within_the_bound_and_open_circuits_are_kept() {
    let keys = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    let _time = freeze();
    let (call, circuit) = keyed!("keys: million", max_keys = 1_000);
    let sick: Vec<_> = (0..100).map(|number| format!("sick {number}")).collect();
    for key in &sick {
        assert_eq!(DOWN, call(key, DOWN));
    }
    for key in 0..keys {
        assert_eq!(Ok(()), call(&key.to_string(), Ok(())));
    }
    assert!(sick.iter().all(|key| is_rejected(call(key, Ok(())))));
    assert_eq!(1_000, circuit().keys().len());
    let seen = circuit().snapshot();
    assert_eq!((keys, 100, 0), (seen.successes, seen.failures, seen.unprotected));
}

#[test]
fn threads_with_many_keys_lose_no_count() {
    let (call, circuit) = keyed!("keys: threads", max_keys = 8);
    std::thread::scope(|threads| {
        for worker in 0..4_u64 {
            threads.spawn(move || {
                let mut random = crate::support::Random(worker);
                for _ in 0..5_000 {
                    let key = random.below(32).to_string();
                    assert_eq!(Ok(()), call(&key, Ok(())));
                }
            });
        }
    });
    let seen = circuit().snapshot();
    // Those that came late lost their circuit on the way.
    assert_eq!(20_000, seen.successes + seen.unprotected);
    assert!(seen.late <= seen.unprotected);
    assert_eq!(State::Closed, seen.state);
    assert_eq!(8, circuit().keys().len());
}

#[test]
fn threads_whose_keys_take_each_others_circuits_never_meet_anothers() {
    #[circuit_breaker(name = "keys: crowded", key = key, max_keys = 8, threshold = 1, recovery = "1ns")]
    fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    // Of all lengths, since each of them is kept in its own way.
    let keys: Vec<String> = (0..40).map(|n| format!("{n}-{}", "k".repeat(n * n % 700))).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let keys = &keys;
            scope.spawn(move || {
                for step in 0..20_000 {
                    let number = (step * (2 * thread + 3) + thread) % keys.len();
                    let answer = if number % 2 == 0 { Ok(()) } else { DOWN };
                    let seen = call(&keys[number], answer);
                    assert!(number % 2 == 1 || seen == Ok(()), "{number} was rejected");
                }
            });
        }
    });
    let seen = circuit("keys: crowded").snapshot();
    // Of the late ones, some have lost their circuit, and are unprotected, too.
    let counted = seen.successes + seen.failures + seen.rejected + seen.unprotected;
    assert!((counted..=counted + seen.late).contains(&(4 * 20_000)), "{seen}");
    assert_eq!(8, circuit("keys: crowded").keys().len());
}

#[test]
fn a_mode_holds_for_keys_that_get_no_circuit() {
    let _time = freeze();
    let (call, circuit) = keyed!("keys: mode without a circuit", max_keys = 1);
    assert_eq!(DOWN, call("a", DOWN));
    circuit().force_open();
    assert!(is_rejected(call("b", Ok(()))));
    assert_eq!((1, 0), (circuit().snapshot().rejected, circuit().snapshot().unprotected));
    circuit().disable();
    assert_eq!(Ok(()), call("b", Ok(())));
    assert_eq!((1, 0), (circuit().snapshot().successes, circuit().snapshot().unprotected));
}

#[test]
fn an_outcome_for_a_key_that_is_gone_is_no_other_keys() {
    #[circuit_breaker(name = "keys: late", key = key, max_keys = 1, threshold = 1)]
    async fn slow(key: &str) -> Answer {
        wait_once().await;
        DOWN
    }
    let mut of_a = pin!(slow("a"));
    assert!(poll_once(of_a.as_mut()).is_pending());
    let mut of_b = pin!(slow("b"));
    assert!(poll_once(of_b.as_mut()).is_pending());
    assert_eq!(DOWN, ready(of_a));
    let (all, of_b) = (circuit("keys: late").snapshot(), circuit("keys: late").snapshot_of("b"));
    let of_b = of_b.unwrap();
    assert_eq!((1, 0, State::Closed), (all.late, of_b.late, of_b.state));
    // No circuit saw it through.
    assert_eq!((1, 0), (all.unprotected, of_b.unprotected));
}

#[test]
fn a_keys_transitions_count_from_its_coming_and_the_sum_forgets_none() {
    let time = freeze();
    let (call, circuit) = keyed!("keys: numbers", max_keys = 1);
    for key in ["a", "b"] {
        assert_eq!(DOWN, call(key, DOWN));
        time.advance(secs(10));
        assert_eq!(Ok(()), call(key, Ok(())));
        let own = circuit().snapshot_of(key).unwrap();
        let numbers: Vec<_> = own.recent_transitions.iter().map(|t| t.number).collect();
        assert_eq!((3, vec![1, 2, 3]), (own.transitions, numbers));
    }
    let all = circuit().snapshot();
    assert_eq!((6, 6), (all.transitions, all.recent_transitions.len()));
}
