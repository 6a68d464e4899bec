//! The check of a configuration while a crate is built, with its errors at the user's own tokens.

use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use super::error::ConfigError;
use super::option::ConfigOption;
use super::{Config, Window, spec};

/// The options of an attribute, over its preset where it has one.
#[derive(Debug)]
pub struct Checked {
    config: Config,
    /// The attribute's own options.
    written: Config,
    /// The path of the preset; empty where there is none.
    preset: &'static str,
    is_keyed: bool,
    is_async: bool,
}

const MAX_WAIT_OF_ASYNC: &str = "`max_wait` on an async function needs the feature `tokio` of \
     `circuit-runtime`, whose timer limits the wait";

impl Checked {
    /// Without a preset.
    #[must_use]
    pub const fn new(written: Config) -> Self {
        Checked { config: written, written, preset: "", is_keyed: false, is_async: false }
    }

    /// Over a preset, which the attribute calls `path`.
    #[must_use]
    pub const fn over(written: Config, preset: Config, path: &'static str) -> Self {
        let config = written.over(preset);
        Checked { config, written, preset: path, is_keyed: false, is_async: false }
    }

    /// Of a circuit per key.
    #[must_use]
    pub const fn keyed(self) -> Self {
        Checked { is_keyed: true, ..self }
    }

    /// Of async functions.
    #[must_use]
    pub const fn asynchronous(self) -> Self {
        Checked { is_async: true, ..self }
    }

    /// Fails the build here if the error is about this option. Asked option by option, the last written
    /// first: the later of two that don't go together is blamed.
    #[track_caller]
    pub const fn blame(&self, option: ConfigOption) {
        if let Err(error) = self.validate() {
            if is(error.option(), option) || is(error.other(), option) {
                self.fail(error);
            }
        }
    }

    /// The configuration; fails the build here if there is an error.
    #[track_caller]
    #[must_use]
    pub const fn config(self) -> Config {
        if let Err(error) = self.validate() {
            self.fail(error);
        }
        self.config
    }

    const fn validate(&self) -> Result<(), ConfigError> {
        let valid =
            if self.is_keyed { self.config.validate_keyed() } else { self.config.validate() };
        match valid {
            Ok(())
                if self.is_async && self.config.max_wait.is_given() && !cfg!(feature = "tokio") =>
            {
                Err(ConfigError::new(ConfigOption::MaxWait, None, MAX_WAIT_OF_ASYNC))
            }
            valid => valid,
        }
    }

    #[track_caller]
    const fn fail(&self, error: ConfigError) -> ! {
        let option = self.if_from_preset(error.option());
        let other = self.if_from_preset(error.other());
        let text = Text::EMPTY.and(error.message());
        let text = match (option, other) {
            (None, None) => text,
            (Some(_), Some(_)) => text.and("; both come from `preset = ").and(self.preset).and("`"),
            (Some(option), None) | (None, Some(option)) => self.origin(text, option),
        };
        panic!("{}", text.as_str());
    }

    const fn if_from_preset(&self, option: Option<ConfigOption>) -> Option<ConfigOption> {
        match option {
            Some(option) if self.config.names(option) && !self.written.names(option) => {
                Some(option)
            }
            _ => None,
        }
    }

    const fn origin(&self, text: Text, option: ConfigOption) -> Text {
        let text = text.and("; `").and(option.name()).and("` comes from `preset = ");
        text.and(self.preset).and("`")
    }
}

/// Text that is put together while a crate is built.
struct Text {
    bytes: [u8; Text::MOST],
    len: usize,
}

impl Text {
    /// What is longer is cut off.
    const MOST: usize = 512;
    const EMPTY: Text = Text { bytes: [0; Text::MOST], len: 0 };

    const fn and(mut self, more: &str) -> Self {
        let mut rest = more.as_bytes();
        while let [byte, after @ ..] = rest {
            if self.len < Text::MOST {
                self.bytes[self.len] = *byte;
                self.len += 1;
            }
            rest = after;
        }
        self
    }

    const fn as_str(&self) -> &str {
        let (bytes, _) = self.bytes.split_at(self.len);
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => "the options don't go together with those of the `preset`",
        }
    }
}

const fn is(one: Option<ConfigOption>, option: ConfigOption) -> bool {
    matches!(one, Some(one) if one as u8 == option as u8)
}

/// `timeout = LIMIT`
///
/// # Panics
///
/// If it is zero, as all of these while a crate is built.
#[track_caller]
#[must_use]
pub const fn timeout(limit: Duration) -> Duration {
    assert!(!limit.is_zero(), "{}", spec::TIMEOUT.range_error);
    limit
}

/// `stale = AGE`
///
/// # Panics
///
/// If it is zero.
#[track_caller]
#[must_use]
pub const fn stale_age(age: Duration) -> Duration {
    assert!(!age.is_zero(), "{}", spec::STALE.range_error);
    age
}

/// `max_stale = MOST`
///
/// # Panics
///
/// If it is out of range.
#[track_caller]
#[must_use]
pub const fn max_stale(most: u32) -> u32 {
    assert!(spec::MAX_STALE.range.has_whole(most), "{}", spec::MAX_STALE.range_error);
    most
}

/// `idle = LIMIT`
///
/// # Panics
///
/// If it is zero.
#[track_caller]
#[must_use]
pub const fn idle(limit: Duration) -> Duration {
    assert!(!limit.is_zero(), "{}", spec::IDLE.range_error);
    limit
}

/// `max_keys = MOST`
///
/// # Panics
///
/// If it is out of range.
#[track_caller]
#[must_use]
pub const fn max_keys(most: u32) -> u32 {
    assert!(spec::MAX_KEYS.range.has_whole(most), "{}", spec::MAX_KEYS.range_error);
    most
}

/// `name = NAME`
///
/// # Panics
///
/// If it is empty.
#[track_caller]
#[must_use]
pub const fn name(name: &'static str) -> &'static str {
    assert!(!name.is_empty(), "`name` must not be empty");
    name
}

/// `window = W`, where `W` is a `u32` or a `Duration`: inherent methods of two types, since a
/// trait has no `const` ones. Of another type the method is the one behind `Deref`, whose bound says
/// what is wrong.
#[derive(Debug)]
pub struct U32OrDuration<T>(pub T);

/// A `u32` or a `Duration`.
#[diagnostic::on_unimplemented(
    message = "`window` takes a `u32` or a `Duration`, not `{Self}`",
    label = "a `u32` is a number of calls, a `Duration` a time"
)]
pub trait CallsOrTime {}

impl CallsOrTime for u32 {}

impl CallsOrTime for Duration {}

/// What no other type can be.
#[derive(Debug)]
pub struct AnyWindow<T>(PhantomData<T>);

impl<T> Deref for U32OrDuration<T> {
    type Target = AnyWindow<T>;

    fn deref(&self) -> &AnyWindow<T> {
        &AnyWindow(PhantomData)
    }
}

impl<T> AnyWindow<T> {
    /// Never called: those two types have their own.
    #[must_use]
    #[allow(clippy::unused_self, reason = "look-up goes by the value")]
    pub const fn window(&self) -> Window
    where
        T: CallsOrTime,
    {
        Window::Calls(1)
    }
}

impl U32OrDuration<u32> {
    /// The last so many calls.
    #[must_use]
    pub const fn window(self) -> Window {
        Window::Calls(self.0)
    }
}

impl U32OrDuration<Duration> {
    /// The last so much time.
    #[must_use]
    pub const fn window(self) -> Window {
        Window::Time(self.0)
    }
}
