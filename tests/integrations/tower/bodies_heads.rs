//! `judging_bodies` up to the head and after it: probes, `slow_call`, `stall`, and calls that are dropped on the way.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::http::Response;
use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::tower::{BoxError, CircuitBreakerLayer, ErrorsOnly, JudgedBody};
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, KeyedBreaker, Outcome, Permit, Rejection, Snapshot,
    State, Window,
};
use futures_core::Stream;
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use tower::{Layer, Service, service_fn};

use super::{breaker, keyed};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Opens at the first failure and asks again after ten seconds.
const FRAGILE: Config = Config::new().threshold(1).recovery(secs(10));

/// What a service says after its head, as a test tells it to.
#[derive(Clone, Default)]
struct Says(Rc<RefCell<VecDeque<Part>>>);

#[derive(Clone, Copy, Debug)]
enum Part {
    Data,
    BreaksOff,
    Ends,
}

impl Stream for Says {
    type Item = Result<Frame<&'static [u8]>, io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.borrow_mut().pop_front() {
            None => Poll::Pending,
            Some(Part::Data) => Poll::Ready(Some(Ok(Frame::data(b"part")))),
            Some(Part::BreaksOff) => Poll::Ready(Some(Err(io::Error::other("reset")))),
            Some(Part::Ends) => Poll::Ready(None),
        }
    }
}

struct Request {
    key: &'static str,
    status: u16,
    says: Says,
}

fn by_key(request: &Request) -> Cow<'_, str> {
    Cow::from(request.key)
}

/// Its head takes two polls.
async fn answer(request: Request) -> Result<Response<StreamBody<Says>>, Infallible> {
    let mut has_waited = false;
    poll_fn(|_| {
        let poll = if has_waited { Poll::Ready(()) } else { Poll::Pending };
        has_waited = true;
        poll
    })
    .await;
    Ok(Response::builder().status(request.status).body(StreamBody::new(request.says)).unwrap())
}

fn by_status<B>(result: &Result<Response<B>, Infallible>) -> Outcome {
    match result.as_ref().unwrap().status().as_u16() {
        404 => Outcome::Ignored,
        503 => Outcome::Failure,
        _ => Outcome::Success,
    }
}

type Judged = JudgedBody<StreamBody<Says>, ErrorsOnly>;

/// A call through the layer, its head on the way.
struct Call {
    head: Pin<Box<dyn Future<Output = Result<Response<Judged>, BoxError>>>>,
    body: Option<Judged>,
    says: Says,
}

impl Call {
    fn begin(breaker: &'static CircuitBreaker, status: u16) -> Self {
        let layer = CircuitBreakerLayer::new(breaker).classify(by_status).judging_bodies();
        Call::through(layer.layer(service_fn(answer)), "", status)
    }

    fn of_key(breaker: &'static KeyedBreaker, key: &'static str, status: u16) -> Self {
        let layer = CircuitBreakerLayer::keyed(breaker, by_key).classify(by_status);
        Call::through(layer.judging_bodies().layer(service_fn(answer)), key, status)
    }

    fn through<S>(mut service: S, key: &'static str, status: u16) -> Self
    where
        S: Service<Request, Response = Response<Judged>, Error = BoxError, Future: 'static>,
    {
        let says = Says::default();
        let head = Box::pin(service.call(Request { key, status, says: says.clone() }));
        let mut call = Call { head, body: None, says };
        assert!(call.poll_head().is_pending());
        call
    }

    fn poll_head(&mut self) -> Poll<Result<Response<Judged>, BoxError>> {
        self.head.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// The head comes.
    fn answers(&mut self) {
        let Poll::Ready(Ok(response)) = self.poll_head() else { panic!("it should have come") };
        self.body = Some(response.into_body());
    }

    /// A part of the body comes.
    fn says(&mut self, part: Part) {
        self.says.0.borrow_mut().push_back(part);
        let body = Pin::new(self.body.as_mut().unwrap());
        let polled = body.poll_frame(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
    }

    /// The body ends with this part, or is dropped.
    fn ends(&mut self, end: Option<Part>) {
        match end {
            Some(part) => self.says(part),
            None => self.body = None,
        }
    }
}

/// Successes, failures, ignored and late calls.
fn counts(seen: &Snapshot) -> [u64; 4] {
    [seen.successes, seen.failures, seen.ignored, seen.late]
}

fn admits(breaker: &CircuitBreaker) -> bool {
    breaker.try_acquire().map(Permit::ignore).is_ok()
}

/// Frozen time, and a half-open circuit, which has failed once.
fn half_open(config: Config) -> (Frozen, &'static CircuitBreaker) {
    let (time, breaker) = (freeze(), breaker(config));
    breaker.try_acquire().unwrap().failure();
    time.advance(secs(10));
    (time, breaker)
}

/// What a call counts as whose head is no failure, when its body ends or is dropped.
const GOOD: [(u16, [u64; 4]); 2] = [(200, [1, 0, 0, 0]), (404, [0, 0, 1, 0])];

#[test]
fn a_head_that_is_no_failure_is_the_success_of_a_probe_however_long_its_body_lasts() {
    for (status, mut expected) in GOOD {
        expected[1] += 1; // the one that opened
        for end in [Some(Part::Ends), None] {
            let (time, breaker) = half_open(FRAGILE);
            let mut probe = Call::begin(breaker, status);
            assert_eq!(State::HalfOpen, breaker.state());
            assert!(!admits(breaker));
            probe.answers();
            assert_eq!(
                (State::Closed, [0, 1, 0, 0]),
                (breaker.state(), counts(&breaker.snapshot()))
            );
            time.advance(secs(1_800));
            probe.says(Part::Data);
            assert!(admits(breaker), "{status}: half an hour later");
            expected[2] += 1; // the question
            probe.ends(end);
            assert_eq!((State::Closed, expected), (breaker.state(), counts(&breaker.snapshot())));
            expected[2] -= 1;
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_a_failure_of_the_circuit_that_its_head_has_closed() {
    for (status, _) in GOOD {
        let (_time, breaker) = half_open(FRAGILE);
        let mut probe = Call::begin(breaker, status);
        probe.answers();
        probe.says(Part::BreaksOff);
        let seen = breaker.snapshot();
        assert_eq!((State::Open, [0, 2, 0, 0]), (seen.state, counts(&seen)), "{status}");
    }
}

#[test]
fn while_others_still_probe_a_body_that_breaks_off_takes_its_head_back_and_another_end_does_not() {
    for (status, mut expected) in GOOD {
        let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
        let mut first = Call::begin(breaker, status);
        first.answers();
        first.says(Part::Ends);
        expected[1] += 1;
        assert_eq!((State::HalfOpen, expected), (breaker.state(), counts(&breaker.snapshot())));
        let mut second = Call::begin(breaker, status);
        second.answers();
        assert_eq!(State::Closed, breaker.state(), "{status}");

        let (_time, breaker) = half_open(FRAGILE.success_threshold(2).probes(3));
        let mut first = Call::begin(breaker, status);
        first.answers();
        first.says(Part::BreaksOff);
        let mut second = Call::begin(breaker, status);
        second.answers();
        assert_eq!(State::HalfOpen, breaker.state(), "{status}: one has failed, and one succeeded");
        let mut third = Call::begin(breaker, status);
        third.answers();
        assert_eq!(State::Closed, breaker.state(), "{status}");
    }
}

#[test]
fn slow_call_measures_up_to_the_head() {
    let config = Config::new().slow_call(secs(2)).window(Window::Calls(10)).min_calls(10);
    let run = |status, to_the_head, end: Option<Part>| {
        let (time, breaker) = (freeze(), breaker(config));
        let mut call = Call::begin(breaker, status);
        time.advance(secs(to_the_head));
        call.answers();
        time.advance(secs(3_600));
        call.ends(end);
        let seen = breaker.snapshot();
        (seen.slow, counts(&seen))
    };
    for (status, expected) in GOOD {
        for end in [Some(Part::Ends), None] {
            assert_eq!((0, expected), run(status, 1, end), "{status} {end:?}");
            // An ignored call is never slow.
            assert_eq!((expected[0], expected), run(status, 2, end), "{status} {end:?}");
        }
        for (to_the_head, slow) in [(1, 0), (2, 1)] {
            let broken_off = run(status, to_the_head, Some(Part::BreaksOff));
            assert_eq!((slow, [0, 1, 0, 0]), broken_off, "{status} {to_the_head}");
        }
    }
}

#[test]
fn a_slow_head_fails_a_probe_whose_end_is_late() {
    for (status, _) in GOOD {
        for end in [Part::Ends, Part::BreaksOff] {
            let (time, breaker) = half_open(FRAGILE.slow_call(secs(2)));
            let mut probe = Call::begin(breaker, status);
            time.advance(secs(2));
            probe.answers();
            assert_eq!(State::Open, breaker.state(), "{status}");
            probe.says(end);
            assert_eq!([0, 1, 0, 1], counts(&breaker.snapshot()), "{status} {end:?}");
        }
    }
}

#[test]
fn after_its_head_a_call_does_not_stall() {
    for (status, expected) in GOOD {
        for end in [Some(Part::Ends), None] {
            let (time, breaker) = (freeze(), breaker(FRAGILE.stall(secs(2))));
            let mut call = Call::begin(breaker, status);
            assert_eq!(Some(1), breaker.snapshot().in_flight);
            time.advance(secs(1));
            call.answers();
            time.advance(secs(1_800));
            let seen = breaker.snapshot();
            assert_eq!((State::Closed, 0), (seen.state, seen.stalled), "{status}");
            call.says(Part::Data);
            call.ends(end);
            let seen = breaker.snapshot();
            assert_eq!((State::Closed, expected), (seen.state, counts(&seen)), "{status} {end:?}");
            assert_eq!((Some(0), 0), (seen.in_flight, seen.stalled));
        }
    }
}

#[test]
fn a_probe_whose_head_has_come_does_not_stall() {
    for (status, _) in GOOD {
        let (time, breaker) = half_open(FRAGILE.stall(secs(2)));
        let mut probe = Call::begin(breaker, status);
        probe.answers();
        time.advance(secs(1_800));
        assert_eq!((State::Closed, 0), (breaker.state(), breaker.snapshot().stalled), "{status}");
        probe.says(Part::Ends);
        assert_eq!(0, breaker.snapshot().late);
    }
}

#[test]
fn a_call_without_a_head_stalls_and_what_it_says_later_is_late() {
    for status in [200, 404, 503] {
        for end in [Some(Part::Ends), Some(Part::BreaksOff), None] {
            let (time, breaker) = (freeze(), breaker(FRAGILE.stall(secs(2))));
            let mut call = Call::begin(breaker, status);
            time.advance(Duration::from_millis(2_250));
            let seen = breaker.snapshot();
            assert_eq!((State::Open, 1), (seen.state, seen.stalled));
            call.answers();
            call.ends(end);
            let seen = breaker.snapshot();
            assert_eq!([0, 1, 0, 1], counts(&seen), "{status} {end:?}");
            assert_eq!(Some(0), seen.in_flight);
        }
    }
}

#[test]
fn each_key_has_its_own_bodies() {
    let (_time, hosts) = (freeze(), keyed(10, FRAGILE.max_concurrent(1)));
    let mut broken = Call::of_key(hosts, "broken", 200);
    broken.answers();
    let reason = |key| hosts.key(key).try_acquire().map(Permit::ignore).map_err(|it| it.reason());
    assert_eq!(Err(Rejection::TooManyCalls), reason("broken"));
    assert_eq!(Ok(()), reason("well"));
    let mut well = Call::of_key(hosts, "well", 200);
    well.answers();
    broken.says(Part::BreaksOff);
    assert_eq!(Err(Rejection::Open), reason("broken"));
    let state = |key| hosts.key(key).snapshot().unwrap().state;
    assert_eq!((State::Open, State::Closed), (state("broken"), state("well")));
    well.says(Part::Ends);
    assert_eq!(Ok(()), reason("well"));
    // A call that is rejected asks nobody.
    let layer = CircuitBreakerLayer::keyed(hosts, by_key).classify(by_status).judging_bodies();
    let request = Request { key: "broken", status: 200, says: Says::default() };
    let mut rejected = Box::pin(layer.layer(service_fn(answer)).call(request));
    let polled = rejected.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("it should have been rejected") };
    assert_eq!("broken", &*error.downcast_ref::<CircuitOpenError>().unwrap().key().unwrap());
}

/// With its head on the way, after it, after each part, and after the end; in time, and after it has stalled.
#[test]
fn a_call_that_is_dropped_wherever_leaves_the_list_and_its_place() {
    const PARTS: [Part; 3] = [Part::Data, Part::Data, Part::Ends];
    let config = Config::new().threshold(1_000).stall(secs(2)).max_concurrent(1);
    for status in [200, 404, 503] {
        for stalls in [false, true] {
            let (hosts, breaker) = (keyed(10, config), breaker(config));
            let by_key = hosts.key("a");
            for steps in 0..=PARTS.len() + 1 {
                let time = freeze();
                let mut calls = [Call::begin(breaker, status), Call::of_key(hosts, "a", status)];
                let in_flight =
                    || [breaker.snapshot(), by_key.snapshot().unwrap()].map(|seen| seen.in_flight);
                assert_eq!([Some(1); 2], in_flight());
                time.advance(if stalls { Duration::from_millis(2_250) } else { secs(1) });
                for call in &mut calls {
                    if steps > 0 {
                        call.answers();
                    }
                    for part in PARTS.into_iter().take(steps.saturating_sub(1)) {
                        call.says(part);
                    }
                }
                drop(calls);
                time.advance(secs(60));
                assert!(admits(breaker) && by_key.try_acquire().is_ok(), "{status} {steps}");
                let calls = u64::try_from(steps).unwrap() + 1;
                for seen in [breaker.snapshot(), by_key.snapshot().unwrap()] {
                    let stalled = if stalls { calls } else { 0 };
                    assert_eq!((stalled, stalled), (seen.stalled, seen.late), "{seen}");
                    assert_eq!(Some(0), seen.in_flight, "{status} {steps}: {seen}");
                }
            }
        }
    }
}
