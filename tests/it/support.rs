//! What the themes share: short names for breakers, calls and polls.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, Outcome, Permit, Rejection, Transition,
};

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) const NANOSECOND: Duration = Duration::from_nanos(1);

/// Opens at the first failure and asks again after ten seconds.
pub(crate) const FRAGILE: Config = Config::new().threshold(1).recovery(secs(10));

pub(crate) fn breaker(config: Config) -> CircuitBreaker {
    CircuitBreaker::new("test", config)
}

/// For what needs `&'static`: the registry, and calls that move to other threads.
pub(crate) fn leaked(name: &'static str, config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new(name, config)))
}

/// A call that is admitted and ends at once with `outcome`.
#[track_caller]
pub(crate) fn end(breaker: &CircuitBreaker, outcome: Outcome) {
    breaker.try_acquire().expect("the call should have been admitted").record(outcome);
}

#[track_caller]
pub(crate) fn succeed(breaker: &CircuitBreaker, times: u32) {
    (0..times).for_each(|_| end(breaker, Outcome::Success));
}

#[track_caller]
pub(crate) fn fail(breaker: &CircuitBreaker, times: u32) {
    (0..times).for_each(|_| end(breaker, Outcome::Failure));
}

#[track_caller]
pub(crate) fn rejection(breaker: &CircuitBreaker) -> CircuitOpenError {
    breaker.try_acquire().map(Permit::ignore).expect_err("the call should have been rejected")
}

#[track_caller]
pub(crate) fn reason(breaker: &CircuitBreaker) -> Rejection {
    rejection(breaker).reason()
}

/// Frozen time, and a half-open circuit: it failed once, and its wait of ten seconds is over. `config`
/// is [`FRAGILE`] or more.
pub(crate) fn half_open(config: Config) -> (Frozen, CircuitBreaker) {
    let (time, breaker) = (freeze(), breaker(config));
    fail(&breaker, 1);
    time.advance(secs(10));
    (time, breaker)
}

/// Whether a call would be let through; takes no place for longer than the question.
pub(crate) fn admits(breaker: &CircuitBreaker) -> bool {
    breaker.try_acquire().map(Permit::ignore).is_ok()
}

pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a future that never has to wait for anything.
#[track_caller]
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future should have been ready"),
    }
}

/// Pending at the first poll, ready at the second.
pub(crate) async fn wait_once() {
    let mut waited = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Unwinds without the message that the panic hook would print.
pub(crate) fn crash() -> ! {
    resume_unwind(Box::new("crash"))
}

/// Whether `f` unwinds with the payload of [`crash`].
pub(crate) fn crashes<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f))
        .err()
        .and_then(|payload| payload.downcast_ref::<&str>().map(|text| *text == "crash"))
        .unwrap_or(false)
}

/// Writes down every transition that `breaker` reports.
pub(crate) fn recorded(breaker: &CircuitBreaker) -> Arc<Mutex<Vec<Transition>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    breaker.on_transition(move |transition: &Transition| {
        log.lock().unwrap().push(transition.clone());
    });
    seen
}

/// A small generator of reproducible numbers (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
