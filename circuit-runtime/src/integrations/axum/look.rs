//! One look at all circuits, for everybody who watches them: however many they are, circuits are looked at twice a second.

use std::fmt::Write;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::ser::{Serialize, SerializeStruct, Serializer};
use tokio::time::Instant;

use super::super::serde::present;
use super::history;
use crate::breaker::CircuitBreaker;
use crate::observe::registry;
use crate::observe::snapshot::Snapshot;
use crate::primitives::sync::unpoisoned;

/// How old a look may be.
const FRESH: Duration = Duration::from_millis(450);

/// A message goes out once it is this long; a piece is at most one circuit longer.
pub(super) const PIECE: usize = 16 * 1024;

static LOOK: Mutex<Look> = Mutex::new(Look { number: 0, at: None, circuits: Vec::new() });

/// What makes this process another one than the one before it, or its neighbour behind a balancer.
pub(super) fn process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| format!("{:016x}", fastrand::u64(..)))
}

/// The circuits as they were a moment ago.
struct Look {
    number: u64,
    at: Option<Instant>,
    /// In the order of their registration.
    circuits: Vec<Seen>,
}

/// A circuit as it was last seen, and written down for all who watch.
struct Seen {
    /// Without what passes by itself: the page counts the time down without being told.
    lasting: Snapshot,
    /// The number of the look that found another one than before.
    changed: u64,
    /// The same of its transitions.
    moved: u64,
    /// As JSON, without the closing brace.
    present: String,
    /// The rest of it for those who know nothing of the circuit.
    whole_past: String,
    /// The rest of it for those who have seen it seconds ago.
    news: String,
}

/// What somebody who watches has been told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Everything up to this look; 0 is nothing.
    upto: u64,
    /// While a look is handed over in pieces: its number, and the circuit that comes next.
    rest: Option<(u64, usize)>,
}

impl Told {
    /// Of somebody who was told everything up to there by this process: `id` is an event's.
    pub(super) fn since(id: Option<&str>) -> Self {
        let number = id.and_then(|id| id.strip_prefix(process())?.strip_prefix('.')?.parse().ok());
        Told { upto: number.unwrap_or(0), rest: None }
    }

    pub(super) fn has_more(&self) -> bool {
        self.rest.is_some()
    }

    /// What is to be told next, as a server-sent event.
    pub(super) fn next(&mut self) -> Option<String> {
        let mut look = unpoisoned(LOOK.lock());
        look.refresh();
        // A number of another life, or made up.
        if self.upto > look.number {
            self.upto = 0;
        }
        let (target, begin) = self.rest.unwrap_or((look.number, 0));
        let knows_recent = self.upto + LOOKS_OF_NEWS > look.number;
        let mut circuits = String::new();
        let mut end = look.circuits.len();
        for (id, seen) in look.circuits.iter().enumerate().skip(begin) {
            if circuits.len() >= PIECE {
                end = id;
                break;
            }
            if seen.changed <= self.upto {
                continue;
            }
            let separator = if circuits.is_empty() { "" } else { "," };
            let past = match seen.moved <= self.upto {
                true => "",
                false if knows_recent && self.upto > 0 => &seen.news,
                false => &seen.whole_past,
            };
            // Writing to a `String` can't fail.
            let _ = write!(circuits, "{separator}{}{past}}}", seen.present);
        }
        let is_first = self.upto == 0 && begin == 0;
        let before = self.upto;
        if end < look.circuits.len() {
            self.rest = Some((target, end));
        } else {
            (self.upto, self.rest) = (target, None);
        }
        if circuits.is_empty() && !is_first {
            return None;
        }
        let id = if self.rest.is_some() { before } else { self.upto };
        let process = process();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Some(format!(
            "retry: 1000\nid: {process}.{id}\ndata: {{\"process\":\"{process}\",\"now\":{now},\"circuits\":[{circuits}]}}\n\n"
        ))
    }
}

/// Who has missed no more looks than these needs only the last `NEWS` seconds of the timeline.
const LOOKS_OF_NEWS: u64 = 16;
const NEWS: u64 = 60;

impl Look {
    fn refresh(&mut self) {
        let now = Instant::now();
        // A look of the future is that of another runtime, whose clock a test has moved.
        let age = self.at.and_then(|at| now.checked_duration_since(at));
        if age.is_some_and(|age| age < FRESH) {
            return;
        }
        self.at = Some(now);
        self.number += 1;
        for (id, breaker) in registry::circuits().into_iter().enumerate() {
            let snapshot = breaker.snapshot();
            match self.circuits.get_mut(id) {
                Some(seen) => seen.look(id, breaker, &snapshot, self.number),
                None => self.circuits.push(Seen::first(id, breaker, &snapshot, self.number)),
            }
        }
    }
}

impl Seen {
    fn first(id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot, number: u64) -> Self {
        let mut seen = Seen {
            lasting: lasting(snapshot),
            changed: number,
            moved: number,
            present: String::new(),
            whole_past: String::new(),
            news: String::new(),
        };
        seen.write(id, breaker, snapshot);
        seen.write_past(breaker, snapshot);
        seen
    }

    fn look(&mut self, id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot, number: u64) {
        let lasting = lasting(snapshot);
        let is_same = lasting == self.lasting;
        let has_moved = !is_same
            && (lasting.transitions, lasting.state)
                != (self.lasting.transitions, self.lasting.state);
        self.lasting = lasting;
        if !is_same {
            self.changed = number;
        }
        // What passes by itself is written again for those who are told of it later.
        if !is_same || snapshot.retry_after.is_some() {
            self.write(id, breaker, snapshot);
        }
        if has_moved {
            self.moved = number;
            self.write_past(breaker, snapshot);
        }
    }

    fn write(&mut self, id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot) {
        let mode_change = history::mode_changes(breaker).pop();
        self.present = json(&Present { id, is_keyed: breaker.has_keys(), mode_change, snapshot });
        self.present.pop();
    }

    fn write_past(&mut self, breaker: &CircuitBreaker, snapshot: &Snapshot) {
        let from = history::seconds(SystemTime::now()).saturating_sub(NEWS);
        let recent = json(&snapshot.recent_transitions);
        let past = |from| {
            let timeline = history::timeline(breaker, snapshot.state, from);
            format!(",\"recent_transitions\":{recent},\"timeline\":{}", json(&timeline))
        };
        self.whole_past = past(0);
        self.news = past(from);
    }
}

fn lasting(snapshot: &Snapshot) -> Snapshot {
    let retry_after = snapshot.retry_after.map(|_| Duration::ZERO);
    Snapshot { retry_after, ..snapshot.clone() }
}

/// Strings, numbers and maps with text keys: there is nothing that JSON can't say.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A circuit as it is now.
struct Present<'a> {
    /// Its place in the order of registration.
    id: usize,
    is_keyed: bool,
    mode_change: Option<history::ModeChange>,
    snapshot: &'a Snapshot,
}

impl Serialize for Present<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Present", 24)?;
        out.serialize_field("id", &self.id)?;
        out.serialize_field("keyed", &self.is_keyed)?;
        out.serialize_field("mode_change", &self.mode_change)?;
        present(self.snapshot, &mut out)?;
        out.end()
    }
}
