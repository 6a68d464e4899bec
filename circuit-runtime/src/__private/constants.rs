//! Values that only the compiler can evaluate, checked when the build does so.
//!
//! `#[track_caller]` makes the error point at the user's expression, around which the attribute
//! puts these calls; it also passes the message, which it has for literals as well.

use core::time::Duration;

use crate::{Config, Window};

macro_rules! require {
    ($holds:expr, $message:expr) => {
        if !$holds {
            panic!("{}", $message);
        }
    };
}

/// From 1 to `most`.
#[track_caller]
#[must_use]
pub const fn whole(value: u32, most: u32, message: &'static str) -> u32 {
    require!(value >= 1 && value <= most, message);
    value
}

/// Above 0 and at most 1.
#[track_caller]
#[must_use]
pub const fn rate(value: f64, message: &'static str) -> f64 {
    require!(value > 0.0 && value <= 1.0, message);
    value
}

/// At least 1.
#[track_caller]
#[must_use]
pub const fn factor(value: f64, message: &'static str) -> f64 {
    require!(value >= 1.0 && value < f64::INFINITY, message);
    value
}

/// At least 0 and below 1.
#[track_caller]
#[must_use]
pub const fn part(value: f64, message: &'static str) -> f64 {
    require!(value >= 0.0 && value < 1.0, message);
    value
}

/// Longer than zero.
#[track_caller]
#[must_use]
pub const fn time(value: Duration, message: &'static str) -> Duration {
    require!(!value.is_zero(), message);
    value
}

/// Not empty.
#[track_caller]
#[must_use]
pub const fn name(value: &'static str) -> &'static str {
    require!(!value.is_empty(), "`name` must not be empty");
    value
}

/// `window = W`, where `W` is a `u32` or a `Duration`: inherent methods of two types, since a
/// trait has no `const` ones. Of another type there is none, and the error shows this name.
#[derive(Debug)]
pub struct U32OrDuration<T>(pub T);

impl U32OrDuration<u32> {
    /// The last so many calls.
    #[track_caller]
    #[must_use]
    pub const fn window(self) -> Window {
        require!(self.0 >= 1 && self.0 <= 1_000_000, "`window` must be from 1 to 1,000,000");
        Window::Calls(self.0)
    }
}

impl U32OrDuration<Duration> {
    /// The last so much time.
    #[track_caller]
    #[must_use]
    pub const fn window(self) -> Window {
        require!(!self.0.is_zero(), "`window` must be longer than zero");
        Window::Time(self.0)
    }
}

/// The values together.
#[track_caller]
#[must_use]
pub const fn checked(config: Config) -> Config {
    if let Err(error) = config.validate() {
        panic!("{}", error.message());
    }
    config
}

/// The values together, of a circuit per key.
#[track_caller]
#[must_use]
pub const fn checked_keyed(config: Config) -> Config {
    if let Err(error) = config.validate_keyed() {
        panic!("{}", error.message());
    }
    config
}
