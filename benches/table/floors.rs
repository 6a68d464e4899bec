//! What the machine asks for the parts that a breaker can't do without.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::time::{ClockId, clock_gettime};

use crate::measure::{Suite, repeat};
use crate::{ALONE, rows};

pub(crate) fn add(suite: &mut Suite) {
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
