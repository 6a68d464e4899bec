//! `"1h 30m"`: the text of a duration, in exact integers.

use std::time::Duration;

const NANOS_PER_SEC: u128 = 1_000_000_000;

/// From the largest to the smallest, as they have to be written.
const UNITS: &[(&str, u128)] = &[
    ("d", 86_400 * NANOS_PER_SEC),
    ("h", 3_600 * NANOS_PER_SEC),
    ("m", 60 * NANOS_PER_SEC),
    ("s", NANOS_PER_SEC),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const HOW: &str = "write a number and a unit (`ms`, `s`, `m` or `h`), such as `\"30s\"`";

/// The duration, or what is wrong with `text`, as the end of a sentence that
/// the option's name may start.
pub(super) fn parse(option: &str, text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(format!("`{option}` is empty; {HOW}"));
    }
    let mut rest = trimmed;
    let mut total: u128 = 0;
    let mut largest = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        if number.is_empty() {
            return Err(format!("`{trimmed}` is not a duration; {HOW}"));
        }
        let (unit, after) =
            split(after.trim_start(), |c| !c.is_whitespace() && !c.is_ascii_digit());
        rest = after.trim_start();
        let (index, scale) = scale(unit).ok_or_else(|| {
            if unit.is_empty() {
                format!("`{number}` has no unit; {HOW}")
            } else {
                unknown(unit, number)
            }
        })?;
        if index < largest {
            return Err(format!(
                "the units of `{trimmed}` are out of order; write each unit once, the largest first"
            ));
        }
        largest = index + 1;
        let nanos = nanos(number, scale).map_err(|wrong| match wrong {
            Wrong::Number => format!("`{number}` is not a number; {HOW}"),
            Wrong::TooFine => format!("`{number}{unit}` is finer than a nanosecond"),
            Wrong::TooLong => format!("`{trimmed}` is too long; {HOW}"),
        })?;
        total = total.saturating_add(nanos);
    }
    if total == 0 {
        return Err(format!("`{option}` must be longer than zero"));
    }
    let secs = u64::try_from(total / NANOS_PER_SEC)
        .map_err(|_| format!("`{trimmed}` is too long; {HOW}"))?;
    let nanos = u32::try_from(total % NANOS_PER_SEC).expect("less than a second of nanoseconds");
    Ok(Duration::new(secs, nanos))
}

fn split(text: &str, is_in: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_in(c)).unwrap_or(text.len()))
}

fn scale(unit: &str) -> Option<(usize, u128)> {
    let unit = match unit {
        // The micro sign and the Greek letter.
        "\u{b5}s" | "\u{3bc}s" => "us",
        unit => unit,
    };
    let index = UNITS.iter().position(|(name, _)| *name == unit)?;
    Some((index, UNITS[index].1))
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

/// `number` × `scale`, where the number may have a fraction. A float would
/// round.
fn nanos(number: &str, scale: u128) -> Result<u128, Wrong> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(Wrong::Number),
        None => (number, ""),
    };
    if fraction.contains('.') {
        return Err(Wrong::Number);
    }
    let whole = whole
        .parse::<u128>()
        .ok()
        .and_then(|whole| whole.checked_mul(scale))
        .ok_or(Wrong::TooLong)?;
    let fraction = fraction.trim_end_matches('0');
    let mut part = 0;
    let mut place = scale;
    for digit in fraction.bytes() {
        if place % 10 != 0 {
            // Only reached when the digits left stand for less than a
            // nanosecond, or for minutes and above, whose tenths end in sixths.
            return exact(fraction, scale).map(|part| whole.saturating_add(part));
        }
        place /= 10;
        part += u128::from(digit - b'0') * place;
    }
    Ok(whole.saturating_add(part))
}

/// `0.fraction` × `scale`, when that is whole.
fn exact(fraction: &str, scale: u128) -> Result<u128, Wrong> {
    let digits = fraction.parse::<u128>().map_err(|_| Wrong::TooFine)?;
    let product = digits.checked_mul(scale).ok_or(Wrong::TooFine)?;
    let power = u32::try_from(fraction.len())
        .ok()
        .and_then(|places| 10_u128.checked_pow(places))
        .ok_or(Wrong::TooFine)?;
    if product % power == 0 { Ok(product / power) } else { Err(Wrong::TooFine) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    fn nanos(text: &str) -> u128 {
        parse("recovery", text).map_or_else(|error| panic!("{error}"), |d| d.as_nanos())
    }

    fn error(text: &str) -> String {
        parse("recovery", text).expect_err("refused")
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
        assert_eq!(parse("recovery", "18446744073709551615.999999999s"), Ok(Duration::MAX));
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
        let how = "write a number and a unit (`ms`, `s`, `m` or `h`), such as `\"30s\"`";
        assert_eq!(error(""), format!("`recovery` is empty; {how}"));
        assert_eq!(error("30"), format!("`30` has no unit; {how}"));
        assert_eq!(error("1h 30"), format!("`30` has no unit; {how}"));
        assert_eq!(error("30x"), format!("`x` is not a unit of time; {how}"));
        assert_eq!(error("-5s"), format!("`-5s` is not a duration; {how}"));
        assert_eq!(error("s"), format!("`s` is not a duration; {how}"));
        assert_eq!(error("1.2.3s"), format!("`1.2.3` is not a number; {how}"));
        assert_eq!(error("1.s"), format!("`1.` is not a number; {how}"));
        assert_eq!(error("0s"), "`recovery` must be longer than zero");
        assert_eq!(error("0.000ms"), "`recovery` must be longer than zero");
        assert_eq!(error("0.5ns"), "`0.5ns` is finer than a nanosecond");
        assert_eq!(error("5min"), "`min` is not a unit of time; write `\"5m\"`");
        assert_eq!(error("5S"), "`S` is not a unit of time; write `\"5s\"`");
        assert_eq!(
            error("1m 30m"),
            "the units of `1m 30m` are out of order; write each unit once, the largest first"
        );
    }
}
