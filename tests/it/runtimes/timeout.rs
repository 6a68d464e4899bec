//! The option `timeout` in tokio's time, which is paused: it jumps to the next timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use circuit_runtime::{State, circuit_breaker};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, timeout};

use super::{Answer, Error, pause, snapshot};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn of_many_calls_at_once_those_that_take_longer_time_out() {
    #[circuit_breaker(name = "limits: many", threshold = 1_000, timeout = "10s")]
    async fn call(seconds: u64) -> Answer {
        sleep(Duration::from_secs(seconds)).await;
        Ok(1)
    }
    let mut tasks = JoinSet::new();
    for seconds in 1..=100 {
        tasks.spawn(call(seconds));
    }
    let answers = tasks.join_all().await;
    let late = answers.iter().filter(|answer| **answer == Err(Error::TimedOut)).count();
    // What takes exactly ten seconds is there at the limit.
    assert_eq!(90, late);
    let seen = snapshot("limits: many");
    assert_eq!((10, 90, 90, 0), (seen.successes, seen.timed_out, seen.failures, seen.cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_gives_back_its_place() {
    #[circuit_breaker(name = "limits: place", threshold = 100, timeout = "1s", max_concurrent = 1)]
    async fn call() -> Answer {
        sleep(60 * SECOND).await;
        Ok(1)
    }
    for _ in 0..3 {
        assert_eq!(Err(Error::TimedOut), call().await);
    }
    assert_eq!((3, 0), (snapshot("limits: place").timed_out, snapshot("limits: place").rejected));
}

#[tokio::test(start_paused = true)]
async fn the_body_is_gone_before_the_caller_goes_on() {
    struct Running(Arc<AtomicBool>);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }
    #[circuit_breaker(name = "limits: gone", timeout = "1s")]
    async fn call(flag: Arc<AtomicBool>) -> Answer {
        flag.store(true, Ordering::Relaxed);
        let _running = Running(flag);
        sleep(60 * SECOND).await;
        Ok(1)
    }
    let running = Arc::new(AtomicBool::new(false));
    assert_eq!(Err(Error::TimedOut), call(Arc::clone(&running)).await);
    assert!(!running.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn calls_that_time_out_open_the_circuit_and_the_next_waits_for_nothing() {
    #[circuit_breaker(name = "limits: opens", threshold = 3, recovery = "1h", timeout = "5s")]
    async fn call() -> Answer {
        sleep(60 * SECOND).await;
        Ok(1)
    }
    let begin = Instant::now();
    for _ in 0..3 {
        assert_eq!(Err(Error::TimedOut), call().await);
    }
    assert!(begin.elapsed() >= 15 * SECOND);
    assert_eq!(State::Open, snapshot("limits: opens").state);
    let begin = Instant::now();
    assert_eq!(Err(Error::Rejected), call().await);
    assert_eq!(Duration::ZERO, begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn of_two_limits_the_inner_one_ends_the_inner_call() {
    #[circuit_breaker(name = "limits: inner", timeout = "1s")]
    async fn inner() -> Answer {
        sleep(60 * SECOND).await;
        Ok(1)
    }
    #[circuit_breaker(name = "limits: outer", timeout = "2500ms")]
    async fn outer(tries: u32) -> Answer {
        for _ in 0..tries {
            let _ = inner().await;
        }
        Ok(2)
    }
    assert_eq!(Ok(2), outer(2).await);
    assert_eq!(Err(Error::TimedOut), outer(9).await);
    let seen = snapshot("limits: outer");
    assert_eq!((1, 1), (seen.successes, seen.timed_out));
    let seen = snapshot("limits: inner");
    assert_eq!((4, 1), (seen.timed_out, seen.cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_limit_from_outside_that_is_shorter_cancels() {
    #[circuit_breaker(name = "limits: outside", threshold = 1, timeout = "2s")]
    async fn call() -> Answer {
        sleep(60 * SECOND).await;
        Ok(1)
    }
    assert!(timeout(SECOND, call()).await.is_err());
    let seen = snapshot("limits: outside");
    assert_eq!((1, 0, 0), (seen.cancelled, seen.timed_out, seen.failures));
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_the_bodys_not_the_fallbacks() {
    #[circuit_breaker(
        name = "limits: fallback",
        timeout = "1s",
        fallback = || async {
            sleep(60 * SECOND).await;
            Ok(60)
        },
        fallback_on = any
    )]
    async fn call() -> Answer {
        sleep(60 * SECOND).await;
        Ok(1)
    }
    let begin = Instant::now();
    assert_eq!(Ok(60), call().await);
    assert!(begin.elapsed() >= 61 * SECOND);
    let seen = snapshot("limits: fallback");
    assert_eq!((1, 1, 1), (seen.timed_out, seen.failures, seen.fallbacks));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_of_one_call_and_not_of_the_future_before_it_is_polled() {
    #[circuit_breaker(name = "limits: unpolled", timeout = "2s")]
    async fn call() -> Answer {
        sleep(SECOND).await;
        pause().await;
        Ok(1)
    }
    let future = call();
    sleep(60 * SECOND).await;
    assert_eq!(Ok(1), future.await);
}

/// tokio makes a task wait that has had its share of a turn, the timer in it too.
#[tokio::test(start_paused = true)]
async fn a_body_that_uses_up_every_turn_of_its_task_times_out() {
    #[circuit_breaker(name = "limits: greedy", timeout = "1s")]
    async fn call(permits: &Semaphore) -> Answer {
        advance(2 * SECOND).await;
        for _ in 0..100_000 {
            drop(permits.acquire().await);
        }
        Ok(1)
    }
    assert_eq!(Err(Error::TimedOut), call(&Semaphore::new(1)).await);
}
