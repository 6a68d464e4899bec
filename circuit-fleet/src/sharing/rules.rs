//! What the agreement needs to know of a circuit's options.

use circuit_runtime::{Config, parse_duration};
use serde_json::{Map, Value};

use crate::agreement::{Millis, Rules, millis};

/// What an instance takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) probing: bool,
    pub(crate) alert: bool,
}

impl Wants {
    pub(crate) const NOTHING: Wants = Wants { probing: false, alert: false };
}

/// The rules of a circuit with these options. The runtime shows them as JSON only, with the text of durations.
pub(super) fn rules(config: &Config, wants: Wants) -> Rules {
    let options = match serde_json::to_value(config) {
        Ok(Value::Object(options)) => options,
        _ => Map::new(),
    };
    let time = |name: &str| {
        let text = options.get(name).and_then(Value::as_str)?;
        parse_duration(text).ok().map(millis)
    };
    let recovery = time("recovery").unwrap_or(RECOVERY);
    let threshold = match options.get("threshold") {
        Some(given) => given.as_u64().and_then(|given| u32::try_from(given).ok()),
        None if REPLACING.iter().any(|rule| options.get(*rule).is_some_and(is_given)) => None,
        None => Some(THRESHOLD),
    };
    Rules {
        threshold,
        recovery,
        backoff: options.get("backoff").and_then(Value::as_f64).unwrap_or(1.0),
        max_recovery: time("max_recovery").unwrap_or(recovery.saturating_mul(10)),
        call_limit: time("stall"),
        probing: wants.probing,
        alert: wants.alert,
    }
}

/// The runtime's defaults.
const RECOVERY: Millis = 60_000;
const THRESHOLD: u32 = 5;
/// With one of these, a circuit has no `threshold` unless it is given.
const REPLACING: [&str; 3] = ["failure_rate", "failure_count", "throttle"];

fn is_given(value: &Value) -> bool {
    value.as_str() != Some("off")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ALL: Wants = Wants { probing: true, alert: true };

    #[test]
    fn what_is_not_given_is_the_runtimes_default() {
        let expected = Rules {
            threshold: Some(5),
            recovery: 60_000,
            backoff: 1.0,
            max_recovery: 600_000,
            call_limit: None,
            probing: true,
            alert: false,
        };
        assert_eq!(rules(&Config::new(), Wants { alert: false, ..ALL }), expected);
        // The runtime has the same: its circuit opens with the fifth failure, for a minute.
        let breaker = circuit_runtime::CircuitBreaker::new("by default", Config::new());
        (0..5).for_each(|_| breaker.try_acquire().expect("closed").failure());
        let opened = breaker.snapshot().recent_transitions[0].clone();
        assert_eq!(opened.retry_after, Some(Duration::from_secs(60)));
    }

    #[test]
    fn options_are_read_as_the_runtime_writes_them() {
        let time = Duration::from_millis;
        let config = Config::new().threshold(7).recovery(time(61_500)).stall(time(900));
        let config = config.backoff(1.5).max_recovery(Duration::from_secs(90_061));
        let read = rules(&config, ALL);
        assert_eq!((read.threshold, read.recovery, read.call_limit), (Some(7), 61_500, Some(900)));
        assert_eq!(read.max_recovery, 90_061_000);
        assert!((read.backoff - 1.5).abs() < f64::EPSILON);
    }

    #[test]
    fn another_rule_takes_the_place_of_the_default_threshold() {
        let rate = Config::new().failure_rate(0.5);
        assert_eq!(rules(&rate, ALL).threshold, None);
        assert_eq!(rules(&rate.threshold(9), ALL).threshold, Some(9));
        let off = rate.off(circuit_runtime::ConfigOption::FailureRate);
        assert_eq!(rules(&off, ALL).threshold, Some(5));
    }
}
