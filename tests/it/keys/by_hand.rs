//! `KeyedBreaker`: circuits per key without the attribute.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CallError, Config, KeyedBreaker, Mode, Outcome, Rejection, State, Window, circuit_breaker,
    circuits, find,
};

use super::Error;
use crate::support::{ready, secs};

const FRAGILE: Config = Config::new().threshold(1).recovery(secs(10));

fn hosts(config: Config, max_keys: u32) -> &'static KeyedBreaker {
    Box::leak(Box::new(KeyedBreaker::new("hosts by hand", config, max_keys)))
}

fn fail(hosts: &'static KeyedBreaker, key: &str) {
    assert_eq!(hosts.key(key).call(|| Err::<(), _>("down")), Err(CallError::Failed("down")));
}

fn state(hosts: &'static KeyedBreaker, key: &str) -> Option<State> {
    hosts.key(key).snapshot().map(|seen| seen.state)
}

#[test]
fn each_key_has_a_circuit_of_its_own() {
    let time = freeze();
    let hosts = hosts(FRAGILE, 10);
    fail(hosts, "gone");
    let rejected = hosts.key("gone").call(|| Ok::<_, ()>(1)).unwrap_err();
    let CallError::Open(error) = rejected else { panic!("{rejected:?}") };
    assert_eq!((error.reason(), error.retry_after()), (Rejection::Open, Some(secs(10))));
    assert_eq!(error.key().as_deref(), Some("gone"));
    assert_eq!(hosts.key("well").call(|| Ok::<_, ()>(1)), Ok(1));
    assert_eq!(
        (state(hosts, "gone"), state(hosts, "well")),
        (Some(State::Open), Some(State::Closed))
    );
    assert_eq!(hosts.state(), State::Open, "the worst of them");

    time.advance(secs(10));
    assert_eq!(hosts.key("gone").call(|| Ok::<_, ()>(2)), Ok(2));
    assert_eq!(hosts.state(), State::Closed);
}

#[test]
fn every_way_to_call_goes_through_the_circuit_of_the_key() {
    let hosts = hosts(Config::new().threshold(100), 10);
    let by_status = |status: &u16| if *status >= 500 { Outcome::Failure } else { Outcome::Success };
    let key = hosts.key("a");
    assert_eq!(key.call_with(by_status, || 500), Ok(500));
    assert_eq!(ready(key.call_async(async { Ok::<_, ()>(1) })), Ok(1));
    let status = ready(key.call_with_async(by_status, async { 503 }));
    assert_eq!(status, Ok(503));
    key.try_acquire().unwrap().failure();
    drop(key.try_acquire().unwrap());
    drop(key.call_async(async { Ok::<_, ()>(1) }));

    let seen = key.snapshot().unwrap();
    assert_eq!((seen.successes, seen.failures, seen.cancelled), (1, 3, 1), "{seen:?}");
    assert!(hosts.key("b").snapshot().is_none());
    assert_eq!(hosts.snapshot().failures, 3);
}

#[test]
fn a_mode_of_a_key_is_its_own_until_one_is_set_for_all() {
    let hosts = hosts(FRAGILE, 10);
    let admits = |key| hosts.key(key).try_acquire().map(drop).is_ok();
    assert!(hosts.key("a").force_open(), "a key that nobody has called gets a circuit");
    assert!(!admits("a") && admits("b"));
    assert_eq!(hosts.mode(), Mode::Normal);

    hosts.disable();
    assert!(admits("a"));
    hosts.resume();
    assert!(admits("a") && admits("b"));

    assert!(hosts.key("b").disable());
    fail(hosts, "b");
    assert_eq!(state(hosts, "b"), Some(State::Closed), "judged by nobody");
    assert!(hosts.key("b").shadow());
    fail(hosts, "b");
    assert!(admits("b"), "it would be rejected");
    assert_eq!(hosts.key("b").snapshot().map(|seen| seen.rejected), Some(1));
    assert!(hosts.key("b").resume());
    assert!(!admits("b"));
}

#[test]
fn a_key_is_reset_alone() {
    let hosts = hosts(FRAGILE, 10);
    fail(hosts, "a");
    fail(hosts, "b");
    assert!(hosts.key("a").reset());
    assert_eq!((state(hosts, "a"), state(hosts, "b")), (Some(State::Closed), Some(State::Open)));
    assert!(!hosts.key("c").reset() && hosts.key("c").snapshot().is_none());
}

#[test]
fn a_key_is_reconfigured_alone_until_all_are() {
    let hosts = hosts(FRAGILE, 10);
    assert_eq!(hosts.key("a").reconfigure(FRAGILE.threshold(2)), Ok(true));
    fail(hosts, "a");
    assert_eq!(state(hosts, "a"), Some(State::Closed));
    fail(hosts, "b");
    assert_eq!(state(hosts, "b"), Some(State::Open));
    assert_eq!(hosts.config(), FRAGILE);

    let error = hosts.key("a").reconfigure(FRAGILE.threshold(0)).unwrap_err();
    assert!(error.message().starts_with("`threshold`"), "{error}");
    hosts.reconfigure(FRAGILE).unwrap();
    fail(hosts, "a");
    assert_eq!(state(hosts, "a"), Some(State::Open));
}

#[test]
fn a_key_with_settings_of_its_own_is_not_evicted() {
    let hosts = hosts(FRAGILE, 1);
    assert!(hosts.key("a").force_open());
    assert!(hosts.key("b").try_acquire().is_ok());
    assert_eq!(hosts.snapshot().unprotected, 1);
    assert!(!hosts.key("b").force_open(), "there is no circuit for it");
    assert_eq!(hosts.key("b").reconfigure(FRAGILE.threshold(2)), Ok(false));

    assert!(hosts.key("a").resume());
    hosts.key("b").try_acquire().unwrap().success();
    assert_eq!(hosts.keys().iter().map(|key| &**key).collect::<Vec<_>>(), ["b"]);

    assert_eq!(hosts.key("b").reconfigure(FRAGILE.threshold(2)), Ok(true));
    assert!(hosts.key("a").try_acquire().is_ok() && state(hosts, "a").is_none());
    assert!(hosts.key("b").forget());
    assert!(hosts.key("a").try_acquire().is_ok() && state(hosts, "a").is_some());
}

#[test]
fn a_long_key_is_changed_by_what_it_is_known_as() {
    let hosts = hosts(FRAGILE, 10);
    let (one, other) = ("x".repeat(300), "x".repeat(301));
    assert!(hosts.key(&one).force_open());
    assert!(hosts.key(&one).try_acquire().is_err() && hosts.key(&other).try_acquire().is_ok());
    assert_eq!(hosts.key(&one).snapshot().map(|seen| seen.mode), Some(Mode::ForcedOpen));
}

#[test]
fn the_first_call_registers_it() {
    static LISTED: KeyedBreaker = KeyedBreaker::new("keyed, listed", FRAGILE, 10);
    assert!(find("keyed, listed").is_none());
    LISTED.key("a").try_acquire().unwrap().success();
    assert!(std::ptr::eq(find("keyed, listed").unwrap(), &raw const *LISTED));
    assert_eq!(circuits().iter().filter(|circuit| circuit.name() == "keyed, listed").count(), 1);
}

#[test]
fn what_cannot_be_meant_is_an_error_value() {
    let error =
        |config, max_keys| KeyedBreaker::try_new("x", config, max_keys).unwrap_err().to_string();
    for max_keys in [0, 1_000_001] {
        let error = error(FRAGILE, max_keys);
        assert!(error.starts_with("`max_keys` must be from 1 to 1,000,000"), "{error}");
    }
    assert!(error(FRAGILE.threshold(0), 1).starts_with("`threshold`"));
    let large = Config::new().failure_rate(0.5).window(Window::Calls(10_001));
    assert!(error(large, 1).starts_with("`window`"), "{}", error(large, 1));
    assert!(KeyedBreaker::try_new("x", FRAGILE, 1_000_000).is_ok());
}

static SHARED: KeyedBreaker = KeyedBreaker::new("shared keys", FRAGILE, 10);

#[circuit_breaker(breaker = SHARED, key = host)]
fn get(host: &str) -> Result<u32, Error> {
    if host == "gone" { Err(Error::Down) } else { head(host) }
}

#[circuit_breaker(breaker = SHARED, key = host)]
fn head(host: &str) -> Result<u32, Error> {
    if host == "headless" { Err(Error::Down) } else { Ok(1) }
}

#[circuit_breaker(breaker = SHARED, key = host, fallback = Ok(0))]
async fn post(host: &str) -> Result<u32, Error> {
    Ok(2)
}

#[test]
fn annotated_functions_share_the_circuits_of_a_keyed_breaker() {
    assert_eq!(get("gone"), Err(Error::Down));
    assert!(matches!(head("gone"), Err(Error::Open(_))));
    assert_eq!(ready(post("gone")), Ok(0));
    assert_eq!((get("well"), ready(post("well"))), (Ok(1), Ok(2)));
    // A call within a call of the same key is a part of it.
    assert_eq!(SHARED.key("well").snapshot().map(|seen| seen.successes), Some(2));
    assert_eq!(get("headless"), Err(Error::Down));
    assert_eq!(SHARED.key("headless").snapshot().map(|seen| seen.failures), Some(1));
}
