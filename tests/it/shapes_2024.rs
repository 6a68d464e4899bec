//! Shapes that only edition 2024 has.

use std::cell::RefCell;
use std::fmt::Display;
use std::sync::Mutex;

use circuit_runtime::circuit_breaker;

use crate::shapes::{E, answer, block_on, guards, rejects, yield_now};

#[circuit_breaker(threshold = 1, name = "async_closure_2024", fallback = async |n, _| {
    yield_now().await;
    Ok(n + 100)
})]
async fn async_closure(n: u8, fail: bool) -> Result<u8, E> {
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "precise_capture")]
fn precise<'a, T: Display + 'a>(value: &'a T, fail: bool) -> Result<impl Display + use<'a, T>, E> {
    answer(fail, value)
}

#[circuit_breaker(threshold = 1, name = "captures_all")]
fn captures_all(list: &[u8], fail: bool) -> Result<impl Iterator<Item = u8>, E> {
    answer(fail, list.iter().copied())
}

/// The tail's temporaries end before the locals of edition 2024.
#[circuit_breaker(threshold = 1, name = "tail_temporaries")]
fn tail_temporaries(fail: bool) -> Result<usize, E> {
    let cell = RefCell::new(String::from("a"));
    answer(fail, cell.borrow().len())
}

#[circuit_breaker(threshold = 1, name = "tail_temporaries_async")]
async fn tail_temporaries_async(mut text: String, fail: bool) -> Result<usize, E> {
    text.push('a');
    let cell = RefCell::new(text);
    answer(fail, cell.borrow().len())
}

#[circuit_breaker(threshold = 1, name = "if_let_scope")]
fn if_let_scope(lock: &Mutex<Option<u8>>, fail: bool) -> Result<u8, E> {
    if let Some(n) = *lock.lock().map_err(|_| E::Down)? {
        answer(fail, n)
    } else {
        // Deadlocks where the guard of the condition is still held.
        *lock.lock().map_err(|_| E::Down)? = Some(1);
        answer(fail, 1)
    }
}

#[circuit_breaker(threshold = 1, name = "raw_gen", fallback = |r#gen, _| Ok(r#gen))]
fn r#gen(r#gen: u8, fail: bool) -> Result<u8, E> {
    answer(fail, r#gen + 1)
}

#[unsafe(no_mangle)]
#[circuit_breaker(threshold = 1, name = "no_mangle", failure = 0, fallback = 9)]
extern "C" fn circuit_breaker_test_no_mangle(n: u8) -> u8 {
    n
}

#[circuit_breaker(threshold = 1, name = "unsafe_2024")]
unsafe fn unsafe_fn(pointer: *const u8, fail: bool) -> Result<u8, E> {
    // SAFETY: the caller's.
    answer(fail, unsafe { *pointer })
}

static BYTE: u8 = 1;

#[test]
fn what_edition_2024_brought() {
    assert_eq!(guards("async_closure_2024", |fail| block_on(async_closure(1, fail))), Ok(101));
    rejects("precise_capture", |fail| precise(&1, fail).map(|d| d.to_string()));
    rejects("captures_all", |fail| captures_all(&[1, 2], fail).map(Iterator::count));
    rejects("tail_temporaries", tail_temporaries);
    rejects("tail_temporaries_async", |fail| block_on(tail_temporaries_async("a".into(), fail)));
    rejects("if_let_scope", |fail| if_let_scope(&Mutex::new(None), fail));
    assert_eq!(guards("raw_gen", |fail| r#gen(1, fail)), Ok(1));
    assert_eq!((circuit_breaker_test_no_mangle(0), circuit_breaker_test_no_mangle(1)), (0, 9));
    // SAFETY: the pointer is to a local.
    rejects("unsafe_2024", |fail| unsafe { unsafe_fn(&raw const BYTE, fail) });
}
