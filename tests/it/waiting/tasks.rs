//! Async calls, in tokio's time, which is paused.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use circuit_runtime::{CircuitBreaker, Rejection, State};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, advance, sleep};

use super::{Error, LONG, ONE, reason, waiting};
use crate::support::{breaker, leaked, poll_once, ready, secs};

async fn call(breaker: &CircuitBreaker) -> Result<(), Error> {
    breaker.call_async(async { Ok::<_, Error>(()) }).await.map_err(reason)
}

#[tokio::test(start_paused = true)]
async fn a_task_waits_until_a_call_in_flight_ends() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let mut second = pin!(call(&breaker));
    assert!(poll_once(second.as_mut()).is_pending());
    assert!(poll_once(second.as_mut()).is_pending());
    assert_eq!(waiting(&breaker), 1);
    first.success();
    assert_eq!((waiting(&breaker), breaker.snapshot().in_flight), (0, Some(1)));
    assert_eq!(second.await, Ok(()));
    assert_eq!(breaker.snapshot().in_flight, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_waited_long_enough_is_rejected() {
    let breaker = breaker(ONE.max_wait(secs(2)));
    let first = breaker.try_acquire().unwrap();
    let began = Instant::now();
    assert_eq!(call(&breaker).await, Err(Error::Rejected(Rejection::TooManyCalls)));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!((waiting(&breaker), breaker.snapshot().rejected), (0, 1));
    first.success();
    assert_eq!(call(&breaker).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_comes_at_the_last_moment_is_taken() {
    let breaker = breaker(ONE.max_wait(secs(2)));
    let first = breaker.try_acquire().unwrap();
    let mut second = pin!(call(&breaker));
    assert!(poll_once(second.as_mut()).is_pending());
    advance(secs(2)).await;
    first.success();
    assert_eq!(second.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn tasks_get_places_in_the_order_in_which_they_came() {
    let breaker = leaked("waiting: order", ONE);
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let order = Arc::clone(&order);
        tasks.spawn(breaker.call_async(async move {
            order.lock().unwrap().push(number);
            sleep(secs(1)).await;
            Ok::<_, Error>(())
        }));
    }
    let began = Instant::now();
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(began.elapsed().as_secs(), 20);
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_later_does_not_get_ahead_of_one_that_has_a_place_and_is_not_polled_yet()
{
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let mut calls = [(); 2].map(|()| Box::pin(call(&breaker)));
    assert!(calls.iter_mut().all(|call| poll_once(call.as_mut()).is_pending()));
    first.success();
    assert!(breaker.try_acquire().is_err());
    assert!(poll_once(calls[1].as_mut()).is_pending());
    for call in calls {
        assert_eq!(call.await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_leaves_the_queue_or_passes_its_place_on() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let [mut waits, mut gets, mut next] = [(); 3].map(|()| Box::pin(call(&breaker)));
    for call in [&mut waits, &mut gets, &mut next] {
        assert!(poll_once(call.as_mut()).is_pending());
    }
    drop(waits);
    assert_eq!(waiting(&breaker), 2);
    first.success();
    assert_eq!((waiting(&breaker), breaker.snapshot().in_flight), (1, Some(1)));
    drop(gets);
    assert_eq!((waiting(&breaker), breaker.snapshot().in_flight), (0, Some(1)));
    assert_eq!(next.await, Ok(()));
    let seen = breaker.snapshot();
    assert_eq!((seen.in_flight, seen.successes, seen.cancelled), (Some(0), 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_opens_meanwhile_rejects_all_that_wait() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    let mut calls = [(); 3].map(|()| Box::pin(call(&breaker)));
    assert!(calls.iter_mut().all(|call| poll_once(call.as_mut()).is_pending()));
    first.failure();
    for call in calls {
        assert_eq!(call.await, Err(Error::Rejected(Rejection::Open)));
    }
    let seen = breaker.snapshot();
    assert_eq!((seen.state, seen.rejected, seen.in_flight), (State::Open, 3, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_end_is_possible() {
    let breaker = breaker(ONE.max_wait(std::time::Duration::MAX));
    let first = breaker.try_acquire().unwrap();
    let mut second = pin!(call(&breaker));
    assert!(poll_once(second.as_mut()).is_pending());
    advance(LONG * 24 * 365).await;
    assert!(poll_once(second.as_mut()).is_pending());
    first.success();
    assert_eq!(second.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn whichever_waker_was_given_last_is_called() {
    let breaker = leaked("waiting: moved", ONE);
    let first = breaker.try_acquire().unwrap();
    let mut second = Box::pin(call(breaker));
    assert!(poll_once(second.as_mut()).is_pending());
    let task = tokio::spawn(second);
    while waiting(breaker) == 0 {
        yield_now().await;
    }
    yield_now().await;
    first.success();
    assert_eq!(task.await.unwrap(), Ok(()));
}

#[test]
fn outside_of_a_runtime_with_timers_a_call_does_not_wait() {
    let breaker = breaker(ONE);
    let first = breaker.try_acquire().unwrap();
    assert_eq!(ready(call(&breaker)), Err(Error::Rejected(Rejection::TooManyCalls)));
    assert_eq!(waiting(&breaker), 0);
    first.success();
    assert_eq!(ready(call(&breaker)), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_future_stays_send_and_is_small_while_it_needs_not_wait() {
    fn is_send<F: Future + Send>(future: F) -> usize {
        size_of_val(&future)
    }
    let breaker = leaked("waiting: send", ONE);
    assert!(is_send(breaker.call_async(async { Ok::<_, Error>(()) })) <= 128);
}
