//! Every shape of function that the attribute goes on. The files here are compiled once per
//! edition (`tests/editions`), so they use nothing that is newer than 2018's syntax.

// They are what users write, not how we would.
#![allow(clippy::all, clippy::pedantic)]

mod async_fns;
mod bodies;
mod boxed;
mod fallbacks;
mod fallbacks_any;
mod generics;
mod names;
mod parameters;
mod patterns;
mod receivers;
mod returns;
mod traits;

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use circuit_runtime::CircuitOpenError;

/// What the guarded functions here fail with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum E {
    /// The circuit rejected the call.
    Open,
    /// The body failed.
    Down,
}

impl From<CircuitOpenError> for E {
    fn from(_: CircuitOpenError) -> Self {
        E::Open
    }
}

/// What a body does that is asked to fail, or not.
pub(crate) fn answer<T>(fail: bool, value: T) -> Result<T, E> {
    if fail { Err(E::Down) } else { Ok(value) }
}

/// Successes, failures and rejections of a circuit.
pub(crate) fn counts(name: &str) -> (u64, u64, u64) {
    let snapshot = circuit_runtime::find(name).expect("was called").snapshot();
    (snapshot.successes, snapshot.failures, snapshot.rejected)
}

/// A success, a failure, and what a call gives while the circuit is open: each counted once.
pub(crate) fn guards<T: Debug>(
    name: &str,
    mut call: impl FnMut(bool) -> Result<T, E>,
) -> Result<T, E> {
    assert!(call(false).is_ok(), "{}", name);
    assert_eq!(counts(name), (1, 0, 0), "{}", name);
    assert!(matches!(call(true), Err(E::Down)), "{}", name);
    assert_eq!(counts(name), (1, 1, 0), "{}", name);
    let rejected = call(false);
    assert_eq!(counts(name), (1, 1, 1), "{}", name);
    rejected
}

/// [`guards`], of a function without a fallback.
pub(crate) fn rejects<T: Debug>(name: &str, call: impl FnMut(bool) -> Result<T, E>) {
    assert!(matches!(guards(name, call), Err(E::Open)), "{}", name);
}

/// Polls a future that is always woken.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Is pending once.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await
}

pub(crate) fn is_send<T: Send>(value: T) -> T {
    value
}
