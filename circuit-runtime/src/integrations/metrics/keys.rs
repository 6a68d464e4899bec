//! The series of single keys.

use std::sync::Arc;

use super::reporter::Reporter;
use super::series::{Calls, KeyTotals, OUTCOMES, past};
use crate::breaker::CircuitBreaker;
use crate::outcome::State;

/// Reports each key that has a circuit of this breaker, and those that have lost theirs since.
pub(super) fn publish(reporter: &Reporter<'_>, breaker: &CircuitBreaker) {
    let circuit = breaker.name();
    let present: Vec<_> = breaker.key_views().into_iter().filter_map(KeyTotals::of).collect();
    // Read second: a key that is evicted in between is in both, and counted once. The other way
    // round it would be in neither, and lost.
    let past: Vec<_> = breaker.departed_keys().into_iter().map(past).collect();
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
    for (outcome, more) in OUTCOMES.into_iter().zip(more) {
        let key = Arc::clone(key).into();
        let labels = [("circuit", circuit.into()), ("key", key), ("outcome", outcome.into())];
        reporter.count("circuit_breaker_key_calls_total", &labels, more);
    }
}

fn show(reporter: &Reporter<'_>, circuit: &'static str, key: &Arc<str>, state: Option<State>) {
    let labels = [("circuit", circuit.into()), ("key", Arc::clone(key).into())];
    reporter.state("circuit_breaker_key_state", &labels, state);
}
