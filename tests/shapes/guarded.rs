pub(crate) use crate::block;
pub use circuit_runtime::circuit_breaker;

pub fn open(name: &str) {
    circuit_runtime::find(name).expect(name).force_open();
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
#[path = "transactions.rs"]
pub mod transactions;
