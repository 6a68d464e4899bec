//! How options are written.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(threshold: 3, recovery = "30s")]
fn colon() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3, recovery = "30s", threshold = 4)]
fn twice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = , recovery = "30s")]
fn empty() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold(3), recovery = "30s")]
fn list() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3 recovery = "30s")]
fn no_comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold, recovery = "30s")]
fn no_value() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold())]
fn empty_list() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(3, "30s", "50%", |_| Ok(()))]
fn positional() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold == 3)]
fn two_equals() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold => 3, recovery: "30s")]
fn arrow() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_threshold = 3, reset_timeout = "30s", fallbackMethod = cached)]
fn synonym() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(treshold = 3, recvoery = "30s")]
fn typo() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3, colour = "red")]
fn unknown() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 0, recovery = "30x", colour = "red")]
fn three() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3 +, recovery = "30s")]
fn unfinished() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallbakc = |a, b| Ok(()), threshold = 0)]
fn hidden_comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_cal = "2s", slow_rate = 0.5)]
fn no_false_alarm() -> Result<(), E> {
    Ok(())
}

fn main() {}
