//! Fallbacks that take the reason, and fallbacks that also run for failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use circuit_runtime::{CallError, CircuitOpenError, Rejection, circuit_breaker};

use super::{E, answer, block_on, guards, is_send, yield_now};

/// Neither `Clone` nor `Copy`.
struct Token(u8);

#[circuit_breaker(threshold = 1, name = "why_open", fallback = |n, _, why| Ok(u64::from(n) + retry(why)))]
fn why_open(n: u8, fail: bool) -> Result<u64, E> {
    answer(fail, 1)
}

fn retry(why: CircuitOpenError) -> u64 {
    assert_eq!(why.reason(), Rejection::Open);
    why.retry_after().map_or(0, |left| left.as_secs())
}

#[circuit_breaker(threshold = 1, name = "why_open_async", fallback = |_, why| explain(why))]
async fn why_open_async(fail: bool) -> Result<String, E> {
    answer(fail, String::new())
}

async fn explain(why: CircuitOpenError) -> Result<String, E> {
    yield_now().await;
    Ok(why.to_string())
}

#[test]
fn a_closure_may_take_the_reason() {
    let left = guards("why_open", |fail| why_open(1, fail)).unwrap();
    assert!((50..=61).contains(&left), "{}", left);
    let text = guards("why_open_async", |fail| block_on(why_open_async(fail))).unwrap();
    assert!(text.starts_with("circuit `why_open_async` is open; retry after"), "{}", text);
}

static CLONES: AtomicUsize = AtomicUsize::new(0);

struct Counting(u8);

impl Clone for Counting {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Counting(self.0)
    }
}

#[circuit_breaker(threshold = 2, name = "any_path", fallback = any_fallback, fallback_on = any)]
fn any_path(value: Counting, text: &str, fail: bool) -> Result<usize, E> {
    answer(fail, usize::from(value.0) + text.len())
}

fn any_fallback(value: Counting, text: &str, _: bool) -> Result<usize, E> {
    Ok(usize::from(value.0) + text.len() + 100)
}

#[test]
fn one_clone_for_an_admitted_call_and_none_while_open() {
    assert_eq!(any_path(Counting(1), "ab", false), Ok(3));
    assert_eq!(any_path(Counting(1), "ab", true), Ok(103));
    assert_eq!(CLONES.load(Ordering::Relaxed), 2);
    assert_eq!(any_path(Counting(1), "ab", true), Ok(103));
    assert_eq!(any_path(Counting(1), "ab", true), Ok(103));
    assert_eq!(CLONES.load(Ordering::Relaxed), 3);
    let snapshot = circuit_runtime::find("any_path").unwrap().snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.fallbacks), (1, 2, 3));
}

#[circuit_breaker(threshold = 2, name = "any_async", fallback_on = any, fallback = |id, _, why| match why {
    CallError::Failed(e) => Ok(format!("{id}: {e:?}")),
    CallError::Open(_) => Ok(id),
    CallError::TimedOut(_) => Err(E::Down),
})]
async fn any_async(id: String, fail: bool) -> Result<String, E> {
    yield_now().await;
    answer(fail, id)
}

#[circuit_breaker(
    threshold = 2,
    name = "any_whole",
    failure = Ok(0),
    fallback = |_, why| if let CallError::Failed(Ok(n)) = why { Ok(n + 1) } else { Ok(9) },
    fallback_on = any
)]
fn any_whole(n: u8) -> Result<u8, E> {
    Ok(n)
}

#[circuit_breaker(threshold = 2, name = "any_value", fallback = Ok(names.len()), fallback_on = any)]
async fn any_value_named(mut names: Vec<String>, scratch: &mut u8, fail: bool) -> Result<usize, E> {
    names.clear();
    *scratch += 1;
    answer(fail, names.len())
}

#[circuit_breaker(threshold = 2, name = "any_nothing", fallback = Ok(7), fallback_on = any)]
fn any_nothing(token: Token, fail: bool) -> Result<u8, E> {
    answer(fail, token.0)
}

#[derive(Clone)]
struct Service(u8);

impl Service {
    #[circuit_breaker(threshold = 2, name = "any_self", fallback = Self::cached, fallback_on = any)]
    fn by_value(self, (a, _): (u8, u8), fail: bool) -> Result<u8, E> {
        answer(fail, self.0 + a)
    }

    fn cached(self, (a, b): (u8, u8), _: bool) -> Result<u8, E> {
        Ok(self.0 + a + b + 100)
    }

    #[circuit_breaker(threshold = 2, name = "any_arc", fallback = Self::shared, fallback_on = any)]
    async fn by_arc(self: Arc<Self>, fail: bool) -> Result<u8, E> {
        yield_now().await;
        answer(fail, self.0)
    }

    async fn shared(self: Arc<Self>, _: bool) -> Result<u8, E> {
        yield_now().await;
        Ok(self.0 + 100)
    }

    #[circuit_breaker(threshold = 2, name = "any_ref", fallback = |_| Ok(self.0), fallback_on = any)]
    fn by_ref(&self, fail: bool) -> Result<u8, E> {
        answer(fail, 1)
    }
}

#[test]
fn under_any_the_fallback_also_runs_for_failures() {
    assert_eq!(block_on(is_send(any_async("a".into(), false))), Ok("a".into()));
    assert_eq!(block_on(any_async("a".into(), true)), Ok("a: Down".into()));
    assert_eq!(any_whole(1), Ok(1));
    assert_eq!(any_whole(0), Ok(1));
    assert_eq!(any_whole(0), Ok(1));
    assert_eq!(any_whole(1), Ok(9));
    let names = || vec![String::from("a"), String::from("b")];
    assert_eq!(block_on(any_value_named(names(), &mut 0, false)), Ok(0));
    assert_eq!(block_on(any_value_named(names(), &mut 0, true)), Ok(2));
    assert_eq!(any_nothing(Token(1), false), Ok(1));
    assert_eq!(any_nothing(Token(1), true), Ok(7));
    assert_eq!(Service(1).by_value((2, 3), false), Ok(3));
    assert_eq!(Service(1).by_value((2, 3), true), Ok(106));
    assert_eq!(block_on(is_send(Arc::new(Service(1)).by_arc(true))), Ok(101));
    assert_eq!(Service(3).by_ref(true), Ok(3));
}
