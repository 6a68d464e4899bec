//! Numbers for a scrape, through the facade [`metrics`](https://docs.rs/metrics).
//!
//! A call through a breaker doesn't touch the recorder: the breaker keeps its own counters, and
//! [`publish`] hands them over. Call it just before the recorder renders a scrape:
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
//! With a recorder that pushes, call it from a timer. Transitions don't wait for it: they report
//! the state, their number and the time to the next probe at once. Under `slow_call` each call
//! records its duration.
//!
//! | name | kind | labels | |
//! |---|---|---|---|
//! | `circuit_breaker_calls_total` | counter | `circuit`, `outcome` | `outcome` is `success`, `failure`, `ignored`, `cancelled`, `late`, `unprotected` or `rejected`; each call is exactly one of them, so their sum is the number of all calls. A call that was cancelled under `on_cancel = failure` is a `failure`, and so is one that has stalled, whatever it returns one day |
//! | `circuit_breaker_rejected_total` | counter | `circuit`, `reason` | rejected calls by reason: `open`, `half-open-full`, `forced-open`, `too-many-calls`, `ramping`, `throttled` |
//! | `circuit_breaker_panicked_total` | counter | `circuit` | failures that were panics |
//! | `circuit_breaker_timed_out_total` | counter | `circuit` | failures that exceeded their `timeout` |
//! | `circuit_breaker_stalled_total` | counter | `circuit` | failures that still ran after `stall` |
//! | `circuit_breaker_slow_total` | counter | `circuit` | successes and failures that took at least `slow_call` |
//! | `circuit_breaker_fallbacks_total` | counter | `circuit` | calls that a fallback answered |
//! | `circuit_breaker_stale_total` | counter | `circuit` | calls that the last good value answered (`stale`) |
//! | `circuit_breaker_transitions_total` | counter | `circuit`, `to` | `to` is `closed`, `half-open` or `open` |
//! | `circuit_breaker_state` | gauge | `circuit`, `state` | 1 for the present state, 0 for the two others |
//! | `circuit_breaker_mode` | gauge | `circuit`, `mode` | 1 for the present mode, 0 for the others: `normal`, `forced-open`, `disabled`, `shadow` |
//! | `circuit_breaker_state_seconds_total` | counter | `circuit`, `state` | whole seconds in each state since the first `publish` or transition |
//! | `circuit_breaker_retry_after_seconds` | gauge | `circuit` | time until the next call may pass; 0 where calls pass, +Inf where the circuit is open for good |
//! | `circuit_breaker_in_flight` | gauge | `circuit` | calls in flight, also those that have stalled; only with `max_concurrent` or `stall`, since others are not counted |
//! | `circuit_breaker_waiting` | gauge | `circuit` | calls that wait for one of them to end; only with `max_wait` |
//! | `circuit_breaker_ramp` | gauge | `circuit` | the share of calls that pass (in shadow: would), while it grows; only with `ramp` |
//! | `circuit_breaker_throttle` | gauge | `circuit` | the share of calls that are rejected (in shadow: would be) because too many fail; only with `throttle` |
//! | `circuit_breaker_failure_rate` | gauge | `circuit` | of the window, where a rate is configured; NaN at 0 calls |
//! | `circuit_breaker_slow_rate` | gauge | `circuit` | likewise |
//! | `circuit_breaker_call_duration_seconds` | histogram | `circuit` | of circuits with `slow_call`, which read a clock anyway |
//! | `circuit_breaker_key_calls_total` | counter | `circuit`, `key`, `outcome` | calls of one key: `success`, `failure`, `ignored`, `cancelled`, `late`, `unprotected` or `rejected`; only by [`publish_with_keys`] |
//! | `circuit_breaker_key_state` | gauge | `circuit`, `key`, `state` | 1 for the present state of one key; only by [`publish_with_keys`] |
//!
//! A function with a `key` is one `circuit`: its counters are the sums over its keys, its state is
//! their worst. [`publish_with_keys`] adds series for each key. Only
//! [registered](CircuitBreaker::register) circuits are shown.
//!
//! # Recorders that add up
//!
//! Counters are reported as increments, never as whole values. So a recorder that passes on to
//! OpenTelemetry, such as [`metrics-opentelemetry`](https://docs.rs/metrics-opentelemetry), has the
//! right sums however often [`publish`] is called. Call it from a timer with the exporter's
//! interval. Descriptions and units come first.
//!
//! # Upkeep
//!
//! Under `slow_call` each call adds an entry to a histogram. An exporter may keep these entries
//! until it is scraped: metrics-exporter-prometheus keeps 16 bytes for each, and if nobody scrapes,
//! for ever. Run its upkeep on a timer, as the cookbook does.
//!
//! # Slow recorders
//!
//! A call that makes a transition reports it to the recorder on its own thread. While the recorder
//! is busy with this circuit, other calls don't wait: the call that is reporting reports once more
//! at most, and the next [`publish`] reports the rest.

mod keys;
mod reporter;

use std::sync::Mutex;
use std::time::Duration;

use super::series;
use crate::breaker::CircuitBreaker;
use crate::observe::registry;
use crate::observe::track::{InRecorder, Tracked};
use crate::primitives::clock::Nanos;
use crate::primitives::sync::unpoisoned;
use reporter::Reporter;

/// Hands the counters and the present state of all registered circuits to the recorder.
pub fn publish() {
    publish_each(false);
}

/// [`publish`], and two more series for each key: `circuit_breaker_key_calls_total` (labels
/// `circuit`, `key`, `outcome`) and `circuit_breaker_key_state` (`circuit`, `key`, `state`).
///
/// Their names differ from those of the circuit, so that a sum doesn't count calls twice. A key
/// that has lost its circuit, or that nobody has asked for in ten of its waits (ten minutes at
/// least), has 0 for all states; when it comes back, its counters go on. This crate keeps only the
/// keys that have a circuit, but the recorder keeps the series of every key that it has ever seen:
/// use this function where keys are few, such as the hosts of a cluster.
pub fn publish_with_keys() {
    publish_each(true);
}

fn publish_each(with_keys: bool) {
    // One at a time, so that older numbers don't come after newer ones.
    static PUBLISHING: Mutex<()> = Mutex::new(());
    // A recorder that calls `publish` would wait for itself.
    let Some(in_recorder) = InRecorder::begin() else { return };
    registry::notice_all_stalled();
    let publishing = unpoisoned(PUBLISHING.lock());
    let circuits = registry::circuits();
    Reporter::with(|reporter| {
        // Each time: another recorder may have the address of the last one.
        reporter.describe();
        for breaker in &circuits {
            publish_one(reporter, breaker);
            if with_keys {
                keys::publish(reporter, breaker);
            }
        }
    });
    drop((publishing, in_recorder));
    // Transitions that the recorder has caused, or others meanwhile.
    circuits.into_iter().for_each(report_pending);
}

fn publish_one(reporter: &Reporter<'_>, breaker: &CircuitBreaker) {
    let seen = series::full_snapshot(breaker);
    let circuit = breaker.name();
    reporter.calls(circuit, series::of_calls(&seen.totals));
    for point in series::of_snapshot(&seen.snapshot) {
        reporter.set_if(circuit, &point);
    }
    breaker.track().report(|tracked| report_track(reporter, circuit, tracked));
}

/// Reports what the recorder doesn't know yet of a registered circuit's states.
pub(super) fn report_pending(breaker: &CircuitBreaker) {
    if breaker.is_registered() {
        breaker.track().report_pending(|tracked| {
            Reporter::with(|reporter| report_track(reporter, breaker.name(), tracked));
        });
    }
}

fn report_track(reporter: &Reporter<'_>, circuit: &'static str, tracked: &Tracked) {
    reporter.history(circuit, series::of_history(tracked));
    for point in series::of_state(tracked) {
        reporter.set(&[("circuit", circuit.into())], &point);
    }
}

/// Records how long a call of a registered circuit with `slow_call` took.
pub(super) fn record_duration(breaker: &CircuitBreaker, took: Nanos) {
    let seconds = Duration::from_nanos(took).as_secs_f64();
    Reporter::with(|reporter| reporter.record_duration(breaker.name(), seconds));
}
