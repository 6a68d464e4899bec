//! The circuits as a stream of server-sent events: all of them first, then whatever changes.
//!
//! A client that doesn't read must neither cost much nor hold up a server that shuts down. A piece
//! of the stream is handed over only when the one before it has gone to the operating system, so
//! that no more than one waits here; one that waits for too long ends the connection.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval, sleep};

use super::look::Told;
use super::response::refusal;
use crate::primitives::sync::unpoisoned;

/// How often it looks for changes: often enough for the eye.
const PERIOD: Duration = Duration::from_millis(500);

/// After how many looks in vain it says that it is still there: for proxies that close what is
/// silent, and for the page, which calls a server lost that says nothing for three times this long.
const SILENCE: u32 = 8;

/// A stream ends after this time, and the page asks for the next one: a server that shuts down
/// gracefully waits for its streams.
const LIFE: Duration = Duration::from_secs(10);

/// How long a piece may wait for a client that doesn't read.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many may watch at once.
const CLIENTS: usize = 64;

static WATCHING: AtomicUsize = AtomicUsize::new(0);

pub(super) async fn stream(headers: HeaderMap) -> Response {
    let Some(place) = Place::take() else {
        let mut full = refusal(StatusCode::SERVICE_UNAVAILABLE, "too many are watching already");
        full.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        return full;
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"), // nginx would wait for more of it
    ];
    (headers, Body::from_stream(Feed::new(Told::since(last), place))).into_response()
}

/// The right to watch.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        // Relaxed: the number alone matters.
        let free = |watching| (watching < CLIENTS).then_some(watching + 1);
        WATCHING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok().map(|_| Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Relaxed: as above.
        WATCHING.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Feed {
    told: Told,
    ticks: Interval,
    ends: Instant,
    silent: u32,
    way: Arc<Way>,
    /// When the piece on its way has waited for too long.
    patience: Pin<Box<Sleep>>,
    _place: Place,
}

impl Feed {
    fn new(told: Told, place: Place) -> Self {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Feed {
            told,
            ticks,
            ends: Instant::now() + LIFE,
            silent: 0,
            way: Arc::default(),
            patience: Box::pin(sleep(PATIENCE)),
            _place: place,
        }
    }

    /// What there is to say, if anything.
    fn next(&mut self) -> Option<String> {
        if let Some(event) = self.told.next() {
            self.silent = 0;
            return Some(event);
        }
        self.silent += 1;
        (self.silent % SILENCE == 0).then(|| ":\n\n".to_owned())
    }
}

impl Stream for Feed {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if !self.way.is_free(context.waker()) {
                ready!(self.patience.as_mut().poll(context));
                // The only way to end a connection that still has something to send.
                return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
            }
            let now = if self.told.has_more() {
                Instant::now()
            } else {
                ready!(self.ticks.poll_tick(context))
            };
            if now >= self.ends {
                return Poll::Ready(None);
            }
            if let Some(event) = self.next() {
                let late = Instant::now() + PATIENCE;
                self.patience.as_mut().reset(late);
                return Poll::Ready(Some(Ok(Way::send(&self.way, event))));
            }
        }
    }
}

/// Where one piece at a time is between this stream and the operating system.
#[derive(Default)]
struct Way(Mutex<OnWay>);

#[derive(Default)]
struct OnWay {
    is_taken: bool,
    waits: Option<Waker>,
}

impl Way {
    /// Whoever waits is woken once it is.
    fn is_free(&self, waker: &Waker) -> bool {
        let mut way = unpoisoned(self.0.lock());
        way.waits = way.is_taken.then(|| waker.clone());
        !way.is_taken
    }

    fn send(way: &Arc<Self>, text: String) -> Bytes {
        unpoisoned(way.0.lock()).is_taken = true;
        Bytes::from_owner(Piece { text, way: Arc::clone(way) })
    }
}

/// A piece of the stream, which the server's connection drops once it is written.
struct Piece {
    text: String,
    way: Arc<Way>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut way = unpoisoned(self.way.0.lock());
        way.is_taken = false;
        let waker = way.waits.take();
        // Let go first: a waker is somebody else's code.
        drop(way);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
