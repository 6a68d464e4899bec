//! Many threads doing everything at once: nothing is lost, nothing wedges.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use circuit_runtime::{CircuitBreaker, Config, Mode, Outcome, State, Window};

use crate::support::{NANOSECOND, Random, breaker, millis, recorded, secs};

/// Calls of each of the eight threads; CI raises it.
fn calls() -> u64 {
    let calls = std::env::var("SOAK_CALLS").ok().and_then(|calls| calls.parse().ok());
    calls.unwrap_or(5_000)
}

const FLAPPING: [Config; 4] = [
    Config::new().threshold(3).recovery(NANOSECOND).success_threshold(2).probes(3),
    Config::new()
        .failure_rate(0.4)
        .window(Window::Calls(20))
        .recovery(NANOSECOND)
        .probe_timeout(NANOSECOND),
    Config::new()
        .failure_rate(0.4)
        .window(Window::Time(millis(5)))
        .min_calls(3)
        .recovery(NANOSECOND),
    Config::new().threshold(3).recovery(NANOSECOND).backoff(1.5).jitter(0.5).max_concurrent(4),
];

/// One call, or one thing that an operator may do.
fn step(breaker: &CircuitBreaker, random: &mut Random, admitted: &AtomicU64) {
    match random.below(400) {
        0 => breaker.reset(),
        1 => breaker.reconfigure(FLAPPING[usize::try_from(random.below(4)).unwrap()]).unwrap(),
        2 => drop(breaker.snapshot()),
        _ => {
            let Ok(permit) = breaker.try_acquire() else { return };
            admitted.fetch_add(1, Ordering::Relaxed);
            if random.below(8) == 0 {
                thread::yield_now();
            }
            match random.below(10) {
                0..5 => permit.success(),
                5..7 => permit.failure(),
                7 => permit.record(Outcome::OpenFor(NANOSECOND)),
                8 => permit.ignore(),
                _ => drop(permit),
            }
        }
    }
}

#[test]
fn counters_add_up_and_the_circuit_recovers() {
    for config in FLAPPING {
        let breaker = breaker(config);
        let seen = recorded(&breaker);
        let admitted = AtomicU64::new(0);
        thread::scope(|threads| {
            for worker in 0..8 {
                let (breaker, admitted) = (&breaker, &admitted);
                threads.spawn(move || {
                    let mut random = Random(worker);
                    (0..calls()).for_each(|_| step(breaker, &mut random, admitted));
                });
            }
        });

        let after = breaker.snapshot();
        let ended = after.successes + after.failures + after.ignored + after.cancelled + after.late;
        assert_eq!(admitted.into_inner(), ended, "{after}");

        let mut seen = std::mem::take(&mut *seen.lock().unwrap());
        seen.sort_by_key(|transition| transition.number);
        assert_eq!(after.transitions, seen.len() as u64);
        assert!(seen.windows(2).all(|pair| pair[0].to == pair[1].from));

        breaker.reconfigure(config.recovery(NANOSECOND).probe_timeout(NANOSECOND)).unwrap();
        recover(&breaker);
    }
}

/// Some calls that succeed close the circuit, whatever has been done to it.
fn recover(breaker: &CircuitBreaker) {
    for _ in 0..1_000 {
        if let Ok(permit) = breaker.try_acquire() {
            permit.success();
        }
        if breaker.state() == State::Closed {
            return;
        }
        thread::yield_now();
    }
    panic!("still not closed: {}", breaker.snapshot());
}

#[test]
fn modes_come_and_go_while_calls_are_made() {
    let breaker = breaker(Config::new().threshold(2).recovery(NANOSECOND));
    thread::scope(|threads| {
        for worker in 0..4 {
            let breaker = &breaker;
            threads.spawn(move || {
                let mut random = Random(worker);
                for number in 0..calls() {
                    match (worker, number % 10) {
                        (0, 0) => breaker.force_open(),
                        (0, 2) => breaker.shadow(),
                        (0, 4) => breaker.disable(),
                        (0, 6) => breaker.resume(),
                        _ => step(breaker, &mut random, &AtomicU64::new(0)),
                    }
                }
            });
        }
    });
    breaker.resume();
    breaker.reconfigure(Config::new().recovery(secs(1)).probe_timeout(NANOSECOND)).unwrap();
    breaker.reset();
    assert_eq!(Mode::Normal, breaker.mode());
    recover(&breaker);
}
