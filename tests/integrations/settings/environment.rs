//! Settings from environment variables.

use circuit_runtime::{Config, Mode, Settings, configure, settings_report};

use super::{Turn, circuit, file, refusal};

const NEW: Config = Config::new();

fn vars<const N: usize>(vars: [(&str, &str); N]) -> Settings {
    Settings::from_vars("CIRCUIT_BREAKER", vars)
}

#[test]
fn variables_set_what_a_file_can_set_under_a_name() {
    let _turn = Turn::take();
    let pay = circuit("shop::Client<T>::charge", NEW);
    let presets = file("[presets.calm]\nbackoff = 2");
    let settings = vars([
        ("CIRCUIT_BREAKER__SHOP_CLIENT_T_CHARGE__THRESHOLD", "5"),
        ("CIRCUIT_BREAKER__SHOP_CLIENT_T_CHARGE__FAILURE_RATE", "50%"),
        ("CIRCUIT_BREAKER__SHOP_CLIENT_T_CHARGE__MODE", "shadow"),
        ("CIRCUIT_BREAKER__SHOP_CLIENT_T_CHARGE__PRESET", "calm"),
        ("CIRCUIT_BREAKER_URL", "another one's"),
        ("PATH", "/bin"),
    ]);
    configure(presets.overlaid(settings)).unwrap();
    assert_eq!(pay.config(), NEW.threshold(5).failure_rate(0.5).backoff(2.0));
    assert_eq!(pay.mode(), Mode::Shadow);
}

/// In a process of its own, which has the variable.
#[test]
fn the_variables_of_the_process_are_read() {
    const NAME: &str = "FROM_ENV__OWN_PROCESS__THRESHOLD";
    if std::env::var_os(NAME).is_none() {
        let this = std::env::current_exe().unwrap();
        let mut child = std::process::Command::new(this);
        child.args(["--exact", "environment::the_variables_of_the_process_are_read"]);
        assert!(child.env(NAME, "7").status().unwrap().success());
        return;
    }
    let circuit = circuit("own-process", NEW);
    configure(Settings::from_env("FROM_ENV")).unwrap();
    assert_eq!(circuit.config(), NEW.threshold(7));
}

#[test]
fn a_faulty_variable_is_named() {
    let _turn = Turn::take();
    circuit("env-fault", NEW);
    assert_eq!(
        refusal(vars([
            ("CIRCUIT_BREAKER__ENV_FAULT__TRESHOLD", "5"),
            ("CIRCUIT_BREAKER__ENV_FAULT__PROBES", "many"),
            ("CIRCUIT_BREAKER__ENV_FAULT", "5"),
            ("CIRCUIT_BREAKER__env_fault__jitter", "0.5"),
            ("CIRCUIT_BREAKER__ENV_FAULT__PRESET", "none"),
            ("CIRCUIT_BREAKER__ENV_FAULT__MODE", ""),
            ("CIRCUIT_BREAKER__DEFAULT__RECOVERY", "20s"),
            ("CIRCUIT_BREAKER__PRESETS__SLOW__SLOW_CALL", "5s"),
        ])),
        [
            "CIRCUIT_BREAKER__ENV_FAULT__TRESHOLD: unknown option; did you mean `threshold`?",
            "CIRCUIT_BREAKER__ENV_FAULT__PROBES: must be a whole number, is \"many\"",
            "CIRCUIT_BREAKER__ENV_FAULT: must be `CIRCUIT_BREAKER__`, a circuit, `__` and an option",
            "CIRCUIT_BREAKER__env_fault__jitter: is written `CIRCUIT_BREAKER__ENV_FAULT__JITTER`",
            "CIRCUIT_BREAKER__ENV_FAULT__MODE: must be `normal`, `forced_open`, `disabled` or `shadow`, is \"\"",
            "CIRCUIT_BREAKER__DEFAULT__RECOVERY: variables are for circuits only; write `default` into a file",
            "CIRCUIT_BREAKER__PRESETS__SLOW__SLOW_CALL: variables are for circuits only; write `presets` into a file",
            "CIRCUIT_BREAKER__ENV_FAULT__PRESET: there is no preset `none`",
        ]
    );
    let settings = vars([("CIRCUIT_BREAKER__ENV_FAULT__WINDOW", "5")]);
    assert!(refusal(settings)[0].starts_with("CIRCUIT_BREAKER__ENV_FAULT__WINDOW: needs a rule"));
}

#[test]
fn a_later_prefix_wins_over_an_earlier_one() {
    let _turn = Turn::take();
    let circuit = circuit("two-prefixes", NEW);
    let first = Settings::from_vars(
        "A",
        [("A__TWO_PREFIXES__THRESHOLD", "1"), ("A__TWO_PREFIXES__PROBES", "2")],
    );
    let second = Settings::from_vars("B", [("B__TWO_PREFIXES__THRESHOLD", "3")]);
    configure(first.overlaid(second)).unwrap();
    assert_eq!(circuit.config(), NEW.threshold(3).probes(2));
}

#[test]
fn two_circuits_with_one_name_in_the_environment_get_nothing() {
    let _turn = Turn::take();
    let first = circuit("env::twin", NEW);
    let settings = || {
        file("[circuits.\"env::twin\"]\nprobes = 2")
            .overlaid(vars([("CIRCUIT_BREAKER__ENV_TWIN__THRESHOLD", "7")]))
    };
    let report = configure(settings()).unwrap();
    assert_eq!(first.config(), NEW.threshold(7).probes(2));
    assert!(report.ambiguous.is_empty());

    // One that registers later takes it back from the first.
    let second = circuit("env.twin", NEW);
    assert_eq!((first.config(), second.config()), (NEW.probes(2), NEW));
    let ambiguous = |report: &circuit_runtime::Report| {
        report.ambiguous.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let expected =
        ["CIRCUIT_BREAKER__ENV_TWIN: could be any of `env::twin`, `env.twin`: applied to none"];
    assert_eq!(ambiguous(&settings_report()), expected);
    assert_eq!(ambiguous(&configure(settings()).unwrap()), expected);
    assert_eq!((first.config(), second.config()), (NEW.probes(2), NEW));
}

#[test]
fn names_that_wait_are_reported() {
    let _turn = Turn::take();
    let settings = vars([("CIRCUIT_BREAKER__NOBODY__THRESHOLD", "7")]);
    assert_eq!(configure(settings).unwrap().waiting, ["CIRCUIT_BREAKER__NOBODY"]);
    assert!(settings_report().to_string().contains("waiting: CIRCUIT_BREAKER__NOBODY"));
}
