//! One instance: a real circuit, and what it has to do with the fleet.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use circuit_fleet::agreement::{Advice, Deadline, Member, Rules, Seen, look_every};
use circuit_runtime::{CircuitBreaker, Config, Outcome, Permit, Reason, State, Transition};

use crate::Millis;
use crate::service::Fate;

/// A circuit that lives as long as the program, as permits in flight need it; it is used again and again.
#[derive(Debug)]
struct Node {
    breaker: CircuitBreaker,
    transitions: Arc<Mutex<Vec<Transition>>>,
}

thread_local! {
    static UNUSED: RefCell<Vec<&'static Node>> = const { RefCell::new(Vec::new()) };
}

impl Node {
    fn take(config: Config) -> &'static Node {
        let node = UNUSED.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            let transitions = Arc::new(Mutex::new(Vec::new()));
            let breaker = CircuitBreaker::new("simulated", Config::new());
            let log = Arc::clone(&transitions);
            breaker.on_transition(move |transition| {
                log.lock().unwrap_or_else(PoisonError::into_inner).push(transition.clone());
            });
            Box::leak(Box::new(Node { breaker, transitions }))
        });
        node.breaker.reset();
        node.breaker.reconfigure(config).expect("a valid configuration");
        node.breaker.suspect(Duration::ZERO);
        node.changes();
        node
    }

    fn changes(&self) -> Vec<Transition> {
        std::mem::take(&mut self.transitions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Call {
    permit: Permit<'static>,
    pub(crate) fate: Fate,
    pub(crate) is_probe: bool,
}

/// What the instance knows of its own circuit, to check it by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Own {
    pub(crate) state: State,
    /// Since when.
    pub(crate) since: Millis,
    /// When the open circuit would probe by itself.
    pub(crate) deadline: Millis,
    /// Failures in a row while closed.
    pub(crate) run: u32,
    pub(crate) asked: bool,
    /// The fleet has moved its deadline past its own.
    pub(crate) is_held: bool,
}

#[derive(Debug)]
pub(crate) struct Instance {
    node: &'static Node,
    pub(crate) member: Member,
    seen: Seen,
    look: Millis,
    pub(crate) own: Own,
    /// What its monotonic clock is ahead of the simulation's.
    ahead: Millis,
    pub(crate) connection: u64,
    pub(crate) calls: u64,
    pub(crate) last_call: Millis,
    /// When it was last told anything: the time at which that was true.
    pub(crate) told: Option<Millis>,
    pub(crate) next_report: Option<Millis>,
    pub(crate) next_advice: Option<Millis>,
    pub(crate) next_look: Option<Millis>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        UNUSED.with_borrow_mut(|unused| unused.push(self.node));
    }
}

impl Instance {
    pub(crate) fn new(number: u64, config: Config, rules: Rules, ahead: Millis) -> Self {
        let node = Node::take(config);
        let (seen, _) = Seen::first(&node.breaker.snapshot());
        Instance {
            node,
            member: Member::new(number, rules),
            seen,
            look: look_every(rules.alert),
            own: Own {
                state: State::Closed,
                since: 0,
                deadline: 0,
                run: 0,
                asked: false,
                is_held: false,
            },
            ahead,
            connection: 0,
            calls: 0,
            last_call: 0,
            told: None,
            next_report: None,
            next_advice: None,
            next_look: None,
        }
    }

    /// The time of its monotonic clock.
    pub(crate) fn local(&self, now: Millis) -> Millis {
        now + self.ahead
    }

    /// The simulation's time.
    pub(crate) fn global(&self, local: Millis) -> Millis {
        local.saturating_sub(self.ahead)
    }

    /// A call comes. `None`: it is rejected.
    pub(crate) fn call(&mut self, fate: Fate, now: Millis) -> (Option<Call>, Vec<Transition>) {
        self.calls += 1;
        self.last_call = now;
        let permit = self.node.breaker.try_acquire().ok();
        let changes = self.follow(now);
        let is_probe = self.own.state == State::HalfOpen;
        let call = permit.map(|permit| Call { permit, fate, is_probe });
        (call, changes)
    }

    /// A call ends.
    pub(crate) fn end(&mut self, call: Call, now: Millis) -> Vec<Transition> {
        let Call { permit, fate, .. } = call;
        if fate.is_good {
            self.own.run = 0;
            permit.success();
        } else {
            self.own.run += 1;
            match fate.asks {
                Some(wait) => permit.record(Outcome::OpenFor(Duration::from_millis(wait))),
                None => permit.failure(),
            }
        }
        self.follow(now)
    }

    /// When its background task looks at the circuit next, by the simulation's time.
    pub(crate) fn look_at(&self, now: Millis) -> Millis {
        now + self.look - self.local(now) % self.look
    }

    /// Takes note of what has happened, and does what the fleet advises. Gives what has changed: nothing may.
    pub(crate) fn heed(&mut self, now: Millis) -> (Advice, Vec<Transition>) {
        let local = self.local(now);
        let breaker = &self.node.breaker;
        for event in self.seen.events(&breaker.snapshot()) {
            self.member.note(event, local);
        }
        let advice = self.member.advise(local);
        match advice.deadline {
            Some(Deadline::ProbeNow) => breaker.probe_now(),
            Some(Deadline::Extend(wait)) => {
                breaker.extend(Duration::from_millis(wait));
                self.own.is_held |= now + wait > self.own.deadline;
            }
            None => {}
        }
        if let Some(wait) = advice.suspect {
            breaker.suspect(Duration::from_millis(wait));
        }
        (advice, self.node.changes())
    }

    /// When the open circuit admits a probe, as things are.
    pub(crate) fn deadline(&self, now: Millis) -> Option<Millis> {
        (self.own.state == State::Open).then(|| {
            let left = self.node.breaker.snapshot().retry_after.unwrap_or_default();
            now + u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(Millis::MAX)
        })
    }

    /// Keeps its own account of what has happened to the circuit.
    fn follow(&mut self, now: Millis) -> Vec<Transition> {
        let changes = self.node.changes();
        for change in &changes {
            (self.own.state, self.own.since) = (change.to, now);
            match change.to {
                State::Closed => self.own.run = 0,
                State::HalfOpen => {}
                State::Open => {
                    let wait = change.retry_after.unwrap_or_default().as_micros().div_ceil(1_000);
                    let wait = Millis::try_from(wait).unwrap_or(Millis::MAX);
                    self.own.deadline = now.saturating_add(wait);
                    self.own.asked = matches!(change.reason, Reason::Requested { .. });
                    self.own.is_held = false;
                }
            }
        }
        changes
    }
}
