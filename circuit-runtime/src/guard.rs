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
    permit.settle(end, fallback);
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

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        poll(this.future, this.permit, &*this.judge, context)
    }
}

pin_project! {
    /// A future that takes its permit when it is first polled.
    pub(crate) struct Call<'a, F, J> {
        #[pin]
        future: F,
        breaker: Option<&'a CircuitBreaker>,
        permit: Option<Permit<'a>>,
        judge: J,
    }
}

impl<'a, F, J> Call<'a, F, J> {
    pub(crate) fn new(breaker: &'a CircuitBreaker, future: F, judge: J) -> Self {
        Call { future, breaker: Some(breaker), permit: None, judge }
    }
}

impl<F: Future, J: Fn(&F::Output) -> (End, Fallback)> Future for Call<'_, F, J> {
    type Output = Result<F::Output, CircuitOpenError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(breaker) = this.breaker.take() {
            match breaker.try_acquire() {
                Ok(permit) => *this.permit = Some(permit),
                Err(open) => return Poll::Ready(Err(open)),
            }
        }
        poll(this.future, this.permit, &*this.judge, context).map(Ok)
    }
}

#[inline]
pub(crate) fn poll<F: Future>(
    future: Pin<&mut F>,
    place: &mut Option<Permit<'_>>,
    judge: impl Fn(&F::Output) -> (End, Fallback),
    context: &mut Context<'_>,
) -> Poll<F::Output> {
    // Held here while the future runs, so that a call which is ready at once keeps it in registers;
    // a panic drops it.
    let mut permit = place.take();
    if let Some(permit) = &mut permit {
        permit.inside(true);
    }
    let result = future.poll(context);
    match &result {
        Poll::Pending => {
            if let Some(permit) = &mut permit {
                permit.inside(false);
            }
            *place = permit;
        }
        Poll::Ready(output) => {
            let (end, fallback) = judge(output);
            if let Some(permit) = permit {
                permit.settle(end, fallback);
            }
            // Nobody has put another one there. Said here, it needn't be asked when this is dropped.
            std::mem::forget(place.take());
        }
    }
    result
}
