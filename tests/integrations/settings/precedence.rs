//! Which setting wins: each pair of neighbours.

use std::time::Duration;

use circuit_runtime::{Config, Mode, Settings, circuit_breaker, configure, find};

use super::{Turn, circuit, file, set};

const NEW: Config = Config::new();

#[test]
fn the_environment_wins_over_the_full_name() {
    let _turn = Turn::take();
    let circuit = circuit("env-over-name", NEW);
    let file = file(
        r#"
        [circuits.env-over-name]
        threshold = 7
        recovery = "7s"
        "#,
    );
    let environment = Settings::from_vars("CB", [("CB__ENV_OVER_NAME__THRESHOLD", "8")]);
    for settings in [file.clone().overlaid(environment.clone()), environment.overlaid(file)] {
        configure(settings).unwrap();
        assert_eq!(circuit.config(), NEW.threshold(8).recovery(Duration::from_secs(7)));
    }
}

#[test]
fn the_full_name_wins_over_a_pattern_and_a_longer_pattern_over_a_shorter_one() {
    let _turn = Turn::take();
    let circuit = circuit("shop::pay::card", NEW);
    set(r#"
        [circuits."shop::*"]
        threshold = 1
        probes = 2
        jitter = 0.1
        [circuits."shop::pay*"]
        threshold = 3
        probes = 4
        [circuits."shop::pay::card"]
        threshold = 5
        "#);
    assert_eq!(circuit.config(), NEW.threshold(5).probes(4).jitter(0.1));
}

#[test]
fn each_table_wins_over_its_preset_and_the_preset_over_the_next_table() {
    let _turn = Turn::take();
    let circuit = circuit("preset-between", NEW);
    set(r#"
        [presets.base]
        threshold = 1
        probes = 1
        jitter = 0.1
        backoff = 1.5
        [presets.slow]
        base = "base"
        threshold = 2
        probes = 2
        jitter = 0.2
        [circuits.preset-between]
        preset = "slow"
        threshold = 3
        [circuits."preset-b*"]
        probes = 4
        backoff = 4
        success_threshold = 2
        "#);
    let expected = NEW.threshold(3).probes(2).jitter(0.2).backoff(1.5).success_threshold(2);
    assert_eq!(circuit.config(), expected);
}

#[test]
fn settings_win_over_the_code_and_the_code_over_default() {
    let _turn = Turn::take();
    let circuit = circuit("in-the-middle", NEW.threshold(3).probes(2));
    set(r"
        [default]
        probes = 9
        jitter = 0.3
        [circuits.in-the-middle]
        threshold = 4
        ");
    assert_eq!(circuit.config(), NEW.threshold(4).probes(2).jitter(0.3));
}

const PRESET: Config = Config::new().threshold(2).backoff(2.0);

#[circuit_breaker(name = "preset-in-code", preset = PRESET, threshold = 3)]
fn preset_in_code() -> std::io::Result<()> {
    Ok(())
}

#[test]
fn a_preset_in_the_code_wins_over_default() {
    let _turn = Turn::take();
    preset_in_code().unwrap();
    set(r"
        [default]
        threshold = 9
        backoff = 9
        jitter = 0.5
        ");
    let config = find("preset-in-code").unwrap().config();
    assert_eq!(config, NEW.threshold(3).backoff(2.0).jitter(0.5));
}

#[test]
fn modes_have_the_same_order() {
    let _turn = Turn::take();
    let circuit = circuit("moded::by::name", NEW);
    for (settings, mode) in [
        ("[default]\nmode = \"shadow\"", Mode::Shadow),
        ("[circuits.\"moded::*\"]\nmode = \"disabled\"", Mode::Disabled),
        ("[circuits.\"moded::by::name\"]\nmode = \"forced_open\"", Mode::ForcedOpen),
    ] {
        set(settings);
        assert_eq!(circuit.mode(), mode);
    }
    set(r#"
        [default]
        mode = "shadow"
        [presets.p]
        mode = "disabled"
        [circuits."moded::*"]
        preset = "p"
        "#);
    assert_eq!(circuit.mode(), Mode::Disabled);
    set(r#"
        [default]
        mode = "shadow"
        [circuits."moded::*"]
        mode = "normal"
        "#);
    assert_eq!(circuit.mode(), Mode::Normal);
}

#[test]
fn off_takes_back_what_lies_below_with_what_depends_on_it() {
    let _turn = Turn::take();
    let slow = NEW.threshold(3).slow_call(Duration::from_secs(2)).slow_rate(0.3).min_calls(20);
    let circuit = circuit("switched-off", slow);
    set("[circuits.switched-off]\nslow_call = \"off\"");
    assert_eq!(circuit.config().validate(), Ok(()));
    let written = serde_json::to_value(circuit.config()).unwrap();
    assert_eq!(written, serde_json::json!({ "threshold": 3, "slow_call": "off" }));
}

#[test]
fn one_file_over_another_merges_option_by_option() {
    let _turn = Turn::take();
    let circuit = circuit("overlaid", NEW);
    let below = file("[default]\njitter = 0.1\n[circuits.overlaid]\nthreshold = 2\nprobes = 2");
    let above =
        file("[presets.p]\nbackoff = 3\n[circuits.overlaid]\npreset = \"p\"\nthreshold = 4");
    configure(below.overlaid(above)).unwrap();
    assert_eq!(circuit.config(), NEW.threshold(4).probes(2).backoff(3.0).jitter(0.1));
}
