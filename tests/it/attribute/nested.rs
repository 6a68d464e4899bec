//! A call within a call of the same circuit, through `breaker`: it passes through.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::pin;
use std::thread;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CircuitBreaker, Config, Mode, State, circuit_breaker};

use super::{Answer, Error, is_rejected};
use crate::support::{crashes, fail, poll_once, ready, secs, wait_once};

const FRAGILE: Config = crate::support::FRAGILE;

static SYNC: CircuitBreaker = CircuitBreaker::new("nested: sync", FRAGILE);

#[circuit_breaker(breaker = SYNC)]
fn login(answer: Answer) -> Answer {
    answer
}

#[circuit_breaker(breaker = SYNC)]
fn fetch(answer: Answer) -> Answer {
    login(answer)
}

#[test]
fn a_call_that_calls_another_of_its_circuit_closes_it_again() {
    let time = freeze();
    SYNC.reset();
    assert_eq!(Err(Error::Down), fetch(Err(Error::Down)));
    assert_eq!((1, State::Open), (SYNC.snapshot().failures, SYNC.state()));
    time.advance(secs(10));
    assert_eq!(Ok(1), fetch(Ok(1)));
    let seen = SYNC.snapshot();
    assert_eq!(
        (State::Closed, 1, 1, 0),
        (seen.state, seen.successes, seen.failures, seen.rejected)
    );
}

static ASYNC: CircuitBreaker = CircuitBreaker::new("nested: async", FRAGILE);

#[test]
fn so_does_an_async_one() {
    #[circuit_breaker(breaker = ASYNC)]
    async fn login(answer: Answer) -> Answer {
        wait_once().await;
        answer
    }
    #[circuit_breaker(breaker = ASYNC)]
    async fn fetch(answer: Answer) -> Answer {
        wait_once().await;
        let (first, second) = (login(answer).await, login(answer).await);
        first.and(second)
    }
    fn run(call: impl Future<Output = Answer>) -> Answer {
        let mut call = pin!(call);
        loop {
            if let std::task::Poll::Ready(answer) = poll_once(call.as_mut()) {
                return answer;
            }
        }
    }
    let time = freeze();
    assert_eq!(Err(Error::Down), run(fetch(Err(Error::Down))));
    time.advance(secs(10));
    assert_eq!(Ok(1), run(fetch(Ok(1))));
    let seen = ASYNC.snapshot();
    assert_eq!(
        (State::Closed, 1, 1, 0, 0),
        (seen.state, seen.successes, seen.failures, seen.rejected, seen.cancelled)
    );
}

static COUNTED: CircuitBreaker =
    CircuitBreaker::new("nested: counted", Config::new().threshold(100).max_concurrent(1));

#[test]
fn whatever_becomes_of_it_only_the_outer_call_is_counted() {
    #[circuit_breaker(breaker = COUNTED)]
    fn fails() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(breaker = COUNTED)]
    fn panics() -> Answer {
        crate::support::crash()
    }
    #[circuit_breaker(breaker = COUNTED, fallback = Ok(7), fallback_on = any)]
    fn falls_back() -> Answer {
        Err(Error::Down)
    }
    #[circuit_breaker(breaker = COUNTED)]
    async fn is_dropped() -> Answer {
        pending().await
    }
    #[circuit_breaker(breaker = COUNTED)]
    fn outer() -> Answer {
        assert_eq!(Err(Error::Down), fails());
        assert!(crashes(panics));
        assert!(poll_once(pin!(is_dropped())).is_pending());
        falls_back()
    }
    assert_eq!(Ok(7), outer());
    let seen = COUNTED.snapshot();
    assert_eq!((1, 0, 0), (seen.successes, seen.failures, seen.ignored));
    assert_eq!(
        (0, 0, 0, 0, 0, 0),
        (seen.rejected, seen.cancelled, seen.panicked, seen.fallbacks, seen.late, seen.unprotected)
    );
}

static LIMITED: CircuitBreaker = CircuitBreaker::new("nested: timeout", FRAGILE);

#[tokio::test(start_paused = true)]
async fn its_timeout_still_acts_and_is_not_counted() {
    #[circuit_breaker(breaker = LIMITED, timeout = "1s")]
    async fn hangs() -> Answer {
        pending().await
    }
    #[circuit_breaker(breaker = LIMITED, timeout = "1s", fallback = Ok(7), fallback_on = any)]
    async fn hangs_and_falls_back() -> Answer {
        pending().await
    }
    #[circuit_breaker(breaker = LIMITED, timeout = "10s")]
    async fn outer() -> Answer {
        assert!(matches!(hangs().await, Err(Error::TimedOut(_))));
        hangs_and_falls_back().await
    }
    assert_eq!(Ok(7), outer().await);
    let seen = LIMITED.snapshot();
    assert_eq!((1, 0, 0, 0), (seen.successes, seen.failures, seen.timed_out, seen.fallbacks));
}

static MODES: CircuitBreaker = CircuitBreaker::new("nested: modes", FRAGILE);

#[test]
fn it_passes_in_every_mode_and_state() {
    #[circuit_breaker(breaker = MODES)]
    fn inner() -> Answer {
        Ok(1)
    }
    #[circuit_breaker(breaker = MODES)]
    fn outer(change: impl FnOnce()) -> Answer {
        change();
        inner()
    }
    assert_eq!(Ok(1), outer(|| MODES.force_open()));
    assert!(is_rejected(inner()));
    MODES.resume();
    assert_eq!(Ok(1), outer(|| fail(&CircuitBreaker::new("another", FRAGILE), 1)));
    let others_failure = || MODES.try_acquire().unwrap().failure();
    assert_eq!(Ok(1), outer(others_failure));
    assert_eq!((State::Open, 1), (MODES.state(), MODES.snapshot().late));
    MODES.shadow();
    assert_eq!((Mode::Shadow, Ok(1)), (MODES.mode(), outer(|| ())));
    // In the shadow mode what would be rejected runs, and is counted once: the outer call alone.
    assert_eq!(2, MODES.snapshot().rejected);
}

static FIRST: CircuitBreaker = CircuitBreaker::new("nested: first", Config::new());
static SECOND: CircuitBreaker = CircuitBreaker::new("nested: second", Config::new());

#[test]
fn a_call_of_another_circuit_is_a_call_of_its_own_and_hides_none() {
    #[circuit_breaker(breaker = FIRST)]
    fn first(depth: u32) -> Answer {
        if depth == 0 { Ok(0) } else { second(depth - 1) }
    }
    #[circuit_breaker(breaker = SECOND)]
    fn second(depth: u32) -> Answer {
        if depth == 0 { Ok(0) } else { first(depth - 1) }
    }
    assert_eq!(Ok(0), first(5));
    assert_eq!((1, 1), (FIRST.snapshot().successes, SECOND.snapshot().successes));
    assert_eq!(Ok(0), second(0));
    assert_eq!((1, 2), (FIRST.snapshot().successes, SECOND.snapshot().successes));
}

static ELSEWHERE: CircuitBreaker = CircuitBreaker::new("nested: elsewhere", Config::new());

#[circuit_breaker(breaker = ELSEWHERE)]
async fn leaf() -> Answer {
    Ok(1)
}

#[tokio::test]
async fn what_is_spawned_is_a_call_of_its_own() {
    #[circuit_breaker(breaker = ELSEWHERE)]
    async fn spawns() -> Answer {
        let on_a_thread = thread::spawn(|| ready(leaf())).join().unwrap();
        let in_a_task = tokio::spawn(leaf()).await.unwrap();
        assert_eq!((Ok(1), Ok(1)), (on_a_thread, in_a_task));
        leaf().await
    }
    assert_eq!(Ok(1), spawns().await);
    assert_eq!(3, ELSEWHERE.snapshot().successes);
}

static SIDE_BY_SIDE: CircuitBreaker = CircuitBreaker::new("nested: side by side", Config::new());

#[test]
fn calls_that_take_turns_on_a_thread_are_not_within_each_other() {
    #[circuit_breaker(breaker = SIDE_BY_SIDE)]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    let (mut one, mut other) = (pin!(call()), pin!(call()));
    assert!(poll_once(one.as_mut()).is_pending());
    assert!(poll_once(other.as_mut()).is_pending());
    assert!(poll_once(one).is_ready() && poll_once(other).is_ready());
    assert_eq!(2, SIDE_BY_SIDE.snapshot().successes);
}

static PANICS: CircuitBreaker = CircuitBreaker::new("nested: panics", Config::new());

#[test]
fn after_a_panic_the_next_call_is_its_own() {
    #[circuit_breaker(breaker = PANICS)]
    fn call(panics: bool) -> Answer {
        if panics { crate::support::crash() } else { Ok(1) }
    }
    assert!(crashes(|| call(true)));
    assert_eq!(Ok(1), call(false));
    assert_eq!((1, 1), (PANICS.snapshot().panicked, PANICS.snapshot().successes));
}

static JUDGED: CircuitBreaker = CircuitBreaker::new("nested: judged", Config::new());

#[test]
fn the_classification_and_what_the_body_drops_are_within_the_call() {
    #[circuit_breaker(breaker = JUDGED)]
    fn leaf() -> Answer {
        Ok(1)
    }
    fn classify(answer: &Answer) -> circuit_runtime::Outcome {
        assert_eq!(Ok(1), leaf());
        let _ = answer;
        circuit_runtime::Outcome::Success
    }
    struct CallsWhenDropped;
    impl Drop for CallsWhenDropped {
        fn drop(&mut self) {
            assert_eq!(Ok(1), leaf());
        }
    }
    #[circuit_breaker(breaker = JUDGED, classify = classify)]
    fn blocks() -> Answer {
        let _dropped = CallsWhenDropped;
        Ok(1)
    }
    assert_eq!(Ok(1), blocks());
    assert_eq!(1, JUDGED.snapshot().successes);
}

static AFTERWARDS: CircuitBreaker = CircuitBreaker::new("nested: afterwards", FRAGILE);

#[test]
fn the_fallback_comes_after_the_call() {
    #[circuit_breaker(breaker = AFTERWARDS)]
    fn leaf() -> Answer {
        Ok(1)
    }
    #[circuit_breaker(breaker = AFTERWARDS, fallback = leaf(), fallback_on = any)]
    fn falls_back() -> Answer {
        Err(Error::Down)
    }
    assert!(is_rejected(falls_back()));
    assert_eq!((1, 1), (AFTERWARDS.snapshot().failures, AFTERWARDS.snapshot().rejected));
}

static RECURSES: CircuitBreaker = CircuitBreaker::new("nested: recursion", FRAGILE);

#[test]
fn a_recursion_is_one_call() {
    thread_local! {
        static DEEPEST: Cell<u32> = const { Cell::new(0) };
    }
    #[circuit_breaker(breaker = RECURSES)]
    fn walk(depth: u32) -> Answer {
        DEEPEST.set(DEEPEST.get().max(depth));
        if depth == 100 { Err(Error::Down) } else { walk(depth + 1) }
    }
    assert_eq!(Err(Error::Down), walk(0));
    let seen = RECURSES.snapshot();
    assert_eq!((100, 1, 0), (DEEPEST.get(), seen.failures, seen.late));
}
