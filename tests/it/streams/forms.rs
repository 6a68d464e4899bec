//! The attribute on functions that return a stream, in every form.

use std::cell::Cell;
use std::pin::{Pin, pin};

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitOpenError, Outcome, Rejection, State, circuit_breaker, find};
use futures_core::Stream;
use futures_lite::stream::{self, StreamExt};

use super::Asked;
use crate::support::{crash, crashes, ready, secs};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Error {
    Rejected(Rejection),
    Reset,
    NotFound,
}

impl From<CircuitOpenError> for Error {
    fn from(error: CircuitOpenError) -> Self {
        Error::Rejected(error.reason())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

pub(super) type Item = Result<u32, Error>;

pub(super) const BREAKS_OFF: [Item; 2] = [Ok(1), Err(Error::Reset)];

/// All items of a stream that never waits.
pub(super) fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    ready(pin!(stream).collect())
}

pub(super) fn open() -> Vec<Item> {
    vec![Err(Error::Rejected(Rejection::Open))]
}

/// Successes, failures and rejected calls.
fn counts(name: &str) -> [u64; 3] {
    let seen = find(name).unwrap().snapshot();
    [seen.successes, seen.failures, seen.rejected]
}

/// A stream that breaks off opens the circuit `name`, and the next is rejected.
#[track_caller]
pub(super) fn opens<S: Stream<Item = Item>>(name: &str, ask: impl Fn(Vec<Item>) -> S) {
    assert_eq!(vec![Ok(1), Ok(2)], all(ask(vec![Ok(1), Ok(2)])));
    assert_eq!(BREAKS_OFF.to_vec(), all(ask(BREAKS_OFF.to_vec())));
    assert_eq!(State::Open, find(name).unwrap().state());
    assert_eq!(open(), all(ask(vec![Ok(1)])));
    assert_eq!([1, 1, 1], counts(name));
}

#[circuit_breaker(name = "streams: impl", threshold = 1)]
fn opaque(items: Vec<Item>) -> impl Stream<Item = Result<u32, Error>> {
    stream::iter(items)
}

#[circuit_breaker(name = "streams: boxed", threshold = 1)]
fn boxed(items: Vec<Item>) -> Pin<Box<dyn Stream<Item = Result<u32, Error>> + Send>> {
    if items.is_empty() {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(items))
}

#[circuit_breaker(name = "streams: unpin", threshold = 1)]
fn unpin(items: Vec<Item>) -> Box<dyn Stream<Item = Result<u32, Error>> + Unpin> {
    Box::new(stream::iter(items))
}

pub(super) type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

#[circuit_breaker(name = "streams: alias", threshold = 1)]
fn alias(items: Vec<Item>, _borrowed: &str) -> BoxStream<'_, Result<u32, Error>> {
    Box::pin(stream::iter(items))
}

#[test]
fn a_function_that_returns_a_stream_is_guarded_to_its_end() {
    opens("streams: impl", opaque);
    opens("streams: boxed", boxed);
    opens("streams: unpin", unpin);
    opens("streams: alias", |items| alias(items, ""));
}

#[circuit_breaker(name = "streams: in a result", threshold = 1)]
async fn in_result(
    head: Result<(), Error>,
    items: Vec<Item>,
) -> Result<impl Stream<Item = Result<u32, Error>>, Error> {
    head?;
    Ok(stream::iter(items))
}

#[circuit_breaker(name = "streams: boxed in a result", threshold = 1)]
async fn boxed_in_result(
    head: Result<(), Error>,
    items: Vec<Item>,
) -> Result<Pin<Box<dyn Stream<Item = Result<u32, Error>> + Send>>, Error> {
    head?;
    Ok(Box::pin(stream::iter(items)))
}

#[circuit_breaker(name = "streams: sync in a result", threshold = 1)]
fn sync_in_result(
    head: Result<(), Error>,
    items: Vec<Item>,
) -> Result<impl Stream<Item = Result<u32, Error>>, Error> {
    head?;
    Ok(stream::iter(items))
}

#[track_caller]
fn opens_by_body<S: Stream<Item = Item>>(
    name: &str,
    ask: impl Fn(Result<(), Error>, Vec<Item>) -> Result<S, Error>,
) {
    assert_eq!(vec![Ok(1)], all(ask(Ok(()), vec![Ok(1)]).ok().unwrap()));
    assert_eq!([1, 0, 0], counts(name));
    let stream = ask(Ok(()), BREAKS_OFF.to_vec()).ok().unwrap();
    // Its head counts nothing yet.
    assert_eq!([1, 0, 0], counts(name));
    assert_eq!(BREAKS_OFF.to_vec(), all(stream));
    assert_eq!(Error::Rejected(Rejection::Open), ask(Ok(()), vec![]).err().unwrap());
    find(name).unwrap().reset();
    assert_eq!(Error::Reset, ask(Err(Error::Reset), vec![]).err().unwrap());
    assert_eq!(([1, 2, 1], State::Open), (counts(name), find(name).unwrap().state()));
}

#[test]
fn a_stream_in_a_result_is_guarded_with_its_head() {
    opens_by_body("streams: in a result", |head, items| ready(in_result(head, items)));
    opens_by_body("streams: boxed in a result", |head, items| ready(boxed_in_result(head, items)));
    opens_by_body("streams: sync in a result", sync_in_result);
}

#[circuit_breaker(name = "streams: probing head", threshold = 1, recovery = "10s")]
async fn probing(items: Vec<Item>) -> Result<impl Stream<Item = Item>, Error> {
    Ok(stream::iter(items))
}

#[test]
fn the_head_of_a_stream_in_a_result_is_the_success_of_a_probe() {
    let time = freeze();
    let open = || all(ready(probing(BREAKS_OFF.to_vec())).ok().unwrap());
    open();
    time.advance(secs(10));
    let circuit = find("streams: probing head").unwrap();
    let mut stream = Asked::new(ready(probing(BREAKS_OFF.to_vec())).ok().unwrap());
    assert_eq!(State::Closed, circuit.state());
    stream.next();
    stream.next();
    assert_eq!(State::Open, circuit.state());
    // Dropped after its head: a success.
    time.advance(secs(10));
    drop(ready(probing(vec![])).ok().unwrap());
    assert_eq!(([1, 2, 0], State::Closed), (counts(circuit.name()), circuit.state()));
}

#[circuit_breaker(
    name = "streams: patterns",
    threshold = 1,
    failure = Err(Error::Reset) | Ok(500..),
    ignore = Err(Error::NotFound) if ignores,
)]
fn patterns(items: Vec<Item>, ignores: bool) -> impl Stream<Item = Item> {
    stream::iter(items)
}

#[circuit_breaker(
    name = "streams: closure",
    threshold = 1,
    classify = |item| if item.is_ok() { Outcome::Success } else { Outcome::Ignored },
)]
fn classified(items: Vec<Item>) -> impl Stream<Item = Item> {
    stream::iter(items)
}

#[circuit_breaker(name = "streams: function", threshold = 1, classify = judge)]
async fn judged(
    head: Result<(), Error>,
    items: Vec<Item>,
) -> Result<impl Stream<Item = Item>, Error> {
    head?;
    Ok(stream::iter(items))
}

fn judge<T>(result: &Result<T, Error>) -> Outcome {
    match result {
        Err(Error::NotFound) => Outcome::Ignored,
        Err(_) => Outcome::Failure,
        Ok(_) => Outcome::Success,
    }
}

#[test]
fn items_are_judged_as_results_are() {
    let ignored = |name| find(name).unwrap().snapshot().ignored;
    all(patterns(vec![Err(Error::NotFound)], true));
    assert_eq!(([0, 0, 0], 1), (counts("streams: patterns"), ignored("streams: patterns")));
    all(patterns(vec![Err(Error::NotFound), Ok(1)], true));
    all(patterns(vec![Err(Error::NotFound)], false));
    assert_eq!([2, 0, 0], counts("streams: patterns"));
    all(patterns(vec![Ok(1), Ok(500)], true));
    assert_eq!([2, 1, 0], counts("streams: patterns"));

    all(classified(vec![Err(Error::Reset)]));
    assert_eq!(([0, 0, 0], 1), (counts("streams: closure"), ignored("streams: closure")));

    assert!(ready(judged(Err(Error::NotFound), vec![])).is_err());
    all(ready(judged(Ok(()), vec![Ok(1), Err(Error::NotFound)])).ok().unwrap());
    assert_eq!(([1, 0, 0], 1), (counts("streams: function"), ignored("streams: function")));
    all(ready(judged(Ok(()), BREAKS_OFF.to_vec())).ok().unwrap());
    assert_eq!([1, 1, 0], counts("streams: function"));
}

#[circuit_breaker(name = "streams: generic", threshold = 1)]
fn generic<T: Clone, const N: usize>(
    mut items: [T; N],
    last: T,
) -> impl Stream<Item = Result<T, Error>> {
    items[N - 1] = last;
    stream::iter(items).map(Ok)
}

#[circuit_breaker(name = "streams: destructured", threshold = 1)]
fn destructured((first, [second, ..]): (u32, [u32; 2])) -> impl Stream<Item = Item> {
    stream::iter([Ok(first), Ok(second)])
}

#[test]
fn parameters_reach_the_body_as_ever() {
    assert_eq!(vec![Ok('a'), Ok('c')], all(generic(['a', 'b'], 'c')));
    assert_eq!(vec![Ok(1), Ok(2)], all(destructured((1, [2, 3]))));
}

#[circuit_breaker(
    name = "streams: fallback",
    threshold = 1,
    fallback = |_, _| Ok(Box::pin(stream::once(Ok(7)))),
)]
async fn with_fallback(
    head: Result<(), Error>,
    items: Vec<Item>,
) -> Result<BoxStream<'static, Item>, Error> {
    head?;
    Ok(Box::pin(stream::iter(items)))
}

#[test]
fn a_fallback_answers_where_the_type_can_be_named() {
    all(ready(with_fallback(Ok(()), BREAKS_OFF.to_vec())).ok().unwrap());
    assert_eq!(vec![Ok(7)], all(ready(with_fallback(Ok(()), vec![])).ok().unwrap()));
    assert_eq!(1, find("streams: fallback").unwrap().snapshot().fallbacks);
}

#[circuit_breaker(name = "streams: text", threshold = 1)]
fn shown(items: Vec<Item>) -> impl Stream<Item = Item> {
    stream::iter(items)
}

#[test]
fn the_item_that_trips_is_in_the_transition() {
    all(shown(BREAKS_OFF.to_vec()));
    let tripped = find("streams: text").unwrap().snapshot().recent_transitions.pop().unwrap();
    assert_eq!(Some("Reset"), tripped.error.as_deref());
}

#[circuit_breaker(name = "streams: panics", threshold = 1)]
fn panics() -> impl Stream<Item = Item> {
    stream::iter([0]).map(|_: u32| -> Item { crash() })
}

#[test]
fn a_panic_of_the_stream_is_a_failure() {
    assert!(crashes(|| all(panics())));
    assert_eq!([0, 1, 0], counts("streams: panics"));
}

/// Streams stay `Send` when they were.
fn is_send<T: Send>(value: T) -> T {
    value
}

#[circuit_breaker(
    name = "streams: send",
    max_concurrent = 1,
    max_wait = "1s",
    timeout = "1s",
    idle = "1s"
)]
fn sendable(items: Vec<Result<u32, std::io::Error>>) -> impl Stream<Item = std::io::Result<u32>> {
    stream::iter(items)
}

#[test]
fn streams_stay_send() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let mut stream = Asked::new(is_send(sendable(vec![Ok(1)])));
    assert_eq!(1, stream.next().unwrap().unwrap());
    drop(is_send(in_result(Ok(()), vec![])));
}

#[test]
fn a_ping_that_fails_rejects_a_probe_with_a_stream_before_its_body_runs() {
    thread_local! {
        static HEALTH: Cell<Option<()>> = const { Cell::new(None) };
        static BODIES: Cell<u32> = const { Cell::new(0) };
    }

    #[circuit_breaker(name = "streams: ping", threshold = 1, recovery = "10s", ping = |_| HEALTH.take().ok_or(Error::Reset))]
    async fn pinged(items: Vec<Item>) -> Result<impl Stream<Item = Item>, Error> {
        BODIES.set(BODIES.get() + 1);
        Ok(stream::iter(items))
    }

    let (time, circuit) = (freeze(), || find("streams: ping").unwrap());
    assert_eq!(BREAKS_OFF.to_vec(), all(ready(pinged(BREAKS_OFF.to_vec())).ok().unwrap()));
    time.advance(secs(10));
    assert_eq!(Some(Error::Rejected(Rejection::Open)), ready(pinged(vec![Ok(1)])).err());
    assert_eq!((1, State::Open), (BODIES.get(), circuit().state()));
    time.advance(secs(10));
    // The ping alone closes nothing: the head does.
    HEALTH.set(Some(()));
    let stream = ready(pinged(vec![Ok(1)])).ok().unwrap();
    assert_eq!((2, State::Closed), (BODIES.get(), circuit().state()));
    assert_eq!(vec![Ok(1)], all(stream));
    assert_eq!((1, 0), (circuit().snapshot().successes, circuit().snapshot().late));
}
