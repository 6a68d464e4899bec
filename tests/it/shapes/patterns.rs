//! What counts as a failure, and return types that are no `Result`.

use std::fmt::Debug;
use std::time::Duration;

use circuit_runtime::{CallError, Outcome, circuit_breaker};

use super::{E, answer, block_on, counts, is_send};

#[derive(Debug, Clone, PartialEq)]
enum Status {
    Ok,
    NotFound,
    Code(u16),
    Text { code: u16, text: String },
}

impl Status {
    fn is_server_error(&self) -> bool {
        matches!(self, Status::Code(500..=599))
    }
}

const TEAPOT: u16 = 418;

fn tally(name: &str) -> (u64, u64, u64) {
    let snapshot = circuit_runtime::find(name).expect("was called").snapshot();
    (snapshot.successes, snapshot.failures, snapshot.ignored)
}

#[circuit_breaker(name = "guarded_pattern", failure = Err(e) if e.is_server_error(), fallback = Ok(()))]
fn guarded_pattern(result: Result<(), Status>) -> Result<(), Status> {
    result
}

#[circuit_breaker(
    name = "ignored_first",
    ignore = Err(Status::NotFound | Status::Code(TEAPOT)),
    failure = Err(_),
    fallback = |_| Ok(())
)]
fn ignored_first(result: Result<(), Status>) -> Result<(), Status> {
    result
}

#[circuit_breaker(
    name = "ignore_only",
    fallback = Ok(()),
    ignore = Err(Status::Text { code, text }) if *code == 1 || text.is_empty(),
)]
async fn ignore_only(result: Result<(), Status>) -> Result<(), Status> {
    result
}

#[circuit_breaker(
    name = "bound",
    failure = Err(e @ (Status::Code(n @ 500..=599) | Status::Text { code: n, .. })) if *n != 501 && *e != Status::Ok,
    fallback = Ok(())
)]
fn bound(result: Result<(), Status>) -> Result<(), Status> {
    result
}

#[circuit_breaker(name = "slice", failure = [] | [0, ..], fallback = &[])]
fn slice(items: &[u8]) -> &[u8] {
    items
}

#[circuit_breaker(name = "option", failure = None, fallback = None)]
fn option(n: u8) -> Option<u8> {
    n.checked_sub(1)
}

#[circuit_breaker(name = "option_async", failure = None, fallback = None)]
async fn option_async(n: u8) -> Option<u8> {
    n.checked_sub(1)
}

fn judge(n: &u32) -> Outcome {
    match n {
        0 => Outcome::Success,
        1 => Outcome::Failure,
        2 => Outcome::Ignored,
        _ => Outcome::OpenFor(Duration::from_secs(3600)),
    }
}

#[circuit_breaker(name = "classify_path", classify = judge, fallback = 9)]
fn classify_path(n: u32) -> u32 {
    n
}

#[circuit_breaker(
    name = "classify_closure",
    classify = |n| if *n > 5 { Outcome::Failure } else { Outcome::Success },
    fallback = 9
)]
async fn classify_closure(n: u32) -> u32 {
    n
}

#[circuit_breaker(name = "classify_nothing", classify = |()| Outcome::Ignored, fallback = ())]
fn nothing() {}

#[circuit_breaker(name = "classify_result", classify = |result| match result {
    Ok(_) => Outcome::Success,
    Err(_) => Outcome::Ignored,
})]
fn classify_result(fail: bool) -> Result<u8, E> {
    answer(fail, 1)
}

fn by_code(result: &Result<u8, Status>) -> Outcome {
    match result {
        Ok(0) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(Status::Code(429)) => Outcome::OpenFor(Duration::from_secs(3600)),
        Err(_) => Outcome::Ignored,
    }
}

#[circuit_breaker(
    name = "classify_rest",
    classify = by_code,
    ignore = Err(Status::Code(501)),
    failure = Err(Status::Code(500..=599)),
    fallback = Ok(9)
)]
fn classify_rest(result: Result<u8, Status>) -> Result<u8, Status> {
    result
}

#[circuit_breaker(
    name = "classify_rest_async",
    ignore = Err(Status::Code(_)) if lax,
    classify = |result| match result {
        Ok(answer) if *answer < least => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Ignored,
    },
    fallback_on = any,
    fallback = |_: Result<u8, Status>, _: bool, _: u8, reason| match reason {
        CallError::Failed(Ok(answer)) => Ok(100 + answer),
        _ => Ok(9),
    }
)]
async fn classify_rest_async(
    result: Result<u8, Status>,
    lax: bool,
    least: u8,
) -> Result<u8, Status> {
    result
}

#[circuit_breaker(
    name = "classify_number",
    failure = 0,
    classify = |n| if n.is_power_of_two() { Outcome::Ignored } else { Outcome::Success },
    fallback = 9
)]
fn classify_number(n: u32) -> u32 {
    n
}

#[circuit_breaker(
    name = "classify_impl",
    ignore = Err(_),
    classify = |result| match result {
        Ok(items) if items.len() == 0 => Outcome::Failure,
        _ => Outcome::Success,
    }
)]
fn classify_impl(n: Result<u8, E>) -> Result<impl ExactSizeIterator<Item = u8>, E> {
    n.map(|n| vec![0_u8; usize::from(n)].into_iter())
}

#[circuit_breaker(name = "generic_pattern", failure = Err(_), fallback = value)]
fn generic<X: Debug>(value: Result<u8, X>) -> Result<u8, X> {
    value
}

#[circuit_breaker(name = "bare_parameter", failure = _, fallback = value)]
fn bare<T>(value: T) -> T {
    value
}

#[circuit_breaker(
    name = "impl_pattern",
    failure = Ok(it) if it.len() == 0,
    fallback = Ok(vec![0_u8].into_iter())
)]
fn impl_pattern(n: u8) -> Result<impl ExactSizeIterator<Item = u8>, E> {
    Ok(vec![0_u8; usize::from(n)].into_iter())
}

struct Client {
    strict: bool,
}

impl Client {
    const FINE: u8 = 7;

    #[circuit_breaker(name = "self_in_guard", failure = Err(_) if self.strict && limit > 1)]
    fn strict(&self, fail: bool, limit: u8) -> Result<u8, E> {
        answer(fail, limit)
    }

    #[circuit_breaker(name = "self_in_guard_async", failure = Err(_) if self.strict && limit > 1)]
    async fn strict_async(&self, fail: bool, limit: u8) -> Result<u8, E> {
        super::yield_now().await;
        answer(fail, limit)
    }

    #[circuit_breaker(name = "self_constant", failure = Ok(Self::FINE), fallback = Ok(0))]
    fn constant(n: u8) -> Result<u8, E> {
        Ok(n)
    }
}

macro_rules! with_pattern {
    ($name:ident, $text:literal, $p:pat, $g:expr) => {
        #[circuit_breaker(name = $text, failure = $p if $g, fallback = Ok(0))]
        fn $name(result: Result<u8, E>) -> Result<u8, E> {
            result
        }
    };
}

with_pattern!(from_macro, "pattern_from_macro", Err(E::Down), true);

#[test]
fn patterns_and_guards_decide() {
    let _ = guarded_pattern(Err(Status::Code(503)));
    let _ = guarded_pattern(Err(Status::Code(404)));
    assert_eq!(tally("guarded_pattern"), (1, 1, 0));

    let _ = ignored_first(Err(Status::NotFound));
    let _ = ignored_first(Err(Status::Code(418)));
    let _ = ignored_first(Err(Status::Ok));
    let _ = ignored_first(Ok(()));
    assert_eq!(tally("ignored_first"), (1, 1, 2));

    let text = |code, text: &str| Err(Status::Text { code, text: text.to_owned() });
    let _ = block_on(is_send(ignore_only(text(1, "x"))));
    let _ = block_on(ignore_only(text(2, "")));
    let _ = block_on(ignore_only(text(2, "x")));
    let _ = block_on(ignore_only(Ok(())));
    assert_eq!(tally("ignore_only"), (1, 1, 2));

    let _ = bound(Err(Status::Code(500)));
    let _ = bound(Err(Status::Code(501)));
    let _ = bound(text(7, ""));
    assert_eq!(tally("bound"), (1, 2, 0));

    slice(&[]);
    slice(&[0, 1]);
    slice(&[1]);
    assert_eq!(tally("slice"), (1, 2, 0));

    let _ = from_macro(Err(E::Down));
    let _ = from_macro(Err(E::Open));
    assert_eq!(tally("pattern_from_macro"), (1, 1, 0));
}

#[test]
fn return_types_other_than_result() {
    assert_eq!(option(1), Some(0));
    assert_eq!(option(0), None);
    assert_eq!(tally("option"), (1, 1, 0));
    assert_eq!(block_on(option_async(1)), Some(0));
    assert_eq!(block_on(option_async(0)), None);
    assert_eq!(tally("option_async"), (1, 1, 0));
    let _ = generic(Err(1));
    assert_eq!(tally("generic_pattern"), (0, 1, 0));
    bare(1);
    bare("a");
    assert_eq!(tally("bare_parameter"), (0, 2, 0));
    let _ = impl_pattern(0).map(Iterator::count);
    let _ = impl_pattern(1).map(Iterator::count);
    assert_eq!(tally("impl_pattern"), (1, 1, 0));
}

#[test]
fn classify_may_decide_alone() {
    for n in [0, 1, 2] {
        assert_eq!(classify_path(n), n);
    }
    assert_eq!(tally("classify_path"), (1, 1, 1));
    assert_eq!(classify_path(3), 3);
    assert_eq!(classify_path(0), 9);
    assert_eq!(block_on(classify_closure(6)), 6);
    assert_eq!(block_on(classify_closure(1)), 1);
    assert_eq!(tally("classify_closure"), (1, 1, 0));
    nothing();
    assert_eq!(tally("classify_nothing"), (0, 0, 1));
    let _ = classify_result(true);
    assert_eq!(tally("classify_result"), (0, 0, 1));
}

#[test]
fn classify_decides_what_ignore_and_failure_leave_open() {
    let _ = classify_rest(Err(Status::Code(501))); // by `ignore`, which wins over `failure`
    let _ = classify_rest(Err(Status::Code(503))); // by `failure`: `by_code` would ignore it
    let _ = classify_rest(Err(Status::NotFound));
    let _ = classify_rest(Ok(0));
    let _ = classify_rest(Ok(1));
    assert_eq!(tally("classify_rest"), (1, 2, 2));
    assert_eq!(classify_rest(Err(Status::Code(429))), Err(Status::Code(429)));
    assert_eq!(classify_rest(Ok(1)), Ok(9));

    let call = |result, lax| block_on(is_send(classify_rest_async(result, lax, 5)));
    assert_eq!(call(Ok(5), false), Ok(5));
    assert_eq!(call(Ok(4), false), Ok(104));
    assert_eq!(call(Err(Status::Code(1)), true), Err(Status::Code(1)));
    assert_eq!(call(Err(Status::Code(1)), false), Err(Status::Code(1)));
    assert_eq!(tally("classify_rest_async"), (1, 1, 2));

    for n in [0, 1, 2, 3] {
        assert_eq!(classify_number(n), n);
    }
    assert_eq!(tally("classify_number"), (1, 1, 2));

    let _ = classify_impl(Err(E::Down));
    let _ = classify_impl(Ok(0)).map(Iterator::count);
    let _ = classify_impl(Ok(1)).map(Iterator::count);
    assert_eq!(tally("classify_impl"), (1, 1, 1));
}

#[test]
fn a_guard_may_use_self_and_parameters() {
    let (strict, lax) = (Client { strict: true }, Client { strict: false });
    let _ = strict.strict(true, 2);
    let _ = strict.strict(true, 1);
    let _ = lax.strict(true, 2);
    assert_eq!(tally("self_in_guard"), (2, 1, 0));
    let _ = block_on(is_send(strict.strict_async(true, 2)));
    let _ = block_on(lax.strict_async(true, 2));
    assert_eq!(tally("self_in_guard_async"), (1, 1, 0));
    let _ = Client::constant(7);
    let _ = Client::constant(1);
    assert_eq!(tally("self_constant"), (1, 1, 0));
    assert_eq!(counts("self_constant"), (1, 1, 0));
}
