//! `ping`: what a probe runs first.
//!
//! A ping only observes: its panic is caught, and means that the service isn't well.

use core::fmt::Display;
use core::future::{Future, Ready, ready};
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use pin_project_lite::pin_project;

use crate::CircuitOpenError;
use crate::breaker::Pinged;
use crate::foreign::contained;
use crate::guard::{Fuse, take};
use crate::observe::event::error_text;
use crate::permit::{Fallback, Handle, RawPermit};

type Entered<S> = Result<RawPermit<S>, CircuitOpenError>;

/// Whether the call has become a probe.
#[inline]
pub fn is_probe<S: Handle>(permit: &RawPermit<S>) -> bool {
    permit.is_probe()
}

/// What a ping says: that the service is well, or why the probe has failed.
type PingResult = Result<(), PingFailure>;

/// Why a ping failed.
#[derive(Debug)]
pub enum PingFailure {
    /// With an error that can be shown: its text.
    Error(Arc<str>),
    /// With another error.
    Unshown,
    /// It took longer than this.
    TimedOut(Duration),
    /// It panicked.
    Panicked,
}

impl PingFailure {
    fn of(error: &dyn Display) -> Self {
        error_text(&format_args!("ping: {error:#}"))
            .map_or(PingFailure::Unshown, PingFailure::Error)
    }

    /// As transitions show it.
    fn into_text(self) -> Arc<str> {
        match self {
            PingFailure::Error(text) => text,
            PingFailure::Unshown => "ping: failed".into(),
            PingFailure::TimedOut(limit) => format!("ping: no answer within {limit:?}").into(),
            PingFailure::Panicked => "ping: panicked".into(),
        }
    }
}

/// Runs the ping of a function that blocks, under the call's permit.
#[cold]
pub fn ping<S: Handle>(
    mut permit: RawPermit<S>,
    fallback: Fallback,
    ping: impl FnOnce() -> PingResult,
) -> Entered<S> {
    let is_timed = permit.begin_ping();
    let mut pinged = Err(PingFailure::Panicked);
    let frame = permit.frame();
    contained(|| pinged = ping());
    drop(frame);
    permit.end_ping(ended(pinged, is_timed), fallback)
}

fn ended(pinged: PingResult, is_timed: bool) -> Pinged {
    Pinged { answer: pinged.map_err(PingFailure::into_text), is_timed }
}

/// What a ping gives.
#[diagnostic::on_unimplemented(
    message = "`ping` returns a `Result`, whose `Err` says that the service isn't well, but this gives `{Self}`",
    label = "not a `Result`"
)]
pub trait PingAnswer {
    /// Whether the body may run.
    fn is_well(&self) -> bool;
}

impl<T, E> PingAnswer for Result<T, E> {
    #[inline]
    fn is_well(&self) -> bool {
        self.is_ok()
    }
}

fn shown<T, E: Display>(answer: &Result<T, E>) -> PingResult {
    answer.as_ref().map(drop).map_err(|error| PingFailure::of(error))
}

fn unshown<A: PingAnswer>(answer: &A) -> PingResult {
    if answer.is_well() { Ok(()) } else { Err(PingFailure::Unshown) }
}

/// What a ping gave: an answer or, of an async function, a future of one. Method resolution finds out, as for
/// [`Answer`](super::Answer), going from each of these to what it derefs to. This one: a `Result` whose error
/// can be shown.
#[derive(Debug)]
pub struct Ping<V>(PingUnshown<V>);

/// Any other `Result`.
#[derive(Debug)]
pub struct PingUnshown<V>(PingFuture<V>);

/// A future of a `Result` whose error can be shown.
#[derive(Debug)]
pub struct PingFuture<V>(PingFutureUnshown<V>);

/// Any other future.
#[derive(Debug)]
pub struct PingFutureUnshown<V>(PingValue<V>);

/// What is no future and no `Result`.
#[derive(Debug)]
pub struct PingValue<V>(Option<V>);

impl<V> Ping<V> {
    /// Takes what the ping gave.
    #[inline]
    pub fn of(given: V) -> Self {
        Ping(PingUnshown(PingFuture(PingFutureUnshown(PingValue(Some(given))))))
    }
}

impl<T, E: Display> Ping<Result<T, E>> {
    /// The answer to a function that blocks.
    pub fn __circuit_pinged(&mut self) -> PingResult {
        self.take().map_or(Err(PingFailure::Panicked), |answer| shown(&answer))
    }

    /// A future that has the answer already.
    pub fn __circuit_ping(&mut self) -> Ready<PingResult> {
        ready(self.__circuit_pinged())
    }
}

impl<T, E> PingUnshown<Result<T, E>> {
    /// As of [`Ping`].
    pub fn __circuit_pinged(&mut self) -> PingResult {
        self.take().map_or(Err(PingFailure::Panicked), |answer| unshown(&answer))
    }

    /// As of [`Ping`].
    pub fn __circuit_ping(&mut self) -> Ready<PingResult> {
        ready(self.__circuit_pinged())
    }
}

impl<V: Future<Output = Result<T, E>>, T, E: Display> PingFuture<V> {
    /// The future.
    pub fn __circuit_ping(&mut self) -> Asking<V> {
        Asking { future: self.take().expect("`of` put it there"), pinged: shown }
    }
}

impl<V: Future> PingFutureUnshown<V> {
    /// The future.
    pub fn __circuit_ping(&mut self) -> Asking<V>
    where
        V::Output: PingAnswer,
    {
        Asking { future: self.take().expect("`of` put it there"), pinged: unshown }
    }
}

impl<V> PingValue<V> {
    /// Never called: an error.
    pub fn __circuit_pinged(&mut self) -> PingResult
    where
        V: PingAnswer,
    {
        self.take().map_or(Err(PingFailure::Panicked), |answer| unshown(&answer))
    }

    /// Never called: an error.
    pub fn __circuit_ping(&mut self) -> Ready<PingResult>
    where
        V: PingAnswer,
    {
        ready(self.__circuit_pinged())
    }

    fn take(&mut self) -> Option<V> {
        self.0.take()
    }
}

macro_rules! deref {
    ($($of:ident to $to:ident;)*) => {$(
        impl<V> Deref for $of<V> {
            type Target = $to<V>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<V> DerefMut for $of<V> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
    )*};
}

deref! {
    Ping to PingUnshown;
    PingUnshown to PingFuture;
    PingFuture to PingFutureUnshown;
    PingFutureUnshown to PingValue;
}

pin_project! {
    /// A ping that is asked.
    pub struct Asking<V: Future> {
        #[pin]
        future: V,
        pinged: fn(&V::Output) -> PingResult,
    }
}

impl<V: Future> Future for Asking<V> {
    type Output = PingResult;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<PingResult> {
        let this = self.project();
        this.future.poll(context).map(|answer| (this.pinged)(&answer))
    }
}

pin_project! {
    /// The ping of an async function under the call's permit.
    #[must_use = "futures do nothing unless polled"]
    pub struct Pinging<S: Handle, F> {
        // Dropped before the permit: the ping is over when the circuit hears of it. `None`: it panicked
        // before there was a future.
        #[pin]
        ping: Option<Fuse<F>>,
        permit: Option<RawPermit<S>>,
        fallback: Fallback,
        is_timed: bool,
    }
}

/// Runs the ping of an async function, under the call's permit.
#[cold]
pub fn ping_async<S: Handle, F: Future<Output = PingResult>>(
    mut permit: RawPermit<S>,
    fallback: Fallback,
    ping: impl FnOnce() -> F,
) -> Pinging<S, F> {
    let is_timed = permit.begin_ping();
    let mut future = None;
    let frame = permit.frame();
    contained(|| future = Some(Fuse::new(ping())));
    drop(frame);
    Pinging { ping: future, permit: Some(permit), fallback, is_timed }
}

impl<S: Handle, F: Future<Output = PingResult>> Future for Pinging<S, F> {
    type Output = Entered<S>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Entered<S>> {
        let mut this = self.project();
        let permit = take(this.permit);
        let frame = permit.frame();
        let mut polled = Poll::Ready(Err(PingFailure::Panicked));
        if let Some(ping) = this.ping.as_mut().as_pin_mut() {
            contained(|| polled = ping.poll(context));
        }
        drop(frame);
        match polled {
            Poll::Pending => {
                *this.permit = Some(permit);
                Poll::Pending
            }
            Poll::Ready(pinged) => {
                Poll::Ready(permit.end_ping(ended(pinged, *this.is_timed), *this.fallback))
            }
        }
    }
}

#[cfg(feature = "tokio")]
pub use with_tokio::ping_timed;

#[cfg(not(feature = "tokio"))]
pub use without_tokio::ping_timed;

#[cfg(feature = "tokio")]
mod with_tokio {
    use core::future::Future;
    use core::time::Duration;

    use tokio::time::timeout;

    use super::{PingFailure, PingResult, Pinging, ping_async};
    use crate::permit::{Fallback, Handle, RawPermit};

    /// [`ping_async`] for at most `limit`, or what settings have put in its place.
    #[cold]
    pub fn ping_timed<S: Handle, F: Future<Output = PingResult>>(
        permit: RawPermit<S>,
        fallback: Fallback,
        limit: Duration,
        ping: impl FnOnce() -> F,
    ) -> Pinging<S, impl Future<Output = PingResult>> {
        let limit = permit.limit(limit);
        // Panics where `run_timed` does, and is no more the circuit's fault there.
        let (permit, ()) = permit.across(|| drop(timeout(limit, core::future::ready(()))));
        ping_async(permit, fallback, move || {
            let limited = timeout(limit, ping());
            async move { limited.await.unwrap_or(Err(PingFailure::TimedOut(limit))) }
        })
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use core::future::Future;
    use core::time::Duration;

    use super::{PingResult, Pinging, ping_async};
    use crate::permit::{Fallback, Handle, RawPermit};

    /// Without the feature `timeout` is an error where the body has it: here it would be a second one.
    pub fn ping_timed<S: Handle, F: Future<Output = PingResult>>(
        permit: RawPermit<S>,
        fallback: Fallback,
        _: Duration,
        ping: impl FnOnce() -> F,
    ) -> Pinging<S, F> {
        ping_async(permit, fallback, ping)
    }
}
