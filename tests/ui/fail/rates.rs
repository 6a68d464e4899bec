//! Options that take a number.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(failure_rate = 0.0)]
fn zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 1.5)]
fn one_and_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 50)]
fn fifty() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = -0.5)]
fn negative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "0%")]
fn percent_zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "101%")]
fn percent_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "0.5")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "half")]
fn words() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0.5f32)]
fn suffix() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = '5')]
fn char() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = "1s", slow_rate = 2)]
fn slow() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = 0.0)]
fn throttle_zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = 1.0)]
fn throttle_one() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = "100%")]
fn throttle_all() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = 100)]
fn throttle_hundred() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = 50)]
fn throttle_fifty() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = 50%)]
fn throttle_bare() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttle = "1s")]
fn throttle_time() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(throttling = "50%")]
fn throttle_of_another_library() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = 0.5)]
fn backoff() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = 0)]
fn backoff_zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = "2")]
fn backoff_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(jitter = 1.0)]
fn jitter() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(jitter = -0.1)]
fn jitter_negative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(jitter = "10%")]
fn jitter_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = || 0.5)]
fn closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "50")]
fn quoted_percentage() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = "250")]
fn quoted_too_much() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 50%)]
fn bare_percentage() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(slow_call = "1s", slow_rate = 2.5%, threshold = 3)]
fn bare_percentage_and_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 1 / 2)]
fn quotient() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = 0,5, threshold = 3)]
fn decimal_comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure_rate = .5)]
fn no_zero() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(jitter = .05)]
fn no_zero_of_a_part() -> Result<(), E> {
    Ok(())
}

fn main() {}
