//! What is wrong with settings: all of it at once, each with its path.

use circuit_runtime::{Config, Mode, Settings, circuit_breaker, configure};

use super::{Turn, circuit, file, refusal};

#[test]
fn every_fault_has_its_path_and_nothing_changes() {
    let _turn = Turn::take();
    let payments = circuit("faulty", Config::new().threshold(3));
    let settings = file(
        r#"
        [default]
        treshold = 5
        timeout = "2s"
        preset = "slow"
        [presets.slow]
        base = "fast"
        slow_call = "5"
        [circuits.faulty]
        threshold = 0
        recovery = 30
        failure_rate = "150%"
        on_cancel = "fail"
        jitter = -1
        window = true
        min_calls = 3.5
        probes = [1]
        mode = "shadows"
        timeout = "0s"
        preset = "slwo"
        fallback = "cached"
        base = "slow"
        colour = "red"
        max_recovery = "off"
        backoff = 2
        [circuits."shop::pay"]
        threshold = 4
        [circuits."*::pay"]
        threshold = 4
        [circuits.shop.refund]
        threshold = 4
        [circuit.faulty]
        threshold = 4
        "#,
    );
    let mut refused = refusal(settings);
    refused.sort();
    let mut expected = [
        "default.treshold: unknown option; did you mean `threshold`?",
        "default.timeout: has no effect here: it changes the limit of functions that have one, and what the code says wins over `default`; write it under `circuits.\"*\"`",
        "default.preset: goes with a circuit or a pattern; write the options here, or the preset under `circuits.\"*\"`",
        "presets.slow.base: there is no preset `fast`",
        "presets.slow.slow_call: `5` has no unit; write a number and a unit (`ms`, `s`, `m`, `h` or `d`), such as `\"30s\"`",
        "circuits.faulty.threshold: must be from 1 to 1,000,000, is 0",
        "circuits.faulty.recovery: must be a duration such as \"30s\", is 30",
        "circuits.faulty.failure_rate: must be above 0 and at most 1, is \"150%\"",
        "circuits.faulty.on_cancel: must be `ignore`, `failure` or `slow`, is \"fail\"",
        "circuits.faulty.jitter: must be at least 0 and below 1, is -1",
        "circuits.faulty.window: must be a number of calls, or a duration such as \"30s\", is true",
        "circuits.faulty.min_calls: must be a whole number, is 3.5",
        "circuits.faulty.probes: must be a whole number, is a list",
        "circuits.faulty.mode: must be `normal`, `forced_open`, `disabled` or `shadow`, is \"shadows\"; did you mean `shadow`?",
        "circuits.faulty.timeout: must be longer than zero, is \"0s\"",
        "circuits.faulty.preset: there is no preset `slwo`; did you mean `slow`?",
        "circuits.faulty.fallback: is written in the code only, in the attribute",
        "circuits.faulty.base: unknown option; did you mean `preset`?",
        "circuits.faulty.colour: unknown option",
        "circuits.faulty.max_recovery: can't be `off`; only `threshold`, `failure_rate`, `failure_count`, `slow_call`, `throttle`, `merge_failures`, `stall`, `backoff`, `jitter`, `ramp`, `max_concurrent` and `max_wait` can",
        "circuits.\"*::pay\": a `*` goes at the end, and matches the rest of a name",
        "circuits.shop.refund: unknown option; a circuit's name with dots or colons is written in quotes",
        "circuit: unknown table; did you mean `circuits`?",
    ];
    expected.sort_unstable();
    assert_eq!(refused, expected);
    assert_eq!(payments.config(), Config::new().threshold(3));
}

#[test]
fn a_percentage_without_its_sign_is_told_how_to_write_it() {
    let _turn = Turn::take();
    let must = "must be above 0 and at most 1";
    for (written, said) in [
        ("failure_rate = 50", "is 50; for a percentage, write \"50%\""),
        ("failure_rate = 33.3", "is 33.3; for a percentage, write \"33.3%\""),
        ("failure_rate = '50'", "is \"50\"; for a percentage, write \"50%\""),
        ("failure_rate = 1.5", "is 1.5"),
        ("failure_rate = 150", "is 150"),
        ("failure_rate = 0", "is 0"),
    ] {
        let refused = refusal(file(&format!("circuits.pay.{written}")));
        assert_eq!(refused, [format!("circuits.pay.failure_rate: {must}, {said}")]);
    }
    let refused = refusal(file("circuits.pay.throttle = 50"));
    assert!(refused[0].ends_with("is 50; for a percentage, write \"50%\""), "{refused:?}");
    let refused = refusal(file("circuits.pay.jitter = 50"));
    assert!(refused[0].ends_with("is 50"), "{refused:?}");
}

#[test]
fn forced_open_is_read_as_json_and_metrics_write_it_too() {
    let _turn = Turn::take();
    let circuit = circuit("forced by either", Config::new());
    for written in ["forced_open", "forced-open"] {
        configure(file(&format!("circuits.\"forced by either\".mode = '{written}'"))).unwrap();
        assert_eq!(Mode::ForcedOpen, circuit.mode(), "{written}");
        configure(Settings::default()).unwrap();
        assert_eq!(Mode::Normal, circuit.mode());
    }
}

/// An answer with `stall` for `stale` would change when a circuit opens.
#[test]
fn what_is_in_the_code_only_is_told_from_what_is_misspelt() {
    let _turn = Turn::take();
    let in_code = ["stale", "stale_key", "max_stale", "ping", "idle", "crate"];
    for option in in_code {
        let refused = refusal(file(&format!("circuits.pay.{option} = '10m'")));
        let said = format!("circuits.pay.{option}: is written in the code only, in the attribute");
        assert_eq!(refused, [said]);
    }
    let in_code = "which is written in the code only, in the attribute";
    for (misspelt, meant) in
        [("fallbck", "fallback"), ("stales", "stale"), ("max_keyes", "max_keys")]
    {
        let refused = refusal(file(&format!("default.{misspelt} = '10m'")));
        let said =
            format!("default.{misspelt}: unknown option; did you mean `{meant}`, {in_code}?");
        assert_eq!(refused, [said]);
    }
}

#[test]
fn what_is_given_twice_is_a_fault() {
    let _turn = Turn::take();
    // TOML's own parser refuses it; JSON's doesn't.
    let settings: Settings = serde_json::from_str(
        r#"{
            "circuits": {
                "a": { "threshold": 1, "threshold": 2, "mode": "shadow", "mode": "shadow" },
                "a": { "probes": 2 }
            },
            "default": {}, "default": {}
        }"#,
    )
    .unwrap();
    assert_eq!(
        refusal(settings),
        [
            "circuits.a.threshold: is given twice",
            "circuits.a.mode: is given twice",
            "circuits.a: is given twice",
            "default: is given twice",
        ]
    );
}

#[test]
fn a_circle_of_presets_is_one_fault() {
    let _turn = Turn::take();
    let settings = file(
        r#"
        [presets]
        a = { base = "b" }
        b = { base = "c" }
        c = { base = "a" }
        d = { base = "a" }
        e = { base = "e" }
        [circuits]
        x = { preset = "d" }
        "#,
    );
    assert_eq!(
        refusal(settings),
        ["presets.a.base: a circle: `a`, `b`, `c`, `a`", "presets.e.base: a circle: `e`, `e`"]
    );
}

#[test]
fn under_a_full_name_what_does_not_go_with_the_code_is_a_fault() {
    let _turn = Turn::take();
    circuit("named", Config::new());
    circuit("counted", Config::new().failure_count(50));
    let settings = file(
        r#"
        [presets.windowed]
        window = 20
        [circuits.named]
        min_calls = 5
        probe_timeout = "1s"
        slow_rate = 0.5
        [circuits.counted]
        preset = "windowed"
        "#,
    );
    assert_eq!(
        refusal(settings),
        [
            "circuits.named.slow_rate: needs `slow_call`, which says when a call is slow: `slow_call = \"2s\"`",
            "circuits.named.min_calls: needs a rate to judge: `failure_rate = 0.5`, `slow_call = \"2s\"` or `throttle = \"50%\"`",
            "presets.windowed.window: `failure_count` must be at most `window` (100 calls by default): it could \
             never be reached; `failure_count` is in the code (circuit `counted`)",
        ]
    );
}

#[test]
fn of_two_settings_that_do_not_go_together_the_fault_names_both() {
    let _turn = Turn::take();
    circuit("torn", Config::new().failure_rate(0.5));
    let settings = file("[circuits.torn]\nmin_calls = 50")
        .overlaid(Settings::from_vars("CB", [("CB__TORN__WINDOW", "20")]));
    assert_eq!(
        refusal(settings),
        [
            "circuits.torn.min_calls: must be at most `window` (100 calls by default): no rate would ever be \
             judged; `window` is at CB__TORN__WINDOW",
        ]
    );
}

#[test]
fn one_mistake_is_one_fault() {
    let _turn = Turn::take();
    circuit("cascade", Config::new());
    // Without its rate the window would have nothing to judge by.
    let settings = file("[circuits.cascade]\nfailure_rate = 2\nwindow = \"10s\"");
    assert_eq!(
        refusal(settings),
        [
            "circuits.cascade.failure_rate: must be above 0 and at most 1, is 2; for a percentage, write \"2%\""
        ]
    );
}

#[circuit_breaker(name = "keyed-settings", key = host, failure_rate = 0.5)]
fn keyed(host: &str) -> std::io::Result<()> {
    Ok(())
}

#[test]
fn a_circuit_per_key_has_its_smaller_bounds() {
    let _turn = Turn::take();
    keyed("a").unwrap();
    assert_eq!(
        refusal(file("[circuits.keyed-settings]\nwindow = 20000")),
        [
            "circuits.keyed-settings.window: must be at most 10,000 calls with `key`: each key has its own"
        ]
    );
}

#[test]
fn what_is_no_table_is_refused_by_the_deserializer_or_told() {
    let _turn = Turn::take();
    let error = serde_json::from_str::<Settings>("5").unwrap_err();
    assert!(error.to_string().starts_with("settings must be a table, are 5"), "{error}");
    let settings = serde_json::from_str(r#"{ "default": 5, "circuits": [], "presets": null }"#);
    assert_eq!(
        refusal(settings.unwrap()),
        ["default: must be a table, is 5", "circuits: must have tables, is a list"]
    );
}
