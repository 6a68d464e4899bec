//! `Config` from and to a file: the options of the attribute under their names.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Text, duration};
use crate::config::{Config, OnCancel, Window};

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

            /// Takes the option's value from the map into the configuration.
            fn read<'de, A: MapAccess<'de>>(
                self,
                config: Config,
                map: &mut A,
            ) -> Result<Config, A::Error> {
                let text = OPTIONS[self as usize];
                Ok(match self {
                    $(Name::$name => {
                        let value = map.next_value::<$type>();
                        let value = value.map_err(|error| {
                            de::Error::custom(format_args!("`{text}`: {error}"))
                        })?;
                        config.$name(value.into())
                    })*
                })
            }
        }
    };
}

options! {
    threshold: u32,
    failure_rate: Rate,
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
        let mut config = Config::new();
        let mut seen = [false; OPTIONS.len()];
        while let Some(name) = map.next_key::<Name>()? {
            if std::mem::replace(&mut seen[name as usize], true) {
                return Err(de::Error::duplicate_field(OPTIONS[name as usize]));
            }
            config = name.read(config, &mut map)?;
        }
        config.validate().map_err(de::Error::custom)?;
        Ok(config)
    }
}

/// Reads text, and nothing else.
macro_rules! from_text {
    ($type:ty, $expecting:literal, $read:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Words;

                impl Visitor<'_> for Words {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        $read(text)
                    }
                }

                deserializer.deserialize_str(Words)
            }
        }
    };
}

from_text!(Name, "the name of an option", |text| {
    Name::of(text).ok_or_else(|| E::unknown_field(text, OPTIONS))
});

from_text!(Text, "a duration such as \"30s\"", |text| read_duration(text).map(Text));

from_text!(OnCancel, "`ignore` or `failure`", |text| match text {
    "ignore" => Ok(OnCancel::Ignore),
    "failure" => Ok(OnCancel::Failure),
    _ => Err(E::unknown_variant(text, &["ignore", "failure"])),
});

fn read_duration<E: de::Error>(text: &str) -> Result<Duration, E> {
    duration::parse(text).map_err(|error| E::custom(format_args!("\"{text}\" {error}")))
}

impl From<Text> for Duration {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// A number of calls, or a duration as text.
impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CallsOrTime;

        impl Visitor<'_> for CallsOrTime {
            type Value = Window;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of calls, or a duration such as \"30s\"")
            }

            fn visit_u64<E: de::Error>(self, calls: u64) -> Result<Window, E> {
                // What doesn't fit is refused with its bound, like everything above a million.
                Ok(Window::Calls(u32::try_from(calls).unwrap_or(u32::MAX)))
            }

            fn visit_i64<E: de::Error>(self, calls: i64) -> Result<Window, E> {
                self.visit_u64(u64::try_from(calls).unwrap_or(0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Window, E> {
                read_duration(text).map(Window::Time)
            }
        }

        deserializer.deserialize_any(CallsOrTime)
    }
}

/// A number, or text such as `50%`.
struct Rate(f64);

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrPercent;

        impl Visitor<'_> for NumberOrPercent {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 0.5, or text such as \"50%\"")
            }

            fn visit_f64<E: de::Error>(self, rate: f64) -> Result<Rate, E> {
                Ok(Rate(rate))
            }

            fn visit_u64<E: de::Error>(self, rate: u64) -> Result<Rate, E> {
                Ok(Rate(f64::from(u32::try_from(rate).unwrap_or(u32::MAX))))
            }

            fn visit_i64<E: de::Error>(self, rate: i64) -> Result<Rate, E> {
                self.visit_u64(u64::try_from(rate).unwrap_or(0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                // Shifted in the text, so that "33.3%" is the number that 0.333 is.
                let digits = text.trim().strip_suffix('%').map(str::trim_end);
                digits
                    .filter(|digits| {
                        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                    })
                    .and_then(|digits| format!("{digits}e-2").parse().ok())
                    .map(Rate)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(NumberOrPercent)
    }
}
