//! The values of the options: a number, a rate, a duration as text, a word, and `off`.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Text;
use crate::config::duration;
use crate::config::error::ConfigError;
use crate::config::option::ConfigOption;
use crate::config::{Choice, OnCancel, Range, Window};

/// The value of an option. Each form that isn't given is refused, with the option's name.
pub(super) trait Value: Copy {
    /// What is expected, in front of "for `recovery`".
    fn expected(range: Range) -> &'static str;

    fn whole(_: u64) -> Option<Self> {
        None
    }

    fn fraction(_: f64) -> Option<Self> {
        None
    }

    /// Text is whatever it says: in the environment, numbers are text, too.
    fn text(text: &str, range: Range) -> Result<Self, Unread>;

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Why a text isn't read.
pub(super) enum Unread {
    /// It is something else.
    Other,
    Duration(String),
}

/// A value as it is read.
pub(super) struct Written<T>(pub(super) T);

impl<T: Value> Serialize for Written<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Reads what is said of an option, and checks it.
pub(super) struct Seed<T, F> {
    pub(super) option: ConfigOption,
    pub(super) check: F,
    pub(super) value: PhantomData<T>,
}

impl<'de, T: Value, F: Fn(Choice<T>) -> Result<(), ConfigError>> DeserializeSeed<'de>
    for Seed<T, F>
{
    type Value = Choice<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Choice<T>, D::Error> {
        let choice = deserializer.deserialize_any(Read(self.option, PhantomData))?;
        (self.check)(choice).map_err(de::Error::custom)?;
        Ok(choice)
    }
}

struct Read<T>(ConfigOption, PhantomData<T>);

impl<T: Value> Read<T> {
    fn or_unexpected<E: de::Error>(
        &self,
        value: Option<T>,
        found: de::Unexpected<'_>,
    ) -> Result<Choice<T>, E> {
        value.map(Choice::Given).ok_or_else(|| E::invalid_type(found, self))
    }
}

impl<T: Value> Visitor<'_> for Read<T> {
    type Value = Choice<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.0.spec();
        write!(f, "{} for `{}`", T::expected(spec.range), spec.name)
    }

    /// `false`: what YAML 1.1 makes of `off`.
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Choice<T>, E> {
        if value {
            return Err(E::invalid_type(de::Unexpected::Bool(value), &self));
        }
        Ok(Choice::Off)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Choice<T>, E> {
        self.or_unexpected(T::whole(value), de::Unexpected::Unsigned(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Choice<T>, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            // What is below zero is refused with its range, like zero.
            Err(_) => self.or_unexpected(T::whole(0), de::Unexpected::Signed(value)),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Choice<T>, E> {
        self.or_unexpected(T::fraction(value), de::Unexpected::Float(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Choice<T>, E> {
        if text.trim() == "off" {
            return Ok(Choice::Off);
        }
        let spec = self.0.spec();
        T::text(text.trim(), spec.range).map(Choice::Given).map_err(|unread| match unread {
            Unread::Other => E::invalid_value(de::Unexpected::Str(text), &self),
            Unread::Duration(error) => E::custom(format_args!("`{}`: {error}", spec.name)),
        })
    }
}

/// A value by itself, which can't be off.
fn value<'de, T: Value, D: Deserializer<'de>>(
    option: ConfigOption,
    deserializer: D,
) -> Result<T, D::Error> {
    let choice = deserializer.deserialize_any(Read::<T>(option, PhantomData))?;
    choice.given().ok_or_else(|| {
        de::Error::custom(format_args!("`{option}` can't be `off`: {}", option.spec().range_error))
    })
}

/// A number of calls, or a duration as text.
impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        value(ConfigOption::Window, deserializer)
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Window::Calls(calls) => serializer.serialize_u32(calls),
            Window::Time(length) => Text(length).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for OnCancel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        value(ConfigOption::OnCancel, deserializer)
    }
}

impl Serialize for OnCancel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            OnCancel::Ignore => "ignore",
            OnCancel::Failure => "failure",
            OnCancel::Slow => "slow",
        })
    }
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

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self)
    }
}

impl Value for f64 {
    fn expected(range: Range) -> &'static str {
        match range {
            Range::Rate => "a number such as 0.5, or text such as \"50%\",",
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
        let Some(percent) = text.strip_suffix('%').filter(|_| range == Range::Rate) else {
            return text.parse().map_err(|_| Unread::Other);
        };
        // Shifted in the text, so that "33.3%" is the number that 0.333 is.
        let percent = percent.trim_end();
        let is_plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rate = is_plain.then(|| format!("{percent}e-2").parse().ok()).flatten();
        rate.ok_or(Unread::Other)
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self)
    }
}

impl Value for Duration {
    fn expected(_: Range) -> &'static str {
        "a duration such as \"30s\""
    }

    fn text(text: &str, _: Range) -> Result<Duration, Unread> {
        duration::parse(text).map_err(Unread::Duration)
    }

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        Text(self).serialize(serializer)
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

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
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

    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}
