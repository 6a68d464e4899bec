//! `preset`, and `off`, which takes back what it gives.

use expect_test::expect;

use super::expansion::check;
use super::problems::{PLAIN, blamed, problems};

#[test]
fn what_only_the_compiler_knows_is_checked_at_each_option() {
    check(
        "threshold = LIMIT, slow_call = off, preset = presets::SLOW, key = n",
        "fn price(n: u8) -> Result<u32, E> { fetch(n) }",
        expect![[r#"
            fn price(n: u8) -> Result<u32, E> {
                use ::circuit_runtime::__private as __circuit;
                let __circuit_breaker = __circuit::RefHandle({
                    static __CIRCUIT_BREAKER: __circuit::StaticBreaker = {
                        enum __CircuitHere {}
                        __circuit::create_keyed_here::<
                            __CircuitHere,
                        >(
                            {
                                let __circuit_config = __circuit::Checked::over(
                                        __circuit::Config::new()
                                            .off(__circuit::ConfigOption::SlowCall)
                                            .threshold(LIMIT),
                                        presets::SLOW,
                                        "presets::SLOW",
                                    )
                                    .keyed();
                                __circuit::Checked::blame(
                                    &__circuit_config,
                                    __circuit::ConfigOption::SlowCall,
                                );
                                __circuit::Checked::blame(
                                    &__circuit_config,
                                    __circuit::ConfigOption::Threshold,
                                );
                                __circuit_config.config()
                            },
                            10_000,
                        )
                    };
                    __circuit::StaticBreaker::get(&__CIRCUIT_BREAKER)
                });
                let __circuit_returns = __circuit::Returns::<Result<u32, E>>::new();
                let __circuit_reject = __circuit::bare(__circuit_returns);
                return {
                    let __circuit_permit = match {
                        let __circuit_entry = __circuit::Key::of(&(n))
                            .__circuit_with(|__circuit_key| {
                                __circuit::enter_keyed_waiting(
                                    __circuit_breaker,
                                    __circuit_key,
                                    __circuit::Fallback::None,
                                )
                            });
                        __circuit_entry
                    } {
                        __circuit::Admitted(__circuit_permit) => __circuit_permit,
                        __circuit::Rejected(__circuit_open) => {
                            return __circuit_reject(__circuit_open);
                        }
                    };
                    let mut __circuit_result = __circuit::body(
                        __circuit_returns,
                        move || { fetch(n) },
                    )();
                    let __circuit_outcome = __circuit::judge_bare(&__circuit_result);
                    if let __circuit::Some(__circuit_pending) = __circuit::finish(
                        __circuit_permit,
                        __circuit_outcome,
                    ) {
                        __circuit_result = __circuit::notify_with_error(
                            __circuit_pending,
                            __circuit_returns.__circuit_error_text(),
                            __circuit_result,
                        );
                    }
                    __circuit_result
                };
            }
        "#]],
    );
}

#[test]
fn off_needs_something_to_take_back() {
    assert_eq!(problems("threshold = off, failure_rate = 0.5", PLAIN), [""; 0]);
    assert_eq!(problems("threshold = off, slow_call = \"2s\"", PLAIN), [""; 0]);
    let said = problems("threshold = off", PLAIN);
    assert_eq!(said, [format!("threshold: {}", crate::options::spec::NO_TRIP_RULE)]);
    assert_eq!(
        problems("failure_rate = off, threshold = 3", PLAIN),
        ["off: `failure_rate` is off already: `off` takes back what a `preset` gives"]
    );
    let said = problems("recovery = off, preset = P", PLAIN);
    assert!(said[0].starts_with("off: `recovery` can't be `off`; only `threshold`"), "{said:?}");
    assert_eq!(
        problems("threshold = \"off\"", PLAIN),
        ["\"off\": write `threshold = off`, without quotes"]
    );
    for said in ["timeout", "max_keys"] {
        let said = problems(&format!("{said} = off"), "async fn f(n: u8) -> Result<(), E> {}");
        assert!(said[0].contains("can't be `off`"), "{said:?}");
    }
}

#[test]
fn what_can_be_off_is_named_where_something_cannot() {
    let spec = |name| crate::options::TABLE.iter().find(|spec| spec.name == name).unwrap();
    let error = spec("recovery").off_error.unwrap();
    for spec in crate::options::TABLE.iter().filter(|spec| !spec.range_error.is_empty()) {
        let is_named = error.contains(&format!("`{}`", spec.name));
        assert_eq!(is_named, spec.off_error.is_none() || spec.name == "recovery", "{}", spec.name);
    }
}

#[test]
fn what_a_preset_gives_is_left_to_the_compiler() {
    for options in [
        "preset = P",
        "threshold = off, preset = presets::P",
        "preset = P, window = 10",
        "preset = P, min_calls = 200",
        "preset = P, slow_rate = 0.5",
        "preset = P, max_recovery = \"1s\"",
        "preset = P, merge_failures = \"1s\", threshold = off",
        "preset = P, throttle = 0.5",
        "preset = P, throttle = off, window = 10",
        "preset = P, throttle = 0.5, min_calls = 200, failure_count = 200",
        "failure_rate = off, merge_failures = off, stall = off, throttle = off, backoff = off, jitter = off, ramp = off, max_concurrent = off, preset = P",
    ] {
        assert_eq!(problems(options, PLAIN), [""; 0], "{options}");
    }
    assert_eq!(blamed("preset = P, breaker = B"), ["breaker"]);
    assert_eq!(blamed("preset = P, window = 5, min_calls = 6"), ["6"]);
    assert_eq!(blamed("preset = P, slow_call = off, slow_rate = 0.5"), ["slow_rate"]);
    assert_eq!(blamed("preset = P, max_recovery = \"9m\", backoff = off"), ["backoff"]);
    assert_eq!(blamed("preset = \"P\""), ["\"P\""]);
    let said = problems("preset = given", "fn f(given: Config) -> Result<(), E> { Ok(()) }");
    assert_eq!(
        said,
        [
            "given: `preset` is fixed when the program is built, so it can't use the parameter `given`"
        ]
    );
}
