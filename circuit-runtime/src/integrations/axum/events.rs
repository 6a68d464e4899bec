//! The circuits as a stream of server-sent events: all of them first, then whatever changes.
//!
//! A client that doesn't read must not cost much, nor hold up a server that shuts down. A chunk of
//! the stream is handed over only when the one before it has gone to the operating system, so that
//! no more than one waits here; a chunk that waits for too long ends the connection.

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

use super::overview::Cursor;
use super::response::refusal;
use crate::primitives::sync::unpoisoned;

/// How often the stream looks for changes: often enough for the eye.
const PERIOD: Duration = Duration::from_millis(500);

/// After how many ticks without a change the stream sends a heartbeat: for proxies that close a
/// silent connection, and for the page, which considers a server lost after three times this long.
const TICKS_PER_HEARTBEAT: u32 = 8;

/// A stream ends after this time, and the page requests the next one: a server that shuts down
/// gracefully waits for its streams.
const MAX_LIFE: Duration = Duration::from_secs(10);

/// How long a chunk may wait for a client that doesn't read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How many clients may watch at once.
const MAX_CLIENTS: usize = 64;

static WATCHING: AtomicUsize = AtomicUsize::new(0);

pub(super) async fn stream(headers: HeaderMap) -> Response {
    let Some(client) = Client::admit() else {
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
    (headers, Body::from_stream(Feed::new(Cursor::since(last), client))).into_response()
}

/// One of the clients that watch, until it is dropped.
struct Client;

impl Client {
    /// `None`: too many are watching.
    fn admit() -> Option<Self> {
        // Relaxed: only the number matters.
        let free = |watching| (watching < MAX_CLIENTS).then_some(watching + 1);
        WATCHING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok().map(|_| Client)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Relaxed: as above.
        WATCHING.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Feed {
    cursor: Cursor,
    ticks: Interval,
    ends: Instant,
    idle_ticks: u32,
    outbox: Arc<Outbox>,
    /// Ends when the chunk in the outbox has waited for too long.
    send_timeout: Pin<Box<Sleep>>,
    _client: Client,
}

impl Feed {
    fn new(cursor: Cursor, client: Client) -> Self {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Feed {
            cursor,
            ticks,
            ends: Instant::now() + MAX_LIFE,
            idle_ticks: 0,
            outbox: Arc::default(),
            send_timeout: Box::pin(sleep(SEND_TIMEOUT)),
            _client: client,
        }
    }

    /// The next event or heartbeat, if it is time for one.
    fn next(&mut self) -> Option<String> {
        if let Some(event) = self.cursor.next() {
            self.idle_ticks = 0;
            return Some(event);
        }
        self.idle_ticks += 1;
        (self.idle_ticks % TICKS_PER_HEARTBEAT == 0).then(|| ":\n\n".to_owned())
    }
}

impl Stream for Feed {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if !self.outbox.is_empty(context.waker()) {
                ready!(self.send_timeout.as_mut().poll(context));
                // The only way to end a connection that still has something to send.
                return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
            }
            let now = if self.cursor.has_more() {
                Instant::now()
            } else {
                ready!(self.ticks.poll_tick(context))
            };
            if now >= self.ends {
                return Poll::Ready(None);
            }
            if let Some(event) = self.next() {
                let late = Instant::now() + SEND_TIMEOUT;
                self.send_timeout.as_mut().reset(late);
                return Poll::Ready(Some(Ok(Outbox::send(&self.outbox, event))));
            }
        }
    }
}

/// Holds the one chunk that is on its way to the operating system.
#[derive(Default)]
struct Outbox(Mutex<Outgoing>);

#[derive(Default)]
struct Outgoing {
    is_full: bool,
    waker: Option<Waker>,
}

impl Outbox {
    /// If it isn't empty, `waker` is woken once it is.
    fn is_empty(&self, waker: &Waker) -> bool {
        // Cloned and dropped without the lock: wakers run the executor's code.
        let waker = waker.clone();
        let mut outgoing = unpoisoned(self.0.lock());
        let is_full = outgoing.is_full;
        let unused = if is_full { outgoing.waker.replace(waker) } else { Some(waker) };
        drop(outgoing);
        drop(unused);
        !is_full
    }

    fn send(outbox: &Arc<Self>, text: String) -> Bytes {
        unpoisoned(outbox.0.lock()).is_full = true;
        Bytes::from_owner(Chunk { text, outbox: Arc::clone(outbox) })
    }
}

/// A chunk of the stream, which the server's connection drops once it is written.
struct Chunk {
    text: String,
    outbox: Arc<Outbox>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut outgoing = unpoisoned(self.outbox.0.lock());
        outgoing.is_full = false;
        let waker = outgoing.waker.take();
        // Unlocked first: a waker runs the executor's code.
        drop(outgoing);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
