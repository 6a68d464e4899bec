//! Generics, qualifiers, other attributes, and the options that take more than a number.

use std::fmt::Display;
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, Mode, circuit_breaker};
use once_lock::LAZY;

use super::{E, answer, block_on, counts, guards, rejects};

#[circuit_breaker(threshold = 1, name = "generic_fn")]
fn generic<T: Display + ?Sized, const N: usize>(
    value: &T,
    array: [u8; N],
    fail: bool,
) -> Result<usize, E>
where
    for<'a> &'a T: Send,
{
    answer(fail, value.to_string().len() + array.len() + N)
}

#[circuit_breaker(threshold = 1, name = "mono")]
fn mono<T>(value: T, fail: bool) -> Result<T, E> {
    answer(fail, value)
}

#[circuit_breaker(threshold = 1, name = "unsafe_fn")]
unsafe fn unsafe_fn(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "extern_fn", failure = 0, fallback = 9)]
extern "C" fn extern_fn(n: u8) -> u8 {
    n
}

/// Its docs stay.
#[inline]
#[must_use]
#[circuit_breaker(threshold = 1, name = "attributes")]
#[doc(hidden)]
#[cold]
pub(in crate::shapes) fn attributes(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[deprecated]
#[circuit_breaker(threshold = 1, name = "deprecated")]
fn deprecated(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[tracing::instrument(err(Debug))]
#[circuit_breaker(threshold = 1, name = "instrument_above")]
async fn instrument_above(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "instrument_below")]
#[tracing::instrument(err(Debug), skip(fail))]
async fn instrument_below(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "instrument_mut")]
#[tracing::instrument(err(Debug))]
fn instrument_mut(list: &mut Vec<u8>, fail: bool) -> Result<&mut u8, E> {
    list.push(1);
    answer(fail, &mut list[0])
}

#[test]
fn signatures_stay_whole() {
    rejects("generic_fn", |fail| generic("a", [1, 2], fail));
    // SAFETY: nothing in it is unsafe.
    rejects("unsafe_fn", |fail| unsafe { unsafe_fn(fail) });
    assert_eq!((extern_fn(0), extern_fn(1)), (0, 9));
    rejects("attributes", attributes);
    #[allow(deprecated)]
    rejects("deprecated", deprecated);
}

#[test]
fn one_circuit_for_all_type_parameters() {
    assert_eq!(mono("a", true), Err(E::Down));
    assert_eq!(mono(1, false), Err(E::Open));
    assert_eq!(counts("mono"), (0, 1, 1));
}

#[test]
fn other_attributes_in_either_order() {
    rejects("instrument_above", |fail| block_on(instrument_above(fail)));
    rejects("instrument_below", |fail| block_on(instrument_below(fail)));
    rejects("instrument_mut", |fail| instrument_mut(&mut vec![], fail).map(|n| *n));
}

#[circuit_breaker(name = "guarded_test")]
#[test]
fn a_test_can_be_guarded() -> Result<(), E> {
    Ok(())
}

#[tokio::test]
#[circuit_breaker(name = "guarded_tokio_test")]
async fn a_tokio_test_can_be_guarded() -> Result<(), E> {
    tokio::task::yield_now().await;
    Ok(())
}

const LIMIT: u32 = 2;
const RATE: f64 = 0.25;
const WAIT: Duration = Duration::from_millis(1500);
const NAME: &str = "constants";

#[circuit_breaker(
    threshold = LIMIT + 1,
    failure_rate = RATE,
    slow_call = WAIT,
    slow_rate = RATE * 2.0,
    window = WAIT,
    min_calls = LIMIT,
    recovery = WAIT,
    backoff = 1.0 + RATE,
    max_recovery = Duration::from_secs(60),
    jitter = RATE,
    success_threshold = LIMIT,
    probes = LIMIT * 2,
    probe_timeout = WAIT,
    max_concurrent = LIMIT,
    name = NAME,
    max_keys = LIMIT,
    key = n % 2,
)]
fn constants(n: u8) -> Result<u8, E> {
    Ok(n)
}

#[circuit_breaker(
    name = "literals",
    threshold = 3,
    failure_rate = "33.3%",
    slow_call = "1.5s",
    slow_rate = 1,
    window = "1m",
    min_calls = 7,
    recovery = "1h 30m",
    backoff = 2,
    max_recovery = "1d",
    jitter = 0.5,
    success_threshold = 2,
    probes = 3,
    probe_timeout = "10ns",
    on_cancel = failure,
    max_concurrent = 1_000,
)]
async fn literals(n: u8) -> Result<u8, E> {
    Ok(n)
}

#[circuit_breaker(name = "window_constant", failure_rate = RATE, window = 10 * LIMIT)]
fn window_constant() -> Result<u8, E> {
    Ok(1)
}

#[test]
fn options_reach_the_configuration() {
    use circuit_runtime::{OnCancel, Window};
    for n in 0..4 {
        assert_eq!(constants(n), Ok(n));
    }
    let breaker = circuit_runtime::find("constants").unwrap();
    let expected = Config::new()
        .threshold(3)
        .failure_rate(0.25)
        .slow_call(WAIT)
        .slow_rate(0.5)
        .window(Window::Time(WAIT))
        .min_calls(2)
        .recovery(WAIT)
        .backoff(1.25)
        .max_recovery(Duration::from_secs(60))
        .jitter(0.25)
        .success_threshold(2)
        .probes(4)
        .probe_timeout(WAIT)
        .max_concurrent(2);
    assert_eq!(breaker.config(), expected);
    assert_eq!(breaker.keys().len(), 2);

    let _ = block_on(literals(1));
    let expected = Config::new()
        .threshold(3)
        .failure_rate(0.333)
        .slow_call(Duration::from_millis(1500))
        .slow_rate(1.0)
        .window(Window::Time(Duration::from_secs(60)))
        .min_calls(7)
        .recovery(Duration::from_secs(5400))
        .backoff(2.0)
        .max_recovery(Duration::from_secs(86_400))
        .jitter(0.5)
        .success_threshold(2)
        .probes(3)
        .probe_timeout(Duration::from_nanos(10))
        .on_cancel(OnCancel::Failure)
        .max_concurrent(1000);
    assert_eq!(circuit_runtime::find("literals").unwrap().config(), expected);

    let _ = window_constant();
    let config = circuit_runtime::find("window_constant").unwrap().config();
    assert_eq!(config, Config::new().failure_rate(0.25).window(Window::Calls(20)));
}

static SHARED: CircuitBreaker = CircuitBreaker::new("shared", Config::new().threshold(1));

mod once_lock {
    use std::sync::LazyLock;

    use circuit_runtime::{CircuitBreaker, Config};

    pub(super) static LAZY: LazyLock<CircuitBreaker> =
        LazyLock::new(|| CircuitBreaker::new("lazy", Config::new().threshold(1)));
}

#[circuit_breaker(breaker = SHARED)]
fn shares(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(breaker = self::SHARED, fallback = Ok(9))]
async fn shares_too(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(breaker = LAZY)]
fn lazily(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[test]
fn functions_can_share_a_circuit() {
    rejects("shared", shares);
    assert_eq!(block_on(shares_too(false)), Ok(9));
    assert_eq!(counts("shared"), (1, 1, 2));
    assert_eq!(circuit_runtime::circuits().iter().filter(|c| c.name() == "shared").count(), 1);
    rejects("lazy", lazily);
    assert_eq!(circuit_runtime::find("lazy").unwrap().mode(), Mode::Normal);
}

struct Request {
    host: String,
    port: u16,
}

#[circuit_breaker(threshold = 1, name = "by_host", key = request.host)]
fn by_host(request: Request, fail: bool) -> Result<String, E> {
    answer(fail, request.host)
}

#[circuit_breaker(
    threshold = 1,
    name = "by_address",
    key = format_args!("{}:{}", request.host, request.port),
    fallback = |request, _| Ok(request.host)
)]
async fn by_address(request: Request, fail: bool) -> Result<String, E> {
    super::yield_now().await;
    answer(fail, request.host)
}

#[circuit_breaker(threshold = 1, name = "by_generic", key = key)]
fn by_generic<K: Display>(key: K, fail: bool) -> Result<K, E> {
    answer(fail, key)
}

fn request(host: &str) -> Request {
    Request { host: host.to_owned(), port: 80 }
}

#[test]
fn one_circuit_per_key() {
    assert_eq!(by_host(request("a"), true), Err(E::Down));
    assert_eq!(by_host(request("a"), false), Err(E::Open));
    assert_eq!(by_host(request("b"), false), Ok("b".into()));
    assert_eq!(circuit_runtime::find("by_host").unwrap().keys().len(), 2);

    let call = super::is_send(by_address(request("a"), true));
    assert_eq!(block_on(call), Err(E::Down));
    assert_eq!(block_on(by_address(request("a"), false)), Ok("a".into()));
    let keys = circuit_runtime::find("by_address").unwrap().keys();
    assert_eq!(keys.iter().map(|key| &**key).collect::<Vec<_>>(), ["a:80"]);

    assert_eq!(by_generic(1, true), Err(E::Down));
    assert_eq!(by_generic("1", false), Err(E::Open));
    assert_eq!(guards("plain_after_all", plain_after_all), Err(E::Open));
}

#[circuit_breaker(threshold = 1, name = "plain_after_all")]
fn plain_after_all(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}
