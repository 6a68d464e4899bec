//! Numbers for a scrape, through the facade [`metrics`](https://docs.rs/metrics).
//!
//! A call through a breaker never touches the recorder: the breaker counts for itself, and
//! [`publish`] hands the counters over. Call it where the numbers are asked for, just before the
//! recorder renders them:
//!
//! ```
//! # struct Handle;
//! # impl Handle { fn render(&self) -> String { String::new() } }
//! # let handle = Handle;
//! // fn scrape(…) — `handle` is metrics-exporter-prometheus's `PrometheusHandle`, for example.
//! circuit_runtime::metrics::publish();
//! let text = handle.render();
//! # let _ = text;
//! ```
//!
//! With a recorder that pushes, call it from a timer. Transitions don't wait for it: the state, the
//! transitions and the time to the next probe are told at once.
//!
//! | name | kind | labels | |
//! |---|---|---|---|
//! | `circuit_breaker_calls_total` | counter | `circuit`, `outcome` | `outcome` is `success`, `failure`, `ignored`, `cancelled`, `late`, `unprotected` or `rejected`; each call is one of them, so their sum is every call that was asked for. A call that was cancelled under `on_cancel = failure` is a `failure` |
//! | `circuit_breaker_rejected_total` | counter | `circuit`, `reason` | the rejected calls by the reason: `open`, `half-open-full`, `forced-open`, `too-many-calls` |
//! | `circuit_breaker_panicked_total` | counter | `circuit` | failures that were panics |
//! | `circuit_breaker_timed_out_total` | counter | `circuit` | failures that exceeded their `timeout` |
//! | `circuit_breaker_slow_total` | counter | `circuit` | successes and failures that took at least `slow_call` |
//! | `circuit_breaker_fallbacks_total` | counter | `circuit` | calls that a fallback answered |
//! | `circuit_breaker_transitions_total` | counter | `circuit`, `to` | `to` is `closed`, `half-open` or `open` |
//! | `circuit_breaker_state` | gauge | `circuit`, `state` | 1 for the present state, 0 for the two others |
//! | `circuit_breaker_mode` | gauge | `circuit`, `mode` | 1 for the present mode, 0 for the others: `normal`, `forced-open`, `disabled`, `shadow` |
//! | `circuit_breaker_state_seconds_total` | counter | `circuit`, `state` | whole seconds in each state since the first `publish` or transition |
//! | `circuit_breaker_retry_after_seconds` | gauge | `circuit` | until the next call has a chance; 0 where calls pass, +Inf where the circuit is open for good |
//! | `circuit_breaker_in_flight` | gauge | `circuit` | calls that hold a place of the bulkhead, where there is one: others are not counted |
//! | `circuit_breaker_failure_rate` | gauge | `circuit` | of the window, where a rate is configured; NaN at 0 calls |
//! | `circuit_breaker_slow_rate` | gauge | `circuit` | likewise |
//! | `circuit_breaker_call_duration_seconds` | histogram | `circuit` | of circuits with `slow_call`, which read a clock anyway |
//!
//! A circuit per key is one `circuit`: its counters are the sums, its state is the worst of its
//! keys. [`publish_with_keys`] adds a series for each key. Circuits that aren't
//! [registered](CircuitBreaker::register) aren't shown.
//!
//! # Recorders that add up
//!
//! A counter is told what has come since, never its value as a whole. So a recorder that hands on to
//! OpenTelemetry, such as [`metrics-opentelemetry`](https://docs.rs/metrics-opentelemetry), has the
//! right sums however often [`publish`] is called; call it from a timer, at the period of the
//! exporter. Descriptions and units come before the first record.
//!
//! # Upkeep
//!
//! Under `slow_call` each call is an entry in a histogram. An exporter may keep the entries until
//! somebody asks for the numbers: metrics-exporter-prometheus keeps 16 bytes for each, for ever if
//! nobody scrapes. Run its upkeep on a timer, as the cookbook does.
//!
//! # Slow recorders
//!
//! A call that makes a transition tells the recorder of it, on its own thread. While the recorder is
//! still busy with this circuit, other calls don't wait for it: the one that is there tells it of one
//! transition more at most, and the next [`publish`] of the rest.

mod keys;
mod series;
mod told;

use std::sync::Mutex;
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::observe::event::Transition;
use crate::observe::registry;
use crate::observe::snapshot::Look;
use crate::observe::track::{Book, Standing, Writing};
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, NEVER, Nanos};
use crate::primitives::sync::unpoisoned;
use told::{Teller, one_if};

/// Hands the counters and the present state of all registered circuits to the recorder.
pub fn publish() {
    publish_each(false);
}

/// As [`publish`], and for each key of a circuit per key `circuit_breaker_key_calls_total` (labels
/// `circuit`, `key`, `outcome`) and `circuit_breaker_key_state` (`circuit`, `key`, `state`).
///
/// The names are others, so that a sum over a circuit doesn't count its calls twice. A key that has
/// lost its circuit, or that nobody has asked for in ten of its waits (ten minutes at least), has 0
/// for all states; when it comes back, its counters go on. This keeps no more than the keys that have a circuit, but the recorder keeps the series of every key it has ever
/// seen: use it where the keys are few, such as the hosts of a cluster.
pub fn publish_with_keys() {
    publish_each(true);
}

fn publish_each(with_keys: bool) {
    // One at a time, so that no older numbers come after newer ones.
    static PUBLISHING: Mutex<()> = Mutex::new(());
    // A recorder that publishes would wait for itself.
    let Some(writing) = Writing::begin() else { return };
    let publishing = unpoisoned(PUBLISHING.lock());
    let circuits = registry::circuits();
    Teller::tell(|teller| {
        // Each time: another recorder may be where the last one was.
        teller.describe();
        for breaker in &circuits {
            publish_one(teller, breaker);
            if with_keys {
                keys::publish(teller, breaker);
            }
        }
    });
    drop((publishing, writing));
    // What the recorder itself has caused, or others while it was at it.
    circuits.into_iter().for_each(write_unwritten);
}

fn publish_one(teller: &Teller<'_>, breaker: &CircuitBreaker) {
    let look = look_at(breaker);
    let (circuit, snapshot) = (breaker.name(), &look.snapshot);
    teller.calls(circuit, series::of_calls(&look.totals));
    for mode in [Mode::Normal, Mode::ForcedOpen, Mode::Disabled, Mode::Shadow] {
        let labels = [("circuit", circuit.into()), ("mode", super::mode(mode).into())];
        teller.set("circuit_breaker_mode", &labels, one_if(mode == snapshot.mode));
    }
    let rates = snapshot.window.map(|window| (window.failure_rate, window.slow_rate));
    let rate = |rate: Option<f64>| rate.unwrap_or(f64::NAN);
    let (failures, slow) = (rates.map(|rates| rate(rates.0)), rates.map(|rates| rate(rates.1)));
    teller.set_if(circuit, "circuit_breaker_failure_rate", failures, f64::NAN);
    teller.set_if(circuit, "circuit_breaker_slow_rate", slow, f64::NAN);
    let in_flight = snapshot.in_flight.map(f64::from);
    teller.set_if(circuit, "circuit_breaker_in_flight", in_flight, 0.0);
    breaker.track().write(|book| write_track(teller, circuit, book));
}

/// Looks at a circuit, and notes in its track where it stands. A transition meanwhile says it better
/// than a look that began before it; but of one key's transition the state of all doesn't follow, so
/// look again. Not for ever: one that flaps is as well shown by any of its states.
fn look_at(breaker: &CircuitBreaker) -> Look {
    let track = breaker.track();
    let mut attempts = 3;
    loop {
        let count = track.count();
        let look = breaker.look();
        attempts -= 1;
        if track.look(count, Standing::of(&look), clock::now()) || attempts == 0 {
            return look;
        }
    }
}

/// A circuit has changed its state.
pub(super) fn transition(breaker: &CircuitBreaker, transition: &Transition) {
    let opened = |open_for: Option<Nanos>| {
        let retry_after = transition.retry_after.map(clock::nanos);
        let standing =
            Standing { state: State::Open, open_for: open_for.max(retry_after), retry_after };
        (transition.to == State::Open).then_some(standing)
    };
    breaker.track().transition(transition.from, transition.to, clock::now(), |open_for| {
        // Of a circuit per key only that it is open, if this key is; the next `publish` knows more.
        breaker.standing().or_else(|| opened(open_for))
    });
    write_unwritten(breaker);
}

/// Tells the recorder of a registered circuit's transitions.
fn write_unwritten(breaker: &CircuitBreaker) {
    if breaker.is_registered() {
        breaker.track().write_unwritten(|book| {
            Teller::tell(|teller| write_track(teller, breaker.name(), book));
        });
    }
}

fn write_track(teller: &Teller<'_>, circuit: &'static str, book: &Book) {
    let labels = [("circuit", circuit.into())];
    teller.track(circuit, series::of_track(book));
    teller.state("circuit_breaker_state", &labels, Some(book.state));
    let left = match book.retry_after() {
        Some(NEVER) => f64::INFINITY,
        left => Duration::from_nanos(left.unwrap_or_default()).as_secs_f64(),
    };
    teller.set("circuit_breaker_retry_after_seconds", &labels, left);
}

/// How long a call of a registered circuit with `slow_call` took.
pub(super) fn took(breaker: &CircuitBreaker, took: Nanos) {
    let seconds = Duration::from_nanos(took).as_secs_f64();
    let labels = [("circuit", breaker.name().into())];
    Teller::tell(|teller| {
        teller.record("circuit_breaker_call_duration_seconds", &labels, seconds);
    });
}
