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

use metrics::{Key, Label, Level, Metadata, Recorder, SharedString};

use super::series::{self, Calls, Counter, KeyTotals, STATES};
use crate::outcome::State;
use crate::primitives::sync::unpoisoned;

/// The recorder that is in use on this thread.
pub(super) struct Reporter<'a> {
    recorder: &'a dyn Recorder,
    /// Its address. Two recorders that never exist at the same time may have the same address; the
    /// second is told less then. It happens where one makes a recorder for a closure, drops it and
    /// makes another.
    id: usize,
}

/// The labels of a series.
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
        series::describe(self.recorder);
        // Release: see `with`.
        DESCRIBED.store(self.id, Ordering::Release);
    }

    /// Reports the counters that calls make.
    pub(super) fn calls<const N: usize>(&self, circuit: &'static str, counters: [Counter; N]) {
        self.counters(circuit, counters, |told| &mut told.calls);
    }

    /// Reports the counters that transitions and time make.
    pub(super) fn track<const N: usize>(&self, circuit: &'static str, counters: [Counter; N]) {
        self.counters(circuit, counters, |told| &mut told.track);
    }

    fn counters<const N: usize>(
        &self,
        circuit: &'static str,
        counters: [Counter; N],
        told: impl FnOnce(&mut ReportedCircuit) -> &mut Vec<u64>,
    ) {
        let values = counters.map(|(_, _, value)| value);
        let more = self.told(|all| {
            let told = told(all.circuits.entry(circuit).or_default());
            told.resize(N, 0);
            differences(told, values)
        });
        for ((name, label, _), more) in counters.into_iter().zip(more) {
            let labels = [("circuit", circuit.into()), label_of(label)];
            let labels = &labels[..=usize::from(label.is_some())];
            self.count(name, labels, more);
        }
    }

    /// Adds to a counter. Adding nothing makes the series exist.
    pub(super) fn count(&self, name: &'static str, labels: Labels<'_>, more: u64) {
        self.recorder.register_counter(&key(name, labels), &METADATA).increment(more);
    }

    pub(super) fn set(&self, name: &'static str, labels: Labels<'_>, value: f64) {
        self.recorder.register_gauge(&key(name, labels), &METADATA).set(value);
    }

    /// Sets a gauge of something that may not exist, such as a rate; to `absent`, if it existed
    /// before.
    pub(super) fn set_if(
        &self,
        circuit: &'static str,
        name: &'static str,
        value: Option<f64>,
        absent: f64,
    ) {
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
        if let Some(value) = value.or_else(|| was_there.then_some(absent)) {
            self.set(name, &[("circuit", circuit.into())], value);
        }
    }

    /// What has come since the last report: for each key that has a circuit, and for those that
    /// have lost theirs. And the keys that no longer have one.
    pub(super) fn of_keys(
        &self,
        circuit: &'static str,
        present: &[KeyTotals],
        past: &[(Arc<str>, (usize, u64), Calls)],
    ) -> (Vec<Calls>, Vec<Calls>, Vec<Arc<str>>) {
        self.told(|all| {
            let known = all.keys.entry(circuit).or_default();
            let mut before = std::mem::take(known);
            // In the order in which they lost their circuits. If a key did so twice, its first
            // assignment may have been reported in part; the second is new.
            let more_of_past = past.iter().map(|(key, assignment, calls)| {
                let told = before.get(key).filter(|told| told.assignment == *assignment);
                let mut told = told.map(|told| told.calls).unwrap_or_default();
                let more = differences(&mut told, *calls);
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
                let more = differences(&mut calls, key.calls);
                known.insert(
                    Arc::clone(&key.key),
                    ReportedKey { assignment: key.assignment, calls },
                );
                more
            });
            (more.collect(), more_of_past, before.into_keys().collect())
        })
    }

    /// Adds an entry to a histogram.
    pub(super) fn record(&self, name: &'static str, labels: Labels<'_>, value: f64) {
        self.recorder.register_histogram(&key(name, labels), &METADATA).record(value);
    }

    /// 1 for the present state, 0 for the others; `None`: 0 for all.
    pub(super) fn state(&self, name: &'static str, labels: Labels<'_>, present: Option<State>) {
        for state in STATES {
            let mut labels = labels.to_vec();
            labels.push(("state", state.as_str().into()));
            self.set(name, &labels, one_if(present == Some(state)));
        }
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

pub(super) fn one_if(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn label_of(label: Option<(&'static str, &'static str)>) -> (&'static str, SharedString) {
    label.map_or(("", "".into()), |(name, value)| (name, value.into()))
}

fn key(name: &'static str, labels: Labels<'_>) -> Key {
    let labels: Vec<_> =
        labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
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
    track: Vec<u64>,
    /// Those gauges that existed at the last report, of those that may not exist.
    shown: Vec<&'static str>,
}

impl Reported {
    fn new(recorder: usize) -> Self {
        Reported { recorder, circuits: HashMap::new(), keys: HashMap::new() }
    }
}

/// What has come since the last report. A counter that was read a little earlier than another may
/// seem to go back; it is reported again when it has caught up.
fn differences<const N: usize>(told: &mut [u64], now: [u64; N]) -> [u64; N] {
    let mut more = [0; N];
    for ((more, told), now) in more.iter_mut().zip(told).zip(now) {
        *more = now.saturating_sub(*told);
        *told = now.max(*told);
    }
    more
}
