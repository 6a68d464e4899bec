//! Memory doesn't grow with the threads that have come and gone.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use circuit_runtime::{CircuitBreaker, Config, Window};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of the bytes that are in use.
struct Counting;

// SAFETY: every call is handed on to `System` as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps what `GlobalAlloc::dealloc` asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

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
    (0..100).for_each(|_| call_on_a_new_thread(&BREAKER));
    let before = LIVE.load(Ordering::Relaxed);
    (0..10_000).for_each(|_| call_on_a_new_thread(&BREAKER));
    let more = LIVE.load(Ordering::Relaxed).saturating_sub(before);
    assert!(more < 1_000, "{more} bytes more after 10,000 threads");
    assert_eq!(BREAKER.snapshot().successes, 10_100);
}
