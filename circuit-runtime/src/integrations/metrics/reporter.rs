//! Reports to the recorder, and remembers what it has been told: counters are reported by what has
//! come since.
//!
//! A recorder that passes on to OpenTelemetry can only add; of a counter's whole value it would add
//! the whole each time. Counters are registered anew at each report, because a recorder may have
//! dropped a series that was silent for long.

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Key, Label, Level, Metadata, Recorder, SharedString, Unit};

use crate::integrations::series::{self, Calls, KeyTotals, Kind, Point, Series, differences};
use crate::primitives::sync::unpoisoned;

/// The recorder that is in use on this thread.
pub(super) struct Reporter<'a> {
    recorder: &'a dyn Recorder,
    /// Its address. Two recorders that never exist at the same time may have the same address; the
    /// second is told less then. It happens where one makes a recorder for a closure, drops it and
    /// makes another.
    id: usize,
}

/// A key that has lost its circuit, the assignment, and all its calls.
pub(super) type Departure = (Arc<str>, (usize, u64), Calls);

const DURATIONS: &str = "circuit_breaker_call_duration_seconds";

/// The labels of a circuit or a key.
pub(super) type Labels<'a> = &'a [(&'static str, SharedString)];

static METADATA: Metadata<'static> =
    Metadata::new("circuit_runtime", Level::INFO, Some("circuit_runtime"));

/// The recorder that was last told the descriptions.
static DESCRIBED: AtomicUsize = AtomicUsize::new(0);

impl Reporter<'_> {
    /// Calls `report` with this thread's recorder, after the descriptions.
    pub(super) fn with(report: impl FnOnce(&Reporter<'_>)) {
        metrics::with_recorder(|recorder| {
            let id = ptr::from_ref(recorder).cast::<()>().addr();
            // Acquire: pairs with the Release in `describe`, so that a thread that finds the
            // descriptions made reports after them.
            let reporter = Reporter { recorder, id };
            if DESCRIBED.load(Ordering::Acquire) != id {
                reporter.describe();
            }
            report(&reporter);
        });
    }

    pub(super) fn describe(&self) {
        for Series { kind, metrics: (name, _), unit, text, .. } in series::ALL {
            let unit = (*unit == "s").then_some(Unit::Seconds);
            match kind {
                Kind::Counter => {
                    self.recorder.describe_counter((*name).into(), unit, (*text).into());
                }
                Kind::Gauge => self.recorder.describe_gauge((*name).into(), unit, (*text).into()),
            }
        }
        self.recorder.describe_histogram(
            DURATIONS.into(),
            Some(Unit::Seconds),
            "How long calls took.".into(),
        );
        // Release: see `with`.
        DESCRIBED.store(self.id, Ordering::Release);
    }

    /// Reports the counters that calls make.
    pub(super) fn calls(&self, circuit: &'static str, counters: Vec<Point<u64>>) {
        self.counters(circuit, counters, |told| &mut told.calls);
    }

    /// Reports the counters that transitions and time make.
    pub(super) fn history(&self, circuit: &'static str, counters: Vec<Point<u64>>) {
        self.counters(circuit, counters, |told| &mut told.history);
    }

    fn counters(
        &self,
        circuit: &'static str,
        mut counters: Vec<Point<u64>>,
        told: impl FnOnce(&mut ReportedCircuit) -> &mut Vec<u64>,
    ) {
        self.told(|all| {
            let told = told(all.circuits.entry(circuit).or_default());
            told.resize(counters.len(), 0);
            let now: Vec<_> = counters.iter().map(|counter| counter.value).collect();
            let more = differences(told, now);
            counters.iter_mut().zip(more).for_each(|(counter, more)| counter.value = more);
        });
        for more in counters {
            self.count(&[("circuit", circuit.into())], &more);
        }
    }

    /// Adds to a counter. Adding nothing makes the series exist.
    pub(super) fn count(&self, labels: Labels<'_>, more: &Point<u64>) {
        self.recorder.register_counter(&key(labels, more), &METADATA).increment(more.value);
    }

    pub(super) fn set(&self, labels: Labels<'_>, gauge: &Point<f64>) {
        self.recorder.register_gauge(&key(labels, gauge), &METADATA).set(gauge.value);
    }

    /// Sets a gauge of something that may not exist, such as a rate. If it existed before, it has
    /// the number that says so: no calls in flight, all calls pass, none is rejected, no rate.
    pub(super) fn set_if(&self, circuit: &'static str, gauge: &Point<Option<f64>>) {
        let &Point { series, label, value } = gauge;
        let name = series.metrics.0;
        let was_there = self.told(|all| {
            let shown = &mut all.circuits.entry(circuit).or_default().shown;
            let index = shown.iter().position(|shown| *shown == name);
            match (index, value) {
                (None, Some(_)) => shown.push(name),
                (Some(index), None) => drop(shown.swap_remove(index)),
                _ => {}
            }
            index.is_some()
        });
        let zero = [&series::IN_FLIGHT, &series::WAITING, &series::THROTTLE];
        let absent = match series {
            _ if zero.iter().any(|it| ptr::eq(*it, series)) => 0.0,
            _ if ptr::eq(series, &raw const series::RAMP) => 1.0,
            _ => f64::NAN,
        };
        if let Some(value) = value.or_else(|| was_there.then_some(absent)) {
            self.set(&[("circuit", circuit.into())], &Point { series, label, value });
        }
    }

    /// Adds an entry to the histogram of durations.
    pub(super) fn record_duration(&self, circuit: &'static str, seconds: f64) {
        let key = Key::from_parts(DURATIONS, vec![Label::new("circuit", circuit)]);
        self.recorder.register_histogram(&key, &METADATA).record(seconds);
    }

    /// What has come since the last report: for each key that has a circuit, and for those that
    /// have lost theirs. And the keys that no longer have one.
    pub(super) fn of_keys(
        &self,
        circuit: &'static str,
        present: &[KeyTotals],
        past: &[Departure],
    ) -> (Vec<Calls>, Vec<Calls>, Vec<Arc<str>>) {
        self.told(|all| {
            let known = all.keys.entry(circuit).or_default();
            let mut before = std::mem::take(known);
            // In the order in which they lost their circuits. If a key did so twice, its first
            // assignment may have been reported in part; the second is new.
            let more_of_past = past.iter().map(|(key, assignment, calls)| {
                let told = before.get(key).filter(|told| told.assignment == *assignment);
                let mut told = told.map(|told| told.calls).unwrap_or_default();
                let more = of_calls(&mut told, *calls);
                before
                    .insert(Arc::clone(key), ReportedKey { assignment: *assignment, calls: told });
                more
            });
            let more_of_past = more_of_past.collect();
            let more = present.iter().map(|key| {
                let told = before.remove(&key.key);
                // A key that was evicted and came back counts from zero.
                let told = told.filter(|told| told.assignment == key.assignment);
                let mut calls = told.map(|told| told.calls).unwrap_or_default();
                let more = of_calls(&mut calls, key.calls);
                known.insert(
                    Arc::clone(&key.key),
                    ReportedKey { assignment: key.assignment, calls },
                );
                more
            });
            (more.collect(), more_of_past, before.into_keys().collect())
        })
    }

    /// Calls `use_it` with what the recorder has been told. Only this module's code runs under the
    /// lock.
    fn told<R>(&self, use_it: impl FnOnce(&mut Reported) -> R) -> R {
        let mut all = unpoisoned(REPORTED.lock());
        let index = all.iter().position(|told| told.recorder == self.id);
        let index = index.unwrap_or_else(|| {
            if all.len() == RECORDERS {
                all.remove(0);
            }
            all.push(Reported::new(self.id));
            all.len() - 1
        });
        use_it(&mut all[index])
    }
}

/// The series of a circuit or a key, with the label of the point.
fn key<T>(labels: Labels<'_>, point: &Point<T>) -> Key {
    let (name, label) = point.series.metrics;
    let mut labels: Vec<_> =
        labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
    labels.extend(point.label.map(|value| Label::new(label, value)));
    Key::from_parts(name, labels)
}

/// How many recorders are remembered: a service has one, and its tests may use some in turn.
const RECORDERS: usize = 16;

static REPORTED: Mutex<Vec<Reported>> = Mutex::new(Vec::new());

/// What one recorder has been told.
struct Reported {
    recorder: usize,
    circuits: HashMap<&'static str, ReportedCircuit>,
    /// For each circuit per key, the keys that had one at the last report: at most `max_keys`.
    keys: HashMap<&'static str, HashMap<Arc<str>, ReportedKey>>,
}

struct ReportedKey {
    assignment: (usize, u64),
    calls: Calls,
}

#[derive(Default)]
struct ReportedCircuit {
    calls: Vec<u64>,
    history: Vec<u64>,
    /// Those gauges that existed at the last report, of those that may not exist.
    shown: Vec<&'static str>,
}

impl Reported {
    fn new(recorder: usize) -> Self {
        Reported { recorder, circuits: HashMap::new(), keys: HashMap::new() }
    }
}

fn of_calls(told: &mut Calls, now: Calls) -> Calls {
    let mut more = Calls::default();
    more.iter_mut().zip(differences(told, now)).for_each(|(more, difference)| *more = difference);
    more
}
