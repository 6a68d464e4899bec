//! `stale`: the last good value, while the circuit is open.

mod apart;
mod beside;
mod keep;

use std::cell::{Cell, RefCell};
use std::pin::pin;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{Config, KeyedBreaker, Rejection, State, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{NANOSECOND, poll_once, ready, secs, wait_once};

#[test]
fn a_rejected_call_is_given_the_last_good_value_up_to_its_age() {
    #[circuit_breaker(
        name = "stale: age",
        threshold = 1,
        recovery = "1h",
        stale = "10m",
        stale_key = ()
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!((Ok(1), Ok(2)), (call(Ok(1)), call(Ok(2))));
    assert_eq!(Err(Error::Down), call(Err(Error::Down)), "a failure stays one");
    assert_eq!(Ok(2), call(Ok(3)));
    time.advance(secs(600));
    assert_eq!(Ok(2), call(Ok(3)));
    time.advance(NANOSECOND);
    assert!(is_rejected(call(Ok(3))), "one nanosecond older");
    let seen = snapshot("stale: age");
    assert_eq!((3, 2, 0), (seen.rejected, seen.stale, seen.fallbacks));
    assert_eq!((2, 1, State::Open), (seen.successes, seen.failures, seen.state));
    assert!(seen.to_string().contains("2 by a stale value"), "{seen}");
}

#[test]
fn each_success_makes_its_value_young_again() {
    #[circuit_breaker(name = "stale: young", threshold = 1, stale = "10m", stale_key = key)]
    fn call(key: u8, answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(Ok(1), call(1, Ok(1)));
    time.advance(secs(599));
    assert_eq!(Ok(1), call(1, Ok(1)));
    assert_eq!(Err(Error::Down), call(2, Err(Error::Down)));
    circuit("stale: young").force_open();
    time.advance(secs(599));
    assert_eq!(Ok(1), call(1, Ok(3)));
}

#[test]
fn only_a_counted_success_is_kept() {
    #[circuit_breaker(
        name = "stale: counted",
        threshold = 9,
        failure = Ok(13) | Err(Error::Down),
        ignore = Ok(0),
        stale = "10m",
        stale_key = ()
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    for kept in [Ok(1), Ok(13), Ok(0), Err(Error::NotFound), Err(Error::Down)] {
        assert_eq!(kept, call(kept));
    }
    circuit("stale: counted").force_open();
    assert_eq!(Ok(1), call(Ok(2)));
    assert_eq!(2, snapshot("stale: counted").successes, "one of them was an `Err`");
}

#[test]
fn whatever_rejects_a_call_its_value_is_given() {
    #[circuit_breaker(
        name = "stale: reasons",
        threshold = 1,
        recovery = "10s",
        max_concurrent = 1,
        stale = "10m",
        stale_key = ()
    )]
    async fn call(answer: Answer) -> Answer {
        wait_once().await;
        answer
    }
    let run = |answer| {
        let mut running = pin!(call(answer));
        assert!(poll_once(running.as_mut()).is_pending());
        assert!(poll_once(running).is_ready());
    };
    let time = freeze();
    run(Ok(1));
    {
        let mut first = pin!(call(Ok(2)));
        assert!(poll_once(first.as_mut()).is_pending());
        assert_eq!(Ok(1), ready(call(Ok(3))), "the bulkhead is full");
    }
    run(Err(Error::Down));
    time.advance(secs(10));
    {
        let mut probe = pin!(call(Ok(2)));
        assert!(poll_once(probe.as_mut()).is_pending());
        assert_eq!(Ok(1), ready(call(Ok(3))), "the probes are taken");
        assert!(poll_once(probe).is_ready());
    }
    circuit("stale: reasons").force_open();
    assert_eq!(Ok(2), ready(call(Ok(3))));
    let seen = snapshot("stale: reasons");
    assert_eq!((3, 3), (seen.stale, seen.rejected));
}

#[test]
fn the_fallback_comes_after_it() {
    #[circuit_breaker(
        name = "stale: fallback",
        threshold = 1,
        stale = "10m",
        stale_key = key,
        fallback = |key, _, why| Ok(u32::from(key) + u32::from(why.reason() == Rejection::Open))
    )]
    fn call(key: u8, answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), call(1, Ok(1)));
    assert_eq!(Err(Error::Down), call(1, Err(Error::Down)));
    assert_eq!(Ok(1), call(1, Ok(9)));
    assert_eq!(Ok(21), call(20, Ok(9)));
    let seen = snapshot("stale: fallback");
    assert_eq!((1, 1, 2), (seen.stale, seen.fallbacks, seen.rejected));
}

#[test]
fn in_an_async_function_it_is_the_same() {
    #[circuit_breaker(
        name = "stale: async",
        threshold = 1,
        stale = "10m",
        stale_key = key,
        fallback = async |key: &str, _| Ok(u32::try_from(key.len()).unwrap())
    )]
    async fn call(key: &str, answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), ready(call("a", Ok(1))));
    assert_eq!(Err(Error::Down), ready(call("a", Err(Error::Down))));
    assert_eq!(Ok(1), ready(call("a", Ok(9))));
    assert_eq!(Ok(3), ready(call("abc", Ok(9))));
    let seen = snapshot("stale: async");
    assert_eq!((1, 1, 2), (seen.stale, seen.fallbacks, seen.rejected));
}

#[test]
fn under_any_a_failure_is_answered_too() {
    #[circuit_breaker(
        name = "stale: any",
        threshold = 3,
        stale = "10m",
        stale_key = key,
        fallback_on = any
    )]
    fn call(key: u8, answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), call(1, Ok(1)));
    assert_eq!(Ok(1), call(1, Err(Error::Down)));
    assert_eq!(Err(Error::Down), call(2, Err(Error::Down)), "nothing is kept for that");
    let seen = snapshot("stale: any");
    assert_eq!((1, 2, 0, 0), (seen.stale, seen.failures, seen.rejected, seen.fallbacks));
    assert_eq!(Ok(1), call(1, Err(Error::Down)));
    assert_eq!(Ok(1), call(1, Ok(2)), "it is open");
    assert!(is_rejected(call(2, Ok(2))));
    let seen = snapshot("stale: any");
    assert_eq!((3, 3, 2, State::Open), (seen.stale, seen.failures, seen.rejected, seen.state));
}

#[test]
fn under_any_the_fallback_comes_after_it_too() {
    #[circuit_breaker(
        name = "stale: any, fallback",
        threshold = 9,
        failure = Err(Error::Down),
        stale = "10m",
        stale_key = key,
        fallback = |_, _, why| if matches!(why, circuit_runtime::CallError::Failed(_)) { Ok(7) } else { Ok(8) },
        fallback_on = any
    )]
    async fn call(key: u8, answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), ready(call(1, Ok(1))));
    assert_eq!(Ok(1), ready(call(1, Err(Error::Down))));
    assert_eq!(Ok(7), ready(call(2, Err(Error::Down))));
    assert_eq!(Err(Error::NotFound), ready(call(1, Err(Error::NotFound))), "no failure");
    circuit("stale: any, fallback").force_open();
    assert_eq!((Ok(1), Ok(8)), (ready(call(1, Ok(3))), ready(call(2, Ok(3)))));
    let seen = snapshot("stale: any, fallback");
    assert_eq!((2, 2, 2, 2), (seen.stale, seen.fallbacks, seen.failures, seen.rejected));
}

#[tokio::test(start_paused = true)]
async fn under_any_a_call_that_takes_too_long_is_answered_too() {
    #[circuit_breaker(
        name = "stale: timeout",
        threshold = 9,
        timeout = "1s",
        stale = "10m",
        stale_key = key,
        fallback_on = any
    )]
    async fn call(key: u8, wait: u64) -> Answer {
        tokio::time::sleep(secs(wait)).await;
        Ok(1)
    }
    #[circuit_breaker(
        name = "stale: timeout, fallback",
        threshold = 9,
        timeout = "1s",
        stale = "10m",
        stale_key = key,
        fallback = Ok(7),
        fallback_on = any
    )]
    async fn answered(key: u8, wait: u64) -> Answer {
        tokio::time::sleep(secs(wait)).await;
        Ok(1)
    }
    #[circuit_breaker(
        name = "stale: timeout, open",
        threshold = 9,
        timeout = "1s",
        stale = "10m",
        stale_key = key
    )]
    async fn open(key: u8, wait: u64) -> Answer {
        tokio::time::sleep(secs(wait)).await;
        Ok(1)
    }
    assert_eq!(Ok(1), call(1, 0).await);
    assert_eq!(Ok(1), call(1, 5).await);
    assert!(matches!(call(2, 5).await, Err(Error::TimedOut(_))));
    assert_eq!(
        (Ok(1), Ok(1), Ok(7)),
        (answered(1, 0).await, answered(1, 5).await, answered(2, 5).await)
    );
    assert_eq!(Ok(1), open(1, 0).await);
    assert!(matches!(open(1, 5).await, Err(Error::TimedOut(_))), "it isn't rejected");
    for (name, fallbacks) in [("stale: timeout", 0), ("stale: timeout, fallback", 1)] {
        let seen = snapshot(name);
        assert_eq!((1, 2, fallbacks), (seen.stale, seen.timed_out, seen.fallbacks), "{name}");
    }
    assert_eq!(0, snapshot("stale: timeout, open").stale);
}

thread_local! {
    static EVALUATED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn the_key_is_evaluated_once_before_the_body_and_the_parameters_stay() {
    #[circuit_breaker(
        name = "stale: order",
        threshold = 1,
        stale = "10m",
        stale_key = {
            EVALUATED.with_borrow_mut(|all| all.push("key"));
            request.0.clone()
        }
    )]
    fn call(request: (String, Answer)) -> Answer {
        EVALUATED.with_borrow_mut(|all| all.push("body"));
        let (_, answer) = request;
        answer
    }
    let request = |answer| ("a".to_owned(), answer);
    let _time = freeze();
    assert_eq!(Ok(1), call(request(Ok(1))));
    assert_eq!(["key", "body"], *EVALUATED.take());
    assert_eq!(Err(Error::Down), call(request(Err(Error::Down))));
    EVALUATED.take();
    assert_eq!(Ok(1), call(request(Ok(2))));
    assert_eq!(["key"], *EVALUATED.take());
}

#[test]
fn so_is_the_circuits_key_which_is_the_values_too() {
    static HOSTS: KeyedBreaker = KeyedBreaker::new("stale: next, shared", Config::new(), 9);
    thread_local!(static NEXT: Cell<u32> = const { Cell::new(0) });
    let next = || NEXT.replace(NEXT.get() + 1);
    macro_rules! each {
        ($($name:literal [$($word:ident)?]($($options:tt)*);)*) => {$({
            #[circuit_breaker(key = next(), stale = "10m", stale_key = (), $($options)*)]
            $($word)? fn call(next: impl Fn() -> u32, answer: Answer) -> Answer {
                answer
            }
            NEXT.set(0);
            assert_eq!(Ok(1), each!(@ call(next, Ok(1)) $($word)?));
            assert_eq!(1, NEXT.get(), $name);
            let circuit = circuit($name);
            assert!(circuit.snapshot_of("0").is_some_and(|seen| seen.successes == 1), $name);
            circuit.force_open();
            NEXT.set(0);
            assert_eq!(Ok(1), each!(@ call(next, Ok(9)) $($word)?));
            assert_eq!(1, NEXT.get(), $name);
        })*};
        (@ $call:ident($($given:tt)*) async) => { ready($call($($given)*)) };
        (@ $call:ident($($given:tt)*)) => { $call($($given)*) };
    }
    each! {
        "stale: next" [](name = "stale: next");
        "stale: next, async" [async](name = "stale: next, async");
        "stale: next, fallback" [](name = "stale: next, fallback", fallback = Ok(9));
        "stale: next, any" [async](name = "stale: next, any", fallback = Ok(9), fallback_on = any);
        "stale: next, wait" [async](name = "stale: next, wait", max_concurrent = 1, max_wait = "1s");
        "stale: next, shared" [](breaker = HOSTS);
    }
}

#[test]
fn in_shadow_and_disabled_calls_have_their_own_answers() {
    #[circuit_breaker(name = "stale: modes", threshold = 1, stale = "10m", stale_key = ())]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!(Ok(1), call(Ok(1)));
    assert_eq!(Err(Error::Down), call(Err(Error::Down)));
    let circuit = circuit("stale: modes");
    circuit.shadow();
    assert_eq!(Ok(2), call(Ok(2)));
    circuit.disable();
    assert_eq!(Ok(3), call(Ok(3)));
    circuit.resume();
    assert_eq!(Ok(3), call(Ok(4)), "what they returned is good");
}
