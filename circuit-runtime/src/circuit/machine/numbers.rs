//! Counts and durations as floats, and back.

use crate::primitives::clock::Nanos;

/// A count as snapshots show it, in 32 bits.
pub(crate) fn shown(figure: u64) -> u32 {
    u32::try_from(figure).unwrap_or(u32::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits of nanoseconds are exact for 104 days, and neither waits nor rates need more"
)]
pub(crate) fn in_float(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub(super) fn saturate(nanos: f64) -> Nanos {
    nanos as Nanos
}
