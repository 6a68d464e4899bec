//! Every form of a fallback, sync and async.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use circuit_runtime::circuit_breaker;

use super::{E, answer, block_on, counts, guards, is_send, yield_now};

/// Neither `Clone` nor `Copy`.
struct Token(u8);

fn given_token(token: Token, _: bool) -> Result<u8, E> {
    Ok(token.0 + 100)
}

#[circuit_breaker(threshold = 1, name = "moves", fallback = given_token)]
fn moves(token: Token, fail: bool) -> Result<u8, E> {
    let Token(n) = token;
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "counted", fallback = |rc, _| Ok(Rc::strong_count(&rc)))]
fn counted(rc: Rc<()>, fail: bool) -> Result<usize, E> {
    answer(fail, Rc::strong_count(&rc))
}

#[circuit_breaker(threshold = 1, name = "reborrows", fallback = |list, _| { list.push(9); Ok(list) })]
fn reborrows(list: &mut Vec<u8>, fail: bool) -> Result<&mut Vec<u8>, E> {
    list.push(1);
    answer(fail, list)
}

fn wide(items: &[u8], text: &str, _: bool) -> Result<usize, E> {
    Ok(items.len() + text.len() + 100)
}

#[circuit_breaker(threshold = 1, name = "coerced_arguments", fallback = wide)]
fn coerced_arguments(items: &Vec<u8>, text: &String, fail: bool) -> Result<usize, E> {
    answer(fail, items.len() + text.len())
}

#[circuit_breaker(threshold = 1, name = "untyped", fallback = |s, n, _| s.chars().nth(n).ok_or(E::Down))]
fn untyped(s: &str, n: usize, fail: bool) -> Result<char, E> {
    answer(fail, s.chars().nth(n).unwrap_or(' '))
}

#[circuit_breaker(threshold = 1, name = "annotated", fallback = |s: &str, _| Ok(s))]
fn annotated(s: &str, fail: bool) -> Result<&str, E> {
    answer(fail, s)
}

fn any_value<T: Display + Default>(_: T, _: bool) -> Result<T, E> {
    Ok(T::default())
}

trait Cached {
    fn cached(n: u8, _: bool) -> Result<u8, E> {
        Ok(n + 100)
    }
}

impl Cached for E {}

const POINTER: fn(u8, bool) -> Result<u8, E> = <E as Cached>::cached;

#[circuit_breaker(threshold = 1, name = "generic_path", fallback = any_value)]
fn generic_path<T: Display + Default>(value: T, fail: bool) -> Result<T, E> {
    answer(fail, value)
}

#[circuit_breaker(threshold = 1, name = "turbofish", fallback = any_value::<u8>)]
fn turbofish(n: u8, fail: bool) -> Result<u8, E> {
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "qualified", fallback = <E as Cached>::cached)]
fn qualified(n: u8, fail: bool) -> Result<u8, E> {
    answer(fail, n)
}

#[circuit_breaker(threshold = 1, name = "pointer", fallback = POINTER)]
async fn pointer(n: u8, fail: bool) -> Result<u8, E> {
    answer(fail, n)
}

fn never(_: bool) -> ! {
    panic!("never")
}

#[circuit_breaker(threshold = 1, name = "never", fallback = never)]
fn diverging(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "never_async", fallback = never)]
async fn diverging_async(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "fallback_fails", fallback = |_| Err(E::Open))]
fn fallback_fails(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "outer_guard", fallback = inner_guard)]
fn outer_guard(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(name = "inner_guard")]
fn inner_guard(_: bool) -> Result<u8, E> {
    Ok(2)
}

unsafe fn dangerous(_: bool) -> Result<u8, E> {
    Ok(3)
}

// SAFETY: nothing in it is unsafe.
#[circuit_breaker(threshold = 1, name = "unsafe_fallback", fallback = |fail| unsafe { dangerous(fail) })]
fn unsafe_fallback(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

const DEFAULT: Result<u8, E> = Ok(8);

#[circuit_breaker(threshold = 1, name = "block_constant", fallback = { DEFAULT })]
fn block_constant(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[circuit_breaker(threshold = 1, name = "names_parameters", fallback = Ok(a + b))]
fn names_parameters((a, b): (u8, u8), fail: bool) -> Result<u8, E> {
    answer(fail, a * b)
}

#[circuit_breaker(threshold = 1, name = "question_mark", fallback = Ok(inner_guard(false)? + 1))]
fn question_mark(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

#[test]
fn the_parameters_are_given_and_not_cloned() {
    assert_eq!(guards("moves", |fail| moves(Token(1), fail)), Ok(101));
    assert_eq!(guards("counted", |fail| counted(Rc::new(()), fail)), Ok(1));
    let mut list = vec![];
    assert_eq!(guards("reborrows", |fail| reborrows(&mut list, fail).map(|l| l.len())), Ok(3));
    let coerced = |fail| coerced_arguments(&vec![1, 2], &String::from("abc"), fail);
    assert_eq!(guards("coerced_arguments", coerced), Ok(105));
}

#[test]
fn closures_and_paths_of_every_kind() {
    assert_eq!(guards("untyped", |fail| untyped("abc", 1, fail)), Ok('b'));
    assert_eq!(guards("annotated", |fail| annotated("a", fail)), Ok("a"));
    assert_eq!(
        guards("generic_path", |fail| generic_path(String::from("a"), fail)),
        Ok(String::new())
    );
    assert_eq!(guards("turbofish", |fail| turbofish(1, fail)), Ok(0));
    assert_eq!(guards("qualified", |fail| qualified(1, fail)), Ok(101));
    assert_eq!(guards("pointer", |fail| block_on(pointer(1, fail))), Ok(101));
    assert_eq!(guards("outer_guard", outer_guard), Ok(2));
    assert_eq!(guards("unsafe_fallback", unsafe_fallback), Ok(3));
    assert_eq!(guards("block_constant", block_constant), Ok(8));
    assert_eq!(guards("names_parameters", |fail| names_parameters((2, 3), fail)), Ok(5));
    assert_eq!(guards("question_mark", question_mark), Ok(3));
}

#[test]
fn a_fallback_that_never_returns() {
    let _ = diverging(true);
    assert!(std::panic::catch_unwind(|| diverging(false)).is_err());
    let _ = block_on(diverging_async(true));
    assert!(std::panic::catch_unwind(|| block_on(diverging_async(false))).is_err());
}

#[test]
fn what_a_fallback_gives_is_not_recorded() {
    assert_eq!(guards("fallback_fails", fallback_fails), Err(E::Open));
    assert_eq!(counts("fallback_fails"), (1, 1, 1));
    let snapshot = circuit_runtime::find("fallback_fails").unwrap().snapshot();
    assert_eq!(snapshot.fallbacks, 1);
}

async fn later(n: u8, _: bool) -> Result<u8, E> {
    yield_now().await;
    Ok(n + 100)
}

fn at_once(n: u8, _: bool) -> Result<u8, E> {
    Ok(n + 100)
}

fn boxed(n: u8, _: bool) -> Pin<Box<dyn Future<Output = Result<u8, E>> + Send>> {
    Box::pin(later(n, false))
}

fn impl_future(n: u8, _: bool) -> impl Future<Output = Result<u8, E>> + Send {
    later(n, false)
}

macro_rules! async_forms {
    ($($name:ident = $fallback:expr;)*) => {
        mod forms {
            use super::*;
            $(
                #[circuit_breaker(threshold = 1, name = concat!("form_", stringify!($name)), fallback = $fallback)]
                pub(super) async fn $name(n: u8, fail: bool) -> Result<u8, E> {
                    yield_now().await;
                    answer(fail, n)
                }
            )*
        }

        #[test]
        fn the_fallback_of_an_async_function_may_be_of_either_kind() {
            $(
                let call = |fail| block_on(is_send(forms::$name(1, fail)));
                assert_eq!(guards(concat!("form_", stringify!($name)), call), Ok(101));
            )*
        }
    };
}

async_forms! {
    path_async = later;
    path_sync = at_once;
    path_boxed = boxed;
    path_impl = impl_future;
    closure_ok = |n, _| Ok(n + 100);
    closure_sync = |n, f| at_once(n, f);
    closure_async = |n, f| later(n, f);
    closure_block = |n, _| async move { Ok(n + 100) };
    closure_early = |n, _| {
        if n == 1 {
            return Ok(101);
        }
        Ok(0)
    };
    closure_parse = |_, _| "101".parse().map_err(|_| E::Down);
    value_block = { Ok(101) };
    value_call = at_once(1, true);
    value_future = later(1, true);
    value_awaited = later(1, true).await;
    value_async = async { Ok(101) };
}

#[circuit_breaker(threshold = 1, name = "async_closure", fallback = |s, _| async move { Ok(s) })]
async fn borrowed(s: &str, fail: bool) -> Result<&str, E> {
    yield_now().await;
    answer(fail, s)
}

#[circuit_breaker(
    threshold = 1,
    name = "open_value",
    failure = None,
    fallback = Default::default()
)]
async fn open_value(n: u8) -> Option<u8> {
    n.checked_sub(1)
}

#[circuit_breaker(
    threshold = 1,
    name = "coerces",
    fallback = |_| Ok(Box::new(1))
)]
async fn coerces(fail: bool) -> Result<Box<dyn Display>, E> {
    answer(fail, Box::new("a"))
}

#[test]
fn what_is_open_becomes_the_return_type() {
    assert_eq!(guards("async_closure", |fail| block_on(borrowed("a", fail))), Ok("a"));
    assert_eq!(block_on(open_value(0)), None);
    assert_eq!(block_on(open_value(1)), None);
    let text = |fail| block_on(coerces(fail)).map(|d| d.to_string());
    assert_eq!(guards("coerces", text), Ok("1".into()));
}

#[allow(clippy::too_many_arguments)]
#[circuit_breaker(
    threshold = 1,
    name = "seventeen",
    fallback = |a: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
                _: u8, _: u8, _: u8, _: u8, _: u8, _: bool| Ok(a)
)]
fn seventeen(
    a: u8,
    b: u8,
    c: u8,
    d: u8,
    e: u8,
    f: u8,
    g: u8,
    h: u8,
    i: u8,
    j: u8,
    k: u8,
    l: u8,
    m: u8,
    n: u8,
    o: u8,
    p: u8,
    q: u8,
    fail: bool,
) -> Result<u8, E> {
    answer(fail, a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q)
}

#[test]
fn a_closure_with_types_may_have_any_number_of_parameters() {
    let call = |fail| seventeen(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, fail);
    assert_eq!(guards("seventeen", call), Ok(1));
}
