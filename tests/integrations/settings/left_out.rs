//! What of patterns and of `default` doesn't go with a circuit's code is left out there, and reported.

use std::time::Duration;

use circuit_runtime::{Config, ConfigOption, Window, circuit_breaker, configure};

use super::{Turn, circuit, file, set};

const NEW: Config = Config::new();

fn lines(report: &circuit_runtime::Report) -> Vec<String> {
    report.left_out.iter().map(ToString::to_string).collect()
}

#[test]
fn a_window_of_default_is_for_circuits_with_something_to_judge() {
    let _turn = Turn::take();
    let plain = circuit("lo::plain", NEW.threshold(3));
    let rated = circuit("lo::rated", NEW.failure_rate(0.5));
    let report = set("[default]\nwindow = \"10s\"");
    assert_eq!(plain.config(), NEW.threshold(3));
    assert_eq!(rated.config().validate(), Ok(()));
    assert_eq!(
        rated.config(),
        NEW.failure_rate(0.5).window(circuit_runtime::Window::Time(Duration::from_secs(10)))
    );
    let fault = report.left_out.iter().find(|fault| fault.circuit() == Some("lo::plain")).unwrap();
    assert_eq!(fault.path(), "default.window");
    assert!(fault.message().starts_with("needs a rule to judge by"), "{fault}");
    assert!(fault.to_string().ends_with("(circuit `lo::plain`)"));
    assert!(report.left_out.iter().all(|fault| fault.circuit() != Some("lo::rated")));
    assert!(report.to_string().contains("left out: default.window: needs a rule"), "{report}");
}

#[test]
fn the_rest_of_a_pattern_holds() {
    let _turn = Turn::take();
    let counted = circuit("lo2::counted", NEW.failure_count(50));
    let report = set("[circuits.\"lo2::*\"]\nwindow = 20\nprobes = 3");
    assert_eq!(counted.config(), NEW.failure_count(50).probes(3));
    assert_eq!(
        lines(&report),
        [
            "circuits.\"lo2::*\".window: `failure_count` must be at most `window` (100 calls by default): it \
          could never be reached; `failure_count` is in the code (circuit `lo2::counted`)"
        ]
    );
}

#[test]
fn of_two_patterns_the_shorter_one_gives_way() {
    let _turn = Turn::take();
    let rated = circuit("lo3::rated", NEW.failure_rate(0.5));
    let report = set("[circuits.\"lo3::*\"]\nmin_calls = 30\n[circuits.\"lo3::r*\"]\nwindow = 20");
    assert_eq!(rated.config(), NEW.failure_rate(0.5).window(circuit_runtime::Window::Calls(20)));
    assert_eq!(lines(&report).len(), 1);
    assert!(
        lines(&report)[0].starts_with("circuits.\"lo3::*\".min_calls: must be at most `window`")
    );
}

#[test]
fn a_window_of_calls_is_not_for_circuits_that_throttle() {
    let _turn = Turn::take();
    let throttled = circuit("lo7::throttled", NEW.throttle(0.5));
    let rated = circuit("lo7::rated", NEW.failure_rate(0.5).window(Window::Calls(20)));
    let report = set("[default]\nwindow = 100\n[circuits.\"lo7::*\"]\nthrottle = \"30%\"");
    let circuits = report
        .left_out
        .iter()
        .filter(|fault| fault.circuit().is_some_and(|name| name.starts_with("lo7::")));
    let mut said: Vec<String> = circuits.map(ToString::to_string).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "circuits.\"lo7::*\".throttle: needs a `window` of time, not of calls: `window = \"10s\"`; \
             `window` is in the code (circuit `lo7::rated`)",
            "default.window: `throttle` needs a `window` of time, not of calls: `window = \"10s\"`; \
             `throttle` is at circuits.\"lo7::*\".throttle (circuit `lo7::throttled`)",
        ]
    );
    assert_eq!(throttled.config(), NEW.throttle(0.3));
    assert_eq!(rated.config(), NEW.failure_rate(0.5).window(Window::Calls(20)));
}

#[test]
fn a_pattern_can_not_switch_off_the_last_rule() {
    let _turn = Turn::take();
    let code = NEW.off(ConfigOption::Threshold).failure_count(3).slow_call(Duration::from_secs(1));
    let circuit = circuit("lo4", code);
    let report =
        set("[circuits.\"lo4*\"]\nfailure_count = \"off\"\nslow_call = \"off\"\njitter = 0.1");
    assert_eq!(circuit.config().validate(), Ok(()));
    assert!(!report.left_out.is_empty(), "{report}");
    assert_eq!(report.left_out[0].circuit(), Some("lo4"));
}

#[circuit_breaker(name = "lo5", max_concurrent = 2)]
fn never_waits() -> std::io::Result<()> {
    Ok(())
}

#[circuit_breaker(name = "lo6", max_concurrent = 2, max_wait = "1s")]
fn waits() -> std::io::Result<()> {
    Ok(())
}

#[test]
fn a_wait_is_for_functions_that_can_wait() {
    let _turn = Turn::take();
    never_waits().unwrap();
    waits().unwrap();
    let [never, may] = ["lo5", "lo6"].map(|name| circuit_runtime::find(name).unwrap());
    let report = set("[default]\nmax_wait = \"3s\"\n[circuits.\"lo*\"]\nmax_wait = \"2s\"");
    assert_eq!(never.config(), NEW.max_concurrent(2));
    assert_eq!(may.config(), NEW.max_concurrent(2).max_wait(Duration::from_secs(2)));
    let left_out = report.left_out.iter().filter(|fault| fault.circuit() == Some("lo5"));
    let said: Vec<_> = left_out.map(circuit_runtime::SettingsFault::message).collect();
    assert_eq!(said.len(), 2, "{report}");
    assert!(said.iter().all(|said| said.starts_with("must be in the attribute")), "{said:?}");
    assert!(report.left_out.iter().all(|fault| fault.circuit() != Some("lo6")), "{report}");
    let settings = file("[circuits.lo5]\nmax_wait = \"2s\"");
    let faults = configure(settings).unwrap_err();
    assert!(faults.to_string().starts_with("circuits.lo5.max_wait: must be in"), "{faults}");
    set("");
    assert_eq!(may.config(), NEW.max_concurrent(2).max_wait(Duration::from_secs(1)));
}
