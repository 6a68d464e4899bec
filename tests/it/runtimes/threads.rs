//! Calls that go from thread to thread, and many tasks on several executors: every call that began
//! has ended in exactly one counter.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use circuit_runtime::{CircuitBreaker, Config, State, Window, circuit_breaker};
use futures_lite::{FutureExt, future};
use tokio::task::JoinSet;

use super::{Answer, Error, ended, pause, snapshot};
use crate::support::{Random, crash, poll_once};

#[test]
fn a_call_may_be_polled_on_another_thread_after_each_await() {
    #[circuit_breaker(name = "threads: moved", threshold = 1)]
    async fn call() -> Answer {
        for _ in 0..5 {
            pause().await;
        }
        Err(Error::Down)
    }
    let mut future = Some(Box::pin(call()));
    for poll in 0..=5 {
        let mut moved = future.take().expect("not ended yet");
        future = thread::spawn(move || {
            let polled = poll_once(moved.as_mut());
            assert_eq!(poll == 5, polled == Poll::Ready(Err(Error::Down)));
            Some(moved)
        })
        .join()
        .unwrap();
    }
    drop(future);
    let seen = snapshot("threads: moved");
    assert_eq!((1, 0, State::Open), (seen.failures, seen.cancelled, seen.state));
}

#[test]
fn a_call_may_be_dropped_on_another_thread_after_each_await() {
    #[circuit_breaker(name = "threads: dropped", max_concurrent = 1)]
    async fn call() -> Answer {
        loop {
            pause().await;
        }
    }
    for polls in 1..=5 {
        let mut future = Box::pin(call());
        for _ in 0..polls {
            assert!(poll_once(future.as_mut()).is_pending());
        }
        thread::spawn(move || drop(future)).join().unwrap();
    }
    let seen = snapshot("threads: dropped");
    assert_eq!((5, 0), (seen.cancelled, seen.rejected));
}

/// Closes and opens all the time.
const FLAPPING: Config = Config::new()
    .threshold(4)
    .failure_rate(0.6)
    .window(Window::Calls(32))
    .recovery(std::time::Duration::from_nanos(1))
    .success_threshold(2)
    .max_concurrent(16);

/// A service that fails, crashes and dawdles, and counts the calls that reach it.
struct Service {
    breaker: CircuitBreaker,
    begun: AtomicU64,
    rejected: AtomicU64,
}

impl Service {
    const fn new(name: &'static str) -> Self {
        Service {
            breaker: CircuitBreaker::new(name, FLAPPING),
            begun: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    /// Fifty calls. One in eight panics, which is caught; one in eight is dropped half-way.
    async fn customer(&self, seed: u64) {
        let mut random = Random(seed);
        for _ in 0..50 {
            let (fate, pauses) = (random.below(8), random.below(4));
            let call = self.breaker.call_async(async {
                self.begun.fetch_add(1, Ordering::Relaxed);
                for _ in 0..pauses {
                    pause().await;
                }
                match fate {
                    0 => crash(),
                    1..4 => Err(Error::Down),
                    _ => Ok(1),
                }
            });
            let call = AssertUnwindSafe(call).catch_unwind();
            let answer = if fate == 7 {
                future::or(async { Some(call.await) }, async {
                    pause().await;
                    None
                })
                .await
            } else {
                Some(call.await)
            };
            if let Some(Ok(Err(circuit_runtime::CallError::Open(_)))) = answer {
                self.rejected.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Serves 32 customers at once, in tasks of this runtime.
    fn serves_on(&'static self, runtime: &tokio::runtime::Runtime) {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for seed in 0..32 {
                tasks.spawn(self.customer(seed));
            }
            tasks.join_all().await;
        });
        self.settles();
    }

    /// Whatever has happened: it adds up, and the circuit closes when the service is well.
    fn settles(&self) {
        let seen = self.breaker.snapshot();
        assert_eq!(self.begun.load(Ordering::Relaxed), ended(&seen), "{seen}");
        assert_eq!(self.rejected.load(Ordering::Relaxed), seen.rejected, "{seen}");
        assert!(seen.panicked > 0 && seen.cancelled > 0 && seen.transitions > 0, "{seen}");
        let mut tries = 0;
        while self.breaker.state() != State::Closed {
            let _ = self.breaker.call(|| Ok::<_, ()>(()));
            tries += 1;
            assert!(tries < 1_000, "stuck: {}", self.breaker.snapshot());
        }
        let calls: Vec<_> = (0..17).map(|_| self.breaker.try_acquire()).collect();
        let admitted = calls.iter().filter(|call| call.is_ok()).count();
        assert_eq!(16, admitted, "the bulkhead counts a call that has ended");
    }
}

#[test]
fn many_tasks_on_tokios_threads_add_up() {
    static SERVICE: Service = Service::new("threads: tokio");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    SERVICE.serves_on(&runtime);
}

#[test]
fn many_tasks_on_tokios_one_thread_add_up() {
    static SERVICE: Service = Service::new("threads: tokio, one");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    SERVICE.serves_on(&runtime);
}

#[test]
fn many_tasks_on_another_executors_threads_add_up() {
    static SERVICE: Service = Service::new("threads: async-executor");
    let executor = async_executor::Executor::new();
    let tasks: Vec<_> = (0..32).map(|seed| executor.spawn(SERVICE.customer(seed))).collect();
    let done = tokio::sync::Semaphore::new(0);
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| future::block_on(executor.run(done.acquire())).map(drop));
        }
        future::block_on(async {
            for task in tasks {
                task.await;
            }
        });
        done.add_permits(4);
    });
    SERVICE.settles();
}

#[test]
fn tasks_that_are_aborted_anywhere_add_up() {
    static SERVICE: Service = Service::new("threads: aborted");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let mut random = Random(7);
        let mut running = Vec::new();
        for seed in 0..64 {
            running.push(tokio::spawn(SERVICE.customer(seed)));
            for _ in 0..random.below(20) {
                tokio::task::yield_now().await;
            }
            let any = usize::try_from(random.below(running.len() as u64)).unwrap();
            running[any].abort();
        }
        for task in running {
            let _ = task.await;
        }
    });
    SERVICE.settles();
}
