//! This crate's candidates: through the attribute, and through the API.

use std::time::Duration;

use circuit_runtime::{
    CallError, CircuitBreaker, Config, Outcome, Permit, Window, circuit_breaker, find,
};

use crate::measure::{Suite, repeat};
use crate::plain::{self, Answer, Failure, alternate, fail, fail_some, ready, succeed};
use crate::{API, ATTRIBUTE, PLAIN, rows};

/// Neither opened by the failures of one sample nor by a rate.
const NEVER: u32 = 1_000_000;
const HOUR: Duration = Duration::from_secs(3600);

#[circuit_breaker]
#[inline(never)]
fn consecutive(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(failure_rate = 0.5, window = 100)]
#[inline(never)]
fn count_window(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(failure_rate = 0.5, window = 100)]
#[inline(never)]
fn count_window_failing(number: u64) -> Answer {
    fail_some(number)
}

#[circuit_breaker(failure_rate = 0.5, window = "10s")]
#[inline(never)]
fn time_window(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(failure_rate = 0.5, window = "10s")]
#[inline(never)]
fn time_window_failing(number: u64) -> Answer {
    fail_some(number)
}

#[circuit_breaker(throttle = 0.5)]
#[inline(never)]
fn throttled(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(stall = "3s")]
#[inline(never)]
fn watched(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(slow_call = "1s")]
#[inline(never)]
fn slow_rule(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(max_concurrent = 100)]
#[inline(never)]
fn bulkhead(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(max_concurrent = 100, max_wait = "1s")]
#[inline(never)]
fn waiting(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(name = "benches ramped", ramp = "1ns")]
#[inline(never)]
fn ramped(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(threshold = NEVER, name = "benches failing")]
#[inline(never)]
fn failing(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker]
#[inline(never)]
fn alternating(number: u64) -> Answer {
    alternate(number)
}

#[circuit_breaker(threshold = NEVER, merge_failures = "1ms", name = "benches merging")]
#[inline(never)]
fn merging(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker(ignore = Err(Failure::Service))]
#[inline(never)]
fn ignored(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker(threshold = 1, recovery = "1h")]
#[inline(never)]
fn open(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker(threshold = 1, recovery = "1h", fallback = Ok(number))]
#[inline(never)]
fn open_with_fallback(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker(breaker = FULL)]
#[inline(never)]
fn full(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(breaker = PROBED, ignore = Err(Failure::Service))]
#[inline(never)]
fn probed(number: u64) -> Answer {
    fail(number)
}

/// A thousand probes close it, and the next call opens it.
#[circuit_breaker(threshold = 1, recovery = "1ns", success_threshold = 1_000)]
#[inline(never)]
fn probed_well(number: u64) -> Answer {
    if number % 1_001 == 0 { fail(number) } else { succeed(number) }
}

#[circuit_breaker(threshold = 1, recovery = "1ns")]
#[inline(never)]
fn round_trip(number: u64) -> Answer {
    alternate(number)
}

#[circuit_breaker]
async fn consecutive_async(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(threshold = NEVER, name = "benches failing async")]
async fn failing_async(number: u64) -> Answer {
    fail(number)
}

#[circuit_breaker(threshold = 1, recovery = "1h")]
async fn open_async(number: u64) -> Answer {
    fail(number)
}

static CONSECUTIVE: CircuitBreaker = CircuitBreaker::new("consecutive", Config::new());
static COUNT_WINDOW: CircuitBreaker =
    CircuitBreaker::new("count window", Config::new().failure_rate(0.5).window(Window::Calls(100)));
static COUNT_WINDOW_FAILING: CircuitBreaker = CircuitBreaker::new(
    "count window, failing",
    Config::new().failure_rate(0.5).window(Window::Calls(100)),
);
static TIME_WINDOW: CircuitBreaker = CircuitBreaker::new(
    "time window",
    Config::new().failure_rate(0.5).window(Window::Time(Duration::from_secs(10))),
);
static TIME_WINDOW_FAILING: CircuitBreaker = CircuitBreaker::new(
    "time window, failing",
    Config::new().failure_rate(0.5).window(Window::Time(Duration::from_secs(10))),
);
static SLOW_RULE: CircuitBreaker =
    CircuitBreaker::new("slow rule", Config::new().slow_call(Duration::from_secs(1)));
static FAILING: CircuitBreaker = CircuitBreaker::new("failing", Config::new().threshold(NEVER));
static IGNORED: CircuitBreaker = CircuitBreaker::new("ignored", Config::new());
static OPEN: CircuitBreaker =
    CircuitBreaker::new("open", Config::new().threshold(1).recovery(HOUR));
static FULL: CircuitBreaker = CircuitBreaker::new(
    "full",
    Config::new().threshold(1).recovery(Duration::from_nanos(1)).probe_timeout(HOUR),
);
static PROBED: CircuitBreaker =
    CircuitBreaker::new("probed", Config::new().threshold(1).recovery(Duration::from_nanos(1)));

#[inline(never)]
fn through_api(breaker: &CircuitBreaker, number: u64) -> Result<u64, CallError<Failure>> {
    breaker.call(|| succeed(number))
}

#[inline(never)]
fn failing_through_api(breaker: &CircuitBreaker, number: u64) -> Result<u64, CallError<Failure>> {
    breaker.call(|| fail(number))
}

#[inline(never)]
fn some_failing_through_api(
    breaker: &CircuitBreaker,
    number: u64,
) -> Result<u64, CallError<Failure>> {
    breaker.call(|| fail_some(number))
}

/// Makes so many calls that fail, and resets the circuit now and then, as successes would.
fn in_runs<R>(calls: u64, reset: impl Fn(), mut call: impl FnMut(u64) -> R) {
    for begin in (0..calls).step_by(10_000) {
        reset();
        repeat((calls - begin).min(10_000), &mut call);
    }
}

/// Opens a circuit and lets its wait pass.
fn half_open(breaker: &'static CircuitBreaker) -> Permit<'static> {
    breaker.try_acquire().expect("it is closed").failure();
    std::thread::sleep(Duration::from_millis(1));
    breaker.try_acquire().expect("its wait is over")
}

pub(crate) fn add(suite: &mut Suite) {
    add_healthy(suite);
    add_failing(suite);
    add_rejecting(suite);
    add_async(suite);
}

fn add_healthy(suite: &mut Suite) {
    suite.add_crowds(rows::CONSECUTIVE, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_crowds(rows::CONSECUTIVE, ATTRIBUTE, |calls| repeat(calls, consecutive));
    suite.add_crowds(rows::CONSECUTIVE, API, |calls| {
        repeat(calls, |n| through_api(&CONSECUTIVE, n));
    });
    suite.add_both(rows::COUNT, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::COUNT, ATTRIBUTE, |calls| repeat(calls, count_window));
    suite.add_both(rows::COUNT, API, |calls| repeat(calls, |n| through_api(&COUNT_WINDOW, n)));
    suite.add_both(rows::TIME, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::TIME, ATTRIBUTE, |calls| repeat(calls, time_window));
    suite.add_both(rows::TIME, API, |calls| repeat(calls, |n| through_api(&TIME_WINDOW, n)));
    suite.add_both(rows::THROTTLE, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::THROTTLE, ATTRIBUTE, |calls| repeat(calls, throttled));
    suite.add_both(rows::SLOW, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::SLOW, ATTRIBUTE, |calls| repeat(calls, slow_rule));
    suite.add_both(rows::SLOW, API, |calls| repeat(calls, |n| through_api(&SLOW_RULE, n)));
    suite.add_both(rows::STALL, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::STALL, ATTRIBUTE, |calls| repeat(calls, watched));
    suite.add_both(rows::BULKHEAD, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::BULKHEAD, ATTRIBUTE, |calls| repeat(calls, bulkhead));
    suite.add_both(rows::WAITING, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::WAITING, ATTRIBUTE, |calls| repeat(calls, waiting));
    let _ = ramped(0);
    let ramped_circuit = find("benches ramped").expect("it has been called");
    ramped_circuit.force_open();
    ramped_circuit.resume();
    std::thread::sleep(Duration::from_millis(1));
    // The first call afterwards ends the ramp.
    let _ = ramped(0);
    suite.add(rows::RAMPED, PLAIN, |calls| repeat(calls, plain::success));
    suite.add(rows::RAMPED, ATTRIBUTE, |calls| repeat(calls, ramped));
}

fn add_failing(suite: &mut Suite) {
    suite.add_both(rows::COUNT_FAILING, PLAIN, |calls| repeat(calls, plain::some_failures));
    suite.add_both(rows::COUNT_FAILING, ATTRIBUTE, |calls| repeat(calls, count_window_failing));
    suite.add_both(rows::COUNT_FAILING, API, |calls| {
        repeat(calls, |n| some_failing_through_api(&COUNT_WINDOW_FAILING, n));
    });
    suite.add_both(rows::TIME_FAILING, PLAIN, |calls| repeat(calls, plain::some_failures));
    suite.add_both(rows::TIME_FAILING, ATTRIBUTE, |calls| repeat(calls, time_window_failing));
    suite.add_both(rows::TIME_FAILING, API, |calls| {
        repeat(calls, |n| some_failing_through_api(&TIME_WINDOW_FAILING, n));
    });
    suite.add_crowds(rows::FAILURE, PLAIN, |calls| repeat(calls, plain::failure));
    let _ = failing(0);
    let failing_circuit = find("benches failing").expect("it has been called");
    suite.add_crowds(rows::FAILURE, ATTRIBUTE, move |calls| {
        in_runs(calls, || failing_circuit.reset(), failing);
    });
    suite.add_crowds(rows::FAILURE, API, |calls| {
        in_runs(calls, || FAILING.reset(), |n| failing_through_api(&FAILING, n));
    });
    suite.add_both(rows::ALTERNATING, PLAIN, |calls| repeat(calls, plain::alternating));
    suite.add_both(rows::ALTERNATING, ATTRIBUTE, |calls| repeat(calls, alternating));
    suite.add(rows::MERGING, PLAIN, |calls| repeat(calls, plain::failure));
    let _ = merging(0);
    let merging_circuit = find("benches merging").expect("it has been called");
    suite.add(rows::MERGING, ATTRIBUTE, move |calls| {
        merging_circuit.reset();
        repeat(calls, merging);
    });
    suite.add_both(rows::IGNORED, PLAIN, |calls| repeat(calls, plain::failure));
    suite.add_both(rows::IGNORED, ATTRIBUTE, |calls| repeat(calls, ignored));
    suite.add_both(rows::IGNORED, API, |calls| {
        repeat(calls, |n| IGNORED.call_with(|_| Outcome::Ignored, || fail(n)));
    });
    suite.add(rows::ROUND_TRIP, PLAIN, |calls| repeat(calls, plain::alternating));
    suite.add(rows::ROUND_TRIP, ATTRIBUTE, |calls| repeat(calls, round_trip));
}

fn add_rejecting(suite: &mut Suite) {
    let _ = (open(0), open_with_fallback(0), failing_through_api(&OPEN, 0));
    suite.add_crowds(rows::REJECTION, PLAIN, |calls| repeat(calls, plain::failure));
    suite.add_crowds(rows::REJECTION, ATTRIBUTE, |calls| repeat(calls, open));
    suite.add_crowds(rows::REJECTION, API, |calls| {
        repeat(calls, |n| failing_through_api(&OPEN, n));
    });
    suite.add(rows::FALLBACK, PLAIN, |calls| repeat(calls, plain::success));
    suite.add(rows::FALLBACK, ATTRIBUTE, |calls| repeat(calls, open_with_fallback));
    // A probe that is never answered.
    std::mem::forget(half_open(&FULL));
    suite.add(rows::FULL, PLAIN, |calls| repeat(calls, plain::failure));
    suite.add(rows::FULL, ATTRIBUTE, |calls| repeat(calls, full));
    // An ignored probe gives its place back, so that the circuit stays half-open.
    half_open(&PROBED).ignore();
    suite.add(rows::PROBE, PLAIN, |calls| repeat(calls, plain::failure));
    suite.add(rows::PROBE, ATTRIBUTE, |calls| repeat(calls, probed));
    suite.add(rows::PROBE_SUCCESS, PLAIN, |calls| repeat(calls, plain::success));
    suite.add(rows::PROBE_SUCCESS, ATTRIBUTE, |calls| repeat(calls, probed_well));
}

fn add_async(suite: &mut Suite) {
    suite.add(rows::ASYNC, PLAIN, |calls| repeat(calls, |n| ready(plain::success_async(n))));
    suite.add(rows::ASYNC, ATTRIBUTE, |calls| repeat(calls, |n| ready(consecutive_async(n))));
    suite.add(rows::ASYNC, API, |calls| {
        repeat(calls, |n| ready(CONSECUTIVE.call_async(plain::success_async(n))));
    });
    let _ = ready(failing_async(0));
    let failing_circuit = find("benches failing async").expect("it has been called");
    suite.add(rows::ASYNC_FAILURE, PLAIN, |calls| {
        repeat(calls, |n| ready(plain::failure_async(n)));
    });
    suite.add(rows::ASYNC_FAILURE, ATTRIBUTE, move |calls| {
        failing_circuit.reset();
        repeat(calls, |n| ready(failing_async(n)));
    });
    let _ = ready(open_async(0));
    suite.add(rows::ASYNC_REJECTION, PLAIN, |calls| {
        repeat(calls, |n| ready(plain::failure_async(n)));
    });
    suite.add(rows::ASYNC_REJECTION, ATTRIBUTE, |calls| {
        repeat(calls, |n| ready(open_async(n)));
    });
}

/// By how many bytes the attribute makes a future larger.
pub(crate) fn future_growth() -> f64 {
    let plain = size_of_val(&plain::success_async(0));
    let guarded = size_of_val(&consecutive_async(0));
    (guarded - plain) as f64
}
