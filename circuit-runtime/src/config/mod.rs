//! What a circuit is configured by. `option` has its options one by one, `spec` their ranges and what is said of
//! faults, `validate` checks them, `rules` fills in the defaults.

pub(crate) mod checked;
mod choice;
#[cfg(feature = "serde")]
pub(crate) mod duration;
#[cfg(feature = "serde")]
pub(crate) mod duration_text;
pub(crate) mod error;
pub(crate) mod option;
mod rules;
mod spec;
mod validate;
#[cfg(feature = "serde")]
pub(crate) mod value;

pub(crate) use choice::Choice;
pub(crate) use rules::{ChangedRules, NewRules, Rules};
#[cfg(feature = "serde")]
pub(crate) use spec::{Range, Spec, TIMEOUT};

use std::time::Duration;

use option::ConfigOption;

/// The window over which the rates, `failure_count` and `throttle` are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last N calls, exactly; 1 to 1,000,000.
    Calls(u32),
    /// The last stretch of time, in ten buckets: an outcome counts for between 0.9 and 1 times this
    /// long.
    Time(Duration),
}

/// What a dropped (cancelled) call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnCancel {
    /// Neither way; after a cancelled probe another call may probe.
    Ignore,
    /// A failure.
    Failure,
    /// A slow call if it had run for `slow_call`, which is needed for this: it enters the window as one
    /// slow call, neither a success nor a failure, and fails as a probe. Else neither way.
    Slow,
}

/// The configuration of a circuit: one method for each option of the attribute that configures a
/// circuit.
///
/// Everything is `const`, so that a [`CircuitBreaker`](crate::CircuitBreaker) can be a `static`; then a
/// bad value fails the build, with the option's name.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{CircuitBreaker, Config, Window};
///
/// static SEARCH: CircuitBreaker = CircuitBreaker::new(
///     "search",
///     Config::new()
///         .failure_rate(0.5)
///         .window(Window::Time(Duration::from_secs(60)))
///         .min_calls(20)
///         .recovery(Duration::from_secs(10)),
/// );
/// # assert_eq!(SEARCH.call(|| Ok::<_, ()>(1)), Ok(1));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Config {
    pub(crate) threshold: Choice<u32>,
    pub(crate) failure_rate: Choice<f64>,
    pub(crate) failure_count: Choice<u32>,
    pub(crate) slow_call: Choice<Duration>,
    pub(crate) slow_rate: Choice<f64>,
    pub(crate) throttle: Choice<f64>,
    pub(crate) window: Choice<Window>,
    pub(crate) min_calls: Choice<u32>,
    pub(crate) merge_failures: Choice<Duration>,
    pub(crate) stall: Choice<Duration>,
    pub(crate) recovery: Choice<Duration>,
    pub(crate) backoff: Choice<f64>,
    pub(crate) max_recovery: Choice<Duration>,
    pub(crate) jitter: Choice<f64>,
    pub(crate) success_threshold: Choice<u32>,
    pub(crate) probes: Choice<u32>,
    pub(crate) probe_timeout: Choice<Duration>,
    pub(crate) ramp: Choice<Duration>,
    pub(crate) on_cancel: Choice<OnCancel>,
    pub(crate) max_concurrent: Choice<u32>,
    pub(crate) max_wait: Choice<Duration>,
    /// How long calls may take, if known. Not an option of the circuit, but `probe_timeout` depends on
    /// it.
    pub(crate) timeout: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl Config {
    /// All defaults: opens after 5 failures in a row, probes after 60 seconds, closes after one
    /// success.
    #[must_use]
    pub const fn new() -> Self {
        Config::UNSET
    }

    /// Opens after this many failures in a row; 1 to 1,000,000. Default 5, or off when
    /// `failure_rate`, `failure_count` or `throttle` is given.
    #[must_use]
    pub const fn threshold(mut self, failures: u32) -> Self {
        self.threshold = Choice::Given(failures);
        self
    }

    /// Opens when failures / calls in the window is at least this; above 0, at most 1. Default off.
    #[must_use]
    pub const fn failure_rate(mut self, rate: f64) -> Self {
        self.failure_rate = Choice::Given(rate);
        self
    }

    /// Opens when the window holds this many failures, whatever succeeded between them; 1 to
    /// 1,000,000. Default off.
    #[must_use]
    pub const fn failure_count(mut self, failures: u32) -> Self {
        self.failure_count = Choice::Given(failures);
        self
    }

    /// A call that took at least this long is slow, whatever it returned. Default off.
    ///
    /// From one second on it is told to a tick of the system's coarse clock, at most 10 ms; exactly with the feature
    /// `metrics`, which publishes durations.
    #[must_use]
    pub const fn slow_call(mut self, at_least: Duration) -> Self {
        self.slow_call = Choice::Given(at_least);
        self
    }

    /// Opens when slow calls / calls in the window is at least this; above 0, at most 1. Default 0.5 when
    /// `slow_call` is given.
    #[must_use]
    pub const fn slow_rate(mut self, rate: f64) -> Self {
        self.slow_rate = Choice::Given(rate);
        self
    }

    /// As the share of failures in the window grows past this one, calls are rejected by chance, more and more, up to 9 of 10;
    /// above 0, below 1. Default off.
    ///
    /// Of `requests` = successes + failures + calls that this rule rejected, and K = 1 / (1 - `share`), the chance is (requests - K ×
    /// successes - 5) / (requests + 1), at most 0.9. None is rejected before the window holds `min_calls` requests, and one call a
    /// second always passes. The circuit stays closed.
    ///
    /// The window must be a time. For services that fail because they get too many calls; see the
    /// [guide](crate::guide::trip_rules).
    #[must_use]
    pub const fn throttle(mut self, share: f64) -> Self {
        self.throttle = Choice::Given(share);
        self
    }

    /// The window over which the two rates, `failure_count` and `throttle` are taken. Default the last 100 calls; with `throttle`
    /// the last 10 seconds.
    #[must_use]
    pub const fn window(mut self, window: Window) -> Self {
        self.window = Choice::Given(window);
        self
    }

    /// The minimum calls in the window before a rate or `throttle` applies. Default 10, or a smaller count window.
    #[must_use]
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.min_calls = Choice::Given(calls);
        self
    }

    /// Failures within this time of the first one are one failure for `threshold` and `failure_count`; one that
    /// comes exactly this much later is a new one, and so is the first after a success. Rates count all. Refused
    /// without `threshold` or `failure_count`. Default off.
    #[must_use]
    pub const fn merge_failures(mut self, within: Duration) -> Self {
        self.merge_failures = Choice::Given(within);
        self
    }

    /// A call that still runs after this long counts as a failure then, at the latest an eighth of this later, whatever it
    /// returns one day: that comes late. Longer than `slow_call`, shorter than a `timeout` that is known, at most a time
    /// window. Default off.
    ///
    /// There is no thread and no timer: the next call notices it, an outcome, [`state`](crate::CircuitBreaker::state) or
    /// [`snapshot`](crate::CircuitBreaker::snapshot). Stalled calls that are noticed together are one failure for
    /// `threshold` if a success was recorded since the first of them may have stalled; else each counts. Rates count all.
    #[must_use]
    pub const fn stall(mut self, after: Duration) -> Self {
        self.stall = Choice::Given(after);
        self
    }

    /// How long the circuit stays open before it lets a probe through. Default 60 seconds. `Duration::MAX`:
    /// until [`reset`](crate::CircuitBreaker::reset) or [`probe_now`](crate::CircuitBreaker::probe_now).
    #[must_use]
    pub const fn recovery(mut self, wait: Duration) -> Self {
        self.recovery = Choice::Given(wait);
        self
    }

    /// Each opening in a row multiplies the wait by this; at least 1. Default 1.
    #[must_use]
    pub const fn backoff(mut self, factor: f64) -> Self {
        self.backoff = Choice::Given(factor);
        self
    }

    /// The cap of the wait under `backoff`, and of what a service asks for
    /// ([`Outcome::RetryAfter`](crate::Outcome::RetryAfter),
    /// [`Outcome::OpenFor`](crate::Outcome::OpenFor)). Default 10 × `recovery` for the former, none
    /// for the latter.
    #[must_use]
    pub const fn max_recovery(mut self, wait: Duration) -> Self {
        self.max_recovery = Choice::Given(wait);
        self
    }

    /// Draws the wait, after the cap, from wait × (1 ± jitter); at least 0, below 1. Default 0.
    #[must_use]
    pub const fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = Choice::Given(fraction);
        self
    }

    /// Probes that must succeed for the circuit to close; 1 to 1,000. Default 1.
    #[must_use]
    pub const fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = Choice::Given(successes);
        self
    }

    /// Calls that a half-open circuit admits in order to decide, and the most in flight per round of
    /// probes; from `success_threshold` to 1,000. Default `success_threshold`.
    #[must_use]
    pub const fn probes(mut self, calls: u32) -> Self {
        self.probes = Choice::Given(calls);
        self
    }

    /// How long unanswered probes may block the next round of probes. Each further round waits twice as long,
    /// at most ten times this. Not shorter than the attribute's `timeout`. Default `recovery`, or `timeout` if
    /// that is longer.
    #[must_use]
    pub const fn probe_timeout(mut self, wait: Duration) -> Self {
        self.probe_timeout = Choice::Given(wait);
        self
    }

    /// After closing from half-open, the share of calls that pass grows in a straight line from 10 % to 100 % in
    /// this time; so after [`resume`](crate::CircuitBreaker::resume) from forced open. The first call of each tenth of it always passes.
    /// Default off.
    #[must_use]
    pub const fn ramp(mut self, length: Duration) -> Self {
        self.ramp = Choice::Given(length);
        self
    }

    /// What a cancelled call counts as. Default [`OnCancel::Ignore`].
    #[must_use]
    pub const fn on_cancel(mut self, on_cancel: OnCancel) -> Self {
        self.on_cancel = Choice::Given(on_cancel);
        self
    }

    /// The most calls in flight. Further calls are rejected, which doesn't count as a failure; 1 to
    /// 1,000,000. Default off.
    #[must_use]
    pub const fn max_concurrent(mut self, calls: u32) -> Self {
        self.max_concurrent = Choice::Given(calls);
        self
    }

    /// How long a call waits for a place when `max_concurrent` calls are in flight, first come first served. It
    /// asks the circuit again when it gets a place, and is rejected when this time is over, or as soon as the circuit
    /// opens. Longer than zero; default off: such a call is rejected at once. Needs `max_concurrent`.
    ///
    /// A blocking call blocks its thread meanwhile. An async call needs the feature `tokio`, whose timer limits the
    /// wait; without it, it doesn't wait. [`try_acquire`](crate::CircuitBreaker::try_acquire) never waits.
    #[must_use]
    pub const fn max_wait(mut self, longest: Duration) -> Self {
        self.max_wait = Choice::Given(longest);
        self
    }

    /// Switches an optional rule off, whether it is on by default or set in `self`.
    ///
    /// `threshold` can be off if there is another trip rule, or `throttle`. `failure_rate`, `failure_count`, `slow_call`, `throttle`,
    /// `merge_failures`, `stall`, `backoff`, `jitter`, `ramp`, `max_concurrent` and `max_wait` can always be off. What depends on the rule goes with it:
    /// `slow_rate` with `slow_call`, `min_calls` with the last rate (`throttle` is one here), `window` with the last rate or count,
    /// `merge_failures` with the last of `threshold` and `failure_count`, `max_recovery` with `backoff`,
    /// `max_wait` with `max_concurrent`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use circuit_runtime::{Config, ConfigOption};
    ///
    /// /// Opens when calls are slow, however many fail.
    /// const SLOW_ONLY: Config =
    ///     Config::new().slow_call(Duration::from_secs(2)).off(ConfigOption::Threshold);
    /// assert!(SLOW_ONLY.validate().is_ok());
    /// ```
    #[must_use]
    pub const fn off(self, option: ConfigOption) -> Self {
        Config::UNSET.set_off(option).over(self)
    }

    /// For generated code: how long the calls may take; of several limits the longest counts.
    #[doc(hidden)]
    #[must_use]
    pub const fn __timeout(mut self, limit: Duration) -> Self {
        let known = match self.timeout {
            Some(known) => known.as_nanos(),
            None => 0,
        };
        if limit.as_nanos() > known {
            self.timeout = Some(limit);
        }
        self
    }
}
