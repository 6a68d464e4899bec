//! Keys on many threads: no call is lost, none is another key's.

use std::cell::RefCell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Builder};

use circuit_runtime::circuit_breaker;

use super::{Answer, DOWN, circuit};

type Call = fn(&str, Answer) -> Answer;

/// Three of each length at which a text is looked at in another way, and the empty one.
fn keys() -> Vec<String> {
    let lens = [1, 3, 7, 8, 9, 16, 31, 32, 33, 40, 64, 288, 289, 4_128, 4_129];
    let key = |(len, first)| ('a'..='z').cycle().skip(first).take(len).collect();
    let three = |len| [0, 9, 18].map(|first| (len, first));
    lens.into_iter().flat_map(three).map(key).chain([String::new()]).collect()
}

/// Calls when its thread has ended all else.
struct Later(Call);

impl Drop for Later {
    fn drop(&mut self) {
        let _ = (self.0)("at the end", Ok(()));
    }
}

/// 24 threads that call all keys in different orders, and once more when they end; thrice. `call`
/// counts its calls in `calls`, rejected ones too.
fn adds_up(name: &str, call: Call, calls: &AtomicU64, max_keys: usize) {
    thread_local! {
        static LATER: RefCell<Option<Later>> = const { RefCell::new(None) };
    }
    let keys = keys();
    for _ in 0..3 {
        thread::scope(|scope| {
            let some = |thread: usize| {
                let keys = &keys;
                scope.spawn(move || {
                    LATER.set(Some(Later(call)));
                    for number in 0..keys.len() * 4 {
                        let key = &keys[(number * (2 * thread + 1) + thread) % keys.len()];
                        let _ = call(key, if number % 5 == 0 { DOWN } else { Ok(()) });
                    }
                })
            };
            // A scope by itself doesn't wait for what threads do when they end.
            let threads: Vec<_> = (0..24).map(some).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }
    let all = circuit(name).snapshot();
    let counted = all.successes + all.failures + all.unprotected + all.rejected;
    assert_eq!(counted, calls.load(Ordering::Relaxed), "{all:?}");
    if max_keys > keys.len() {
        assert_eq!((all.late, all.unprotected, all.rejected), (0, 0, 0));
        let own = |key: &str| {
            let snapshot = circuit(name).snapshot_of(key).unwrap();
            snapshot.successes + snapshot.failures
        };
        let own: u64 = keys.iter().map(String::as_str).chain(["at the end"]).map(own).sum();
        assert_eq!(own, counted);
    }
}

macro_rules! add_up {
    ($($test:ident: $max:literal, { $($option:tt)* })*) => {$(
        #[test]
        fn $test() {
            static CALLS: AtomicU64 = AtomicU64::new(0);
            #[circuit_breaker(key = key, max_keys = $max, name = concat!("keys: ", stringify!($test)), $($option)*)]
            fn protected(key: &str, answer: Answer) -> Answer {
                assert!(key.len() < 10_000);
                answer
            }
            fn call(key: &str, answer: Answer) -> Answer {
                CALLS.fetch_add(1, Ordering::Relaxed);
                protected(key, answer)
            }
            adds_up(concat!("keys: ", stringify!($test)), call, &CALLS, $max);
        }
    )*};
}

add_up! {
    calls_add_up_when_each_key_has_a_circuit: 100, { threshold = 1_000_000 }
    calls_add_up_when_keys_share_one: 1, { threshold = 1_000_000 }
    calls_add_up_when_most_keys_have_one: 33, { threshold = 1_000_000 }
    calls_add_up_in_count_windows: 100, { failure_rate = 1.0, window = 10_000, min_calls = 10_000 }
    calls_add_up_in_time_windows: 100, { failure_rate = 1.0, window = "10s", min_calls = 1_000_000 }
    calls_add_up_in_time_windows_that_change_hands: 3, { failure_rate = 1.0, window = "10s", min_calls = 1_000_000 }
    calls_add_up_under_a_bulkhead: 3, { threshold = 1_000_000, max_concurrent = 1_000 }
    calls_add_up_on_the_clock: 100, { threshold = 1_000_000, slow_call = "1h" }
}

#[test]
fn more_threads_than_have_counters_of_their_own_add_up() {
    const THREADS: usize = 4_200;
    #[circuit_breaker(name = "keys: 4200 threads", key = key)]
    fn call(key: &str) -> Answer {
        assert!(!key.is_empty());
        Ok(())
    }
    let all_at_once = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let one = || {
                all_at_once.wait();
                for key in ["a key of usual length", "short"] {
                    (0..2).for_each(|_| call(key).unwrap());
                }
                all_at_once.wait();
            };
            Builder::new().stack_size(64 << 10).spawn_scoped(scope, one).unwrap();
        }
    });
    for key in ["a key of usual length", "short"] {
        let snapshot = circuit("keys: 4200 threads").snapshot_of(key).unwrap();
        assert_eq!(snapshot.successes, 2 * THREADS as u64);
    }
}
