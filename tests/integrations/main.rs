//! The features that bring other crates, each against the crate that it is for.

mod serde;
mod tracing;
