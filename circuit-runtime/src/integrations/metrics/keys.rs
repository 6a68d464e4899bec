//! The series of single keys.

use std::sync::Arc;

use super::reporter::{Departure, Reporter};
use crate::breaker::CircuitBreaker;
use crate::integrations::series::{
    Calls, KEY_CALLS, KEY_STATE, KeyTotals, OUTCOMES, Point, of_present, outcomes,
};
use crate::outcome::State;

/// Reports each key that has a circuit of this breaker, and those that have lost theirs since.
pub(super) fn publish(reporter: &Reporter<'_>, breaker: &CircuitBreaker) {
    let circuit = breaker.name();
    let present = KeyTotals::of_all(breaker);
    // Read second: a key that is evicted in between is in both, and counted once. The other way
    // round it would be in neither, and lost.
    let past: Vec<Departure> = breaker
        .departed_keys()
        .into_iter()
        .map(|departed| (departed.key, departed.assignment, outcomes(&departed.totals)))
        .collect();
    let (more, more_of_past, gone) = reporter.of_keys(circuit, &present, &past);
    for ((key, ..), more) in past.iter().zip(more_of_past) {
        count(reporter, circuit, key, more);
    }
    for (KeyTotals { key, state, .. }, more) in present.iter().zip(more) {
        count(reporter, circuit, key, more);
        show(reporter, circuit, key, *state);
    }
    for key in gone {
        show(reporter, circuit, &key, None);
    }
}

fn count(reporter: &Reporter<'_>, circuit: &'static str, key: &Arc<str>, more: Calls) {
    let labels = [("circuit", circuit.into()), ("key", Arc::clone(key).into())];
    for (outcome, more) in OUTCOMES.into_iter().zip(more) {
        reporter.count(&labels, &Point { series: &KEY_CALLS, label: Some(outcome), value: more });
    }
}

fn show(reporter: &Reporter<'_>, circuit: &'static str, key: &Arc<str>, state: Option<State>) {
    let labels = [("circuit", circuit.into()), ("key", Arc::clone(key).into())];
    for point in of_present(&KEY_STATE, state) {
        reporter.set(&labels, &point);
    }
}
