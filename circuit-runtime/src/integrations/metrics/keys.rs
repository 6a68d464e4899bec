//! The series of single keys.

use std::sync::Arc;

use super::series::{Calls, OUTCOMES, Tenancy, past};
use super::told::Teller;
use crate::breaker::CircuitBreaker;
use crate::outcome::State;

/// Tells of each key that a breaker has a circuit for, and of those that have lost theirs since.
pub(super) fn publish(teller: &Teller<'_>, breaker: &CircuitBreaker) {
    let circuit = breaker.name();
    let present: Vec<_> = breaker.key_views().into_iter().filter_map(Tenancy::of).collect();
    // After the look: what goes in between is in both, and counts once; in neither it would be lost.
    let past: Vec<_> = breaker.departed_keys().into_iter().map(past).collect();
    let (more, more_of_past, gone) = teller.of_keys(circuit, &present, &past);
    for ((key, ..), more) in past.iter().zip(more_of_past) {
        count(teller, circuit, key, more);
    }
    for (Tenancy { key, state, .. }, more) in present.iter().zip(more) {
        count(teller, circuit, key, more);
        show(teller, circuit, key, *state);
    }
    for key in gone {
        show(teller, circuit, &key, None);
    }
}

fn count(teller: &Teller<'_>, circuit: &'static str, key: &Arc<str>, more: Calls) {
    for (outcome, more) in OUTCOMES.into_iter().zip(more) {
        let key = Arc::clone(key).into();
        let labels = [("circuit", circuit.into()), ("key", key), ("outcome", outcome.into())];
        teller.count("circuit_breaker_key_calls_total", &labels, more);
    }
}

fn show(teller: &Teller<'_>, circuit: &'static str, key: &Arc<str>, state: Option<State>) {
    let labels = [("circuit", circuit.into()), ("key", Arc::clone(key).into())];
    teller.state("circuit_breaker_key_state", &labels, state);
}
