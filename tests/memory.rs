//! Memory doesn't grow with the threads that have come and gone.

mod live_memory;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, CircuitOpenError, Config, Window, circuit_breaker};
use live_memory::live;

/// What one test uses is no other one's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// In bytes: what the tests' own threads may take meanwhile. Two bytes for each of 10,000 are more.
const NOISE: usize = 20_000;

/// A call on a thread of its own, which has ended when this returns.
fn call_on_a_new_thread(breaker: &CircuitBreaker) {
    std::thread::scope(|scope| {
        let called = scope.spawn(|| breaker.call(|| Ok::<_, ()>(()))).join();
        called.expect("the call doesn't panic").expect("the circuit is closed");
    });
}

#[test]
fn threads_that_ended_leave_no_rows_that_add_up() {
    static BREAKER: CircuitBreaker =
        CircuitBreaker::new("rows", Config::new().failure_rate(0.5).window(Window::Calls(10)));
    let _alone = ONE_AT_A_TIME.lock();
    (0..100).for_each(|_| call_on_a_new_thread(&BREAKER));
    let before = live();
    (0..10_000).for_each(|_| call_on_a_new_thread(&BREAKER));
    let more = live().saturating_sub(before);
    assert!(more < NOISE, "{more} bytes more after 10,000 threads");
    assert_eq!(BREAKER.snapshot().successes, 10_100);
}

#[test]
fn ten_thousand_calls_in_flight_take_no_more_memory_than_one() {
    static BREAKER: CircuitBreaker =
        CircuitBreaker::new("in flight", Config::new().stall(Duration::from_secs(60)));
    let begin = || BREAKER.try_acquire().expect("it is closed");
    let _alone = ONE_AT_A_TIME.lock();
    let mut calls = Vec::with_capacity(10_001);
    calls.push(begin());
    let before = live();
    calls.extend((0..10_000).map(|_| begin()));
    let more = live().saturating_sub(before);
    assert!(more < NOISE, "{more} bytes more for 10,000 calls");
    assert_eq!(BREAKER.snapshot().in_flight, Some(10_001));
}

/// However many keys there may be, and however many threads there are.
#[test]
fn a_thread_that_calls_by_a_key_makes_counters_for_itself_alone() {
    const THREADS: usize = 200;
    #[circuit_breaker(key = key, max_keys = 1_000_000)]
    fn call(key: u8) -> Result<u8, CircuitOpenError> {
        Ok(key)
    }
    static OTHER: CircuitBreaker = CircuitBreaker::new("other", Config::new());
    let _alone = ONE_AT_A_TIME.lock();
    let barrier = std::sync::Barrier::new(THREADS);
    let used = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                // All threads are counted, …
                OTHER.call(|| Ok::<_, ()>(())).expect("it is closed");
                if barrier.wait().is_leader() {
                    let before = live();
                    // … and one more calls.
                    std::thread::scope(|scope| scope.spawn(|| call(1)).join())
                        .expect("it doesn't panic")
                        .expect("it is closed");
                    let more = live().saturating_sub(before);
                    used.store(more, Ordering::Relaxed);
                }
                barrier.wait();
            });
        }
    });
    // The function's own part, and that of one thread.
    let used = used.load(Ordering::Relaxed);
    assert!(used > 0 && used < 1_000_000, "{used} bytes");
}
