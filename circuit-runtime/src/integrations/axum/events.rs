//! The circuits as a stream of server-sent events: all of them first, then whatever changes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::super::serde::present;
use crate::registry;
use crate::snapshot::Snapshot;

/// How often it looks for changes: often enough for the eye.
const PERIOD: Duration = Duration::from_millis(500);

/// After how many looks in vain it says that it is still there, for proxies that close what is
/// silent.
const SILENCE: u32 = 30;

/// A stream ends after this time, and the page asks for the next one: a server that shuts down
/// gracefully waits for its streams, and should not wait for long.
const LIFE: Duration = Duration::from_secs(25);

pub(super) async fn stream() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"), // nginx would wait for more of it
    ];
    (headers, Body::from_stream(Feed::new())).into_response()
}

struct Feed {
    ticks: Interval,
    ends: Instant,
    /// What the page knows of each circuit, in the order of their registration.
    known: Vec<Snapshot>,
    has_begun: bool,
    silent: u32,
}

impl Feed {
    fn new() -> Self {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Feed { ticks, ends: Instant::now() + LIFE, known: Vec::new(), has_begun: false, silent: 0 }
    }

    /// What has changed since the last look, as an event.
    fn look(&mut self) -> Option<String> {
        let mut changed = Vec::new();
        for (id, breaker) in registry::circuits().into_iter().enumerate() {
            let snapshot = breaker.snapshot();
            let known = self.known.get_mut(id);
            let has_transitions =
                known.as_ref().is_none_or(|known| known.transitions != snapshot.transitions);
            let change = Change { id, has_transitions, snapshot };
            let lasting = change.lasting();
            match known {
                Some(known) if *known == lasting => continue,
                Some(known) => *known = lasting,
                None => self.known.push(lasting),
            }
            changed.push(change);
        }
        if changed.is_empty() && self.has_begun {
            self.silent += 1;
            return (self.silent % SILENCE == 0).then(|| ":\n\n".to_owned());
        }
        self.has_begun = true;
        self.silent = 0;
        let data = serde_json::to_string(&changed).unwrap_or_default();
        Some(format!("retry: 1000\ndata: {data}\n\n"))
    }
}

impl Stream for Feed {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let now = ready!(self.ticks.poll_tick(context));
            if now >= self.ends {
                return Poll::Ready(None);
            }
            if let Some(event) = self.look() {
                return Poll::Ready(Some(Ok(event.into())));
            }
        }
    }
}

/// A circuit as it is now: its snapshot, the transitions only if there are new ones.
struct Change {
    /// Names can be the same; this is the circuit's place in the order of registration.
    id: usize,
    has_transitions: bool,
    snapshot: Snapshot,
}

impl Change {
    /// Without what passes by itself: the page counts the time down without being told.
    fn lasting(&self) -> Snapshot {
        let retry_after = self.snapshot.retry_after.map(|_| Duration::ZERO);
        Snapshot { retry_after, ..self.snapshot.clone() }
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Change", 23)?;
        out.serialize_field("id", &self.id)?;
        present(&self.snapshot, &mut out)?;
        if self.has_transitions {
            out.serialize_field("recent_transitions", &self.snapshot.recent_transitions)?;
        }
        out.end()
    }
}
