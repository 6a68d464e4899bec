//! Whole files, in several formats.

use std::time::Duration;

use circuit_runtime::{Config, Mode, OnCancel, Settings, Window, configure};

use super::{Turn, circuit, set};

const FILE: &str = r#"
[default]                     # under what the code says
recovery = "20s"
jitter = 0.1

[presets.patient]
recovery = "2m"
backoff = 2
max_recovery = "10m"

[presets.slow]
base = "patient"
slow_call = "5s"
slow_rate = "40%"
throttle = "60%"

[circuits.full-file]          # over what the code says
preset = "slow"
threshold = 10
failure_rate = 0.5
failure_count = 30
window = "1m"
min_calls = 20
merge_failures = "250ms"
stall = "40s"
success_threshold = 2
probes = 3
probe_timeout = "1m 30s"
ramp = "45s"
on_cancel = "failure"
max_concurrent = 64
max_wait = "250ms"
timeout = "50s"
mode = "shadow"

[circuits."full::*"]
threshold = "off"
failure_count = 3
mode = "disabled"
"#;

fn expected() -> Config {
    Config::new()
        .threshold(10)
        .failure_rate(0.5)
        .failure_count(30)
        .slow_call(Duration::from_secs(5))
        .slow_rate(0.4)
        .throttle(0.6)
        .window(Window::Time(Duration::from_secs(60)))
        .min_calls(20)
        .merge_failures(Duration::from_millis(250))
        .stall(Duration::from_secs(40))
        .recovery(Duration::from_secs(120))
        .backoff(2.0)
        .max_recovery(Duration::from_secs(600))
        .jitter(0.1)
        .success_threshold(2)
        .probes(3)
        .probe_timeout(Duration::from_secs(90))
        .ramp(Duration::from_secs(45))
        .on_cancel(OnCancel::Failure)
        .max_concurrent(64)
        .max_wait(Duration::from_millis(250))
}

#[test]
fn a_toml_file_in_full() {
    let _turn = Turn::take();
    let full = circuit("full-file", Config::new().threshold(3).jitter(0.1));
    let pattern =
        circuit("full::counted", Config::new().threshold(3).recovery(Duration::from_secs(5)));
    let report = set(FILE);
    assert_eq!((full.config(), full.mode()), (expected(), Mode::Shadow));
    let counted = Config::new()
        .off(circuit_runtime::ConfigOption::Threshold)
        .failure_count(3)
        .recovery(Duration::from_secs(5))
        .jitter(0.1);
    assert_eq!((pattern.config(), pattern.mode()), (counted, Mode::Disabled));
    assert!(report.circuits.contains(&"full-file") && report.circuits.contains(&"full::counted"));
    assert!(report.waiting.is_empty() && report.left_out.is_empty(), "{report}");
}

#[test]
fn json_and_yaml_say_the_same() {
    let _turn = Turn::take();
    let full = circuit("in-formats", Config::new());
    let json = r#"{ "presets": { "p": { "backoff": 2 } }, "circuits": { "in-formats": { "preset": "p", "slow_call": "1s", "threshold": false } } }"#;
    let yaml = "
presets:
  p: { backoff: 2 }
default:
circuits:
  in-formats:
    preset: p
    slow_call: 1s
    threshold: off
";
    let expected = Config::new()
        .backoff(2.0)
        .slow_call(Duration::from_secs(1))
        .off(circuit_runtime::ConfigOption::Threshold);
    let formats: [Settings; 2] =
        [serde_json::from_str(json).unwrap(), serde_yaml_ng::from_str(yaml).unwrap()];
    for settings in formats {
        configure(settings).unwrap();
        assert_eq!(full.config(), expected);
        configure(Settings::default()).unwrap();
    }
}

/// As a part of a service's own configuration.
#[derive(serde::Deserialize)]
struct Service {
    port: u16,
    circuit_breakers: Settings,
}

#[test]
fn settings_are_a_part_of_a_services_own_file() {
    let _turn = Turn::take();
    let circuit = circuit("in-a-service", Config::new());
    let service: Service =
        toml::from_str("port = 80\n[circuit_breakers.circuits.in-a-service]\nthreshold = 2")
            .unwrap();
    assert_eq!(service.port, 80);
    configure(service.circuit_breakers).unwrap();
    assert_eq!(circuit.config(), Config::new().threshold(2));
}
