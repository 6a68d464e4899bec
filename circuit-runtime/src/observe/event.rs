//! Transitions, and their listeners.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::config::Window;
use crate::foreign::contained;
use crate::outcome::State;
use crate::primitives::sync::unpoisoned;

/// A circuit has changed its state.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The circuit's name.
    pub circuit: &'static str,
    /// The key, if the circuit is a key's.
    pub key: Option<Arc<str>>,
    /// The number of the transition, from 1, in the order of one circuit; for a key's circuit,
    /// since the key last got it.
    pub number: u64,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// The rule that was met, with its numbers.
    pub reason: Reason,
    /// If it opened, how long it rejects calls before the next probe; `None` if it does so until
    /// [`reset`](crate::CircuitBreaker::reset), because that wait never ends.
    pub retry_after: Option<Duration>,
    /// The error that the call returned which tripped the circuit, or failed as its last probe: of an
    /// annotated function whose error is known to implement `Display` at the attribute, formatted with
    /// `{:#}`. Of a probe whose `ping` failed, that error, after `ping: `. At most 1,000 bytes are kept. `None` where
    /// the call returned none, for calls by hand and in tower.
    pub error: Option<Arc<str>>,
    /// When it happened.
    pub at: SystemTime,
}

/// One line: ``circuit `payments` opened: 3 failures in a row (threshold 3)``.
impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit `{}`", self.circuit)?;
        if let Some(key) = &self.key {
            write!(f, " of `{}`", OneLine(key))?;
        }
        let verb = match self.to {
            State::Closed => "closed",
            State::Open => "opened",
            State::HalfOpen => "is half-open",
        };
        write!(f, " {verb}: {}", self.reason)?;
        match &self.error {
            None => Ok(()),
            Some(error) => write!(f, "; {}", OneLine(error)),
        }
    }
}

/// A text from outside, without what would end the line or steer a terminal.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => f.write_char(c),
        })
    }
}

/// An error as a transition shows it; `None` where its `Display` panics.
pub(crate) fn error_text(error: &dyn fmt::Display) -> Option<Arc<str>> {
    let mut text = ErrorText(String::new());
    let mut is_whole = None;
    contained(|| is_whole = Some(write!(text, "{error:#}").is_ok()));
    if !is_whole? {
        text.0.push('\u{2026}');
    }
    Some(text.0.into())
}

/// The beginning of a text: errors may quote whole answers.
struct ErrorText(String);

impl ErrorText {
    const MOST: usize = 1_000;
}

impl fmt::Write for ErrorText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = Self::MOST - self.0.len();
        let fits = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        let (fits, rest) = text.split_at(fits.unwrap_or(0));
        self.0.push_str(fits);
        if rest.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Why a circuit changed its state.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// There were this many failures in a row: `threshold`.
    #[non_exhaustive]
    FailuresInARow {
        /// The length of the run.
        failures: u32,
        /// The threshold it reached.
        threshold: u32,
    },
    /// A call failed while the circuit was under suspicion, and no trip rule was met:
    /// [`CircuitBreaker::suspect`](crate::CircuitBreaker::suspect).
    #[non_exhaustive]
    Suspected {
        /// The length of the run.
        failures: u32,
    },
    /// The share of failures in the window reached `failure_rate`.
    #[non_exhaustive]
    FailureRate {
        /// The failures in the window.
        failures: u32,
        /// The calls in the window.
        calls: u32,
        /// The configured rate.
        rate: f64,
    },
    /// The window holds this many failures: `failure_count`.
    #[non_exhaustive]
    FailureCount {
        /// The failures in the window.
        failures: u32,
        /// The configured count.
        count: u32,
        /// The window.
        window: Window,
    },
    /// The share of slow calls in the window reached `slow_rate`.
    #[non_exhaustive]
    SlowRate {
        /// The slow calls in the window.
        slow: u32,
        /// The calls in the window.
        calls: u32,
        /// The configured rate.
        rate: f64,
    },
    /// An outcome asked for it, [`Outcome::OpenFor`](crate::Outcome::OpenFor), or a call of
    /// [`CircuitBreaker::open_for`](crate::CircuitBreaker::open_for).
    #[non_exhaustive]
    Requested {
        /// The time that was asked for; [`Transition::retry_after`] is the wait that came of it.
        wait: Duration,
    },
    /// The wait was over, and a probe was admitted.
    WaitElapsed,
    /// Enough probes succeeded.
    #[non_exhaustive]
    ProbesSucceeded {
        /// The probes that succeeded.
        succeeded: u32,
        /// The successes that were needed.
        success_threshold: u32,
    },
    /// So many probes failed, or were slow, that `success_threshold` was out of reach.
    #[non_exhaustive]
    ProbesFailed {
        /// The probes that failed.
        failed: u32,
        /// The probes that a half-open circuit admits.
        probes: u32,
        /// The successes that were needed.
        success_threshold: u32,
    },
    /// Somebody called [`CircuitBreaker::reset`](crate::CircuitBreaker::reset).
    Reset,
    /// An operator whose name is known reset it: by [`CircuitBreaker::reset_by`](crate::CircuitBreaker::reset_by), or over HTTP
    /// (`with_actor` of the routes).
    #[non_exhaustive]
    ByOperator {
        /// The operator's name.
        by: Arc<str>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Reason::FailuresInARow { failures: 1, threshold } => {
                write!(f, "1 failure (threshold {threshold})")
            }
            Reason::FailuresInARow { failures, threshold } => {
                write!(f, "{failures} failures in a row (threshold {threshold})")
            }
            Reason::Suspected { failures: 1 } => f.write_str("1 failure under suspicion"),
            Reason::Suspected { failures } => {
                write!(f, "{failures} failures in a row, under suspicion")
            }
            Reason::FailureRate { failures, calls, rate } => {
                write!(f, "{failures} of {calls} calls failed (failure_rate {rate})")
            }
            Reason::FailureCount { failures, count, window } => {
                write!(f, "{failures} failures in the last ")?;
                match window {
                    Window::Calls(calls) => write!(f, "{calls} calls")?,
                    Window::Time(length) => write!(f, "{length:?}")?,
                }
                write!(f, " (failure_count {count})")
            }
            Reason::SlowRate { slow, calls, rate } => {
                write!(f, "{slow} of {calls} calls were slow (slow_rate {rate})")
            }
            Reason::Requested { wait } => write!(f, "the service asked for {wait:?}"),
            Reason::WaitElapsed => f.write_str("the wait is over, probing"),
            Reason::ProbesSucceeded { succeeded, success_threshold } => {
                write!(f, "{succeeded} of {success_threshold} needed probes succeeded")
            }
            Reason::ProbesFailed { failed, probes, success_threshold } => {
                write!(f, "{failed} of {probes} probes failed ({success_threshold} must succeed)")
            }
            Reason::Reset => f.write_str("reset"),
            Reason::ByOperator { ref by } => write!(f, "reset by {by}"),
        }
    }
}

type Listener = Arc<dyn Fn(&Transition) + Send + Sync>;

/// The listeners of one circuit, or of all circuits. They are never removed.
pub(crate) struct Listeners {
    list: Mutex<Vec<Listener>>,
    /// Most circuits have none, and needn't take the lock to know.
    any: AtomicBool,
}

/// The listeners that [`on_transition`](crate::on_transition) added.
pub(crate) static GLOBAL: Listeners = Listeners::new();

impl Listeners {
    pub(crate) const fn new() -> Self {
        Listeners { list: Mutex::new(Vec::new()), any: AtomicBool::new(false) }
    }

    pub(crate) fn add(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        unpoisoned(self.list.lock()).push(Arc::new(listener));
        // Release: pairs with the Acquire in `is_empty`.
        self.any.store(true, Ordering::Release);
    }

    fn is_empty(&self) -> bool {
        // Acquire: pairs with the Release in `add`. Only a hint where to look: the list has a lock.
        !self.any.load(Ordering::Acquire)
    }

    fn snapshot(&self) -> Vec<Listener> {
        if self.is_empty() {
            return Vec::new();
        }
        unpoisoned(self.list.lock()).clone()
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners")
            .field("count", &unpoisoned(self.list.lock()).len())
            .finish_non_exhaustive()
    }
}

/// A transition, and the listeners to call.
struct Delivery {
    transition: Arc<Transition>,
    listeners: Vec<Listener>,
}

thread_local! {
    /// `Some` while this thread delivers a transition: transitions that a listener causes wait here
    /// until all listeners have been called for the first one.
    static PENDING: RefCell<Option<VecDeque<Delivery>>> = const { RefCell::new(None) };
}

/// Calls all listeners, on this thread, with no lock held.
#[cold]
pub(crate) fn deliver(transition: Arc<Transition>, listeners: &Listeners) {
    if listeners.is_empty() && GLOBAL.is_empty() {
        return;
    }
    let mut listeners = listeners.snapshot();
    listeners.extend(GLOBAL.snapshot());
    let mut next = Some(Delivery { transition, listeners });
    let nested = PENDING.try_with(|pending| {
        let mut pending = pending.borrow_mut();
        let nested = pending.is_some();
        pending.get_or_insert_default().extend(next.take_if(|_| nested));
        nested
    });
    if nested == Ok(true) {
        return;
    }
    while let Some(Delivery { transition, listeners }) = next {
        for listener in listeners {
            contained(|| listener(&transition));
        }
        // If the thread is ending and its storage is gone, nested transitions are delivered at
        // once.
        next = PENDING
            .try_with(|pending| pending.borrow_mut().as_mut().and_then(VecDeque::pop_front))
            .ok()
            .flatten();
    }
    let _ = PENDING.try_with(|pending| pending.borrow_mut().take());
}
