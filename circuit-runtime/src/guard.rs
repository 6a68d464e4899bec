//! Runs a call under a permit, so that its outcome, its panic or its cancellation reaches the
//! circuit. The body is always dropped before: what it held is free by then, and a bulkhead with a
//! limit of one never has two bodies.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::circuit::End;
use crate::permit::{Fallback, Handle, RawPermit};

/// Runs a blocking call.
///
/// A panic in the body or in `judge` drops the permit, which knows that the call's own code was
/// running. There is no `catch_unwind`, so nothing needs to be `UnwindSafe`.
#[inline]
pub(crate) fn run<T, R>(
    mut permit: RawPermit<impl Handle>,
    body: impl FnOnce() -> T,
    judge: impl FnOnce(&T) -> (End, Fallback),
    answer: impl FnOnce(T, Fallback) -> R,
) -> R {
    permit.in_body(true);
    let frame = permit.frame();
    let result = body();
    let (end, fallback) = judge(&result);
    drop(frame);
    permit.finish(end, fallback);
    answer(result, fallback)
}

pin_project! {
    /// A future that asks for its permit when it is first polled, and may have to wait for it. No async function, whose future
    /// would have room for this one twice, and move it.
    pub(crate) struct Guarded<S: Handle, F, B, J, A> {
        // Dropped before the permit: the call is over when the circuit hears of it.
        #[pin]
        body: F,
        permit: Option<RawPermit<S>>,
        begin: B,
        judge: J,
        answer: A,
    }
}

/// A permit, or the answer of a rejected call; `None`: the permit has been acquired before.
pub(crate) type Begun<S, R> = Option<Result<RawPermit<S>, R>>;

/// A future that asks for its permit when it is first polled.
#[inline]
pub(crate) fn asking<S, F, B, J, A, R>(
    begin: B,
    future: F,
    judge: J,
    answer: A,
) -> Guarded<S, F, B, J, A>
where
    S: Handle,
    F: Future,
    B: FnMut(&mut Context<'_>) -> Poll<Begun<S, R>>,
    J: Fn(&F::Output) -> (End, Fallback),
    A: Fn(F::Output, Fallback) -> R,
{
    Guarded { body: future, permit: None, begin, judge, answer }
}

impl<S, F, B, J, A, R> Future for Guarded<S, F, B, J, A>
where
    S: Handle,
    F: Future,
    B: FnMut(&mut Context<'_>) -> Poll<Begun<S, R>>,
    J: Fn(&F::Output) -> (End, Fallback),
    A: Fn(F::Output, Fallback) -> R,
{
    type Output = R;

    #[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let permit = match (this.begin)(context) {
            Poll::Ready(Some(Ok(permit))) => permit,
            Poll::Ready(Some(Err(rejected))) => return Poll::Ready(rejected),
            Poll::Ready(None) => take(this.permit),
            Poll::Pending => return Poll::Pending,
        };
        poll(this.body, permit, this.permit, &*this.judge, context)
            .map(|(output, fallback)| (this.answer)(output, fallback))
    }
}

/// Polls a body under its permit. While the body is pending, the permit is stored in `place`; while
/// it runs, it is a local, so that a call that is ready at once keeps it in registers, and a panic
/// drops it.
#[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
#[inline(always)]
pub(crate) fn poll<S: Handle, F: Future>(
    body: Pin<&mut F>,
    mut permit: RawPermit<S>,
    place: &mut Option<RawPermit<S>>,
    judge: impl Fn(&F::Output) -> (End, Fallback),
    context: &mut Context<'_>,
) -> Poll<(F::Output, Fallback)> {
    permit.in_body(true);
    let frame = permit.frame();
    match body.poll(context) {
        Poll::Pending => {
            drop(frame);
            permit.in_body(false);
            *place = Some(permit);
            Poll::Pending
        }
        Poll::Ready(output) => {
            let (end, fallback) = judge(&output);
            drop(frame);
            permit.finish(end, fallback);
            Poll::Ready((output, fallback))
        }
    }
}

pin_project! {
    /// The body of an annotated function under its permit, which comes back with the result.
    #[must_use = "futures do nothing unless polled"]
    pub struct UnderPermit<S: Handle, F> {
        // Dropped before the permit: the call is over when the circuit hears of it.
        #[pin]
        body: F,
        permit: Option<RawPermit<S>>,
    }
}

impl<S: Handle, F> UnderPermit<S, F> {
    #[expect(
        clippy::inline_always,
        reason = "or a library has one for each annotated async function"
    )]
    #[inline(always)]
    pub(crate) fn new(permit: RawPermit<S>, body: F) -> Self {
        UnderPermit { body, permit: Some(permit) }
    }
}

impl<S: Handle, F: Future> Future for UnderPermit<S, F> {
    type Output = (F::Output, RawPermit<S::ByRef>);

    #[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut permit = take(this.permit);
        permit.in_body(true);
        let frame = permit.frame();
        match this.body.poll(context) {
            Poll::Pending => {
                drop(frame);
                permit.in_body(false);
                *this.permit = Some(permit);
                Poll::Pending
            }
            Poll::Ready(result) => Poll::Ready((result, permit.by_ref())),
        }
    }
}

pin_project! {
    /// Drops a future as soon as it has ended or panicked, not only with its owner. The async
    /// blocks of generated code don't need it: they have dropped everything by then.
    pub(crate) struct Fuse<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Fuse<F> {
    #[inline]
    pub(crate) fn new(future: F) -> Self {
        Fuse { future: Some(future) }
    }
}

impl<F: Future> Future for Fuse<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut running = Running { future: self.project().future };
        let Some(future) = running.future.as_mut().as_pin_mut() else { over() };
        let polled = future.poll(context);
        if polled.is_pending() {
            mem::forget(running);
        }
        polled
    }
}

/// A future that is being polled; dropped with this, unless it is pending.
struct Running<'a, F> {
    future: Pin<&'a mut Option<F>>,
}

impl<F> Drop for Running<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.future.set(None);
    }
}

/// Takes the permit of a pending future.
///
/// # Panics
///
/// If there is none, because the future has completed; like an async function's future.
#[expect(clippy::inline_always, reason = "or a library has one for each annotated async function")]
#[inline(always)]
pub(crate) fn take<S: Handle>(place: &mut Option<RawPermit<S>>) -> RawPermit<S> {
    match place {
        // Checked first: taking from an empty `Option` would write to it.
        None => over(),
        Some(_) => match place.take() {
            Some(permit) => permit,
            None => over(),
        },
    }
}

#[cold]
#[inline(never)]
fn over() -> ! {
    panic!("polled after completion")
}
