//! The values of the options: a number, a rate, a duration as text, a word, and `off`.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Text;
use crate::config::error::ConfigError;
use crate::config::option::ConfigOption;
use crate::config::value::{Unread, Value};
use crate::config::{Choice, OnCancel, Window};

/// A value as it is written.
pub(super) trait Write: Value {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A value to be written.
pub(super) struct Written<T>(pub(super) T);

impl<T: Write> Serialize for Written<T> {
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
            Err(_) => self.or_unexpected(T::below_zero(), de::Unexpected::Signed(value)),
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

impl Write for u32 {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self)
    }
}

impl Write for f64 {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self)
    }
}

impl Write for Duration {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        Text(self).serialize(serializer)
    }
}

impl Write for Window {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl Write for OnCancel {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}
