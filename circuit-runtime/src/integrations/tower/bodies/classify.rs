use http::{HeaderMap, Response};

use crate::integrations::tower::{Classifier, ErrIsFailure};
use crate::outcome::Outcome;

/// What a response's head counts as, and who judges the end of its body.
#[derive(Debug, Clone, Copy)]
pub struct HeadOf<End> {
    /// A failure is the call's. Otherwise its body decides, too.
    pub outcome: Outcome,
    /// Judges the end.
    pub end: End,
}

impl<End: EndClassifier> HeadOf<End> {
    /// What a response counts as whose body is at its end.
    pub(super) fn outcome_of_whole(self) -> Outcome {
        let is_good = |outcome| matches!(outcome, Outcome::Success | Outcome::Ignored);
        if !is_good(self.outcome) {
            return self.outcome;
        }
        // A good end is that of the head: an ignored one stays ignored.
        let end = self.end.classify_end(None);
        if is_good(end) { self.outcome } else { end }
    }
}

/// Decides what a response with a body counts as, under
/// [`judging_bodies`](crate::tower::CircuitBreakerLayer::judging_bodies).
///
/// Implemented for functions and closures of a `&Result<Response<B>, Error>`, as [`Classifier`] is, and for
/// [`ErrIsFailure`]: they judge the head. With the feature `tower-http06` also for tower-http's
/// `ServerErrorsAsFailures`, `StatusInRangeAsFailures`, `GrpcErrorsAsFailures` and, for all others, `SharedClassifier`.
pub trait BodyClassifier<B, Error> {
    /// Judges the end of a body.
    type End: EndClassifier;

    /// Judges the head, or the error in its place.
    fn classify_head(&self, result: &Result<Response<B>, Error>) -> HeadOf<Self::End>;
}

/// Judges the end of a body. One that breaks off is a failure.
pub trait EndClassifier {
    /// What a body counts as that has ended, with these trailers.
    fn classify_end(self, trailers: Option<&HeaderMap>) -> Outcome;
}

/// Every end is a success: only a body that breaks off is a failure.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ErrorsOnly;

impl EndClassifier for ErrorsOnly {
    fn classify_end(self, _: Option<&HeaderMap>) -> Outcome {
        Outcome::Success
    }
}

impl<F, B, Error> BodyClassifier<B, Error> for F
where
    F: Fn(&Result<Response<B>, Error>) -> Outcome,
{
    type End = ErrorsOnly;

    fn classify_head(&self, result: &Result<Response<B>, Error>) -> HeadOf<ErrorsOnly> {
        HeadOf { outcome: self(result), end: ErrorsOnly }
    }
}

impl<B, Error> BodyClassifier<B, Error> for ErrIsFailure {
    type End = ErrorsOnly;

    fn classify_head(&self, result: &Result<Response<B>, Error>) -> HeadOf<ErrorsOnly> {
        HeadOf { outcome: self.classify(result), end: ErrorsOnly }
    }
}
