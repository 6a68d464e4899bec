//! What a Prometheus scrape shows, read from a real exporter's text.

mod keys;
mod stale;
mod stall;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use circuit_runtime::{
    CircuitBreaker, Config, OnCancel, Outcome, Permit, Window, metrics, test_util,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The recorder of the whole process, as a service has it.
fn exporter() -> &'static PrometheusHandle {
    static EXPORTER: OnceLock<PrometheusHandle> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).expect("the only one");
        handle
    })
}

/// One test at a time: a scrape shows every circuit, and by the clock of its own thread; and what the
/// keys had counted that are gone is told to whoever asks first.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The series of one circuit: name and the other labels, as in `state{open}`, without the common prefix.
fn series_of(circuit: &str) -> BTreeMap<String, f64> {
    let text = exporter().render();
    let mut series = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series_name, value) = line.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().expect("a number");
        let (name, labels) = match series_name.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect("closed braces")),
            None => (series_name, ""),
        };
        let labels: BTreeMap<_, _> = labels
            .split(',')
            .filter(|label| !label.is_empty())
            .map(|label| label.split_once('=').expect("a label's value"))
            .map(|(label, value)| (label, value.trim_matches('"')))
            .collect();
        if labels.get("circuit") == Some(&circuit) {
            let others = labels.iter().filter(|(label, _)| **label != "circuit");
            let others: Vec<_> = others.map(|(_, value)| *value).collect();
            let name = name.strip_prefix("circuit_breaker_").expect("the common prefix");
            series.insert(format!("{name}{{{}}}", others.join(",")), value);
        }
    }
    series
}

fn scrape(circuit: &str) -> BTreeMap<String, f64> {
    exporter();
    metrics::publish();
    series_of(circuit)
}

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    exporter();
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

#[track_caller]
fn assert_state(series: &BTreeMap<String, f64>, state: &str) {
    for each in ["closed", "half-open", "open"] {
        let expected = if each == state { 1.0 } else { 0.0 };
        assert_eq!(series[&format!("state{{{each}}}")].to_bits(), f64::to_bits(expected), "{each}");
    }
}

#[track_caller]
fn assert_series(series: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        let found = series.get(*name).unwrap_or_else(|| panic!("no {name} in {series:#?}"));
        assert!((found - value).abs() < 1e-9, "{name} is {found}, not {value}");
    }
}

#[test]
fn every_call_is_one_outcome() {
    let _alone = alone();
    let breaker = circuit("outcomes", Config::new().threshold(3));
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().ignore();
    drop(breaker.try_acquire().unwrap());
    let late = breaker.try_acquire().unwrap();
    let panic = std::panic::AssertUnwindSafe(|| breaker.call(|| -> Result<(), ()> { panic!() }));
    std::panic::catch_unwind(panic).unwrap_err();
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap_err();
    late.success();

    let series = scrape("outcomes");
    assert_series(
        &series,
        &[
            ("calls_total{success}", 2.0),
            ("calls_total{failure}", 3.0),
            ("calls_total{ignored}", 1.0),
            ("calls_total{cancelled}", 1.0),
            ("calls_total{late}", 1.0),
            ("calls_total{rejected}", 1.0),
            ("calls_total{unprotected}", 0.0),
            ("panicked_total{}", 1.0),
            ("timed_out_total{}", 0.0),
            ("stalled_total{}", 0.0),
            ("slow_total{}", 0.0),
            ("fallbacks_total{}", 0.0),
            ("stale_total{}", 0.0),
        ],
    );
    let calls = series.iter().filter(|(name, _)| name.starts_with("calls_total"));
    assert!((calls.map(|(_, count)| count).sum::<f64>() - 9.0).abs() < 1e-9, "nine calls");
}

#[test]
fn a_cancelled_call_that_is_a_failure_is_not_counted_twice() {
    let _alone = alone();
    let breaker = circuit("cancellations", Config::new().on_cancel(OnCancel::Failure));
    drop(breaker.try_acquire().unwrap());
    assert_series(
        &scrape("cancellations"),
        &[("calls_total{failure}", 1.0), ("calls_total{cancelled}", 0.0)],
    );
}

#[test]
fn the_state_is_one_hot_through_a_full_cycle_and_no_counter_goes_back() {
    let _alone = alone();
    let time = test_util::freeze();
    let config = Config::new().threshold(1).recovery(Duration::from_secs(30)).success_threshold(2);
    let breaker = circuit("cycle", config);
    let mut before = BTreeMap::new();
    let mut see = |state: &str| {
        let series = scrape("cycle");
        assert_state(&series, state);
        for (name, value) in series.iter().filter(|(name, _)| name.contains("_total")) {
            assert!(*value >= before.get(name).copied().unwrap_or(0.0), "{name} went back");
        }
        before.clone_from(&series);
        series
    };

    see("closed");
    time.advance(Duration::from_secs(100));
    breaker.try_acquire().unwrap().failure();
    assert_series(&see("open"), &[("retry_after_seconds{}", 30.0)]);
    time.advance(Duration::from_secs(10));
    assert_series(&see("open"), &[("retry_after_seconds{}", 20.0)]);
    time.advance(Duration::from_secs(25));
    assert_series(&see("half-open"), &[("retry_after_seconds{}", 0.0)]);
    breaker.try_acquire().unwrap().success();
    see("half-open");
    breaker.try_acquire().unwrap().success();
    time.advance(Duration::from_secs(7));
    let series = see("closed");
    assert_series(
        &series,
        &[
            ("transitions_total{open}", 1.0),
            ("transitions_total{half-open}", 1.0),
            ("transitions_total{closed}", 1.0),
            ("state_seconds_total{closed}", 107.0),
            ("state_seconds_total{open}", 30.0),
            ("state_seconds_total{half-open}", 5.0),
        ],
    );
}

#[test]
fn a_transition_is_told_without_waiting_for_a_scrape() {
    let _alone = alone();
    let _time = test_util::freeze();
    let breaker = circuit("at once", Config::new().threshold(1).recovery(Duration::from_secs(30)));
    breaker.try_acquire().unwrap().failure();
    // Another thread may be writing for this one; it has done so when the pen is free again.
    while !series_of("at once").contains_key("retry_after_seconds{}") {
        std::thread::yield_now();
    }
    let series = series_of("at once");
    assert_state(&series, "open");
    assert_series(&series, &[("transitions_total{open}", 1.0), ("retry_after_seconds{}", 30.0)]);
}

#[test]
fn the_mode_is_one_hot_and_leaves_the_state_alone() {
    let _alone = alone();
    let breaker = circuit("modes", Config::new());
    breaker.force_open();
    let series = scrape("modes");
    assert_state(&series, "closed");
    assert_series(&series, &[("mode{forced-open}", 1.0), ("mode{normal}", 0.0)]);
    breaker.resume();
    assert_series(&scrape("modes"), &[("mode{forced-open}", 0.0), ("mode{normal}", 1.0)]);
}

#[test]
fn rates_are_shown_where_they_are_configured() {
    let _alone = alone();
    let config = Config::new().failure_rate(0.9).window(Window::Calls(10));
    let breaker = circuit("rated", config);
    assert!(scrape("rated")["failure_rate{}"].is_nan(), "of no calls");
    breaker.try_acquire().unwrap().failure();
    for _ in 0..3 {
        breaker.try_acquire().unwrap().success();
    }
    assert_series(&scrape("rated"), &[("failure_rate{}", 0.25), ("slow_rate{}", 0.0)]);
    circuit("unrated", Config::new());
    assert!(!scrape("unrated").contains_key("failure_rate{}"));
}

#[test]
fn durations_are_recorded_where_a_clock_is_read_anyway() {
    let _alone = alone();
    let time = test_util::freeze();
    let timed = circuit("timed", Config::new().slow_call(Duration::from_secs(5)));
    let untimed = circuit("untimed", Config::new());
    for breaker in [timed, untimed] {
        let permit = breaker.try_acquire().unwrap();
        time.advance(Duration::from_secs(2));
        permit.record(Outcome::Success);
    }
    let series = scrape("timed");
    assert_series(
        &series,
        &[("call_duration_seconds_count{}", 1.0), ("call_duration_seconds_sum{}", 2.0)],
    );
    assert!(!scrape("untimed").contains_key("call_duration_seconds_count{}"));
}

#[test]
fn circuits_of_one_name_are_told_apart() {
    let _alone = alone();
    let first = circuit("twins", Config::new().threshold(1));
    let second = circuit("twins", Config::new().threshold(1));
    first.try_acquire().unwrap().success();
    second.try_acquire().unwrap().failure();
    let (first, second) = (scrape("twins"), scrape("twins#2"));
    assert_state(&first, "closed");
    assert_series(&first, &[("calls_total{success}", 1.0), ("calls_total{failure}", 0.0)]);
    assert_state(&second, "open");
    assert_series(&second, &[("calls_total{success}", 0.0), ("calls_total{failure}", 1.0)]);
}

#[test]
fn a_rejection_is_counted_under_its_reason() {
    let _alone = alone();
    let time = test_util::freeze();
    let config = Config::new().threshold(1).recovery(Duration::from_secs(30)).max_concurrent(1);
    let breaker = circuit("reasons", config);
    let reject = |calls| (0..calls).for_each(|_| assert!(breaker.try_acquire().is_err()));

    let held = breaker.try_acquire().unwrap();
    reject(1);
    held.failure();
    reject(2);
    breaker.force_open();
    reject(3);
    breaker.resume();
    time.advance(Duration::from_secs(30));
    let probe = breaker.try_acquire().unwrap();
    reject(4);
    probe.success();
    breaker.force_open();
    breaker.shadow(); // what would be rejected counts as well
    let held = breaker.try_acquire().unwrap();
    drop(breaker.try_acquire().unwrap());
    held.success();

    assert_series(
        &scrape("reasons"),
        &[
            ("rejected_total{too-many-calls}", 2.0),
            ("rejected_total{open}", 2.0),
            ("rejected_total{forced-open}", 3.0),
            ("rejected_total{half-open-full}", 4.0),
            ("calls_total{rejected}", 11.0),
        ],
    );
}

#[test]
fn a_ramp_is_shown_while_it_lasts() {
    let _alone = alone();
    let time = test_util::freeze();
    let breaker = circuit("ramped", Config::new().ramp(Duration::from_secs(10)));
    assert!(!scrape("ramped").contains_key("ramp{}"));
    breaker.force_open();
    breaker.resume();
    breaker.try_acquire().unwrap().success();
    assert!(breaker.try_acquire().is_err());
    assert_series(&scrape("ramped"), &[("ramp{}", 0.1), ("rejected_total{ramping}", 1.0)]);
    time.advance(Duration::from_secs(10));
    assert_series(&scrape("ramped"), &[("ramp{}", 1.0)]);
}

#[test]
fn a_throttle_is_shown_while_it_rejects() {
    let _alone = alone();
    let time = test_util::freeze();
    let breaker = circuit("throttled", Config::new().throttle(0.5).min_calls(9));
    assert!(!scrape("throttled").contains_key("throttle{}"));
    let held: Vec<_> = (0..9).map(|_| breaker.try_acquire().unwrap()).collect();
    held.into_iter().for_each(Permit::failure);
    assert_series(&scrape("throttled"), &[("throttle{}", 0.4), ("rejected_total{throttled}", 0.0)]);
    let is_rejected = |_: &u32| breaker.try_acquire().map(Permit::ignore).is_err();
    let rejected = u32::try_from((0..100).filter(is_rejected).count()).unwrap();
    assert!(rejected > 0);
    assert_series(
        &scrape("throttled"),
        &[
            ("rejected_total{throttled}", f64::from(rejected)),
            ("calls_total{rejected}", f64::from(rejected)),
        ],
    );
    assert!(scrape("throttled")["throttle{}"] > 0.0);
    breaker.disable();
    assert_series(&scrape("throttled"), &[("throttle{}", 0.0)]);
    breaker.resume();
    assert!(scrape("throttled")["throttle{}"] > 0.0);
    time.advance(Duration::from_secs(10));
    assert_series(&scrape("throttled"), &[("throttle{}", 0.0)]);
}

#[test]
fn calls_in_flight_are_shown_while_they_are_counted() {
    let _alone = alone();
    let breaker = circuit("in flight", Config::new().max_concurrent(2));
    let held = breaker.try_acquire().unwrap();
    assert_series(&scrape("in flight"), &[("in_flight{}", 1.0)]);
    breaker.reconfigure(Config::new()).unwrap();
    assert_series(&scrape("in flight"), &[("in_flight{}", 0.0)]);
    held.success();
    let uncounted = circuit("not counted", Config::new());
    uncounted.try_acquire().unwrap().success();
    assert!(!scrape("not counted").contains_key("in_flight{}"));
}

#[test]
fn calls_that_wait_for_a_place_are_shown_where_they_may() {
    let _alone = alone();
    let config = Config::new().max_concurrent(1).max_wait(Duration::from_secs(3_600));
    let breaker = circuit("waiting", config);
    let held = breaker.try_acquire().unwrap();
    let waits = std::thread::spawn(|| breaker.call(|| Ok::<_, ()>(())));
    while breaker.snapshot().waiting != Some(1) {
        std::thread::yield_now();
    }
    assert_series(&scrape("waiting"), &[("in_flight{}", 1.0), ("waiting{}", 1.0)]);
    held.success();
    waits.join().unwrap().unwrap();
    assert_series(&scrape("waiting"), &[("waiting{}", 0.0)]);
    assert!(!scrape("in flight").contains_key("waiting{}"));
}

#[test]
fn a_rate_that_is_no_longer_configured_is_no_number() {
    let _alone = alone();
    let breaker = circuit("rated before", Config::new().failure_rate(0.9));
    breaker.try_acquire().unwrap().failure();
    assert_series(&scrape("rated before"), &[("failure_rate{}", 1.0)]);
    breaker.reconfigure(Config::new()).unwrap();
    assert!(scrape("rated before")["failure_rate{}"].is_nan());
}

#[test]
fn what_a_cancelled_call_counted_as_outlasts_the_setting() {
    let _alone = alone();
    let failing = Config::new().on_cancel(OnCancel::Failure);
    let breaker = circuit("on and off", Config::new());
    let cancel = || drop(breaker.try_acquire().unwrap());
    let sees = |cancelled, failures| {
        let expected = [("calls_total{cancelled}", cancelled), ("calls_total{failure}", failures)];
        assert_series(&scrape("on and off"), &expected);
    };
    cancel();
    sees(1.0, 0.0);
    breaker.reconfigure(failing).unwrap();
    sees(1.0, 0.0);
    cancel();
    cancel();
    sees(1.0, 2.0);
    breaker.reconfigure(Config::new()).unwrap();
    sees(1.0, 2.0);
}
