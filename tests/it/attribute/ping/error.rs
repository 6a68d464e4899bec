//! Why a ping failed stands in the transition that comes of it.

use std::fmt;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, Transition, circuit_breaker};

use super::super::{Answer, Error, is_rejected, snapshot};
use crate::support::{crash, ready, secs, wait_once};

/// An error that can be shown.
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { "connection refused: os error 111" } else { "refused" })
    }
}

/// An error whose text can't be had.
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        crash()
    }
}

/// Lets a call fail, and the ping of the next one; gives the transition that came of that.
fn pinged(name: &str, call: impl Fn() -> Answer) -> Transition {
    let time = freeze();
    assert_eq!(Err(Error::Down), call());
    time.advance(secs(10));
    assert!(is_rejected(call()), "{name}");
    let last = snapshot(name).recent_transitions.last().cloned().expect("it reopened");
    assert_eq!((State::HalfOpen, State::Open), (last.from, last.to), "{name}");
    last
}

#[track_caller]
fn assert_error(expected: &str, transition: &Transition) {
    assert_eq!(Some(expected), transition.error.as_deref(), "{transition}");
}

#[test]
fn the_error_of_a_ping_is_in_the_transition() {
    #[circuit_breaker(name = "ping error: sync", threshold = 1, recovery = "10s", ping = || Err::<(), _>(Refused))]
    fn sync() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(name = "ping error: now", threshold = 1, recovery = "10s", ping = || Err::<(), _>(Refused))]
    async fn now() -> Answer {
        Err(Error::Down)
    }
    async fn health() -> Result<(), Refused> {
        std::future::ready(Err(Refused)).await
    }
    #[circuit_breaker(name = "ping error: later", threshold = 1, recovery = "10s", ping = health)]
    async fn later() -> Answer {
        Err(Error::Down)
    }
    let expected = "ping: connection refused: os error 111";
    let last = pinged("ping error: sync", sync);
    assert_error(expected, &last);
    assert_eq!(
        format!(
            "circuit `ping error: sync` opened: 1 of 1 probes failed (1 must succeed); {expected}"
        ),
        last.to_string()
    );
    assert_error(expected, &pinged("ping error: now", || ready(now())));
    assert_error(expected, &pinged("ping error: later", || ready(later())));
}

#[test]
fn a_ping_whose_error_cannot_be_shown_is_named() {
    // `Error` has no `Display`.
    #[circuit_breaker(name = "ping error: none", threshold = 1, recovery = "10s", ping = || Err::<(), _>(Error::Down))]
    fn sync() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(name = "ping error: none now", threshold = 1, recovery = "10s", ping = || Err::<(), _>(Error::Down))]
    async fn now() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(
        name = "ping error: none later",
        threshold = 1,
        recovery = "10s",
        ping = async || Err::<(), _>(Error::Down)
    )]
    async fn later() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(name = "ping error: broken", threshold = 1, recovery = "10s", ping = || Err::<(), _>(Broken))]
    fn broken() -> Answer {
        Err(Error::Down)
    }
    assert_error("ping: failed", &pinged("ping error: none", sync));
    assert_error("ping: failed", &pinged("ping error: none now", || ready(now())));
    assert_error("ping: failed", &pinged("ping error: none later", || ready(later())));
    assert_error("ping: failed", &pinged("ping error: broken", broken));
}

#[test]
fn a_ping_that_panicked_is_named() {
    #[circuit_breaker(
        name = "ping error: panic",
        threshold = 1,
        recovery = "10s",
        ping = || -> Result<(), Refused> { crash() }
    )]
    fn sync() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(
        name = "ping error: panic later",
        threshold = 1,
        recovery = "10s",
        ping = async || -> Result<(), Refused> { crash() }
    )]
    async fn later() -> Answer {
        Err(Error::Down)
    }
    assert_error("ping: panicked", &pinged("ping error: panic", sync));
    assert_error("ping: panicked", &pinged("ping error: panic later", || ready(later())));
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_took_too_long_is_named() {
    #[circuit_breaker(
        name = "ping error: timeout",
        threshold = 1,
        recovery = "10s",
        timeout = "2s",
        ping = async || {
            wait_once().await;
            std::future::pending::<Result<(), Refused>>().await
        }
    )]
    async fn call() -> Answer {
        Err(Error::Down)
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), call().await);
    time.advance(secs(10));
    assert!(is_rejected(call().await));
    let last = snapshot("ping error: timeout").recent_transitions.last().cloned().unwrap();
    assert_error("ping: no answer within 2s", &last);
}
