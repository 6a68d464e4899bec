//! `timeout`: a call that takes too long is dropped and has failed. It follows tokio's clock.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, Config, Rejection, State, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{NANOSECOND, millis, reason, secs};

#[tokio::test(start_paused = true)]
async fn a_probe_is_waited_for_as_long_as_it_may_take() {
    #[circuit_breaker(name = "timeout: patience", threshold = 1, recovery = "10s", timeout = "30s")]
    async fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call().await);
    let circuit = circuit("timeout: patience");
    // Another configuration knows of it, too.
    for config in [circuit.config(), Config::new().threshold(1).recovery(secs(10))] {
        circuit.reconfigure(config).unwrap();
        let time = freeze();
        circuit.try_acquire().unwrap().failure();
        time.advance(secs(10));
        let _hung = circuit.try_acquire().unwrap();
        time.advance(secs(30) - NANOSECOND);
        assert_eq!(Rejection::HalfOpenFull, reason(circuit));
        time.advance(NANOSECOND);
        circuit.try_acquire().unwrap().success();
        assert_eq!((State::Closed, config), (circuit.state(), circuit.config()));
    }
    let error = circuit.reconfigure(Config::new().probe_timeout(secs(29))).unwrap_err();
    assert!(["`probe_timeout`", "`timeout`"].iter().all(|name| error.message().contains(name)));
    circuit.reconfigure(Config::new().probe_timeout(secs(30))).unwrap();
}

async fn after(wait: Duration, answer: Answer) -> Answer {
    tokio::time::sleep(wait).await;
    answer
}

/// A call each 20 ms for five seconds, by tokio's clock.
async fn five_seconds<F: Future<Output = Answer> + Send + 'static>(call: impl Fn() -> F) {
    for _ in 0..250 {
        tokio::spawn(call());
        tokio::time::sleep(millis(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_well_but_slower_than_the_wait_is_back_within_five_seconds() {
    #[circuit_breaker(
        name = "timeout: slow but well",
        threshold = 3,
        recovery = "100ms",
        timeout = "1s"
    )]
    async fn call(takes: Duration, answer: Answer) -> Answer {
        after(takes, answer).await
    }
    let _time = freeze().follow_tokio();
    for _ in 0..3 {
        assert_eq!(Err(Error::Down), call(Duration::ZERO, Err(Error::Down)).await);
    }
    five_seconds(|| call(millis(150), Ok(1))).await;
    let seen = snapshot("timeout: slow but well");
    assert_eq!((State::Closed, 3, 0), (seen.state, seen.transitions, seen.late));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_until_its_timeout_gets_few_calls() {
    static REACHED: AtomicU32 = AtomicU32::new(0);
    #[circuit_breaker(
        name = "timeout: hangs",
        threshold = 3,
        recovery = "100ms",
        backoff = 2,
        timeout = "1s"
    )]
    async fn call() -> Answer {
        REACHED.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
    let _time = freeze().follow_tokio();
    let (_one, _two, _three) = tokio::join!(call(), call(), call());
    let before = REACHED.load(Ordering::Relaxed);
    five_seconds(call).await;
    let reached = REACHED.load(Ordering::Relaxed) - before;
    assert!((1..=5).contains(&reached), "{reached}");
    assert_eq!(0, snapshot("timeout: hangs").late);
}

#[tokio::test(start_paused = true)]
async fn a_call_within_the_limit_is_left_alone() {
    #[circuit_breaker(name = "timeout: within", timeout = "1s")]
    async fn call() -> Answer {
        after(millis(999), Ok(1)).await
    }
    assert_eq!(Ok(1), call().await);
    assert_eq!(
        (1, 0),
        (snapshot("timeout: within").successes, snapshot("timeout: within").timed_out)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_the_limit_is_a_failure() {
    #[circuit_breaker(name = "timeout: beyond", threshold = 1, timeout = "1s")]
    async fn call() -> Answer {
        after(secs(60), Ok(1)).await
    }
    let begin = tokio::time::Instant::now();
    let Err(Error::TimedOut(error)) = call().await else { panic!("not timed out") };
    assert_eq!(("timeout: beyond", secs(1)), (error.circuit(), error.limit()));
    assert!(begin.elapsed() < secs(2));
    let seen = snapshot("timeout: beyond");
    assert_eq!((1, 1, 0), (seen.timed_out, seen.failures, seen.cancelled));
    assert!(is_rejected(call().await));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_is_dropped() {
    #[circuit_breaker(name = "timeout: dropped", timeout = "1s")]
    async fn call(held: Arc<()>) -> Answer {
        let answer = after(secs(60), Ok(1)).await;
        drop(held);
        answer
    }
    let held = Arc::new(());
    assert!(call(Arc::clone(&held)).await.is_err());
    assert_eq!(1, Arc::strong_count(&held));
}

#[tokio::test(start_paused = true)]
async fn under_fallback_on_any_the_fallback_answers_and_is_told() {
    #[circuit_breaker(
        name = "timeout: any",
        timeout = "1s",
        fallback = |why| match why {
            CallError::TimedOut(error) => Ok(u32::try_from(error.limit().as_secs()).unwrap()),
            other => panic!("{other:?}"),
        },
        fallback_on = any
    )]
    async fn call() -> Answer {
        after(secs(60), Ok(60)).await
    }
    assert_eq!(Ok(1), call().await);
    assert_eq!((1, 1), (snapshot("timeout: any").timed_out, snapshot("timeout: any").fallbacks));
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_probe_reopens() {
    #[circuit_breaker(name = "timeout: probe", threshold = 1, recovery = "10s", timeout = "1s")]
    async fn call() -> Answer {
        after(secs(60), Ok(1)).await
    }
    let time = circuit_runtime::test_util::freeze();
    assert!(call().await.is_err());
    time.advance(secs(10));
    assert!(matches!(call().await, Err(Error::TimedOut(_))));
    assert_eq!(State::Open, circuit("timeout: probe").state());
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_before_the_limit_is_cancelled() {
    #[circuit_breaker(name = "timeout: cancelled", threshold = 1, timeout = "10s")]
    async fn call() -> Answer {
        after(secs(60), Ok(1)).await
    }
    assert!(tokio::time::timeout(secs(1), call()).await.is_err());
    let seen = snapshot("timeout: cancelled");
    assert_eq!((1, 0, 0), (seen.cancelled, seen.timed_out, seen.failures));
}

#[tokio::test(start_paused = true)]
async fn the_limit_may_be_a_constant() {
    const LIMIT: Duration = Duration::from_millis(20);
    #[circuit_breaker(name = "timeout: constant", timeout = LIMIT)]
    async fn call() -> Answer {
        after(secs(1), Ok(1)).await
    }
    let Err(Error::TimedOut(error)) = call().await else { panic!("not timed out") };
    assert_eq!(LIMIT, error.limit());
}
