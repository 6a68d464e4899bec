//! `judging_bodies` of bodies that nobody polls to their end, and of panics in them.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::{HeaderMap, Response};
use circuit_runtime::tower::{
    BodyClassifier, BoxError, CircuitBreakerLayer, EndClassifier, ErrorsOnly, HeadOf, JudgedBody,
};
use circuit_runtime::{CircuitBreaker, Config, OnCancel, Outcome, State, test_util};
use futures_core::Stream;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::breaker;

const FRAGILE: Config = Config::new().threshold(1);

/// A service of responses with this body, and a head that the status judges.
fn judged_by_status<B, E>(
    breaker: &'static CircuitBreaker,
    body: impl Fn() -> B + Clone,
    end: E,
) -> impl Service<u16, Response = Response<JudgedBody<B, E>>, Error = BoxError>
where
    B: Body,
    E: EndClassifier + Clone,
{
    #[derive(Clone)]
    struct ByStatus<E>(E);

    impl<B, E: EndClassifier + Clone> BodyClassifier<B, Infallible> for ByStatus<E> {
        type End = E;

        fn classify_head(&self, result: &Result<Response<B>, Infallible>) -> HeadOf<E> {
            let response = result.as_ref().unwrap();
            let outcome = match response.status().as_u16() {
                304 | 404 => Outcome::Ignored,
                503 => Outcome::Failure,
                _ => Outcome::Success,
            };
            HeadOf { outcome, end: self.0.clone() }
        }
    }

    let inner = service_fn(move |status: u16| {
        let response = Response::builder().status(status).body(body()).unwrap();
        ready(Ok::<_, Infallible>(response))
    });
    CircuitBreakerLayer::new(breaker).classify(ByStatus(end)).judging_bodies().layer(inner)
}

/// Successes, failures, ignored and cancelled calls.
fn counts(breaker: &CircuitBreaker) -> [u64; 4] {
    let seen = breaker.snapshot();
    [seen.successes, seen.failures, seen.ignored, seen.cancelled]
}

const OF_STATUS: [(u16, [u64; 4]); 4] =
    [(204, [1, 0, 0, 0]), (304, [0, 0, 1, 0]), (404, [0, 0, 1, 0]), (503, [0, 1, 0, 0])];

#[tokio::test]
async fn a_response_whose_body_nobody_polls_counts_as_its_head() {
    for on_cancel in [OnCancel::Ignore, OnCancel::Failure, OnCancel::Slow] {
        for (status, expected) in OF_STATUS {
            // At its end with the head, as of a HEAD request, and given up before its end.
            for body in ["", "page"] {
                let slow = Duration::from_secs(1);
                let config = FRAGILE.on_cancel(on_cancel).slow_call(slow).max_concurrent(1);
                let breaker = breaker(config);
                let body = move || Full::new(body.as_bytes());
                let service = judged_by_status(breaker, body, ErrorsOnly::default());
                let response = service.oneshot(status).await.unwrap();
                assert_eq!(Some(1), breaker.snapshot().in_flight);
                drop(response);
                assert_eq!((expected, Some(0)), (counts(breaker), breaker.snapshot().in_flight));
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_polled_after_its_last_frame_counts_as_its_head() {
    let trailers = || HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())]);
    for (status, expected) in OF_STATUS {
        let breaker = breaker(FRAGILE.on_cancel(OnCancel::Failure));
        let body = || Full::new(&b"whole"[..]);
        let service = judged_by_status(breaker, body, ErrorsOnly::default());
        let mut body = service.oneshot(status).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(expected, counts(breaker));

        let breaker = super::breaker(FRAGILE.on_cancel(OnCancel::Failure));
        let body = move || Full::new(&b"whole"[..]).with_trailers(ready(Some(Ok(trailers()))));
        let service = judged_by_status(breaker, body, ErrorsOnly::default());
        let mut body = service.oneshot(status).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        body.frame().await.unwrap().unwrap();
        drop(body);
        assert_eq!(expected, counts(breaker));
    }
}

#[tokio::test]
async fn a_head_is_the_answer_of_a_probe_whether_a_body_follows_or_not() {
    for (status, mut expected) in OF_STATUS {
        for body in ["", "page"] {
            let time = test_util::freeze();
            let breaker = breaker(FRAGILE);
            breaker.try_acquire().unwrap().failure();
            time.advance(Duration::from_secs(60));
            let body = move || Full::new(body.as_bytes());
            let service = judged_by_status(breaker, body, ErrorsOnly::default());
            let response = service.oneshot(status).await.unwrap();
            let state = if status == 503 { State::Open } else { State::Closed };
            assert_eq!(state, breaker.state(), "{status}");
            drop(response);
            expected[1] += 1;
            assert_eq!((state, expected), (breaker.state(), counts(breaker)), "{status}");
            expected[1] -= 1;
        }
    }
}

/// A body without trailers has broken off.
#[derive(Clone)]
struct WantsTrailers;

impl EndClassifier for WantsTrailers {
    fn classify_end(self, trailers: Option<&HeaderMap>) -> Outcome {
        if trailers.is_some() { Outcome::Success } else { Outcome::Failure }
    }
}

#[tokio::test]
async fn the_end_of_a_body_is_judged_without_a_poll_that_says_so() {
    for whole in ["", "whole"] {
        let breaker = breaker(FRAGILE);
        let body = move || Full::new(whole.as_bytes());
        let service = judged_by_status(breaker, body, WantsTrailers);
        let mut body = service.oneshot(200).await.unwrap().into_body();
        if !whole.is_empty() {
            assert_eq!([0, 0, 0, 0], counts(breaker));
            body.frame().await.unwrap().unwrap();
        }
        assert_eq!(([0, 1, 0, 0], State::Open), (counts(breaker), breaker.state()));
        assert!(body.frame().await.is_none());
        assert_eq!([0, 1, 0, 0], counts(breaker));
    }
}

#[tokio::test]
async fn after_a_panic_in_a_body_or_its_classifier_nothing_passes_unjudged() {
    #[derive(Clone)]
    struct Panics;

    impl EndClassifier for Panics {
        fn classify_end(self, _: Option<&HeaderMap>) -> Outcome {
            panic!("crash")
        }
    }

    struct Frames(bool);

    impl Stream for Frames {
        type Item = Result<Frame<&'static [u8]>, io::Error>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            assert!(!self.0, "crash");
            Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::new()))))
        }
    }

    for of_body in [true, false] {
        let breaker = breaker(FRAGILE.max_concurrent(1));
        let body = move || StreamBody::new(Frames(of_body));
        let service = judged_by_status(breaker, body, Panics);
        let mut body = service.oneshot(200).await.unwrap().into_body();
        let poll = || {
            let _ = Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
        };
        assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
        assert_eq!(([0, 1, 0, 0], 1), (counts(breaker), breaker.snapshot().panicked));
        assert_eq!(Some(0), breaker.snapshot().in_flight);
        assert!(body.frame().await.is_none());
    }
    // At the head of a body that is at its end.
    let breaker = breaker(FRAGILE);
    let service = judged_by_status(breaker, Empty::<&[u8]>::new, Panics);
    let mut asked = Box::pin(service.oneshot(200));
    let poll = || asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    assert_eq!(([0, 1, 0, 0], 1), (counts(breaker), breaker.snapshot().panicked));
}
