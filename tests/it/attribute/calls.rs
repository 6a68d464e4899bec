//! What becomes of the body: when it runs, how it ends, what a rejection looks like.

use std::cell::Cell;
use std::pin::pin;

use circuit_runtime::{CircuitOpenError, Rejection, circuit_breaker};

use super::{Answer, Error, is_rejected, snapshot};
use crate::support::{poll_once, ready, wait_once};

#[test]
fn the_body_does_not_run_while_the_circuit_is_open() {
    #[circuit_breaker(name = "calls: body", threshold = 1)]
    fn call(runs: &Cell<u32>) -> Answer {
        runs.set(runs.get() + 1);
        Err(Error::Down)
    }
    let runs = Cell::new(0);
    assert_eq!(Err(Error::Down), call(&runs));
    assert!((0..10).all(|_| is_rejected(call(&runs))));
    assert_eq!((1, 10), (runs.get(), snapshot("calls: body").rejected));
}

#[test]
fn an_async_body_does_not_run_while_the_circuit_is_open() {
    #[circuit_breaker(name = "calls: async body", threshold = 1)]
    async fn call(runs: &Cell<u32>) -> Answer {
        runs.set(runs.get() + 1);
        Err(Error::Down)
    }
    let runs = Cell::new(0);
    assert_eq!(Err(Error::Down), ready(call(&runs)));
    assert!((0..10).all(|_| is_rejected(ready(call(&runs)))));
    assert_eq!(1, runs.get());
}

#[test]
fn an_early_return_is_recorded() {
    #[circuit_breaker(name = "calls: return")]
    fn call(early: bool) -> Answer {
        if early {
            return Err(Error::Down);
        }
        Ok(1)
    }
    assert_eq!([Err(Error::Down), Ok(1)], [call(true), call(false)]);
    assert_eq!((1, 1), (snapshot("calls: return").failures, snapshot("calls: return").successes));
}

#[test]
fn a_question_mark_is_recorded() {
    #[circuit_breaker(name = "calls: question mark")]
    fn call(answer: Answer) -> Answer {
        let number = answer?;
        Ok(number + 1)
    }
    assert_eq!([Err(Error::Down), Ok(2)], [call(Err(Error::Down)), call(Ok(1))]);
    assert_eq!(1, snapshot("calls: question mark").failures);
}

#[test]
fn an_early_return_of_an_async_body_is_recorded() {
    #[circuit_breaker(name = "calls: async return")]
    async fn call(early: Answer) -> Answer {
        let number = early?;
        if number == 0 {
            return Err(Error::NotFound);
        }
        Ok(number)
    }
    for answer in [Err(Error::Down), Ok(1)] {
        assert_eq!(answer, ready(call(answer)));
    }
    assert_eq!(Err(Error::NotFound), ready(call(Ok(0))));
    assert_eq!(2, snapshot("calls: async return").failures);
}

#[test]
fn a_body_that_waits_is_recorded_when_it_ends() {
    #[circuit_breaker(name = "calls: wait")]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    let mut calling = pin!(call());
    assert!(poll_once(calling.as_mut()).is_pending());
    assert_eq!(0, snapshot("calls: wait").successes);
    assert!(poll_once(calling.as_mut()).is_ready());
    assert_eq!(1, snapshot("calls: wait").successes);
}

#[test]
fn a_rejection_is_made_into_the_functions_error() {
    #[circuit_breaker(name = "calls: rejection", threshold = 1, recovery = "30s")]
    fn call() -> Answer {
        Err(Error::Down)
    }
    let _time = circuit_runtime::test_util::freeze();
    assert_eq!(Err(Error::Down), call());
    let Err(Error::Open(error)) = call() else { panic!("not rejected") };
    assert_eq!(("calls: rejection", Rejection::Open), (error.circuit(), error.reason()));
    assert_eq!("circuit `calls: rejection` is open; retry after 30.0s", error.to_string());
}

#[test]
fn the_usual_error_types_take_a_rejection_as_they_are() {
    type Boxed = Box<dyn std::error::Error + Send + Sync>;

    #[circuit_breaker(name = "calls: box", threshold = 1)]
    fn boxed() -> Result<(), Boxed> {
        Err("down".into())
    }
    #[circuit_breaker(name = "calls: io", threshold = 1)]
    fn io() -> std::io::Result<()> {
        Err(std::io::Error::other("down"))
    }
    assert_eq!("down", boxed().unwrap_err().to_string());
    assert!(boxed().unwrap_err().is::<CircuitOpenError>());
    assert_eq!("down", io().unwrap_err().to_string());
    assert!(io().unwrap_err().get_ref().unwrap().is::<CircuitOpenError>());
}

#[test]
fn the_call_that_opens_returns_its_own_result() {
    #[circuit_breaker(name = "calls: opening", threshold = 1, fallback = Ok(0))]
    fn call() -> Answer {
        Err(Error::Down)
    }
    assert_eq!([Err(Error::Down), Ok(0)], [call(), call()]);
}

#[test]
fn a_recursive_call_is_a_call_of_its_own() {
    #[circuit_breaker(name = "calls: recursion")]
    fn sum(number: u32) -> Answer {
        if number == 0 { Ok(0) } else { Ok(number + sum(number - 1)?) }
    }
    assert_eq!(Ok(10), sum(4));
    assert_eq!(5, snapshot("calls: recursion").successes);
}
