//! Durations as text, for others than the options.

use std::time::Duration;

use super::duration;

/// A text that is no duration; the message has the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DurationError(String);

/// Reads a duration as the options take it in settings and in the attribute: `250ms`, `30s`, `1h 30m`. The units are `d`,
/// `h`, `m`, `s`, `ms`, `us` and `ns`; fractions are exact. For tools that take durations beside options.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::parse_duration;
///
/// assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5_400)));
/// let error = parse_duration("5min").unwrap_err();
/// assert_eq!(error.to_string(), "`min` is not a unit of time; write `\"5m\"`");
/// ```
///
/// # Errors
///
/// If the text is no duration, or too long for a [`Duration`].
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    duration::parse(text).map_err(DurationError)
}
