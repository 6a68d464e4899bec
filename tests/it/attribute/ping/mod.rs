//! `ping`: what a probe runs first.

mod circuits;
mod error;
mod meanwhile;

use std::cell::Cell;
use std::pin::pin;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{Rejection, State, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{crash, millis, poll_once, ready, secs, wait_once};

thread_local! {
    /// What the service says of itself, and how often it was asked.
    static HEALTH: Cell<Result<(), Error>> = const { Cell::new(Ok(())) };
    static PINGS: Cell<u32> = const { Cell::new(0) };
    static BODIES: Cell<u32> = const { Cell::new(0) };
}

fn bump(count: &'static std::thread::LocalKey<Cell<u32>>) {
    count.set(count.get() + 1);
}

fn health(_: &Answer) -> Result<(), Error> {
    bump(&PINGS);
    HEALTH.get()
}

fn body(answer: Answer) -> Answer {
    bump(&BODIES);
    answer
}

/// How often the ping and the body ran since the last time.
fn ran() -> (u32, u32) {
    (PINGS.take(), BODIES.take())
}

/// Makes a function's circuit half-open, by a failed call and time.
fn half_open(call: impl Fn(Answer) -> Answer) -> Frozen {
    let time = freeze();
    HEALTH.set(Ok(()));
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    time.advance(secs(10));
    ran();
    time
}

#[track_caller]
fn rejection(answer: Answer) -> circuit_runtime::CircuitOpenError {
    match answer {
        Err(Error::Open(error)) => error,
        answer => panic!("it should have been rejected: {answer:?}"),
    }
}

#[test]
fn a_ping_that_fails_fails_the_probe_and_the_body_does_not_run() {
    #[circuit_breaker(name = "ping: sync", threshold = 1, recovery = "10s", ping = health)]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(call);
    HEALTH.set(Err(Error::Down));
    let error = rejection(call(Ok(1)));
    assert_eq!((Rejection::Open, Some(secs(10))), (error.reason(), error.retry_after()));
    assert_eq!((1, 0), ran());
    let seen = snapshot("ping: sync");
    assert_eq!((State::Open, 1, 1, 0), (seen.state, seen.failures, seen.rejected, seen.successes));
    assert_eq!(3, seen.transitions, "to open, half-open and open again");
    assert!(is_rejected(call(Ok(1))), "the next one isn't asked");
    assert_eq!((0, 0), ran());

    time.advance(secs(10));
    HEALTH.set(Ok(()));
    assert_eq!(Ok(7), call(Ok(7)));
    assert_eq!((1, 1), ran());
    assert_eq!(State::Closed, circuit("ping: sync").state());
    assert_eq!(Ok(7), call(Ok(7)));
    assert_eq!((0, 1), ran(), "a closed circuit asks nobody");
}

#[test]
fn after_a_ping_that_went_well_the_body_alone_decides() {
    #[circuit_breaker(name = "ping: body", threshold = 1, recovery = "10s", ping = health)]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(call);
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    assert_eq!((1, 1), ran());
    let seen = snapshot("ping: body");
    assert_eq!((State::Open, 2, 0), (seen.state, seen.failures, seen.rejected));
}

#[test]
fn each_probe_asks_first() {
    #[circuit_breaker(
        name = "ping: each",
        threshold = 1,
        recovery = "10s",
        success_threshold = 2,
        probes = 3,
        ping = health
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(call);
    assert_eq!(Ok(1), call(Ok(1)));
    HEALTH.set(Err(Error::Down));
    let error = rejection(call(Ok(1)));
    assert_eq!((Rejection::Open, Some(secs(0))), (error.reason(), error.retry_after()));
    assert_eq!(State::HalfOpen, circuit("ping: each").state(), "one of three may fail");
    HEALTH.set(Ok(()));
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!((3, 2), ran());
    assert_eq!(State::Closed, circuit("ping: each").state());
}

#[test]
fn a_panic_of_a_ping_is_caught_and_fails_the_probe() {
    #[circuit_breaker(
        name = "ping: panic",
        threshold = 1,
        recovery = "10s",
        ping = |_| -> Result<(), Error> { crash() }
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    #[circuit_breaker(
        name = "ping: async panic",
        threshold = 1,
        recovery = "10s",
        ping = async |_| -> Result<(), Error> {
            wait_once().await;
            crash()
        }
    )]
    async fn later(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(call);
    assert!(is_rejected(call(Ok(1))));
    drop(time);
    let _time = half_open(|answer| ready(later(answer)));
    {
        let mut probe = pin!(later(Ok(1)));
        assert!(poll_once(probe.as_mut()).is_pending());
        assert!(matches!(poll_once(probe), std::task::Poll::Ready(answer) if is_rejected(answer)));
    }
    for name in ["ping: panic", "ping: async panic"] {
        let seen = snapshot(name);
        assert_eq!((State::Open, 0, 1), (seen.state, seen.panicked, seen.rejected), "{name}");
    }
    assert_eq!((0, 0), ran());
}

#[test]
fn an_async_function_takes_a_ping_of_either_kind() {
    async fn health_later(answer: &Answer) -> Result<(), Error> {
        wait_once().await;
        health(answer)
    }
    #[circuit_breaker(name = "ping: now", threshold = 1, recovery = "10s", ping = health)]
    async fn now(answer: Answer) -> Answer {
        body(answer)
    }
    #[circuit_breaker(name = "ping: later", threshold = 1, recovery = "10s", ping = health_later)]
    async fn later(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(|answer| ready(now(answer)));
    assert_eq!(Ok(1), ready(now(Ok(1))));
    assert_eq!((1, 1), ran());
    drop(time);
    let time = half_open(|answer| ready(later(answer)));
    HEALTH.set(Err(Error::Down));
    for (health, state) in [(Err(Error::Down), State::Open), (Ok(()), State::Closed)] {
        HEALTH.set(health);
        let mut probe = pin!(later(Ok(1)));
        assert!(poll_once(probe.as_mut()).is_pending());
        assert_eq!(Rejection::HalfOpenFull, rejection(ready(later(Ok(2)))).reason());
        assert!(poll_once(probe).is_ready());
        assert_eq!(state, circuit("ping: later").state());
        time.advance(secs(10));
    }
    assert_eq!((2, 1), ran());
}

#[test]
fn a_call_that_is_dropped_while_it_asks_was_cancelled_and_frees_its_probe() {
    #[circuit_breaker(
        name = "ping: dropped",
        threshold = 1,
        recovery = "10s",
        slow_call = "1s",
        on_cancel = slow,
        ping = async |_| {
            wait_once().await;
            HEALTH.get()
        }
    )]
    async fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(|answer| ready(call(answer)));
    {
        let mut probe = pin!(call(Ok(1)));
        assert!(poll_once(probe.as_mut()).is_pending());
        time.advance(secs(5));
    }
    let seen = snapshot("ping: dropped");
    assert_eq!((State::HalfOpen, 1, 0), (seen.state, seen.cancelled, seen.slow));
    let mut probe = pin!(call(Ok(1)));
    assert!(poll_once(probe.as_mut()).is_pending(), "there is a place again");
    time.advance(secs(5));
    assert!(poll_once(probe).is_ready());
    let seen = snapshot("ping: dropped");
    assert_eq!((State::Closed, 0), (seen.state, seen.slow), "a ping takes no time of the call's");
}

#[test]
fn what_the_body_takes_after_its_ping_is_timed() {
    #[circuit_breaker(
        name = "ping: slow body",
        threshold = 1,
        recovery = "10s",
        slow_call = "1s",
        ping = health
    )]
    async fn call(answer: Answer) -> Answer {
        wait_once().await;
        body(answer)
    }
    let time = freeze();
    HEALTH.set(Ok(()));
    let end = |wait| {
        let mut running = pin!(call(Err(Error::Down)));
        assert!(poll_once(running.as_mut()).is_pending());
        time.advance(wait);
        assert!(poll_once(running).is_ready());
    };
    end(millis(1));
    time.advance(secs(10));
    let slow = snapshot("ping: slow body").slow;
    end(secs(1));
    assert_eq!(slow + 1, snapshot("ping: slow body").slow);
}

#[test]
fn a_rejection_by_a_ping_has_its_fallback() {
    #[circuit_breaker(
        name = "ping: fallback",
        threshold = 1,
        recovery = "10s",
        ping = health,
        fallback = |_, why| Ok(u32::from(why.reason() == Rejection::Open))
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    #[circuit_breaker(
        name = "ping: any",
        threshold = 1,
        recovery = "10s",
        ping = health,
        fallback = Ok(3),
        fallback_on = any
    )]
    async fn any(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(call);
    HEALTH.set(Err(Error::Down));
    assert_eq!(Ok(1), call(Ok(7)));
    let seen = snapshot("ping: fallback");
    assert_eq!((1, 1, 1), (seen.rejected, seen.fallbacks, seen.failures));
    drop(time);

    let time = freeze();
    assert_eq!(Ok(3), ready(any(Err(Error::Down))));
    time.advance(secs(10));
    ran();
    assert_eq!(Ok(3), ready(any(Ok(7))));
    assert_eq!((1, 0), ran());
    let seen = snapshot("ping: any");
    assert_eq!((1, 2, 1, State::Open), (seen.rejected, seen.fallbacks, seen.failures, seen.state));
}

#[test]
fn in_shadow_a_failed_ping_rejects_nothing_and_disabled_asks_nobody() {
    #[circuit_breaker(name = "ping: modes", threshold = 1, recovery = "10s", ping = health)]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(call);
    let circuit = circuit("ping: modes");
    HEALTH.set(Err(Error::Down));
    circuit.shadow();
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!((1, 1), ran());
    let seen = circuit.snapshot();
    assert_eq!((State::Open, 1, 0), (seen.state, seen.rejected, seen.successes), "unseen");
    time.advance(secs(10));
    circuit.disable();
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!((0, 1), ran());
    assert_eq!(1, circuit.snapshot().successes);
}

#[test]
fn a_mode_that_changes_while_it_asks_goes_for_the_call() {
    #[circuit_breaker(
        name = "ping: meanwhile",
        threshold = 1,
        recovery = "10s",
        ping = |_| {
            circuit("ping: meanwhile").disable();
            Err::<(), _>(Error::Down)
        }
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(call);
    assert_eq!(Ok(1), call(Ok(1)));
    let circuit = circuit("ping: meanwhile");
    circuit.resume();
    let seen = circuit.snapshot();
    assert_eq!((State::HalfOpen, 1, 0), (seen.state, seen.successes, seen.rejected));
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_takes_longer_than_timeout_fails_the_probe() {
    #[circuit_breaker(
        name = "ping: timeout",
        threshold = 1,
        recovery = "10s",
        timeout = "1s",
        ping = async |answer: &Answer| {
            tokio::time::sleep(millis(if answer.is_ok() { 999 } else { 1_001 })).await;
            Ok::<(), Error>(())
        }
    )]
    async fn call(answer: Answer) -> Answer {
        tokio::time::sleep(millis(999)).await;
        body(answer)
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), call(Err(Error::Down)).await);
    time.advance(secs(10));
    let began = tokio::time::Instant::now();
    assert!(is_rejected(call(Err(Error::Down)).await));
    assert_eq!(millis(1_000), began.elapsed());
    let seen = snapshot("ping: timeout");
    assert_eq!((State::Open, 0, 1), (seen.state, seen.timed_out, seen.rejected));
    time.advance(secs(10));
    assert_eq!(Ok(1), call(Ok(1)).await, "the body has its whole limit");
    assert_eq!(millis(2_998), began.elapsed());
}
