use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{BoxError, Classifier};
use crate::circuit::End;
use crate::error::CircuitOpenError;
use crate::guard::{self, Fuse};
use crate::permit::{Fallback, KeyHandle, RawPermit, RefHandle};

pin_project! {
    /// The response of a [`CircuitBreakerService`](super::CircuitBreakerService). Dropping it
    /// before it is ready cancels the call.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, C> {
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
            body: Fuse<F>,
            permit: Option<RawPermit<KeyHandle<'static, RefHandle<'static>>>>,
            classify: C,
        },
        Rejected { error: CircuitOpenError },
    }
}

impl<F, C> ResponseFuture<F, C> {
    pub(super) fn admitted(
        future: F,
        permit: RawPermit<KeyHandle<'static, RefHandle<'static>>>,
        classify: C,
    ) -> Self {
        ResponseFuture {
            state: State::Admitted { body: Fuse::new(future), permit: Some(permit), classify },
        }
    }

    pub(super) fn rejected(error: CircuitOpenError) -> Self {
        ResponseFuture { state: State::Rejected { error } }
    }
}

impl<F, C, Response, Error> Future for ResponseFuture<F, C>
where
    F: Future<Output = Result<Response, Error>>,
    Error: Into<BoxError>,
    C: Classifier<Response, Error>,
{
    type Output = Result<Response, BoxError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Admitted { body, permit, classify } => {
                let judge = |result: &Result<Response, Error>| {
                    (End::Outcome(classify.classify(result)), Fallback::None)
                };
                guard::poll(body, guard::take(permit), permit, judge, context)
                    .map(|(result, _)| result.map_err(Into::into))
            }
            StateProjection::Rejected { error } => Poll::Ready(Err((*error).into())),
        }
    }
}

impl<F, C> fmt::Debug for ResponseFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_admitted = matches!(self.state, State::Admitted { .. });
        f.debug_struct("ResponseFuture").field("admitted", &is_admitted).finish_non_exhaustive()
    }
}
