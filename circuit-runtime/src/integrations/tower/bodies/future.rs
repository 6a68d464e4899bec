use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::JudgedBody;
use super::classify::BodyClassifier;
use crate::circuit::End;
use crate::error::CircuitOpenError;
use crate::guard::{self, Fuse};
use crate::integrations::tower::BoxError;
use crate::permit::{Fallback, KeyHandle, RawPermit, RefHandle, StreamPermit};

pin_project! {
    /// The response of a [`JudgingBodies`](crate::tower::JudgingBodies). Dropping it before it is ready cancels the
    /// call.
    #[must_use = "futures do nothing unless polled"]
    pub struct JudgedFuture<F, C> {
        #[pin]
        state: State<F, C>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, C> {
        Admitted {
            // Dropped before the permit, so that nothing of the call is left when it is recorded.
            #[pin]
            head: Fuse<F>,
            permit: Option<RawPermit<KeyHandle<'static, RefHandle<'static>>>>,
            classify: C,
        },
        Rejected { error: CircuitOpenError },
    }
}

impl<F, C> JudgedFuture<F, C> {
    pub(super) fn admitted(
        future: F,
        permit: RawPermit<KeyHandle<'static, RefHandle<'static>>>,
        classify: C,
    ) -> Self {
        let head = Fuse::new(future);
        JudgedFuture { state: State::Admitted { head, permit: Some(permit), classify } }
    }

    pub(super) fn rejected(error: CircuitOpenError) -> Self {
        JudgedFuture { state: State::Rejected { error } }
    }
}

impl<F, C, B, Error> Future for JudgedFuture<F, C>
where
    F: Future<Output = Result<Response<B>, Error>>,
    B: Body,
    Error: Into<BoxError>,
    C: BodyClassifier<B, Error>,
{
    type Output = Result<Response<JudgedBody<B, C::End>>, BoxError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (head, place, classify) = match self.project().state.project() {
            StateProjection::Admitted { head, permit, classify } => (head, permit, classify),
            StateProjection::Rejected { error } => return Poll::Ready(Err((*error).into())),
        };
        let mut permit = guard::take(place);
        permit.in_body(true);
        let Poll::Ready(result) = head.poll(context) else {
            permit.in_body(false);
            *place = Some(permit);
            return Poll::Pending;
        };
        let head = classify.classify_head(&result);
        match result {
            Ok(response) => {
                // Whoever sees that a body is at its end need not poll it.
                let (outcome, end) = if response.body().is_end_stream() {
                    (head.outcome_of_whole(), None)
                } else {
                    (head.outcome, Some(head.end))
                };
                let mut permit = StreamPermit::new(permit);
                permit.in_body(false);
                if let Some(pending) = permit.head(outcome) {
                    pending.notify(None);
                }
                Poll::Ready(Ok(response.map(|body| JudgedBody::new(body, permit, end))))
            }
            Err(error) => {
                permit.finish(End::Outcome(head.outcome), Fallback::None);
                Poll::Ready(Err(error.into()))
            }
        }
    }
}

impl<F, C> fmt::Debug for JudgedFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_admitted = matches!(self.state, State::Admitted { .. });
        f.debug_struct("JudgedFuture").field("admitted", &is_admitted).finish_non_exhaustive()
    }
}
