//! The history that the page shows: for each circuit the states of the last five minutes, and who
//! changed its mode.
//!
//! Recorded once there are routes that show it. Its size doesn't depend on how often a circuit
//! flaps: there is one entry for each second in which something happened.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeStruct, SerializeTuple, Serializer};

use super::super::serde::Rfc3339;
use crate::breaker::CircuitBreaker;
use crate::observe::event::Transition;
use crate::observe::registry;
use crate::outcome::{Mode, State};
use crate::primitives::sync::unpoisoned;

/// How much of the history is kept, in seconds.
const KEPT: u64 = 300;

/// How many changes of a circuit's mode are kept.
const MODES: usize = 16;

/// Nobody reports that a key has gone. Above this many keys it is checked which still exist.
const MANY: usize = 256;

/// Since when history is recorded, in seconds since 1970; 0 before there are routes.
static SINCE: AtomicU64 = AtomicU64::new(0);

/// By the address of the breaker: registered ones don't move.
static HISTORIES: Mutex<Option<HashMap<usize, History>>> = Mutex::new(None);

/// Starts to record, with the recent transitions of each circuit.
pub(super) fn start() {
    // Relaxed, as is the load: it guards no other memory, and a transition at this very moment may
    // be missed.
    let now = seconds(SystemTime::now());
    if SINCE.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return;
    }
    for breaker in registry::circuits() {
        let seen = breaker.snapshot();
        with(breaker, |history| {
            if history.moments.is_empty() {
                seen.recent_transitions.iter().for_each(|transition| history.record(transition));
            }
        });
    }
}

pub(crate) fn transition(breaker: &CircuitBreaker, transition: &Transition) {
    with(breaker, |history| {
        history.record(transition);
        history.forget(|| breaker.keys());
    });
}

pub(crate) fn mode_changed(
    breaker: &CircuitBreaker,
    key: Option<&Arc<str>>,
    mode: Mode,
    by: Option<&Arc<str>>,
) {
    let change = ModeChange { key: key.cloned(), mode, at: SystemTime::now(), by: by.cloned() };
    with(breaker, |history| history.change_mode(change));
}

/// The recorded states of a circuit from this second on, given its present state.
pub(super) fn timeline(breaker: &CircuitBreaker, state: State, from: u64) -> Option<Timeline> {
    with(breaker, |history| {
        history.correct(seconds(SystemTime::now()), state);
        Timeline {
            since: history.since,
            before: history.before,
            moments: history
                .moments
                .iter()
                .filter(|moment| moment.second >= from)
                .copied()
                .collect(),
        }
    })
}

/// The last change of the mode of the whole circuit, whatever has changed for single keys since.
pub(super) fn mode_change(breaker: &CircuitBreaker) -> Option<ModeChange> {
    with(breaker, |history| history.mode.clone()).flatten()
}

/// The last changes of its mode and of those of its keys, the latest last.
pub(super) fn mode_changes(breaker: &CircuitBreaker) -> Vec<ModeChange> {
    with(breaker, |history| history.modes.iter().cloned().collect()).unwrap_or_default()
}

fn with<R>(breaker: &CircuitBreaker, look: impl FnOnce(&mut History) -> R) -> Option<R> {
    // Relaxed: see `start`.
    let since = SINCE.load(Ordering::Relaxed);
    if since == 0 || !breaker.is_registered() {
        return None;
    }
    let address = std::ptr::from_ref(breaker).addr();
    let mut histories = unpoisoned(HISTORIES.lock());
    let histories = histories.get_or_insert_default();
    Some(look(histories.entry(address).or_insert_with(|| History::new(since))))
}

/// Since 1970.
pub(super) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A second in which the state changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    second: u64,
    /// The worst state in it, its first one included.
    worst: State,
    /// The state at its end.
    last: State,
}

/// `[second, worst, last]`: 0 is closed, 1 half-open, 2 open.
impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_tuple(3)?;
        out.serialize_element(&self.second)?;
        out.serialize_element(&(self.worst as u8))?;
        out.serialize_element(&(self.last as u8))?;
        out.end()
    }
}

/// The states of a circuit over time.
#[derive(Debug)]
pub(super) struct Timeline {
    since: u64,
    before: State,
    moments: Vec<Moment>,
}

impl Serialize for Timeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Timeline", 3)?;
        out.serialize_field("since", &self.since)?;
        out.serialize_field("before", &(self.before as u8))?;
        out.serialize_field("moments", &self.moments)?;
        out.end()
    }
}

/// A change of mode, and who made it, where that is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModeChange {
    /// `None`: of the whole circuit.
    key: Option<Arc<str>>,
    pub(super) mode: Mode,
    pub(super) at: SystemTime,
    pub(super) by: Option<Arc<str>>,
}

impl Serialize for ModeChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ModeChange", 4)?;
        out.serialize_field("key", &self.key.as_deref())?;
        out.serialize_field("mode", &self.mode)?;
        out.serialize_field("at", &Rfc3339(self.at))?;
        out.serialize_field("by", &self.by.as_deref())?;
        out.end()
    }
}

/// The history of one circuit, or of all its keys together.
#[derive(Debug)]
struct History {
    /// Since when the states are known.
    since: u64,
    /// The state then.
    before: State,
    moments: VecDeque<Moment>,
    /// The keys whose circuit isn't closed; `None` is the circuit without a key.
    not_closed: HashMap<Option<Arc<str>>, State>,
    /// How many of them are open.
    open: usize,
    /// From how many of them on it is checked which keys still exist.
    many: usize,
    /// The last change of the mode of the whole circuit.
    mode: Option<ModeChange>,
    modes: VecDeque<ModeChange>,
}

impl History {
    fn new(since: u64) -> Self {
        History {
            since,
            before: State::Closed,
            moments: VecDeque::new(),
            not_closed: HashMap::new(),
            open: 0,
            many: MANY,
            mode: None,
            modes: VecDeque::new(),
        }
    }

    fn state(&self) -> State {
        match (self.open, self.not_closed.len()) {
            (0, 0) => State::Closed,
            (0, _) => State::HalfOpen,
            _ => State::Open,
        }
    }

    fn record(&mut self, transition: &Transition) {
        let second = seconds(transition.at);
        if self.moments.is_empty() && self.not_closed.is_empty() {
            self.since = self.since.min(second);
            self.before = transition.from;
        }
        let key = transition.key.clone();
        let before = match transition.to {
            State::Closed => self.not_closed.remove(&key),
            state => self.not_closed.insert(key, state),
        };
        self.open -= usize::from(before == Some(State::Open));
        self.open += usize::from(transition.to == State::Open);
        self.note(second);
    }

    /// Records a second in which the state has changed, or may have.
    fn note(&mut self, second: u64) {
        let state = self.state();
        let before = self.moments.back().map_or(self.before, |moment| moment.last);
        match self.moments.back_mut() {
            // If the clock is set back, the second lasts longer.
            Some(latest) if latest.second >= second => {
                latest.worst = latest.worst.max(state);
                latest.last = state;
            }
            _ => self.moments.push_back(Moment { second, worst: before.max(state), last: state }),
        }
        while let Some(old) = self.moments.front().filter(|old| old.second + KEPT < second) {
            (self.since, self.before) = (old.second + 1, old.last);
            self.moments.pop_front();
        }
    }

    /// Corrects what no transition reports: a wait that is over, and open keys that are gone.
    fn correct(&mut self, second: u64, state: State) {
        if state < self.state() {
            self.not_closed.clear();
            self.open = 0;
            if state == State::HalfOpen {
                self.not_closed.insert(None, state);
            }
            self.note(second);
        }
    }

    /// Forgets keys that no longer exist, once there are many.
    fn forget(&mut self, keys: impl FnOnce() -> Vec<Arc<str>>) {
        if self.not_closed.len() < self.many {
            return;
        }
        let keys: HashSet<Arc<str>> = keys().into_iter().collect();
        self.not_closed.retain(|key, _| key.as_ref().is_none_or(|key| keys.contains(key)));
        self.open = self.not_closed.values().filter(|state| **state == State::Open).count();
        self.many = MANY.max(2 * self.not_closed.len());
    }

    fn change_mode(&mut self, change: ModeChange) {
        if self.modes.len() == MODES {
            self.modes.pop_front();
        }
        if change.key.is_none() {
            self.mode = Some(change.clone());
        }
        self.modes.push_back(change);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::observe::event::Reason;

    fn change(key: Option<&str>, from: State, to: State, second: u64) -> Transition {
        Transition {
            circuit: "test",
            key: key.map(Arc::from),
            number: 1,
            from,
            to,
            reason: Reason::Reset,
            retry_after: None,
            error: None,
            at: UNIX_EPOCH + Duration::from_secs(second),
        }
    }

    fn moments(history: &History) -> Vec<(u64, State, State)> {
        history.moments.iter().map(|moment| (moment.second, moment.worst, moment.last)).collect()
    }

    use State::{Closed, HalfOpen, Open};

    #[test]
    fn a_second_is_one_moment_however_often_the_circuit_flaps() {
        let mut history = History::new(1_000);
        for second in 1_000..2_000 {
            for _ in 0..3 {
                history.record(&change(None, Closed, Open, second));
                history.record(&change(None, Open, HalfOpen, second));
                history.record(&change(None, HalfOpen, Closed, second));
            }
        }
        assert_eq!(history.moments.len(), 301);
        assert_eq!(moments(&history)[0], (1_699, Open, Closed));
        assert_eq!((history.since, history.before), (1_699, Closed));
    }

    #[test]
    fn the_sum_of_keys_is_in_the_state_of_the_worst() {
        let mut history = History::new(0);
        history.record(&change(Some("a"), Closed, Open, 1));
        history.record(&change(Some("b"), Closed, Open, 2));
        history.record(&change(Some("a"), Open, HalfOpen, 3));
        history.record(&change(Some("b"), Open, HalfOpen, 4));
        history.record(&change(Some("b"), HalfOpen, Closed, 5));
        history.record(&change(Some("a"), HalfOpen, Closed, 6));
        let expected = [
            (1, Open, Open),
            (2, Open, Open),
            (3, Open, Open),
            (4, Open, HalfOpen),
            (5, HalfOpen, HalfOpen),
            (6, HalfOpen, Closed),
        ];
        assert_eq!(moments(&history), expected);
    }

    #[test]
    fn a_look_corrects_what_nobody_tells() {
        let mut history = History::new(0);
        history.record(&change(Some("gone"), Closed, Open, 1));
        history.correct(2, Open);
        assert_eq!(moments(&history), [(1, Open, Open)]);
        history.correct(3, Closed);
        assert_eq!(moments(&history), [(1, Open, Open), (3, Open, Closed)]);
        assert!(history.not_closed.is_empty());
    }

    #[test]
    fn keys_that_went_without_a_word_are_forgotten() {
        let mut history = History::new(0);
        for number in 0..100_000 {
            history.record(&change(Some(&number.to_string()), Closed, Open, 1));
            history.forget(|| vec![Arc::from("7")]);
            assert!(history.not_closed.len() <= MANY);
        }
        assert_eq!(history.state(), Open);
    }
}
