//! What the code that `#[circuit_breaker]` generates names. It is no API: it changes with the
//! attribute, which comes from the same release.
//!
//! Nothing here knows how a circuit works. Generated code stays short by calling generic helpers,
//! and the bounds on them are what tells users of a wrong signature.

mod any;
mod fallback;
mod key;
mod returns;
mod run;
mod seen;
mod timed;

pub use core;
pub use core::result::Result::{Err as Rejected, Ok as Admitted};
pub use core::time::Duration;

pub use any::{Ended, clone_argument, finish_any, reason, whole_reason};
pub use fallback::*;
pub use key::Key;
pub use returns::{
    Bare, Judged, Limited, Rejectable, Returns, bare, bare_limited, judge_bare, judge_judged,
    judged_limited, limited, rejectable, rejectable_limited,
};
pub use run::{body, judge, mention, run_async};
pub use seen::Seen;
pub use timed::{run_timed, time_out, time_out_any};

pub use crate::config::checked::{Checked, U32OrDuration, max_keys, name, timeout};
pub use crate::config::option::ConfigOption;
pub use crate::observe::name::Name;
pub use crate::permit::{FnHandle, RefHandle, StaticHandle};
pub use crate::{CallError, CircuitBreaker, CircuitOpenError, Config, OnCancel, Outcome, Window};

use crate::permit::{Fallback, Handle, KeyHandle, RawPermit, SharedHandle};
use crate::primitives::sync::const_fn;

const_fn! {
/// The circuit of one function.
#[must_use]
pub fn create(name: Name, config: Config) -> CircuitBreaker {
    CircuitBreaker::build(name, config, None)
}
}

const_fn! {
/// One circuit per key.
#[must_use]
pub fn create_keyed(name: Name, config: Config, max_keys: u32) -> CircuitBreaker {
    CircuitBreaker::build(name, config, Some(max_keys))
}
}

/// `breaker = PATH`
#[inline]
pub fn share(breaker: &'static CircuitBreaker) -> &'static CircuitBreaker {
    breaker
}

/// Asks for a permit. From here on the call's own code runs: a permit that is dropped was dropped
/// by a panic.
#[inline]
pub fn enter<S: StaticHandle>(handle: S) -> Result<RawPermit<S>, CircuitOpenError> {
    let admission = handle.get().enter(Fallback::None)?;
    Ok(RawPermit::entered(handle, admission))
}

/// `enter` of a function with a fallback.
#[inline]
pub fn enter_or_fall_back<S: StaticHandle>(handle: S) -> Result<RawPermit<S>, CircuitOpenError> {
    let admission = handle.get().enter(Fallback::Runs)?;
    Ok(RawPermit::entered(handle, admission))
}

/// `enter` of a function with `breaker = PATH`.
#[inline]
pub fn enter_shared<S: StaticHandle>(
    handle: S,
) -> Result<RawPermit<SharedHandle<S>>, CircuitOpenError> {
    let admission = handle.get().enter_shared(Fallback::None)?;
    Ok(RawPermit::entered(SharedHandle(handle), admission))
}

/// `enter` of a function with `breaker = PATH` and a fallback.
#[inline]
pub fn enter_shared_or_fall_back<S: StaticHandle>(
    handle: S,
) -> Result<RawPermit<SharedHandle<S>>, CircuitOpenError> {
    let admission = handle.get().enter_shared(Fallback::Runs)?;
    Ok(RawPermit::entered(SharedHandle(handle), admission))
}

/// `enter` of a function with a key.
#[inline]
pub fn enter_keyed<S: StaticHandle>(
    breaker: S,
    key: &str,
) -> Result<RawPermit<KeyHandle<S>>, CircuitOpenError> {
    let (published, admission) = breaker.get().enter_key(key, Fallback::None)?;
    Ok(RawPermit::entered(KeyHandle { breaker, published }, admission))
}

/// `enter` of a function with a key and a fallback.
#[inline]
pub fn enter_keyed_or_fall_back<S: StaticHandle>(
    breaker: S,
    key: &str,
) -> Result<RawPermit<KeyHandle<S>>, CircuitOpenError> {
    let (published, admission) = breaker.get().enter_key(key, Fallback::Runs)?;
    Ok(RawPermit::entered(KeyHandle { breaker, published }, admission))
}

/// What a call of a shared circuit keeps while its own code runs.
#[inline]
pub fn frame<S: Handle>(permit: &RawPermit<S>) -> S::Frame {
    permit.frame()
}

/// The call came to this.
#[inline]
pub fn finish<S: Handle>(permit: RawPermit<S>, outcome: Outcome) {
    permit.record(outcome);
}
