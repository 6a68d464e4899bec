//! Numbers, plain or as a percentage.

use proc_macro2::Literal;
use syn::{Expr, Lit};

use super::literal::{Literally, Parsed, example, is_constant, is_whole_number};
use super::{Range, Spec, Value};

pub(super) fn whole(spec: &Spec, range: Range, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    match literal {
        None if is_constant(&expr) => Ok(Value::Constant(expr)),
        Some((negative, Lit::Int(int))) => {
            let value =
                int.base10_parse().ok().filter(|value| !negative && range.has_whole(*value));
            match (int.suffix(), value) {
                ("" | "u32", Some(value)) => Ok(Value::Whole(value)),
                ("" | "u32", None) => Err(spec.range_error.to_owned()),
                (suffix, _) => Err(format!("`{name}` is a `u32`; remove the suffix `{suffix}`")),
            }
        }
        Some((_, Lit::Str(text))) if text.value().parse::<u64>().is_ok() => {
            Err(format!("`{name}` takes an integer, without quotes: `{name} = {}`", text.value()))
        }
        _ => {
            let or = if range == Range::Window { " or a duration" } else { "" };
            Err(format!("`{name}` takes an integer{or}: {}", example(spec)))
        }
    }
}

pub(super) fn float(spec: &Spec, range: Range, literal: Literally, expr: Expr) -> Parsed {
    let name = spec.name;
    let is_rate = matches!(range, Range::Rate | Range::Share);
    let takes = || {
        let or = match is_rate {
            true if spec.example.contains('%') => " or `0.5`",
            true => " or `\"50%\"`",
            false => "",
        };
        format!("`{name}` takes a number: {}{or}", example(spec))
    };
    let quoted = matches!(literal, Some((_, Lit::Str(_))));
    let (negative, text) = match literal {
        None => {
            let is_number = is_constant(&expr) && !is_whole_number(&expr);
            return if is_number { Ok(Value::Constant(expr)) } else { Err(takes()) };
        }
        Some((negative, Lit::Float(float))) => match float.suffix() {
            "" | "f64" => (negative, float.base10_digits().to_owned()),
            suffix => {
                return Err(format!("`{name}` is an `f64`; remove the suffix `{suffix}`"));
            }
        },
        Some((negative, Lit::Int(int))) => match int.suffix() {
            "" | "f64" => (negative, format!("{}.0", int.base10_digits())),
            suffix => {
                return Err(format!("`{name}` is an `f64`; remove the suffix `{suffix}`"));
            }
        },
        Some((_, Lit::Str(text))) if is_rate => {
            let text = text.value();
            match text.trim().strip_suffix('%').map(hundredth) {
                Some(Some(moved)) => (false, moved.to_string()),
                _ => return Err(unquoted(name, text.trim()).unwrap_or_else(takes)),
            }
        }
        Some(_) => return Err(takes()),
    };
    let value: f64 = text.parse().map_err(|_| takes())?;
    if range.has_number(value) && !negative {
        let literal = text.parse().map_err(|_| takes())?;
        return Ok(Value::Number(literal));
    }
    let must = spec.range_error;
    if is_rate && !quoted && !negative && range.has_number(value / 100.0) && value >= 2.0 {
        return Err(format!("{must}; for a percentage, write `{name} = \"{value}%\"`"));
    }
    Err(must.to_owned())
}

/// What to write instead of a number in quotes, if it makes a rate.
fn unquoted(name: &str, text: &str) -> Option<String> {
    let value: f64 = text.parse().ok()?;
    if value > 0.0 && value <= 1.0 {
        return Some(format!(
            "`{name}` takes a number without quotes, or a percentage: `{name} = {text}` or \
             `{name} = \"50%\"`"
        ));
    }
    let is_percentage = value > 0.0 && value <= 100.0 && hundredth(text).is_some();
    is_percentage.then(|| {
        format!("`{name}` in quotes is a percentage, with its sign: `{name} = \"{text}%\"`")
    })
}

/// `"33.3%"` as `0.333`, by moving the point: 33.3 / 100.0 is another float.
///
/// Input: `33.3` Output: `0.333`
fn hundredth(percent: &str) -> Option<Literal> {
    let percent = percent.trim();
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let digits = format!("{whole:0>3}");
    let (whole, moved) = digits.split_at(digits.len() - 2);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = format!("{moved}{fraction}");
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        fraction => fraction,
    };
    format!("{whole}.{fraction}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::hundredth;

    fn shifted(percent: &str) -> Option<String> {
        hundredth(percent).map(|literal| literal.to_string())
    }

    #[test]
    fn the_point_moves_by_two() {
        assert_eq!(shifted("50").as_deref(), Some("0.5"));
        assert_eq!(shifted("33.3").as_deref(), Some("0.333"));
        assert_eq!(shifted("7").as_deref(), Some("0.07"));
        assert_eq!(shifted("0.5").as_deref(), Some("0.005"));
        assert_eq!(shifted("100").as_deref(), Some("1.0"));
        assert_eq!(shifted("250").as_deref(), Some("2.5"));
        assert_eq!(shifted("0").as_deref(), Some("0.0"));
    }

    #[test]
    fn every_tenth_of_a_percent_is_the_float_that_one_would_write() {
        for tenths in 0..=1000_u32 {
            let text = format!("{}.{}", tenths / 10, tenths % 10);
            let written: f64 = format!("0.{tenths:0>3}").parse().unwrap();
            let expected = if tenths == 1000 { 1.0 } else { written };
            let moved: f64 = shifted(&text).unwrap().parse().unwrap();
            assert_eq!(moved.to_bits(), expected.to_bits(), "{text}%");
        }
    }

    #[test]
    fn only_plain_numbers_are_percentages() {
        for text in ["", ".", "1.", ".5", "-5", "1e1", "5 0", "half"] {
            assert_eq!(shifted(text), None, "{text}");
        }
    }
}
