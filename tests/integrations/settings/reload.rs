//! Configuring again: what is touched, and what stays.

use std::time::Duration;

use circuit_runtime::{Config, Mode, Settings, State, Window, configure, test_util};

use super::{Turn, circuit, set};

const NEW: Config = Config::new();

#[test]
fn what_is_no_longer_named_goes_back_to_the_code() {
    let _turn = Turn::take();
    let circuit = circuit("back", NEW.threshold(3).backoff(2.0));
    set("[circuits.back]\nthreshold = 7\nbackoff = \"off\"\njitter = 0.2\nmode = \"shadow\"");
    assert_eq!((circuit.config().validate(), circuit.mode()), (Ok(()), Mode::Shadow));
    let report = set("[circuits.back]\njitter = 0.2");
    assert_eq!(circuit.config(), NEW.threshold(3).backoff(2.0).jitter(0.2));
    assert_eq!(circuit.mode(), Mode::Normal);
    assert_eq!((&*report.circuits, &*report.changed), (&["back"][..], &["back"][..]));
    let report = configure(Settings::default()).unwrap();
    assert_eq!(circuit.config(), NEW.threshold(3).backoff(2.0));
    assert!(report.circuits.is_empty());
    assert_eq!(report.changed, ["back"]);
    assert!(configure(Settings::default()).unwrap().changed.is_empty());
}

#[test]
fn an_unrelated_edit_leaves_an_operators_mode() {
    let _turn = Turn::take();
    let circuit = circuit("operated", NEW);
    set("[circuits.operated]\nthreshold = 2\nmode = \"shadow\"");
    circuit.force_open();
    let report = set(
        "[circuits.operated]\nthreshold = 3\nmode = \"shadow\"\n[circuits.another]\nprobes = 2",
    );
    assert_eq!(circuit.mode(), Mode::ForcedOpen);
    assert_eq!(circuit.config(), NEW.threshold(3));
    assert_eq!(report.changed, ["operated"]);
    set("[circuits.operated]\nthreshold = 3\nmode = \"disabled\"");
    assert_eq!(circuit.mode(), Mode::Disabled, "its setting has changed");
    circuit.force_open();
    set("[circuits.operated]\nthreshold = 3");
    assert_eq!(circuit.mode(), Mode::Normal, "its setting has gone");
    circuit.force_open();
    configure(Settings::default()).unwrap();
    assert_eq!(circuit.mode(), Mode::ForcedOpen, "there has been none");
    circuit.resume();
}

#[test]
fn an_option_set_by_hand_stays_until_its_setting_changes() {
    let _turn = Turn::take();
    let circuit = circuit("by-hand", NEW.threshold(3));
    set("[circuits.by-hand]\nthreshold = 4\nprobes = 2");
    circuit.reconfigure(circuit.config().threshold(9).jitter(0.3)).unwrap();
    set("[circuits.by-hand]\nthreshold = 4\nprobes = 5");
    assert_eq!(circuit.config(), NEW.threshold(9).probes(5).jitter(0.3));
    set("[circuits.by-hand]\nthreshold = 5\nprobes = 5");
    assert_eq!(circuit.config(), NEW.threshold(5).probes(5).jitter(0.3));
    // Without a setting, and then with one that says what the code says.
    set("[circuits.by-hand]\nprobes = 5");
    circuit.reconfigure(circuit.config().threshold(9)).unwrap();
    set("[circuits.by-hand]\nthreshold = 3\nprobes = 5");
    assert_eq!(circuit.config(), NEW.threshold(3).probes(5).jitter(0.3));
}

#[test]
fn what_was_set_by_hand_gives_way_if_it_does_not_go_with_the_settings() {
    let _turn = Turn::take();
    let circuit = circuit("overruled", NEW.failure_count(5));
    circuit.reconfigure(circuit.config().window(Window::Calls(10)).jitter(0.1)).unwrap();
    let report = set("[circuits.overruled]\nfailure_count = 20");
    assert_eq!(circuit.config(), NEW.failure_count(20));
    assert_eq!(report.overruled, ["overruled"]);
}

#[test]
fn an_open_circuit_stays_open_with_its_deadline_and_its_counters() {
    let _turn = Turn::take();
    let clock = test_util::freeze();
    let circuit = circuit("reloaded", NEW.threshold(2).recovery(Duration::from_secs(30)));
    let fail = || circuit.call(|| Err::<(), _>(())).unwrap_err();
    fail();
    fail();
    assert_eq!(circuit.state(), State::Open);
    clock.advance(Duration::from_secs(10));
    set("[circuits.reloaded]\nthreshold = 5\nrecovery = \"2m\"");
    let snapshot = circuit.snapshot();
    assert_eq!((snapshot.state, snapshot.failures), (State::Open, 2));
    assert_eq!(snapshot.retry_after, Some(Duration::from_secs(20)));
    clock.advance(Duration::from_secs(20));
    assert_eq!(circuit.state(), State::HalfOpen);
    fail();
    assert_eq!(circuit.snapshot().retry_after, Some(Duration::from_secs(120)), "the next one");
}

#[test]
fn calls_in_flight_and_a_window_of_the_same_kind_stay() {
    let _turn = Turn::take();
    let code = NEW.failure_rate(0.9).window(Window::Calls(50)).min_calls(20).max_concurrent(2);
    let circuit = circuit("in-flight", code);
    for _ in 0..10 {
        circuit.call(|| Err::<(), _>(())).unwrap_err();
    }
    let permit = circuit.try_acquire().unwrap();
    set("[circuits.in-flight]\nwindow = 40\nmax_concurrent = 1");
    assert_eq!(circuit.snapshot().window.unwrap().failures, 10);
    assert!(circuit.try_acquire().is_err(), "the place is taken");
    permit.success();
    assert_eq!(circuit.snapshot().successes, 1);
    circuit.try_acquire().unwrap().success();
}

#[test]
fn settings_that_are_refused_leave_the_ones_in_force() {
    let _turn = Turn::take();
    let circuit = circuit("kept", NEW);
    set("[circuits.kept]\nthreshold = 7");
    let before = circuit_runtime::settings_report();
    assert_eq!(
        super::refusal(super::file("[circuits.kept]\nthreshold = 8\nprobes = 0")),
        ["circuits.kept.probes: must be from 1 to 1,000, is 0"]
    );
    assert_eq!(circuit.config(), NEW.threshold(7));
    assert_eq!(circuit_runtime::settings_report(), before);
}
