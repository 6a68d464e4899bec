//! Eight threads against a service that comes and goes, for `SOAK_SECONDS` (two by default).
//!
//! After every round, when no call is under way, the counters have to add up to the calls that were
//! made and the listeners have to have heard of every transition. No caller is ever given a kept value of
//! another key or argument. Memory stays where it was after
//! the first rounds, and in the end every circuit closes.

mod calls;
mod circuits;
mod ledger;
#[path = "../live_memory/mod.rs"]
mod live_memory;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use calls::{CALLS, held, thread};
use circuit_runtime::{CircuitBreaker, State, find, test_util};
use circuits::{Down, FLAPPING, HEALTHY, OPERATED, STEADY, Shop, keyed};
use ledger::{Done, Heard, Tally, check};
use live_memory::live;

const THREADS: u64 = 8;
/// Rounds in which tables, shards and queues may grow to their size.
const WARM_UP: u64 = 5;
/// What may come and go: shards of threads that are slow to end. A leak of one byte in ten calls is
/// above it within a few rounds.
const SLACK: usize = 256 * 1024;

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
    assert!(keyed(0, 5).is_ok() && Shop(0).price(0, 0, 5).is_ok());
    let [keys, prices] = ["soak: keys", "soak: prices"].map(|name| find(name).expect("was called"));
    let keys_heard = [keys, prices].map(|breaker| (breaker, Heard::listen(breaker)));

    let mut sum = Tally::default();
    sum.keyed.asked = 1;
    sum.prices = Done { asked: 1, successes: 1, ..Done::default() };
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
            sum.add(tally);
        }
        check(&sum);
        for (breaker, heard) in &heard {
            heard.is_complete(&breaker.snapshot());
            heard.is_in_sequence(&breaker.snapshot());
        }
        for (breaker, heard) in &keys_heard {
            heard.is_complete(&breaker.snapshot());
        }
        assert!(keys.keys().len() <= 16 && prices.keys().len() <= 4);

        let used = live();
        if round == WARM_UP {
            warm = used;
        }
        let leaked = used.saturating_sub(warm);
        assert!(round <= WARM_UP || leaked < SLACK, "{used} bytes, {warm} when warm");
        round += 1;
    }

    HEALTHY.store(true, Ordering::Relaxed);
    for breaker in [&FLAPPING, &OPERATED, &STEADY] {
        let is_closed = || breaker.state() == State::Closed;
        recovers(breaker, is_closed, || drop(breaker.call(|| Ok::<_, Down>(()))));
    }
    for (breaker, call) in [
        (keys, (|key| drop(keyed(key, 5))) as fn(u64)),
        (prices, |shop| drop(Shop(shop).price(0, 0, 5))),
    ] {
        let is_closed = || breaker.state() == State::Closed;
        recovers(breaker, is_closed, || {
            for key in breaker.keys() {
                call(key.parse().expect("a number"));
            }
        });
    }
    let used = live();
    println!("{round} rounds of {} calls; {warm} bytes when warm, {used} now", THREADS * CALLS);
    for breaker in [&FLAPPING, &OPERATED, &STEADY, keys, prices] {
        println!("{}, {} transitions", breaker.snapshot(), breaker.snapshot().transitions);
    }
}
