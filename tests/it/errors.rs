//! What a caller gets instead of a result.

use std::error::Error;
use std::io;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CallError, CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, ConfigError,
    KeyedBreaker, Permit, Rejection, Snapshot, Transition,
};

use crate::support::{FRAGILE, fail, millis, rejection, secs};

fn payments(config: Config) -> CircuitBreaker {
    CircuitBreaker::new("payments", config)
}

#[test]
fn an_open_circuit_says_when_to_come_back() {
    let time = freeze();
    let breaker = payments(FRAGILE.recovery(secs(30)));
    fail(&breaker, 1);
    time.advance(millis(200));
    let error = rejection(&breaker);
    assert_eq!("circuit `payments` is open; retry after 29.8s", error.to_string());
    assert_eq!(("payments", Rejection::Open), (error.circuit(), error.reason()));
    assert_eq!(Some(millis(29_800)), error.retry_after());
}

#[test]
fn a_half_open_circuit_says_that_its_probes_are_taken() {
    let time = freeze();
    let breaker = payments(FRAGILE);
    fail(&breaker, 1);
    time.advance(secs(10));
    let _probe = breaker.try_acquire().unwrap();
    let expected = "circuit `payments` is half-open and its probes are taken";
    assert_eq!(expected, rejection(&breaker).to_string());
}

#[test]
fn a_forced_circuit_says_so() {
    let breaker = payments(FRAGILE);
    breaker.force_open();
    assert_eq!("circuit `payments` is forced open", rejection(&breaker).to_string());
}

#[test]
fn a_full_bulkhead_says_so() {
    let breaker = payments(FRAGILE.max_concurrent(1));
    let _in_flight = breaker.try_acquire().unwrap();
    let expected = "circuit `payments` has too many calls in flight";
    assert_eq!(expected, rejection(&breaker).to_string());
}

#[test]
fn a_circuit_that_never_recovers_by_itself_still_has_a_message() {
    let breaker = payments(FRAGILE.recovery(std::time::Duration::MAX));
    fail(&breaker, 1);
    let message = rejection(&breaker).to_string();
    assert!(message.starts_with("circuit `payments` is open"), "{message}");
}

/// `unwrap()` shows it to people.
#[test]
fn for_programmers_a_rejection_prints_what_it_says_and_nothing_made_up() {
    let _time = freeze();
    let breaker = payments(FRAGILE.recovery(secs(30)));
    fail(&breaker, 1);
    let open = "CircuitOpenError { circuit: \"payments\", reason: Open, retry_after: Some(30s) }";
    assert_eq!(open, format!("{:?}", rejection(&breaker)));

    breaker.force_open();
    let forced =
        "CircuitOpenError { circuit: \"payments\", reason: ForcedOpen, retry_after: None }";
    assert_eq!(forced, format!("{:?}", rejection(&breaker)));

    let breaker = payments(FRAGILE.recovery(std::time::Duration::MAX));
    fail(&breaker, 1);
    let for_good = "CircuitOpenError { circuit: \"payments\", reason: Open, retry_after: None }";
    assert_eq!(for_good, format!("{:?}", rejection(&breaker)));
}

#[test]
fn the_errors_are_small_and_copy() {
    fn is_copy<T: Copy + Error + Send + Sync + 'static>() {}
    is_copy::<CircuitOpenError>();
    is_copy::<CallTimeoutError>();
    is_copy::<ConfigError>();
    is_copy::<CallError<CircuitOpenError>>();
    assert!(size_of::<CircuitOpenError>() <= 40);
    assert!(size_of::<Result<(), CircuitOpenError>>() <= 40);
}

#[test]
fn what_crosses_threads_is_send_and_sync() {
    fn is_send_and_sync<T: Send + Sync>() {}
    fn is_send<T: Send>() {}
    is_send_and_sync::<CircuitBreaker>();
    is_send_and_sync::<Snapshot>();
    is_send_and_sync::<Transition>();
    is_send::<Permit<'_>>();
}

#[test]
fn a_rejection_turns_into_the_usual_error_types() {
    let breaker = payments(FRAGILE);
    breaker.force_open();
    let error = rejection(&breaker);

    let as_io: io::Error = error.into();
    let inner = as_io.get_ref().unwrap().downcast_ref::<CircuitOpenError>();
    assert_eq!(Some(&error), inner);

    let boxed: Box<dyn Error> = error.into();
    assert_eq!(Some(&error), boxed.downcast_ref::<CircuitOpenError>());
    let boxed: Box<dyn Error + Send + Sync> = error.into();
    assert_eq!(error.to_string(), boxed.to_string());
}

#[test]
fn a_call_error_prints_as_what_it_carries() {
    let breaker = payments(FRAGILE.threshold(5));
    let failed = breaker.call(|| Err::<(), _>(io::Error::other("connection refused")));
    let failed = failed.unwrap_err();
    assert!(failed.to_string().contains("connection refused"), "{failed}");
    assert!(matches!(failed, CallError::Failed(_)));

    breaker.force_open();
    let open = breaker.call(|| Ok::<_, io::Error>(())).unwrap_err();
    assert_eq!("circuit `payments` is forced open", open.to_string());
}

#[test]
fn a_call_error_stands_for_the_callers_error_and_adds_no_link_to_its_chain() {
    let breaker = payments(FRAGILE);
    let failed = breaker.call(|| Err::<(), _>(io::Error::other("connection refused")));
    let failed = failed.unwrap_err();
    assert_eq!("connection refused", failed.to_string());
    assert!(failed.source().is_none());
    assert_eq!("connection refused", failed.into_error().to_string());
    let rejected = breaker.call(|| Ok::<(), io::Error>(())).unwrap_err();
    assert!(rejected.into_error().get_ref().unwrap().is::<CircuitOpenError>());
}

#[test]
fn the_error_of_a_static_name_outlives_its_circuit() {
    let error = {
        let breaker = payments(FRAGILE);
        breaker.force_open();
        rejection(&breaker)
    };
    assert_eq!("payments", error.circuit());
}

#[test]
fn a_snapshot_prints_as_one_line_with_the_name_and_the_state() {
    let breaker = payments(FRAGILE);
    fail(&breaker, 1);
    let line = breaker.snapshot().to_string();
    assert!(line.contains("payments") && line.contains("open"), "{line}");
    assert_eq!(1, line.lines().count());
}

#[test]
fn a_key_cannot_begin_a_line_of_the_log() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("hosts", FRAGILE, 10);
    let key = "evil\nERROR \u{1b}[31m\u{202e}`{}\"\\ \u{e4}";
    let shown = "evil\\nERROR \\u{1b}[31m\u{202e}`{}\"\\ \u{e4}";
    HOSTS.key(key).try_acquire().unwrap().failure();
    let error = HOSTS.key(key).try_acquire().unwrap_err();
    assert_eq!(Some(key), error.key().as_deref(), "the key itself is as it was given");
    let text = error.to_string();
    assert!(text.starts_with(&format!("circuit `hosts` of `{shown}` is open;")), "{text}");
    let seen = HOSTS.key(key).snapshot().unwrap();
    assert!(seen.to_string().starts_with(&format!("hosts[{shown}]: open")), "{seen}");
    let text = seen.recent_transitions[0].to_string();
    assert!(text.starts_with(&format!("circuit `hosts` of `{shown}` opened:")), "{text}");
}

#[test]
fn a_circuit_needs_a_name() {
    let message = "`name` must not be empty";
    let refused = CircuitBreaker::try_new("", Config::new()).unwrap_err();
    assert_eq!((message, None), (refused.message(), refused.option()));
    assert_eq!(message, KeyedBreaker::try_new("", Config::new(), 10).unwrap_err().message());
    for make in [
        || drop(CircuitBreaker::new("", Config::new())),
        || drop(KeyedBreaker::new("", Config::new(), 10)),
    ] as [fn(); 2]
    {
        let panic = std::panic::catch_unwind(make).unwrap_err();
        assert_eq!(Some(message), panic.downcast_ref::<String>().map(String::as_str));
    }
}
