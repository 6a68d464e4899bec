//! The options that configure the circuit.

use std::pin::pin;
use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{Config, OnCancel, Rejection, State, Window, circuit_breaker};

use super::{Answer, Error, circuit, is_rejected, snapshot};
use crate::support::{NANOSECOND, millis, poll_once, secs, wait_once};

const DOWN: Answer = Err(Error::Down);

#[test]
fn without_options_the_fifth_failure_in_a_row_opens() {
    #[circuit_breaker(name = "rules: defaults")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..4 {
        assert_eq!(DOWN, call(DOWN));
    }
    assert_eq!((Ok(1), DOWN), (call(Ok(1)), call(DOWN)));
    assert_eq!(Config::new(), circuit("rules: defaults").config());
    for _ in 0..4 {
        assert_eq!(DOWN, call(DOWN));
    }
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn threshold() {
    #[circuit_breaker(name = "rules: threshold", threshold = 2)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!([DOWN, DOWN], [call(DOWN), call(DOWN)]);
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn failure_rate_and_a_window_of_calls() {
    #[circuit_breaker(name = "rules: failure_rate", failure_rate = 0.5, window = 4)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [Ok(1), DOWN, Ok(2), Ok(3), Ok(4)] {
        assert_eq!(answer, call(answer));
    }
    assert_eq!(State::Closed, circuit("rules: failure_rate").state());
    assert_eq!([DOWN, DOWN], [call(DOWN), call(DOWN)]);
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn a_rate_in_percent_is_exact() {
    #[circuit_breaker(name = "rules: percent", failure_rate = "33.3%")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(Ok(1), call(Ok(1)));
    let expected = Config::new().failure_rate(0.333);
    assert_eq!(expected, circuit("rules: percent").config());
}

#[test]
fn a_window_of_time() {
    #[circuit_breaker(name = "rules: time", failure_rate = "50%", window = "10s", min_calls = 3)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!([DOWN, DOWN], [call(DOWN), call(DOWN)]);
    time.advance(secs(10));
    assert_eq!([DOWN, DOWN], [call(DOWN), call(DOWN)]);
    assert_eq!(DOWN, call(DOWN));
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn min_calls() {
    #[circuit_breaker(name = "rules: min_calls", failure_rate = 0.5, min_calls = 2)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!([DOWN, DOWN], [call(DOWN), call(DOWN)]);
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn failure_count() {
    #[circuit_breaker(name = "rules: count", failure_count = 2, window = "1m")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _time = freeze();
    assert_eq!([DOWN, Ok(1), DOWN], [call(DOWN), call(Ok(1)), call(DOWN)]);
    assert!(is_rejected(call(Ok(1))));
}

#[test]
fn slow_call_and_slow_rate() {
    #[circuit_breaker(name = "rules: slow", slow_call = "1s", slow_rate = 0.5, window = 2)]
    fn call(time: &Frozen, takes: Duration) -> Answer {
        time.advance(takes);
        Ok(1)
    }
    let time = freeze();
    assert_eq!(Ok(1), call(&time, secs(1) - NANOSECOND));
    assert_eq!(0, snapshot("rules: slow").slow);
    assert_eq!(Ok(1), call(&time, secs(1)));
    assert_eq!((2, 1), (snapshot("rules: slow").successes, snapshot("rules: slow").slow));
    assert!(is_rejected(call(&time, secs(0))));
}

#[test]
fn recovery() {
    #[circuit_breaker(name = "rules: recovery", threshold = 1, recovery = "1m 30s")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(DOWN, call(DOWN));
    time.advance(secs(90) - NANOSECOND);
    assert!(is_rejected(call(Ok(1))));
    time.advance(NANOSECOND);
    assert_eq!([Ok(1), Ok(2)], [call(Ok(1)), call(Ok(2))]);
}

/// The waits of three openings in a row.
fn waits(time: &Frozen, name: &str, call: fn(Answer) -> Answer) -> [Duration; 3] {
    [(); 3].map(|()| {
        assert_eq!(DOWN, call(DOWN));
        let wait = snapshot(name).retry_after.unwrap();
        time.advance(wait);
        wait
    })
}

#[test]
fn backoff_and_max_recovery() {
    #[circuit_breaker(
        name = "rules: backoff",
        threshold = 1,
        recovery = "10s",
        backoff = 1.5,
        max_recovery = "16s"
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!([secs(10), secs(15), secs(16)], waits(&time, "rules: backoff", call));
}

#[test]
fn jitter() {
    #[circuit_breaker(name = "rules: jitter", threshold = 1, recovery = "10s", jitter = 0.5)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    let waits = waits(&time, "rules: jitter", call);
    assert!(waits.iter().all(|wait| (secs(5)..=secs(15)).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait != secs(10)), "{waits:?}");
}

#[test]
fn success_threshold_and_probes() {
    #[circuit_breaker(
        name = "rules: probes",
        threshold = 1,
        recovery = "10s",
        success_threshold = 2,
        probes = 3
    )]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let time = freeze();
    assert_eq!(DOWN, call(DOWN));
    time.advance(secs(10));
    for (answer, state) in
        [(Ok(1), State::HalfOpen), (DOWN, State::HalfOpen), (Ok(1), State::Closed)]
    {
        assert_eq!(answer, call(answer));
        assert_eq!(state, circuit("rules: probes").state());
    }
}

#[test]
fn probe_timeout() {
    #[circuit_breaker(
        name = "rules: probe_timeout",
        threshold = 1,
        recovery = "10s",
        probe_timeout = "250ms"
    )]
    async fn call(answer: Answer) -> Answer {
        wait_once().await;
        answer
    }
    let time = freeze();
    let mut opening = pin!(call(DOWN));
    assert!(poll_once(opening.as_mut()).is_pending());
    assert!(poll_once(opening.as_mut()).is_ready());
    time.advance(secs(10));
    let mut hung = pin!(call(Ok(1)));
    assert!(poll_once(hung.as_mut()).is_pending());
    assert!(poll_once(pin!(call(Ok(1)))).is_ready());
    let until_free = snapshot("rules: probe_timeout").retry_after;
    assert_eq!(Some(millis(250)), until_free);
    time.advance(millis(250));
    assert!(poll_once(pin!(call(Ok(1)))).is_pending());
}

#[test]
fn max_concurrent() {
    #[circuit_breaker(name = "rules: max_concurrent", max_concurrent = 1)]
    async fn call() -> Answer {
        wait_once().await;
        Ok(1)
    }
    let mut first = pin!(call());
    assert!(poll_once(first.as_mut()).is_pending());
    match poll_once(pin!(call())) {
        std::task::Poll::Ready(Err(Error::Open(error))) => {
            assert_eq!(Rejection::TooManyCalls, error.reason());
        }
        other => panic!("{other:?}"),
    }
    assert!(poll_once(first.as_mut()).is_ready());
    assert!(poll_once(pin!(call())).is_pending());
}

#[test]
fn every_option_reaches_the_configuration() {
    #[circuit_breaker(
        name = "rules: all",
        threshold = 7,
        failure_rate = 0.25,
        failure_count = 50,
        slow_call = "1.5s",
        slow_rate = "75%",
        throttle = "45%",
        window = "1m",
        min_calls = 12,
        merge_failures = "100ms",
        stall = "9s",
        recovery = "20s",
        backoff = 2,
        max_recovery = "1h 30m",
        jitter = 0.1,
        success_threshold = 3,
        probes = 5,
        probe_timeout = "4s",
        ramp = "45s",
        on_cancel = failure,
        max_concurrent = 40,
    )]
    async fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), crate::support::ready(call()));
    let expected = Config::new()
        .threshold(7)
        .failure_rate(0.25)
        .failure_count(50)
        .slow_call(millis(1_500))
        .slow_rate(0.75)
        .throttle(0.45)
        .window(Window::Time(secs(60)))
        .min_calls(12)
        .merge_failures(millis(100))
        .stall(secs(9))
        .recovery(secs(20))
        .backoff(2.0)
        .max_recovery(secs(5_400))
        .jitter(0.1)
        .success_threshold(3)
        .probes(5)
        .probe_timeout(secs(4))
        .ramp(secs(45))
        .on_cancel(OnCancel::Failure)
        .max_concurrent(40);
    assert_eq!(expected, circuit("rules: all").config());
}

#[test]
fn options_may_be_constant_expressions() {
    const LIMIT: u32 = 2;
    const RATE: f64 = 0.5;
    const WAIT: Duration = Duration::from_secs(7);
    #[circuit_breaker(
        name = "rules: constants",
        threshold = LIMIT + 1,
        failure_rate = RATE / 2.0,
        recovery = WAIT.saturating_mul(2)
    )]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    let expected = Config::new().threshold(3).failure_rate(0.25).recovery(secs(14));
    assert_eq!(expected, circuit("rules: constants").config());
}

#[test]
fn durations_come_in_all_units() {
    #[circuit_breaker(
        name = "rules: units",
        slow_call = "50us",
        recovery = "10ns",
        backoff = 2,
        max_recovery = "1h",
        probe_timeout = "5m"
    )]
    fn call() -> Answer {
        Ok(1)
    }
    assert_eq!(Ok(1), call());
    let expected = Config::new()
        .slow_call(Duration::from_micros(50))
        .recovery(Duration::from_nanos(10))
        .backoff(2.0)
        .max_recovery(secs(3_600))
        .probe_timeout(secs(300));
    assert_eq!(expected, circuit("rules: units").config());
}
