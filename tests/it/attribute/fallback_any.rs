//! `fallback_on = any`: a fallback that answers failures too.

use std::cell::Cell;
use std::pin::pin;

use circuit_runtime::{CallError, Outcome, circuit_breaker};

use super::{Answer, Error, circuit, snapshot};
use crate::support::{crash, crashes, poll_once, ready, secs, wait_once};

const DOWN: Answer = Err(Error::Down);

#[test]
fn it_answers_failures_and_rejections() {
    #[circuit_breaker(name = "any: both", threshold = 1, fallback = Ok(0), fallback_on = any)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!([Ok(1), Ok(0), Ok(0)], [call(Ok(1)), call(DOWN), call(Ok(1))]);
    let seen = snapshot("any: both");
    assert_eq!((1, 1, 1, 2), (seen.successes, seen.failures, seen.rejected, seen.fallbacks));
}

#[test]
fn a_path_is_given_clones_of_the_parameters() {
    fn cached(key: String, number: u32) -> Answer {
        Ok(u32::try_from(key.len()).unwrap() + number)
    }
    #[circuit_breaker(name = "any: path", fallback = cached, fallback_on = any)]
    fn call(key: String, number: u32) -> Answer {
        drop(key);
        assert!(number > 0);
        DOWN
    }
    assert_eq!(Ok(5), call("four".to_owned(), 1));
}

#[test]
fn a_closure_is_told_why() {
    #[circuit_breaker(
        name = "any: reason",
        threshold = 1,
        fallback = |_, why| match why {
            CallError::Failed(Error::Down) => Ok(1),
            CallError::Open(_) => Ok(2),
            other => panic!("{other:?}"),
        },
        fallback_on = any
    )]
    fn call(_number: u32) -> Answer {
        DOWN
    }
    assert_eq!([Ok(1), Ok(2)], [call(0), call(0)]);
}

#[test]
fn a_closure_is_given_the_whole_result_when_failure_says_what_fails() {
    #[circuit_breaker(
        name = "any: whole",
        failure = Ok(500..) | Err(_),
        fallback = |_, why| match why {
            CallError::Failed(Ok(code)) => Ok(code + 1),
            CallError::Failed(Err(_)) => Ok(0),
            other => panic!("{other:?}"),
        },
        fallback_on = any
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!([Ok(200), Ok(504), Ok(0)], [call(Ok(200)), call(Ok(503)), call(DOWN)]);
}

#[test]
fn it_answers_open_for() {
    #[circuit_breaker(
        name = "any: open for",
        classify = |answer| match answer {
            Err(Error::Busy(wait)) => Outcome::OpenFor(*wait),
            _ => Outcome::Success,
        },
        fallback = Ok(0),
        fallback_on = any
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(0), call(Err(Error::Busy(secs(5)))));
    assert_eq!(1, snapshot("any: open for").fallbacks);
    assert_eq!(Ok(0), call(Ok(1)));
}

#[test]
fn it_does_not_answer_what_is_ignored() {
    #[circuit_breaker(
        name = "any: ignored",
        ignore = Err(Error::NotFound),
        fallback = Ok(0),
        fallback_on = any
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Err(Error::NotFound), call(Err(Error::NotFound)));
    assert_eq!(0, snapshot("any: ignored").fallbacks);
}

#[test]
fn it_does_not_answer_a_panic() {
    #[circuit_breaker(name = "any: panic", fallback = Ok(0), fallback_on = any)]
    fn call() -> Answer {
        crash()
    }
    assert!(crashes(call));
    assert_eq!((1, 0), (snapshot("any: panic").panicked, snapshot("any: panic").fallbacks));
}

#[test]
fn it_does_not_answer_a_cancellation() {
    #[circuit_breaker(name = "any: cancelled", fallback = Ok(0), fallback_on = any)]
    async fn call() -> Answer {
        wait_once().await;
        DOWN
    }
    assert!(poll_once(pin!(call())).is_pending());
    let seen = snapshot("any: cancelled");
    assert_eq!((1, 0), (seen.cancelled, seen.fallbacks));
}

#[test]
fn an_async_function_may_fall_back_to_an_async_one() {
    async fn cached(number: u32) -> Answer {
        wait_once().await;
        Ok(number + 100)
    }
    #[circuit_breaker(name = "any: async", fallback = cached, fallback_on = any)]
    async fn call(_number: u32) -> Answer {
        DOWN
    }
    let mut calling = pin!(call(1));
    assert!(poll_once(calling.as_mut()).is_pending());
    assert_eq!(std::task::Poll::Ready(Ok(101)), poll_once(calling.as_mut()));
    assert_eq!(1, snapshot("any: async").failures);
}

/// Counts how often it was cloned.
struct Costly<'a>(&'a Cell<u32>);

impl Clone for Costly<'_> {
    fn clone(&self) -> Self {
        self.0.set(self.0.get() + 1);
        Costly(self.0)
    }
}

#[test]
fn what_the_fallback_is_given_is_cloned_once_per_call_and_never_while_open() {
    #[circuit_breaker(name = "any: clones", threshold = 3, fallback = |_| Ok(0), fallback_on = any)]
    fn call(costly: Costly<'_>) -> Answer {
        assert!(costly.0.get() < 10);
        DOWN
    }
    let clones = Cell::new(0);
    for expected in [1, 2, 3, 3, 3] {
        assert_eq!(Ok(0), call(Costly(&clones)));
        assert_eq!(expected, clones.get());
    }
}

#[test]
fn an_expression_clones_only_what_it_names() {
    #[circuit_breaker(name = "any: named", fallback = Ok(number), fallback_on = any)]
    fn call(costly: Costly<'_>, number: u32) -> Answer {
        assert!(costly.0.get() < 10 && number > 0);
        DOWN
    }
    let clones = Cell::new(0);
    assert_eq!((Ok(7), 0), (call(Costly(&clones), 7), clones.get()));
}

#[test]
fn an_expression_that_names_nothing_allows_a_mutable_parameter() {
    #[circuit_breaker(name = "any: mutable", fallback = Ok(0), fallback_on = any)]
    fn call(log: &mut Vec<u32>) -> Answer {
        log.push(1);
        DOWN
    }
    let mut log = Vec::new();
    assert_eq!((Ok(0), 1), (call(&mut log), log.len()));
}

#[test]
fn a_panic_in_clone_is_the_panic_of_the_call() {
    struct Bomb;
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            crash()
        }
    }
    #[circuit_breaker(name = "any: bomb", threshold = 1, fallback = |_| Ok(0), fallback_on = any)]
    fn call(_bomb: Bomb) -> Answer {
        Ok(1)
    }
    assert!(crashes(|| call(Bomb)));
    let seen = snapshot("any: bomb");
    assert_eq!((1, 1), (seen.panicked, seen.failures));
    assert_eq!(Ok(0), call(Bomb)); // open now: nothing is cloned
}

#[test]
fn it_answers_a_forced_circuit() {
    #[circuit_breaker(name = "any: forced", fallback = |n| Ok(n + 1), fallback_on = any)]
    async fn call(_number: u32) -> Answer {
        Ok(0)
    }
    assert_eq!(Ok(0), ready(call(1)));
    circuit("any: forced").force_open();
    assert_eq!(Ok(2), ready(call(1)));
}
