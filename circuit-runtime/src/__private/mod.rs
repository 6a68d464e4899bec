//! What the code that `#[circuit_breaker]` generates names. It is no API: it changes with the
//! attribute, which comes from the same release.
//!
//! Nothing here knows how a circuit works. Generated code stays short by calling generic helpers,
//! and the bounds on them are what tells users of a wrong signature.

mod any;
mod constants;
mod fallback;
mod key;
mod name;
mod returns;
mod run;
mod timed;

pub use core;
pub use core::result::Result::{Err as Rejected, Ok as Admitted};
pub use core::time::Duration;

pub use any::{Ended, clone_argument, reason, run_any, run_async_any, whole_reason};
pub use constants::{U32OrDuration, checked, checked_keyed, factor, name, part, rate, time, whole};
pub use fallback::*;
pub use key::Key;
pub use name::name_of;
pub use returns::{
    Bare, Judged, Limited, Rejectable, Returns, bare, bare_limited, judge_bare, judge_judged,
    judged_limited, limited, rejectable, rejectable_limited,
};
pub use run::{mention, run, run_async};
pub use timed::{in_time, run_timed, run_timed_any};

pub use crate::{CallError, CircuitBreaker, CircuitOpenError, Config, OnCancel, Outcome, Window};

use crate::permit::{Fallback, Permit};

/// What a generated function keeps its circuit in: registered at its first call.
pub type Static = once_cell::sync::Lazy<&'static CircuitBreaker>;

/// The circuit of one function.
#[cold]
#[must_use]
pub fn create(name: &'static str, config: Config) -> &'static CircuitBreaker {
    share(Box::leak(Box::new(CircuitBreaker::new(name, config))))
}

/// One circuit per key.
#[cold]
#[must_use]
pub fn create_keyed(name: &'static str, config: Config, max_keys: u32) -> &'static CircuitBreaker {
    share(Box::leak(Box::new(CircuitBreaker::keyed(name, config, max_keys))))
}

/// `breaker = PATH`
#[cold]
pub fn share(breaker: &'static CircuitBreaker) -> &'static CircuitBreaker {
    breaker.register();
    breaker
}

/// Asks for a permit. From here on the call's own code runs: a permit that is dropped was dropped
/// by a panic.
#[inline]
pub fn enter(breaker: &CircuitBreaker) -> Result<Permit<'_>, CircuitOpenError> {
    inside(breaker.admit(None, Fallback::None))
}

/// `enter` of a function with a fallback.
#[inline]
pub fn enter_or_fall_back(breaker: &CircuitBreaker) -> Result<Permit<'_>, CircuitOpenError> {
    inside(breaker.admit(None, Fallback::Runs))
}

/// `enter` of a function with a key.
#[inline]
pub fn enter_keyed<'a>(
    breaker: &'a CircuitBreaker,
    key: &str,
) -> Result<Permit<'a>, CircuitOpenError> {
    inside(breaker.admit(Some(key), Fallback::None))
}

/// `enter` of a function with a key and a fallback.
#[inline]
pub fn enter_keyed_or_fall_back<'a>(
    breaker: &'a CircuitBreaker,
    key: &str,
) -> Result<Permit<'a>, CircuitOpenError> {
    inside(breaker.admit(Some(key), Fallback::Runs))
}

#[inline]
fn inside(mut entry: Result<Permit<'_>, CircuitOpenError>) -> Result<Permit<'_>, CircuitOpenError> {
    if let Ok(permit) = &mut entry {
        permit.inside(true);
    }
    entry
}
