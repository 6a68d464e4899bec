//! What an instance reports of its circuits.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use circuit_runtime::{CircuitBreaker, Snapshot, State, circuits};
use serde_json::{Value, json};

use crate::wire::Report;

/// The longest report, in bytes of JSON.
const LONGEST: usize = 64 * 1024;
/// How many open keys of a circuit are shown.
const KEYS: usize = 20;
/// How many keys of a circuit are looked at for that.
const LOOKED_AT: usize = 1_000;

/// Makes reports, one after another.
pub(crate) struct Reporter {
    /// How many calls each circuit had at the last report, and when that was.
    before: HashMap<&'static str, u64>,
    at: Instant,
    shows_keys: bool,
    /// Keys may be customers: they are shown by a number that means something in this process only.
    hasher: RandomState,
}

impl Reporter {
    pub(crate) fn new(shows_keys: bool) -> Self {
        let hasher = RandomState::new();
        Reporter { before: HashMap::new(), at: Instant::now(), shows_keys, hasher }
    }

    /// Fills in the circuits, as far as there is room.
    pub(crate) fn fill(&mut self, report: &mut Report) {
        let now = Instant::now();
        let seconds = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        let mut room =
            LONGEST - serde_json::to_vec(report).map_or(LONGEST, |it| it.len().min(LONGEST));
        for breaker in circuits() {
            let shown = self.shown(breaker, seconds);
            let length = shown.to_string().len() + 1;
            if length <= room {
                room -= length;
                report.circuits.push(shown);
            } else {
                report.left_out += 1;
            }
        }
    }

    fn shown(&mut self, breaker: &'static CircuitBreaker, seconds: f64) -> Value {
        let seen = breaker.snapshot();
        let calls = calls(&seen);
        let before = self.before.insert(breaker.name(), calls).unwrap_or(calls);
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let calls_a_second = calls.saturating_sub(before) as f64 / seconds.max(0.001);
        let mut shown = serde_json::to_value(&seen).unwrap_or_default();
        if let Value::Object(fields) = &mut shown {
            // The long part; the page of the instance has it.
            fields.remove("recent_transitions");
            fields.insert("calls_a_second".to_owned(), json!(calls_a_second.round()));
            let keys = self.open_keys(breaker);
            if !keys.is_empty() {
                fields.insert("open_keys".to_owned(), json!(keys));
            }
        }
        shown
    }

    fn open_keys(&self, breaker: &CircuitBreaker) -> Vec<String> {
        let keys = breaker.keys().into_iter().take(LOOKED_AT);
        let open = keys
            .filter(|key| breaker.snapshot_of(key).is_some_and(|seen| seen.state == State::Open));
        let shown = open.take(KEYS).map(|key| {
            if self.shows_keys {
                key.chars().take(200).collect()
            } else {
                format!("#{:016x}", self.hasher.hash_one(&*key))
            }
        });
        shown.collect()
    }
}

fn calls(seen: &Snapshot) -> u64 {
    seen.successes + seen.failures + seen.ignored + seen.rejected + seen.cancelled + seen.late
}
