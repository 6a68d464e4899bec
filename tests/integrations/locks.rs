//! No lock is held while code of the user runs: it may wait for a thread that takes any of them. A program of its own:
//! settings and orders are for every circuit of its process.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use circuit_runtime::axum::router;
use circuit_runtime::opentelemetry033::observe_with_keys;
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Order, Settings, circuits, configure, find,
    lift_expired_orders, metrics, orders, refused_orders, set_orders, settings_report, test_util,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_sdk033::error::OTelSdkResult;
use opentelemetry_sdk033::metrics::data::ResourceMetrics;
use opentelemetry_sdk033::metrics::reader::MetricReader;
use opentelemetry_sdk033::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};
use opentelemetry033::metrics::MeterProvider;
use tower::ServiceExt;

/// Settings and orders are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_orders(Vec::new());
    configure(Settings::default()).unwrap();
    alone
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings(text: &str) -> Settings {
    toml::from_str(text).unwrap()
}

fn get(path: &'static str) {
    // The overview is kept for half a second; the clocks of runtimes of their own begin at the same time.
    static LATER: AtomicU64 = AtomicU64::new(1);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async move {
        tokio::time::advance(secs(LATER.fetch_add(1, Ordering::Relaxed))).await;
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = Router::from(router()).oneshot(request).await.unwrap();
        let mut body = pin!(response.into_body());
        std::future::poll_fn(|context| http_body::Body::poll_frame(body.as_mut(), context)).await;
    });
}

/// A reader that collects when it is asked to.
#[derive(Debug, Clone)]
struct Reader(Arc<ManualReader>);

impl Reader {
    fn new() -> Self {
        Reader(Arc::new(ManualReader::builder().build()))
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }
    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }
    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }
    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// Two readers of one provider. While one of them collects, the SDK lets the other do so, too.
fn readers() -> &'static [Reader; 2] {
    static READERS: OnceLock<([Reader; 2], SdkMeterProvider)> = OnceLock::new();
    let make = || {
        let readers = [Reader::new(), Reader::new()];
        let provider = SdkMeterProvider::builder()
            .with_reader(readers[0].clone())
            .with_reader(readers[1].clone())
            .build();
        observe_with_keys(&provider.meter("test"));
        (readers, provider)
    };
    &READERS.get_or_init(make).0
}

fn collect(reader: usize) {
    readers()[reader].collect(&mut ResourceMetrics::default()).unwrap();
}

/// A recorder, without which nothing is published.
fn record() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(PrometheusBuilder::new().install_recorder().unwrap()));
}

type Action = (&'static str, fn());
type Trigger = (&'static str, fn(&'static CircuitBreaker));

/// What takes locks that all circuits share.
const ACTIONS: [Action; 12] = [
    ("orders", || drop(orders())),
    ("refused_orders", || drop(refused_orders())),
    ("set_orders", || drop(set_orders(Vec::new()))),
    ("lift_expired_orders", || _ = lift_expired_orders()),
    ("settings_report", || drop(settings_report())),
    ("configure", || drop(configure(Settings::default()))),
    ("publish", metrics::publish),
    ("publish_with_keys", metrics::publish_with_keys),
    ("OpenTelemetry", || collect(1)),
    ("the page's events", || get("/circuits/events")),
    ("the page's circuits", || get("/circuits")),
    ("register", || {
        registered(Config::new());
        for circuit in circuits() {
            drop((circuit.snapshot(), find(circuit.name())));
        }
    }),
];

/// Does all of it, each on another thread, for which this one waits; then `ran` is true.
fn does_all(under: &str, ran: &AtomicBool) {
    for (name, action) in ACTIONS {
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            action();
            let _ = done.send(());
        });
        let ends = is_done.recv_timeout(secs(60));
        assert!(ends.is_ok(), "{name} waits for a lock that {under} holds");
    }
    ran.store(true, Ordering::Relaxed);
}

fn breaker(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("locks", config)))
}

fn registered(config: Config) -> &'static CircuitBreaker {
    let breaker = breaker(config);
    breaker.register();
    breaker
}

fn ordered(text: &str) {
    set_orders(vec![Order::new(settings(text), "alice", secs(600)).unwrap()]);
}

fn configured(text: &str) {
    configure(settings(text)).unwrap();
}

#[test]
fn a_listener_may_wait_for_a_thread_that_takes_any_lock() {
    let _alone = alone();
    record();
    // Each of them looks for calls that have stalled.
    let triggers: [Trigger; 11] = [
        ("set_orders", |_| ordered("circuits.\"*\".mode = 'shadow'")),
        ("lift_expired_orders", |_| _ = lift_expired_orders()),
        ("register", CircuitBreaker::register),
        ("configure", |_| configured("circuits.\"*\".mode = 'shadow'")),
        ("publish", |_| metrics::publish()),
        ("publish_with_keys", |_| metrics::publish_with_keys()),
        ("OpenTelemetry", |_| collect(0)),
        ("the page's events", |_| get("/circuits/events")),
        ("the page's circuits", |_| get("/circuits")),
        ("snapshot", |breaker| drop(breaker.snapshot())),
        ("force_open", CircuitBreaker::force_open),
    ];
    for (name, trigger) in triggers {
        let time = test_util::freeze();
        configure(Settings::default()).unwrap();
        ordered("circuits.\"*\".recovery = '7s'");
        let breaker = breaker(Config::new().threshold(1).stall(secs(1)));
        if name != "register" {
            breaker.register();
        }
        let ran = Arc::new(AtomicBool::new(false));
        breaker.on_transition({
            let ran = Arc::clone(&ran);
            move |_| does_all(name, &ran)
        });
        let _hangs = breaker.try_acquire().unwrap();
        time.advance(secs(600));
        trigger(breaker);
        assert!(ran.load(Ordering::Relaxed), "{name}: the listener wasn't called, or has failed");
    }
}

struct DoesAll(&'static str, AtomicBool);

impl Wake for DoesAll {
    fn wake(self: Arc<Self>) {
        does_all(self.0, &self.1);
    }
}

#[tokio::test]
async fn a_waker_may_wait_for_a_thread_that_takes_any_lock() {
    let _alone = alone();
    record();
    // Each of them sends calls away that wait for a place, or has places for them.
    let triggers: [Trigger; 8] = [
        ("an order's mode", |_| ordered("circuits.\"*\".mode = 'forced_open'")),
        ("an order's options", |_| ordered("circuits.\"*\".max_concurrent = 2")),
        ("lift_expired_orders", |_| _ = lift_expired_orders()),
        ("the settings' mode", |_| configured("circuits.\"*\".mode = 'forced_open'")),
        ("the settings' options", |_| configured("circuits.\"*\".max_concurrent = 2")),
        ("force_open", CircuitBreaker::force_open),
        ("reconfigure", |breaker| breaker.reconfigure(breaker.config().max_concurrent(2)).unwrap()),
        ("the end of a call", |_| {}),
    ];
    for (name, trigger) in triggers {
        for with_keys in [false, true] {
            set_orders(Vec::new());
            configure(Settings::default()).unwrap();
            let config = Config::new().max_concurrent(2).max_wait(secs(600));
            let keyed: &'static KeyedBreaker =
                Box::leak(Box::new(KeyedBreaker::new("locks: keys", config, 10)));
            let breaker = if with_keys { keyed } else { breaker(config) };
            let time = test_util::freeze();
            ordered("circuits.\"*\".max_concurrent = 1");
            breaker.register();
            time.advance(secs(600));
            let body = async { Ok::<_, ()>(()) };
            let (place, mut call): (_, Pin<Box<dyn Future<Output = _>>>) = if with_keys {
                let place = keyed.key("a").try_acquire().unwrap();
                (place, Box::pin(keyed.key("a").call_async(body)))
            } else {
                (breaker.try_acquire().unwrap(), Box::pin(breaker.call_async(body)))
            };
            let does = Arc::new(DoesAll(name, AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&does));
            assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            trigger(breaker);
            drop(place);
            assert!(does.1.load(Ordering::Relaxed), "{name}: nobody was woken, or that failed");
            let _ = call.as_mut().poll(&mut Context::from_waker(&waker));
        }
    }
}
