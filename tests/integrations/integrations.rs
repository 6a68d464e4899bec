//! The features that bring other crates, each against the crate that it is for.

mod axum;
mod dashboard;
mod metrics;
mod page;
mod serde;
mod tower;
mod tracing;
