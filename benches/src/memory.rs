//! Bytes per circuit, per thread, per key and per window, counted by the allocator; the table of `performance.md`.

#[path = "../../tests/live_memory/mod.rs"]
mod live_memory;

use std::time::Duration;

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, Permit, Window, circuit_breaker};
use live_memory::live;

type Answer = Result<u64, CircuitOpenError>;

#[circuit_breaker]
fn annotated() -> Answer {
    Ok(1)
}

#[circuit_breaker(key = key, max_keys = 200_000)]
fn keyed(key: u64) -> Answer {
    Ok(key)
}

#[circuit_breaker(key = key)]
fn keyed_by_few(key: u64) -> Answer {
    Ok(key)
}

#[circuit_breaker(key = key, max_keys = 200_000, failure_rate = 0.5)]
fn keyed_window(key: u64) -> Answer {
    Ok(key)
}

/// How many bytes more are in use after `f`.
fn bytes(f: impl FnOnce()) -> usize {
    let before = live();
    f();
    live().saturating_sub(before)
}

fn call(breaker: &CircuitBreaker) {
    breaker.call(|| Ok::<_, ()>(())).expect("it is closed");
}

fn fail(breaker: &CircuitBreaker) {
    breaker.call(|| Err::<(), _>(())).expect_err("it fails");
}

fn made(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("measured", config)))
}

fn main() {
    // What the process and this thread need once.
    let first = made(Config::new());
    call(first);
    fail(first);
    keyed(0).expect("it succeeds");
    keyed_window(0).expect("it succeeds");

    println!("| what | bytes |\n|---|---:|");
    let row = |what: &str, bytes: usize| println!("| {what} | {bytes} |");
    row("a `CircuitBreaker`, in its static", size_of::<CircuitBreaker>());
    row("a `Permit`", size_of::<Permit<'_>>());
    row("a `CircuitOpenError`", size_of::<CircuitOpenError>());
    row(
        "the first call of an annotated function, besides its static",
        bytes(|| {
            annotated().expect("it succeeds");
        }),
    );
    let breaker = made(Config::new());
    let one_shard = bytes(|| call(breaker));
    row("the first thread's shard of counters, in each circuit that it calls", one_shard);
    let threads = |count: usize| {
        let barrier = std::sync::Barrier::new(count);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count)
                .map(|_| {
                    scope.spawn(|| {
                        call(breaker);
                        barrier.wait();
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("it doesn't panic");
            }
        });
    };
    row(
        "the shards of 62 more threads that live at the same time, each",
        bytes(|| threads(62)) / 62,
    );
    row("10,000 threads more, one after the other", bytes(|| (0..10_000).for_each(|_| threads(1))));
    for calls in [100, 1_000, 10_000] {
        let breaker = made(Config::new().failure_rate(0.5).window(Window::Calls(calls)));
        let used = bytes(|| (0..2 * calls).for_each(|_| call(breaker))) - one_shard;
        row(&format!("a count window of {calls} calls, from its first one on"), used);
    }
    let time = Window::Time(Duration::from_secs(10));
    let breaker = made(Config::new().failure_rate(0.5).window(time));
    let used = bytes(|| (0..100).for_each(|_| call(breaker))) - one_shard;
    row("a time window, from its first call on, and for each thread more", used);
    let keys = |from: u64, call: fn(u64) -> Answer| {
        bytes(|| (from..from + 100_000).for_each(|key| assert!(call(key).is_ok()))) / 100_000
    };
    // What a new thread needs once, it needs for the breaker at hand too.
    let thread = |call: &(dyn Fn() + Sync)| {
        bytes(|| {
            std::thread::scope(|scope| {
                scope.spawn(|| (first.call(|| Ok::<_, ()>(())), call()).1);
            });
        })
    };
    let first_key = || assert!(keyed_by_few(0).is_ok());
    row("the first key of a function, of 10,000 that it may have", bytes(first_key));
    row("and for each thread more that calls it", thread(&first_key));
    row("a key, of 100,000, by the consecutive rule", keys(1, keyed));
    let all_keys = || (1..=100_000).for_each(|key| assert!(keyed(key).is_ok()));
    row("and for each thread more that calls it", thread(&all_keys) / 100_000);
    row("a key, of 100,000, with a count window of 100 calls", keys(1, keyed_window));
    let opened = made(Config::new().threshold(1));
    call(opened);
    row("an opening, of which the last 16 are remembered", bytes(|| fail(opened)));
}
