//! The values of the options: a number, a rate, a duration as text, a word.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Visitor};

use super::duration::DurationError;
use super::{Text, duration};
use crate::config::{OnCancel, Window};
use crate::error::ConfigError;

/// The value of an option. Each form that isn't given is refused, with the option's name.
pub(super) trait Value: Sized {
    /// What is expected, in front of "for `recovery`".
    const EXPECTED: &'static str;

    fn whole(_: u64) -> Option<Self> {
        None
    }

    fn fraction(_: f64) -> Option<Self> {
        None
    }

    /// Text is whatever it says: in the environment, numbers are text, too.
    fn text(text: &str) -> Result<Self, Unread>;
}

/// Why a text isn't read.
pub(super) enum Unread {
    /// It is something else.
    Other,
    Duration(DurationError),
}

/// Reads the value of the option of this name, and checks it.
pub(super) struct Seed<T, F> {
    pub(super) name: &'static str,
    pub(super) check: F,
    pub(super) value: PhantomData<T>,
}

impl<'de, T: Value, F: Fn(&T) -> Result<(), ConfigError>> DeserializeSeed<'de> for Seed<T, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let value = deserializer.deserialize_any(Read::<T>(self.name, PhantomData))?;
        (self.check)(&value).map_err(de::Error::custom)?;
        Ok(value)
    }
}

struct Read<T>(&'static str, PhantomData<T>);

impl<T: Value> Read<T> {
    fn or_unexpected<E: de::Error>(
        &self,
        value: Option<T>,
        found: de::Unexpected<'_>,
    ) -> Result<T, E> {
        value.ok_or_else(|| E::invalid_type(found, self))
    }
}

impl<T: Value> Visitor<'_> for Read<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for `{}`", T::EXPECTED, self.0)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        self.or_unexpected(T::whole(value), de::Unexpected::Unsigned(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            // What is below zero is refused with its bound, like zero.
            Err(_) => self.or_unexpected(T::whole(0), de::Unexpected::Signed(value)),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        self.or_unexpected(T::fraction(value), de::Unexpected::Float(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::text(text.trim()).map_err(|unread| match unread {
            Unread::Other => E::invalid_value(de::Unexpected::Str(text), &self),
            Unread::Duration(error) => E::custom(format_args!("`{}`: \"{text}\" {error}", self.0)),
        })
    }
}

/// A number of calls, or a duration as text.
impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read("window", PhantomData))
    }
}

impl<'de> Deserialize<'de> for OnCancel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read("on_cancel", PhantomData))
    }
}

/// What doesn't fit is refused with its bound, like everything above a million.
fn fitting(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number";

    fn whole(number: u64) -> Option<u32> {
        Some(fitting(number))
    }

    fn text(text: &str) -> Result<u32, Unread> {
        text.parse().map(fitting).map_err(|_| Unread::Other)
    }
}

impl Value for f64 {
    const EXPECTED: &'static str = "a number";

    fn whole(number: u64) -> Option<f64> {
        Some(f64::from(fitting(number)))
    }

    fn fraction(number: f64) -> Option<f64> {
        Some(number)
    }

    fn text(text: &str) -> Result<f64, Unread> {
        text.parse().map_err(|_| Unread::Other)
    }
}

/// A share of calls.
#[derive(Clone, Copy)]
pub(super) struct Rate(f64);

impl Value for Rate {
    const EXPECTED: &'static str = "a number such as 0.5, or text such as \"50%\",";

    fn whole(number: u64) -> Option<Rate> {
        f64::whole(number).map(Rate)
    }

    fn fraction(number: f64) -> Option<Rate> {
        Some(Rate(number))
    }

    fn text(text: &str) -> Result<Rate, Unread> {
        let Some(percent) = text.strip_suffix('%').map(str::trim_end) else {
            return f64::text(text).map(Rate);
        };
        // Shifted in the text, so that "33.3%" is the number that 0.333 is.
        let is_plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rate = is_plain.then(|| format!("{percent}e-2").parse().ok()).flatten();
        rate.map(Rate).ok_or(Unread::Other)
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl Value for Text {
    const EXPECTED: &'static str = "a duration such as \"30s\"";

    fn text(text: &str) -> Result<Text, Unread> {
        duration::parse(text).map(Text).map_err(Unread::Duration)
    }
}

impl From<Text> for Duration {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl Value for Window {
    const EXPECTED: &'static str = "a number of calls, or a duration such as \"30s\",";

    fn whole(calls: u64) -> Option<Window> {
        Some(Window::Calls(fitting(calls)))
    }

    fn text(text: &str) -> Result<Window, Unread> {
        match u32::text(text) {
            Ok(calls) => Ok(Window::Calls(calls)),
            Err(_) => Text::text(text).map(|Text(length)| Window::Time(length)),
        }
    }
}

impl Value for OnCancel {
    const EXPECTED: &'static str = "`ignore` or `failure`";

    fn text(text: &str) -> Result<OnCancel, Unread> {
        match text {
            "ignore" => Ok(OnCancel::Ignore),
            "failure" => Ok(OnCancel::Failure),
            _ => Err(Unread::Other),
        }
    }
}
