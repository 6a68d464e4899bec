//! The numbers through a recorder that hands on to OpenTelemetry, which can only add.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use ::metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use circuit_runtime::{CircuitBreaker, Config, metrics, test_util};
use metrics_opentelemetry::opentelemetry::KeyValue;
use metrics_opentelemetry::opentelemetry::metrics::MeterProvider;
use metrics_opentelemetry::{OpenTelemetryMetrics, OpenTelemetryRecorder};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// A recorder in front of a real meter.
pub(crate) struct Bridge {
    pub(crate) recorder: OpenTelemetryRecorder,
    exporter: InMemoryMetricExporter,
    provider: SdkMeterProvider,
}

/// Of one metric: its unit, its description, and a number for each set of labels, as in `db,success`.
#[derive(Debug, Default)]
pub(crate) struct Exported {
    unit: String,
    description: String,
    pub(crate) points: BTreeMap<String, f64>,
}

impl Bridge {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone())
            .with_interval(Duration::from_secs(3_600))
            .build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let recorder =
            OpenTelemetryRecorder::new(OpenTelemetryMetrics::new(provider.meter("test")));
        Bridge { recorder, exporter, provider }
    }

    /// What is exported now of one circuit.
    pub(crate) fn export(&self, circuit: &str) -> BTreeMap<String, Exported> {
        self.exporter.reset();
        self.provider.force_flush().expect("it is in memory");
        let mut metrics = BTreeMap::<String, Exported>::new();
        for resource in self.exporter.get_finished_metrics().expect("it is in memory") {
            for metric in resource.scope_metrics().flat_map(ScopeMetrics::metrics) {
                let mut points = BTreeMap::new();
                let mut add = |attributes: &mut dyn Iterator<Item = &KeyValue>, value| {
                    let labels: BTreeMap<_, _> = attributes
                        .map(|label| (label.key.to_string(), label.value.to_string()))
                        .collect();
                    if labels.get("circuit").is_some_and(|name| name == circuit) {
                        let others = labels.into_iter().filter(|(label, _)| label != "circuit");
                        let others: Vec<_> = others.map(|(_, value)| value).collect();
                        points.insert(others.join(","), value);
                    }
                };
                #[expect(clippy::cast_precision_loss, reason = "a test counts to a few thousands")]
                match metric.data() {
                    AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
                        .data_points()
                        .for_each(|point| add(&mut point.attributes(), point.value() as f64)),
                    AggregatedMetrics::F64(MetricData::Gauge(gauge)) => gauge
                        .data_points()
                        .for_each(|point| add(&mut point.attributes(), point.value())),
                    AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                        .data_points()
                        .for_each(|point| add(&mut point.attributes(), point.count() as f64)),
                    other => panic!("{}: {other:?}", metric.name()),
                }
                let exported = metrics.entry(metric.name().to_owned()).or_default();
                metric.unit().clone_into(&mut exported.unit);
                metric.description().clone_into(&mut exported.description);
                exported.points.extend(points);
            }
        }
        metrics
    }
}

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

#[test]
fn a_counter_is_the_same_however_often_it_is_published() {
    let _alone = crate::metrics::alone();
    let breaker = circuit("bridged", Config::new().threshold(1));
    (0..5).for_each(|_| breaker.try_acquire().unwrap().success());
    let bridge = Bridge::new();
    let publish = || with_local_recorder(&bridge.recorder, metrics::publish);
    let calls = || bridge.export("bridged")["circuit_breaker_calls_total"].points["success"];
    for _ in 0..3 {
        publish();
        assert_eq!(calls().to_bits(), 5_f64.to_bits());
    }
    breaker.try_acquire().unwrap().success();
    with_local_recorder(&bridge.recorder, || breaker.try_acquire().unwrap().failure());
    for _ in 0..2 {
        publish();
        assert_eq!(calls().to_bits(), 6_f64.to_bits());
    }
    let exported = bridge.export("bridged");
    let transitions = &exported["circuit_breaker_transitions_total"];
    assert_eq!(transitions.points["open"].to_bits(), 1_f64.to_bits());
    assert_eq!(transitions.description, "Changes of state, by the new state.");
    let seconds = &exported["circuit_breaker_state_seconds_total"];
    assert_eq!((seconds.unit.as_str(), seconds.description.is_empty()), ("s", false));
}

/// What happened, in order.
#[derive(Debug, Default)]
struct Order(Mutex<Vec<String>>);

impl Order {
    fn note(&self, what: &str, name: &str) {
        self.0.lock().unwrap().push(format!("{what} {name}"));
    }
}

impl Recorder for Order {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note("describe", name.as_str());
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note("describe", name.as_str());
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note("describe", name.as_str());
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.note("record", key.name());
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.note("record", key.name());
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.note("record", key.name());
        Histogram::noop()
    }
}

#[test]
fn the_description_of_a_metric_comes_before_its_first_record() {
    let _alone = crate::metrics::alone();
    let _time = test_util::freeze();
    let breaker =
        circuit("described", Config::new().threshold(1).slow_call(Duration::from_secs(1)));
    // Neither a call nor a transition waits for the first `publish`.
    for call in [
        || {},
        || find("described").try_acquire().unwrap().success(),
        || find("described").try_acquire().unwrap().failure(),
    ] {
        // Kept: recorders are told apart by where they are.
        let order: &Order = Box::leak(Box::default());
        with_local_recorder(order, || {
            call();
            metrics::publish_with_keys();
        });
        let order = order.0.lock().unwrap();
        let records = order
            .iter()
            .enumerate()
            .filter_map(|(place, what)| Some((place, what.strip_prefix("record ")?)));
        let mut count = 0;
        for (place, name) in records {
            let described = format!("describe {name}");
            assert!(order[..place].contains(&described), "{name} isn't described before");
            count += 1;
        }
        assert!(count > 0);
    }
    breaker.reset();
}

fn find(name: &str) -> &'static CircuitBreaker {
    circuit_runtime::find(name).unwrap()
}
