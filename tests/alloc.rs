//! No allocation on success, failure or rejection once a circuit is warm.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, Mode, Outcome, Permit, State, Window,
    circuit_breaker, find,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread asks for.
struct Counting;

// SAFETY: every call is handed on to `System` as it came; counting touches a `Cell` without a
// destructor, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps what `GlobalAlloc::dealloc` asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often 1,000 rounds allocate after ten have warmed the circuit up.
fn allocations(mut round: impl FnMut()) -> u64 {
    (0..10).for_each(|_| round());
    let before = ALLOCATIONS.get();
    (0..1_000).for_each(|_| round());
    ALLOCATIONS.get() - before
}

const RATED: Config = Config::new().failure_rate(1.0).slow_call(Duration::from_secs(3600));

const CONFIGS: [Config; 5] = [
    Config::new(),
    RATED.window(Window::Calls(1)).min_calls(1).threshold(1_000_000),
    RATED.window(Window::Calls(50)),
    RATED.window(Window::Time(Duration::from_secs(60))),
    Config::new().max_concurrent(10),
];

fn poll<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future should have been ready"),
    }
}

#[test]
fn the_allocator_counts() {
    assert_eq!(1_000, allocations(|| drop(std::hint::black_box(Box::new(1)))));
}

#[test]
fn a_success_does_not_allocate() {
    for config in CONFIGS {
        let breaker = CircuitBreaker::new("alloc", config);
        assert_eq!(0, allocations(|| breaker.call(|| Ok::<_, ()>(())).unwrap()), "{config:?}");
        let call = || poll(breaker.call_async(async { Ok::<_, ()>(()) })).unwrap();
        assert_eq!(0, allocations(call), "{config:?}");
    }
}

#[test]
fn a_failure_does_not_allocate() {
    let configs = CONFIGS.map(|config| config.threshold(1_000_000));
    for config in [configs[0], configs[2], configs[3], configs[4]] {
        let breaker = CircuitBreaker::new("alloc", config);
        let round = || {
            breaker.call(|| Ok::<_, ()>(())).unwrap();
            breaker.call(|| Err::<(), _>(())).unwrap_err();
        };
        assert_eq!(0, allocations(round), "{config:?}");
        assert_eq!(0, breaker.snapshot().rejected);
    }
}

#[test]
fn an_ignored_or_cancelled_call_does_not_allocate() {
    for config in CONFIGS {
        let breaker = CircuitBreaker::new("alloc", config);
        let round = || {
            breaker.try_acquire().unwrap().ignore();
            drop(breaker.try_acquire().unwrap());
        };
        assert_eq!(0, allocations(round), "{config:?}");
    }
}

#[test]
fn a_rejection_does_not_allocate() {
    for config in CONFIGS {
        let breaker = CircuitBreaker::new("alloc", config);
        breaker.try_acquire().unwrap().record(Outcome::OpenFor(Duration::from_secs(3600)));
        let call = || assert!(breaker.call(|| Ok::<_, ()>(())).is_err());
        assert_eq!(0, allocations(call), "{config:?}");
        breaker.force_open();
        assert_eq!(0, allocations(call), "{config:?}");
    }
}

#[test]
fn a_throttled_circuit_does_not_allocate() {
    let breaker = CircuitBreaker::new("alloc", Config::new().throttle(0.5));
    let call = || _ = breaker.call(|| Err::<(), _>(()));
    (0..100).for_each(|_| call());
    assert_eq!(0, allocations(call));
    let seen = breaker.snapshot();
    assert!(seen.rejected > 500 && seen.failures > 50, "{seen}");
}

#[test]
fn the_message_of_a_rejection_is_written_without_allocating() {
    let breaker = CircuitBreaker::new("alloc", Config::new());
    breaker.try_acquire().unwrap().record(Outcome::OpenFor(Duration::from_secs(3600)));
    let error = breaker.try_acquire().map(Permit::ignore).unwrap_err();
    let mut text = String::with_capacity(1_000);
    let write = || {
        text.clear();
        write!(text, "{error}").unwrap();
    };
    assert_eq!(0, allocations(write));
}

#[test]
fn asking_for_the_state_does_not_allocate() {
    let breaker = CircuitBreaker::new("alloc", Config::new());
    let ask = || assert_eq!((State::Closed, Mode::Normal), (breaker.state(), breaker.mode()));
    assert_eq!(0, allocations(ask));
}

#[derive(Debug)]
struct Error;

impl From<CircuitOpenError> for Error {
    fn from(_: CircuitOpenError) -> Self {
        Error
    }
}

#[test]
fn an_annotated_function_does_not_allocate() {
    #[circuit_breaker(name = "alloc: sync", threshold = 1_000_000)]
    fn call(answer: Result<u8, Error>) -> Result<u8, Error> {
        answer
    }
    assert_eq!(0, allocations(|| drop(call(Ok(1)))));
    assert_eq!(0, allocations(|| drop(call(Err(Error)))));
    find("alloc: sync").unwrap().force_open();
    assert_eq!(0, allocations(|| drop(call(Ok(1)))));
}

#[test]
fn an_annotated_async_function_does_not_allocate() {
    #[circuit_breaker(name = "alloc: async", threshold = 1_000_000, fallback = Ok(0))]
    async fn call(answer: Result<u8, Error>) -> Result<u8, Error> {
        answer
    }
    assert_eq!(0, allocations(|| drop(poll(call(Ok(1))))));
    assert_eq!(0, allocations(|| drop(poll(call(Err(Error))))));
    find("alloc: async").unwrap().force_open();
    assert_eq!(0, allocations(|| drop(poll(call(Ok(1))))));
}

#[test]
fn a_known_key_does_not_allocate() {
    #[circuit_breaker(name = "alloc: text", key = key)]
    fn by_text(key: &str) -> Result<u8, Error> {
        Ok(u8::from(key.is_empty()))
    }
    #[circuit_breaker(name = "alloc: owned", key = key)]
    fn by_owned(key: &String) -> Result<u8, Error> {
        Ok(u8::from(key.is_empty()))
    }
    #[circuit_breaker(name = "alloc: number", key = key)]
    fn by_number(key: u64) -> Result<u8, Error> {
        Ok(u8::from(key == 0))
    }
    let owned = "payments.example.com".to_owned();
    assert_eq!(0, allocations(|| drop(by_text("payments.example.com"))));
    assert_eq!(0, allocations(|| drop(by_owned(&owned))));
    assert_eq!(0, allocations(|| drop(by_number(1_234_567))));
    let long = "k".repeat(1_000);
    assert_eq!(0, allocations(|| drop(by_text(&long))));
    find("alloc: text").unwrap().force_open();
    assert_eq!(0, allocations(|| drop(by_text("payments.example.com"))));
}

#[test]
fn the_rejection_of_a_key_does_not_allocate_and_neither_does_its_message() {
    #[circuit_breaker(name = "alloc: rejected key", key = key, threshold = 1)]
    fn call(key: &str) -> Result<u8, Option<CircuitOpenError>> {
        if key.is_empty() { Ok(0) } else { Err(None) }
    }
    let long = "k".repeat(1_000);
    for key in ["gone.example", &long] {
        call(key).unwrap_err();
        assert_eq!(0, allocations(|| _ = call(key)));
        let Err(Some(error)) = call(key) else { panic!("it is open") };
        let mut text = String::with_capacity(1_000);
        let write = || {
            text.clear();
            write!(text, "{error}").unwrap();
        };
        assert_eq!(0, allocations(write));
        assert!(text.contains(&key[..12]), "{text}");
    }
}
