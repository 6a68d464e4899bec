//! The options with a range: their names, and what is said of a value that is out of it and of two that
//! don't go together.
//!
//! This file stands in `circuit-runtime/src/config` and in `circuit-macros/src/options`, word for word: a
//! macro's crate can't share code with the crate that its code runs in. A test (`tests/api/shared.rs`) holds the
//! two in step; `UPDATE_EXPECT=1 cargo test --test api` copies the runtime's.

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// An integer from 1 to a million.
    Count,
    /// An integer from 1 to a thousand.
    Probes,
    /// A number above 0 and at most 1.
    Rate,
    /// A number above 0 and below 1.
    Share,
    /// A finite number of at least 1.
    Factor,
    /// A number from 0 to below 1.
    Part,
    /// A time longer than zero.
    Time,
    /// A `Count` of calls or a `Time`.
    Window,
    /// A word.
    OnCancel,
}

/// What each option's value must be, in words, behind "must be".
macro_rules! must_be {
    (Count) => {
        "from 1 to 1,000,000"
    };
    (Probes) => {
        "from 1 to 1,000"
    };
    (Rate) => {
        "above 0 and at most 1"
    };
    (Share) => {
        "above 0 and below 1"
    };
    (Factor) => {
        "at least 1 and finite"
    };
    (Part) => {
        "at least 0 and below 1"
    };
    (Time) => {
        "longer than zero"
    };
    (Window) => {
        "from 1 to 1,000,000 calls, or a time longer than zero"
    };
    (OnCancel) => {
        "`ignore`, `failure` or `slow`"
    };
}

impl Range {
    /// The largest integer.
    pub(crate) const fn most(self) -> u32 {
        match self {
            Range::Probes => 1_000,
            _ => 1_000_000,
        }
    }

    /// Whether an integer is in range.
    pub(crate) const fn has_whole(self, value: u32) -> bool {
        1 <= value && value <= self.most()
    }

    /// Whether a number is in range.
    pub(crate) const fn has_number(self, value: f64) -> bool {
        match self {
            Range::Rate => value > 0.0 && value <= 1.0,
            Range::Share => value > 0.0 && value < 1.0,
            Range::Factor => value >= 1.0 && value < f64::INFINITY,
            Range::Part => value >= 0.0 && value < 1.0,
            _ => false,
        }
    }
}

/// One option.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) range: Range,
    /// What is said of a value that is out of range.
    pub(crate) range_error: &'static str,
    /// What is said of `off`; `None` where that is allowed.
    pub(crate) off_error: Option<&'static str>,
}

macro_rules! spec {
    ($name:literal, $range:ident, can_be_off) => {
        spec!($name, $range, None)
    };
    ($name:literal, $range:ident, never_off) => {
        spec!(
            $name,
            $range,
            Some(concat!(
                "`",
                $name,
                "` can't be `off`; only `threshold`, `failure_rate`, `failure_count`, `slow_call`, \
                 `throttle`, `merge_failures`, `stall`, `backoff`, `jitter`, `ramp`, `max_concurrent` and `max_wait` can"
            ))
        )
    };
    ($name:literal, $range:ident, $off_error:expr) => {
        Spec {
            name: $name,
            range: Range::$range,
            range_error: concat!("`", $name, "` must be ", must_be!($range)),
            off_error: $off_error,
        }
    };
}

macro_rules! specs {
    ($($spec:ident: $name:literal, $range:ident, $off:ident;)*) => {
        $(pub(crate) const $spec: Spec = spec!($name, $range, $off);)*
    };
}

specs! {
    THRESHOLD: "threshold", Count, can_be_off;
    FAILURE_RATE: "failure_rate", Rate, can_be_off;
    FAILURE_COUNT: "failure_count", Count, can_be_off;
    SLOW_CALL: "slow_call", Time, can_be_off;
    SLOW_RATE: "slow_rate", Rate, never_off;
    THROTTLE: "throttle", Share, can_be_off;
    WINDOW: "window", Window, never_off;
    MIN_CALLS: "min_calls", Count, never_off;
    MERGE_FAILURES: "merge_failures", Time, can_be_off;
    STALL: "stall", Time, can_be_off;
    RECOVERY: "recovery", Time, never_off;
    BACKOFF: "backoff", Factor, can_be_off;
    MAX_RECOVERY: "max_recovery", Time, never_off;
    JITTER: "jitter", Part, can_be_off;
    SUCCESS_THRESHOLD: "success_threshold", Probes, never_off;
    PROBES: "probes", Probes, never_off;
    PROBE_TIMEOUT: "probe_timeout", Time, never_off;
    RAMP: "ramp", Time, can_be_off;
    ON_CANCEL: "on_cancel", OnCancel, never_off;
    MAX_CONCURRENT: "max_concurrent", Count, can_be_off;
    MAX_WAIT: "max_wait", Time, can_be_off;
    // Of functions, not of a `Config`.
    TIMEOUT: "timeout", Time, never_off;
    IDLE: "idle", Time, never_off;
    MAX_KEYS: "max_keys", Count, never_off;
    STALE: "stale", Time, never_off;
    MAX_STALE: "max_stale", Count, never_off;
}

/// In calls.
pub(crate) const DEFAULT_WINDOW: u32 = 100;
/// In seconds.
pub(crate) const DEFAULT_RECOVERY: u64 = 60;

/// The default `window` with `throttle`, which needs a time, in seconds.
pub(crate) const DEFAULT_WINDOW_OF_THROTTLE: u64 = 10;

/// The largest count window of a circuit that exists once per key.
pub(crate) const MAX_KEYED_WINDOW: u32 = 10_000;

// What is said of options that don't go together. Each sentence starts with the option that it is about.

pub(crate) const NO_TRIP_RULE: &str = "`threshold` can't be `off` without another rule: `failure_rate = 0.5`, \
     `failure_count = 5`, `slow_call = \"2s\"` or `throttle = \"50%\"`";
pub(crate) const FAILURE_COUNT_ABOVE_WINDOW: &str =
    "`failure_count` must be at most `window` (100 calls by default): it could never be reached";
pub(crate) const SLOW_RATE_ALONE: &str =
    "`slow_rate` needs `slow_call`, which says when a call is slow: `slow_call = \"2s\"`";
pub(crate) const WINDOW_ALONE: &str = "`window` needs a rule to judge by: `failure_rate = 0.5`, `failure_count = 5`, \
     `slow_call = \"2s\"` or `throttle = \"50%\"`";
pub(crate) const THROTTLE_OVER_CALLS: &str =
    "`throttle` needs a `window` of time, not of calls: `window = \"10s\"`";
pub(crate) const ON_CANCEL_SLOW_ALONE: &str =
    "`on_cancel = slow` needs `slow_call`, which says when a call is slow: `slow_call = \"2s\"`";
pub(crate) const KEYED_WINDOW_TOO_LARGE: &str =
    "`window` must be at most 10,000 calls with `key`: each key has its own";
pub(crate) const MIN_CALLS_ALONE: &str = "`min_calls` needs a rate to judge: `failure_rate = 0.5`, `slow_call = \"2s\"` or `throttle = \"50%\"`";
pub(crate) const MIN_CALLS_ABOVE_WINDOW: &str =
    "`min_calls` must be at most `window` (100 calls by default): no rate would ever be judged";
pub(crate) const MERGE_FAILURES_ALONE: &str = "`merge_failures` needs `threshold` or `failure_count`, which count failures \
     one by one; rates count all";
pub(crate) const STALL_NOT_BELOW_TIMEOUT: &str =
    "`stall` must be shorter than `timeout`, which ends calls before they could stall";
pub(crate) const STALL_NOT_ABOVE_SLOW_CALL: &str =
    "`stall` must be longer than `slow_call`: every slow call would have stalled first";
pub(crate) const STALL_ABOVE_WINDOW: &str = "`stall` must be at most a `window` of time (10s by default with `throttle`): a call that stalls would count when all that \
     began with it has left the window";
pub(crate) const MAX_RECOVERY_BELOW_RECOVERY: &str =
    "`max_recovery` must be at least `recovery` (60s by default)";
pub(crate) const MAX_RECOVERY_WITHOUT_BACKOFF: &str = "`max_recovery` goes with `backoff`, which is `off`; to cap only what a service asks \
     for, write `backoff = 1`";
pub(crate) const MAX_WAIT_ALONE: &str =
    "`max_wait` needs `max_concurrent`, whose places calls wait for: `max_concurrent = 10`";
pub(crate) const PROBES_BELOW_SUCCESS_THRESHOLD: &str =
    "`probes` must be at least `success_threshold`: the circuit could never close";
pub(crate) const PROBE_TIMEOUT_BELOW_TIMEOUT: &str = "`probe_timeout` must be at least `timeout`: probes that \
     may still answer would be given up";
