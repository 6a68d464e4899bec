//! The forms of the options' values: a number, a rate, a duration as text, a word.

use std::time::Duration;

use super::duration;
use super::{OnCancel, Range, Window};

/// The value of an option. Each form that isn't given is refused, with the option's name.
pub(crate) trait Value: Copy {
    /// What is expected, in front of "for `recovery`".
    fn expected(range: Range) -> &'static str;

    fn whole(_: u64) -> Option<Self> {
        None
    }

    fn fraction(_: f64) -> Option<Self> {
        None
    }

    /// A number below zero, which is out of every option's range.
    fn below_zero() -> Option<Self> {
        Self::fraction(-1.0).or_else(|| Self::whole(0))
    }

    /// Text is whatever it says: in the environment, numbers are text, too.
    fn text(text: &str, range: Range) -> Result<Self, Unread>;
}

/// Why a text isn't read.
pub(crate) enum Unread {
    /// It is something else.
    Other,
    Duration(String),
}

/// What doesn't fit is refused with its range, like everything above a million.
fn fitting(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Value for u32 {
    fn expected(_: Range) -> &'static str {
        "a whole number"
    }

    fn whole(number: u64) -> Option<u32> {
        Some(fitting(number))
    }

    fn text(text: &str, _: Range) -> Result<u32, Unread> {
        text.parse().map(fitting).map_err(|_| Unread::Other)
    }
}

/// Whether text such as `"50%"` is a value, too.
pub(crate) fn takes_percentages(range: Range) -> bool {
    matches!(range, Range::Rate | Range::Share)
}

impl Value for f64 {
    fn expected(range: Range) -> &'static str {
        match range {
            Range::Rate | Range::Share => "a number such as 0.5, or text such as \"50%\",",
            _ => "a number",
        }
    }

    fn whole(number: u64) -> Option<f64> {
        Some(f64::from(fitting(number)))
    }

    fn fraction(number: f64) -> Option<f64> {
        Some(number)
    }

    fn text(text: &str, range: Range) -> Result<f64, Unread> {
        let Some(percent) = text.strip_suffix('%').filter(|_| takes_percentages(range)) else {
            return text.parse().map_err(|_| Unread::Other);
        };
        // Shifted in the text, so that "33.3%" is the number that 0.333 is.
        let percent = percent.trim_end();
        let is_plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rate = is_plain.then(|| format!("{percent}e-2").parse().ok()).flatten();
        rate.ok_or(Unread::Other)
    }
}

impl Value for Duration {
    fn expected(_: Range) -> &'static str {
        "a duration such as \"30s\""
    }

    fn text(text: &str, _: Range) -> Result<Duration, Unread> {
        duration::parse(text).map_err(Unread::Duration)
    }
}

impl Value for Window {
    fn expected(_: Range) -> &'static str {
        "a number of calls, or a duration such as \"30s\","
    }

    fn whole(calls: u64) -> Option<Window> {
        Some(Window::Calls(fitting(calls)))
    }

    fn text(text: &str, range: Range) -> Result<Window, Unread> {
        match u32::text(text, range) {
            Ok(calls) => Ok(Window::Calls(calls)),
            Err(_) => Duration::text(text, range).map(Window::Time),
        }
    }
}

impl Value for OnCancel {
    fn expected(_: Range) -> &'static str {
        "`ignore`, `failure` or `slow`"
    }

    fn text(text: &str, _: Range) -> Result<OnCancel, Unread> {
        match text {
            "ignore" => Ok(OnCancel::Ignore),
            "failure" => Ok(OnCancel::Failure),
            "slow" => Ok(OnCancel::Slow),
            _ => Err(Unread::Other),
        }
    }
}
