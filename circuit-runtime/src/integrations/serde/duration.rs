//! The text of a duration, as the attribute takes it: `250ms`, `30s`, `1h 30m`, `1.5s`.

use std::fmt;
use std::time::Duration;

const NANOS_PER_SEC: u128 = 1_000_000_000;

/// From the largest to the smallest, as they have to be written.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400 * NANOS_PER_SEC),
    ("h", 3_600 * NANOS_PER_SEC),
    ("m", 60 * NANOS_PER_SEC),
    ("s", NANOS_PER_SEC),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// What can be wrong with the text, as the end of a sentence that quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DurationError {
    #[error(
        "is not a duration; write a number and a unit (`ms`, `s`, `m` or `h`), such as \"30s\""
    )]
    Unreadable,
    #[error("has a number without a unit; write `ms`, `s`, `m` or `h` after it, as in \"30s\"")]
    NoUnit,
    #[error("has its units out of order; write each unit once, the largest first")]
    Order,
    #[error("is finer than a nanosecond")]
    TooFine,
    #[error("is too long")]
    TooLong,
}

/// Exact: a fraction that isn't whole nanoseconds is refused instead of rounded.
pub(super) fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Unreadable);
    }
    let mut total: u128 = 0;
    let mut allowed = &UNITS[..];
    while !rest.is_empty() {
        let number = leading(rest, |c| c.is_ascii_digit() || c == '.');
        rest = rest[number.len()..].trim_start();
        let unit = leading(rest, |c| !c.is_whitespace() && !c.is_ascii_digit());
        rest = rest[unit.len()..].trim_start();
        let name = if matches!(unit, "\u{b5}s" | "\u{3bc}s") { "us" } else { unit };
        let is_named = |known: &(&str, u128)| known.0 == name;
        let Some(place) = allowed.iter().position(is_named) else {
            return Err(match unit {
                "" if !number.is_empty() => DurationError::NoUnit,
                _ if UNITS.iter().any(is_named) => DurationError::Order,
                _ => DurationError::Unreadable,
            });
        };
        let nanos = nanos(number, allowed[place].1)?;
        total = total.checked_add(nanos).ok_or(DurationError::TooLong)?;
        allowed = &allowed[place + 1..];
    }
    let secs = u64::try_from(total / NANOS_PER_SEC).map_err(|_| DurationError::TooLong)?;
    let nanos = u32::try_from(total % NANOS_PER_SEC).map_err(|_| DurationError::TooLong)?;
    Ok(Duration::new(secs, nanos))
}

fn leading(text: &str, is_in: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_in(c)).unwrap_or(text.len())]
}

/// `number` × `scale`, where the number may have a fraction.
fn nanos(number: &str, scale: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(DurationError::Unreadable),
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (number, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(DurationError::Unreadable);
    }
    let whole = whole.parse::<u128>().ok().and_then(|whole| whole.checked_mul(scale));
    let whole = whole.ok_or(DurationError::TooLong)?;
    if fraction.is_empty() {
        return Ok(whole);
    }
    let places = u32::try_from(fraction.len()).ok().and_then(|len| 10_u128.checked_pow(len));
    let product = fraction.parse::<u128>().ok().and_then(|digits| digits.checked_mul(scale));
    match (product, places) {
        (Some(product), Some(places)) if product % places == 0 => {
            whole.checked_add(product / places).ok_or(DurationError::TooLong)
        }
        _ => Err(DurationError::TooFine),
    }
}

/// A duration as its shortest exact text in whole units: `1m 30s`.
pub(super) struct Written(pub(super) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_nanos();
        if left == 0 {
            return f.write_str("0s");
        }
        let mut space = "";
        for (unit, scale) in UNITS {
            if left >= scale {
                write!(f, "{space}{}{unit}", left / scale)?;
                left %= scale;
                space = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DurationError, Written, parse};

    #[test]
    fn units_add_up_and_fractions_are_exact() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            ("30s", 30_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("1h30m", 5_400_000_000_000),
            (" 2 s ", 2_000_000_000),
            ("1d", 86_400_000_000_000),
            ("50us", 50_000),
            ("50\u{b5}s", 50_000),
            ("10ns", 10),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            ("1.10000000000s", 1_100_000_000),
            ("1.123456789m", 67_407_407_340),
        ] {
            assert_eq!(parse(text).map(|duration| duration.as_nanos()), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        use DurationError::{NoUnit, Order, TooFine, TooLong, Unreadable};
        for (text, error) in [
            ("", Unreadable),
            ("s", Unreadable),
            ("-5s", Unreadable),
            ("1.s", Unreadable),
            (".5s", Unreadable),
            ("1.2.3s", Unreadable),
            ("5 parsecs", Unreadable),
            ("30", NoUnit),
            ("1h 30", NoUnit),
            ("1m 30m", Order),
            ("1s 1h", Order),
            ("0.5ns", TooFine),
            ("18446744073709551616s", TooLong),
            ("99999999999999999999999999999999999999999s", TooLong),
            // The whole part is as long as a number can be, and the fraction goes on top.
            ("1s 340282366920938463463374607431768211.456us", TooLong),
            ("340282366920938463463374607431768211.456us", TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for (duration, text) in [
            (Duration::ZERO, "0s"),
            (Duration::from_secs(30), "30s"),
            (Duration::from_secs(90), "1m 30s"),
            (Duration::from_millis(1_500), "1s 500ms"),
            (Duration::from_nanos(1_000_001), "1ms 1ns"),
        ] {
            assert_eq!(Written(duration).to_string(), text);
            assert_eq!(parse(text), Ok(duration));
        }
        assert_eq!(parse(&Written(Duration::MAX).to_string()), Ok(Duration::MAX));
    }
}
