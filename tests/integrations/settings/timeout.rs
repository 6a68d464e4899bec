//! `timeout` in settings changes the limit of functions that have one.

use std::time::Duration;

use circuit_runtime::{
    CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, KeyedBreaker, circuit_breaker, find,
};

use super::{Turn, circuit, refusal, set};

#[derive(Debug, PartialEq)]
enum Error {
    Late(Duration),
    Open,
}

impl From<CallTimeoutError> for Error {
    fn from(error: CallTimeoutError) -> Self {
        Error::Late(error.limit())
    }
}

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error::Open
    }
}

async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[circuit_breaker(name = "limited", timeout = "10s", recovery = "5s")]
async fn limited(seconds: u64) -> Result<(), Error> {
    sleep(seconds).await;
    Ok(())
}

#[circuit_breaker(name = "in-flight-limited", timeout = "10s")]
async fn in_flight(seconds: u64) -> Result<(), Error> {
    sleep(seconds).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_that_of_the_settings_until_they_go() {
    let _turn = Turn::take();
    assert_eq!(limited(9).await, Ok(()));
    set("[circuits.limited]\ntimeout = \"2s\"");
    assert_eq!(limited(3).await, Err(Error::Late(Duration::from_secs(2))));
    assert_eq!(limited(1).await, Ok(()));
    set("[circuits.\"limit*\"]\ntimeout = \"20s\"");
    assert_eq!(limited(15).await, Ok(()));
    set("");
    assert_eq!(limited(15).await, Err(Error::Late(Duration::from_secs(10))));
    assert_eq!(find("limited").unwrap().snapshot().timed_out, 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_keeps_the_limit_it_began_with() {
    let _turn = Turn::take();
    let call = tokio::spawn(in_flight(30));
    tokio::task::yield_now().await;
    set("[circuits.in-flight-limited]\ntimeout = \"40s\"");
    assert_eq!(call.await.unwrap(), Err(Error::Late(Duration::from_secs(10))));
}

static SHARED: CircuitBreaker = CircuitBreaker::new("limited-shared", Config::new());

#[circuit_breaker(breaker = SHARED, timeout = "10s")]
async fn shared(seconds: u64) -> Result<(), Error> {
    sleep(seconds).await;
    Ok(())
}

#[circuit_breaker(breaker = SHARED)]
async fn unlimited(seconds: u64) -> Result<(), Error> {
    sleep(seconds).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn functions_of_one_circuit_that_have_a_limit_get_it() {
    let _turn = Turn::take();
    set("[circuits.limited-shared]\ntimeout = \"2s\"");
    assert_eq!(shared(3).await, Err(Error::Late(Duration::from_secs(2))));
    assert_eq!(unlimited(30).await, Ok(()));
}

#[circuit_breaker(name = "without-limit")]
async fn without_limit() -> Result<(), Error> {
    Ok(())
}

#[tokio::test]
async fn where_no_function_has_a_limit_it_is_a_fault_or_left_out() {
    let _turn = Turn::take();
    without_limit().await.unwrap();
    let message =
        "changes the limit of functions that have one, and this circuit's have no `timeout`";
    assert_eq!(
        refusal(super::file("[circuits.without-limit]\ntimeout = \"2s\"")),
        [format!("circuits.without-limit.timeout: {message}")]
    );
    let report = set("[circuits.\"without-*\"]\ntimeout = \"2s\"\nprobes = 2");
    assert_eq!(
        report.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("circuits.\"without-*\".timeout: {message} (circuit `without-limit`)")]
    );
}

#[circuit_breaker(name = "leased", timeout = "1s", recovery = "5s", probe_timeout = "2s")]
async fn leased() -> Result<(), Error> {
    Ok(())
}

#[tokio::test]
async fn probes_are_not_given_up_before_the_new_limit() {
    let _turn = Turn::take();
    leased().await.unwrap();
    assert_eq!(
        refusal(super::file("[circuits.leased]\ntimeout = \"3s\"")),
        [
            "circuits.leased.timeout: `probe_timeout` must be at least `timeout`: probes that may still answer would be \
          given up; `probe_timeout` is in the code"
        ]
    );
    set("[circuits.leased]\ntimeout = \"3s\"\nprobe_timeout = \"3s\"");
    let leased = find("leased").unwrap();
    let error =
        leased.reconfigure(Config::new().probe_timeout(Duration::from_secs(2))).unwrap_err();
    assert!(error.to_string().contains("at least `timeout`"), "by hand neither: {error}");
    assert_eq!(
        leased.config(),
        Config::new().recovery(Duration::from_secs(5)).probe_timeout(Duration::from_secs(3))
    );
    let by_hand = circuit("leased-by-hand", Config::new());
    set("[circuits.leased-by-hand]\ntimeout = \"3s\"");
    assert_eq!(by_hand.config(), Config::new());
}

struct Client;

/// The block itself has no limit, one of its methods has.
#[circuit_breaker(name = "limited-block")]
impl Client {
    #[circuit_breaker(timeout = "10s")]
    async fn get(&self, seconds: u64) -> Result<(), Error> {
        sleep(seconds).await;
        Ok(())
    }

    async fn list(&self, seconds: u64) -> Result<(), Error> {
        sleep(seconds).await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_a_block_that_have_a_limit_get_it() {
    let _turn = Turn::take();
    assert_eq!(Client.list(30).await, Ok(()));
    set("[circuits.limited-block]\ntimeout = \"2s\"");
    assert_eq!(Client.get(3).await, Err(Error::Late(Duration::from_secs(2))));
    assert_eq!(Client.list(30).await, Ok(()));
}

static LEASED_HOSTS: KeyedBreaker = KeyedBreaker::new("leased-hosts", Config::new(), 10);

#[circuit_breaker(breaker = LEASED_HOSTS, key = host, timeout = "1s")]
async fn fetch(host: &str) -> Result<(), Error> {
    sleep(host.len() as u64).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_configuration_of_one_key_is_checked_against_the_limit_from_outside() {
    let _turn = Turn::take();
    fetch("").await.unwrap();
    set("[circuits.leased-hosts]\ntimeout = \"3s\"");
    assert_eq!(fetch("a").await, Ok(()), "the limit is three seconds");
    let short = Config::new().probe_timeout(Duration::from_secs(2));
    let error = LEASED_HOSTS.reconfigure(short).unwrap_err();
    assert!(error.to_string().contains("at least `timeout`"), "{error}");
    let of_key = LEASED_HOSTS.key("a").reconfigure(short).unwrap_err();
    assert_eq!(of_key.to_string(), error.to_string(), "one key is no exception");
}
