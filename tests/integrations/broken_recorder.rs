//! A recorder that panics at whatever it is told, and one that calls through a breaker itself.

use std::cell::Cell;
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, State, test_util};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};

struct OnEverything<F>(F);

/// Never where another test's recorder is later: what one was told isn't told again at that place.
fn lasting<F: Fn()>(does: F) -> &'static OnEverything<F> {
    Box::leak(Box::new(OnEverything(does)))
}

impl<F: Fn()> Recorder for OnEverything<F> {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        (self.0)();
    }
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        (self.0)();
    }
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        (self.0)();
    }
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        (self.0)();
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        (self.0)();
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        (self.0)();
        Histogram::noop()
    }
}

/// Tells the recorder how long each call took.
const TIMED: Config = Config::new().threshold(1).slow_call(Duration::from_secs(1));

fn registered(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

#[test]
fn the_panic_of_a_recorder_is_neither_the_calls_nor_the_circuits() {
    let time = test_util::freeze();
    let breaker = registered("broken recorder", TIMED.recovery(Duration::from_secs(30)));
    let told: &Cell<u64> = Box::leak(Box::default());
    let broken = lasting(|| {
        told.set(told.get() + 1);
        panic!("the recorder is broken")
    });
    with_local_recorder(broken, || {
        assert_eq!(breaker.call(|| Ok::<_, ()>(1)), Ok(1));
        breaker.call(|| Err::<(), _>(())).unwrap_err();
        time.advance(Duration::from_secs(30));
        assert_eq!(breaker.call(|| Ok::<_, ()>(2)), Ok(2));
    });
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.panicked), (2, 1, 0));
    assert_eq!((snapshot.state, snapshot.transitions), (State::Closed, 3));
    assert!(told.get() >= 3, "of each call at least");
}

#[test]
fn a_recorder_that_calls_through_the_circuit_is_not_told_of_that_for_ever() {
    let breaker = registered("recorder that calls", TIMED);
    let told: &Cell<u64> = Box::leak(Box::default());
    let calls = lasting(|| {
        told.set(told.get() + 1);
        breaker.try_acquire().unwrap().success();
    });
    with_local_recorder(calls, || breaker.try_acquire().unwrap().success());
    assert!(told.get() > 0);
    assert_eq!(breaker.snapshot().successes, 1 + told.get());
}
