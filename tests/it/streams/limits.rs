//! `timeout` and `idle` of functions that return a stream, by tokio's paused clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use circuit_runtime::{CallTimeoutError, CircuitOpenError, State, circuit_breaker, find};
use futures_core::Stream;
use futures_lite::stream::StreamExt;
use tokio::time::{Instant, Sleep, advance, sleep};

use super::{Asked, Mined, Service};
use crate::support::{crashes, millis, secs};

#[derive(Debug, PartialEq)]
enum Error {
    Rejected,
    Late(Duration),
    Reset,
}

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error::Rejected
    }
}

impl From<CallTimeoutError> for Error {
    fn from(error: CallTimeoutError) -> Self {
        Error::Late(error.limit())
    }
}

type Item = Result<u32, Error>;

/// Each item after so many milliseconds, and then the end.
struct Slow {
    parts: std::vec::IntoIter<(u64, Item)>,
    next: Option<(Pin<Box<Sleep>>, Item)>,
}

fn slow(parts: Vec<(u64, Item)>) -> Slow {
    Slow { parts: parts.into_iter(), next: None }
}

impl Stream for Slow {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Item>> {
        if self.next.is_none() {
            let Some((after, item)) = self.parts.next() else { return Poll::Ready(None) };
            self.next = Some((Box::pin(sleep(millis(after))), item));
        }
        let (timer, _) = self.next.as_mut().unwrap();
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.next.take().map(|(_, item)| item))
    }
}

#[circuit_breaker(
    name = "streams: limits",
    threshold = 1,
    timeout = "2s",
    idle = "500ms",
    ignore = Ok(0),
)]
fn limited(parts: Vec<(u64, Item)>) -> impl Stream<Item = Item> {
    slow(parts)
}

#[circuit_breaker(name = "streams: timeout", threshold = 1, timeout = LIMIT)]
fn timed(parts: Vec<(u64, Item)>) -> impl Stream<Item = Item> {
    slow(parts)
}

const LIMIT: Duration = secs(2);

/// A function of a test's own, so that tests don't see each other's circuits.
macro_rules! idle {
    ($name:literal) => {
        #[circuit_breaker(name = $name, threshold = 1, idle = IDLE)]
        fn idle(parts: Vec<(u64, Item)>) -> Pin<Box<dyn Stream<Item = Item> + Send>> {
            Box::pin(slow(parts))
        }
    };
}

const IDLE: Duration = millis(500);

#[circuit_breaker(name = "streams: head", threshold = 1, timeout = "2s", idle = "500ms")]
async fn headed(head: u64, parts: Vec<(u64, Item)>) -> Result<impl Stream<Item = Item>, Error> {
    sleep(millis(head)).await;
    Ok(slow(parts))
}

async fn all(stream: impl Stream<Item = Item>) -> Vec<Item> {
    pin!(stream).collect().await
}

fn seen(name: &str) -> (u64, u64, u64, State) {
    let seen = find(name).unwrap().snapshot();
    find(name).unwrap().reset();
    (seen.successes, seen.failures, seen.timed_out, seen.state)
}

#[tokio::test(start_paused = true)]
async fn timeout_measures_up_to_the_first_item() {
    let began = Instant::now();
    let late = all(timed(vec![(2_001, Ok(1))])).await;
    assert_eq!((vec![Err(Error::Late(secs(2)))], secs(2)), (late, began.elapsed()));
    assert_eq!((0, 1, 1, State::Open), seen("streams: timeout"));
    // An item that is there at the limit has come in time; what follows may take for ever.
    assert_eq!(2, all(timed(vec![(2_000, Ok(1)), (100_000, Ok(2))])).await.len());
    assert_eq!((1, 1, 1, State::Closed), seen("streams: timeout"));
}

#[tokio::test(start_paused = true)]
async fn idle_measures_between_items_and_to_the_end() {
    idle!("streams: idle");
    let began = Instant::now();
    let late = all(idle(vec![(100_000, Ok(1)), (500, Ok(2)), (501, Ok(3))])).await;
    assert_eq!(vec![Ok(1), Ok(2), Err(Error::Late(millis(500)))], late);
    assert_eq!(secs(101), began.elapsed());
    assert_eq!((0, 1, 1, State::Open), seen("streams: idle"));
}

#[tokio::test(start_paused = true)]
async fn ignored_items_are_signs_of_life_but_no_first_item() {
    let pings = |pings: usize| (0..pings).map(|_| (400, Ok(0))).collect::<Vec<_>>();
    let late = all(limited(pings(10))).await;
    // The fifth comes at the limit.
    assert_eq!((5, Some(&Err(Error::Late(secs(2))))), (late.len() - 1, late.last()));
    assert_eq!((0, 1, 1, State::Open), seen("streams: limits"));
    let mut parts = pings(3);
    parts.push((400, Ok(1)));
    parts.extend(pings(10));
    assert_eq!(14, all(limited(parts)).await.len());
    assert_eq!((1, 1, 1, State::Closed), seen("streams: limits"));
    let late = all(limited(vec![(400, Ok(0)), (501, Ok(1))])).await;
    assert_eq!(vec![Ok(0), Err(Error::Late(millis(500)))], late);
    seen("streams: limits");
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_takes_time_is_not_the_services_fault() {
    idle!("streams: reader");
    let mut stream = pin!(idle(vec![(0, Ok(1)), (400, Ok(2))]));
    assert_eq!(Some(Ok(1)), stream.next().await);
    sleep(secs(60)).await;
    assert_eq!((Some(Ok(2)), None), (stream.next().await, stream.next().await));
    assert_eq!((1, 0, 0, State::Closed), seen("streams: reader"));
}

#[tokio::test(start_paused = true)]
async fn idle_ends_a_stream_that_has_failed_and_counts_once() {
    idle!("streams: failed and idle");
    let late = all(idle(vec![(0, Err(Error::Reset)), (600, Ok(1))])).await;
    assert_eq!(vec![Err(Error::Reset), Err(Error::Late(millis(500)))], late);
    assert_eq!((0, 1, 0, State::Open), seen("streams: failed and idle"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_when_it_is_dropped_for_its_limit_has_timed_out() {
    #[circuit_breaker(
        name = "streams: mined",
        threshold = 1,
        timeout = "500ms",
        idle = "500ms",
        max_concurrent = 1
    )]
    fn mined(item: Option<Item>) -> impl Stream<Item = Item> {
        let (service, answer) = Service::new();
        if let Some(item) = item {
            service.says(item);
        }
        Mined(answer)
    }

    for item in [None, Some(Ok(1))] {
        let has_item = item.is_some();
        let mut stream = Asked::new(mined(item));
        assert_eq!(has_item, stream.poll().is_ready());
        stream.waits();
        advance(millis(501)).await;
        assert!(crashes(|| stream.poll()));
        let all = find("streams: mined").unwrap().snapshot();
        assert_eq!((0, 0, Some(0)), (all.cancelled, all.panicked, all.in_flight));
        assert_eq!(
            (0, 1 + u64::from(has_item), 1 + u64::from(has_item), State::Open),
            seen("streams: mined")
        );
        assert_eq!(None, stream.next());
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_stream_in_a_result_is_its_first_item() {
    assert_eq!(Some(Error::Late(secs(2))), headed(2_001, vec![]).await.err());
    assert_eq!((0, 1, 1, State::Open), seen("streams: head"));
    let late = all(headed(1_999, vec![(501, Ok(1))]).await.ok().unwrap()).await;
    assert_eq!(vec![Err(Error::Late(millis(500)))], late);
    assert_eq!((0, 2, 2, State::Open), seen("streams: head"));
    assert_eq!(1, all(headed(1_999, vec![(499, Ok(1))]).await.ok().unwrap()).await.len());
    assert_eq!((1, 2, 2, State::Closed), seen("streams: head"));
}

#[test]
fn without_a_runtime_the_program_is_wrong_and_not_the_service() {
    #[circuit_breaker(name = "streams: no runtime", timeout = "2s")]
    fn timed(parts: Vec<(u64, Item)>) -> impl Stream<Item = Item> {
        slow(parts)
    }

    let mut stream = Asked::new(timed(vec![]));
    let panicked = catch_unwind(AssertUnwindSafe(|| stream.poll()));
    assert!(panicked.is_err());
    assert_eq!(1, find("streams: no runtime").unwrap().snapshot().ignored);
}
