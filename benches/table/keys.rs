//! Look-ups among many keys, beside a concurrent map alone, and the least that a breaker for one thread does around the
//! standard library's map, with the same keys and the quickest hash function that is known to us. And new keys, among circuits of
//! which none, one or all may make room.

use std::collections::HashMap;
use std::future::pending;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use circuit_runtime::{circuit_breaker, find};
use foldhash::fast::RandomState;

use crate::measure::Suite;
use crate::plain::{self, Answer, Failure, with_key};
use crate::{ATTRIBUTE, BY_HAND, CONCURRENT_MAP, PLAIN, rows};

type ConcurrentMap = papaya::HashMap<Arc<str>, (usize, u64), RandomState>;
type Map = HashMap<Arc<str>, Circuit, RandomState>;

#[derive(Default)]
struct Circuit {
    word: AtomicU64,
    successes: AtomicU64,
}

/// The least: no other thread has a part in it, and no key is ever forgotten.
#[inline(never)]
fn by_hand(map: &Map, key: &str) -> Option<Answer> {
    let circuit = map.get(key).filter(|circuit| circuit.word.load(Ordering::Acquire) == 0)?;
    let answer = with_key(key);
    if circuit.word.load(Ordering::Relaxed) == 0 {
        let successes = circuit.successes.load(Ordering::Relaxed);
        circuit.successes.store(successes + 1, Ordering::Relaxed);
    }
    Some(answer)
}

macro_rules! keyed {
    ($($name:ident)*) => {$(
        #[circuit_breaker(key = key, max_keys = 200_000)]
        #[inline(never)]
        fn $name(key: &str) -> Answer {
            with_key(key)
        }
    )*};
}

keyed! { one thousand ten_thousand hundred_thousand }

pub(crate) fn add(suite: &mut Suite) {
    add_some(suite, rows::KEYS_1, 1, one);
    add_some(suite, rows::KEYS_1_000, 1_000, thousand);
    add_some(suite, rows::KEYS_10_000, 10_000, ten_thousand);
    add_some(suite, rows::KEYS_100_000, 100_000, hundred_thousand);
    add_new(suite);
}

/// How many circuits there are for [`add_new`], all of them taken.
const TAKEN: u64 = 10_000;

macro_rules! crowded {
    ($($name:ident)*) => {$(
        #[circuit_breaker(
            name = stringify!($name), key = key, max_keys = 10_000, threshold = 1, recovery = "1h", max_concurrent = 1
        )]
        async fn $name(key: u64, goes_well: bool, ends: bool) -> Answer {
            if !ends {
                pending::<()>().await;
            }
            if goes_well { Ok(key) } else { Err(Failure::Service) }
        }
    )*};
}

crowded! { calm all_open two_free all_busy one_half_open }

/// Polls a call once, for good if it hasn't ended by then.
fn poll<F: Future<Output = Answer> + 'static>(call: F) -> bool {
    let mut call = Box::pin(call);
    let ready = call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    if !ready {
        Box::leak(Box::new(call));
    }
    ready
}

/// A call that ends at once, by a key that hasn't been there.
macro_rules! by_new_keys {
    ($name:ident) => {{
        let next = AtomicU64::new(TAKEN);
        move |calls| {
            for _ in 0..calls {
                let call = pin!($name(next.fetch_add(1, Ordering::Relaxed), true, true));
                _ = black_box(call.poll(&mut Context::from_waker(Waker::noop())));
            }
        }
    }};
}

/// New keys, each of which would take the place of another one, and two that take it from each other.
fn add_new(suite: &mut Suite) {
    for key in 0..TAKEN {
        assert!(poll(calm(key, true, true)) && poll(all_open(key, false, true)));
        assert!(poll(two_free(key, key < 1, true)) && !poll(all_busy(key, true, false)));
    }
    // One is half-open for good: its probe doesn't end.
    assert!(poll(one_half_open(0, true, true)));
    let breaker = find("one_half_open").expect("it has been called");
    let config = breaker.config();
    breaker.reconfigure(config.recovery(Duration::from_nanos(1))).expect("it is valid");
    assert!(poll(one_half_open(0, false, true)) && !poll(one_half_open(0, true, false)));
    breaker.reconfigure(config).expect("it is valid");
    for key in 1..TAKEN {
        assert!(poll(one_half_open(key, false, true)));
    }
    suite.add(rows::NEW_KEY_CALM, ATTRIBUTE, by_new_keys!(calm));
    suite.add(rows::NEW_KEY_OPEN, ATTRIBUTE, by_new_keys!(all_open));
    suite.add(rows::NEW_KEY_BUSY, ATTRIBUTE, by_new_keys!(all_busy));
    suite.add(rows::NEW_KEY_HALF_OPEN, ATTRIBUTE, by_new_keys!(one_half_open));
    suite.add(rows::KEYS_IN_TURN, ATTRIBUTE, |calls| {
        for call in 0..calls {
            let call = pin!(two_free(TAKEN + call % 2, true, true));
            _ = black_box(call.poll(&mut Context::from_waker(Waker::noop())));
        }
    });
}

fn add_some(
    suite: &mut Suite,
    row: &'static str,
    count: usize,
    call: impl Fn(&str) -> Answer + Sync + 'static,
) {
    let keys: Arc<[String]> = (0..count).map(|n| format!("host-{n}.example.com")).collect();
    let concurrent = ConcurrentMap::with_hasher(RandomState::default());
    let mut map = Map::with_hasher(RandomState::default());
    for (number, key) in keys.iter().enumerate() {
        concurrent.pin().insert(Arc::from(key.as_str()), (number, 0));
        map.insert(Arc::from(key.as_str()), Circuit::default());
    }
    for key in keys.iter() {
        call(key).expect("it succeeds");
    }
    let order = shuffled(count);
    let turns = Arc::new(Turns { keys, order, next: AtomicUsize::new(0) });
    suite.add_warm(row, PLAIN, count as u64, {
        let turns = Arc::clone(&turns);
        move |calls| turns.each(calls, |key| _ = black_box(&plain::keyed(key)))
    });
    suite.add_warm(row, ATTRIBUTE, count as u64, {
        let turns = Arc::clone(&turns);
        move |calls| turns.each(calls, |key| _ = black_box(&call(key)))
    });
    suite.add_warm(row, CONCURRENT_MAP, count as u64, {
        let turns = Arc::clone(&turns);
        move |calls| turns.each(calls, |key| _ = black_box(concurrent.pin().get(key).copied()))
    });
    suite.add_warm(row, BY_HAND, count as u64, move |calls| {
        turns.each(calls, |key| _ = black_box(&by_hand(&map, key)));
    });
}

/// All keys in turn. A sample goes on where the last one stopped: not with the first few thousand keys again.
struct Turns {
    keys: Arc<[String]>,
    order: Vec<usize>,
    next: AtomicUsize,
}

impl Turns {
    #[inline]
    fn each(&self, calls: u64, mut call: impl FnMut(&str)) {
        let (keys, order) = (&*self.keys, &*self.order);
        let mut index = self.next.load(Ordering::Relaxed);
        for _ in 0..calls {
            call(&keys[order[index]]);
            index = if index + 1 == order.len() { 0 } else { index + 1 };
        }
        self.next.store(index, Ordering::Relaxed);
    }
}

/// The numbers below `count` in a random order, the same in every run.
fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    for index in (1..count).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        #[expect(clippy::cast_possible_truncation, reason = "below the count")]
        order.swap(index, (random % (index as u64 + 1)) as usize);
    }
    order
}
