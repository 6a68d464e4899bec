//! An hour of random calls, reconfigurations and keys that come and go, on the manual clock: what is
//! scraped, and what is exported through OpenTelemetry, is what the snapshots say.

use std::collections::BTreeMap;
use std::time::Duration;

use ::metrics::with_local_recorder;
use circuit_runtime::{
    CircuitBreaker, Config, OnCancel, Outcome, Snapshot, State, circuit_breaker, find, metrics,
    test_util,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::opentelemetry::Bridge;
use crate::random::Random;

static PLAIN: CircuitBreaker = CircuitBreaker::new("agreement", Config::new());

#[circuit_breaker(name = "agreement of keys", key = key, max_keys = 5, threshold = 2)]
fn keyed(key: u64, works: bool) -> std::io::Result<()> {
    let _ = key;
    if works { Ok(()) } else { Err(std::io::Error::other("down")) }
}

fn act(random: &mut Random) {
    match random.below(100) {
        0 => PLAIN.force_open(),
        1 => PLAIN.shadow(),
        2 => PLAIN.disable(),
        3..8 => PLAIN.resume(),
        8 => PLAIN.reset(),
        9..14 => {
            let on_cancel = [OnCancel::Ignore, OnCancel::Failure][usize::from(random.below(2) > 0)];
            let config = Config::new().threshold(1 + u32::try_from(random.below(5)).unwrap());
            let config = config.on_cancel(on_cancel).recovery(Duration::from_secs(5));
            let config = if random.below(2) > 0 { config.max_concurrent(3) } else { config };
            let config = if random.below(2) > 0 { config.failure_rate(0.9) } else { config };
            PLAIN.reconfigure(config).unwrap();
        }
        14..60 => {
            let Ok(permit) = PLAIN.try_acquire() else { return };
            match random.below(6) {
                0 => permit.failure(),
                1 => permit.ignore(),
                2 => drop(permit),
                3 => permit.record(Outcome::OpenFor(Duration::from_secs(2))),
                _ => permit.success(),
            }
        }
        60 => drop(find("agreement of keys").unwrap().forget(&random.below(20).to_string())),
        _ => {
            let key = random.below(20);
            let _ = keyed(key, random.below(4) > 0);
        }
    }
}

/// The numbers of a snapshot under the names of the series.
fn expected(snapshot: &Snapshot) -> BTreeMap<String, f64> {
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    let number = |count: u64| count as f64;
    let mut expected = BTreeMap::from([
        ("calls_total{success}".to_owned(), number(snapshot.successes)),
        ("calls_total{failure}".to_owned(), number(snapshot.failures)),
        ("calls_total{ignored}".to_owned(), number(snapshot.ignored)),
        ("calls_total{rejected}".to_owned(), number(snapshot.rejected)),
        ("rejected_total".to_owned(), number(snapshot.rejected)),
        ("transitions_total".to_owned(), number(snapshot.transitions)),
    ]);
    for state in [State::Closed, State::HalfOpen, State::Open] {
        let is_present = if state == snapshot.state { 1.0 } else { 0.0 };
        expected.insert(format!("state{{{state}}}"), is_present);
    }
    expected
}

/// The series of one circuit, by the name and the last label; and the sums of some.
fn scraped(handle: &PrometheusHandle, circuit: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    let own = format!("circuit=\"{circuit}\"");
    for line in handle.render().lines().filter(|line| line.contains(&own)) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap();
        let others = labels.trim_end_matches('}').split(',').filter(|label| *label != own);
        let others: Vec<_> = others.map(|label| label.split('"').nth(1).unwrap()).collect();
        add(&mut series, name, &others.join(","), value.parse().unwrap());
    }
    series
}

fn exported(bridge: &Bridge, circuit: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    for (name, exported) in bridge.export(circuit) {
        for (labels, value) in exported.points {
            add(&mut series, &name, &labels, value);
        }
    }
    series
}

fn add(series: &mut BTreeMap<String, f64>, name: &str, labels: &str, value: f64) {
    let Some(name) = name.strip_prefix("circuit_breaker_") else { return };
    series.insert(format!("{name}{{{labels}}}"), value);
    if ["rejected_total", "transitions_total"].contains(&name) {
        *series.entry(name.to_owned()).or_default() += value;
    }
}

/// All calls of all keys, of those that are gone, too.
fn of_keys(series: &BTreeMap<String, f64>) -> f64 {
    series
        .iter()
        .filter(|(name, _)| name.starts_with("key_calls_total"))
        .map(|(_, calls)| calls)
        .sum()
}

#[test]
fn scrape_bridge_and_snapshots_agree_after_an_hour() {
    let _alone = crate::metrics::alone();
    let time = test_util::freeze();
    PLAIN.register();
    let bridge = Bridge::new();
    let recorder: PrometheusRecorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let publish = || {
        with_local_recorder(&recorder, metrics::publish);
        with_local_recorder(&bridge.recorder, metrics::publish_with_keys);
    };
    let mut random = Random(20_260_917);
    keyed(0, true).unwrap();
    publish();
    for second in 0..3_600 {
        time.advance(Duration::from_secs(1));
        // Transitions are told by whichever recorder is in use.
        with_local_recorder(&recorder, || (0..10).for_each(|_| act(&mut random)));
        if second % 15 == 0 {
            publish();
        }
    }
    for _ in 0..2 {
        publish();
        for circuit in ["agreement", "agreement of keys"] {
            let expected = expected(&find(circuit).unwrap().snapshot());
            for (told, by) in
                [(scraped(&handle, circuit), "scrape"), (exported(&bridge, circuit), "bridge")]
            {
                for (name, expected) in &expected {
                    let found = told.get(name).unwrap_or_else(|| panic!("{by}: no {name}"));
                    assert!((found - expected).abs() < 1e-9, "{by}: {circuit} {name} {found}");
                }
            }
        }
        let sum = find("agreement of keys").unwrap().snapshot();
        assert!(sum.transitions > 100 && PLAIN.snapshot().transitions > 100, "{sum}");
        // By keys, too: but for calls that had no key's circuit.
        let told = of_keys(&exported(&bridge, "agreement of keys"));
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        let calls = (sum.successes + sum.failures + sum.rejected) as f64;
        assert!((told - calls).abs() < 1e-9, "{told} of {calls}: {sum}");
    }
}
