//! Calls inside tasks that panic, are aborted, or die with their runtime.

use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use circuit_runtime::{CircuitBreaker, Config, State, circuit_breaker, find};
use futures_lite::{FutureExt, future};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Answer, pause, snapshot};
use crate::support::crash;

#[circuit_breaker(name = "tasks: panics", threshold = 1_000, max_concurrent = 1)]
async fn panics() -> Answer {
    pause().await;
    crash()
}

/// A task that panics does so at its caller's, and gives back its place.
async fn panic_in_tasks() {
    for _ in 0..10 {
        let error = tokio::spawn(panics()).await.expect_err("panics");
        assert!(error.is_panic());
    }
}

#[test]
fn a_panic_in_a_spawned_task_is_counted_and_loses_no_place() {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(panic_in_tasks());
    let seen = snapshot("tasks: panics");
    assert_eq!((10, 10, 0, 0), (seen.panicked, seen.failures, seen.rejected, seen.cancelled));

    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    threads.block_on(panic_in_tasks());
    assert_eq!((20, 0), (snapshot("tasks: panics").panicked, snapshot("tasks: panics").rejected));

    let executor = async_executor::Executor::new();
    let caught = executor.spawn(AssertUnwindSafe(panics()).catch_unwind());
    assert!(future::block_on(executor.run(caught)).is_err());
    assert_eq!((21, 0), (snapshot("tasks: panics").panicked, snapshot("tasks: panics").rejected));
}

#[test]
fn a_panic_deep_in_a_recursion_is_one_of_each_level() {
    #[circuit_breaker(name = "tasks: deep", threshold = 1_000)]
    async fn call(depth: u32) -> Answer {
        pause().await;
        if depth == 0 {
            crash();
        }
        Box::pin(call(depth - 1)).await
    }
    let caught = future::block_on(AssertUnwindSafe(call(4)).catch_unwind());
    assert!(caught.is_err());
    let seen = snapshot("tasks: deep");
    assert_eq!((5, 5, 0), (seen.panicked, seen.failures, seen.cancelled));
}

#[tokio::test]
async fn an_aborted_task_cancels_its_call() {
    #[circuit_breaker(name = "tasks: aborted", threshold = 1)]
    async fn call(begun: Arc<Semaphore>) -> Answer {
        begun.add_permits(1);
        pending().await
    }
    let begun = Arc::new(Semaphore::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        tasks.spawn(call(Arc::clone(&begun)));
    }
    begun.acquire_many(16).await.unwrap().forget();
    tasks.shutdown().await;
    let seen = snapshot("tasks: aborted");
    assert_eq!((16, 0, State::Closed), (seen.cancelled, seen.failures, seen.state));
}

#[test]
fn a_task_that_was_never_polled_took_nothing() {
    #[circuit_breaker(name = "tasks: unpolled")]
    async fn call() -> Answer {
        Ok(1)
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..16 {
        drop(runtime.spawn(call()));
    }
    drop(runtime);
    assert!(find("tasks: unpolled").is_none());
}

#[test]
fn a_runtime_that_goes_down_cancels_its_calls() {
    static BREAKER: CircuitBreaker =
        CircuitBreaker::new("tasks: down", Config::new().max_concurrent(8));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let begun = Arc::new(Semaphore::new(0));
    for _ in 0..8 {
        let begun = Arc::clone(&begun);
        runtime.spawn(BREAKER.call_async(async move {
            begun.add_permits(1);
            pending::<Answer>().await
        }));
    }
    runtime.block_on(async { begun.acquire_many(8).await.unwrap().forget() });
    assert!(BREAKER.try_acquire().is_err());
    drop(runtime);
    assert_eq!(8, BREAKER.snapshot().cancelled);
    assert!(BREAKER.try_acquire().is_ok());
}
