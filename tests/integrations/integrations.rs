//! The features that bring other crates, each against the crate that it is for.

mod agreement;
mod axum;
mod balance;
mod broken_recorder;
mod classify;
mod dashboard;
mod metrics;
mod opentelemetry;
mod page;
mod random;
mod rejection;
mod serde;
mod tower;
mod tracing;
