//! `key`: one circuit per distinct key.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, Mode, Rejection, State, circuit_breaker, find,
};

use crate::support::{poll_once, ready, recorded, secs, wait_once};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Error {
    Down,
    Open(CircuitOpenError),
}

impl From<CircuitOpenError> for Error {
    fn from(error: CircuitOpenError) -> Self {
        Error::Open(error)
    }
}

type Answer = Result<(), Error>;

const DOWN: Answer = Err(Error::Down);

fn circuit(name: &str) -> &'static CircuitBreaker {
    find(name).expect("listed since its first call")
}

fn is_rejected(answer: Answer) -> bool {
    matches!(answer, Err(Error::Open(_)))
}

/// An annotated function with its own circuits, and how to find them.
macro_rules! keyed {
    ($name:literal $(, $option:ident = $value:expr)*) => {{
        #[circuit_breaker(name = $name, key = key, threshold = 1, recovery = "10s" $(, $option = $value)*)]
        fn call(key: &str, answer: Answer) -> Answer {
            assert!(key.len() < 100);
            answer
        }
        (call as fn(&str, Answer) -> Answer, || circuit($name))
    }};
}

/// An async keyed function, whose call is pending once before it succeeds.
macro_rules! keyed_async {
    ($name:literal $(, $option:ident = $value:expr)*) => {{
        #[circuit_breaker(name = $name, key = key, threshold = 1, recovery = "10s" $(, $option = $value)*)]
        async fn call(key: &str, answer: Answer) -> Answer {
            assert!(!key.is_empty());
            if answer.is_ok() {
                crate::support::wait_once().await;
            }
            answer
        }
        call
    }};
}

mod bound;
mod by_hand;
mod gone;
mod handover;
mod hints;
mod length;
mod order;
mod rejection;
mod threads;

#[test]
fn each_key_has_a_circuit_of_its_own() {
    let (call, circuit) = keyed!("keys: own");
    assert_eq!(DOWN, call("a", DOWN));
    assert!(is_rejected(call("a", Ok(()))));
    assert_eq!(Ok(()), call("b", Ok(())));
    let state = |key: &str| circuit().snapshot_of(key).unwrap().state;
    assert_eq!((State::Open, State::Closed), (state("a"), state("b")));
}

#[test]
fn a_key_may_be_anything_that_prints() {
    struct Host(&'static str, u16);
    impl fmt::Display for Host {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}:{}", self.0, self.1)
        }
    }
    #[circuit_breaker(name = "keys: display", key = host)]
    fn by_host(host: &Host) -> Answer {
        assert!(host.1 > 0);
        Ok(())
    }
    #[circuit_breaker(name = "keys: number", key = shard % 2)]
    fn by_number(shard: u64) -> Answer {
        assert!(shard < 100);
        Ok(())
    }
    assert_eq!(Ok(()), by_host(&Host("a", 80)));
    assert!(circuit("keys: display").snapshot_of("a:80").is_some());
    for shard in 0..10 {
        assert_eq!(Ok(()), by_number(shard));
    }
    let keys: BTreeSet<_> = circuit("keys: number").keys().into_iter().collect();
    assert_eq!(BTreeSet::from([Arc::from("0"), Arc::from("1")]), keys);
}

#[test]
fn text_types_of_every_kind_are_the_same_key() {
    #[circuit_breaker(name = "keys: text", key = key.as_ref())]
    fn call(key: impl AsRef<str>) -> Answer {
        assert_eq!("host", key.as_ref());
        Ok(())
    }
    for () in [(); 2] {
        assert_eq!(Ok(()), call("host"));
        assert_eq!(Ok(()), call(String::from("host")));
        assert_eq!(Ok(()), call(std::borrow::Cow::from("host")));
        assert_eq!(Ok(()), call(Arc::<str>::from("host")));
    }
    assert_eq!(8, circuit("keys: text").snapshot_of("host").unwrap().successes);
}

#[test]
fn an_async_function_is_keyed_at_its_first_poll() {
    #[circuit_breaker(name = "keys: async", key = key, threshold = 1)]
    async fn call(key: String, answer: Answer) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        answer
    }
    let mut calling = pin!(call("a".into(), DOWN));
    assert!(poll_once(calling.as_mut()).is_pending());
    assert!(poll_once(calling.as_mut()).is_ready());
    assert!(is_rejected(ready(call("a".into(), Ok(())))));
    assert!(poll_once(pin!(call("b".into(), Ok(())))).is_pending());
    assert_eq!(1, circuit("keys: async").snapshot_of("b").unwrap().cancelled);
}

#[test]
fn all_circuits_share_the_configuration_of_the_function() {
    let (call, circuit) = keyed!("keys: configuration");
    assert_eq!(Ok(()), call("a", Ok(())));
    assert_eq!(Config::new().threshold(1).recovery(secs(10)), circuit().config());
}

#[test]
fn keys_lists_the_keys_that_have_a_circuit() {
    let (call, circuit) = keyed!("keys: list");
    for key in ["a", "b", "a", "c"] {
        assert_eq!(Ok(()), call(key, Ok(())));
    }
    let keys: BTreeSet<_> = circuit().keys().into_iter().collect();
    assert_eq!(["a", "b", "c"].map(Arc::from), *keys.into_iter().collect::<Vec<Arc<str>>>());
}

#[test]
fn a_circuit_without_key_has_no_keys() {
    let breaker = crate::support::breaker(Config::new());
    assert!(breaker.keys().is_empty());
    assert_eq!(None, breaker.snapshot_of("a"));
}

#[test]
fn snapshot_of_shows_one_key() {
    let (call, circuit) = keyed!("keys: snapshot_of");
    assert_eq!([Ok(()), DOWN], [call("a", Ok(())), call("b", DOWN)]);
    assert!(is_rejected(call("b", DOWN)));
    let seen = circuit().snapshot_of("b").unwrap();
    assert_eq!(("keys: snapshot_of", Some("b")), (seen.name, seen.key.as_deref()));
    assert_eq!((0, 1, 1, 1), (seen.successes, seen.failures, seen.rejected, seen.transitions));
    assert!(seen.retry_after.is_some());
    assert_eq!(None, circuit().snapshot_of("c"));
}

#[test]
fn asking_for_a_key_makes_no_circuit() {
    let (call, circuit) = keyed!("keys: ask");
    assert_eq!(Ok(()), call("a", Ok(())));
    assert_eq!(None, circuit().snapshot_of("b"));
    assert_eq!(1, circuit().keys().len());
}

#[test]
fn the_snapshot_is_the_sum() {
    let (call, circuit) = keyed!("keys: sum");
    for (key, answer) in [("a", Ok(())), ("b", DOWN), ("c", DOWN), ("a", Ok(()))] {
        assert_eq!(answer, call(key, answer));
    }
    assert!(is_rejected(call("c", DOWN)));
    let seen = circuit().snapshot();
    assert_eq!((2, 2, 1, 2), (seen.successes, seen.failures, seen.rejected, seen.transitions));
    assert_eq!((None, 2), (seen.key, seen.recent_transitions.len()));
}

#[test]
fn the_state_is_the_worst_of_them() {
    let time = freeze();
    let (call, circuit) = keyed!("keys: state");
    assert_eq!(Ok(()), call("a", Ok(())));
    assert_eq!(State::Closed, circuit().state());
    assert_eq!(DOWN, call("b", DOWN));
    assert_eq!((State::Open, State::Open), (circuit().state(), circuit().snapshot().state));
    time.advance(secs(10));
    assert_eq!(State::HalfOpen, circuit().state());
    assert_eq!(DOWN, call("a", DOWN));
    assert_eq!(State::Open, circuit().state());
    time.advance(secs(10));
    assert_eq!([Ok(()), Ok(())], [call("a", Ok(())), call("b", Ok(()))]);
    assert_eq!(State::Closed, circuit().state());
}

#[test]
fn modes_apply_to_all_present_and_future_keys() {
    let (call, circuit) = keyed!("keys: modes");
    assert_eq!(Ok(()), call("a", Ok(())));
    circuit().force_open();
    assert!(is_rejected(call("a", Ok(()))) && is_rejected(call("b", Ok(()))));
    assert_eq!(Mode::ForcedOpen, circuit().snapshot_of("b").unwrap().mode);
    circuit().resume();
    assert_eq!([Ok(()); 3], [call("a", Ok(())), call("b", Ok(())), call("c", Ok(()))]);
    circuit().disable();
    assert_eq!([DOWN; 4], [call("a", DOWN), call("a", DOWN), call("d", DOWN), call("d", DOWN)]);
    assert_eq!(State::Closed, circuit().state());
}

#[test]
fn reset_applies_to_all_keys() {
    let (call, circuit) = keyed!("keys: reset");
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("b", DOWN)]);
    circuit().reset();
    assert_eq!([Ok(()), Ok(())], [call("a", Ok(())), call("b", Ok(()))]);
}

#[test]
fn reconfigure_applies_to_all_present_and_future_keys() {
    let (call, circuit) = keyed!("keys: reconfigure");
    assert_eq!(Ok(()), call("a", Ok(())));
    circuit().reconfigure(circuit().config().threshold(2)).unwrap();
    for key in ["a", "b"] {
        assert_eq!([DOWN, DOWN], [call(key, DOWN), call(key, DOWN)]);
        assert!(is_rejected(call(key, DOWN)));
    }
}

#[test]
fn a_count_window_may_be_smaller_with_keys() {
    use circuit_runtime::Window;

    let (call, circuit) = keyed!("keys: window");
    assert_eq!(Ok(()), call("a", Ok(())));
    let rated = |calls| Config::new().failure_rate(0.5).window(Window::Calls(calls));
    assert!(circuit().reconfigure(rated(10_001)).unwrap_err().to_string().contains("`window`"));
    circuit().reconfigure(rated(10_000)).unwrap();
}

#[test]
fn listeners_hear_of_all_present_and_future_keys() {
    let (call, circuit) = keyed!("keys: listeners");
    assert_eq!(Ok(()), call("a", Ok(())));
    let seen = recorded(circuit());
    assert_eq!([DOWN, DOWN], [call("a", DOWN), call("b", DOWN)]);
    let seen: Vec<_> =
        seen.lock().unwrap().iter().map(|t| (t.key.clone(), t.number, t.to)).collect();
    let expected = ["a", "b"].map(|key| (Some(Arc::from(key)), 1, State::Open));
    assert_eq!(expected, *seen);
}

#[test]
fn the_bulkhead_is_per_key() {
    #[circuit_breaker(name = "keys: bulkhead", key = key, max_concurrent = 1)]
    async fn call(key: &str) -> Answer {
        assert!(!key.is_empty());
        wait_once().await;
        Ok(())
    }
    let mut first = pin!(call("a"));
    assert!(poll_once(first.as_mut()).is_pending());
    match ready(call("a")) {
        Err(Error::Open(error)) => assert_eq!(Rejection::TooManyCalls, error.reason()),
        other => panic!("{other:?}"),
    }
    assert!(poll_once(pin!(call("b"))).is_pending());
}

#[test]
fn the_registry_lists_the_function_once() {
    let (call, _) = keyed!("keys: registry");
    for key in ["a", "b", "c"] {
        assert_eq!(Ok(()), call(key, Ok(())));
    }
    let listed = circuit_runtime::circuits();
    assert_eq!(1, listed.iter().filter(|circuit| circuit.name() == "keys: registry").count());
}

#[test]
fn a_key_is_evaluated_before_anything_is_taken() {
    #[circuit_breaker(name = "keys: panic", key = crashing(), max_concurrent = 1)]
    fn call() -> Answer {
        Ok(())
    }
    fn crashing() -> String {
        crate::support::crash()
    }
    assert!(crate::support::crashes(call));
    let seen = find("keys: panic").map(CircuitBreaker::snapshot);
    assert!(seen.is_none_or(|seen| (seen.panicked, seen.failures, seen.cancelled) == (0, 0, 0)));
}

#[test]
fn a_key_may_use_the_circuit_while_it_is_printed() {
    struct Curious(u32);
    impl fmt::Display for Curious {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if self.0 > 0 {
                assert_eq!(Ok(()), call(&Curious(self.0 - 1)));
                let _ = (circuit("keys: curious").snapshot(), circuit("keys: curious").keys());
            }
            write!(f, "{}", self.0)
        }
    }
    #[circuit_breaker(name = "keys: curious", key = key, max_keys = 2)]
    fn call(key: &Curious) -> Answer {
        assert!(key.0 < 10);
        Ok(())
    }
    assert_eq!(Ok(()), call(&Curious(3)));
    assert_eq!(4, circuit("keys: curious").snapshot().successes);
}

#[test]
fn a_key_of_any_length_works() {
    #[circuit_breaker(name = "keys: long", key = key, threshold = 1)]
    fn call(key: &str, answer: Answer) -> Answer {
        assert!(key.len() < 100_000);
        answer
    }
    let long = "x".repeat(10_000);
    for key in ["", "ünï cødé", &long] {
        assert_eq!(DOWN, call(key, DOWN));
        assert!(is_rejected(call(key, Ok(()))));
    }
    assert_eq!(3, circuit("keys: long").keys().len());
}
