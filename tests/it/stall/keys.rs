//! A circuit per key: a key with calls in flight keeps its circuit.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, Config, KeyedBreaker, KeyedCircuit, State};

use crate::support::{millis, secs};

const STALLING: Config = Config::new().threshold(3).stall(secs(2));

fn calls(keys: &'static KeyedBreaker, key: &str) -> Result<(), CallError<()>> {
    keys.key(key).call(|| Ok(()))
}

#[test]
fn each_key_has_a_list_of_its_own() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("stalls by key", STALLING, 10);
    let time = freeze();
    let _hung: Vec<_> = (0..3).map(|_| HOSTS.key("down").try_acquire().unwrap()).collect();
    let _one = HOSTS.key("up").try_acquire().unwrap();
    calls(&HOSTS, "up").unwrap();
    assert_eq!(HOSTS.snapshot().in_flight, Some(4));
    time.advance(millis(2_250));
    assert_eq!(HOSTS.state(), State::Open);
    assert!(calls(&HOSTS, "down").is_err() && calls(&HOSTS, "up").is_ok());
    let down = HOSTS.key("down").snapshot().unwrap();
    let up = HOSTS.key("up").snapshot().unwrap();
    assert_eq!((down.stalled, up.stalled, HOSTS.snapshot().stalled), (3, 1, 4));
}

#[test]
fn a_key_with_calls_in_flight_keeps_its_circuit_until_they_end() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("stalls of one key", STALLING, 1);
    let _time = freeze();
    let one = HOSTS.key("one").try_acquire().unwrap();
    calls(&HOSTS, "two").unwrap();
    assert_eq!(HOSTS.snapshot().unprotected, 1, "no circuit is left for it");
    one.success();
    calls(&HOSTS, "two").unwrap();
    let seen = HOSTS.snapshot();
    assert_eq!((seen.unprotected, seen.successes), (1, 2));
    assert!(HOSTS.key("one").snapshot().is_none());
}

#[test]
fn calls_that_have_stalled_keep_no_circuit_and_are_none_of_the_next_key() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("stalls of a key that goes", STALLING, 1);
    let time = freeze();
    let one = HOSTS.key("one").try_acquire().unwrap();
    calls(&HOSTS, "two").unwrap();
    time.advance(millis(2_250));
    assert_eq!(HOSTS.snapshot().stalled, 1);
    calls(&HOSTS, "two").unwrap();
    assert_eq!(HOSTS.key("two").snapshot().unwrap().in_flight, Some(0));
    one.success();
    let two = HOSTS.key("two").snapshot().unwrap();
    assert_eq!((two.in_flight, two.stalled, two.successes, two.late), (Some(0), 0, 1, 0));
    let all = HOSTS.snapshot();
    assert_eq!((all.late, all.unprotected), (1, 2));
}

/// What a key's control does once a call has stalled that nobody has noticed; what it leaves of the counters.
fn after(name: &'static str, control: fn(KeyedCircuit<'static>) -> bool) -> (u64, u64, State) {
    let config = STALLING.threshold(1);
    let hosts = Box::leak(Box::new(KeyedBreaker::new(name, config, 10)));
    let time = freeze();
    let _hung = hosts.key("a").try_acquire().unwrap();
    time.advance(secs(3));
    assert!(control(hosts.key("a")));
    let seen = hosts.snapshot();
    (seen.stalled, seen.transitions, seen.state)
}

#[test]
fn whatever_changes_a_key_notices_first_what_has_stalled() {
    type Control = (&'static str, fn(KeyedCircuit<'static>) -> bool);

    let lasting: [Control; 5] = [
        ("disable", KeyedCircuit::disable),
        ("force_open", KeyedCircuit::force_open),
        ("shadow", KeyedCircuit::shadow),
        ("resume", KeyedCircuit::resume),
        ("reconfigure", |key| key.reconfigure(Config::new()).unwrap()),
    ];
    for (name, control) in lasting {
        assert_eq!(after(name, control), (1, 1, State::Open), "{name}");
    }
    assert_eq!(after("reset", KeyedCircuit::reset), (1, 2, State::Closed));
    assert_eq!(after("forget", KeyedCircuit::forget), (1, 1, State::Closed), "in the sum");
}
