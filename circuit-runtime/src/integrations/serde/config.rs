//! `Config` from and to a file: the options of the attribute under their names.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::duration::DurationError;
use super::{Text, duration};
use crate::config::{Config, OnCancel, Window};
use crate::error::ConfigError;

/// What was given, and what has no default that depends on the rest: reading it back makes the same
/// `Config`.
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Config", OPTIONS.len())?;
        macro_rules! given {
            ($name:ident) => {
                given!($name, |value| value)
            };
            ($name:ident, $as:expr) => {
                match self.$name.map($as) {
                    Some(value) => out.serialize_field(stringify!($name), &value)?,
                    None => out.skip_field(stringify!($name))?,
                }
            };
        }
        given!(threshold);
        given!(failure_rate);
        given!(failure_count);
        given!(slow_call, Text);
        given!(slow_rate);
        given!(window);
        given!(min_calls);
        out.serialize_field("recovery", &Text(self.recovery))?;
        out.serialize_field("backoff", &self.backoff)?;
        given!(max_recovery, Text);
        out.serialize_field("jitter", &self.jitter)?;
        out.serialize_field("success_threshold", &self.success_threshold)?;
        given!(probes);
        given!(probe_timeout, Text);
        out.serialize_field("on_cancel", &self.on_cancel)?;
        given!(max_concurrent);
        out.end()
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

impl Serialize for OnCancel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            OnCancel::Ignore => "ignore",
            OnCancel::Failure => "failure",
        })
    }
}

/// Makes what reads the options: of each its name, and the type that its value is read as.
macro_rules! options {
    ($($name:ident: $type:ty,)*) => {
        const OPTIONS: &[&str] = &[$(stringify!($name)),*];

        /// The name of an option.
        #[derive(Clone, Copy)]
        #[expect(non_camel_case_types, reason = "the options' own names")]
        enum Name {
            $($name),*
        }

        impl Name {
            fn of(text: &str) -> Option<Self> {
                match text {
                    $(stringify!($name) => Some(Name::$name),)*
                    _ => None,
                }
            }

            /// Takes the option's value from the map into the configuration. What is wrong with the
            /// value, or with it and an earlier one, is an error of the value: so a format that
            /// knows lines tells that of the value.
            fn read<'de, A: MapAccess<'de>>(
                self,
                given: &mut Given,
                map: &mut A,
            ) -> Result<(), A::Error> {
                let name = OPTIONS[self as usize];
                match self {
                    $(Name::$name => {
                        let value: $type = map.next_value_seed(Seed {
                            name,
                            check: |value: &$type| given.checked.$name((*value).into()).validate(),
                            value: PhantomData,
                        })?;
                        given.checked = given.checked.$name(value.into());
                        given.config = given.config.$name(value.into());
                    })*
                }
                Ok(())
            }
        }
    };
}

options! {
    threshold: u32,
    failure_rate: Rate,
    failure_count: u32,
    slow_call: Text,
    slow_rate: Rate,
    window: Window,
    min_calls: u32,
    recovery: Text,
    backoff: f64,
    max_recovery: Text,
    jitter: f64,
    success_threshold: u32,
    probes: u32,
    probe_timeout: Text,
    on_cancel: OnCancel,
    max_concurrent: u32,
}

/// Every option may be left out and has its default then: what is read is a whole configuration, which in
/// [`reconfigure`](crate::CircuitBreaker::reconfigure) drops what it doesn't name. Unknown ones are refused, and so is what [`Config::validate`]
/// refuses.
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Config", OPTIONS, Options)
    }
}

struct Options;

impl<'de> Visitor<'de> for Options {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a circuit breaker's options")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut given = Given { config: Config::new(), checked: COMPLETE };
        let mut seen = [false; OPTIONS.len()];
        while let Some(name) = map.next_key::<Name>()? {
            if std::mem::replace(&mut seen[name as usize], true) {
                return Err(de::Error::duplicate_field(OPTIONS[name as usize]));
            }
            name.read(&mut given, &mut map)?;
        }
        given.config.validate().map_err(de::Error::custom)?;
        Ok(given.config)
    }
}

/// What has been read so far.
struct Given {
    config: Config,
    /// The same over [`COMPLETE`].
    checked: Config,
}

/// Has whatever an option needs, so that one by one they are only refused for themselves or for what
/// stands before them.
const COMPLETE: Config = Config::new()
    .failure_rate(1.0)
    .slow_call(Duration::from_nanos(1))
    .window(Window::Calls(1_000_000))
    .recovery(Duration::from_nanos(1))
    .backoff(2.0);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an option")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                Name::of(text).ok_or_else(|| E::unknown_field(text, OPTIONS))
            }
        }

        deserializer.deserialize_identifier(Word)
    }
}

/// The value of an option. Each form that isn't given is refused, with the option's name.
trait Value: Sized {
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
enum Unread {
    /// It is something else.
    Other,
    Duration(DurationError),
}

/// Reads the value of the option of this name, and checks it.
struct Seed<T, F> {
    name: &'static str,
    check: F,
    value: PhantomData<T>,
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
struct Rate(f64);

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
