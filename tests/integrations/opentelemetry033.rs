//! The circuits as instruments of OpenTelemetry, through its SDK and an exporter in memory.

mod random;

use std::collections::BTreeMap;
use std::time::Duration;

use circuit_runtime::opentelemetry033::{observe, observe_with_keys};
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Mode, Outcome, Permit, Snapshot, State, Window,
    circuit_breaker, find,
};
use opentelemetry_sdk033::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use opentelemetry_sdk033::metrics::{
    InMemoryMetricExporter, InMemoryMetricExporterBuilder, Instrument, PeriodicReader,
    SdkMeterProvider, Stream, Temporality,
};
use opentelemetry033::KeyValue;
use opentelemetry033::metrics::MeterProvider;

use random::Random;

/// Numbers by instrument and by the attributes' values, as in `calls{success}`.
type Points = BTreeMap<String, f64>;

struct Provider {
    exporters: Vec<InMemoryMetricExporter>,
    provider: SdkMeterProvider,
}

impl Provider {
    /// With a reader for each of the temporalities.
    fn new(temporalities: &[Temporality]) -> Self {
        let exporters: Vec<_> = temporalities
            .iter()
            .map(|temporality| {
                InMemoryMetricExporterBuilder::new().with_temporality(*temporality).build()
            })
            .collect();
        let provider = exporters.iter().fold(SdkMeterProvider::builder(), |builder, exporter| {
            let reader = PeriodicReader::builder(exporter.clone());
            builder.with_reader(reader.with_interval(Duration::from_secs(3_600)).build())
        });
        // The SDK drops what is beyond 2,000 series of an instrument, unless a view says otherwise.
        let view = |_: &Instrument| Stream::builder().with_cardinality_limit(100_000).build().ok();
        Provider { exporters, provider: provider.with_view(view).build() }
    }

    fn meter(&self) -> opentelemetry033::metrics::Meter {
        self.provider.meter("test")
    }

    /// What each reader exports now of a circuit.
    fn export(&self, circuit: &str) -> Vec<Points> {
        self.exporters.iter().for_each(InMemoryMetricExporter::reset);
        self.provider.force_flush().expect("it is in memory");
        self.exporters.iter().map(|exporter| points(exporter, circuit)).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a test counts to a few thousands")]
fn points(exporter: &InMemoryMetricExporter, circuit: &str) -> Points {
    let mut points = Points::new();
    for resource in exporter.get_finished_metrics().expect("it is in memory") {
        for metric in resource.scope_metrics().flat_map(ScopeMetrics::metrics) {
            let name = metric.name().strip_prefix("circuit_breaker.").expect("all have it");
            let mut add = |attributes: &mut dyn Iterator<Item = &KeyValue>, value: f64| {
                let attributes: BTreeMap<_, _> = attributes
                    .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
                    .collect();
                if attributes["circuit_breaker.name"] == circuit {
                    let others: Vec<_> = attributes
                        .iter()
                        .filter(|(name, _)| *name != "circuit_breaker.name")
                        .map(|(_, value)| value.as_str())
                        .collect();
                    let before = points.insert(format!("{name}{{{}}}", others.join(",")), value);
                    assert_eq!(before, None, "each series once");
                }
            };
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    assert!(sum.is_monotonic());
                    sum.data_points()
                        .for_each(|point| add(&mut point.attributes(), point.value() as f64));
                }
                AggregatedMetrics::F64(MetricData::Gauge(gauge)) => gauge
                    .data_points()
                    .for_each(|point| add(&mut point.attributes(), point.value())),
                other => panic!("{}: {other:?}", metric.name()),
            }
        }
    }
    points
}

fn leak<T>(it: T) -> &'static T {
    Box::leak(Box::new(it))
}

#[expect(clippy::cast_precision_loss, reason = "they are small")]
fn assert_agrees(points: &Points, snapshot: &Snapshot) {
    let mut expected = Points::new();
    let mut expect = |name: &str, value: f64| {
        expected.insert(name.to_owned(), value);
    };
    expect("calls{success}", snapshot.successes as f64);
    expect("calls{failure}", snapshot.failures as f64);
    expect("calls{ignored}", snapshot.ignored as f64);
    expect("calls{cancelled}", snapshot.cancelled as f64);
    expect("calls{late}", snapshot.late as f64);
    expect("calls{rejected}", snapshot.rejected as f64);
    expect("slow{}", snapshot.slow as f64);
    for state in [State::Closed, State::HalfOpen, State::Open] {
        expect(&format!("state{{{state}}}"), f64::from(u8::from(state == snapshot.state)));
    }
    let modes = [
        ("normal", Mode::Normal),
        ("forced-open", Mode::ForcedOpen),
        ("disabled", Mode::Disabled),
        ("shadow", Mode::Shadow),
    ];
    for (word, mode) in modes {
        expect(&format!("mode{{{word}}}"), f64::from(u8::from(mode == snapshot.mode)));
    }
    expect("in_flight{}", f64::from(snapshot.in_flight.unwrap()));
    for (name, value) in expected {
        assert_eq!(points.get(&name).copied(), Some(value), "{name}: {snapshot}");
    }
    let sum = |prefix: &str| -> f64 {
        points.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value).sum()
    };
    assert_eq!(sum("rejected{").to_bits(), (snapshot.rejected as f64).to_bits());
    assert_eq!(sum("transitions{").to_bits(), (snapshot.transitions as f64).to_bits());
    let rate = snapshot.window.and_then(|window| window.failure_rate);
    assert_eq!(points.get("failure_rate{}").copied(), rate);
}

#[test]
fn what_is_exported_after_ten_thousand_random_calls_is_what_the_snapshot_says() {
    let hour = Duration::from_secs(3_600);
    let config = Config::new().threshold(3).failure_rate(0.4).slow_call(hour);
    let breaker = leak(CircuitBreaker::new("otel", config.max_concurrent(2).recovery(hour)));
    breaker.register();
    let provider = Provider::new(&[Temporality::Cumulative]);
    observe(&provider.meter());
    let mut random = Random(7);
    for call in 1..=10_000 {
        match random.below(1_000) {
            0 => breaker.force_open(),
            1 => breaker.shadow(),
            2 => breaker.disable(),
            3..20 => breaker.resume(),
            20..60 => breaker.reset(),
            _ => {}
        }
        if let Ok(permit) = breaker.try_acquire() {
            match random.below(8) {
                0 | 1 => permit.failure(),
                2 => permit.ignore(),
                3 => drop(permit),
                4 => permit.record(Outcome::OpenFor(hour)),
                _ => permit.success(),
            }
        }
        if call % 1_000 == 0 {
            let exported = provider.export("otel");
            assert_agrees(&exported[0], &breaker.snapshot());
        }
    }
    let snapshot = breaker.snapshot();
    assert!(snapshot.transitions > 20 && snapshot.rejected > 100, "{snapshot}");
}

/// One test, since with ten thousand keys in this process every series of keys takes long.
#[test]
fn keys_have_series_if_they_are_asked_for() {
    a_key_that_comes_back_goes_on_counting_for_every_reader();
    ten_thousand_keys_make_one_series();
}

fn ten_thousand_keys_make_one_series() {
    let breaker = leak(KeyedBreaker::new("otel: keys", Config::new().threshold(1), 10_000));
    breaker.register();
    for key in 0..10_000 {
        breaker.key(&key.to_string()).try_acquire().unwrap().success();
    }
    let provider = Provider::new(&[Temporality::Cumulative]);
    observe(&provider.meter());
    let exported = provider.export("otel: keys");
    assert_eq!(exported[0]["calls{success}"].to_bits(), 10_000_f64.to_bits());
    assert!(exported[0].keys().all(|name| !name.starts_with("key.")), "none of a key");
}

/// A reader that exports differences subtracts what it has seen last.
fn a_key_that_comes_back_goes_on_counting_for_every_reader() {
    let breaker = leak(KeyedBreaker::new("otel: few keys", Config::new().threshold(9), 1));
    breaker.register();
    let call = |key: &str, calls| {
        (0..calls).for_each(|_| breaker.key(key).try_acquire().unwrap().success());
    };
    let provider = Provider::new(&[Temporality::Delta, Temporality::Cumulative]);
    observe_with_keys(&provider.meter());
    let exported = |key: &str| {
        let name = format!("key.calls{{{key},success}}");
        let both = provider.export("otel: few keys");
        [0, 1].map(|reader| both[reader].get(&name).copied())
    };
    call("a", 5);
    assert_eq!(exported("a"), [Some(5.0), Some(5.0)]);
    call("b", 1);
    assert_eq!(exported("a"), [Some(0.0), Some(5.0)], "it has no circuit now");
    call("a", 2);
    assert_eq!(exported("a"), [Some(2.0), Some(7.0)]);
    assert_eq!(exported("b"), [Some(0.0), Some(1.0)]);
    let exported = provider.export("otel: few keys");
    assert_eq!(exported[1]["key.state{a,closed}"].to_bits(), 1_f64.to_bits());
    assert!(
        !exported[1].contains_key("key.state{b,closed}"),
        "a key without a circuit has no state"
    );
}

#[circuit_breaker(name = "otel: stale", stale = "1h")]
fn price() -> std::io::Result<u32> {
    Ok(7)
}

#[test]
fn stalled_calls_stale_values_and_shares_of_calls_have_instruments() {
    let hour = Duration::from_secs(3_600);
    let registered = |name, config| {
        let breaker = leak(CircuitBreaker::new(name, config));
        breaker.register();
        breaker
    };
    let provider = Provider::new(&[Temporality::Cumulative]);
    observe(&provider.meter());
    let exported = |circuit, series: &str| provider.export(circuit)[0].get(series).copied();

    let stalling = registered("otel: stalling", Config::new().stall(Duration::from_nanos(1)));
    let _hung = stalling.try_acquire().unwrap();
    assert_eq!(exported("otel: stalling", "stalled{}"), Some(1.0));
    assert_eq!(exported("otel: stalling", "in_flight{}"), Some(1.0));

    price().unwrap();
    find("otel: stale").unwrap().force_open();
    assert_eq!(price().unwrap(), 7);
    assert_eq!(exported("otel: stale", "stale{}"), Some(1.0));

    let ramping = registered("otel: ramping", Config::new().ramp(100 * hour));
    assert_eq!(exported("otel: ramping", "ramp{}"), None);
    ramping.force_open();
    ramping.resume();
    let share = exported("otel: ramping", "ramp{}").unwrap();
    assert!((0.1..0.11).contains(&share), "{share}");
    ramping.try_acquire().unwrap().success();
    ramping.try_acquire().unwrap_err();
    assert_eq!(exported("otel: ramping", "rejected{ramping}"), Some(1.0));

    let config = Config::new().throttle(0.5).min_calls(9).window(Window::Time(hour));
    let throttling = registered("otel: throttling", config);
    let calls: Vec<_> = (0..9).map(|_| throttling.try_acquire().unwrap()).collect();
    calls.into_iter().for_each(Permit::failure);
    assert_eq!(exported("otel: throttling", "throttle{}"), Some(0.4));
}

#[test]
fn rates_are_there_when_there_are_some() {
    let breaker = leak(CircuitBreaker::new("otel: rates", Config::new().failure_rate(0.5)));
    breaker.register();
    let provider = Provider::new(&[Temporality::Cumulative]);
    observe(&provider.meter());
    let exported = || provider.export("otel: rates").remove(0);
    let before = exported();
    assert_eq!(before["retry_after{}"].to_bits(), 0_f64.to_bits());
    assert!(!before.contains_key("failure_rate{}") && !before.contains_key("in_flight{}"));
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().success();
    assert_eq!(exported()["failure_rate{}"].to_bits(), 0.5_f64.to_bits());
    breaker.try_acquire().unwrap().record(Outcome::OpenFor(Duration::MAX));
    assert!(!exported().contains_key("retry_after{}"), "open for good: there is no number for it");
}
