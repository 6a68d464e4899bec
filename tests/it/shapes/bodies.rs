//! What a body may contain.

use std::panic::{AssertUnwindSafe, catch_unwind};

use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, counts, guards, rejects, yield_now};

macro_rules! bail {
    ($e:expr) => {
        return Err($e)
    };
}

#[circuit_breaker(threshold = 1, name = "hidden_return")]
fn hidden_return(fail: bool) -> Result<u8, E> {
    if fail {
        bail!(E::Down);
    }
    Ok(1)
}

#[derive(Clone, Copy)]
enum Level {
    Low,
    High,
}

#[circuit_breaker(threshold = 1, name = "items")]
fn items(fail: bool) -> Result<u8, E> {
    use Level::{High, Low};
    const N: u8 = 3;
    static M: u8 = 4;
    fn double(n: u8) -> u8 {
        n * 2
    }
    let level = if fail { High } else { Low };
    match level {
        Low => Ok(double(N) + M),
        High => Err(E::Down),
    }
}

#[circuit_breaker(threshold = 1, name = "inner_attributes")]
fn inner_attributes(fail: bool) -> Result<u8, E> {
    //! A comment about the inside.
    #![allow(unused_variables)]
    let unused = 1;
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "inner_attributes_async")]
async fn inner_attributes_async(fail: bool) -> Result<u8, E> {
    #![allow(unused_variables)]
    let unused = 1;
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "tail_match")]
fn tail_match(fail: bool) -> Result<u8, E> {
    match fail {
        true => Err(E::Down),
        false => Ok(1),
    }
}

#[rustfmt::skip]
#[circuit_breaker(threshold = 1, name = "one_line")]
fn one_line(fail: bool) -> Result<u8, E> { answer(fail, 1) }

#[rustfmt::skip]
#[circuit_breaker(threshold = 1, name = "one_line_async")]
async fn one_line_async(fail: bool) -> Result<u8, E> { answer(fail, 1) }

#[circuit_breaker(name = "outer")]
fn nested(fail: bool) -> Result<u8, E> {
    #[circuit_breaker(name = "inner")]
    fn inner(fail: bool) -> Result<u8, E> {
        answer(fail, 1)
    }
    let closure = |n: u8| -> Result<u8, E> {
        if n > 1 {
            return Err(E::Down);
        }
        Ok(n)
    };
    'label: loop {
        if true {
            break 'label;
        }
    }
    closure(inner(fail)?)
}

#[circuit_breaker(name = "panics")]
fn panics(list: &mut Vec<u8>) -> Result<u8, E> {
    list.push(1);
    panic!("in the body")
}

struct CallsOnDrop;

#[circuit_breaker(name = "while_unwinding")]
fn while_unwinding() -> Result<u8, E> {
    Ok(1)
}

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        let _ = while_unwinding();
    }
}

#[circuit_breaker(name = "recursive")]
fn recursive(n: u8) -> Result<u8, E> {
    if n == 0 { Ok(0) } else { recursive(n - 1).map(|m| m + 1) }
}

#[test]
fn every_way_out_is_recorded() {
    rejects("hidden_return", hidden_return);
    rejects("items", items);
    rejects("inner_attributes", inner_attributes);
    rejects("inner_attributes_async", |fail| block_on(inner_attributes_async(fail)));
    rejects("tail_match", tail_match);
    rejects("one_line", one_line);
    rejects("one_line_async", |fail| block_on(one_line_async(fail)));
}

#[test]
fn a_guarded_function_in_a_guarded_function() {
    assert_eq!(nested(false), Ok(1));
    assert_eq!(nested(true), Err(E::Down));
    assert_eq!(counts("outer"), (1, 1, 0));
    assert_eq!(counts("inner"), (1, 1, 0));
    assert_eq!(recursive(3), Ok(3));
    assert_eq!(counts("recursive"), (4, 0, 0));
}

#[test]
fn panics_are_failures_and_go_on() {
    let mut list = Vec::new();
    assert!(catch_unwind(AssertUnwindSafe(|| panics(&mut list))).is_err());
    let snapshot = circuit_runtime::find("panics").unwrap().snapshot();
    assert_eq!((snapshot.failures, snapshot.panicked), (1, 1));

    let unwound = catch_unwind(|| {
        let _calls = CallsOnDrop;
        panic!("another panic");
    });
    assert!(unwound.is_err());
    assert_eq!(counts("while_unwinding"), (1, 0, 0));
}

#[circuit_breaker(
    name = "clone_panics",
    fallback = |_| Ok(1),
    fallback_on = any
)]
fn clone_panics(_value: PanicsOnClone) -> Result<u8, E> {
    Ok(1)
}

struct PanicsOnClone;

impl Clone for PanicsOnClone {
    fn clone(&self) -> Self {
        panic!("in clone")
    }
}

#[circuit_breaker(name = "guard_panics", failure = Ok(n) if *n == 0 || panic!("in the guard"))]
async fn guard_panics(n: u8) -> Result<u8, E> {
    yield_now().await;
    Ok(n)
}

#[test]
fn a_panic_in_the_users_other_code_is_the_calls_panic() {
    assert!(catch_unwind(|| clone_panics(PanicsOnClone)).is_err());
    assert!(catch_unwind(|| block_on(guard_panics(1))).is_err());
    for name in ["clone_panics", "guard_panics"] {
        let snapshot = circuit_runtime::find(name).unwrap().snapshot();
        assert_eq!(
            (snapshot.failures, snapshot.panicked, snapshot.cancelled),
            (1, 1, 0),
            "{}",
            name
        );
    }
    assert_eq!(guards("never_fails", never_fails), Ok(1));
}

#[circuit_breaker(threshold = 1, name = "never_fails", fallback = Ok(1))]
fn never_fails(fail: bool) -> Result<u8, E> {
    answer(fail, 2)
}
