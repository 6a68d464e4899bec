//! Lists of patterns, and what is no pattern inside of one.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(failure = [Err(E::Down), Err(E::Late)])]
fn whole_slice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_), ignore = [Err(E::Down)])]
fn whole_slice_of_one() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = [Err(E::Down), E::Late])]
fn mixed_slice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = (Err(E::Down), Err(E::Late)))]
fn whole_tuple() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = (E::Down | E::Late))]
fn variants_in_parens() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = not(Ok(_)))]
fn not_as_a_function() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = not Ok(_))]
fn not_as_a_word() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = any(E::Down, E::Late), threshold = 3)]
fn any() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down || E::Late))]
fn or_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down or E::Late))]
fn or_as_a_word_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down) or Err(E::Late), threshold = 3)]
fn or_as_a_word() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e) and e.is_fatal())]
fn and_as_a_word() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down) && Err(E::Late))]
fn both() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Code(c > 500)))]
fn condition_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Code(>= 500)))]
fn condition_without_variable() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e.is_fatal()))]
fn condition_of_a_method() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Status { code: c >= 500 && c < 600 }))]
fn condition_in_a_field() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down | E::Code(c > 500)))]
fn condition_of_an_alternative() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Code(c == 500)))]
fn equal_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(!E::Down))]
fn not_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Code(c) if c > 500))]
fn guard_inside() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down || E::Busy) if is_open())]
fn alternatives_and_a_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down) || Err(E::Busy) if is_open())]
fn results_and_a_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e && e.is_fatal()) if is_open() || is_shut())]
fn condition_twice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e == E::Down if is_open())]
fn equal_and_a_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e.is_fatal() if is_open())]
fn method_and_a_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = matches!(e, E::Down) if is_open())]
fn matches_and_a_condition() -> Result<(), E> {
    Ok(())
}

fn main() {}
