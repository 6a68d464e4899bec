//! Numbers for a scrape, through the facade [`metrics`](https://docs.rs/metrics).
//!
//! A call through a breaker never touches the recorder: the breaker counts for itself, and
//! [`publish`] hands the counters over. Call it where the numbers are asked for, just before the
//! recorder renders them:
//!
//! ```
//! # struct Handle;
//! # impl Handle { fn render(&self) -> String { String::new() } }
//! # let handle = Handle;
//! // fn scrape(…) — `handle` is metrics-exporter-prometheus's `PrometheusHandle`, for example.
//! circuit_runtime::metrics::publish();
//! let text = handle.render();
//! # let _ = text;
//! ```
//!
//! With a recorder that pushes, call it from a timer. Transitions don't wait for it: the state, the
//! transitions and the time to the next probe are told at once.
//!
//! | name | kind | labels | |
//! |---|---|---|---|
//! | `circuit_breaker_calls_total` | counter | `circuit`, `outcome` | `outcome` is `success`, `failure`, `ignored`, `cancelled`, `late`, `unprotected` or `rejected`; each call is one of them, so their sum is every call that was asked for. Under `on_cancel = failure`, a cancelled call is a `failure` |
//! | `circuit_breaker_panicked_total` | counter | `circuit` | failures that were panics |
//! | `circuit_breaker_timed_out_total` | counter | `circuit` | failures that exceeded their `timeout` |
//! | `circuit_breaker_slow_total` | counter | `circuit` | successes and failures that took at least `slow_call` |
//! | `circuit_breaker_fallbacks_total` | counter | `circuit` | calls that a fallback answered |
//! | `circuit_breaker_transitions_total` | counter | `circuit`, `to` | `to` is `closed`, `half-open` or `open` |
//! | `circuit_breaker_state` | gauge | `circuit`, `state` | 1 for the present state, 0 for the two others |
//! | `circuit_breaker_mode` | gauge | `circuit`, `mode` | 1 for the present mode, 0 for the others: `normal`, `forced-open`, `disabled`, `shadow` |
//! | `circuit_breaker_state_seconds_total` | counter | `circuit`, `state` | whole seconds in each state since the first `publish` or transition |
//! | `circuit_breaker_retry_after_seconds` | gauge | `circuit` | until the next probe; 0 where calls pass |
//! | `circuit_breaker_failure_rate` | gauge | `circuit` | of the window, where a rate is configured; NaN at 0 calls |
//! | `circuit_breaker_slow_rate` | gauge | `circuit` | likewise |
//! | `circuit_breaker_call_duration_seconds` | histogram | `circuit` | of circuits with `slow_call`, which read a clock anyway |
//!
//! A circuit per key is one `circuit`: its counters are the sums, its state is the worst of its
//! keys. Circuits of the same name are shown as one in the same way. [`publish_with_keys`] adds a
//! series for each key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::breaker::CircuitBreaker;
use crate::clock::{self, NEVER, Nanos, nanos};
use crate::config::OnCancel;
use crate::event::Transition;
use crate::outcome::{Mode, State};
use crate::registry;
use crate::snapshot::Snapshot;
use crate::sync::unpoisoned;

const STATES: [State; 3] = [State::Closed, State::HalfOpen, State::Open];

/// What this module keeps of each name. Nothing but its own code runs under the lock.
static LEDGER: Mutex<BTreeMap<&'static str, Track>> = Mutex::new(BTreeMap::new());

/// Held while gauges are written, so that the three of a state are always written as one. The
/// recorder runs under it; so whoever only tries it can't be made to wait for a recorder, or for
/// itself.
static PEN: Mutex<()> = Mutex::new(());

/// What the keys' counters had come to before they were evicted, and at the last look.
static KEYS: Mutex<BTreeMap<(&'static str, Arc<str>), Lasting>> = Mutex::new(BTreeMap::new());

/// Hands the counters and the present state of all registered circuits to the recorder.
pub fn publish() {
    publish_each(false);
}

/// As [`publish`], and for each key of a circuit per key `circuit_breaker_key_calls_total` (labels
/// `circuit`, `key`, `outcome`) and `circuit_breaker_key_state` (`circuit`, `key`, `state`).
///
/// The names are others, so that a sum over a circuit doesn't count its calls twice. The recorder
/// keeps the series of every key it has ever seen: use it where the keys are few, such as the hosts
/// of a cluster.
pub fn publish_with_keys() {
    publish_each(true);
}

fn publish_each(with_keys: bool) {
    let pen = unpoisoned(PEN.lock());
    describe();
    let mut names = BTreeMap::<_, Sum>::new();
    for breaker in registry::circuits() {
        names.entry(breaker.name()).or_default().add(breaker);
        if with_keys {
            breaker.keys().iter().for_each(|key| publish_key(breaker, key));
        }
    }
    for (name, sum) in names {
        sum.write(name);
        look_at(name, &sum).write(name);
    }
    drop(pen);
    write_tracks();
}

/// Brings the track of a name up to date.
fn look_at(circuit: &'static str, sum: &Sum) -> Track {
    let mut ledger = unpoisoned(LEDGER.lock());
    let now = clock::now();
    let track = ledger.entry(circuit).or_insert_with(|| Track::new(sum.state, now));
    track.advance(now);
    track.enter(sum.state, sum.retry_after, now);
    track.unwritten = false;
    *track
}

/// A circuit has changed its state.
pub(super) fn transition(breaker: &CircuitBreaker, transition: &Transition) {
    {
        let mut ledger = unpoisoned(LEDGER.lock());
        let now = clock::now();
        let track = ledger.entry(transition.circuit);
        let track = track.or_insert_with(|| Track::new(transition.from, now));
        track.advance(now);
        track.transitions[transition.to as usize] += 1;
        // Its present state instead of the one it went to: threads may come here in another order
        // than they made their transitions in. To find the worst of many keys would take
        // long; unless this one opened, the next `publish` does.
        let state = match transition.key {
            None => Some(breaker.state()),
            Some(_) => (transition.to == State::Open).then_some(State::Open),
        };
        if let Some(state) = state {
            let wait = transition.retry_after.filter(|_| state == State::Open);
            track.enter(state, wait, now);
        }
        track.unwritten = true;
    }
    write_tracks();
}

/// How long a call of a circuit with `slow_call` took.
pub(crate) fn took(circuit: &'static str, took: Nanos) {
    // A recorder's panic here would keep the outcome from the circuit, and a probe's place with it.
    crate::sync::contained(|| {
        histogram!("circuit_breaker_call_duration_seconds", "circuit" => circuit)
            .record(Duration::from_nanos(took));
    });
}

/// Where the circuits of one name stand, and how they came there.
#[derive(Debug, Clone, Copy)]
struct Track {
    state: State,
    /// When it came into that state, or was last looked at.
    since: Nanos,
    /// From when on it is half-open without anybody's doing, if it is open.
    until: Nanos,
    spent: [Nanos; 3],
    transitions: [u64; 3],
    /// The recorder doesn't know it yet.
    unwritten: bool,
}

impl Track {
    fn new(state: State, now: Nanos) -> Self {
        let (spent, transitions) = ([0; 3], [0; 3]);
        Track { state, since: now, until: NEVER, spent, transitions, unwritten: true }
    }

    /// Accounts for the time until now.
    fn advance(&mut self, now: Nanos) {
        if self.state == State::Open && now >= self.until {
            self.spend(self.until);
            self.state = State::HalfOpen;
        }
        self.spend(now);
    }

    fn spend(&mut self, until: Nanos) {
        self.spent[self.state as usize] += until.saturating_sub(self.since);
        self.since = self.since.max(until);
    }

    fn enter(&mut self, state: State, retry_after: Option<Duration>, now: Nanos) {
        self.state = state;
        self.until = match retry_after {
            Some(wait) => now.saturating_add(nanos(wait)),
            None => NEVER,
        };
    }

    /// What is left until the next probe.
    fn retry_after(&self) -> f64 {
        if self.until == NEVER { 0.0 } else { seconds(self.until.saturating_sub(self.since)) }
    }

    fn write(&self, circuit: &'static str) {
        for state in STATES {
            let spent = Duration::from_nanos(self.spent[state as usize]).as_secs();
            let label = state.as_str();
            counter!("circuit_breaker_transitions_total", "circuit" => circuit, "to" => label)
                .absolute(self.transitions[state as usize]);
            counter!("circuit_breaker_state_seconds_total", "circuit" => circuit, "state" => label)
                .absolute(spent);
            gauge!("circuit_breaker_state", "circuit" => circuit, "state" => label)
                .set(one_if(state == self.state));
        }
        gauge!("circuit_breaker_retry_after_seconds", "circuit" => circuit).set(self.retry_after());
    }
}

/// Writes what the recorder doesn't know yet, unless somebody else is at it, who will then look
/// again.
fn write_tracks() {
    loop {
        let pen = match PEN.try_lock() {
            Ok(pen) => pen,
            Err(TryLockError::Poisoned(pen)) => pen.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        while let Some((circuit, track)) = next_unwritten() {
            track.write(circuit);
        }
        drop(pen);
        // Whoever came while the pen was taken has gone away again and relies on this look.
        if !unpoisoned(LEDGER.lock()).values().any(|track| track.unwritten) {
            return;
        }
    }
}

fn next_unwritten() -> Option<(&'static str, Track)> {
    let mut ledger = unpoisoned(LEDGER.lock());
    let (circuit, track) = ledger.iter_mut().find(|(_, track)| track.unwritten)?;
    track.unwritten = false;
    Some((circuit, *track))
}

/// The circuits of one name, together.
struct Sum {
    state: State,
    mode: Mode,
    retry_after: Option<Duration>,
    /// Calls, failures and slow ones in the windows, if there are any.
    window: Option<[f64; 3]>,
    outcomes: [u64; OUTCOMES.len()],
    panicked: u64,
    timed_out: u64,
    slow: u64,
    fallbacks: u64,
}

const OUTCOMES: [&str; 7] =
    ["success", "failure", "ignored", "cancelled", "late", "unprotected", "rejected"];

/// The counters that no call is in twice.
fn outcomes(snapshot: &Snapshot, on_cancel: OnCancel) -> [u64; OUTCOMES.len()] {
    let Snapshot { successes, failures, ignored, cancelled, late, unprotected, rejected, .. } =
        *snapshot;
    let cancelled = if on_cancel == OnCancel::Failure { 0 } else { cancelled };
    [successes, failures, ignored, cancelled, late, unprotected, rejected]
}

impl Default for Sum {
    fn default() -> Self {
        Sum {
            state: State::Closed,
            mode: Mode::Normal,
            retry_after: None,
            window: None,
            outcomes: [0; OUTCOMES.len()],
            panicked: 0,
            timed_out: 0,
            slow: 0,
            fallbacks: 0,
        }
    }
}

impl Sum {
    fn add(&mut self, breaker: &CircuitBreaker) {
        let snapshot = breaker.snapshot();
        self.state = self.state.max(snapshot.state);
        if self.mode == Mode::Normal {
            self.mode = snapshot.mode;
        }
        self.retry_after = [self.retry_after, snapshot.retry_after].into_iter().flatten().min();
        if let Some(window) = snapshot.window {
            let more = [window.calls, window.failures, window.slow].map(f64::from);
            let sum = self.window.get_or_insert([0.0; 3]);
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        let more = outcomes(&snapshot, breaker.config().on_cancel);
        self.outcomes.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        self.panicked += snapshot.panicked;
        self.timed_out += snapshot.timed_out;
        self.slow += snapshot.slow;
        self.fallbacks += snapshot.fallbacks;
    }

    fn write(&self, circuit: &'static str) {
        for (outcome, count) in OUTCOMES.into_iter().zip(self.outcomes) {
            counter!("circuit_breaker_calls_total", "circuit" => circuit, "outcome" => outcome)
                .absolute(count);
        }
        for (name, count) in [
            ("circuit_breaker_panicked_total", self.panicked),
            ("circuit_breaker_timed_out_total", self.timed_out),
            ("circuit_breaker_slow_total", self.slow),
            ("circuit_breaker_fallbacks_total", self.fallbacks),
        ] {
            counter!(name, "circuit" => circuit).absolute(count);
        }
        for mode in [Mode::Normal, Mode::ForcedOpen, Mode::Disabled, Mode::Shadow] {
            gauge!("circuit_breaker_mode", "circuit" => circuit, "mode" => super::mode(mode))
                .set(one_if(mode == self.mode));
        }
        if let Some([calls, failures, slow]) = self.window {
            gauge!("circuit_breaker_failure_rate", "circuit" => circuit).set(failures / calls);
            gauge!("circuit_breaker_slow_rate", "circuit" => circuit).set(slow / calls);
        }
    }
}

/// A key's counters begin anew when it comes back after its eviction; those of the recorder go on.
#[derive(Default)]
struct Lasting {
    before: [u64; OUTCOMES.len()],
    last: [u64; OUTCOMES.len()],
}

impl Lasting {
    fn continued(&mut self, now: [u64; OUTCOMES.len()]) -> [u64; OUTCOMES.len()] {
        if now.iter().zip(self.last).any(|(now, last)| *now < last) {
            self.before.iter_mut().zip(self.last).for_each(|(before, last)| *before += last);
        }
        self.last = now;
        std::array::from_fn(|outcome| self.before[outcome] + now[outcome])
    }
}

fn publish_key(breaker: &CircuitBreaker, key: &Arc<str>) {
    let Some(snapshot) = breaker.snapshot_of(key) else { return };
    let circuit = breaker.name();
    let counts = {
        let mut keys = unpoisoned(KEYS.lock());
        let lasting = keys.entry((circuit, Arc::clone(key))).or_default();
        lasting.continued(outcomes(&snapshot, breaker.config().on_cancel))
    };
    for (outcome, count) in OUTCOMES.into_iter().zip(counts) {
        let key = key.to_string();
        counter!("circuit_breaker_key_calls_total", "circuit" => circuit, "key" => key, "outcome" => outcome)
            .absolute(count);
    }
    for state in STATES {
        let key = key.to_string();
        gauge!("circuit_breaker_key_state", "circuit" => circuit, "key" => key, "state" => state.as_str())
            .set(one_if(state == snapshot.state));
    }
}

fn one_if(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn seconds(nanos: Nanos) -> f64 {
    Duration::from_nanos(nanos).as_secs_f64()
}

/// Tells the recorder what the names mean. As often as the numbers are told: it may be another
/// recorder by now.
fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

    for (name, text) in [
        ("circuit_breaker_calls_total", "Calls by what they came to."),
        ("circuit_breaker_panicked_total", "Failures that were panics."),
        ("circuit_breaker_timed_out_total", "Failures that exceeded their timeout."),
        ("circuit_breaker_slow_total", "Calls that took at least slow_call."),
        ("circuit_breaker_fallbacks_total", "Calls that a fallback answered."),
        ("circuit_breaker_transitions_total", "Changes of state, by the new state."),
        ("circuit_breaker_key_calls_total", "Calls of one key by what they came to."),
    ] {
        describe_counter!(name, text);
    }
    describe_counter!(
        "circuit_breaker_state_seconds_total",
        Unit::Seconds,
        "Time spent in each state."
    );
    for (name, text) in [
        ("circuit_breaker_state", "1 for the present state."),
        ("circuit_breaker_mode", "1 for the present mode."),
        ("circuit_breaker_failure_rate", "Failures / calls in the window."),
        ("circuit_breaker_slow_rate", "Slow calls / calls in the window."),
        ("circuit_breaker_key_state", "1 for the present state of a key."),
    ] {
        describe_gauge!(name, text);
    }
    describe_gauge!(
        "circuit_breaker_retry_after_seconds",
        Unit::Seconds,
        "Time until the next probe."
    );
    describe_histogram!(
        "circuit_breaker_call_duration_seconds",
        Unit::Seconds,
        "How long calls took."
    );
}
