//! What a result counts as: `failure`, `ignore`, `classify`, `on_cancel`, panics.

use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Outcome, State, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::shapes::block_on;
use crate::support::{crash, crashes, poll_once, secs, wait_once};

/// Successes, failures and ignored calls.
fn counts(name: &str) -> (u64, u64, u64) {
    let seen = snapshot(name);
    (seen.successes, seen.failures, seen.ignored)
}

#[test]
fn ok_is_a_success_and_err_a_failure() {
    #[circuit_breaker(name = "outcomes: default")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!(Err(Error::NotFound), call(Err(Error::NotFound)));
    assert_eq!((1, 1, 0), counts("outcomes: default"));
}

#[test]
fn failure_says_what_fails_and_the_rest_succeeds() {
    #[circuit_breaker(name = "outcomes: failure", failure = Err(Error::Down | Error::Busy(_)))]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for error in [Error::Down, Error::Busy(secs(1)), Error::NotFound] {
        assert_eq!(Err(error), call(Err(error)));
    }
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!((2, 2, 0), counts("outcomes: failure"));
}

#[test]
fn failure_may_be_an_ok() {
    #[circuit_breaker(name = "outcomes: ok", failure = Ok(500..) | Err(_))]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [Ok(200), Ok(503), Err(Error::Down)] {
        assert_eq!(answer, call(answer));
    }
    assert_eq!((1, 2, 0), counts("outcomes: ok"));
}

#[test]
fn a_constant_in_a_pattern_may_be_of_the_type_of_the_result() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Status(u16);

    impl Status {
        const ERR: Status = Status(500);
        const GONE: &'static Status = &Status(410);
    }

    mod codes {
        pub(super) const DOWN: u16 = 503;
    }

    #[allow(clippy::upper_case_acronyms, reason = "as a constant is written")]
    #[derive(Debug, Clone, Copy)]
    enum Level {
        OK,
        DOWN,
    }

    #[circuit_breaker(name = "outcomes: associated", failure = Status::ERR, ignore = (Status::GONE), fallback = Status(0))]
    fn call(status: Status) -> Status {
        status
    }

    #[circuit_breaker(name = "outcomes: number", failure = codes::DOWN | 500 | u16::MAX if strict, fallback = 0)]
    async fn number(code: u16, strict: bool) -> u16 {
        code
    }

    #[circuit_breaker(name = "outcomes: variant", failure = Level::DOWN, fallback = { Level::OK })]
    fn level(level: Level) -> Level {
        level
    }

    for status in [Status(200), Status(500), Status(500), Status(410)] {
        assert_eq!(status, call(status));
    }
    assert_eq!((1, 2, 1), counts("outcomes: associated"));

    for (code, strict) in [(503, true), (503, false), (500, true), (u16::MAX, true), (200, true)] {
        assert_eq!(code, block_on(number(code, strict)));
    }
    assert_eq!((2, 3, 0), counts("outcomes: number"));

    for it in [Level::OK, Level::DOWN] {
        let _ = level(it);
    }
    assert_eq!((1, 1, 0), counts("outcomes: variant"));
}

#[test]
fn failure_may_have_a_guard() {
    #[circuit_breaker(name = "outcomes: guard", failure = Err(e) if *e != Error::NotFound)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [Err(Error::Down), Err(Error::NotFound)] {
        assert_eq!(answer, call(answer));
    }
    assert_eq!((1, 1, 0), counts("outcomes: guard"));
}

#[test]
fn a_guard_may_use_the_parameters_and_self() {
    struct Client {
        strict: bool,
    }
    impl Client {
        #[circuit_breaker(name = "outcomes: self", failure = Err(_) if self.strict && weight > 1)]
        fn call(&self, weight: u32) -> Answer {
            Err(Error::Down)
        }
    }
    for (strict, weight) in [(true, 2), (true, 1), (false, 2)] {
        assert_eq!(Err(Error::Down), Client { strict }.call(weight));
    }
    assert_eq!((2, 1, 0), counts("outcomes: self"));
}

#[test]
fn ignore_counts_neither_way() {
    #[circuit_breaker(name = "outcomes: ignore", threshold = 2, ignore = Err(Error::NotFound))]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    for _ in 0..10 {
        assert_eq!(Err(Error::NotFound), call(Err(Error::NotFound)));
    }
    assert_eq!((0, 1, 10), counts("outcomes: ignore"));
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    assert!(is_rejected(call(Ok(1))));
}

#[test]
pub(crate) fn ignore_wins_over_failure() {
    #[circuit_breaker(
        name = "outcomes: both",
        failure = Err(_),
        ignore = Err(Error::NotFound)
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let (_, failures, ignored) =
        circuit_runtime::find("outcomes: both").map_or((0, 0, 0), |_| counts("outcomes: both"));
    for error in [Error::Down, Error::NotFound] {
        assert_eq!(Err(error), call(Err(error)));
    }
    assert_eq!((0, failures + 1, ignored + 1), counts("outcomes: both"));
}

#[test]
fn an_ignored_probe_gives_its_place_back() {
    #[circuit_breaker(
        name = "outcomes: probe",
        threshold = 1,
        recovery = "10s",
        ignore = Err(Error::NotFound)
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    time.advance(secs(10));
    for _ in 0..10 {
        assert_eq!(Err(Error::NotFound), call(Err(Error::NotFound)));
        assert_eq!(State::HalfOpen, circuit("outcomes: probe").state());
    }
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!(State::Closed, circuit("outcomes: probe").state());
}

fn by_kind(answer: &Answer) -> Outcome {
    match answer {
        Ok(_) => Outcome::Success,
        Err(Error::NotFound) => Outcome::Ignored,
        Err(Error::Busy(wait)) => Outcome::OpenFor(*wait),
        Err(_) => Outcome::Failure,
    }
}

#[test]
fn classify_may_be_a_path() {
    #[circuit_breaker(name = "outcomes: path", classify = by_kind)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [Ok(1), Err(Error::NotFound), Err(Error::Down)] {
        assert_eq!(answer, call(answer));
    }
    assert_eq!((1, 1, 1), counts("outcomes: path"));
}

#[test]
fn classify_may_be_a_closure() {
    #[circuit_breaker(
        name = "outcomes: closure",
        classify = |answer| if answer.is_ok() { Outcome::Failure } else { Outcome::Success }
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [Ok(1), Ok(2), Err(Error::Down)] {
        assert_eq!(answer, call(answer));
    }
    assert_eq!((1, 2, 0), counts("outcomes: closure"));
}

#[test]
fn classify_can_open_for_as_long_as_the_service_asks() {
    #[circuit_breaker(name = "outcomes: retry-after", classify = by_kind)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    let busy = Err(Error::Busy(secs(120)));
    assert_eq!(busy, call(busy));
    match call(Ok(1)) {
        Err(Error::Open(error)) => assert_eq!(Some(secs(120)), error.retry_after()),
        other => panic!("{other:?}"),
    }
    time.advance(secs(120));
    assert_eq!(Ok(1), call(Ok(1)));
}

#[test]
fn a_type_that_is_no_result_works_with_failure_and_fallback() {
    #[circuit_breaker(name = "outcomes: option", threshold = 1, failure = None, fallback = Some(0))]
    fn call(answer: Option<u32>) -> Option<u32> {
        answer
    }
    assert_eq!([Some(1), None, Some(0)], [call(Some(1)), call(None), call(Some(1))]);
    assert_eq!((1, 1, 0), counts("outcomes: option"));
}

#[test]
fn a_panic_is_a_failure_and_goes_on() {
    #[circuit_breaker(name = "outcomes: panic", threshold = 1)]
    fn call(healthy: bool) -> Answer {
        if healthy { Ok(1) } else { crash() }
    }
    assert!(crashes(|| call(false)));
    assert!(is_rejected(call(true)));
    assert_eq!(1, snapshot("outcomes: panic").panicked);
}

#[test]
fn a_panic_in_a_guard_is_the_panic_of_the_call() {
    fn asked() -> bool {
        crash()
    }
    #[circuit_breaker(name = "outcomes: guard panic", threshold = 1, failure = Ok(_) if asked())]
    fn call() -> Answer {
        Ok(1)
    }
    assert!(crashes(call));
    assert!(is_rejected(call()));
}

#[test]
fn a_panic_in_classify_is_the_panic_of_the_call() {
    #[circuit_breaker(name = "outcomes: classify panic", threshold = 1, classify = |_| crash())]
    async fn call() -> Answer {
        Ok(1)
    }
    assert!(crashes(|| crate::support::ready(call())));
    assert!(is_rejected(crate::support::ready(call())));
}

#[test]
fn a_dropped_future_is_neutral() {
    #[circuit_breaker(name = "outcomes: cancel", threshold = 1)]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    assert!(poll_once(pin!(call())).is_pending());
    assert_eq!((0, 0, 0), counts("outcomes: cancel"));
    assert_eq!(1, snapshot("outcomes: cancel").cancelled);
    assert!(poll_once(pin!(call())).is_pending());
}

#[test]
fn on_cancel_ignore_is_the_default_written_out() {
    #[circuit_breaker(name = "outcomes: cancel ignored", threshold = 1, on_cancel = ignore)]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    assert!(poll_once(pin!(call())).is_pending());
    assert_eq!(State::Closed, circuit("outcomes: cancel ignored").state());
}

#[test]
fn on_cancel_failure_makes_a_dropped_future_a_failure() {
    #[circuit_breaker(name = "outcomes: cancel fails", threshold = 1, on_cancel = failure)]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    assert!(poll_once(pin!(call())).is_pending());
    assert_eq!((0, 1, 0), counts("outcomes: cancel fails"));
    assert_eq!(State::Open, circuit("outcomes: cancel fails").state());
}

#[test]
fn a_future_that_was_never_polled_took_nothing() {
    #[circuit_breaker(name = "outcomes: unpolled", threshold = 1, on_cancel = failure)]
    async fn call() -> Answer {
        Ok(1)
    }
    drop(call());
    assert_eq!(Ok(1), crate::support::ready(call()));
    assert_eq!((1, 0, 0), counts("outcomes: unpolled"));
}

#[test]
fn a_guard_sees_what_the_body_did_to_a_mut_parameter() {
    struct Client {
        tries: u32,
    }
    #[async_trait::async_trait]
    trait Fetch {
        async fn boxed(&mut self, answer: Answer) -> Answer;
    }
    impl Client {
        #[circuit_breaker(name = "outcomes: mut self", failure = Err(_) if self.tries > 1)]
        fn call(&mut self, answer: Answer) -> Answer {
            self.tries += 1;
            answer
        }
        #[circuit_breaker(
            name = "outcomes: mut self, async",
            ignore = Ok(_) if self.tries < 3,
            classify = |_| if self.tries > 3 { Outcome::Failure } else { Outcome::Success }
        )]
        async fn later(&mut self, answer: Answer) -> Answer {
            std::future::ready(()).await;
            self.tries += 1;
            answer
        }
    }
    #[async_trait::async_trait]
    impl Fetch for Client {
        #[circuit_breaker(name = "outcomes: mut self, boxed", failure = Err(_) if self.tries > 1)]
        async fn boxed(&mut self, answer: Answer) -> Answer {
            self.tries += 1;
            answer
        }
    }
    #[circuit_breaker(name = "outcomes: mut parameter", failure = Err(_) if list.len() > 1)]
    fn call(list: &mut Vec<u8>, answer: Answer) -> Answer {
        list.push(1);
        answer
    }
    let error = Err(Error::Down);
    let mut client = Client { tries: 0 };
    assert_eq!([error, error], [client.call(error), client.call(error)]);
    assert_eq!((1, 1, 0), counts("outcomes: mut self"));
    for answer in [Ok(1), error, error] {
        assert_eq!(answer, block_on(client.later(answer)));
    }
    assert_eq!((1, 2, 0), counts("outcomes: mut self, async"));
    client.tries = 0;
    assert_eq!([error, error], [(); 2].map(|()| block_on(client.boxed(error))));
    assert_eq!((1, 1, 0), counts("outcomes: mut self, boxed"));
    let mut list = Vec::new();
    assert_eq!([error, error], [call(&mut list, error), call(&mut list, error)]);
    assert_eq!((1, 1, 0), counts("outcomes: mut parameter"));
}
