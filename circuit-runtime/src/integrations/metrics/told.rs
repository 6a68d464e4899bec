//! What the recorder has been told, so that it is told of a counter what has come since.
//!
//! A recorder that hands on to OpenTelemetry can only add: of a counter that is told as a whole it
//! would add the whole each time. And a counter is asked for anew each time, since a recorder may
//! have dropped a series that was silent for long.

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Key, Label, Level, Metadata, Recorder, SharedString};

use super::series::{self, Calls, Counter, STATES, Tenancy};
use crate::outcome::State;
use crate::primitives::sync::unpoisoned;

/// The recorder that is in use on this thread.
pub(super) struct Teller<'a> {
    recorder: &'a dyn Recorder,
    /// Where it is. Two that never are at the same time may be at the same place; the second is told
    /// less then. It happens where one makes a recorder for a closure, drops it and makes another.
    id: usize,
}

/// A circuit, and what else the series are labelled with.
pub(super) type Labels<'a> = &'a [(&'static str, SharedString)];

static METADATA: Metadata<'static> =
    Metadata::new("circuit_runtime", Level::INFO, Some("circuit_runtime"));

/// The recorder that was described to last.
static DESCRIBED: AtomicUsize = AtomicUsize::new(0);

impl Teller<'_> {
    /// Tells the recorder, which knows what the names mean by then.
    pub(super) fn tell(write: impl FnOnce(&Teller<'_>)) {
        metrics::with_recorder(|recorder| {
            let id = ptr::from_ref(recorder).cast::<()>().addr();
            // Acquire and release: what the one thread has described, the other's record comes after.
            let teller = Teller { recorder, id };
            if DESCRIBED.load(Ordering::Acquire) != id {
                teller.describe();
            }
            write(&teller);
        });
    }

    pub(super) fn describe(&self) {
        series::describe(self.recorder);
        DESCRIBED.store(self.id, Ordering::Release);
    }

    /// Tells what calls have made of a circuit's counters.
    pub(super) fn calls<const N: usize>(&self, circuit: &'static str, counters: [Counter; N]) {
        self.counters(circuit, counters, |told| &mut told.calls);
    }

    /// Tells what transitions and time have.
    pub(super) fn track<const N: usize>(&self, circuit: &'static str, counters: [Counter; N]) {
        self.counters(circuit, counters, |told| &mut told.track);
    }

    fn counters<const N: usize>(
        &self,
        circuit: &'static str,
        counters: [Counter; N],
        told: impl FnOnce(&mut ToldOfCircuit) -> &mut Vec<u64>,
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

    /// Tells a counter what has come since, which may be nothing: so it is there.
    pub(super) fn count(&self, name: &'static str, labels: Labels<'_>, more: u64) {
        self.recorder.register_counter(&key(name, labels), &METADATA).increment(more);
    }

    pub(super) fn set(&self, name: &'static str, labels: Labels<'_>, value: f64) {
        self.recorder.register_gauge(&key(name, labels), &METADATA).set(value);
    }

    /// A gauge of what may not be there, such as a rate: it shows `absent` where it was there before.
    pub(super) fn set_if(
        &self,
        circuit: &'static str,
        name: &'static str,
        value: Option<f64>,
        absent: f64,
    ) {
        let was_there = self.told(|all| {
            let shown = &mut all.circuits.entry(circuit).or_default().shown;
            let place = shown.iter().position(|shown| *shown == name);
            match (place, value) {
                (None, Some(_)) => shown.push(name),
                (Some(place), None) => drop(shown.swap_remove(place)),
                _ => {}
            }
            place.is_some()
        });
        if let Some(value) = value.or_else(|| was_there.then_some(absent)) {
            self.set(name, &[("circuit", circuit.into())], value);
        }
    }

    /// What has come since for each of a circuit's keys, and for those that have lost theirs; and the
    /// keys that no longer have one.
    pub(super) fn of_keys(
        &self,
        circuit: &'static str,
        present: &[Tenancy],
        past: &[(Arc<str>, (usize, u64), Calls)],
    ) -> (Vec<Calls>, Vec<Calls>, Vec<Arc<str>>) {
        self.told(|all| {
            let known = all.keys.entry(circuit).or_default();
            let mut before = std::mem::take(known);
            // In the order in which they lost their circuits: of a key that did so twice the first time
            // may have been told in part, the second is new.
            let more_of_past = past.iter().map(|(key, assignment, calls)| {
                let told = before.get(key).filter(|told| told.assignment == *assignment);
                let mut told = told.map(|told| told.calls).unwrap_or_default();
                let more = differences(&mut told, *calls);
                before.insert(Arc::clone(key), ToldOfKey { assignment: *assignment, calls: told });
                more
            });
            let more_of_past = more_of_past.collect();
            let more = present.iter().map(|tenancy| {
                let told = before.remove(&tenancy.key);
                // A key that went and came back begins anew.
                let told = told.filter(|told| told.assignment == tenancy.assignment);
                let mut calls = told.map(|told| told.calls).unwrap_or_default();
                let more = differences(&mut calls, tenancy.calls);
                known.insert(
                    Arc::clone(&tenancy.key),
                    ToldOfKey { assignment: tenancy.assignment, calls },
                );
                more
            });
            (more.collect(), more_of_past, before.into_keys().collect())
        })
    }

    /// One entry of a histogram.
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

    /// What it has been told. Nothing but this module's own code runs under the lock.
    fn told<R>(&self, use_it: impl FnOnce(&mut Told) -> R) -> R {
        let mut all = unpoisoned(TOLD.lock());
        let place = all.iter().position(|told| told.recorder == self.id);
        let place = place.unwrap_or_else(|| {
            if all.len() == RECORDERS {
                all.remove(0);
            }
            all.push(Told::new(self.id));
            all.len() - 1
        });
        use_it(&mut all[place])
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

static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

/// What one recorder has been told.
struct Told {
    recorder: usize,
    circuits: HashMap<&'static str, ToldOfCircuit>,
    /// Of each circuit the keys that had one at the last look: no more than `max_keys`.
    keys: HashMap<&'static str, HashMap<Arc<str>, ToldOfKey>>,
}

struct ToldOfKey {
    assignment: (usize, u64),
    calls: Calls,
}

#[derive(Default)]
struct ToldOfCircuit {
    calls: Vec<u64>,
    track: Vec<u64>,
    /// The gauges that were there at the last look, of those that may not be.
    shown: Vec<&'static str>,
}

impl Told {
    fn new(recorder: usize) -> Self {
        Told { recorder, circuits: HashMap::new(), keys: HashMap::new() }
    }
}

/// What has come since; a counter that was read a little earlier than another may seem to go back,
/// and is told when it has caught up.
fn differences<const N: usize>(told: &mut [u64], now: [u64; N]) -> [u64; N] {
    let mut more = [0; N];
    for ((more, told), now) in more.iter_mut().zip(told).zip(now) {
        *more = now.saturating_sub(*told);
        *told = now.max(*told);
    }
    more
}
