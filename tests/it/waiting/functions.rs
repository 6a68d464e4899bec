//! Annotated functions, blocks and shared circuits.

use std::pin::pin;
use std::thread;
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, ConfigOption, Rejection, find};

use super::{Error, ONE, circuit_breaker, until_waiting, waiting};
use crate::support::{NANOSECOND, leaked, poll_once};

/// The circuit of this name, once its function has been called.
fn circuit(name: &str) -> &'static CircuitBreaker {
    find(name).unwrap()
}

const FULL: Result<(), Error> = Err(Error::Rejected(Rejection::TooManyCalls));

/// Another thread calls `second` while this one has the only place.
fn second_waits(name: &str, second: fn() -> Result<(), Error>) {
    second().unwrap();
    let breaker = circuit(name);
    let first = breaker.try_acquire().unwrap();
    let waits = thread::spawn(second);
    until_waiting(breaker, 1);
    first.success();
    assert_eq!(waits.join().unwrap(), Ok(()));
    assert_eq!((breaker.snapshot().rejected, breaker.snapshot().in_flight), (0, Some(0)));
}

#[test]
fn a_function_that_blocks_waits() {
    #[circuit_breaker(name = "waiting: function", max_concurrent = 1, max_wait = "1h")]
    fn call() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "waiting: long enough", max_concurrent = 1, max_wait = "1ns")]
    fn brief() -> Result<(), Error> {
        Ok(())
    }
    second_waits("waiting: function", call);
    brief().unwrap();
    let _first = circuit("waiting: long enough").try_acquire().unwrap();
    assert_eq!(brief(), FULL);
}

#[test]
fn a_fallback_answers_a_call_that_has_waited_long_enough() {
    #[circuit_breaker(
        name = "waiting: fallback",
        max_concurrent = 1,
        max_wait = "1ns",
        fallback = Ok(7)
    )]
    fn call() -> Result<u8, Error> {
        Ok(1)
    }
    assert_eq!(call(), Ok(1));
    let first = circuit("waiting: fallback").try_acquire().unwrap();
    assert_eq!(call(), Ok(7));
    first.success();
    let seen = circuit("waiting: fallback").snapshot();
    assert_eq!((seen.rejected, seen.fallbacks), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_async_function_waits_with_every_kind_of_fallback() {
    #[circuit_breaker(name = "waiting: none", max_concurrent = 1, max_wait = "2s")]
    async fn none() -> Result<u8, Error> {
        Ok(1)
    }
    #[circuit_breaker(name = "waiting: open", max_concurrent = 1, max_wait = "2s", fallback = Ok(7))]
    async fn open() -> Result<u8, Error> {
        Ok(1)
    }
    #[circuit_breaker(
        name = "waiting: any",
        max_concurrent = 1,
        max_wait = "2s",
        fallback = Ok(7),
        fallback_on = any
    )]
    async fn any() -> Result<u8, Error> {
        Ok(1)
    }
    macro_rules! waits {
        ($name:literal, $call:ident, $rejected:expr) => {{
            assert_eq!($call().await, Ok(1));
            let first = circuit($name).try_acquire().unwrap();
            let mut second = pin!($call());
            assert!(poll_once(second.as_mut()).is_pending());
            first.success();
            assert_eq!(second.await, Ok(1));
            let _first = circuit($name).try_acquire().unwrap();
            assert_eq!($call().await, $rejected);
            assert_eq!(waiting(circuit($name)), 0);
        }};
    }
    waits!("waiting: none", none, Err(Error::Rejected(Rejection::TooManyCalls)));
    waits!("waiting: open", open, Ok(7));
    waits!("waiting: any", any, Ok(7));
}

const WAITS: Config = ONE;
const WAITS_NOT: Config = Config::new().max_concurrent(1);

#[test]
fn a_preset_may_say_that_calls_wait() {
    #[circuit_breaker(name = "waiting: preset", preset = WAITS)]
    fn call() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "waiting: taken back", preset = WAITS, max_wait = off)]
    fn taken_back() -> Result<(), Error> {
        Ok(())
    }
    #[circuit_breaker(name = "waiting: not", preset = WAITS_NOT)]
    fn not() -> Result<(), Error> {
        Ok(())
    }
    second_waits("waiting: preset", call);
    for (name, call) in [("waiting: taken back", taken_back as fn() -> _), ("waiting: not", not)] {
        call().unwrap();
        let _first = circuit(name).try_acquire().unwrap();
        assert_eq!((call(), circuit(name).snapshot().waiting), (FULL, None));
    }
}

static SHARED: CircuitBreaker = CircuitBreaker::new("waiting: shared", ONE);

#[circuit_breaker(breaker = SHARED)]
fn shared() -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_function_that_shares_a_circuit_waits_as_that_says_and_not_within_itself() {
    #[circuit_breaker(breaker = SHARED)]
    fn outer() -> Result<(), Error> {
        shared()
    }
    second_waits("waiting: shared", shared);
    assert_eq!(outer(), Ok(()));
    assert_eq!(SHARED.snapshot().successes, 4);
}

struct Client;

#[circuit_breaker(name = "waiting: block", max_concurrent = 1, max_wait = "2s")]
impl Client {
    async fn first(&self) -> Result<(), Error> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.second().await
    }

    async fn second(&self) -> Result<(), Error> {
        Ok(())
    }

    #[circuit_breaker]
    fn blocking(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn the_methods_of_a_block_wait_for_each_other() {
    let (first, second) = tokio::join!(Client.first(), Client.second());
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(Client.blocking(), Ok(()));
    let _place = circuit("waiting: block").try_acquire().unwrap();
    assert_eq!(Client.second().await, FULL);
}

#[test]
fn a_function_whose_attribute_has_no_max_wait_can_get_none() {
    #[circuit_breaker(name = "waiting: late", max_concurrent = 1)]
    fn call() -> Result<(), Error> {
        Ok(())
    }
    call().unwrap();
    let breaker = circuit("waiting: late");
    let error = breaker.reconfigure(breaker.config().max_wait(NANOSECOND)).unwrap_err();
    assert_eq!(error.option(), Some(ConfigOption::MaxWait));
    assert!(error.message().contains("must be in the attribute"), "{error}");
    let by_hand = leaked("waiting: by hand", Config::new().max_concurrent(1));
    by_hand.reconfigure(by_hand.config().max_wait(NANOSECOND)).unwrap();
}
