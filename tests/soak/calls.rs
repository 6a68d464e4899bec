//! What a thread does: calls of every kind, ended at once, later or by another thread, and what an operator does.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use circuit_runtime::{CallError, CircuitBreaker, Outcome, Permit};
use futures_lite::StreamExt;
use futures_lite::stream::once_future;

use crate::circuits::{
    Down, FLAPPING, HEALTHY, MOMENT, NoPrice, OPERATED, OTHERS, STEADY, Shop, crash, keyed,
};
use crate::ledger::{Done, Tally};

/// Calls of one thread in one round.
pub(crate) const CALLS: u64 = 10_000;

/// A call under way, to be ended later and perhaps by another thread.
pub(crate) enum Held {
    Permit(Permit<'static>),
    Future(Pin<Box<dyn Future<Output = ()> + Send>>),
}

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// Calls that have been put aside.
pub(crate) fn held() -> MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
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
        4 if breaker.name() != STEADY.name() => {
            let [first, last] = [random.below(3), random.below(3)];
            let items = once_future(pending(first)).chain(once_future(pending(last)));
            let mut future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
                let mut items = pin!(breaker.guard_stream(items));
                while items.next().await.is_some() {}
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

/// The number of the next call that asks for a price.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Whatever a caller is given is of its own shop and article, made by this call or by an earlier one.
fn ask_price(random: &mut Random, done: &mut Done) {
    done.asked += 1;
    let (shop, article) = (random.below(8), random.below(8));
    let fate = if HEALTHY.load(Ordering::Relaxed) { 5 } else { random.below(6) };
    let call = NEXT.fetch_add(1, Ordering::Relaxed);
    match catch_unwind(|| Shop(shop).price(article, call, fate)) {
        Ok(Ok(price)) => {
            assert_eq!((shop, article), (price.shop, price.article), "another's price");
            if price.call == call {
                done.successes += 1;
            } else {
                done.rejected += 1;
                done.stale += 1;
            }
        }
        Ok(Err(NoPrice::Rejected)) => done.rejected += 1,
        Ok(Err(NoPrice::Down)) => done.failures += 1,
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
            let any = random.below(OTHERS.len() as u64);
            let other = OTHERS[usize::try_from(any).unwrap_or(0)];
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

/// What one thread does in one round.
pub(crate) fn thread(seed: u64) -> Tally {
    let mut random = Random(seed);
    let mut tally = Tally::default();
    for _ in 0..CALLS {
        match random.below(200) {
            0 => operate(&mut random),
            1..60 => call(&FLAPPING, &mut random, &mut tally.flapping),
            60..120 => call(&OPERATED, &mut random, &mut tally.operated),
            120..150 => call(&STEADY, &mut random, &mut tally.steady),
            150..170 => ask_price(&mut random, &mut tally.prices),
            _ => call_keyed(&mut random, &mut tally.keyed),
        }
    }
    tally
}
