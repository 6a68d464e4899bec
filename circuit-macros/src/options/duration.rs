//! `1h 30m`: the text of a duration, in exact integers.
//!
//! This file stands in both crates, word for word, as `spec.rs` does.

use std::time::Duration;

const NANOS_PER_SEC: u128 = 1_000_000_000;

/// From the largest to the smallest, as they have to be written.
pub(crate) const UNITS: [(&str, u128); 7] = [
    ("d", 86_400 * NANOS_PER_SEC),
    ("h", 3_600 * NANOS_PER_SEC),
    ("m", 60 * NANOS_PER_SEC),
    ("s", NANOS_PER_SEC),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const HOW: &str = "write a number and a unit (`ms`, `s`, `m`, `h` or `d`), such as `\"30s\"`";

/// The duration, which may be zero, or what is wrong with the text. A fraction that isn't whole
/// nanoseconds is refused instead of rounded.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("a duration is missing; {HOW}"));
    }
    let too_long = || format!("`{text}` is too long; {HOW}");
    let mut rest = text;
    let mut total: u128 = 0;
    let mut allowed = &UNITS[..];
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        if number.is_empty() {
            return Err(format!("`{text}` is not a duration; {HOW}"));
        }
        let (unit, after) =
            split(after.trim_start(), |c| !c.is_whitespace() && !c.is_ascii_digit());
        rest = after.trim_start();
        // The micro sign and the Greek letter.
        let name = if matches!(unit, "\u{b5}s" | "\u{3bc}s") { "us" } else { unit };
        let is_named = |known: &(&str, u128)| known.0 == name;
        let Some(index) = allowed.iter().position(is_named) else {
            return Err(match unit {
                "" => format!("`{number}` has no unit; {HOW}"),
                _ if UNITS.iter().any(is_named) => format!(
                    "the units of `{text}` are out of order; write each unit once, the largest first"
                ),
                _ => unknown(unit, number),
            });
        };
        let nanos = nanos(number, allowed[index].1).map_err(|wrong| match wrong {
            Wrong::Number => format!("`{number}` is not a number; {HOW}"),
            Wrong::TooFine => format!("`{number}{unit}` is finer than a nanosecond"),
            Wrong::TooLong => too_long(),
        })?;
        total = total.saturating_add(nanos);
        allowed = &allowed[index + 1..];
    }
    let secs = u64::try_from(total / NANOS_PER_SEC).map_err(|_| too_long())?;
    let nanos = u32::try_from(total % NANOS_PER_SEC).map_err(|_| too_long())?;
    Ok(Duration::new(secs, nanos))
}

fn split(text: &str, is_in: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_in(c)).unwrap_or(text.len()))
}

fn unknown(unit: &str, number: &str) -> String {
    let meant = match unit.to_ascii_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" | "s" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" | "h" => "h",
        "day" | "days" | "d" => "d",
        "msec" | "millis" | "millisecond" | "milliseconds" | "ms" => "ms",
        "usec" | "micros" | "microsecond" | "microseconds" | "us" => "us",
        "nanos" | "nanosecond" | "nanoseconds" | "ns" => "ns",
        _ => return format!("`{unit}` is not a unit of time; {HOW}"),
    };
    format!("`{unit}` is not a unit of time; write `\"{number}{meant}\"`")
}

enum Wrong {
    Number,
    TooFine,
    TooLong,
}

/// `number` × `scale`, where the number may have a fraction. A float would round.
fn nanos(number: &str, scale: u128) -> Result<u128, Wrong> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(Wrong::Number),
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (number, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(fraction) {
        return Err(Wrong::Number);
    }
    let whole = whole.parse::<u128>().ok().and_then(|whole| whole.checked_mul(scale));
    let whole = whole.ok_or(Wrong::TooLong)?;
    if fraction.is_empty() {
        return Ok(whole);
    }
    let places = u32::try_from(fraction.len()).ok().and_then(|len| 10_u128.checked_pow(len));
    let product = fraction.parse::<u128>().ok().and_then(|digits| digits.checked_mul(scale));
    match (product, places) {
        (Some(product), Some(places)) if product % places == 0 => {
            whole.checked_add(product / places).ok_or(Wrong::TooLong)
        }
        _ => Err(Wrong::TooFine),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    fn nanos(text: &str) -> u128 {
        parse(text).map_or_else(|error| panic!("{error}"), |d| d.as_nanos())
    }

    fn error(text: &str) -> String {
        parse(text).expect_err("refused")
    }

    #[test]
    fn units_add_up() {
        assert_eq!(nanos("250ms"), 250_000_000);
        assert_eq!(nanos("30s"), 30_000_000_000);
        assert_eq!(nanos("1h 30m"), 5_400_000_000_000);
        assert_eq!(nanos("1h30m"), 5_400_000_000_000);
        assert_eq!(nanos("1d"), 86_400_000_000_000);
        assert_eq!(nanos("50us"), 50_000);
        assert_eq!(nanos("50\u{b5}s"), 50_000);
        assert_eq!(nanos("10ns"), 10);
        assert_eq!(nanos(" 2 s "), 2_000_000_000);
        assert_eq!(nanos("0.000ms"), 0);
    }

    #[test]
    fn fractions_are_exact() {
        assert_eq!(nanos("1.5s"), 1_500_000_000);
        assert_eq!(nanos("0.1s"), 100_000_000);
        assert_eq!(nanos("0.000000001s"), 1);
        assert_eq!(nanos("1.0000000000s"), 1_000_000_000);
        assert_eq!(nanos("0.25h"), 900_000_000_000);
        assert_eq!(nanos("1.123456789m"), 67_407_407_340);
    }

    #[test]
    fn the_longest_fits() {
        assert_eq!(parse("18446744073709551615.999999999s"), Ok(Duration::MAX));
        assert!(error("18446744073709551616s").contains("is too long"));
        assert!(error("99999999999999999999h").contains("`99999999999999999999h` is too long"));
        // The whole part is as long as a number can be, and the fraction goes on top.
        for long in [
            "340282366920938463463374607431768211.456us",
            "1s 340282366920938463463374607431768211.456us",
        ] {
            assert!(error(long).contains("is too long"));
        }
        assert!(error(&"9".repeat(60)).contains("has no unit"));
        assert!(error(&format!("{}s", "9".repeat(60))).contains("is too long"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let how = "write a number and a unit (`ms`, `s`, `m`, `h` or `d`), such as `\"30s\"`";
        assert_eq!(error(""), format!("a duration is missing; {how}"));
        assert_eq!(error("30"), format!("`30` has no unit; {how}"));
        assert_eq!(error("1h 30"), format!("`30` has no unit; {how}"));
        assert_eq!(error("30x"), format!("`x` is not a unit of time; {how}"));
        assert_eq!(error("-5s"), format!("`-5s` is not a duration; {how}"));
        assert_eq!(error("s"), format!("`s` is not a duration; {how}"));
        assert_eq!(error("1.2.3s"), format!("`1.2.3` is not a number; {how}"));
        assert_eq!(error("1.s"), format!("`1.` is not a number; {how}"));
        assert_eq!(error(".5s"), format!("`.5` is not a number; {how}"));
        assert_eq!(error("0.5ns"), "`0.5ns` is finer than a nanosecond");
        assert_eq!(error("5min"), "`min` is not a unit of time; write `\"5m\"`");
        assert_eq!(error("5S"), "`S` is not a unit of time; write `\"5s\"`");
        assert_eq!(
            error("1m 30m"),
            "the units of `1m 30m` are out of order; write each unit once, the largest first"
        );
    }
}
