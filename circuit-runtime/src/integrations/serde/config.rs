//! `Config` from and to a file: the options of the attribute under their names.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::values::{Seed, Written};
use crate::config::option::{ConfigOption, for_each_option};
use crate::config::{Choice, Config, Window};

macro_rules! options {
    ($($option:ident $field:ident $spec:ident,)*) => {
        const OPTIONS: &[&str] = &[$(ConfigOption::$option.name()),*];

        impl Given {
            /// Takes the option's value from the map. What is wrong with the value, or with it and
            /// an earlier one, is an error of the value: so a format that knows lines tells that of
            /// the value.
            fn read<'de, A: MapAccess<'de>>(
                &mut self,
                option: ConfigOption,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match option {
                    $(ConfigOption::$option => {
                        let with = |choice| {
                            Config { $field: choice, ..Config::new() }.over(self.checked)
                        };
                        let choice = map.next_value_seed(Seed {
                            option,
                            check: |choice| with(choice).validate(),
                            value: PhantomData,
                        })?;
                        self.checked = with(choice);
                        self.config.$field = choice;
                    })*
                }
                Ok(())
            }
        }
    };
}

for_each_option!(options);

/// What was given, and `off` for what was taken back: reading it back makes the same `Config`.
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Config", OPTIONS.len())?;
        macro_rules! fields {
            ($($option:ident $field:ident $spec:ident,)*) => {
                $(match self.$field {
                    Choice::Given(value) => {
                        out.serialize_field(stringify!($field), &Written(value))?;
                    }
                    Choice::Off => out.serialize_field(stringify!($field), "off")?,
                    Choice::Unset => out.skip_field(stringify!($field))?,
                })*
            };
        }
        for_each_option!(fields);
        out.end()
    }
}

/// Every option may be left out and has its default then: what is read is a whole configuration,
/// which in [`reconfigure`](crate::CircuitBreaker::reconfigure) drops what it doesn't name. Unknown
/// ones are refused, and so is what [`Config::validate`] refuses. `"off"`, or `false`, takes an
/// option back, as [`Config::off`] does.
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
        while let Some(Name(option)) = map.next_key()? {
            if given.config.names(option) {
                return Err(de::Error::duplicate_field(option.name()));
            }
            given.read(option, &mut map)?;
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

/// Has whatever an option needs, so that one by one they are only refused for themselves or for
/// what stands before them.
const COMPLETE: Config = Config::new()
    .failure_rate(1.0)
    .failure_count(1)
    .slow_call(Duration::from_nanos(1))
    .window(Window::Time(Duration::MAX))
    .recovery(Duration::from_nanos(1))
    .backoff(2.0)
    .max_concurrent(1);

/// The name of an option.
struct Name(ConfigOption);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an option")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                let option = ConfigOption::ALL.iter().find(|option| option.name() == text);
                option.copied().map(Name).ok_or_else(|| E::unknown_field(text, OPTIONS))
            }
        }

        deserializer.deserialize_identifier(Word)
    }
}
