//! Beside other options: blocks, shared circuits, presets, `ping`, `ramp`, `max_wait`.

use std::cell::Cell;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, KeyedBreaker, State, circuit_breaker};

use super::super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{ready, secs};

static SHOP: CircuitBreaker = CircuitBreaker::new("stale: block", Config::new().threshold(2));

struct Shop(u8);

#[circuit_breaker(breaker = SHOP)]
impl Shop {
    const AGE: Duration = secs(60);
    const MOST: u32 = 2;

    #[circuit_breaker(stale = Self::AGE, stale_key = (self.0, sku), max_stale = Self::MOST)]
    async fn price(&self, sku: &str, answer: Answer) -> Answer {
        answer
    }

    #[circuit_breaker(stale = "1m", stale_key = self.0, fallback_on = any)]
    async fn stock(&self, answer: Answer) -> Answer {
        self.price("inner", answer).await
    }
}

#[test]
fn methods_of_a_block_keep_their_own() {
    let time = freeze();
    let shop = Shop(1);
    for sku in ["mug", "cup", "pot"] {
        assert_eq!(Ok(1), ready(shop.price(sku, Ok(1))));
    }
    assert_eq!(Ok(5), ready(shop.stock(Ok(5))), "which keeps in `price`, too");
    assert_eq!(Ok(5), ready(shop.stock(Err(Error::Down))), "it failed");
    let seen = SHOP.snapshot();
    assert_eq!((1, 1, 0), (seen.stale, seen.failures, seen.rejected));
    SHOP.force_open();
    assert!(is_rejected(ready(shop.price("mug", Ok(9)))), "the bound is two");
    assert_eq!(Ok(1), ready(shop.price("pot", Ok(9))));
    assert_eq!(Ok(5), ready(shop.price("inner", Ok(9))));
    assert_eq!(Ok(5), ready(shop.stock(Ok(9))));
    assert!(is_rejected(ready(Shop(2).stock(Ok(9)))));
    time.advance(secs(61));
    assert!(is_rejected(ready(shop.stock(Ok(9)))));
    SHOP.resume();
}

#[test]
fn a_shared_keyed_circuit_counts_with_its_key() {
    static HOSTS: KeyedBreaker =
        KeyedBreaker::new("stale: shared keys", Config::new().threshold(1), 10);
    #[circuit_breaker(breaker = HOSTS, key = host, stale = "1m", stale_key = id)]
    fn call(host: &str, id: u8, answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), call("a", 1, Ok(1)));
    assert_eq!(Err(Error::Down), call("a", 1, Err(Error::Down)));
    assert_eq!(Ok(2), call("b", 1, Ok(2)));
    assert_eq!(Ok(1), call("a", 1, Ok(9)));
    assert_eq!(Ok(2), call("b", 1, Ok(2)));
    assert_eq!(Some(1), HOSTS.snapshot_of("a").map(|seen| seen.stale));
    assert_eq!(Some(0), HOSTS.snapshot_of("b").map(|seen| seen.stale));
}

#[test]
fn a_preset_has_nothing_to_do_with_it() {
    const BASE: Config = Config::new().threshold(1).max_concurrent(5).max_wait(secs(1));
    #[circuit_breaker(name = "stale: preset", preset = BASE, stale = "1m", stale_key = ())]
    async fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), ready(call(Ok(1))));
    assert_eq!(Err(Error::Down), ready(call(Err(Error::Down))));
    assert_eq!(Ok(1), ready(call(Ok(9))));
}

#[test]
fn a_failed_ping_is_answered_by_it() {
    thread_local! {
        static HEALTH: Cell<Result<(), Error>> = const { Cell::new(Err(Error::Down)) };
    }
    #[circuit_breaker(
        name = "stale: ping",
        threshold = 1,
        recovery = "10s",
        ping = |_, _| HEALTH.get(),
        stale = "1m",
        stale_key = key,
        fallback = Ok(7)
    )]
    fn call(key: u8, answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(Ok(1), call(1, Ok(1)));
    assert_eq!(Err(Error::Down), call(1, Err(Error::Down)));
    time.advance(secs(10));
    assert_eq!(Ok(1), call(1, Ok(9)), "the probe");
    time.advance(secs(10));
    assert_eq!(Ok(7), call(2, Ok(9)), "the next one");
    let seen = snapshot("stale: ping");
    assert_eq!((State::Open, 2, 1, 1), (seen.state, seen.rejected, seen.stale, seen.fallbacks));
    time.advance(secs(10));
    HEALTH.set(Ok(()));
    assert_eq!(Ok(9), call(1, Ok(9)));
    assert_eq!(State::Closed, circuit("stale: ping").state());
}

#[test]
fn what_a_ramp_rejects_is_answered_by_it() {
    #[circuit_breaker(
        name = "stale: ramp",
        threshold = 1,
        recovery = "10s",
        ramp = "10s",
        stale = "1m",
        stale_key = ()
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    time.advance(secs(10));
    let given = (0..100).filter(|_| call(Ok(1)).is_ok()).count();
    let seen = snapshot("stale: ramp");
    assert_eq!((100, State::Closed), (given, seen.state));
    assert_eq!((100 - seen.successes, seen.rejected), (seen.stale, seen.stale));
    assert!((10..=12).contains(&seen.successes), "{seen}");
}

#[test]
fn what_throttle_rejects_is_answered_by_it() {
    #[circuit_breaker(name = "stale: throttle", throttle = "50%", stale = "1m", stale_key = ())]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), call(Ok(1)));
    let given = (0..200).filter(|_| call(Err(Error::Down)) == Ok(1)).count();
    let seen = snapshot("stale: throttle");
    assert_eq!((given as u64, seen.rejected), (seen.stale, seen.stale));
    assert!(seen.stale > 100 && seen.state == State::Closed, "{seen}");
}
