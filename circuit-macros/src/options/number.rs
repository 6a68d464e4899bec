//! Numbers: written as they are, or as a percentage.

use proc_macro2::Literal;

/// `"33.3%"` as `0.333`, by moving the point: 33.3 / 100.0 is another float.
///
/// Input: `33.3` Output: `0.333`
pub(super) fn hundredth(percent: &str) -> Option<Literal> {
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
