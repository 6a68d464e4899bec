//! Shared probing and the alert: what the instance's circuits and those of others tell each other, over Redis.
//!
//! No call knows of it. A circuit's calls are seen in its counters, ten times a second or more, and its transitions at once.

mod circuit;
mod exchange;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use circuit_runtime::{circuits, on_transition};
use redis::{Client, RedisResult};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

use crate::agreement::{Millis, look_every};
use crate::events;
use circuit::Circuit;
use exchange::{Answers, Exchange, MOST_REPORTS, Sent, Told};
pub(crate) use rules::Wants;

/// How often new circuits are looked for.
const FIND: Millis = 1_000;
/// How long reports wait for the next attempt if none can be sent.
const HELD_UP: Millis = 50;
/// So long without a refusal, and it is over: a server that lacks a right takes some reports, and refuses others.
const WELL_AGAIN: Millis = 10_000;
/// What the local clock shows at first: far from zero, so that what was before can be told.
const BEGINNING: Millis = 1_000_000_000;

/// Wakes the thread once a circuit has changed its state.
static CHANGED: Notify = Notify::const_new();

/// How sharing goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    trouble: Arc<Mutex<Option<String>>>,
    dropped: Arc<AtomicU64>,
}

impl Health {
    /// What Redis has last answered, if it doesn't take reports.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many statuses were dropped, because too many came at once.
    pub(crate) fn dropped(&self) -> u64 {
        // Relaxed: it is only shown.
        self.dropped.load(Ordering::Relaxed)
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// The circuits of an instance that takes part.
pub(crate) struct Sharing {
    wants: Wants,
    instance: u64,
    began: Instant,
    circuits: BTreeMap<&'static str, Circuit>,
    /// Circuits with keys decide alone.
    keyed: BTreeSet<&'static str>,
    exchange: Exchange,
    health: Health,
    /// When the server has last refused reports, which was told.
    refused_at: Option<Millis>,
    look_at: Millis,
    find_at: Millis,
    send_at: Millis,
}

impl Sharing {
    /// Connects to nothing yet.
    pub(crate) fn new(client: &Client, namespace: &str, wants: Wants) -> RedisResult<Self> {
        let health = Health::default();
        let exchange = Exchange::new(client, namespace, Arc::clone(&health.dropped))?;
        Ok(Sharing {
            wants,
            instance: fastrand::u64(..),
            began: Instant::now(),
            circuits: BTreeMap::new(),
            keyed: BTreeSet::new(),
            exchange,
            health,
            refused_at: None,
            look_at: 0,
            find_at: 0,
            send_at: 0,
        })
    }

    /// How it goes, to be looked at meanwhile.
    pub(crate) fn health(&self) -> Health {
        self.health.clone()
    }

    /// Takes part, as long as this is polled.
    pub(crate) async fn take_part(&mut self) {
        static LISTENS: Once = Once::new();
        LISTENS.call_once(|| on_transition(|_| CHANGED.notify_one()));
        loop {
            let now = self.now();
            if now >= self.find_at {
                self.find(now);
                self.find_at = now + FIND;
            }
            let is_look = now >= self.look_at;
            if is_look {
                self.look_at = now + look_every(self.wants.alert);
            }
            for circuit in self.circuits.values_mut() {
                if is_look || circuit.again.is_some_and(|again| again <= now) {
                    circuit.attend(now);
                }
            }
            self.send_due(now);
            let next = self.began + Duration::from_millis(self.next(now) - BEGINNING);
            tokio::select! {
                () = sleep_until(next) => {}
                () = CHANGED.notified() => self.look_at = 0,
                told = self.exchange.told() => self.take(told),
            }
        }
    }

    /// Tells the others that this instance takes part no longer.
    pub(crate) async fn leave(&mut self) {
        let now = self.now();
        let circuits = self.circuits.iter_mut();
        let sent: Vec<_> =
            circuits.map(|(name, circuit)| sent(name, &circuit.leave(now))).collect();
        for sent in sent.chunks(MOST_REPORTS) {
            self.exchange.send_last(sent).await;
        }
    }

    fn now(&self) -> Millis {
        let passed = Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX);
        passed.saturating_add(BEGINNING)
    }

    fn find(&mut self, now: Millis) {
        for breaker in circuits() {
            let name = breaker.name();
            if self.keyed.contains(name) {
                continue;
            }
            if !breaker.keys().is_empty() {
                self.keyed.insert(name);
                self.circuits.remove(name);
                continue;
            }
            let (instance, wants) = (self.instance, self.wants);
            let new = || Circuit::new(breaker, instance, wants, now);
            self.circuits.entry(name).or_insert_with(new);
        }
    }

    fn send_due(&mut self, now: Millis) {
        while now >= self.send_at {
            let is_due = |circuit: &Circuit| circuit.report_due(now) <= now;
            let due = self.circuits.iter_mut().filter(|(_, circuit)| is_due(circuit));
            let mut due = due.take(MOST_REPORTS).peekable();
            if due.peek().is_none() {
                return;
            }
            if !self.exchange.may_send() {
                self.send_at = now + HELD_UP;
                return;
            }
            let sent = due.map(|(name, circuit)| sent(name, &circuit.report(now))).collect();
            self.exchange.send(sent);
        }
    }

    /// When there is something to do again, if nothing happens; later than now.
    fn next(&self, now: Millis) -> Millis {
        let reports = self.circuits.values().map(|circuit| circuit.report_due(now));
        let report = reports.min().map(|due| due.max(self.send_at));
        let advice = self.circuits.values().filter_map(|circuit| circuit.again).min();
        let next = [Some(self.look_at.min(self.find_at)), report, advice];
        next.into_iter().flatten().min().unwrap_or(now).max(now + 1)
    }

    fn take(&mut self, told: Told) {
        let now = self.now();
        match told {
            Told::Heard(circuit, status) => {
                if let Some(circuit) = self.circuits.get_mut(circuit.as_str()) {
                    circuit.heard(&status, now);
                }
            }
            Told::Answers(Answers { sent, replies: Ok(replies), .. }) => {
                self.health.set_trouble(None);
                if self.refused_at.is_some_and(|at| now.saturating_sub(at) > WELL_AGAIN) {
                    self.refused_at = None;
                    events::shares_again();
                }
                for (Sent { circuit, number, .. }, reply) in sent.iter().zip(replies) {
                    if let (Some(circuit), Some(reply)) = (self.circuits.get_mut(circuit), reply) {
                        circuit.replied(*number, &reply, now);
                    }
                }
            }
            Told::Answers(Answers { replies: Err(error), .. }) => {
                // If it is away, whoever asks for orders says so.
                if error.code().is_some() && self.refused_at.replace(now).is_none() {
                    events::cannot_share(&error.to_string());
                }
                self.health.set_trouble(Some(error.to_string()));
                self.circuits.values_mut().for_each(Circuit::disconnected);
            }
            Told::Lost => self.circuits.values_mut().for_each(Circuit::disconnected),
        }
    }
}

fn sent(circuit: &'static str, report: &crate::agreement::Report) -> Sent {
    Sent { circuit, number: report.number, line: report.encode() }
}
