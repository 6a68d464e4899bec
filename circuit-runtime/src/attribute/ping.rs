//! `ping`: what a probe runs first.
//!
//! A ping only observes: its panic is caught, and means that the service isn't well.

use core::future::{Future, Ready, ready};
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::CircuitOpenError;
use crate::breaker::Pinged;
use crate::foreign::contained;
use crate::guard::{Fuse, take};
use crate::permit::{Fallback, Handle, RawPermit};

type Entered<S> = Result<RawPermit<S>, CircuitOpenError>;

/// Whether the call has become a probe.
#[inline]
pub fn is_probe<S: Handle>(permit: &RawPermit<S>) -> bool {
    permit.is_probe()
}

/// Runs the ping of a function that blocks, under the call's permit.
#[cold]
pub fn ping<S: Handle>(
    mut permit: RawPermit<S>,
    fallback: Fallback,
    ping: impl FnOnce() -> bool,
) -> Entered<S> {
    let is_timed = permit.begin_ping();
    let mut is_well = false;
    let frame = permit.frame();
    contained(|| is_well = ping());
    drop(frame);
    permit.end_ping(Pinged { is_well, is_timed }, fallback)
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

/// Whether the ping of a function that blocks went well.
#[inline]
#[allow(
    clippy::needless_pass_by_value,
    reason = "what it gave is dropped where its panic is caught"
)]
pub fn is_well<A: PingAnswer>(answer: A) -> bool {
    answer.is_well()
}

/// What the ping of an async function gave: an answer or, in what this derefs to, a future of one. Method
/// resolution finds out, as for [`Answer`](super::Answer).
#[derive(Debug)]
pub struct Ping<V>(PingFuture<V>);

/// What a ping gave that is no `Result`.
#[derive(Debug)]
pub struct PingFuture<V>(PingValue<V>);

/// What a ping gave that is no future either.
#[derive(Debug)]
pub struct PingValue<V>(Option<V>);

impl<V> Ping<V> {
    /// Takes what the ping gave.
    #[inline]
    pub fn of(given: V) -> Self {
        Ping(PingFuture(PingValue(Some(given))))
    }
}

impl<T, E> Ping<Result<T, E>> {
    /// A future that has the answer already.
    pub fn __circuit_ping(self) -> Ready<bool> {
        ready(matches!(self.0.0.0, Some(Ok(_))))
    }
}

impl<V: Future> PingFuture<V> {
    /// The future.
    pub fn __circuit_ping(&mut self) -> Asking<V>
    where
        V::Output: PingAnswer,
    {
        let future = self.0.0.take().expect("`of` put it there");
        Asking { future, is_well: <V::Output as PingAnswer>::is_well }
    }
}

impl<V> PingValue<V> {
    /// Never called: an error.
    pub fn __circuit_ping(&mut self) -> Ready<bool>
    where
        V: PingAnswer,
    {
        ready(self.0.as_ref().is_some_and(PingAnswer::is_well))
    }
}

impl<V> Deref for Ping<V> {
    type Target = PingFuture<V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> DerefMut for Ping<V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V> Deref for PingFuture<V> {
    type Target = PingValue<V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> DerefMut for PingFuture<V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

pin_project! {
    /// A ping that is asked.
    pub struct Asking<V: Future> {
        #[pin]
        future: V,
        is_well: fn(&V::Output) -> bool,
    }
}

impl<V: Future> Future for Asking<V> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let this = self.project();
        this.future.poll(context).map(|answer| (this.is_well)(&answer))
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
pub fn ping_async<S: Handle, F: Future<Output = bool>>(
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

impl<S: Handle, F: Future<Output = bool>> Future for Pinging<S, F> {
    type Output = Entered<S>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Entered<S>> {
        let mut this = self.project();
        let permit = take(this.permit);
        let frame = permit.frame();
        let mut polled = Poll::Ready(false);
        if let Some(ping) = this.ping.as_mut().as_pin_mut() {
            contained(|| polled = ping.poll(context));
        }
        drop(frame);
        match polled {
            Poll::Pending => {
                *this.permit = Some(permit);
                Poll::Pending
            }
            Poll::Ready(is_well) => {
                let pinged = Pinged { is_well, is_timed: *this.is_timed };
                Poll::Ready(permit.end_ping(pinged, *this.fallback))
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

    use super::{Pinging, ping_async};
    use crate::permit::{Fallback, Handle, RawPermit};

    /// [`ping_async`] for at most `limit`, or what settings have put in its place.
    #[cold]
    pub fn ping_timed<S: Handle, F: Future<Output = bool>>(
        permit: RawPermit<S>,
        fallback: Fallback,
        limit: Duration,
        ping: impl FnOnce() -> F,
    ) -> Pinging<S, impl Future<Output = bool>> {
        let limit = permit.limit(limit);
        // Panics where `run_timed` does, and is no more the circuit's fault there.
        let (permit, ()) = permit.across(|| drop(timeout(limit, core::future::ready(()))));
        ping_async(permit, fallback, move || {
            let limited = timeout(limit, ping());
            async move { limited.await.unwrap_or(false) }
        })
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use core::future::Future;
    use core::time::Duration;

    use super::{Pinging, ping_async};
    use crate::permit::{Fallback, Handle, RawPermit};

    /// Without the feature `timeout` is an error where the body has it: here it would be a second one.
    pub fn ping_timed<S: Handle, F: Future<Output = bool>>(
        permit: RawPermit<S>,
        fallback: Fallback,
        _: Duration,
        ping: impl FnOnce() -> F,
    ) -> Pinging<S, F> {
        ping_async(permit, fallback, ping)
    }
}
