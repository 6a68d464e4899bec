//! What a circuit is configured by, its checks, and its numbers with every default filled in.

use std::time::Duration;

use crate::error::ConfigError;
use crate::primitives::clock::{NEVER, Nanos, nanos};

/// The largest count that any option takes.
pub(crate) const MAX_COUNT: u32 = 1_000_000;
/// The largest number of probes.
pub(crate) const MAX_PROBES: u32 = 1_000;
/// The largest count window of a circuit that exists once per key.
pub(crate) const MAX_KEYED_WINDOW: u32 = 10_000;

/// What the rates and the count of failures are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The last so many calls, exactly; 1 to 1,000,000.
    Calls(u32),
    /// The last so much time, in ten buckets: an outcome counts for between 0.9 and 1 times this
    /// long.
    Time(Duration),
}

/// What a dropped (cancelled) call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnCancel {
    /// Neither way; a probe gives its place back.
    Ignore,
    /// A failure.
    Failure,
}

/// The configuration of a circuit: one method for each option of the attribute that configures a
/// circuit.
///
/// Everything is `const`, so that a [`CircuitBreaker`](crate::CircuitBreaker) can stand in a
/// `static`; a bad value then fails the build with the option's name.
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    pub(crate) threshold: Option<u32>,
    pub(crate) failure_rate: Option<f64>,
    pub(crate) failure_count: Option<u32>,
    pub(crate) slow_call: Option<Duration>,
    pub(crate) slow_rate: Option<f64>,
    pub(crate) window: Option<Window>,
    pub(crate) min_calls: Option<u32>,
    pub(crate) recovery: Duration,
    pub(crate) backoff: f64,
    pub(crate) max_recovery: Option<Duration>,
    pub(crate) jitter: f64,
    pub(crate) success_threshold: u32,
    pub(crate) probes: Option<u32>,
    pub(crate) probe_timeout: Option<Duration>,
    pub(crate) on_cancel: OnCancel,
    pub(crate) max_concurrent: Option<u32>,
    /// How long calls may take, where that is known: it is no option of the circuit's, but
    /// `probe_timeout` depends on it.
    pub(crate) timeout: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

/// Refuses what doesn't hold.
macro_rules! require {
    ($holds:expr, $message:literal) => {
        let holds: bool = $holds;
        if !holds {
            return Err(ConfigError::new($message));
        }
    };
}

impl Config {
    /// All defaults: opens after 5 failures in a row, probes after 60 seconds, closes after one
    /// success.
    #[must_use]
    pub const fn new() -> Self {
        Config {
            threshold: None,
            failure_rate: None,
            failure_count: None,
            slow_call: None,
            slow_rate: None,
            window: None,
            min_calls: None,
            recovery: Duration::from_secs(60),
            backoff: 1.0,
            max_recovery: None,
            jitter: 0.0,
            success_threshold: 1,
            probes: None,
            probe_timeout: None,
            on_cancel: OnCancel::Ignore,
            max_concurrent: None,
            timeout: None,
        }
    }

    /// Opens after so many failures in a row; 1 to 1,000,000. Default 5, or off when a
    /// `failure_rate` or a `failure_count` is given.
    #[must_use]
    pub const fn threshold(mut self, failures: u32) -> Self {
        self.threshold = Some(failures);
        self
    }

    /// Opens when failures / calls in the window reaches this; above 0, at most 1. Default off.
    #[must_use]
    pub const fn failure_rate(mut self, rate: f64) -> Self {
        self.failure_rate = Some(rate);
        self
    }

    /// Opens when the window holds so many failures, whatever the successes between them; 1 to
    /// 1,000,000. Default off.
    #[must_use]
    pub const fn failure_count(mut self, failures: u32) -> Self {
        self.failure_count = Some(failures);
        self
    }

    /// A call that took at least this long is slow, whatever it returned. Default off.
    #[must_use]
    pub const fn slow_call(mut self, at_least: Duration) -> Self {
        self.slow_call = Some(at_least);
        self
    }

    /// Opens when slow calls / calls in the window reaches this; above 0, at most 1. Default 0.5 when
    /// `slow_call` is given.
    #[must_use]
    pub const fn slow_rate(mut self, rate: f64) -> Self {
        self.slow_rate = Some(rate);
        self
    }

    /// What the two rates and the count of failures are taken over. Default the last 100 calls.
    #[must_use]
    pub const fn window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// No rate is judged on fewer calls than this. Default 10, or a smaller count window.
    #[must_use]
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.min_calls = Some(calls);
        self
    }

    /// How long the circuit stays open before it lets a probe through. Default 60 seconds.
    #[must_use]
    pub const fn recovery(mut self, wait: Duration) -> Self {
        self.recovery = wait;
        self
    }

    /// Each opening in a row multiplies the wait by this; at least 1. Default 1.
    #[must_use]
    pub const fn backoff(mut self, factor: f64) -> Self {
        self.backoff = factor;
        self
    }

    /// The cap of the wait under `backoff`, and of what a service asks for
    /// ([`Outcome::RetryAfter`](crate::Outcome::RetryAfter),
    /// [`Outcome::OpenFor`](crate::Outcome::OpenFor)). Default 10 × `recovery` for the former, none
    /// for the latter.
    #[must_use]
    pub const fn max_recovery(mut self, wait: Duration) -> Self {
        self.max_recovery = Some(wait);
        self
    }

    /// Draws the wait, after the cap, from wait × (1 ± jitter); at least 0, below 1. Default 0.
    #[must_use]
    pub const fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Probes that must succeed for the circuit to close; 1 to 1,000. Default 1.
    #[must_use]
    pub const fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = successes;
        self
    }

    /// Calls that half-open admits to decide, which is also the most in flight per round of probes;
    /// from `success_threshold` to 1,000. Default `success_threshold`.
    #[must_use]
    pub const fn probes(mut self, places: u32) -> Self {
        self.probes = Some(places);
        self
    }

    /// How long unanswered probes may block the next ones; twice as long in each further round of
    /// probes, at most ten times. Default `recovery`, or the attribute's `timeout` where that is
    /// longer; not shorter than that.
    #[must_use]
    pub const fn probe_timeout(mut self, lease: Duration) -> Self {
        self.probe_timeout = Some(lease);
        self
    }

    /// What a cancelled call counts as. Default [`OnCancel::Ignore`].
    #[must_use]
    pub const fn on_cancel(mut self, on_cancel: OnCancel) -> Self {
        self.on_cancel = on_cancel;
        self
    }

    /// More calls in flight than this are rejected, which is no failure; 1 to 1,000,000. Default
    /// off.
    #[must_use]
    pub const fn max_concurrent(mut self, calls: u32) -> Self {
        self.max_concurrent = Some(calls);
        self
    }

    /// For generated code: how long the calls may take.
    #[doc(hidden)]
    #[must_use]
    pub const fn __timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Checks each value and how the values go together.
    ///
    /// # Errors
    ///
    /// The first thing that can't be meant, with the option's name and the remedy.
    pub const fn validate(&self) -> Result<(), ConfigError> {
        match self.validate_trip_rules() {
            Ok(()) => self.validate_recovery(),
            refused => refused,
        }
    }

    /// What opens the circuit.
    const fn validate_trip_rules(&self) -> Result<(), ConfigError> {
        if let Some(threshold) = self.threshold {
            require!(threshold >= 1, "`threshold` must be at least 1");
            require!(threshold <= MAX_COUNT, "`threshold` must be at most 1,000,000");
        }
        if let Some(rate) = self.failure_rate {
            require!(is_rate(rate), "`failure_rate` must be above 0 and at most 1");
        }
        if let Some(failures) = self.failure_count {
            require!(failures >= 1, "`failure_count` must be at least 1");
            require!(failures <= MAX_COUNT, "`failure_count` must be at most 1,000,000");
            if let Window::Calls(calls) = self.effective_window() {
                require!(
                    failures <= calls,
                    "`failure_count` is above `window`, so that it could never be reached; lower `failure_count` or raise `window`"
                );
            }
        }
        if let Some(slow) = self.slow_call {
            require!(!slow.is_zero(), "`slow_call` must be longer than zero");
        }
        if let Some(rate) = self.slow_rate {
            require!(is_rate(rate), "`slow_rate` must be above 0 and at most 1");
            require!(
                self.slow_call.is_some(),
                "`slow_rate` needs `slow_call`, which says when a call is slow"
            );
        }
        let rated = self.failure_rate.is_some() || self.slow_call.is_some();
        if let Some(window) = self.window {
            match window {
                Window::Calls(calls) => {
                    require!(calls >= 1, "`window` must hold at least 1 call");
                    require!(calls <= MAX_COUNT, "`window` must hold at most 1,000,000 calls");
                }
                Window::Time(length) => {
                    require!(!length.is_zero(), "`window` must be longer than zero");
                }
            }
            require!(
                rated || self.failure_count.is_some(),
                "`window` needs a rule: give `failure_rate`, `failure_count` or `slow_call`, or leave `window` out"
            );
        }
        if let Some(min_calls) = self.min_calls {
            require!(min_calls >= 1, "`min_calls` must be at least 1");
            require!(min_calls <= MAX_COUNT, "`min_calls` must be at most 1,000,000");
            require!(
                rated,
                "`min_calls` needs a rate: give `failure_rate` or `slow_call`, or leave `min_calls` out"
            );
            if let Window::Calls(calls) = self.effective_window() {
                require!(
                    min_calls <= calls,
                    "`min_calls` must be at most `window`: no rate would ever be judged"
                );
            }
        }
        Ok(())
    }

    /// What closes it again, and the rest.
    const fn validate_recovery(&self) -> Result<(), ConfigError> {
        require!(!self.recovery.is_zero(), "`recovery` must be longer than zero");
        require!(
            self.backoff >= 1.0 && self.backoff < f64::INFINITY,
            "`backoff` must be a finite number of at least 1"
        );
        if let Some(max) = self.max_recovery {
            require!(!max.is_zero(), "`max_recovery` must be longer than zero");
            require!(
                nanos(max) >= nanos(self.recovery),
                "`max_recovery` must be at least `recovery`"
            );
        }
        require!(
            self.jitter >= 0.0 && self.jitter < 1.0,
            "`jitter` must be at least 0 and below 1"
        );
        require!(self.success_threshold >= 1, "`success_threshold` must be at least 1");
        require!(self.success_threshold <= MAX_PROBES, "`success_threshold` must be at most 1,000");
        if let Some(probes) = self.probes {
            require!(probes >= 1, "`probes` must be at least 1");
            require!(probes <= MAX_PROBES, "`probes` must be at most 1,000");
            require!(
                probes >= self.success_threshold,
                "`probes` must be at least `success_threshold`: the circuit could never close"
            );
        }
        if let Some(lease) = self.probe_timeout {
            require!(!lease.is_zero(), "`probe_timeout` must be longer than zero");
            if let Some(timeout) = self.timeout {
                require!(
                    nanos(lease) >= nanos(timeout),
                    "`probe_timeout` is below `timeout`, so that probes would be given up that may still answer; raise it, or lower `timeout`"
                );
            }
        }
        if let Some(limit) = self.max_concurrent {
            require!(limit >= 1, "`max_concurrent` must be at least 1");
            require!(limit <= MAX_COUNT, "`max_concurrent` must be at most 1,000,000");
        }
        Ok(())
    }

    /// What [`validate`](Config::validate) says, and the smaller bound on the window of a circuit
    /// per key.
    pub(crate) const fn validate_keyed(&self) -> Result<(), ConfigError> {
        match self.effective_window() {
            Window::Calls(calls) if calls > MAX_KEYED_WINDOW => Err(ConfigError::new(
                "with `key`, a `window` of calls must be at most 10,000: each key has its own",
            )),
            _ => self.validate(),
        }
    }

    const fn effective_window(&self) -> Window {
        match self.window {
            Some(window) => window,
            None => Window::Calls(100),
        }
    }

    /// The numbers the state machine works with; of a valid configuration.
    pub(crate) const fn rules(&self) -> Rules {
        let window = self.effective_window();
        let min_calls = match (self.min_calls, window) {
            (Some(calls), _) => calls,
            (None, Window::Calls(calls)) if calls < 10 => calls,
            (None, _) => 10,
        };
        let recovery = nanos(self.recovery);
        Rules {
            threshold: match (self.threshold, self.failure_rate, self.failure_count) {
                (Some(threshold), _, _) => Some(threshold),
                (None, None, None) => Some(5),
                (None, _, _) => None,
            },
            failure_rate: self.failure_rate,
            failure_count: self.failure_count,
            slow_call: match self.slow_call {
                Some(slow) => Some(nanos(slow)),
                None => None,
            },
            slow_rate: match (self.slow_rate, self.slow_call) {
                (Some(rate), _) => Some(rate),
                (None, Some(_)) => Some(0.5),
                (None, None) => None,
            },
            window: match (self.failure_rate, self.failure_count, self.slow_call) {
                (None, None, None) => None,
                _ => Some(window),
            },
            min_calls,
            recovery,
            backoff: self.backoff,
            max_recovery: match self.max_recovery {
                Some(max) => nanos(max),
                None => recovery.saturating_mul(10),
            },
            max_asked: match self.max_recovery {
                Some(max) => nanos(max),
                None => NEVER,
            },
            jitter: self.jitter,
            success_threshold: self.success_threshold,
            probes: match self.probes {
                Some(probes) => probes,
                None => self.success_threshold,
            },
            probe_timeout: match self.probe_timeout {
                Some(lease) => nanos(lease),
                None => match self.timeout {
                    Some(timeout) if nanos(timeout) > recovery => nanos(timeout),
                    _ => recovery,
                },
            },
            cancel_is_failure: matches!(self.on_cancel, OnCancel::Failure),
            max_concurrent: self.max_concurrent,
        }
    }
}

const fn is_rate(rate: f64) -> bool {
    rate > 0.0 && rate <= 1.0 // false for NaN
}

/// A valid configuration with its defaults filled in and its durations in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    pub(crate) threshold: Option<u32>,
    pub(crate) failure_rate: Option<f64>,
    pub(crate) failure_count: Option<u32>,
    pub(crate) slow_call: Option<Nanos>,
    pub(crate) slow_rate: Option<f64>,
    pub(crate) window: Option<Window>,
    pub(crate) min_calls: u32,
    pub(crate) recovery: Nanos,
    pub(crate) backoff: f64,
    pub(crate) max_recovery: Nanos,
    /// The cap of what a service may ask for.
    pub(crate) max_asked: Nanos,
    pub(crate) jitter: f64,
    pub(crate) success_threshold: u32,
    pub(crate) probes: u32,
    pub(crate) probe_timeout: Nanos,
    pub(crate) cancel_is_failure: bool,
    pub(crate) max_concurrent: Option<u32>,
}
