//! What the rejection of a keyed call says.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitOpenError, circuit_breaker};

use super::{Answer, DOWN, Error, circuit};
use crate::support::{poll_once, ready, secs};

/// The error of a call that is rejected.
fn rejection(answer: Answer) -> CircuitOpenError {
    match answer {
        Err(Error::Open(error)) => error,
        other => panic!("not rejected: {other:?}"),
    }
}

#[test]
fn a_rejection_names_its_key() {
    let _time = freeze();
    let (call, _) = keyed!("keys: rejection");
    assert_eq!([DOWN, DOWN], [call("gone.example", DOWN), call("other.example", DOWN)]);
    for key in ["gone.example", "other.example"] {
        let error = rejection(call(key, DOWN));
        assert_eq!(("keys: rejection", Some(key)), (error.circuit(), error.key().as_deref()));
        let message = format!("circuit `keys: rejection` of `{key}` is open; retry after 10.0s");
        assert_eq!(message, error.to_string());
        assert_eq!(
            format!(
                "CircuitOpenError {{ circuit: \"keys: rejection\", key: {key:?}, reason: Open, \
                 retry_after: Some(10s) }}"
            ),
            format!("{error:?}")
        );
        assert_eq!(error, rejection(call(key, DOWN)));
    }
    assert_ne!(
        rejection(call("gone.example", DOWN)),
        rejection(call("other.example", DOWN)),
        "of two keys"
    );
}

#[test]
fn a_rejection_names_its_key_whatever_the_reason() {
    let time = freeze();
    let call = keyed_async!("keys: reasons", max_concurrent = 1);
    let message = |key: &'static str| rejection(ready(call(key, DOWN))).to_string();
    let mut held = pin!(call("a", Ok(())));
    assert!(poll_once(held.as_mut()).is_pending());
    assert_eq!("circuit `keys: reasons` of `a` has too many calls in flight", message("a"));
    assert_eq!(Ok(()), ready(held));
    assert_eq!(DOWN, ready(call("b", DOWN)));
    time.advance(secs(10));
    let mut probe = pin!(call("b", Ok(())));
    assert!(poll_once(probe.as_mut()).is_pending());
    let full = "circuit `keys: reasons` of `b` is half-open and its probes are taken";
    assert_eq!(full, message("b"));
    circuit("keys: reasons").force_open();
    assert_eq!("circuit `keys: reasons` of `a` is forced open", message("a"));
}

#[test]
fn a_rejection_names_no_key_that_is_gone() {
    let (call, circuit) = keyed!("keys: gone rejection", max_keys = 1);
    assert_eq!(DOWN, call("a", DOWN));
    let error = rejection(call("a", DOWN));
    assert_eq!(Some("a"), error.key().as_deref());
    circuit().forget("a");
    assert_eq!(None, error.key());
    assert!(error.to_string().starts_with("circuit `keys: gone rejection` is open"));
    // Neither the one that has its circuit now, nor the same one when it is back.
    for key in ["b", "a"] {
        assert_eq!(DOWN, call(key, DOWN));
        assert_eq!(Some(key), rejection(call(key, DOWN)).key().as_deref());
        assert_eq!(None, error.key());
        circuit().forget(key);
    }
    // A key without a circuit, of which all are forced open.
    assert_eq!(DOWN, call("b", DOWN));
    circuit().force_open();
    assert_eq!(None, rejection(call("c", DOWN)).key());
}
