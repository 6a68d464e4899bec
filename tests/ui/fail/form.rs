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

#[circuit_breaker(failure-rate = 0.5)]
fn kebab_rate() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Ok(()), fallback-on = any)]
fn kebab_fallback_on() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(backoff = 2, max-recovery = "10m")]
fn kebab_max_recovery() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window-size = 10, failure_rate = 0.5)]
fn kebab_synonym() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(my-option = 10)]
fn kebab_unknown() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(r#threshold = 3)]
fn raw() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(circuit::threshold = 3)]
fn path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker("threshold" = 3, "colour" = 4)]
fn quoted_name() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(Threshold = 3)]
fn upper_case() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(thre, recov = "3s")]
fn half_typed() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window(size = 10), failure_rate = 0.5)]
fn list_named() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(window(10, "1m"), failure_rate = 0.5)]
fn list_of_two() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = cached, any)]
fn word_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback(cached, any))]
fn list_fallback() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure(Err(_) if true))]
fn list_pattern() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3,, recovery = "30s")]
fn double_comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(, threshold = 3)]
fn leading_comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3; recovery = "30s")]
fn semicolon() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(#[cfg(test)] threshold = 3)]
fn attribute() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(threshold = 3, ..)]
fn rest() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |)]
fn half_bar(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |n)]
fn half_closure(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |n, )]
fn half_closure_more(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = |n| async move)]
async fn half_async(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = Self::)]
fn half_path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(key = n.)]
fn half_field(n: u8) -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) |)]
fn half_pattern() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::))]
fn half_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = panic!)]
fn half_macro() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(fallback = { let n = ; Ok(()) })]
fn half_block() -> Result<(), E> {
    Ok(())
}

// Each condition doubles what is printed.
#[rustfmt::skip]
#[circuit_breaker]
fn conditions(
    #[cfg(unix)] _a: u8, #[cfg(unix)] _b: u8, #[cfg(unix)] _c: u8, #[cfg(unix)] _d: u8,
    #[cfg(unix)] _e: u8, #[cfg(unix)] _f: u8, #[cfg(unix)] _g: u8,
) -> Result<(), E> {
    Ok(())
}

fn main() {}
