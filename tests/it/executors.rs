//! Annotated async functions and `call_async` under real executors.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, CircuitBreaker, CircuitOpenError, State, circuit_breaker, find};
use futures_executor::{LocalPool, block_on};
use tokio::sync::{Barrier, Notify};

use crate::support::{FRAGILE, breaker, crash, fail, leaked, poll_once, secs, wait_once};

#[derive(Debug, PartialEq)]
struct Rejected;

impl From<CircuitOpenError> for Rejected {
    fn from(_: CircuitOpenError) -> Self {
        Rejected
    }
}

fn circuit(name: &str) -> &'static CircuitBreaker {
    find(name).expect("listed since its first call")
}

#[tokio::test(start_paused = true)]
async fn the_loser_of_a_select_is_cancelled() {
    let breaker = breaker(FRAGILE);
    let slow = breaker.call_async(async {
        tokio::time::sleep(secs(60)).await;
        Ok::<_, ()>(())
    });
    tokio::select! {
        _ = slow => panic!("the short one should have won"),
        () = tokio::time::sleep(secs(1)) => {}
    }
    assert_eq!((1, 0), (breaker.snapshot().cancelled, breaker.snapshot().failures));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_from_outside_cancels() {
    let breaker = breaker(FRAGILE);
    let call = breaker.call_async(std::future::pending::<Result<(), ()>>());
    assert!(tokio::time::timeout(secs(1), call).await.is_err());
    assert_eq!(1, breaker.snapshot().cancelled);
}

#[test]
fn a_probe_may_be_dropped_at_any_await_point() {
    let time = freeze();
    for polls in 0..=4 {
        let breaker = breaker(FRAGILE);
        fail(&breaker, 1);
        time.advance(secs(10));
        let mut probe = Box::pin(breaker.call_async(async {
            for _ in 0..4 {
                wait_once().await;
            }
            Ok::<_, ()>(())
        }));
        for _ in 0..polls {
            assert!(poll_once(probe.as_mut()).is_pending());
        }
        drop(probe);
        assert_eq!(State::HalfOpen, breaker.state());
        assert_eq!(u64::from(polls > 0), breaker.snapshot().cancelled);
        assert_eq!(Ok(()), block_on(breaker.call_async(async { Ok::<_, ()>(()) })));
        assert_eq!(State::Closed, breaker.state());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_many_threads_lose_no_outcome() {
    #[circuit_breaker(name = "executors: many", threshold = 1_000_000)]
    async fn call(number: u32) -> Result<u32, Rejected> {
        tokio::task::yield_now().await;
        if number % 4 == 0 { Err(Rejected) } else { Ok(number) }
    }
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            tokio::spawn(async {
                for number in 0..100 {
                    let _ = call(number).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seen = circuit("executors: many").snapshot();
    assert_eq!((1_200, 400), (seen.successes, seen.failures));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_spawned_task_is_a_failure() {
    let breaker = leaked("executors: panic", FRAGILE);
    let task = tokio::spawn(breaker.call_async(async {
        tokio::task::yield_now().await;
        if breaker.state() == State::Closed {
            crash();
        }
        Ok::<_, ()>(())
    }));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((1, State::Open), (breaker.snapshot().panicked, breaker.state()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_task_is_cancelled() {
    let breaker = leaked("executors: abort", FRAGILE.max_concurrent(1));
    let begun = Arc::new(Notify::new());
    let task = tokio::spawn({
        let begun = Arc::clone(&begun);
        breaker.call_async(async move {
            begun.notify_one();
            std::future::pending::<Result<(), ()>>().await
        })
    });
    begun.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((1, 0), (breaker.snapshot().cancelled, breaker.snapshot().failures));
    assert!(breaker.try_acquire().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_tasks_at_the_deadline_one_probes() {
    let breaker = leaked(
        "executors: herd",
        FRAGILE.recovery(Duration::from_nanos(1)).probe_timeout(secs(3600)),
    );
    fail(breaker, 1);
    let (start, asked) = (Arc::new(Barrier::new(32)), Arc::new(Barrier::new(32)));
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let (start, asked) = (Arc::clone(&start), Arc::clone(&asked));
            tokio::spawn(async move {
                start.wait().await;
                let permit = breaker.try_acquire();
                asked.wait().await;
                permit.is_ok()
            })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        admitted += u32::from(task.await.unwrap());
    }
    assert_eq!((1, 31), (admitted, breaker.snapshot().rejected));
}

#[test]
fn it_runs_on_another_executor() {
    #[circuit_breaker(name = "executors: pool", threshold = 1)]
    async fn call(healthy: bool) -> Result<u32, Rejected> {
        wait_and_wake().await;
        if healthy { Ok(1) } else { Err(Rejected) }
    }
    let mut pool = LocalPool::new();
    assert_eq!(Ok(1), pool.run_until(call(true)));
    assert_eq!(Err(Rejected), pool.run_until(call(false)));
    assert_eq!(Err(Rejected), pool.run_until(call(true)));
    let seen = circuit("executors: pool").snapshot();
    assert_eq!((1, 1, 1), (seen.successes, seen.failures, seen.rejected));
}

/// Pending once, and awake at once.
async fn wait_and_wake() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn an_async_function_may_call_itself() {
    #[circuit_breaker(name = "executors: recursion")]
    async fn sum(number: u32) -> Result<u32, Rejected> {
        if number == 0 {
            return Ok(0);
        }
        Ok(number + Box::pin(sum(number - 1)).await?)
    }
    assert_eq!(Ok(10), block_on(sum(4)));
    assert_eq!(5, circuit("executors: recursion").snapshot().successes);
}

#[tokio::test]
async fn two_calls_joined_are_two_calls() {
    let breaker = breaker(FRAGILE);
    let (first, second) = tokio::join!(
        breaker.call_async(async { Ok::<_, ()>(1) }),
        breaker.call_async(async { Err::<u32, _>(()) }),
    );
    assert_eq!((Ok(1), Err(CallError::Failed(()))), (first, second));
    assert_eq!((1, 1), (breaker.snapshot().successes, breaker.snapshot().failures));
}
