//! Runs the examples of the guide's cookbook, which need more crates than `circuit-runtime` is tested with.

#![doc(test(attr(deny(warnings))))]
#![doc = include_str!("../../circuit-runtime/docs/cookbook.md")]
