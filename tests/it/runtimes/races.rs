//! Calls that race something else: `select!`, `join!`, a time limit from outside.

use std::pin::pin;
use std::time::Duration;

use circuit_runtime::circuit_breaker;
use futures_lite::future;
use tokio::time::{sleep, timeout};

use super::{Answer, Error, pause, snapshot};

#[tokio::test(start_paused = true)]
async fn a_call_that_loses_a_select_is_cancelled_and_its_place_is_free() {
    #[circuit_breaker(name = "races: select", threshold = 1, max_concurrent = 1)]
    async fn call(wait: Duration) -> Answer {
        sleep(wait).await;
        Ok(1)
    }
    for _ in 0..3 {
        tokio::select! {
            answer = call(Duration::from_secs(60)) => panic!("{answer:?} has won"),
            () = sleep(Duration::from_secs(1)) => {}
        }
    }
    assert_eq!(Ok(1), call(Duration::from_secs(1)).await);
    let seen = snapshot("races: select");
    assert_eq!((3, 1, 0, 0), (seen.cancelled, seen.successes, seen.failures, seen.rejected));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_polled_by_reference_outlives_the_select() {
    #[circuit_breaker(name = "races: loop")]
    async fn call() -> Answer {
        sleep(Duration::from_secs(10)).await;
        Ok(1)
    }
    let mut call = pin!(call());
    let mut ticks = 0;
    let answer = loop {
        tokio::select! {
            answer = &mut call => break answer,
            () = sleep(Duration::from_secs(3)) => ticks += 1,
        }
    };
    assert_eq!((Ok(1), 3), (answer, ticks));
    let seen = snapshot("races: loop");
    assert_eq!((1, 0), (seen.successes, seen.cancelled));
}

#[test]
fn of_two_calls_in_a_race_the_loser_is_cancelled() {
    #[circuit_breaker(name = "races: or")]
    async fn call(pauses: u32) -> Answer {
        for _ in 0..pauses {
            pause().await;
        }
        Ok(pauses)
    }
    assert_eq!(Ok(2), future::block_on(future::or(call(9), call(2))));
    let seen = snapshot("races: or");
    assert_eq!((1, 1), (seen.successes, seen.cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_limit_from_outside_cancels() {
    #[circuit_breaker(name = "races: outside", threshold = 1, max_concurrent = 1)]
    async fn call(wait: Duration) -> Answer {
        sleep(wait).await;
        Err(Error::Down)
    }
    let second = Duration::from_secs(1);
    for _ in 0..3 {
        assert!(timeout(second, call(second * 60)).await.is_err());
    }
    assert_eq!(Ok(Err(Error::Down)), timeout(second * 2, call(second)).await);
    let seen = snapshot("races: outside");
    assert_eq!((3, 1, 0, 0), (seen.cancelled, seen.failures, seen.timed_out, seen.rejected));
}

#[tokio::test(start_paused = true)]
async fn joined_calls_are_counted_each() {
    #[circuit_breaker(name = "races: join", max_concurrent = 2)]
    async fn call(healthy: bool) -> Answer {
        pause().await;
        if healthy { Ok(1) } else { Err(Error::Down) }
    }
    let answers = tokio::join!(call(true), call(false), call(true));
    assert_eq!((Ok(1), Err(Error::Down), Err(Error::Rejected)), answers);
    let seen = snapshot("races: join");
    assert_eq!((1, 1, 1), (seen.successes, seen.failures, seen.rejected));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_ends_a_join_early_cancels_the_others() {
    #[circuit_breaker(name = "races: try_join")]
    async fn call(pauses: u32) -> Answer {
        for _ in 0..pauses {
            pause().await;
        }
        Err(Error::Down)
    }
    let answer = tokio::try_join!(call(5), call(1), call(7));
    assert_eq!(Err(Error::Down), answer);
    let seen = snapshot("races: try_join");
    assert_eq!((1, 2), (seen.failures, seen.cancelled));
}
