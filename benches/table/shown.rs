//! What it costs to look at a circuit.

use circuit_runtime::{CircuitBreaker, circuit_breaker, find};

use crate::measure::{Suite, repeat};
use crate::plain::{Answer, succeed};
use crate::{API, rows};

#[circuit_breaker(name = "benches shown")]
fn one(number: u64) -> Answer {
    succeed(number)
}

#[circuit_breaker(name = "benches shown by key", key = number, max_keys = 10_000)]
fn by_key(number: u64) -> Answer {
    succeed(number)
}

fn called(name: &str) -> &'static CircuitBreaker {
    find(name).expect("it has been called")
}

pub(crate) fn add(suite: &mut Suite) {
    let _ = one(0);
    for number in 0..10_000 {
        let _ = by_key(number);
    }
    let circuit = called("benches shown");
    suite.add(rows::STATE, API, |calls| repeat(calls, |_| circuit.state()));
    suite.add(rows::SNAPSHOT, API, |calls| repeat(calls, |_| circuit.snapshot()));
    let circuit = called("benches shown by key");
    suite.add(rows::SNAPSHOT_KEYS, API, |calls| repeat(calls, |_| circuit.snapshot()));
}
