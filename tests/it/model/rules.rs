//! What the model is configured by, how its calls end, and what it counts.

use std::time::Duration;

use circuit_runtime::{Config, OnCancel, Snapshot, Window};

/// A configuration with all defaults written out; durations in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) threshold: u32,
    pub(super) failure_rate: Option<f64>,
    pub(super) failure_count: Option<u32>,
    pub(super) slow_call: Option<u64>,
    pub(super) slow_rate: f64,
    pub(super) throttle: Option<f64>,
    /// There if one of the rates, the count or `throttle` is.
    pub(super) window: Option<Window>,
    pub(super) min_calls: u32,
    pub(super) merge_failures: Option<u64>,
    pub(super) stall: Option<u64>,
    pub(super) recovery: u64,
    pub(super) backoff: f64,
    pub(super) max_recovery: Option<u64>,
    pub(super) success_threshold: u32,
    pub(super) probes: u32,
    pub(super) probe_timeout: u64,
    pub(super) ramp: Option<u64>,
    pub(super) on_cancel: OnCancel,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Success,
    Failure,
    Ignored,
    RetryAfter(u64),
    OpenFor(u64),
    Dropped,
}

impl End {
    /// For how long the service asked to be left alone; zero asks for nothing.
    pub(super) fn asked(self) -> u64 {
        match self {
            End::RetryAfter(wait) | End::OpenFor(wait) => wait,
            _ => 0,
        }
    }

    /// Whether the circuit has to open at once.
    pub(super) fn opens(self) -> bool {
        matches!(self, End::OpenFor(wait) if wait > 0)
    }
}

impl Rules {
    pub(super) fn is_neutral(&self, end: End, slow: bool) -> bool {
        match end {
            End::Ignored => true,
            End::Dropped => match self.on_cancel {
                OnCancel::Ignore => true,
                OnCancel::Failure => false,
                OnCancel::Slow => !slow,
            },
            End::Success | End::Failure | End::RetryAfter(_) | End::OpenFor(_) => false,
        }
    }

    /// Whether an end that isn't neutral is a failure.
    pub(super) fn is_failure(&self, end: End) -> bool {
        match end {
            End::Dropped => self.on_cancel == OnCancel::Failure,
            end => end != End::Success,
        }
    }

    /// Whether a rule says that the circuit has to open.
    pub(super) fn met(&self, run: u32, window: Option<[u32; 6]>) -> bool {
        let rate_met = window.is_some_and(|[calls, failures, slow, ..]| {
            let reached = |count, rate| f64::from(count) / f64::from(calls) >= rate;
            let failing = self.failure_rate.is_some_and(|rate| reached(failures, rate));
            let slowing = self.slow_call.is_some() && reached(slow, self.slow_rate);
            calls >= self.min_calls && (failing || slowing)
        });
        let count_met = window.is_some_and(|[_, _, _, counted, ..]| {
            self.failure_count.is_some_and(|count| counted >= count)
        });
        run >= self.threshold || rate_met || count_met
    }

    /// How long to stay open after `streak` openings in a row.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn wait(&self, streak: i32) -> u64 {
        let wait = (self.recovery as f64 * self.backoff.powi(streak)) as u64;
        wait.min(self.max_recovery.unwrap_or(self.recovery * 10))
    }

    /// What is granted to a service that asks for this long.
    pub(super) fn granted(&self, asked: u64) -> u64 {
        asked.min(self.max_recovery.unwrap_or(u64::MAX))
    }

    /// How long the places of a round of probes stay taken.
    pub(super) fn lease(&self, round: u32) -> u64 {
        self.probe_timeout * [1, 2, 4, 8, 10][round.min(4) as usize]
    }

    pub(super) fn config(&self) -> Config {
        let mut config = Config::new()
            .threshold(self.threshold)
            .recovery(Duration::from_nanos(self.recovery))
            .backoff(self.backoff)
            .success_threshold(self.success_threshold)
            .probes(self.probes)
            .probe_timeout(Duration::from_nanos(self.probe_timeout))
            .on_cancel(self.on_cancel);
        if let Some(most) = self.max_recovery {
            config = config.max_recovery(Duration::from_nanos(most));
        }
        if let Some(rate) = self.failure_rate {
            config = config.failure_rate(rate);
        }
        if let Some(count) = self.failure_count {
            config = config.failure_count(count);
        }
        if let Some(within) = self.merge_failures {
            config = config.merge_failures(Duration::from_nanos(within));
        }
        if let Some(share) = self.throttle {
            config = config.throttle(share);
        }
        if let Some(stall) = self.stall {
            config = config.stall(Duration::from_nanos(stall));
        }
        if let Some(length) = self.ramp {
            config = config.ramp(Duration::from_nanos(length));
        }
        if let Some(slow) = self.slow_call {
            config = config.slow_call(Duration::from_nanos(slow)).slow_rate(self.slow_rate);
        }
        if let Some(window) = self.window {
            config = config.window(window);
        }
        if self.failure_rate.is_some() || self.slow_call.is_some() || self.throttle.is_some() {
            config = config.min_calls(self.min_calls);
        }
        config
    }
}

/// The lifetime counters.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) successes: u64,
    pub(super) failures: u64,
    pub(super) ignored: u64,
    pub(super) slow: u64,
    pub(super) rejected: u64,
    pub(super) stale: u64,
    pub(super) cancelled: u64,
    pub(super) stalled: u64,
    pub(super) late: u64,
    pub(super) transitions: u64,
}

impl Counts {
    pub(super) fn add(&mut self, end: End, slow: bool, neutral: bool, failed: bool) {
        match end {
            End::Success => self.successes += 1,
            End::Failure | End::RetryAfter(_) | End::OpenFor(_) => self.failures += 1,
            End::Ignored => self.ignored += 1,
            End::Dropped => {
                self.cancelled += 1;
                self.failures += u64::from(!neutral && failed);
            }
        }
        self.slow += u64::from(slow && !neutral);
    }

    pub(super) fn of(seen: &Snapshot) -> Counts {
        Counts {
            successes: seen.successes,
            failures: seen.failures,
            ignored: seen.ignored,
            slow: seen.slow,
            rejected: seen.rejected,
            stale: seen.stale,
            cancelled: seen.cancelled,
            stalled: seen.stalled,
            late: seen.late,
            transitions: seen.transitions,
        }
    }
}
