//! `paths NAME CALLS`: makes so many calls by one path, for `guard.sh` to count the instructions of.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_runtime::{CallError, CircuitBreaker, CircuitOpenError, Config, circuit_breaker};

#[derive(Debug)]
enum Failure {
    Service,
    #[expect(dead_code, reason = "carried to the caller")]
    Open(CircuitOpenError),
}

impl From<CircuitOpenError> for Failure {
    fn from(error: CircuitOpenError) -> Self {
        Failure::Open(error)
    }
}

type Answer = Result<u64, Failure>;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a call that may fail")]
#[inline(never)]
fn plain(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker]
#[inline(never)]
fn healthy(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(failure_rate = 0.5, window = 100)]
#[inline(never)]
fn count_window(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(failure_rate = 0.5, window = 100)]
#[inline(never)]
fn count_window_failing(number: u64) -> Answer {
    if number % 10 == 9 { Err(Failure::Service) } else { Ok(number + 1) }
}

#[circuit_breaker(failure_rate = 0.5, window = "10s")]
#[inline(never)]
fn time_window(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(slow_call = "1h")]
#[inline(never)]
fn slow_rule(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(threshold = 1_000_000)]
#[inline(never)]
fn failing(_: u64) -> Answer {
    Err(Failure::Service)
}

#[circuit_breaker(threshold = 1, recovery = "1h")]
#[inline(never)]
fn rejecting(_: u64) -> Answer {
    Err(Failure::Service)
}

#[circuit_breaker(name = "ramped", ramp = "1ns")]
#[inline(never)]
fn ramped(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(threshold = 1_000_000, merge_failures = "1h")]
#[inline(never)]
fn merging(_: u64) -> Answer {
    Err(Failure::Service)
}

#[circuit_breaker(ignore = Err(_))]
#[inline(never)]
fn ignored(_: u64) -> Answer {
    Err(Failure::Service)
}

#[circuit_breaker(max_concurrent = 10, max_wait = "1s")]
#[inline(never)]
fn waiting(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(max_concurrent = 10)]
#[inline(never)]
fn bulkhead(number: u64) -> Answer {
    Ok(number + 1)
}

/// A failure, then a success: the success ends the run.
#[circuit_breaker]
#[inline(never)]
fn alternating(number: u64) -> Answer {
    if number % 2 == 0 { Err(Failure::Service) } else { Ok(number + 1) }
}

/// A failure opens the circuit, and the next call closes it.
#[circuit_breaker(threshold = 1, recovery = "1ns")]
#[inline(never)]
fn flapping(number: u64) -> Answer {
    if number % 2 == 0 { Err(Failure::Service) } else { Ok(number + 1) }
}

/// Nearly every call is a probe that succeeds.
#[circuit_breaker(threshold = 1, recovery = "1ns", success_threshold = 1_000)]
#[inline(never)]
fn probing(number: u64) -> Answer {
    if number % 1_001 == 0 { Err(Failure::Service) } else { Ok(number + 1) }
}

#[circuit_breaker(failure_rate = 0.5, window = 100, min_calls = 100)]
#[inline(never)]
fn count_window_failure(number: u64) -> Answer {
    if number % 3 == 0 { Err(Failure::Service) } else { Ok(number + 1) }
}

#[circuit_breaker(failure_rate = 0.5, window = "10s")]
#[inline(never)]
fn time_window_failing(number: u64) -> Answer {
    if number % 10 == 9 { Err(Failure::Service) } else { Ok(number + 1) }
}

#[circuit_breaker(name = "shown")]
#[inline(never)]
fn shown(number: u64) -> Answer {
    Ok(number + 1)
}

fn circuit_shown() -> &'static circuit_runtime::CircuitBreaker {
    let _ = shown(0);
    circuit_runtime::find("shown").expect("it has been called")
}

#[circuit_breaker(name = "shown by key", key = key)]
#[inline(never)]
fn shown_by_key(key: u64) -> Answer {
    Ok(key)
}

#[circuit_breaker(name = "shown windows", key = key, failure_rate = 0.5)]
#[inline(never)]
fn shown_window(key: u64) -> Answer {
    Ok(key)
}

thread_local! {
    static SHOWN_WINDOWS: &'static circuit_runtime::CircuitBreaker = {
        (0..100).for_each(|key| assert!(shown_window(key).is_ok()));
        circuit_runtime::find("shown windows").expect("it has been called")
    };
    static SHOWN: &'static circuit_runtime::CircuitBreaker = circuit_shown();
    static SHOWN_BY_KEY: &'static circuit_runtime::CircuitBreaker = {
        (0..100).for_each(|key| assert!(shown_by_key(key).is_ok()));
        circuit_runtime::find("shown by key").expect("it has been called")
    };
}

#[expect(clippy::unnecessary_wraps, reason = "as every path")]
fn snapshot(number: u64) -> Answer {
    Ok(number + SHOWN.with(|circuit| circuit.snapshot().successes))
}

/// Of 100 keys.
#[expect(clippy::unnecessary_wraps, reason = "as every path")]
fn snapshot_of_keys(number: u64) -> Answer {
    Ok(number + SHOWN_BY_KEY.with(|circuit| circuit.snapshot().successes))
}

/// Of 100 keys, each of which has a window to add.
#[expect(clippy::unnecessary_wraps, reason = "as every path")]
fn snapshot_of_windows(number: u64) -> Answer {
    Ok(number + SHOWN_WINDOWS.with(|circuit| circuit.snapshot().successes))
}

#[expect(clippy::unnecessary_wraps, reason = "as every path")]
fn state(number: u64) -> Answer {
    Ok(number + u64::from(SHOWN.with(|circuit| circuit.state()) == circuit_runtime::State::Open))
}

#[circuit_breaker(throttle = "50%")]
#[inline(never)]
fn throttled(number: u64) -> Answer {
    Ok(number + 1)
}

/// A function whose ramp is over.
fn ramped_over() -> fn(u64) -> Answer {
    let _ = ramped(0);
    let circuit = circuit_runtime::find("ramped").expect("it has been called");
    circuit.force_open();
    circuit.resume();
    let _ = ramped(0);
    ramped
}

/// Keeps each value: all of what it takes is the copy, its key and the place in the cache.
#[circuit_breaker(stale = "10m", stale_key = number % 8)]
#[inline(never)]
fn stale(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(stall = "3s")]
#[inline(never)]
fn watched(number: u64) -> Answer {
    Ok(number + 1)
}

#[circuit_breaker(key = host, max_keys = 10)]
#[inline(never)]
fn by_key(host: &str, number: u64) -> Answer {
    Ok(number + host.len() as u64)
}

fn keyed(number: u64) -> Answer {
    by_key(black_box("one.example.com"), number)
}

#[circuit_breaker(key = host, max_keys = 10, slow_call = "1h", max_concurrent = 10)]
#[inline(never)]
fn measured_by_key(host: &str, number: u64) -> Answer {
    Ok(number + host.len() as u64)
}

fn keyed_measured(number: u64) -> Answer {
    measured_by_key(black_box("one.example.com"), number)
}

#[circuit_breaker]
async fn healthy_async(number: u64) -> Answer {
    Ok(number + 1)
}

#[inline(never)]
fn polled(number: u64) -> Answer {
    poll(healthy_async(number))
}

/// Polls a future that is ready at once.
#[inline]
fn poll<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("it doesn't wait"),
    }
}

static BY_HAND: CircuitBreaker = CircuitBreaker::new("paths by hand", Config::new());
static OPEN: CircuitBreaker = CircuitBreaker::new(
    "paths open",
    Config::new().threshold(1).recovery(Duration::from_secs(3_600)),
);

fn to_answer(result: Result<u64, CallError<Failure>>) -> Answer {
    result.map_err(|_| Failure::Service)
}

#[inline(never)]
fn by_hand(number: u64) -> Answer {
    to_answer(BY_HAND.call(|| Ok(number + 1)))
}

#[inline(never)]
fn by_hand_async(number: u64) -> Answer {
    to_answer(poll(BY_HAND.call_async(async move { Ok(number + 1) })))
}

#[inline(never)]
fn rejecting_by_hand(_: u64) -> Answer {
    to_answer(OPEN.call(|| Err(Failure::Service)))
}

/// All its probes run, for good.
#[circuit_breaker(breaker = FULL)]
#[inline(never)]
fn full(number: u64) -> Answer {
    Ok(number + 1)
}

static FULL: CircuitBreaker = CircuitBreaker::new(
    "paths full",
    Config::new()
        .threshold(1)
        .recovery(Duration::from_nanos(1))
        .probe_timeout(Duration::from_secs(3_600)),
);

fn rejecting_half_open() -> fn(u64) -> Answer {
    FULL.try_acquire().expect("it is closed").failure();
    std::thread::sleep(Duration::from_millis(1));
    std::mem::forget(FULL.try_acquire().expect("its wait is over"));
    full
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let path: fn(u64) -> Answer = match arguments.get(1).map(String::as_str) {
        Some("plain") => plain,
        Some("healthy") => healthy,
        Some("count-window") => count_window,
        Some("count-window-failing") => count_window_failing,
        Some("time-window") => time_window,
        Some("slow-rule") => slow_rule,
        Some("failing") => failing,
        Some("rejecting") => rejecting,
        Some("ramped") => ramped_over(),
        Some("throttled") => throttled,
        Some("ignored") => ignored,
        Some("merging") => merging,
        Some("waiting") => waiting,
        Some("stale") => stale,
        Some("watched") => watched,
        Some("keyed") => keyed,
        Some("keyed-measured") => keyed_measured,
        Some("async") => polled,
        Some("bulkhead") => bulkhead,
        Some("alternating") => alternating,
        Some("flapping") => flapping,
        Some("probing") => probing,
        Some("count-window-third") => count_window_failure,
        Some("time-window-failing") => time_window_failing,
        Some("snapshot") => snapshot,
        Some("snapshot-of-100-keys") => snapshot_of_keys,
        Some("snapshot-of-100-windows") => snapshot_of_windows,
        Some("state") => state,
        Some("by-hand") => by_hand,
        Some("by-hand-async") => by_hand_async,
        Some("rejecting-by-hand") => rejecting_by_hand,
        Some("rejecting-half-open") => rejecting_half_open(),
        _ => panic!("usage: paths NAME CALLS"),
    };
    let calls: u64 = arguments.get(2).and_then(|calls| calls.parse().ok()).expect("CALLS");
    for number in 0..calls {
        let _ = black_box(&path(black_box(number)));
    }
}
