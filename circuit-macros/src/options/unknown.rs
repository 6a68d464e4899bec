//! A name that isn't an option, and the option that was meant.

use super::synonyms::SYNONYMS;
use super::{Opt, TABLE};
use crate::closest::closest;

/// Names that are near to an option's, and mean something else.
const OTHERS: &[&str] =
    &["max_calls", "on_timeout", "state", "success_rate", "success_rate_threshold"];

/// Behind a name, what its number is of.
const UNITS: &[&str] = &[
    "_ms",
    "_millis",
    "_milliseconds",
    "_s",
    "_sec",
    "_secs",
    "_seconds",
    "_time",
    "_duration",
    "_period",
];

/// The error for a name that isn't an option.
pub(super) fn unknown(name: &str) -> String {
    if name == "success" {
        return "unknown option `success`; every result that neither `ignore` nor `failure` matches is one"
            .to_owned();
    }
    if let Some(meant) = meant(name) {
        return format!("unknown option `{name}`; did you mean `{meant}`?");
    }
    let mut names: Vec<String> = TABLE.iter().map(|spec| format!("`{}`", spec.name)).collect();
    let last = names.pop().unwrap_or_default();
    let names = names.join(", ");
    format!("unknown option `{name}`; the options are {names} and {last}")
}

/// The option that `typed` was most likely meant to be.
pub(super) fn meant(typed: &str) -> Option<&'static str> {
    let typed = &*snake_case(&typed.replace('-', "_"));
    if OTHERS.contains(&typed) {
        return None;
    }
    let without_unit = || UNITS.iter().find_map(|unit| known(typed.strip_suffix(unit)?));
    known(typed)
        .or_else(without_unit)
        .or_else(|| closest(typed, TABLE.iter().map(|spec| spec.name)))
        .or_else(|| half_typed(typed))
        .or_else(|| known(closest(typed, long_synonyms())?))
}

/// The option with this name, here or in another library.
fn known(name: &str) -> Option<&'static str> {
    let option = TABLE.iter().find(|spec| spec.name == name).map(|spec| spec.option);
    let synonym = || SYNONYMS.iter().find(|(_, words)| words.contains(&name)).map(|(of, _)| *of);
    option.or_else(synonym).map(|option: Opt| option.spec().name)
}

/// Of which a near miss is no other word.
fn long_synonyms() -> impl Iterator<Item = &'static str> {
    let words = SYNONYMS.iter().flat_map(|(_, words)| words.iter().copied());
    words.filter(|word| word.len() >= 8)
}

/// The only option that starts like this.
fn half_typed(typed: &str) -> Option<&'static str> {
    let mut names = TABLE.iter().map(|spec| spec.name).filter(|name| name.starts_with(typed));
    match (names.next(), names.next()) {
        (Some(name), None) if typed.len() >= 3 => Some(name),
        _ => None,
    }
}

/// Input: `slidingWindowSize` Output: `sliding_window_size`
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{SYNONYMS, TABLE, meant, snake_case};

    #[test]
    fn no_synonym_is_an_option() {
        for word in SYNONYMS.iter().flat_map(|(_, words)| words.iter()) {
            assert!(TABLE.iter().all(|spec| spec.name != *word), "{word}");
        }
    }

    #[test]
    fn every_synonym_is_said_by_one_option_in_snake_case() {
        let mut words: Vec<_> = SYNONYMS.iter().flat_map(|(_, words)| words.iter()).collect();
        for word in &words {
            assert_eq!(snake_case(word), ***word);
        }
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all);
    }

    #[test]
    fn other_libraries_names_are_understood() {
        assert_eq!(meant("failure_threshold"), Some("threshold"));
        assert_eq!(meant("reset_timeout"), Some("recovery"));
        assert_eq!(meant("fallbackMethod"), Some("fallback"));
        assert_eq!(meant("slidingWindowSize"), Some("window"));
        assert_eq!(meant("waitDurationInOpenState"), Some("recovery"));
        assert_eq!(meant("failureRateThreshold"), Some("failure_rate"));
        assert_eq!(meant("permittedNumberOfCallsInHalfOpenState"), Some("probes"));
        assert_eq!(meant("minimumNumberOfCalls"), Some("min_calls"));
        assert_eq!(meant("requestVolumeThreshold"), Some("min_calls"));
        assert_eq!(meant("slowCallDurationThreshold"), Some("slow_call"));
        assert_eq!(meant("DurationOfBreak"), Some("recovery"));
        assert_eq!(meant("MAX_FAILURES"), Some("threshold"));
        assert_eq!(meant("failureRate"), Some("failure_rate"));
        assert_eq!(meant("treshold"), Some("threshold"));
        assert_eq!(meant("colour"), None);
        assert_eq!(meant("failure-rate-threshold"), Some("failure_rate"));
        assert_eq!(meant("maxWaitDuration"), Some("max_wait"));
        assert_eq!(meant("thres"), Some("threshold"));
        assert_eq!(meant("thr"), None, "or `throttle`");
        assert_eq!(meant("adaptiveThrottling"), Some("throttle"));
        assert_eq!(meant("max_rec"), Some("max_recovery"));
        assert_eq!(meant("max_"), None);
    }

    #[test]
    fn near_misses_of_other_libraries_names_are_understood() {
        assert_eq!(meant("failure_treshold"), Some("threshold"));
        assert_eq!(meant("failures_threshold"), Some("threshold"));
        assert_eq!(meant("recovery_time"), Some("recovery"));
        assert_eq!(meant("recovery_ms"), Some("recovery"));
        assert_eq!(meant("timeout_ms"), Some("timeout"));
        assert_eq!(meant("window_secs"), Some("window"));
        assert_eq!(meant("stale_secs"), Some("stale"));
        assert_eq!(meant("cooldown_period"), Some("recovery"));
    }

    #[test]
    fn a_name_that_is_near_to_another_option_is_not_taken_for_it() {
        assert_eq!(meant("reset"), Some("recovery"));
        assert_eq!(meant("rate"), Some("failure_rate"));
        assert_eq!(meant("probe"), Some("ping"));
        assert_eq!(meant("max_age"), Some("stale"));
        assert_eq!(meant("stale_on"), Some("fallback_on"));
        assert_eq!(meant("ping_timeout"), Some("timeout"));
        assert_eq!(meant("max_calls"), None);
        assert_eq!(meant("on_timeout"), None);
        assert_eq!(meant("state"), None);
        assert_eq!(meant("success_rate_threshold"), None);
    }
}
