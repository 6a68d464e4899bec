//! `Config` from and to a file: the options of the attribute under their names.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Text;
use super::values::{Rate, Seed};
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
