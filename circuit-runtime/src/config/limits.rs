//! The largest numbers that options take.

/// The largest count that any option takes.
pub(crate) const MAX_COUNT: u32 = 1_000_000;
/// The largest number of probes.
pub(crate) const MAX_PROBES: u32 = 1_000;
/// The largest count window of a circuit that exists once per key.
pub(crate) const MAX_KEYED_WINDOW: u32 = 10_000;
