//! Runs a call under a permit: its outcome, its panic and its cancellation all reach the circuit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::breaker::CircuitBreaker;
use crate::error::CircuitOpenError;
use crate::permit::{End, Fallback, Permit};

/// Runs a call that blocks.
///
/// A panic in the body or in the judge drops the permit, which knows that the call's own code was
/// running. There is no `catch_unwind`, so nothing has to be `UnwindSafe`.
#[inline]
pub(crate) fn run<R>(
    mut permit: Permit<'_>,
    body: impl FnOnce() -> R,
    judge: impl FnOnce(&R) -> (End, Fallback),
) -> R {
    permit.inside(true);
    let result = body();
    let (end, fallback) = judge(&result);
    permit.settle(end, fallback, CircuitBreaker::count_success);
    result
}

pin_project! {
    /// A future under a permit.
    pub(crate) struct Guarded<'a, F, J> {
        // Dropped before the permit: the call is over when the circuit hears of it.
        #[pin]
        future: F,
        permit: Option<Permit<'a>>,
        judge: J,
    }
}

impl<'a, F, J> Guarded<'a, F, J> {
    #[inline]
    pub(crate) fn new(permit: Permit<'a>, future: F, judge: J) -> Self {
        Guarded { future, permit: Some(permit), judge }
    }
}

impl<F: Future, J: Fn(&F::Output) -> (End, Fallback)> Future for Guarded<'_, F, J> {
    type Output = F::Output;

    #[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let permit = this.permit.take().unwrap_or_else(|| over());
        poll(this.future, permit, this.permit, &*this.judge, context)
    }
}

pin_project! {
    /// A future that takes its permit when it is first polled. No async function, whose future would
    /// have room for this one twice, and move it.
    pub(crate) struct Call<'a, F, J, A> {
        #[pin]
        future: F,
        breaker: Option<&'a CircuitBreaker>,
        permit: Option<Permit<'a>>,
        judge: J,
        answer: A,
    }
}

impl<'a, F, J, A> Call<'a, F, J, A> {
    #[inline]
    pub(crate) fn new(breaker: &'a CircuitBreaker, future: F, judge: J, answer: A) -> Self {
        Call { future, breaker: Some(breaker), permit: None, judge, answer }
    }
}

impl<F, J, A, R> Future for Call<'_, F, J, A>
where
    F: Future,
    J: Fn(&F::Output) -> (End, Fallback),
    A: Fn(Result<F::Output, CircuitOpenError>) -> R,
{
    type Output = R;

    #[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let permit = match this.breaker.take().map(CircuitBreaker::try_acquire) {
            Some(Ok(permit)) => permit,
            Some(Err(open)) => return Poll::Ready((this.answer)(Err(open))),
            None => this.permit.take().unwrap_or_else(|| over()),
        };
        poll(this.future, permit, this.permit, &*this.judge, context)
            .map(|output| (this.answer)(Ok(output)))
    }
}

/// Polls a future under its permit, which has its place there while the future waits. While it runs
/// the permit is held here, so that a call which is ready at once keeps it in registers; a panic
/// drops it.
#[expect(clippy::inline_always, reason = "or the permit goes by memory in some builds")]
#[inline(always)]
pub(crate) fn poll<'a, F: Future>(
    future: Pin<&mut F>,
    mut permit: Permit<'a>,
    place: &mut Option<Permit<'a>>,
    judge: impl Fn(&F::Output) -> (End, Fallback),
    context: &mut Context<'_>,
) -> Poll<F::Output> {
    permit.inside(true);
    let result = future.poll(context);
    match &result {
        Poll::Pending => {
            permit.inside(false);
            *place = Some(permit);
        }
        Poll::Ready(output) => {
            let (end, fallback) = judge(output);
            permit.settle(end, fallback, CircuitBreaker::count_success_polled);
        }
    }
    result
}

/// The permit of a future that has none any more: an async function's future does the same.
#[cold]
#[inline(never)]
pub(crate) fn over() -> ! {
    panic!("polled after the call was over")
}
