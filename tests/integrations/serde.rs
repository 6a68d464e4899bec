//! Configurations from files, and snapshots as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use circuit_runtime::{CircuitBreaker, Config, ConfigOption, OnCancel, Outcome, Window, test_util};
use serde_json::{Value, from_str, from_value, json, to_value};

fn refusal(config: Value) -> String {
    from_value::<Config>(config).expect_err("refused").to_string()
}

#[test]
fn a_configuration_has_the_options_of_the_attribute() {
    let config: Config = from_str(
        r#"{
            "threshold": 3, "failure_rate": 0.5, "failure_count": 7, "slow_call": "1.5s", "slow_rate": "33.3%",
            "throttle": "66.7%",
            "window": "1m", "min_calls": 20, "merge_failures": "100ms", "stall": "5s", "recovery": "30s", "backoff": 2,
            "max_recovery": "1h 30m", "jitter": 0.1, "success_threshold": 2, "probes": 3, "probe_timeout": "250ms", "ramp": "45s",
            "on_cancel": "failure", "max_concurrent": 64, "max_wait": "2s"
        }"#,
    )
    .unwrap();
    let expected = Config::new()
        .threshold(3)
        .failure_rate(0.5)
        .failure_count(7)
        .slow_call(Duration::from_millis(1_500))
        .slow_rate(0.333)
        .throttle(0.667)
        .window(Window::Time(Duration::from_secs(60)))
        .min_calls(20)
        .merge_failures(Duration::from_millis(100))
        .stall(Duration::from_secs(5))
        .recovery(Duration::from_secs(30))
        .backoff(2.0)
        .max_recovery(Duration::from_secs(5_400))
        .jitter(0.1)
        .success_threshold(2)
        .probes(3)
        .probe_timeout(Duration::from_millis(250))
        .ramp(Duration::from_secs(45))
        .on_cancel(OnCancel::Failure)
        .max_concurrent(64)
        .max_wait(Duration::from_secs(2));
    assert_eq!(config, expected);
    assert_eq!(from_value::<Config>(to_value(config).unwrap()).unwrap(), config);
}

#[test]
fn a_number_below_zero_is_out_of_every_range() {
    for option in ["threshold", "failure_rate", "backoff", "jitter", "probes"] {
        let error = refusal(json!({ option: -1 }));
        assert!(error.contains(&format!("`{option}` must be")), "{error}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_eq!(from_str::<Config>("{}").unwrap(), Config::new());
    assert_eq!(to_value(Config::new()).unwrap(), json!({}), "not given, not written");
}

#[test]
fn what_is_taken_back_is_off() {
    let config = Config::new().slow_call(Duration::from_secs(2)).off(ConfigOption::Threshold);
    let written = to_value(config).unwrap();
    assert_eq!(written, json!({ "threshold": "off", "slow_call": "2s" }));
    assert_eq!(from_value::<Config>(written).unwrap(), config);
    // YAML 1.1 reads `off` as `false`.
    assert_eq!(
        from_value::<Config>(json!({ "threshold": false, "slow_call": "2s" })).unwrap(),
        config
    );
    for (config, message) in [
        (json!({ "threshold": "off" }), "`threshold` can't be `off` without another rule"),
        (json!({ "threshold": true }), "expected a whole number for `threshold`"),
        (json!({ "recovery": "off" }), "`recovery` can't be `off`"),
        (json!({ "on_cancel": false }), "`on_cancel` can't be `off`"),
        (json!({ "slow_call": "off", "slow_rate": 0.5 }), "`slow_rate` needs `slow_call`"),
        (json!({ "slow_rate": 0.5, "slow_call": "off" }), "`slow_rate` needs `slow_call`"),
        (
            json!({ "failure_rate": 0.5, "backoff": "off", "max_recovery": "2m" }),
            "`max_recovery` goes with `backoff`, which is `off`",
        ),
        (
            json!({ "merge_failures": "1s", "failure_rate": 0.5 }),
            "`merge_failures` needs `threshold` or `failure_count`",
        ),
        (json!({ "throttle": 1 }), "`throttle` must be above 0 and below 1"),
        (json!({ "throttle": "0%" }), "`throttle` must be above 0 and below 1"),
        (
            json!({ "throttle": "half" }),
            "expected a number such as 0.5, or text such as \"50%\", for `throttle`",
        ),
        (json!({ "throttle": 0.5, "window": 100 }), "`throttle` needs a `window` of time"),
        (json!({ "window": 100, "throttle": 0.5 }), "`throttle` needs a `window` of time"),
    ] {
        let error = refusal(config.clone());
        assert!(error.contains(message), "{config}: {error}");
    }
    for throttled in [
        json!({ "throttle": 0.5 }),
        json!({ "threshold": "off", "throttle": "50%" }),
        json!({ "window": "1m", "min_calls": 200, "throttle": 0.5 }),
    ] {
        assert!(from_value::<Config>(throttled).is_ok());
    }
    let off = json!({ "slow_call": "off", "failure_rate": "off", "failure_count": 3, "window": 5 });
    assert!(from_value::<Config>(off).is_ok(), "the count needs the window");
}

#[test]
fn a_count_window_is_a_number() {
    let config = Config::new().failure_rate(0.5).window(Window::Calls(20));
    let written = to_value(config).unwrap();
    assert_eq!(written["window"], 20);
    assert_eq!(from_value::<Config>(written).unwrap(), config);
}

#[test]
fn every_word_of_on_cancel_reads_back() {
    for on_cancel in [OnCancel::Ignore, OnCancel::Failure, OnCancel::Slow] {
        let config = Config::new().slow_call(Duration::from_secs(2)).on_cancel(on_cancel);
        assert_eq!(from_value::<Config>(to_value(config).unwrap()).unwrap(), config);
    }
    assert!(refusal(json!({ "on_cancel": "slow" })).contains("needs `slow_call`"));
}

#[test]
fn an_unknown_or_repeated_option_is_refused() {
    let error = refusal(json!({ "treshold": 3 }));
    assert!(error.contains("`treshold`") && error.contains("`threshold`"), "{error}");
    let error = from_str::<Config>(r#"{"probes": 1, "probes": 2}"#).unwrap_err().to_string();
    assert!(error.contains("duplicate field `probes`"), "{error}");
}

#[test]
fn a_bad_value_is_refused_with_the_options_name() {
    for (config, option) in [
        (json!({ "recovery": "30" }), "`recovery`: `30` has no unit; write a number and a unit"),
        (
            json!({ "recovery": 30 }),
            "invalid type: integer `30`, expected a duration such as \"30s\" for `recovery`",
        ),
        (json!({ "recovery": "0s" }), "`recovery` must be longer than zero"),
        (json!({ "threshold": -1 }), "`threshold` must be from 1 to 1,000,000"),
        (
            json!({ "threshold": 1.5 }),
            "floating point `1.5`, expected a whole number for `threshold`",
        ),
        (
            json!({ "threshold": "many" }),
            "string \"many\", expected a whole number for `threshold`",
        ),
        (json!({ "threshold": 0 }), "`threshold` must be from 1 to 1,000,000"),
        (json!({ "failure_rate": "50" }), "`failure_rate` must be above 0 and at most 1"),
        (
            json!({ "failure_rate": "nan%" }),
            "expected a number such as 0.5, or text such as \"50%\", for `failure_rate`",
        ),
        (json!({ "failure_rate": 1.5 }), "`failure_rate` must be above 0 and at most 1"),
        (
            json!({ "failure_rate": 0.5, "window": 5_000_000_000_u64 }),
            "`window` must be from 1 to 1,000,000 calls",
        ),
        (
            json!({ "on_cancel": "success" }),
            "expected `ignore`, `failure` or `slow` for `on_cancel`",
        ),
        (json!({ "slow_rate": 0.5 }), "`slow_rate` needs `slow_call`"),
    ] {
        let error = refusal(config.clone());
        assert!(error.contains(option), "{config}: {error}");
    }
}

#[test]
fn a_wait_without_an_end_is_null() {
    let breaker = CircuitBreaker::new("for good", Config::new());
    breaker.open_for(Duration::MAX);
    let snapshot = to_value(breaker.snapshot()).unwrap();
    let transition = &snapshot["recent_transitions"][0];
    assert_eq!((&snapshot["state"], &transition["to"]), (&json!("open"), &json!("open")));
    for value in [&snapshot["retry_after"], &snapshot["retry_after_ms"], &transition["retry_after"]]
    {
        assert_eq!(value, &Value::Null);
    }
}

#[test]
fn a_snapshot_has_its_fields_with_words_for_states_and_text_for_times() {
    let time = test_util::freeze();
    let breaker = CircuitBreaker::new(
        "payments",
        Config::new()
            .failure_rate(0.5)
            .window(Window::Calls(10))
            .min_calls(2)
            .recovery(Duration::from_secs(30)),
    );
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_millis(187));
    breaker.force_open();

    let snapshot = to_value(breaker.snapshot()).unwrap();
    assert_eq!(snapshot["name"], "payments");
    assert_eq!(snapshot["key"], Value::Null);
    assert_eq!(snapshot["state"], "open");
    assert_eq!(snapshot["mode"], "forced-open");
    assert_eq!(snapshot["retry_after"], "29s 813ms");
    assert_eq!(snapshot["retry_after_ms"], 29_813);
    assert_eq!((&snapshot["successes"], &snapshot["failures"]), (&json!(1), &json!(1)));
    let window =
        json!({ "calls": 2, "failures": 1, "slow": 0, "failure_rate": 0.5, "slow_rate": 0.0 });
    assert_eq!(snapshot["window"], window);

    let transition = &snapshot["recent_transitions"][0];
    assert_eq!((&transition["from"], &transition["to"]), (&json!("closed"), &json!("open")));
    assert_eq!(transition["retry_after"], "30s");
    let reason = json!({
        "kind": "failure-rate", "failures": 1, "calls": 2, "rate": 0.5,
        "text": "1 of 2 calls failed (failure_rate 0.5)",
    });
    assert_eq!(transition["reason"], reason);
    let at = transition["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.starts_with("20") && at.ends_with('Z'), "{at}");
}

#[test]
fn every_field_of_a_snapshot_is_written() {
    let breaker = CircuitBreaker::new("whole", Config::new());
    let shown = format!("{:#?}", breaker.snapshot());
    let fields = shown.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    let written = to_value(breaker.snapshot()).unwrap();
    for (field, _) in fields.filter(|(field, _)| !field.starts_with(' ')) {
        assert!(written.get(field).is_some(), "`{field}` is missing");
    }
}

#[test]
fn a_requested_wait_says_how_long() {
    let breaker = CircuitBreaker::new("asked", Config::new());
    breaker.try_acquire().unwrap().record(Outcome::OpenFor(Duration::from_secs(120)));
    let reason = &to_value(breaker.snapshot()).unwrap()["recent_transitions"][0]["reason"];
    assert_eq!((&reason["kind"], &reason["wait"]), (&json!("requested"), &json!("2m")));
}

/// A file of a service, with its circuits by name.
#[derive(Debug, serde::Deserialize)]
struct File {
    #[expect(dead_code, reason = "only what is wrong in it is looked at")]
    circuits: BTreeMap<String, Config>,
}

/// The line that an error in TOML points at: it is quoted between numbers and carets.
#[track_caller]
fn points_at(toml: &str, line: &str, message: &str) {
    let error = toml::from_str::<File>(toml).unwrap_err();
    let span = error.span().unwrap_or_else(|| panic!("{error} has no place"));
    let start = toml[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let found = toml[start..].lines().next().unwrap();
    assert_eq!(found, line, "{error}");
    assert!(error.message().contains(message), "{error}");
}

#[test]
fn in_toml_an_error_points_at_the_line_of_the_value() {
    for (line, message) in [
        ("threshold = 0", "`threshold` must be from 1 to 1,000,000"),
        ("threshold = 1.5", "expected a whole number for `threshold`"),
        ("recovery = \"30\"", "`recovery`: `30` has no unit; write a number and a unit"),
        ("failure_rate = 1.5", "`failure_rate` must be above 0 and at most 1"),
        ("probes = 1001", "`probes` must be from 1 to 1,000"),
        ("on_cancel = \"success\"", "expected `ignore`, `failure` or `slow` for `on_cancel`"),
        ("treshold = 3", "unknown field `treshold`"),
    ] {
        let toml = format!("[circuits.payments]\nsuccess_threshold = 1\n{line}\njitter = 0.5\n");
        points_at(&toml, line, message);
    }
    // Of two that don't go together, the one that is read later; this crate reads in alphabetical order.
    let toml = "[circuits.mail]\nfailure_rate = 0.5\nmin_calls = 20\nwindow = 10\njitter = 0.5\n";
    points_at(toml, "window = 10", "`min_calls` must be at most `window`");
}

#[test]
fn in_yaml_an_error_says_its_place_once() {
    for (line, message) in [
        ("threshold: 0", "`threshold` must be from 1 to 1,000,000"),
        ("threshold: many", "expected a whole number for `threshold`"),
        ("recovery: 30", "expected a duration such as \"30s\" for `recovery`"),
        ("recovery: \"30\"", "`recovery`: `30` has no unit"),
        ("on_cancel: [1]", "expected `ignore`, `failure` or `slow` for `on_cancel`"),
    ] {
        let yaml = format!("circuits:\n  payments:\n    {line}\n");
        let error = serde_yaml_ng::from_str::<File>(&yaml).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(error.matches("line 3").count(), 1, "{error}");
    }
}

#[test]
fn in_the_environment_a_text_is_a_number_where_one_is_meant() {
    /// As services do it whose circuit is one part of their settings: the types are lost then.
    #[derive(serde::Deserialize)]
    struct Settings {
        #[serde(flatten)]
        payments: Config,
    }

    let variables = [
        ("THRESHOLD", "3"),
        ("FAILURE_RATE", "0.5"),
        ("WINDOW", "20"),
        ("MIN_CALLS", "5"),
        ("BACKOFF", "2"),
        ("JITTER", "0.1"),
        ("RECOVERY", "90s"),
        ("ON_CANCEL", "failure"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let expected = Config::new()
        .threshold(3)
        .failure_rate(0.5)
        .window(Window::Calls(20))
        .min_calls(5)
        .backoff(2.0)
        .jitter(0.1)
        .recovery(Duration::from_secs(90))
        .on_cancel(OnCancel::Failure);
    assert_eq!(envy::from_iter::<_, Config>(variables.clone()).unwrap(), expected);
    assert_eq!(envy::from_iter::<_, Settings>(variables).unwrap().payments, expected);

    let error = envy::from_iter::<_, Config>([("THRESHOLD".to_owned(), "no".to_owned())]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("string \"no\", expected a whole number for `threshold`"), "{error}");
}
