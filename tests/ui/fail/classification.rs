//! Ready-made classification of types that say nothing, or aren't what a way looks into.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct Answer;

#[derive(Debug)]
struct Silent;

impl From<CircuitOpenError> for Silent {
    fn from(_: CircuitOpenError) -> Silent {
        Silent
    }
}

#[circuit_breaker(classify = circuit_runtime::by_error)]
fn error() -> Result<Answer, Silent> {
    Ok(Answer)
}

#[circuit_breaker(classify = circuit_runtime::by_result)]
async fn value() -> Result<Answer, std::io::Error> {
    Ok(Answer)
}

#[circuit_breaker(ignore = Err(_), classify = circuit_runtime::by_value)]
fn value_of_the_rest() -> Result<Answer, Silent> {
    Ok(Answer)
}

#[circuit_breaker(classify = circuit_runtime::by_error)]
fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

#[circuit_breaker(classify = circuit_runtime::by_source::<CircuitOpenError>)]
fn not_boxed() -> Result<(), std::io::Error> {
    Ok(())
}

#[circuit_breaker(classify = circuit_runtime::by_source::<std::fmt::Error>)]
fn silent_source() -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

#[circuit_breaker(classify = circuit_runtime::by_error, failure = None, fallback = None)]
fn no_result() -> Option<u32> {
    None
}

fn main() {}
