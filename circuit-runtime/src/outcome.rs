//! The outcomes of a call, and the states and modes of a circuit.

use std::fmt;
use std::time::Duration;

/// What a call counts as.
///
/// `Ok` is a success and `Err` a failure unless `failure`, `ignore` or `classify` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The service did its work. Ends a run of failures, enters the window as a success, and counts
    /// towards closing a half-open circuit.
    Success,
    /// The service failed. Adds to a run of failures, enters the window as a failure, and counts
    /// towards reopening a half-open circuit.
    Failure,
    /// Says nothing about the service, and counts neither way. After an ignored probe another call
    /// may probe.
    Ignored,
    /// A failure of a service that says when to come back, for example by a `Retry-After` header.
    /// It doesn't open the circuit by itself. When the circuit opens, it waits for at least the
    /// longest time that was asked for since its last change of state. `max_recovery` caps that, if
    /// it is given; `jitter` is added afterwards. Zero makes it an ordinary failure.
    RetryAfter(Duration),
    /// A failure that opens the circuit at once, for exactly this time. There is no backoff. Only
    /// `jitter`, or a longer [`RetryAfter`](Outcome::RetryAfter) since the last change of state,
    /// makes it longer; `max_recovery`, if given, is its cap. It doesn't count in the row of
    /// openings. Zero makes it an ordinary failure.
    OpenFor(Duration),
}

/// The state of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Calls pass and are counted.
    Closed,
    /// The wait of an open circuit is over: a few calls pass as probes, and decide.
    HalfOpen,
    /// Calls are rejected until the wait is over.
    Open,
}

impl State {
    /// The state as a word: `closed`, `half-open` or `open`.
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

/// How an operator overrides a circuit. A mode doesn't change the state: when it is removed, the
/// state is what it was, apart from the time that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The state decides.
    Normal,
    /// Every call is rejected. Calls admitted earlier are still judged.
    ForcedOpen,
    /// Every call passes and nothing is judged, not even calls that were admitted earlier; the
    /// lifetime counters go on. After a probe that ends meanwhile another call may probe.
    Disabled,
    /// Calls that would be rejected run all the same. They are counted in `rejected`, and not
    /// judged.
    Shadow,
}

impl Mode {
    /// The mode as text: `normal`, `forced open`, `disabled` or `shadow`.
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

/// The mode that was set on the spot, and the one that an order sets over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modes {
    pub(crate) local: Mode,
    pub(crate) ordered: Option<Mode>,
}

impl Modes {
    pub(crate) const fn of(local: Mode) -> Self {
        Modes { local, ordered: None }
    }

    /// The mode in force.
    pub(crate) const fn in_force(self) -> Mode {
        match self.ordered {
            Some(ordered) => ordered,
            None => self.local,
        }
    }
}
