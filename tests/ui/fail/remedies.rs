//! What a message says to write works as it stands, for the function that it is said of.
#![allow(unused_variables)]

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, circuit_breaker};

static SHARED: CircuitBreaker = CircuitBreaker::new("shared", Config::new());

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

enum Status {
    Good,
    Bad,
}

fn is_down(e: &E) -> bool {
    false
}

fn add(a: u8, b: u8) -> Result<u8, E> {
    Ok(a + b)
}

#[circuit_breaker(failure = 500..=599)]
fn numbers() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(failure = true)]
fn truth() -> Result<bool, E> {
    Ok(true)
}

#[circuit_breaker(failure = None)]
fn nothing() -> Result<Option<u8>, E> {
    Ok(None)
}

#[circuit_breaker(failure = 500..)]
fn from() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(ignore = 404)]
fn ignored_number() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(ignore = [404, 409])]
fn ignored_numbers() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(failure = Status::Bad)]
fn variant_of_the_value() -> Result<Status, E> {
    Ok(Status::Good)
}

#[circuit_breaker(fallback(|a, b| Ok(a + b)))]
fn fallback_closure(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(fallback(add::<u8, u8>))]
fn fallback_generic(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(ping(|_, _| Ok::<(), E>(())))]
fn ping_closure(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(classify(judge::<u8, E>))]
fn classify_generic() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "1m", stale_key(a, b))]
fn stale_key_of_two(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(key(a, b))]
fn key_of_two(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(recovery = "30s", "10s")]
fn recovery_twice() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(threshold = 3, 10)]
fn threshold_twice() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(name = "a", "fallback")]
fn name_and_text() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(3, threshold = 10)]
fn threshold_later() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure_rate = 0.5, 0.3)]
fn rate_twice() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker("50%", failure_rate = 0.5)]
fn rate_later() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(success = Ok(_))]
fn success() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(reset = "3s")]
fn reset() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(rate = 0.5)]
fn rate() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(success_rate_threshold = 0.5)]
fn success_rate_threshold() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(max_calls = 30)]
fn max_calls() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(max_age = "3m")]
fn max_age() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(probe = Self::health)]
fn probe() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(on_timeout = 3)]
async fn on_timeout() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure_treshold = 3)]
fn failure_treshold() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(recovery_ms = 3)]
fn recovery_ms() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(timeout(1))]
async fn timeout_in_parentheses() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(timeout(secs = 1))]
async fn timeout_named() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(on_cancel("slow"))]
async fn on_cancel_in_parentheses() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(breaker = SHARED, timeout = "1s")]
fn shared_timeout() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(threshold = 3, ..BASE)]
fn base() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure = if is_down)]
fn if_function() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(stale = "1m", stale_key = a, b)]
fn stale_key_without_parentheses(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(key = a, b)]
fn key_without_parentheses(a: u8, b: u8) -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(failure = Err(e), if is_down(e))]
fn comma_before_if() -> Result<u8, E> {
    Ok(1)
}

#[circuit_breaker(recovery = 60_000)]
fn milliseconds() -> Result<u8, E> {
    Ok(1)
}

struct S;

impl S {
    fn h(&self) -> Result<(), E> {
        Ok(())
    }

    #[circuit_breaker(ping = self.h())]
    fn ping_called(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(ping = self.h().await)]
    async fn ping_awaited(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(ping = async { self.h().await })]
    async fn ping_in_a_block(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(ping = &Self::h)]
    fn ping_borrowed(&self) -> Result<u8, E> {
        Ok(1)
    }
}

struct Skips;

#[circuit_breaker]
impl Skips {
    #[circuit_breaker(skipp)]
    async fn misspelt(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(Skip)]
    async fn capital(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(off)]
    async fn off(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(ignore)]
    async fn ignore(&self) -> Result<u8, E> {
        Ok(1)
    }

    #[circuit_breaker(exclude)]
    async fn exclude(&self) -> Result<u8, E> {
        Ok(1)
    }
}

struct Apart;

#[circuit_breaker(name = "s")]
impl Apart {
    #[circuit_breaker(threshold = 10)]
    async fn call(&self) -> Result<u8, E> {
        Ok(1)
    }
}

fn main() {}
