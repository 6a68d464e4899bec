//! Eight threads against a service that comes and goes, for `SOAK_SECONDS` (two by default).
//!
//! After every round, when no call is under way, the counters have to add up to the calls that were
//! made and the listeners have to have heard of every transition. Memory stays where it was after
//! the first rounds, and in the end every circuit closes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use circuit_runtime::{
    CallError, CircuitBreaker, CircuitOpenError, Config, OnCancel, Outcome, Permit, Snapshot,
    State, Window, circuit_breaker, find, test_util,
};

const THREADS: u64 = 8;
/// Calls of one thread in one round.
const CALLS: u64 = 10_000;
/// Rounds in which tables, rows and queues may grow to their size.
const WARM_UP: u64 = 5;
/// What may come and go: rows of threads that are slow to end. A leak of one byte in ten calls is
/// above it within a few rounds.
const SLACK: i64 = 256 * 1024;

/// The bytes that are allocated now.
static LIVE: AtomicI64 = AtomicI64::new(0);

struct Counting;

fn grow(bytes: usize) {
    LIVE.fetch_add(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
}

fn shrink(bytes: usize) {
    LIVE.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
}

// SAFETY: every call is handed on to `System` as it came; counting is an atomic addition, which
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller keeps what `GlobalAlloc::dealloc` asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MOMENT: Duration = Duration::from_micros(20);

/// Opens and closes all the time, by every rule.
const RESTLESS: Config = Config::new()
    .threshold(5)
    .failure_rate(0.5)
    .slow_call(MOMENT)
    .slow_rate(0.9)
    .window(Window::Calls(40))
    .recovery(Duration::from_nanos(1))
    .backoff(1.5)
    .max_recovery(MOMENT)
    .jitter(0.2)
    .success_threshold(2)
    .probes(3)
    .probe_timeout(MOMENT)
    .max_concurrent(64);

const BY_TIME: Config =
    RESTLESS.window(Window::Time(Duration::from_millis(1))).on_cancel(OnCancel::Failure);

/// What `reconfigure` goes through.
const OTHERS: [Config; 4] = [
    BY_TIME,
    BY_TIME.window(Window::Calls(7)).min_calls(3),
    BY_TIME.threshold(1).probes(2),
    Config::new().on_cancel(OnCancel::Failure).recovery(MOMENT),
];

static FLAPPING: CircuitBreaker = CircuitBreaker::new("soak: flapping", RESTLESS);
static OPERATED: CircuitBreaker = CircuitBreaker::new("soak: operated", BY_TIME);
/// Never opens, so that each counter is known exactly.
static STEADY: CircuitBreaker =
    CircuitBreaker::new("soak: steady", Config::new().threshold(1_000_000));

struct Down;

impl From<CircuitOpenError> for Down {
    fn from(_: CircuitOpenError) -> Self {
        Down
    }
}

/// `Ok(false)` is the fallback's.
#[circuit_breaker(
    name = "soak: keys",
    threshold = 3,
    recovery = "2ms",
    success_threshold = 2,
    max_concurrent = 4,
    key = host,
    max_keys = 16,
    fallback = |_, _| Ok(false)
)]
fn keyed(host: u64, fate: u64) -> Result<bool, Down> {
    match fate {
        0 => crash(),
        1..4 => Err(Down),
        _ => Ok(true),
    }
}

/// What one thread, or all together, did to one circuit.
#[derive(Default, Clone, Copy)]
struct Done {
    asked: u64,
    rejected: u64,
    successes: u64,
    failures: u64,
    ignored: u64,
    panicked: u64,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    flapping: Done,
    operated: Done,
    steady: Done,
    keyed: Done,
}

impl Done {
    fn add(&mut self, more: Done) {
        self.asked += more.asked;
        self.rejected += more.rejected;
        self.successes += more.successes;
        self.failures += more.failures;
        self.ignored += more.ignored;
        self.panicked += more.panicked;
    }
}

/// A call under way, to be ended later and perhaps by another thread.
enum Held {
    Permit(Permit<'static>),
    Future(Pin<Box<dyn Future<Output = ()> + Send>>),
}

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());
static HEALTHY: AtomicBool = AtomicBool::new(true);

fn held() -> std::sync::MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unwinds without the message that the panic hook would print.
fn crash() -> ! {
    resume_unwind(Box::new("crash"))
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn outcome(random: &mut Random) -> Outcome {
    let bad = if HEALTHY.load(Ordering::Relaxed) { 1 } else { 7 };
    match random.below(10) {
        0 => Outcome::Ignored,
        fate if fate > bad => Outcome::Success,
        7 => Outcome::OpenFor(MOMENT),
        6 => Outcome::RetryAfter(MOMENT),
        _ => Outcome::Failure,
    }
}

/// One call through a circuit, ended now, later, or by another thread.
fn call(breaker: &'static CircuitBreaker, random: &mut Random, done: &mut Done) {
    done.asked += 1;
    match random.below(8) {
        0 => {
            let call = || breaker.call(|| -> Result<(), Down> { crash() });
            match catch_unwind(AssertUnwindSafe(call)) {
                Ok(_) => done.rejected += 1,
                Err(_) => done.panicked += 1,
            }
        }
        1 => {
            let fate = outcome(random);
            if let Err(CallError::Open(_)) =
                breaker.call(|| if fate == Outcome::Success { Ok(()) } else { Err(Down) })
            {
                done.rejected += 1;
            } else if fate == Outcome::Success {
                done.successes += 1;
            } else {
                done.failures += 1;
            }
        }
        2 if breaker.name() != STEADY.name() => {
            let pauses = random.below(3);
            let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
                let _ = breaker.call_async(pending(pauses)).await;
            });
            if poll(&mut future).is_pending() {
                hold(Held::Future(future), random);
            }
        }
        how => {
            let Ok(permit) = breaker.try_acquire() else {
                done.rejected += 1;
                return;
            };
            if how == 3 && breaker.name() != STEADY.name() {
                hold(Held::Permit(permit), random);
                return;
            }
            let outcome = outcome(random);
            match outcome {
                Outcome::Success => done.successes += 1,
                Outcome::Ignored => done.ignored += 1,
                // It would open the steady one.
                Outcome::OpenFor(_) if breaker.name() == STEADY.name() => {
                    done.failures += 1;
                    permit.failure();
                    return;
                }
                Outcome::Failure | Outcome::RetryAfter(_) | Outcome::OpenFor(_) => {
                    done.failures += 1;
                }
            }
            permit.record(outcome);
        }
    }
}

async fn pending(times: u64) -> Result<(), Down> {
    for _ in 0..times {
        let mut paused = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    if times == 1 { Err(Down) } else { Ok(()) }
}

fn poll(future: &mut Pin<Box<dyn Future<Output = ()> + Send>>) -> Poll<()> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Puts a call aside, and ends an older one if there are many.
fn hold(call: Held, random: &mut Random) {
    let mut calls = held();
    calls.push(call);
    if calls.len() <= 32 {
        return;
    }
    let any = usize::try_from(random.below(32)).unwrap_or(0);
    let older = calls.swap_remove(any);
    drop(calls);
    match older {
        Held::Permit(permit) if random.below(4) > 0 => permit.record(outcome(random)),
        Held::Future(mut future) if random.below(4) > 0 => {
            if poll(&mut future).is_pending() {
                hold(Held::Future(future), random);
            }
        }
        dropped => drop(dropped),
    }
}

fn call_keyed(random: &mut Random, done: &mut Done) {
    done.asked += 1;
    // Four times as many keys as there may be, some of them more in use than others.
    let host = random.below(8).min(random.below(8)) * random.below(8);
    let fate = if HEALTHY.load(Ordering::Relaxed) { 5 } else { random.below(6) };
    match catch_unwind(|| keyed(host, fate)) {
        Ok(Ok(true)) => done.successes += 1,
        Ok(Ok(false)) => done.rejected += 1,
        Ok(Err(Down)) => done.failures += 1,
        Err(_) => done.panicked += 1,
    }
}

/// What an operator may do, or a dashboard.
fn operate(random: &mut Random) {
    match random.below(9) {
        0 => OPERATED.force_open(),
        1 => OPERATED.disable(),
        2 => OPERATED.shadow(),
        3 | 4 => OPERATED.resume(),
        5 => OPERATED.reset(),
        6 => {
            let other = OTHERS[usize::try_from(random.below(4)).unwrap_or(0)];
            assert!(OPERATED.reconfigure(other).is_ok());
        }
        7 => {
            for breaker in circuit_runtime::circuits() {
                assert!(!breaker.snapshot().to_string().is_empty());
                let _ = breaker.state();
            }
        }
        _ => HEALTHY.store(random.below(2) == 0, Ordering::Relaxed),
    }
}

fn thread(seed: u64) -> Tally {
    let mut random = Random(seed);
    let mut tally = Tally::default();
    for _ in 0..CALLS {
        match random.below(200) {
            0 => operate(&mut random),
            1..60 => call(&FLAPPING, &mut random, &mut tally.flapping),
            60..120 => call(&OPERATED, &mut random, &mut tally.operated),
            120..150 => call(&STEADY, &mut random, &mut tally.steady),
            _ => call_keyed(&mut random, &mut tally.keyed),
        }
    }
    tally
}

/// The transitions that the listeners of one circuit have heard of.
#[derive(Default)]
struct Heard {
    count: AtomicU64,
    numbers: AtomicU64,
}

impl Heard {
    fn listen(breaker: &CircuitBreaker) -> &'static Heard {
        let heard: &'static Heard = Box::leak(Box::default());
        breaker.on_transition(|transition| {
            if transition.number % 7 == 0 {
                crash();
            }
        });
        breaker.on_transition(move |transition| {
            heard.count.fetch_add(1, Ordering::Relaxed);
            heard.numbers.fetch_add(transition.number, Ordering::Relaxed);
        });
        heard
    }

    fn is_complete(&self, seen: &Snapshot) {
        assert_eq!(seen.transitions, self.count.load(Ordering::Relaxed), "{seen}");
    }

    /// Each number from 1 once.
    fn is_in_sequence(&self, seen: &Snapshot) {
        let last = seen.transitions;
        assert_eq!(last * (last + 1) / 2, self.numbers.load(Ordering::Relaxed), "{seen}");
    }
}

/// Every call that was made is in one counter; one whose circuit went to another key is in two, so
/// that it may be missing among the late ones.
fn adds_up(done: &Done, seen: &Snapshot, cancelled_fail: bool) {
    let cancelled = if cancelled_fail { 0 } else { seen.cancelled };
    let counted = seen.successes
        + seen.failures
        + seen.ignored
        + cancelled
        + seen.rejected
        + seen.unprotected;
    let late = done.asked.checked_sub(counted);
    let moved = late.and_then(|late| seen.late.checked_sub(late));
    assert!(moved.is_some_and(|moved| moved <= seen.unprotected), "{} asked: {seen}", done.asked);
    assert!(seen.successes <= done.asked && seen.panicked <= done.panicked, "{seen}");
}

fn check(tally: &Tally) {
    let flapping = FLAPPING.snapshot();
    adds_up(&tally.flapping, &flapping, false);

    adds_up(&tally.operated, &OPERATED.snapshot(), true);

    let steady = STEADY.snapshot();
    adds_up(&tally.steady, &steady, false);
    let Done { asked: _, rejected, successes, failures, ignored, panicked } = tally.steady;
    assert_eq!(
        (rejected, successes, failures + panicked, ignored, panicked),
        (steady.rejected, steady.successes, steady.failures, steady.ignored, steady.panicked)
    );
    assert_eq!((0, 0, 0), (steady.late, steady.cancelled, steady.transitions));

    let keyed = find("soak: keys").map(CircuitBreaker::snapshot).expect("was called");
    adds_up(&tally.keyed, &keyed, false);
    assert_eq!((tally.keyed.rejected, keyed.rejected), (keyed.fallbacks, keyed.fallbacks));
}

/// The service is well and no call under way: each circuit closes.
fn recovers(breaker: &CircuitBreaker, is_closed: impl Fn() -> bool, call: impl Fn()) {
    let time = test_util::freeze();
    breaker.resume();
    for _ in 0..10 {
        // Longer than any wait here.
        time.advance(Duration::from_secs(3600));
        (0..3).for_each(|_| call());
        if is_closed() {
            return;
        }
    }
    panic!("stuck: {}", breaker.snapshot());
}

#[test]
fn eight_threads_lose_nothing_leak_nothing_and_wedge_nothing() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(2));
    let heard = [&FLAPPING, &OPERATED, &STEADY].map(|breaker| {
        breaker.register();
        (breaker, Heard::listen(breaker))
    });
    assert!(keyed(0, 5).is_ok());
    let keys = find("soak: keys").expect("was called");
    let keys_heard = Heard::listen(keys);

    let mut sum = Tally::default();
    sum.keyed.asked = 1;
    let mut warm = 0;
    let mut round = 0;
    while Instant::now() < until || round <= WARM_UP {
        let tallies: Vec<Tally> = thread::scope(|threads| {
            let running: Vec<_> = (0..THREADS)
                .map(|number| threads.spawn(move || thread(round * THREADS + number)))
                .collect();
            running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        held().clear();
        for tally in tallies {
            sum.flapping.add(tally.flapping);
            sum.operated.add(tally.operated);
            sum.steady.add(tally.steady);
            sum.keyed.add(tally.keyed);
        }
        check(&sum);
        for (breaker, heard) in &heard {
            heard.is_complete(&breaker.snapshot());
            heard.is_in_sequence(&breaker.snapshot());
        }
        keys_heard.is_complete(&keys.snapshot());
        assert!(keys.keys().len() <= 16);

        let live = LIVE.load(Ordering::Relaxed);
        if round == WARM_UP {
            warm = live;
        }
        assert!(round <= WARM_UP || live - warm < SLACK, "{live} bytes, {warm} when warm");
        round += 1;
    }

    HEALTHY.store(true, Ordering::Relaxed);
    for breaker in [&FLAPPING, &OPERATED, &STEADY] {
        let is_closed = || breaker.state() == State::Closed;
        recovers(breaker, is_closed, || drop(breaker.call(|| Ok::<_, Down>(()))));
    }
    recovers(
        keys,
        || keys.state() == State::Closed,
        || {
            for key in keys.keys() {
                let _ = keyed(key.parse().expect("a number"), 5);
            }
        },
    );
    let live = LIVE.load(Ordering::Relaxed);
    println!("{round} rounds of {} calls; {warm} bytes when warm, {live} now", THREADS * CALLS);
    for breaker in [&FLAPPING, &OPERATED, &STEADY, keys] {
        println!("{}, {} transitions", breaker.snapshot(), breaker.snapshot().transitions);
    }
}
