//! From whole numbers to others and back.

use crate::Millis;

/// Exact up to four thousand million, and no more than that.
pub(crate) fn float(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}

pub(crate) fn seconds(millis: Millis) -> f64 {
    float(millis) / 1_000.0
}

/// Rounded down, and 0 for what is negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}
