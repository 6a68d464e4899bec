use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::classify::EndClassifier;
use crate::outcome::Outcome;
use crate::permit::{KeyHandle, RefHandle, StreamPermit};
use crate::stream::Polled;

pin_project! {
    /// The body of a response behind a [`JudgingBodies`](crate::tower::JudgingBodies): the call lasts until it has
    /// ended or is dropped.
    pub struct JudgedBody<B, End> {
        // Dropped before the permit, so that nothing of the call is left when it is recorded.
        #[pin]
        body: Option<B>,
        permit: Option<StreamPermit<KeyHandle<'static, RefHandle<'static>>>>,
        end: Option<End>,
    }
}

impl<B, End> JudgedBody<B, End> {
    /// `end` judges the body's end; `None` if it has been judged.
    pub(super) fn new(
        body: B,
        permit: StreamPermit<KeyHandle<'static, RefHandle<'static>>>,
        end: Option<End>,
    ) -> Self {
        JudgedBody { body: Some(body), permit: Some(permit), end }
    }
}

impl<B: Body, End: EndClassifier> Body for JudgedBody<B, End> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        // A local: if the body or its classifier panics, it is dropped, after the body.
        let mut permit = this.permit.take();
        let mut body = Polled::new(this.body);
        let Some(mut polled_body) = body.get() else { return Poll::Ready(None) };
        if let Some(permit) = &mut permit {
            permit.in_body(true);
        }
        let polled = polled_body.as_mut().poll_frame(context);
        let outcome = match &polled {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                Some(trailers) => Some(
                    this.end
                        .take()
                        .map_or(Outcome::Success, |end| end.classify_end(Some(trailers))),
                ),
                // Whoever sees that a body is at its end need not poll it again.
                None if polled_body.is_end_stream() => {
                    this.end.take().map(|end| end.classify_end(None))
                }
                None => None,
            },
            Poll::Ready(Some(Err(_))) => Some(Outcome::Failure),
            Poll::Ready(None) => this.end.take().map(|end| end.classify_end(None)),
        };
        let is_over = matches!(polled, Poll::Ready(None | Some(Err(_))));
        body.goes_on = !is_over;
        drop(body);
        if let Some(permit) = &mut permit {
            permit.in_body(false);
            // A good end is that of the head: an ignored one stays ignored.
            let outcome = outcome.filter(|outcome| *outcome != Outcome::Success);
            if let Some(pending) = outcome.and_then(|outcome| permit.part(outcome)) {
                pending.notify(None);
            }
        }
        if is_over {
            if let Some(pending) = permit.and_then(StreamPermit::end) {
                pending.notify(None);
            }
        } else {
            *this.permit = permit;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), B::size_hint)
    }
}

impl<B: Default, End> Default for JudgedBody<B, End> {
    /// A body of no call.
    fn default() -> Self {
        JudgedBody { body: Some(B::default()), permit: None, end: None }
    }
}

impl<B: fmt::Debug, End> fmt::Debug for JudgedBody<B, End> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JudgedBody").field("body", &self.body).finish_non_exhaustive()
    }
}
