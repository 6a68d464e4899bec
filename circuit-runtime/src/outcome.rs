//! What a call can come to, and the states and modes of a circuit.

use std::fmt;
use std::time::Duration;

/// How a call is to be counted.
///
/// `Ok` is a success and `Err` a failure unless `failure`, `ignore` or `classify` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The service did its work: ends a run of failures, enters the window as a success, counts for
    /// closing.
    Success,
    /// The service failed: prolongs a run of failures, enters the window as a failure, reopens a
    /// half-open circuit.
    Failure,
    /// Says nothing about the service: counts neither way and gives a probe's place back.
    Ignored,
    /// A failure of a service that says when to come back, as a `Retry-After` header does: if the
    /// circuit opens or reopens in this period, it waits for at least the longest time that was
    /// asked for, but not longer than a `max_recovery` that was given. It doesn't open the circuit
    /// by itself. Zero makes it an ordinary failure.
    RetryAfter(Duration),
    /// A failure that opens the circuit at once, for exactly this time. No backoff; `jitter` only
    /// makes it longer, and so does a [`RetryAfter`](Outcome::RetryAfter) of the same period that
    /// asked for more; a `max_recovery` that was given is its cap. The streak of openings and its
    /// last wait stay as they were. Zero makes it an ordinary failure.
    OpenFor(Duration),
}

/// Where a circuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Calls pass and are counted.
    Closed,
    /// The wait of an open circuit is over: a few probes pass and decide.
    HalfOpen,
    /// Calls are rejected until the wait is over.
    Open,
}

impl State {
    /// The word for it: `closed`, `half-open` or `open`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::HalfOpen => "half-open",
            State::Open => "open",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an operator has laid over a circuit. A mode changes neither its state nor its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The state decides.
    Normal,
    /// Every call is rejected. Calls admitted earlier are still judged.
    ForcedOpen,
    /// Every call passes and nothing is judged, calls admitted earlier neither; the lifetime counters
    /// go on. A probe that ends meanwhile gives its place back.
    Disabled,
    /// Calls that would be rejected run all the same, counted in `rejected` and judged by nothing.
    Shadow,
}

impl Mode {
    /// The word for it: `normal`, `forced open`, `disabled` or `shadow`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Normal => "normal",
            Mode::ForcedOpen => "forced open",
            Mode::Disabled => "disabled",
            Mode::Shadow => "shadow",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
