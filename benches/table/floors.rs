//! What the machine asks for the parts that a breaker can't do without.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::measure::{Suite, repeat};
use crate::plain::{self, Answer};
use crate::{ALONE, rows};

static WORD: AtomicU64 = AtomicU64::new(0);
static RUNNING: AtomicU64 = AtomicU64::new(0);
static BEGUN: [AtomicU64; 16] = [const { AtomicU64::new(0) }; 16];
static FAILURES: AtomicU64 = AtomicU64::new(0);
static LAST: Mutex<(i64, u64)> = Mutex::new((0, 0));
/// The number of a transition, its date, its time, and whether it closed.
type Transition = (u64, SystemTime, Timespec, bool);

static TRANSITIONS: Mutex<VecDeque<Arc<Transition>>> = Mutex::new(VecDeque::new());
/// Set in a word when calls must stop to look.
const MARK: u64 = 1 << 63;

thread_local! {
    static SUCCESSES: Cell<u64> = const { Cell::new(0) };
}

#[cold]
#[inline(never)]
fn ask(word: &AtomicU64) -> u64 {
    word.swap(0, Ordering::AcqRel)
}

/// The least that a breaker with statistics does for a success: it checks before the call, and again after it.
#[inline(never)]
fn least(number: u64) -> Answer {
    least_when(number, || 0)
}

/// The least for a breaker that has to read the clock, too.
#[inline(never)]
fn least_in_time(number: u64) -> Answer {
    least_when(number, || clock_gettime(ClockId::MonotonicCoarse).tv_nsec)
}

#[inline]
fn least_when(number: u64, now: impl Fn() -> i64) -> Answer {
    let admitted = admit();
    let answer = plain::succeed(number);
    count(admitted, now);
    answer
}

/// The least in an async function, which has to await what it guards.
async fn least_async(number: u64) -> Answer {
    let admitted = admit();
    let answer = plain::success_async(number).await;
    count(admitted, || 0);
    answer
}

/// The least for a breaker that judges how long a call has taken, to a tick.
#[inline(never)]
fn least_slow(number: u64) -> Answer {
    let begun = clock_gettime(ClockId::MonotonicCoarse);
    let admitted = admit();
    let answer = plain::succeed(number);
    count(admitted, || {
        let ended = clock_gettime(ClockId::MonotonicCoarse);
        i64::from(ended.tv_sec - begun.tv_sec < 2)
    });
    answer
}

/// The least for a breaker that knows how many calls run.
#[inline(never)]
fn least_bulkhead(number: u64) -> Answer {
    let running = RUNNING.fetch_add(1, Ordering::Relaxed);
    let admitted = admit();
    let answer = plain::succeed(number);
    count(admitted, || i64::from(running < 100));
    RUNNING.fetch_sub(1, Ordering::Relaxed);
    answer
}

/// The least for a breaker that knows since when the calls run: which of several words a call is counted in depends on the
/// time at which it begins. And when it ends, whether it has been counted as hung.
#[inline(never)]
fn least_stall(number: u64) -> Answer {
    let begun = clock_gettime(ClockId::MonotonicCoarse);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the clock begins at zero, and the lower bits tell"
    )]
    let word = &BEGUN[begun.tv_sec as usize % BEGUN.len()];
    word.fetch_add(1, Ordering::Relaxed);
    let admitted = admit();
    let answer = plain::succeed(number);
    count(admitted, || {
        let ended = clock_gettime(ClockId::MonotonicCoarse);
        i64::from(ended.tv_sec - begun.tv_sec < 3)
    });
    word.fetch_sub(1, Ordering::Relaxed);
    answer
}

/// The least for a breaker that lets each failure be seen by all threads: one call in ten fails.
#[inline(never)]
fn least_failing(number: u64) -> Answer {
    let admitted = FAILURES.load(Ordering::Acquire) & MARK;
    let answer = plain::fail_some(number);
    let word = FAILURES.load(Ordering::Relaxed);
    match &answer {
        Err(_) => {
            let more = |word: u64| Some(word.wrapping_add(1) & !MARK);
            let _ = FAILURES.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more);
        }
        Ok(_) if word & MARK == admitted => SUCCESSES.set(SUCCESSES.get().wrapping_add(1)),
        Ok(_) => _ = ask(&FAILURES),
    }
    answer
}

/// The least for a breaker that judges a failure by those before it, and by when they came.
#[inline(never)]
fn least_merging(number: u64) -> Answer {
    let admitted = admit();
    let answer = plain::fail(number);
    if answer.is_err() {
        let now = clock_gettime(ClockId::MonotonicCoarse).tv_sec;
        *LAST.lock().expect("nobody panics") = (now, number);
    }
    count(admitted, || 0);
    answer
}

/// The least for a half-open breaker: it counts the probes before they run, and what has come of them.
#[inline(never)]
fn least_probe(number: u64) -> Answer {
    let note = || {
        let mut last = LAST.lock().expect("nobody panics");
        *last = (clock_gettime(ClockId::Monotonic).tv_sec, last.1 + 1);
    };
    note();
    let answer = plain::succeed(number);
    note();
    answer
}

/// The least for a breaker each of whose calls makes a transition: numbered, dated and kept.
#[inline(never)]
fn least_transition(number: u64) -> Answer {
    let answer = plain::alternate(number);
    let since = clock_gettime(ClockId::Monotonic);
    let mut kept = TRANSITIONS.lock().expect("nobody panics");
    if kept.len() == 16 {
        kept.pop_front();
    }
    kept.push_back(Arc::new((number, SystemTime::now(), since, answer.is_ok())));
    answer
}

#[inline]
fn admit() -> u64 {
    match WORD.load(Ordering::Acquire) {
        0 => 0,
        _ => ask(&WORD),
    }
}

#[inline]
fn count(admitted: u64, now: impl Fn() -> i64) {
    if WORD.load(Ordering::Relaxed) == admitted && now() >= 0 {
        SUCCESSES.set(SUCCESSES.get().wrapping_add(1));
    } else {
        ask(&WORD);
    }
}

pub(crate) fn add(suite: &mut Suite) {
    suite.add_both(rows::LEAST, ALONE, |calls| repeat(calls, least));
    suite.add_both(rows::LEAST_IN_TIME, ALONE, |calls| repeat(calls, least_in_time));
    suite.add(rows::LEAST_ASYNC, ALONE, |calls| repeat(calls, |n| plain::ready(least_async(n))));
    suite.add(rows::LEAST_SLOW, ALONE, |calls| repeat(calls, least_slow));
    suite.add_both(rows::LEAST_BULKHEAD, ALONE, |calls| repeat(calls, least_bulkhead));
    suite.add_both(rows::LEAST_STALL, ALONE, |calls| repeat(calls, least_stall));
    suite.add_both(rows::LEAST_FAILING, ALONE, |calls| repeat(calls, least_failing));
    suite.add(rows::LEAST_MERGING, ALONE, |calls| repeat(calls, least_merging));
    suite.add(rows::LEAST_TRANSITION, ALONE, |calls| repeat(calls, least_transition));
    suite.add(rows::LEAST_PROBE, ALONE, |calls| repeat(calls, least_probe));
    suite.add(rows::CLOCK, ALONE, |calls| {
        repeat(calls, |_| clock_gettime(ClockId::Monotonic));
    });
    suite.add(rows::TWO_CLOCKS, ALONE, |calls| {
        repeat(calls, |_| (clock_gettime(ClockId::Monotonic), clock_gettime(ClockId::Monotonic)));
    });
    suite.add(rows::COARSE_CLOCK, ALONE, |calls| {
        repeat(calls, |_| clock_gettime(ClockId::MonotonicCoarse));
    });
    let mutex = Arc::new(Mutex::new(0_u64));
    suite.add_both(rows::MUTEX, ALONE, move |calls| {
        repeat(calls, |n| *mutex.lock().expect("nobody panics") = n);
    });
    let counter = Arc::new(AtomicU64::new(0));
    suite.add_both(rows::FETCH_ADD, ALONE, move |calls| {
        repeat(calls, |n| counter.fetch_add(n, Ordering::Relaxed));
    });
    let word = Arc::new(AtomicU64::new(0));
    suite.add_both(rows::EXCHANGE, ALONE, move |calls| {
        let more = |word: u64| Some(word + 1);
        repeat(calls, |_| word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more));
    });
}
