//! A stream under its permit, which lives as long as the stream.

pub(crate) mod limits;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::breaker::entry::{Beginning, Entry, WaitFor};
use crate::error::{CallTimeoutError, CircuitOpenError};
use crate::outcome::Outcome;
use crate::permit::{Handle, RawPermit, StreamPermit};

#[cfg(feature = "tokio")]
pub(crate) use limits::TimeLimits;
pub(crate) use limits::{Limits, Unlimited};

/// What becomes of a stream's items.
pub trait Items<T> {
    /// What the guarded stream has for an item.
    type Item;

    /// What an item counts as.
    fn judge(&self, item: &T) -> Outcome;

    /// The error in an item that causes a transition, as text.
    fn error_text(&self, _: &T) -> Option<Arc<str>> {
        None
    }

    /// An item as the guarded stream has it.
    fn pass(&self, item: T) -> Self::Item;

    /// The only item of a rejected stream. `None`: it was admitted before it was there.
    fn rejected(&self, error: CircuitOpenError) -> Option<Self::Item>;

    /// The last item of a stream that has been silent for too long, where there is a limit.
    fn late(&self, _: CallTimeoutError) -> Option<Self::Item> {
        None
    }
}

pin_project! {
    /// A stream that asks for its permit when it is first polled.
    #[must_use = "streams do nothing unless polled"]
    pub(crate) struct Guarded<H: Handle, S, B, I, L> {
        // Dropped before the permit: the call is over when the circuit hears of it.
        #[pin]
        body: Body<S>,
        permit: Option<StreamPermit<H>>,
        begin: B,
        items: I,
        limits: L,
    }
}

/// A permit or a rejection, once.
pub(crate) trait Begin<H: Handle> {
    /// `None`: it has been given before.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<RawPermit<H>, CircuitOpenError>>>;

    /// Whether the circuit is still to be asked.
    fn is_new(&self) -> bool;
}

impl<H: Handle, F, L> Begin<H> for Beginning<F, L>
where
    F: FnMut() -> Entry<RawPermit<H>, L>,
    L: WaitFor<RawPermit<H>>,
{
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<RawPermit<H>, CircuitOpenError>>> {
        Beginning::poll(self, context)
    }

    fn is_new(&self) -> bool {
        !matches!(self, Beginning::Begun)
    }
}

impl<H: Handle, S, F, L, I, T> Guarded<H, S, Beginning<F, L>, I, T>
where
    F: FnMut() -> Entry<RawPermit<H>, L>,
{
    /// Guards a stream by the permit that `ask` gives when the stream is first polled.
    pub(crate) fn new(stream: S, ask: F, items: I, limits: T) -> Self {
        let body = Body { stream: Some(stream) };
        Guarded { body, permit: None, begin: Beginning::New(ask), items, limits }
    }
}

/// The permit was given before the stream was there.
pub(crate) struct Begun;

impl<H: Handle> Begin<H> for Begun {
    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<RawPermit<H>, CircuitOpenError>>> {
        Poll::Ready(None)
    }

    fn is_new(&self) -> bool {
        false
    }
}

impl<H: Handle, S, I, T> Guarded<H, S, Begun, I, T> {
    /// Guards a stream whose call has its permit.
    pub(crate) fn begun(stream: S, permit: StreamPermit<H>, items: I, limits: T) -> Self {
        let body = Body { stream: Some(stream) };
        Guarded { body, permit: Some(permit), begin: Begun, items, limits }
    }
}

impl<H, S, B, I, T> Stream for Guarded<H, S, B, I, T>
where
    H: Handle,
    S: Stream,
    B: Begin<H>,
    I: Items<S::Item>,
    T: Limits,
{
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let mut this = self.project();
        match this.begin.poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => {}
            Poll::Ready(Some(Ok(permit))) => {
                *this.permit = Some(StreamPermit::new(this.limits.begin(permit)));
            }
            Poll::Ready(Some(Err(error))) => {
                this.body.set(Body { stream: None });
                return Poll::Ready(this.items.rejected(error));
            }
        }
        // A local: if the stream or `judge` panics, it is dropped.
        let mut permit = this.permit.take();
        let frame = permit.as_mut().and_then(|permit| {
            permit.in_body(true);
            permit.frame()
        });
        let items = &*this.items;
        let polled = this.body.as_mut().poll_judged(context, |item| items.judge(item));
        let polled = match polled {
            Poll::Ready(Some((item, outcome))) => {
                drop(frame);
                this.limits.item(!matches!(outcome, Outcome::Ignored));
                if let Some(permit) = &mut permit {
                    permit.in_body(false);
                    if let Some(pending) = permit.part(outcome) {
                        pending.notify(this.items.error_text(&item));
                    }
                }
                Poll::Ready(Some(this.items.pass(item)))
            }
            Poll::Ready(None) => {
                drop(frame);
                if let Some(pending) = permit.take().and_then(StreamPermit::end) {
                    pending.notify(None);
                }
                return Poll::Ready(None);
            }
            Poll::Pending => {
                drop(frame);
                if let Some(permit) = &mut permit {
                    permit.in_body(false);
                }
                match this.limits.poll(context) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(limit) => {
                        // First, so that it is late even if dropping the stream panics.
                        if let Some(permit) = &mut permit {
                            permit.is_late();
                        }
                        this.body.set(Body { stream: None });
                        let late = permit.take().and_then(|permit| permit.time_out(limit));
                        return Poll::Ready(late.and_then(|error| this.items.late(error)));
                    }
                }
            }
        };
        *this.permit = permit;
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = match &self.body.stream {
            Some(stream) => stream.size_hint(),
            None => (0, Some(0)),
        };
        // A rejected stream has one item, and a late one ends with one more.
        let least = if self.begin.is_new() { least.min(1) } else { least };
        let least = if T::MAY_END { least.min(1) } else { least };
        let most = most.map(|most| if T::MAY_END { most.saturating_add(1) } else { most });
        let most = most.map(|most| if self.begin.is_new() { most.max(1) } else { most });
        (least, most)
    }
}

pin_project! {
    /// Drops a stream as soon as it has ended or panicked, not only with its owner.
    struct Body<S> {
        #[pin]
        stream: Option<S>,
    }
}

impl<S: Stream> Body<S> {
    /// The next item, and what it counts as. A panic of `judge` is as one of the stream.
    fn poll_judged(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        judge: impl FnOnce(&S::Item) -> Outcome,
    ) -> Poll<Option<(S::Item, Outcome)>> {
        let mut polled = Polled::new(self.project().stream);
        let Some(stream) = polled.get() else { return Poll::Ready(None) };
        let answer = stream.poll_next(context).map(|item| {
            item.map(|item| {
                let outcome = judge(&item);
                (item, outcome)
            })
        });
        polled.goes_on = !matches!(answer, Poll::Ready(None));
        answer
    }
}

/// What is being polled; dropped with this, unless it goes on.
pub(crate) struct Polled<'a, S> {
    polled: Pin<&'a mut Option<S>>,
    pub(crate) goes_on: bool,
}

impl<'a, S> Polled<'a, S> {
    pub(crate) fn new(polled: Pin<&'a mut Option<S>>) -> Self {
        Polled { polled, goes_on: false }
    }

    /// `None`: it has ended before.
    pub(crate) fn get(&mut self) -> Option<Pin<&mut S>> {
        self.polled.as_mut().as_pin_mut()
    }
}

impl<S> Drop for Polled<'_, S> {
    fn drop(&mut self) {
        if !self.goes_on {
            self.polled.set(None);
        }
    }
}
