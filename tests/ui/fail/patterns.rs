//! `failure`, `ignore` and `classify`.

use circuit_runtime::{CircuitOpenError, circuit_breaker};

struct E;

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> E {
        E
    }
}

#[circuit_breaker(failure = is_transient)]
fn function() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = errors::is_transient)]
fn function_path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = |e| e.is_err())]
fn closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = |e| e)]
fn closure_of_itself() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = || true)]
fn closure_without() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = move |e| e.is_err())]
fn move_closure() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = "Err(_)")]
fn quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = 1 + 1)]
fn expression() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = "judge")]
fn classify_quoted() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = judge(1))]
fn classify_call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = is_transient, threshold = 0)]
fn then_another() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) if)]
fn guard_missing() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) if, threshold = 3)]
fn guard_missing_and_more() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(e) && e.is_fatal())]
fn guard_without_if() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e.code() > 500)]
fn condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = response.status() >= 500)]
fn condition_of_result() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = code > 500)]
fn condition_of_variable() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e != E && e.code() != 3)]
fn condition_not_equal() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e == E::Down)]
fn equal() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(E::Down) == result)]
fn equal_reversed() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = result.is_err())]
fn is_err() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = !result.is_ok())]
fn is_not_ok() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = !Ok(_))]
fn not() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = !Err(E::Down))]
fn not_pattern() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = !is_transient(e))]
fn not_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = is_transient(e))]
fn call() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = errors::is_transient(&e))]
fn call_path() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = self.is_transient(e))]
fn call_method() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = E::is_down)]
fn method() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = matches!(e, E::Down | E::Late))]
fn matches() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = matches!(result, Err(e) if e.is_fatal()))]
fn matches_result() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = if let Err(e) = result)]
fn if_let() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = if e.is_fatal())]
fn if_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = let Err(e) = result)]
fn let_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) => true)]
fn arrow() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(A) || Err(B) || Err(C))]
fn or() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(A), Err(B), threshold = 3)]
fn comma() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = [E::Down, E::Late])]
fn slice() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = mut x)]
fn mutable() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = ref x)]
fn by_reference() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = "")]
fn empty_text() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = "down")]
fn text() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = { true })]
fn block() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = Err(_))]
fn classify_pattern() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(classify = |result, n| Outcome::Success)]
fn classify_two() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = E::Down)]
fn variant() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = E::Down | E::Code(500..), failure = Err(_))]
async fn variants() -> std::result::Result<(), E> {
    Ok(())
}

impl E {
    const GONE: E = E;
}

#[circuit_breaker(failure = E::GONE)]
fn constant() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = self::E::GONE | E::Late, failure = Err(_))]
async fn constants() -> Result<(), E> {
    Ok(())
}

const DOWN: u16 = 503;

type Answer = Result<u16, E>;

#[circuit_breaker(failure = DOWN, fallback = Ok(0))]
fn constant_of_another_type() -> Answer {
    Ok(200)
}

struct Status(u16);

impl Status {
    const ERR: Status = Status(500);

    #[circuit_breaker(classify = self.judge)]
    fn classify_method(&self) -> Result<(), E> {
        Ok(())
    }
}

#[circuit_breaker(ignore = Status::ERR)]
async fn constant_of_another_type_async() -> Answer {
    Ok(200)
}

#[circuit_breaker(failure = Status::ERR, fallback = Status(0))]
fn not_comparable() -> Status {
    Status(200)
}

#[circuit_breaker(failure = Status::GONE, fallback = Status(0))]
fn unknown_constant() -> Status {
    Status(200)
}

#[circuit_breaker(failure = if let Err(e) = result { e.is_fatal() } else { false })]
fn if_let_with_condition() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = if let Failure::Code(c) = e { *c > 500 } else { false })]
fn if_let_of_error() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = if let Err(_) = result { true } else { false })]
fn if_let_of_literals() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = e)]
fn error_alone() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure(E::Down, E::Late))]
fn list() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = 500..=599)]
fn range() -> Result<u16, E> {
    Ok(200)
}

#[circuit_breaker(failure = 1 | 2)]
fn numbers() -> Result<(), u16> {
    Ok(())
}

#[circuit_breaker(failure = true)]
async fn truth() -> Result<bool, E> {
    Ok(true)
}

#[circuit_breaker(failure = None)]
fn option() -> Result<Option<u8>, E> {
    Ok(None)
}

#[circuit_breaker(ignore = Some(0))]
fn option_with_value() -> Result<Option<u8>, E> {
    Ok(None)
}

#[circuit_breaker(failure = Err(_) if later().await)]
async fn awaits() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(ignore = Err(_) if check()?)]
fn question_mark() -> Result<(), E> {
    Ok(())
}

#[circuit_breaker(failure = Err(_) if { return true })]
fn returns() -> Result<(), E> {
    Ok(())
}

fn main() {}
