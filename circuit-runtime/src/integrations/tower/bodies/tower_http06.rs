//! tower-http's classifiers, as they are.

use http::{HeaderMap, Response};
use tower_http06::classify::{
    ClassifiedResponse, ClassifyEos, ClassifyResponse, GrpcErrorsAsFailures,
    ServerErrorsAsFailures, SharedClassifier, StatusInRangeAsFailures,
};

use super::classify::{BodyClassifier, EndClassifier, HeadOf};
use crate::outcome::Outcome;

/// What tower-http's classifiers say of the end of a body, if they wait for it.
#[derive(Debug, Clone, Copy)]
pub struct Eos<C>(Option<C>);

impl<C: ClassifyEos> EndClassifier for Eos<C> {
    fn classify_end(self, trailers: Option<&HeaderMap>) -> Outcome {
        self.0.map_or(Outcome::Success, |eos| outcome(&eos.classify_eos(trailers)))
    }
}

fn outcome<F>(classified: &Result<(), F>) -> Outcome {
    if classified.is_ok() { Outcome::Success } else { Outcome::Failure }
}

/// An error in the place of a response is a failure, as with tower-http.
fn head<C: ClassifyResponse, B, Error>(
    classify: C,
    result: &Result<Response<B>, Error>,
) -> HeadOf<Eos<C::ClassifyEos>> {
    let Ok(response) = result else {
        return HeadOf { outcome: Outcome::Failure, end: Eos(None) };
    };
    match classify.classify_response(response) {
        ClassifiedResponse::Ready(classified) => {
            HeadOf { outcome: outcome(&classified), end: Eos(None) }
        }
        ClassifiedResponse::RequiresEos(eos) => {
            HeadOf { outcome: Outcome::Success, end: Eos(Some(eos)) }
        }
    }
}

macro_rules! classifiers {
    ($($classifier:ty),*) => {$(
        impl<B, Error> BodyClassifier<B, Error> for $classifier {
            type End = Eos<<$classifier as ClassifyResponse>::ClassifyEos>;

            fn classify_head(&self, result: &Result<Response<B>, Error>) -> HeadOf<Self::End> {
                head(self.clone(), result)
            }
        }
    )*};
}

classifiers!(ServerErrorsAsFailures, StatusInRangeAsFailures, GrpcErrorsAsFailures);

impl<C, B, Error> BodyClassifier<B, Error> for SharedClassifier<C>
where
    C: ClassifyResponse + Clone,
{
    type End = Eos<C::ClassifyEos>;

    fn classify_head(&self, result: &Result<Response<B>, Error>) -> HeadOf<Self::End> {
        use tower_http06::classify::MakeClassifier;

        // It looks at no request.
        head(self.make_classifier(&http::Request::new(())), result)
    }
}
