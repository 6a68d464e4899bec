pub(crate) use crate::block;
#[cfg(not(circuit_plain))]
pub use circuit_runtime::circuit_breaker;
#[cfg(circuit_plain)]
pub use empty_attribute::empty as circuit_breaker;

pub fn open(name: &str) {
    circuit_runtime::find(name).expect(name).force_open();
}

/// Makes a circuit half-open, as long as this is kept.
pub fn half_open(name: &str) -> circuit_runtime::test_util::Frozen {
    let circuit = circuit_runtime::find(name).expect(name);
    let time = circuit_runtime::test_util::freeze();
    circuit.try_acquire().expect("closed").failure();
    time.advance(std::time::Duration::from_secs(1));
    time
}

pub fn pings(asked: u32) {
    assert_eq!(asked, 1);
}

#[path = "attributes.rs"]
pub mod attributes;
#[path = "blocks.rs"]
pub mod blocks;
#[path = "conditions.rs"]
pub mod conditions;
#[path = "diverging.rs"]
pub mod diverging;
#[path = "fallbacks.rs"]
pub mod fallbacks;
#[path = "forms.rs"]
pub mod forms;
#[path = "lent.rs"]
pub mod lent;
#[path = "lints.rs"]
pub mod lints;
#[path = "matrix.rs"]
pub mod matrix;
#[path = "names.rs"]
pub mod names;
#[path = "order.rs"]
pub mod order;
#[path = "pings.rs"]
pub mod pings;
#[path = "stales.rs"]
pub mod stales;
#[path = "streams.rs"]
pub mod streams;
#[path = "transactions.rs"]
pub mod transactions;
