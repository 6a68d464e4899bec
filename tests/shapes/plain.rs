pub use empty_attribute::empty as block;
pub use empty_attribute::empty as circuit_breaker;

pub fn open(_: &str) {}

pub fn half_open(_: &str) {}

pub fn pings(_: u32) {}

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
