//! Circuits of other kinds: with keys, shared, of a block, with a bulkhead, with a ramp.

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, KeyedCircuit, Rejection, State, circuit_breaker,
};

use super::super::{Answer, Error, circuit};
use super::{HEALTH, body, half_open, health, ran, rejection};
use crate::support::{poll_once, ready, secs, wait_once};

static SHARED: CircuitBreaker =
    CircuitBreaker::new("ping: shared", Config::new().threshold(1).recovery(secs(10)));

struct Payments {
    pings: AtomicU32,
}

#[circuit_breaker(breaker = SHARED)]
impl Payments {
    #[circuit_breaker(ping = Self::health)]
    async fn charge(&self, amount: u32, answer: Answer) -> Answer {
        body(answer.map(|_| amount))
    }

    async fn health(&self, _: &u32, answer: &Answer) -> Result<u32, Error> {
        self.pings.fetch_add(1, Ordering::Relaxed);
        *answer
    }
}

#[test]
fn a_key_is_asked_about_by_itself() {
    #[circuit_breaker(
        name = "ping: keys",
        key = host,
        threshold = 1,
        recovery = "10s",
        ping = |host, _| if host == "down" { Err(Error::Down) } else { Ok(()) }
    )]
    fn call(host: &str, answer: Answer) -> Answer {
        body(answer)
    }
    let time = freeze();
    for host in ["down", "up"] {
        assert_eq!(Err(Error::Down), call(host, Err(Error::Down)));
    }
    time.advance(secs(10));
    let error = rejection(call("down", Ok(1)));
    assert_eq!(Some("down"), error.key().as_deref());
    assert_eq!(Ok(1), call("up", Ok(1)));
    let of = |key| circuit("ping: keys").snapshot_of(key).unwrap();
    assert_eq!((State::Open, 1, 0), (of("down").state, of("down").rejected, of("down").successes));
    assert_eq!((State::Closed, 0, 1), (of("up").state, of("up").rejected, of("up").successes));
}

#[test]
fn a_shared_keyed_circuit_asks_too() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("ping: shared keys", Config::new().threshold(1).recovery(secs(10)), 10);
    #[circuit_breaker(breaker = HOSTS, key = host, ping = |_, answer| health(answer))]
    fn call(host: &str, answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(|answer| call("a", answer));
    HEALTH.set(Err(Error::Down));
    assert_eq!(Some("a"), rejection(call("a", Ok(1))).key().as_deref());
    assert_eq!((1, 0), ran());
}

#[test]
fn another_keys_mode_decides_nothing_for_a_key_that_was_forgotten_while_it_was_asked_about() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("ping: forgotten", Config::new().threshold(1).recovery(secs(10)), 10);
    #[circuit_breaker(breaker = HOSTS, key = host, ping = |_, _| {
        HOSTS.forget("a");
        change(HOSTS.key("b"));
        Err::<(), _>(Error::Down)
    })]
    fn call(host: &str, answer: Answer) -> Answer {
        body(answer)
    }
    type Change = fn(KeyedCircuit<'_>);
    thread_local!(static CHANGE: Cell<Change> = const { Cell::new(disable) });
    fn change(circuit: KeyedCircuit<'_>) {
        CHANGE.get()(circuit);
    }
    fn disable(circuit: KeyedCircuit<'_>) {
        circuit.disable();
    }
    fn shadow(circuit: KeyedCircuit<'_>) {
        circuit.shadow();
    }
    fn fail(circuit: KeyedCircuit<'_>) {
        circuit.try_acquire().unwrap().failure();
    }
    let time = freeze();
    for change in [disable as Change, shadow, fail] {
        CHANGE.set(change);
        assert_eq!(Err(Error::Down), call("a", Err(Error::Down)));
        time.advance(secs(10));
        ran();
        let error = rejection(call("a", Ok(1)));
        assert_eq!((Rejection::Open, Some(secs(0))), (error.reason(), error.retry_after()));
        assert_eq!((0, 0), ran());
        HOSTS.key("b").resume();
        HOSTS.forget("b");
    }
    assert_eq!(3, HOSTS.snapshot().rejected);

    // All keys' mode does.
    CHANGE.set(|circuit| {
        circuit.try_acquire().unwrap().success();
        HOSTS.disable();
    });
    assert_eq!(Err(Error::Down), call("a", Err(Error::Down)));
    time.advance(secs(10));
    assert_eq!(Ok(1), call("a", Ok(1)));
    assert_eq!(Some(1), HOSTS.snapshot_of("b").map(|seen| seen.successes), "not this one");
    assert_eq!((3, 2), (HOSTS.snapshot().rejected, HOSTS.snapshot().successes));
}

#[test]
fn a_place_of_the_bulkhead_is_given_back_by_a_failed_ping() {
    #[circuit_breaker(
        name = "ping: bulkhead",
        threshold = 1,
        recovery = "10s",
        max_concurrent = 1,
        max_wait = "1s",
        ping = health
    )]
    async fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let time = half_open(|answer| ready(call(answer)));
    HEALTH.set(Err(Error::Down));
    assert_eq!(Rejection::Open, rejection(ready(call(Ok(1)))).reason());
    time.advance(secs(10));
    HEALTH.set(Ok(()));
    assert_eq!(Ok(1), ready(call(Ok(1))), "it found a place");
}

#[test]
fn a_well_pinged_circuit_returns_slowly() {
    #[circuit_breaker(
        name = "ping: ramp",
        threshold = 1,
        recovery = "10s",
        ramp = "10s",
        ping = health
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(call);
    let passed = (0..100).filter(|_| call(Ok(1)).is_ok()).count();
    assert!((10..=12).contains(&passed), "{passed}");
    assert_eq!(1, ran().0, "the calls that a ramp lets pass are no probes");
}

#[test]
fn a_method_of_a_block_asks_another_which_passes_through() {
    let payments = Payments { pings: AtomicU32::new(0) };
    let time = freeze();
    assert_eq!(Err(Error::Down), ready(payments.charge(1, Err(Error::Down))));
    time.advance(secs(10));
    assert_eq!(Ok(5), ready(payments.charge(5, Ok(1))));
    assert_eq!(1, payments.pings.load(Ordering::Relaxed));
    let seen = SHARED.snapshot();
    assert_eq!(
        (State::Closed, 1, 1, 0),
        (seen.state, seen.successes, seen.failures, seen.rejected)
    );
}

#[test]
fn a_call_that_is_dropped_while_it_asks_counts_as_on_cancel_says() {
    #[circuit_breaker(
        name = "ping: cancelled as failure",
        threshold = 1,
        recovery = "10s",
        on_cancel = failure,
        ping = async |_| {
            wait_once().await;
            Ok::<(), Error>(())
        }
    )]
    async fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(|answer| ready(call(answer)));
    {
        let mut probe = pin!(call(Ok(1)));
        assert!(poll_once(probe.as_mut()).is_pending());
    }
    let seen = circuit("ping: cancelled as failure").snapshot();
    assert_eq!(
        (State::Open, 2, 1, 0),
        (seen.state, seen.failures, seen.cancelled, seen.rejected),
        "{seen}"
    );
    assert_eq!(0, ran().1);
}

#[test]
fn a_ping_that_fails_too_late_rejects_its_call_and_changes_nothing() {
    #[circuit_breaker(
        name = "ping: late",
        threshold = 1,
        recovery = "10s",
        ping = |_| {
            circuit("ping: late").reset();
            Err::<(), Error>(Error::Down)
        }
    )]
    fn call(answer: Answer) -> Answer {
        body(answer)
    }
    let _time = half_open(call);
    assert_eq!(Some(secs(0)), rejection(call(Ok(1))).retry_after());
    let seen = circuit("ping: late").snapshot();
    assert_eq!(
        (State::Closed, 1, 0, 1),
        (seen.state, seen.rejected, seen.late, seen.failures),
        "{seen}"
    );
    assert_eq!(0, ran().1);
}
