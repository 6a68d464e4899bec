//! What the model remembers.

use circuit_runtime::{Mode, State};

use super::rules::{Counts, Rules};
use super::stall::Listed;
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
    /// How long that is from its beginning.
    pub(super) open_for: u64,
    pub(super) streak: i32,
    /// Until when it is open by itself.
    pub(super) own_open_until: u64,
    /// A suspicion: until when, and for how long from its beginning.
    pub(super) suspected: Option<(u64, u64)>,
    /// The last wait that the rules set: one that `OpenFor` asked for is none.
    pub(super) last_wait: u64,
    /// The calls of this period that are in flight, if they may stall.
    pub(super) listed: Vec<Listed>,
    /// So many have been listed.
    pub(super) began: u64,
    /// When such a call last succeeded.
    pub(super) last_success: u64,
}

#[derive(Default)]
pub(super) struct Period {
    pub(super) number: u64,
    /// The half-open period whose probes have closed the circuit, while closed.
    pub(super) closed_by: Option<u64>,
    /// Failures in a row, while closed.
    pub(super) run: u32,
    /// When the first of the failures came that are one, if failures are merged.
    pub(super) group: Option<u64>,
    /// What came of all probes since half-open began.
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    /// The round of probes, from 0; how many had decided when it began; and its places that are
    /// taken, by probes in flight and by those that have decided.
    pub(super) round: u32,
    pub(super) decided_before: u32,
    pub(super) taken: u32,
    pub(super) last_admission: u64,
    /// The longest time for which an outcome asked to be left alone.
    pub(super) asked: u64,
    pub(super) ramp: Option<Ramp>,
    /// When a call last passed while `throttle` could have rejected it.
    pub(super) passed: Option<u64>,
}

/// A slow return, from some time on.
pub(super) struct Ramp {
    pub(super) from: u64,
    /// The tenth of the last call, and what is left of the shares of the calls so far.
    pub(super) tenth: Option<u64>,
    pub(super) rest: f64,
}

/// Who judges an admitted call.
#[derive(Clone, Copy)]
pub(super) enum Judge {
    /// The period that admitted it; of half-open, its round as well.
    Period(u64, u32),
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
            open_for: 0,
            own_open_until: 0,
            suspected: None,
            streak: 0,
            last_wait: 0,
            listed: Vec::new(),
            began: 0,
            last_success: 0,
        }
    }
}
