//! `fallback`: what answers a rejected call, in its four forms.

use circuit_runtime::{CircuitOpenError, Rejection, circuit_breaker};

use super::{Answer, Error, circuit, snapshot};
use crate::support::{crash, crashes, ready, wait_once};

const DOWN: Answer = Err(Error::Down);

fn cached(number: u32, _: &str) -> Answer {
    Ok(number + 100)
}

async fn cached_later(number: u32, text: &str) -> Answer {
    std::future::ready(()).await;
    cached(number, text)
}

#[test]
fn a_path_is_called_with_the_parameters() {
    #[circuit_breaker(name = "fallback: path", threshold = 1, fallback = cached)]
    fn call(number: u32, _text: &str) -> Answer {
        assert!(number > 0);
        DOWN
    }
    assert_eq!([DOWN, Ok(107)], [call(7, "a"), call(7, "b")]);
    let seen = snapshot("fallback: path");
    assert_eq!((1, 1, 0, 1), (seen.fallbacks, seen.rejected, seen.successes, seen.failures));
}

#[test]
fn a_path_is_called_with_the_receiver() {
    struct Client {
        stock: u32,
    }
    impl Client {
        #[circuit_breaker(name = "fallback: method", threshold = 1, fallback = Self::in_stock)]
        fn call(&mut self, number: u32) -> Answer {
            self.stock += number;
            DOWN
        }
        fn in_stock(&mut self, number: u32) -> Answer {
            Ok(self.stock + number)
        }
    }
    let mut client = Client { stock: 10 };
    assert_eq!([DOWN, Ok(18)], [client.call(3), client.call(5)]);
}

#[test]
fn an_async_function_may_fall_back_to_a_sync_one() {
    #[circuit_breaker(name = "fallback: sync", threshold = 1, fallback = cached)]
    async fn call(_number: u32, _text: &str) -> Answer {
        DOWN
    }
    assert_eq!([DOWN, Ok(101)], [ready(call(1, "")), ready(call(1, ""))]);
}

#[test]
fn an_async_function_may_fall_back_to_an_async_one() {
    #[circuit_breaker(name = "fallback: async", threshold = 1, fallback = cached_later)]
    async fn call(_number: u32, _text: &str) -> Answer {
        DOWN
    }
    assert_eq!([DOWN, Ok(101)], [ready(call(1, "")), ready(call(1, ""))]);
}

#[test]
fn a_closure_gets_the_parameters() {
    #[circuit_breaker(name = "fallback: closure", threshold = 1, fallback = |n, _| Ok(n + 1))]
    fn call(_number: u32, _text: String) -> Answer {
        DOWN
    }
    assert_eq!([DOWN, Ok(2)], [call(1, String::new()), call(1, String::new())]);
}

#[test]
fn a_closure_may_use_self() {
    struct Client(u32);
    impl Client {
        #[circuit_breaker(name = "fallback: self", threshold = 1, fallback = |n| Ok(self.0 + n))]
        fn call(&self, _number: u32) -> Answer {
            DOWN
        }
    }
    assert_eq!([DOWN, Ok(12)], [Client(10).call(2), Client(10).call(2)]);
}

#[test]
fn a_closure_with_one_parameter_more_is_told_the_reason() {
    #[circuit_breaker(name = "fallback: reason", fallback = |_number, why| explained(why))]
    fn call(_number: u32) -> Answer {
        Ok(1)
    }
    fn explained(why: CircuitOpenError) -> Answer {
        assert_eq!("fallback: reason", why.circuit());
        Err(Error::Open(why))
    }
    assert_eq!(Ok(1), call(1));
    circuit("fallback: reason").force_open();
    let Err(Error::Open(error)) = call(1) else { panic!("no reason") };
    assert_eq!(Rejection::ForcedOpen, error.reason());
}

#[test]
fn an_async_function_takes_sync_and_async_closures() {
    #[circuit_breaker(name = "fallback: async 1", threshold = 1, fallback = |n| Ok(n + 1))]
    async fn to_sync(_number: u32) -> Answer {
        DOWN
    }
    #[circuit_breaker(name = "fallback: async 2", threshold = 1, fallback = async |n| Ok(n + 1))]
    async fn to_async(_number: u32) -> Answer {
        DOWN
    }
    #[circuit_breaker(
        name = "fallback: async 3",
        threshold = 1,
        fallback = |n, why| async move { if why.retry_after().is_some() { Ok(n + 1) } else { DOWN } }
    )]
    async fn to_block(_number: u32) -> Answer {
        DOWN
    }
    assert_eq!([DOWN, Ok(2)], [ready(to_sync(1)), ready(to_sync(1))]);
    assert_eq!([DOWN, Ok(2)], [ready(to_async(1)), ready(to_async(1))]);
    assert_eq!([DOWN, Ok(2)], [ready(to_block(1)), ready(to_block(1))]);
}

#[test]
fn an_expression_is_evaluated_with_the_parameters_in_scope() {
    #[circuit_breaker(name = "fallback: expression", threshold = 1, fallback = Ok(number * 2))]
    fn call(number: u32) -> Answer {
        assert!(number > 0);
        DOWN
    }
    assert_eq!([DOWN, Ok(14)], [call(7), call(7)]);
}

#[test]
fn an_expression_is_not_evaluated_unless_it_is_needed() {
    fn crashing() -> Answer {
        crash()
    }
    #[circuit_breaker(name = "fallback: lazy", fallback = crashing())]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    circuit("fallback: lazy").force_open();
    assert!(crashes(call));
    assert_eq!(0, snapshot("fallback: lazy").panicked);
}

#[test]
fn a_block_is_an_expression() {
    const DEFAULT: Answer = Ok(42);
    #[circuit_breaker(name = "fallback: block", threshold = 1, fallback = { DEFAULT })]
    fn call() -> Answer {
        DOWN
    }
    assert_eq!([DOWN, Ok(42)], [call(), call()]);
}

#[test]
fn none_is_a_value() {
    #[circuit_breaker(name = "fallback: none", threshold = 1, failure = Some(0), fallback = None)]
    fn call() -> Option<u32> {
        Some(0)
    }
    assert_eq!([Some(0), None], [call(), call()]);
}

#[test]
fn an_expression_may_wait() {
    #[circuit_breaker(
        name = "fallback: await",
        threshold = 1,
        fallback = cached_later(number, "").await
    )]
    async fn call(number: u32) -> Answer {
        assert!(number > 0);
        DOWN
    }
    assert_eq!([DOWN, Ok(101)], [ready(call(1)), ready(call(1))]);
}

#[test]
fn nothing_is_cloned_for_a_rejection() {
    struct NoClone(u32);
    #[circuit_breaker(name = "fallback: move", threshold = 1, fallback = |it| Ok(it.0))]
    fn call(it: NoClone) -> Answer {
        assert!(it.0 > 0);
        DOWN
    }
    assert_eq!([DOWN, Ok(3)], [call(NoClone(3)), call(NoClone(3))]);
}

#[test]
fn a_fallback_answers_a_rejection_for_whatever_reason() {
    #[circuit_breaker(name = "fallback: reasons", max_concurrent = 1, fallback = Ok(0))]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    let mut first = Box::pin(call());
    assert!(crate::support::poll_once(first.as_mut()).is_pending());
    assert_eq!(Ok(0), ready(call()));
    drop(first);
    circuit("fallback: reasons").force_open();
    assert_eq!(Ok(0), ready(call()));
    assert_eq!(2, snapshot("fallback: reasons").fallbacks);
}

#[test]
fn the_outcome_of_the_fallback_is_not_recorded() {
    #[circuit_breaker(name = "fallback: outcome", fallback = Err(Error::Down))]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    circuit("fallback: outcome").force_open();
    assert_eq!(DOWN, call());
    let seen = snapshot("fallback: outcome");
    assert_eq!((1, 0, 1), (seen.successes, seen.failures, seen.fallbacks));
}

#[test]
fn a_failure_is_not_answered_by_a_fallback_on_open() {
    #[circuit_breaker(name = "fallback: open", fallback = Ok(0), fallback_on = open)]
    fn call() -> Answer {
        DOWN
    }
    assert_eq!(DOWN, call());
    assert_eq!(0, snapshot("fallback: open").fallbacks);
}
