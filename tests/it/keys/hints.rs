//! What a program tells the circuit of a key.

use std::sync::Arc;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, KeyedBreaker, Permit};

use crate::support::{millis, secs};

fn hosts() -> &'static KeyedBreaker {
    let config = Config::new().threshold(2).recovery(secs(10));
    Box::leak(Box::new(KeyedBreaker::new("hosts with hints", config, 2)))
}

#[test]
fn a_key_has_hints_of_its_own() {
    let _time = freeze();
    let hosts = hosts();
    let admits = |key| hosts.key(key).try_acquire().map(drop).is_ok();
    let (a, b) = (hosts.key("a"), hosts.key("b"));
    assert!(!a.open_for(secs(5)) && !a.extend(secs(5)) && !a.probe_now() && !a.suspect(secs(5)));
    assert!(hosts.keys().is_empty(), "a hint gives no key a circuit");
    assert!(admits("a") && admits("b"));

    assert!(a.open_for(secs(5)));
    assert!(!admits("a") && admits("b"));
    assert!(a.extend(secs(20)));
    assert_eq!(a.snapshot().unwrap().retry_after, Some(secs(20)));
    assert!(a.probe_now() && admits("a"));
    assert!(b.suspect(secs(5)));
    b.try_acquire().unwrap().failure();
    assert!(!admits("b"));
}

#[test]
fn hints_to_a_breaker_with_keys_are_for_all_of_them() {
    let _time = freeze();
    let hosts = hosts();
    let admits = |key| hosts.key(key).try_acquire().map(drop).is_ok();
    assert!(admits("a") && admits("b"));
    hosts.open_for(secs(5));
    assert!(!admits("a") && !admits("b"));
    hosts.probe_now();
    assert!(admits("a") && admits("b"));
}

#[test]
fn a_suspected_key_is_not_the_first_to_be_evicted() {
    let time = freeze();
    let hosts = hosts();
    let call = |key| hosts.key(key).try_acquire().map(Permit::success).unwrap();
    call("a");
    call("b");
    hosts.key("a").suspect(secs(10));
    call("b");
    call("c");
    let mut keys = hosts.keys();
    keys.sort();
    assert_eq!(keys, [Arc::from("a"), Arc::from("c")]);
    time.advance(millis(1));
}
