//! Options that no other crate has: the last good value, a ping before a probe, streams.

use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use circuit_runtime::{CircuitBreaker, Config, circuit_breaker};
use futures_core::Stream;
use lru::LruCache;
use rustix::time::{ClockId, clock_gettime};

use crate::measure::{Suite, repeat};
use crate::plain::{self, Answer, fail, succeed};
use crate::{ALONE, API, ATTRIBUTE, PLAIN, rows};

#[circuit_breaker(stale = "10m", stale_key = number % 8)]
#[inline(never)]
fn keeping(number: u64) -> Answer {
    succeed(number)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a ping borrows the parameters")]
fn well(number: &u64) -> Answer {
    succeed(*number)
}

/// A thousand probes close it, and the next call opens it.
#[circuit_breaker(threshold = 1, recovery = "1ns", success_threshold = 1_000, ping = well)]
#[inline(never)]
fn pinged(number: u64) -> Answer {
    if number % 1_001 == 0 { fail(number) } else { succeed(number) }
}

static STREAMS: CircuitBreaker = CircuitBreaker::new("benches streams", Config::new());

/// So many items.
struct Items(u64);

impl Stream for Items {
    type Item = Answer;

    #[inline(never)]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Answer>> {
        Poll::Ready(self.0.checked_sub(1).map(|left| {
            self.0 = left;
            succeed(left)
        }))
    }
}

/// Looks at each item, and counts it.
struct Counted {
    items: Items,
    good: u64,
}

impl Stream for Counted {
    type Item = Answer;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        let polled = Pin::new(&mut self.items).poll_next(context);
        self.good += u64::from(matches!(polled, Poll::Ready(Some(Ok(_)))));
        polled
    }
}

fn exhaust(stream: impl Stream) {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut context) {
        _ = std::hint::black_box(item);
    }
}

pub(crate) fn add(suite: &mut Suite) {
    suite.add_both(rows::STALE, PLAIN, |calls| repeat(calls, plain::success));
    suite.add_both(rows::STALE, ATTRIBUTE, |calls| repeat(calls, keeping));
    let values = Arc::new(Mutex::new(LruCache::new(NonZeroUsize::MIN.saturating_add(99))));
    suite.add_both(rows::LEAST_STALE, ALONE, move |calls| {
        repeat(calls, |number| {
            let answer = plain::success(number);
            let value = (clock_gettime(ClockId::MonotonicCoarse), Arc::new(answer));
            values.lock().expect("nobody panics").put(number % 8, value);
            answer
        });
    });
    suite.add(rows::PINGED, PLAIN, |calls| repeat(calls, plain::success));
    suite.add(rows::PINGED, ATTRIBUTE, |calls| repeat(calls, pinged));
    suite.add(rows::STREAM, PLAIN, |calls| exhaust(Items(calls)));
    suite.add(rows::STREAM, API, |calls| exhaust(STREAMS.guard_stream(Items(calls))));
    suite.add(rows::LEAST_STREAM, ALONE, |calls| exhaust(Counted { items: Items(calls), good: 0 }));
}
