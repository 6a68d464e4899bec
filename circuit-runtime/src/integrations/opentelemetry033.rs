//! The circuits' numbers as instruments of [OpenTelemetry](https://docs.rs/opentelemetry) 0.33.
//!
//! Call [`observe`] once, with a meter of your provider:
//!
//! ```
//! use opentelemetry033::global; // your dependency `opentelemetry`, version 0.33
//!
//! circuit_runtime::opentelemetry033::observe(&global::meter("shop"));
//! ```
//!
//! The instruments are observable: they are read when the provider collects, and no call through a
//! breaker touches them.
//!
//! | instrument | kind | unit | attributes beside `circuit_breaker.name` | |
//! |---|---|---|---|---|
//! | `circuit_breaker.calls` | counter | `{call}` | `circuit_breaker.outcome` | `success`, `failure`, `ignored`, `cancelled`, `late`, `unprotected` or `rejected`; each call is exactly one of them, so their sum is the number of all calls. A call that was cancelled under `on_cancel = failure` is a `failure` |
//! | `circuit_breaker.rejected` | counter | `{call}` | `circuit_breaker.reason` | rejected calls by reason: `open`, `half-open-full`, `forced-open`, `too-many-calls`, `ramping`, `throttled` |
//! | `circuit_breaker.panicked` | counter | `{call}` | | failures that were panics |
//! | `circuit_breaker.timed_out` | counter | `{call}` | | failures that exceeded their `timeout` |
//! | `circuit_breaker.stalled` | counter | `{call}` | | failures that still ran after `stall` |
//! | `circuit_breaker.slow` | counter | `{call}` | | successes and failures that took at least `slow_call` |
//! | `circuit_breaker.fallbacks` | counter | `{call}` | | calls that a fallback answered |
//! | `circuit_breaker.stale` | counter | `{call}` | | calls that the last good value answered (`stale`) |
//! | `circuit_breaker.transitions` | counter | `{transition}` | `circuit_breaker.state` | by the state that was entered: `closed`, `half-open` or `open` |
//! | `circuit_breaker.time_in_state` | counter | `s` | `circuit_breaker.state` | whole seconds in each state since the first collection or transition |
//! | `circuit_breaker.state` | gauge | `1` | `circuit_breaker.state` | 1 for the present state, 0 for the two others |
//! | `circuit_breaker.mode` | gauge | `1` | `circuit_breaker.mode` | 1 for the present mode, 0 for the others: `normal`, `forced-open`, `disabled`, `shadow` |
//! | `circuit_breaker.retry_after` | gauge | `s` | | time until the next call may pass; 0 where calls pass; absent where the circuit is open for good |
//! | `circuit_breaker.in_flight` | gauge | `{call}` | | calls in flight, also those that have stalled; only with `max_concurrent` or `stall`, since others are not counted |
//! | `circuit_breaker.waiting` | gauge | `{call}` | | calls that wait for one of them to end; only with `max_wait` |
//! | `circuit_breaker.ramp` | gauge | `1` | | the share of calls that pass (in shadow: would), while it grows; only with `ramp` |
//! | `circuit_breaker.throttle` | gauge | `1` | | the share of calls that are rejected (in shadow: would be) because too many fail; only with `throttle` |
//! | `circuit_breaker.failure_rate` | gauge | `1` | | of the window, where a rate is configured and there were calls |
//! | `circuit_breaker.slow_rate` | gauge | `1` | | likewise |
//!
//! A function with a `key` is one `circuit_breaker.name`: its counters are the sums over its keys,
//! its state is their worst. [`observe_with_keys`] adds series for each key. Only
//! [registered](CircuitBreaker::register) circuits are shown.
//!
//! A collection looks at each circuit once for all instruments. Several readers, of any
//! temporality, can collect from one meter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use opentelemetry033::KeyValue;
use opentelemetry033::metrics::{AsyncInstrument, Meter};

use super::series::{
    self, Calls, KEY_CALLS, KEY_STATE, KeyTotals, Kind, OUTCOMES, Point, Series, differences,
};
use crate::breaker::CircuitBreaker;
use crate::observe::registry;
use crate::primitives::clock::{self, Nanos};
use crate::primitives::sync::unpoisoned;

/// Adds the instruments of all registered circuits to a meter, once and for all: they are there as
/// long as the meter's provider.
///
/// Circuits that are registered later are in the next collection.
pub fn observe(meter: &Meter) {
    add_instruments(meter, false);
}

/// [`observe`], and two more instruments with the attribute `circuit_breaker.key`:
/// `circuit_breaker.key.calls` (a counter, by `circuit_breaker.outcome`) and
/// `circuit_breaker.key.state` (a gauge, by `circuit_breaker.state`).
///
/// Their names differ from those of the circuit, so that a sum doesn't count calls twice. A key
/// that has lost its circuit, or that nobody has asked for in ten of its waits (ten minutes at
/// least), has no state; when it comes back, its counters go on. What it counts between a collection and
/// the loss of its circuit is missing from its series, and only there.
///
/// This function keeps every key that it has ever seen, as do most backends: use it where keys are
/// few, such as the hosts of a cluster. The SDK keeps 2,000 series of an instrument, and adds up the
/// others in one with the attribute `otel.metric.overflow`: a key needs seven for its calls. A
/// view of your provider can set another limit, by `Stream::builder().with_cardinality_limit`.
pub fn observe_with_keys(meter: &Meter) {
    add_instruments(meter, true);
}

fn add_instruments(meter: &Meter, with_keys: bool) {
    let collector = Arc::new(Collector { with_keys, collected: Mutex::default() });
    for (place, &series) in series::ALL.iter().enumerate() {
        let is_of_keys = [&KEY_CALLS, &KEY_STATE].iter().any(|of| std::ptr::eq(*of, series));
        if is_of_keys && !with_keys {
            continue;
        }
        let (name, _) = series.opentelemetry;
        let collector = Arc::clone(&collector);
        match series.kind {
            Kind::Counter => drop(
                meter
                    .u64_observable_counter(name)
                    .with_unit(series.unit)
                    .with_description(series.text)
                    .with_callback(move |observer| {
                        let rows = collector.collect(place);
                        rows.counters.iter().for_each(|row| row.observe(series, observer));
                    })
                    .build(),
            ),
            Kind::Gauge => drop(
                meter
                    .f64_observable_gauge(name)
                    .with_unit(series.unit)
                    .with_description(series.text)
                    .with_callback(move |observer| {
                        let rows = collector.collect(place);
                        rows.gauges.iter().for_each(|row| row.observe(series, observer));
                    })
                    .build(),
            ),
        }
    }
}

/// Looks at the circuits, once for all instruments.
struct Collector {
    with_keys: bool,
    collected: Mutex<Collected>,
}

#[derive(Default)]
struct Collected {
    rows: Arc<Rows>,
    /// When they were collected.
    at: Nanos,
    /// A bit for each instrument that has had them.
    served: u32,
    told: HashMap<&'static str, Vec<u64>>,
    keys: HashMap<(&'static str, Arc<str>), KeyTold>,
}

/// All numbers of one collection.
#[derive(Default)]
struct Rows {
    counters: Vec<Row<u64>>,
    gauges: Vec<Row<f64>>,
}

/// A number of a circuit or of one of its keys.
struct Row<T> {
    circuit: &'static str,
    key: Option<Arc<str>>,
    point: Point<T>,
}

/// What was observed of one key.
#[derive(Default)]
struct KeyTold {
    assignment: (usize, u64),
    /// Of this assignment.
    calls: Calls,
    /// Of all of them.
    sum: Calls,
}

/// An instrument that has had the rows gets new ones, and the others have a second to follow: a
/// collection asks each instrument in turn, and a reader may leave some out.
const LASTS: Nanos = 1_000_000_000;

impl Collector {
    /// The numbers for the instrument at this place of the list.
    fn collect(&self, place: usize) -> Arc<Rows> {
        let instrument = 1 << place;
        let now = clock::now();
        if unpoisoned(self.collected.lock()).is_old(instrument, now) {
            registry::notice_all_stalled();
        }
        let mut collected = unpoisoned(self.collected.lock());
        if collected.is_old(instrument, now) {
            collected.refresh(self.with_keys);
            (collected.at, collected.served) = (now, 0);
        }
        collected.served |= instrument;
        Arc::clone(&collected.rows)
    }
}

impl Collected {
    fn is_old(&self, instrument: u32, now: Nanos) -> bool {
        self.served & instrument != 0 || self.served == 0 || now.saturating_sub(self.at) > LASTS
    }

    fn refresh(&mut self, with_keys: bool) {
        let mut rows = Rows::default();
        for breaker in registry::circuits() {
            self.add(breaker, &mut rows);
            if with_keys {
                self.add_keys(breaker, &mut rows);
            }
        }
        self.rows = Arc::new(rows);
    }

    fn add(&mut self, breaker: &CircuitBreaker, rows: &mut Rows) {
        let seen = series::full_snapshot(breaker);
        let tracked = breaker.track().tracked();
        let circuit = breaker.name();
        let mut counters = series::of_calls(&seen.totals);
        counters.extend(series::of_history(&tracked));
        let told = self.told.entry(circuit).or_default();
        told.resize(counters.len(), 0);
        for (counter, told) in counters.iter_mut().zip(told) {
            // What is read a little earlier may seem to go back: a reader that exports differences
            // would subtract with overflow.
            *told = counter.value.max(*told);
            counter.value = *told;
        }
        rows.counters.extend(counters.into_iter().map(|point| Row { circuit, key: None, point }));
        let others = series::of_snapshot(&seen.snapshot).into_iter().filter_map(|point| {
            let Point { series, label, value } = point;
            Some(Point { series, label, value: value? })
        });
        // No rate before the first call, no end of a wait for good: a meter takes numbers only.
        let gauges = series::of_state(&tracked)
            .into_iter()
            .chain(others)
            .filter(|point| point.value.is_finite());
        rows.gauges.extend(gauges.map(|point| Row { circuit, key: None, point }));
    }

    fn add_keys(&mut self, breaker: &CircuitBreaker, rows: &mut Rows) {
        let circuit = breaker.name();
        for KeyTotals { key, assignment, calls, state } in KeyTotals::of_all(breaker) {
            let told = self.keys.entry((circuit, Arc::clone(&key))).or_default();
            told.note(assignment, calls);
            if let Some(state) = state {
                let points = series::of_present(&KEY_STATE, Some(state));
                let row = |point| Row { circuit, key: Some(Arc::clone(&key)), point };
                rows.gauges.extend(points.map(row));
            }
        }
        // Those that have no circuit now stay as they were.
        for ((_, key), told) in self.keys.iter().filter(|((of, _), _)| *of == circuit) {
            for (outcome, value) in OUTCOMES.into_iter().zip(told.sum) {
                let point = Point { series: &KEY_CALLS, label: Some(outcome), value };
                rows.counters.push(Row { circuit, key: Some(Arc::clone(key)), point });
            }
        }
    }
}

impl KeyTold {
    fn note(&mut self, assignment: (usize, u64), calls: Calls) {
        if self.assignment != assignment {
            // A key that was evicted and came back counts from zero.
            (self.assignment, self.calls) = (assignment, Calls::default());
        }
        let more = differences(&mut self.calls, calls);
        self.sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
}

impl<T: Copy> Row<T> {
    /// Tells the observer, if it is of this series.
    fn observe(&self, series: &'static Series, observer: &dyn AsyncInstrument<T>) {
        let Row { circuit, key, point } = self;
        if !std::ptr::eq(point.series, series) {
            return;
        }
        let mut attributes = vec![KeyValue::new("circuit_breaker.name", *circuit)];
        let key = key.as_ref().map(|key| KeyValue::new("circuit_breaker.key", Arc::clone(key)));
        let label = point.label.map(|label| KeyValue::new(series.opentelemetry.1, label));
        attributes.extend(key.into_iter().chain(label));
        observer.observe(point.value, &attributes);
    }
}
