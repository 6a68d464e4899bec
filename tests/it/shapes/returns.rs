//! Return types and inference.

use std::cell::{Ref, RefCell};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::io;
use std::task::Poll;

use circuit_runtime::{CircuitOpenError, circuit_breaker};

use super::{E, answer, block_on, guards, rejects};

type Done = Result<u8, E>;

type Of<T> = Result<T, E>;

macro_rules! ret {
    ($t:ty) => { Result<$t, E> };
}

#[circuit_breaker(threshold = 1, name = "alias")]
fn alias(fail: bool) -> Done {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "generic_alias")]
fn generic_alias(fail: bool) -> Of<u8> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "type_macro")]
fn type_macro(fail: bool) -> ret!(u8) {
    answer(fail, 1)
}

#[allow(unused_parens)]
#[circuit_breaker(threshold = 1, name = "type_parens")]
fn type_parens(fail: bool) -> (Result<u8, E>) {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "nested")]
fn nested(fail: bool) -> Result<Result<u8, E>, E> {
    answer(fail, Err(E::Down))
}

#[circuit_breaker(threshold = 1, name = "poll_inside")]
fn poll_inside(fail: bool) -> Result<Poll<u8>, E> {
    answer(fail, Poll::Pending)
}

#[circuit_breaker(threshold = 1, name = "boxed_error")]
fn boxed_error(text: &str) -> Result<u8, Box<dyn Error>> {
    let n: u8 = text.parse()?;
    if n == 9 {
        return Err("nine".into());
    }
    Ok(n)
}

#[circuit_breaker(threshold = 1, name = "boxed_send_error")]
async fn boxed_send_error(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    let n = text.parse()?;
    Ok(n)
}

#[circuit_breaker(threshold = 1, name = "any_error")]
fn any_error(text: &str) -> anyhow::Result<u8> {
    if text.is_empty() {
        anyhow::bail!("empty");
    }
    Ok(text.parse()?)
}

#[circuit_breaker(threshold = 1, name = "io_error")]
async fn io_error(fail: bool) -> io::Result<u8> {
    if fail {
        Err(io::ErrorKind::TimedOut)?
    }
    Ok(1)
}

#[circuit_breaker(threshold = 1, name = "coerced")]
fn coerced(fail: bool) -> Result<Box<dyn Display>, E> {
    if fail {
        return Err(E::Down);
    }
    Ok(Box::new(1))
}

#[circuit_breaker(threshold = 1, name = "coerced_async")]
async fn coerced_async(fail: bool) -> Result<Box<dyn Display>, E> {
    if fail {
        return Err(E::Down);
    }
    Ok(Box::new(1))
}

#[circuit_breaker(threshold = 1, name = "weakened")]
fn weakened(n: &mut u8, fail: bool) -> Result<&u8, E> {
    if fail {
        return Err(E::Down);
    }
    *n += 1;
    Ok(n)
}

#[circuit_breaker(threshold = 1, name = "collected")]
fn collected(fail: bool) -> Result<Vec<u8>, E> {
    (0..3).map(|n| answer(fail, n)).collect()
}

#[circuit_breaker(threshold = 1, name = "into")]
fn into(fail: bool) -> Result<String, E> {
    answer(fail, "a".into())
}

#[circuit_breaker(threshold = 1, name = "an_iterator")]
fn an_iterator(fail: bool) -> Result<impl Iterator<Item = u8>, E> {
    answer(fail, vec![1, 2].into_iter())
}

#[circuit_breaker(threshold = 1, name = "a_closure")]
fn a_closure(n: u8, fail: bool) -> Result<impl Fn(u8) -> u8, E> {
    answer(fail, move |m| n + m)
}

#[circuit_breaker(threshold = 1, name = "impl_async")]
async fn impl_async(fail: bool) -> Result<impl Display + Debug, E> {
    answer(fail, "a")
}

#[circuit_breaker(
    threshold = 1,
    name = "impl_fallback",
    fallback = Ok(vec![7_u8].into_iter())
)]
async fn impl_fallback(fail: bool) -> Result<impl Iterator<Item = u8>, E> {
    answer(fail, vec![1_u8, 2].into_iter())
}

#[circuit_breaker(threshold = 1, name = "elided")]
fn elided<'a>(list: &'a [String], name: &str, fail: bool) -> Result<&'a str, E> {
    let found = list.iter().find(|item| *item == name);
    answer(fail, found.map_or("", |found| found))
}

#[circuit_breaker(threshold = 1, name = "borrowed")]
fn borrowed(cell: &RefCell<u8>, fail: bool) -> Result<Ref<'_, u8>, E> {
    answer(fail, cell.borrow())
}

#[circuit_breaker(threshold = 1, name = "elided_async")]
async fn elided_async(list: &[String], fail: bool) -> Result<&str, E> {
    super::yield_now().await;
    answer(fail, list.first().map_or("", |first| first))
}

#[circuit_breaker(threshold = 1, name = "diverges")]
fn diverges() -> Result<u8, E> {
    panic!("diverges")
}

#[circuit_breaker(threshold = 1, name = "todo")]
async fn unfinished() -> Result<u8, E> {
    todo!()
}

#[circuit_breaker(name = "loops")]
fn loops() -> Result<u8, E> {
    let mut n = 0;
    loop {
        n += 1;
        if n == 3 {
            return Ok(n);
        }
    }
}

#[circuit_breaker(threshold = 1, name = "generic_error")]
fn generic_error<T, X: From<CircuitOpenError>>(value: Result<T, X>) -> Result<T, X> {
    value
}

#[test]
fn whatever_names_a_result_is_one() {
    rejects("alias", alias);
    rejects("generic_alias", generic_alias);
    rejects("type_macro", type_macro);
    rejects("type_parens", type_parens);
    rejects("nested", nested);
    rejects("poll_inside", poll_inside);
    rejects("generic_error", |fail| generic_error(answer(fail, 1)));
}

#[test]
fn error_types_that_work_as_they_are() {
    assert_eq!(boxed_error("1").unwrap(), 1);
    assert!(boxed_error("x").is_err());
    assert!(boxed_error("1").unwrap_err().is::<CircuitOpenError>());

    assert_eq!(block_on(boxed_send_error("1")).unwrap(), 1);
    assert!(block_on(boxed_send_error("x")).is_err());
    assert!(block_on(boxed_send_error("1")).unwrap_err().is::<CircuitOpenError>());

    assert_eq!(any_error("1").unwrap(), 1);
    assert!(any_error("").is_err());
    assert!(any_error("1").unwrap_err().is::<CircuitOpenError>());

    assert_eq!(block_on(io_error(false)).unwrap(), 1);
    assert_eq!(block_on(io_error(true)).unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(block_on(io_error(false)).unwrap_err().get_ref().unwrap().is::<CircuitOpenError>());
}

#[test]
fn the_tail_coerces_and_infers_as_in_a_plain_function() {
    rejects("coerced", |fail| coerced(fail).map(|d| d.to_string()));
    rejects("coerced_async", |fail| block_on(coerced_async(fail)).map(|d| d.to_string()));
    rejects("weakened", |fail| weakened(&mut 1, fail).copied());
    rejects("collected", collected);
    rejects("into", into);
}

#[test]
fn types_that_cannot_be_written() {
    rejects("an_iterator", |fail| an_iterator(fail).map(Iterator::count));
    rejects("a_closure", |fail| a_closure(1, fail).map(|f| f(2)));
    rejects("impl_async", |fail| block_on(impl_async(fail)));
    let sum = |fail| block_on(impl_fallback(fail)).map(Iterator::sum::<u8>);
    assert_eq!(guards("impl_fallback", sum), Ok(7));
}

#[test]
fn lifetimes() {
    let list = [String::from("a")];
    rejects("elided", |fail| elided(&list, "a", fail));
    rejects("borrowed", |fail| borrowed(&RefCell::new(1), fail).map(|n| *n));
    rejects("elided_async", |fail| block_on(elided_async(&list, fail)));
}

#[test]
fn bodies_without_a_value() {
    let panicked = std::panic::catch_unwind(diverges);
    assert!(panicked.is_err());
    assert_eq!(diverges(), Err(E::Open));
    assert!(std::panic::catch_unwind(|| block_on(unfinished())).is_err());
    assert_eq!(block_on(unfinished()), Err(E::Open));
    assert_eq!(loops(), Ok(3));
}
