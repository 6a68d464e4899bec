//! What the model remembers.

use circuit_runtime::{Mode, State};

use super::rules::{Counts, Rules};
use super::window::PlainWindow;

/// Times and spans are in nanoseconds.
pub(super) struct Model {
    pub(super) rules: Rules,
    pub(super) mode: Mode,
    pub(super) now: u64,
    pub(super) window: PlainWindow,
    pub(super) counts: Counts,
    pub(super) period: Period,
    pub(super) state: State,
    pub(super) closed_since: u64,
    pub(super) open_until: u64,
    pub(super) streak: i32,
    pub(super) last_wait: u64,
}

#[derive(Default)]
pub(super) struct Period {
    pub(super) number: u64,
    /// Failures in a row, while closed.
    pub(super) run: u32,
    /// Places of half-open that are taken, and what came of those that have been decided.
    pub(super) taken: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) last_admission: u64,
}

/// Who judges an admitted call.
#[derive(Clone, Copy)]
pub(super) enum Judge {
    /// The period that admitted it.
    Period(u64),
    /// Nobody, but it is counted.
    OnlyCounters,
    Nobody,
}

impl Model {
    pub(super) fn new(rules: Rules) -> Model {
        Model {
            window: PlainWindow::new(rules.window),
            rules,
            mode: Mode::Normal,
            now: 0,
            counts: Counts::default(),
            period: Period::default(),
            state: State::Closed,
            closed_since: 0,
            open_until: 0,
            streak: 0,
            last_wait: 0,
        }
    }
}
