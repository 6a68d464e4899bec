//! `enter` of functions whose calls may wait for a place of the bulkhead: where `max_wait` is given,
//! or may be, by a `preset` or where a shared circuit is defined.

use crate::CircuitOpenError;
use crate::breaker::entry::WaitFor;
use crate::breaker::waiting::Caller;
use crate::permit::{Fallback, KeyHandle, RawPermit, SharedHandle, SharedKeyHandle, StaticHandle};

pub use crate::breaker::entry::Entry;

type Entered<P> = Result<RawPermit<P>, CircuitOpenError>;

/// `enter` of a function that blocks.
#[inline]
pub fn enter_waiting<S: StaticHandle>(handle: S, fallback: Fallback) -> Entered<S> {
    let admission = handle.get().enter_waiting(fallback)?;
    Ok(RawPermit::entered(handle, admission))
}

/// `enter` of an async function.
#[inline]
pub fn enter_waiting_async<S: StaticHandle>(
    handle: S,
    fallback: Fallback,
) -> Entry<RawPermit<S>, impl WaitFor<RawPermit<S>>> {
    let permit = move |_: &_, admission| RawPermit::entered(handle, admission);
    Caller::OwnOfFunction(handle.get()).begin(fallback, permit)
}

/// `enter_shared` of a function that blocks.
#[inline]
pub fn enter_shared_waiting<S: StaticHandle>(
    handle: S,
    fallback: Fallback,
) -> Entered<SharedHandle<S>> {
    let admission = match handle.get().passing() {
        Some(admission) => admission,
        None => handle.get().enter_waiting(fallback)?,
    };
    Ok(RawPermit::entered(SharedHandle(handle), admission))
}

/// `enter_shared` of an async function.
#[inline]
pub fn enter_shared_waiting_async<S: StaticHandle>(
    handle: S,
    fallback: Fallback,
) -> Entry<RawPermit<SharedHandle<S>>, impl WaitFor<RawPermit<SharedHandle<S>>> + use<S>> {
    let permit = move |_: &_, admission| RawPermit::entered(SharedHandle(handle), admission);
    match handle.get().passing() {
        Some(admission) => Entry::Now(Ok(RawPermit::entered(SharedHandle(handle), admission))),
        None => Caller::OwnOfFunction(handle.get()).begin(fallback, permit),
    }
}

/// `enter_keyed` of a function that blocks.
#[inline]
pub fn enter_keyed_waiting<S: StaticHandle>(
    breaker: S,
    key: &str,
    fallback: Fallback,
) -> Entered<KeyHandle<'static, S>> {
    let (published, admission) = Caller::Key(breaker.get(), key).block(fallback)?;
    Ok(RawPermit::entered(KeyHandle { breaker, published }, admission))
}

/// `enter_keyed` of an async function.
#[inline]
pub fn enter_keyed_waiting_async<S: StaticHandle>(
    breaker: S,
    key: &str,
    fallback: Fallback,
) -> Entry<RawPermit<KeyHandle<'static, S>>, impl WaitFor<RawPermit<KeyHandle<'static, S>>> + use<S>>
{
    let permit =
        move |published, admission| RawPermit::entered(KeyHandle { breaker, published }, admission);
    Caller::Key(breaker.get(), key).begin(fallback, permit)
}

/// `enter_keyed_shared` of a function that blocks.
#[inline]
pub fn enter_keyed_shared_waiting<S: StaticHandle>(
    breaker: S,
    key: &str,
    fallback: Fallback,
) -> Entered<SharedKeyHandle<S>> {
    let passing = breaker.get().passing_key(key);
    let (published, running, admission) = if let Some(passing) = passing {
        passing
    } else {
        let (published, admission) = Caller::Key(breaker.get(), key).block(fallback)?;
        (published, breaker.get().running(key, published), admission)
    };
    Ok(RawPermit::entered(SharedKeyHandle { breaker, published, running }, admission))
}

/// `enter_keyed_shared` of an async function.
#[inline]
pub fn enter_keyed_shared_waiting_async<S: StaticHandle>(
    breaker: S,
    key: &str,
    fallback: Fallback,
) -> Entry<RawPermit<SharedKeyHandle<S>>, impl WaitFor<RawPermit<SharedKeyHandle<S>>> + use<S>> {
    let permit = move |key: &str, published, admission| {
        let running = breaker.get().running(key, published);
        RawPermit::entered(SharedKeyHandle { breaker, published, running }, admission)
    };
    if let Some((published, running, admission)) = breaker.get().passing_key(key) {
        let handle = SharedKeyHandle { breaker, published, running };
        return Entry::Now(Ok(RawPermit::entered(handle, admission)));
    }
    match Caller::Key(breaker.get(), key)
        .begin(fallback, |published, admission| (published, admission))
    {
        Entry::Now(entered) => {
            Entry::Now(entered.map(|(published, admission)| permit(key, published, admission)))
        }
        Entry::Later(later) => {
            let key: Box<str> = key.into();
            Entry::Later(
                later.giving(move |published, admission| permit(&key, published, admission)),
            )
        }
    }
}
