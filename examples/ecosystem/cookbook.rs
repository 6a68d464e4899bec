//! Runs the examples of those pages of the guide which need more crates than `circuit-runtime` is tested with.

#![doc(test(attr(deny(warnings))))]

#[doc = include_str!("../../circuit-runtime/docs/cookbook.md")]
pub mod cookbook {}

#[doc = include_str!("../../circuit-runtime/docs/classification.md")]
pub mod classification {}

#[doc = include_str!("../../circuit-runtime/docs/fleets.md")]
pub mod fleets {}
