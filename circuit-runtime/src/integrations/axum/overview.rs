//! An overview of all circuits, shared by all clients of the stream: however many watch, it is
//! refreshed twice a second at most.

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

/// How old the overview may be.
const MAX_AGE: Duration = Duration::from_millis(450);

/// An event ends once it has this many bytes; it is longer by at most one circuit.
const EVENT_LEN: usize = 16 * 1024;

static OVERVIEW: Mutex<Overview> =
    Mutex::new(Overview { version: 0, at: None, circuits: Vec::new() });

/// Identifies this process: not the one before a restart, nor another one behind the load balancer.
pub(super) fn process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| format!("{:016x}", fastrand::u64(..)))
}

/// All circuits, as they were a moment ago.
struct Overview {
    /// Counts the refreshes.
    version: u64,
    at: Option<Instant>,
    /// In the order of their registration.
    circuits: Vec<Entry>,
}

/// A circuit as it was last seen, and its JSON for all clients.
struct Entry {
    /// Without the remaining wait: the page counts that down by itself.
    stable: Snapshot,
    /// The version in which `stable` last changed.
    changed: u64,
    /// The version in which its state or transitions last changed.
    transitioned: u64,
    /// Its present state as JSON, without the closing brace.
    present: String,
    /// The rest of the JSON, for clients that know nothing of the circuit.
    full_history: String,
    /// The rest of the JSON, for clients that saw it seconds ago.
    recent_history: String,
}

/// How far a client has been sent the overview.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// Everything up to this version; 0 is nothing.
    upto: u64,
    /// While a version is sent in several events: the version, and the circuit that comes next.
    rest: Option<(u64, usize)>,
}

impl Cursor {
    /// Of a client that received the event with this `id` last, if it came from this process.
    pub(super) fn since(id: Option<&str>) -> Self {
        let version = id.and_then(|id| id.strip_prefix(process())?.strip_prefix('.')?.parse().ok());
        Cursor { upto: version.unwrap_or(0), rest: None }
    }

    pub(super) fn has_more(&self) -> bool {
        self.rest.is_some()
    }

    /// The next server-sent event; `None` if nothing has changed.
    pub(super) fn next(&mut self) -> Option<String> {
        if unpoisoned(OVERVIEW.lock()).is_old() {
            registry::notice_all_stalled();
        }
        let mut overview = unpoisoned(OVERVIEW.lock());
        overview.refresh();
        // A version that never was: the client made it up.
        if self.upto > overview.version {
            self.upto = 0;
        }
        let (target, begin) = self.rest.unwrap_or((overview.version, 0));
        let knows_recent = self.upto + RECENT_VERSIONS > overview.version;
        let mut circuits = String::new();
        let mut end = overview.circuits.len();
        for (id, entry) in overview.circuits.iter().enumerate().skip(begin) {
            if circuits.len() >= EVENT_LEN {
                end = id;
                break;
            }
            if entry.changed <= self.upto {
                continue;
            }
            let separator = if circuits.is_empty() { "" } else { "," };
            let past = match entry.transitioned <= self.upto {
                true => "",
                false if knows_recent && self.upto > 0 => &entry.recent_history,
                false => &entry.full_history,
            };
            // Writing to a `String` can't fail.
            let _ = write!(circuits, "{separator}{}{past}}}", entry.present);
        }
        let is_first = self.upto == 0 && begin == 0;
        let before = self.upto;
        if end < overview.circuits.len() {
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

/// A client that has missed no more versions than this needs only the last `RECENT_SECONDS` of the
/// timeline.
const RECENT_VERSIONS: u64 = 16;
const RECENT_SECONDS: u64 = 60;

impl Overview {
    fn is_old(&self) -> bool {
        // A time in the future is that of another runtime, whose clock a test has moved.
        let age = self.at.and_then(|at| Instant::now().checked_duration_since(at));
        age.is_none_or(|age| age >= MAX_AGE)
    }

    fn refresh(&mut self) {
        if !self.is_old() {
            return;
        }
        self.at = Some(Instant::now());
        self.version += 1;
        for (id, breaker) in registry::circuits().into_iter().enumerate() {
            let snapshot = breaker.full_snapshot().snapshot;
            match self.circuits.get_mut(id) {
                Some(entry) => entry.update(id, breaker, &snapshot, self.version),
                None => self.circuits.push(Entry::first(id, breaker, &snapshot, self.version)),
            }
        }
    }
}

impl Entry {
    fn first(id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot, version: u64) -> Self {
        let mut entry = Entry {
            stable: stable(snapshot),
            changed: version,
            transitioned: version,
            present: String::new(),
            full_history: String::new(),
            recent_history: String::new(),
        };
        entry.write(id, breaker, snapshot);
        entry.write_history(breaker, snapshot);
        entry
    }

    fn update(&mut self, id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot, version: u64) {
        let stable = stable(snapshot);
        let is_same = stable == self.stable;
        let has_transitioned = !is_same
            && (stable.transitions, stable.state) != (self.stable.transitions, self.stable.state);
        self.stable = stable;
        if !is_same {
            self.changed = version;
        }
        // The remaining wait is written again, for clients that come later.
        if !is_same || snapshot.retry_after.is_some() {
            self.write(id, breaker, snapshot);
        }
        if has_transitioned {
            self.transitioned = version;
            self.write_history(breaker, snapshot);
        }
    }

    fn write(&mut self, id: usize, breaker: &CircuitBreaker, snapshot: &Snapshot) {
        let mode_change = history::mode_change(breaker);
        self.present = json(&Present { id, is_keyed: breaker.has_keys(), mode_change, snapshot });
        self.present.pop();
    }

    fn write_history(&mut self, breaker: &CircuitBreaker, snapshot: &Snapshot) {
        let from = history::seconds(SystemTime::now()).saturating_sub(RECENT_SECONDS);
        let recent = json(&snapshot.recent_transitions);
        let past = |from| {
            let timeline = history::timeline(breaker, snapshot.state, from);
            format!(",\"recent_transitions\":{recent},\"timeline\":{}", json(&timeline))
        };
        self.full_history = past(0);
        self.recent_history = past(from);
    }
}

fn stable(snapshot: &Snapshot) -> Snapshot {
    let retry_after = snapshot.retry_after.map(|_| Duration::ZERO);
    Snapshot { retry_after, ..snapshot.clone() }
}

/// Can't fail: strings, numbers and maps with text keys, all of which JSON has.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A circuit as it is now.
struct Present<'a> {
    /// Its index in the order of registration.
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
