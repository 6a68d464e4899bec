//! The simulation: one event after the other, in virtual time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use circuit_fleet::agreement::{Reply, Report, Status};
use circuit_runtime::{State, Transition, test_util};
use fastrand::Rng;

use crate::Millis;
use crate::check::Checks;
use crate::instance::{Call, Instance};
use crate::measure::{Measured, Shared};
use crate::numbers::whole;
use crate::scenario::Scenario;
use crate::store::Store;

/// Something that happens at a time.
#[derive(Debug)]
struct Event {
    at: Millis,
    order: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Joins(usize),
    Crashes(usize),
    Calls(usize),
    Ends {
        instance: usize,
        life: u64,
        call: Call,
    },
    /// The instance may have to report or to heed an advice.
    Wakes(usize),
    Arrives {
        from: usize,
        life: u64,
        connection: u64,
        made: Millis,
        report: String,
    },
    Answers {
        to: usize,
        life: u64,
        connection: u64,
        number: u64,
        accepted: bool,
        place: u32,
        said: Millis,
        status: String,
    },
    Publishes {
        to: usize,
        connection: u64,
        said: Millis,
        status: String,
    },
    Wipes,
    FailsOver(i64),
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

struct World<'a> {
    scenario: &'a Scenario,
    is_fleet: bool,
    now: Millis,
    events: BinaryHeap<Reverse<Event>>,
    order: u64,
    instances: Vec<Option<Instance>>,
    /// How often each has crashed.
    lives: Vec<u64>,
    /// What decides about calls, by instance: the same whatever else happens.
    luck: Vec<Rng>,
    rng: Rng,
    store: Store,
    checks: Checks,
    measured: Measured,
}

/// Runs a scenario with a fleet, or with each instance alone. Gives the figures, and what was broken.
pub(crate) fn run(scenario: &Scenario, is_fleet: bool) -> (Measured, Vec<String>) {
    // The circuits' jitter.
    fastrand::seed(scenario.seed);
    let clock = test_util::freeze();
    let count = scenario.lives.len();
    let seeded = |instance: usize| Rng::with_seed(scenario.seed ^ (instance as u64 + 1) << 32);
    let mut world = World {
        scenario,
        is_fleet,
        now: 0,
        events: BinaryHeap::new(),
        order: 0,
        instances: (0..count).map(|_| None).collect(),
        lives: vec![0; count],
        luck: (0..count).map(seeded).collect(),
        rng: Rng::with_seed(!scenario.seed),
        store: Store::default(),
        checks: Checks::default(),
        measured: Measured::new(scenario),
    };
    for (instance, (from, to)) in scenario.lives.iter().enumerate() {
        world.plan(*from, What::Joins(instance));
        if let Some(to) = to {
            world.plan(*to, What::Crashes(instance));
        }
        let first = world.first(instance);
        world.plan(first, What::Calls(instance));
    }
    for at in &scenario.network.wipes {
        world.plan(*at, What::Wipes);
    }
    for (at, ahead) in &scenario.network.fail_overs {
        world.plan(*at, What::FailsOver(*ahead));
    }
    while let Some(Reverse(Event { at, what, .. })) = world.events.pop() {
        if at > scenario.until {
            break;
        }
        clock.advance(Duration::from_millis(at - world.now));
        world.now = at;
        world.happens(what);
    }
    if is_fleet {
        let status = world.store.record.status(world.store.time(world.now));
        let instances: Vec<&Instance> = world.instances.iter().flatten().collect();
        world.checks.at_the_end(&status, &instances, world.measured.most_shared(), scenario);
    }
    (world.measured, world.checks.broken)
}

impl World<'_> {
    fn plan(&mut self, at: Millis, what: What) {
        self.order += 1;
        self.events.push(Reverse(Event { at, order: self.order, what }));
    }

    /// How long until the instance's first call.
    fn first(&mut self, instance: usize) -> Millis {
        if !self.scenario.is_regular {
            return self.gap(instance);
        }
        let gap = 1_000.0 / self.scenario.rate * self.luck[instance].f64();
        whole(gap)
    }

    /// How long until the instance's next call.
    fn gap(&mut self, instance: usize) -> Millis {
        let mean = 1_000.0 / self.scenario.rate;
        let luck = self.luck[instance].f64();
        let gap = if self.scenario.is_regular {
            mean * (0.9 + 0.2 * luck)
        } else {
            -(1.0 - luck).ln() * mean
        };
        whole(gap).max(1)
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Joins(instance) => self.joins(instance),
            What::Crashes(instance) => {
                self.instances[instance] = None;
                self.lives[instance] += 1;
                self.measured.crashed(instance);
            }
            What::Calls(instance) => self.calls(instance),
            What::Ends { instance, life, call } => {
                if life == self.lives[instance] {
                    self.ends(instance, call);
                }
            }
            What::Wakes(instance) => self.attend(instance),
            What::Arrives { from, life, connection, made, report } => {
                if connection == self.store.connection {
                    self.arrives(from, life, made, &report);
                }
            }
            What::Answers { to, .. } | What::Publishes { to, .. }
                if self.scenario.network.stalled_until(to, self.now).is_some() =>
            {
                let until = self.scenario.network.stalled_until(to, self.now);
                self.plan(until.unwrap_or(self.now), what);
            }
            What::Answers { to, life, connection, number, accepted, place, said, status } => {
                if life == self.lives[to] && connection == self.store.connection {
                    self.is_told(to, Some((number, accepted, place)), said, &status);
                }
            }
            What::Publishes { to, connection, said, status } => {
                if connection == self.store.connection {
                    self.is_told(to, None, said, &status);
                }
            }
            What::Wipes => self.store.wipe(),
            What::FailsOver(ahead) => {
                self.store.fail_over(ahead);
                for instance in self.instances.iter_mut().flatten() {
                    instance.member.disconnected();
                }
            }
        }
    }

    fn joins(&mut self, instance: usize) {
        let config = self.scenario.circuit.config();
        let (number, ahead) = (self.rng.u64(..), self.rng.u64(0..1_000_000_000));
        let joined = Instance::new(number, config, self.scenario.rules(), ahead);
        self.instances[instance] = Some(joined);
        self.attend(instance);
    }

    fn calls(&mut self, index: usize) {
        let gap = self.gap(index);
        self.plan(self.now + gap, What::Calls(index));
        let luck = self.luck[index].f64();
        let fate = self.scenario.service.fate(index, self.now, luck);
        let now = self.now;
        let Some(instance) = &mut self.instances[index] else { return };
        let before = instance.own;
        let (call, changes) = instance.call(fate, now);
        let latest = before.deadline + self.scenario.circuit.longest_hold();
        let is_early = now < before.deadline || before.is_held && now < latest;
        let is_shared = before.state == State::Open && is_early;
        let opening = self.store.record.status(self.store.time(now)).opening;
        // Not those that a success has let go.
        let is_turn = opening.is_none_or(|opening| opening.ended.is_none());
        let shared = (is_shared && is_turn).then(|| Shared(opening.map(|opening| opening.id())));
        self.measured.call(index, fate, call.as_ref(), shared, now);
        self.checks.admitted(now, before, call.as_ref());
        self.note(index, &changes);
        if let Some(call) = call {
            let life = self.lives[index];
            self.plan(now + fate.takes, What::Ends { instance: index, life, call });
        }
        self.notice(index, &changes);
    }

    fn ends(&mut self, index: usize, call: Call) {
        let now = self.now;
        let Some(instance) = &mut self.instances[index] else { return };
        let run = instance.own.run;
        let told = instance.told;
        let is_good = call.fate.is_good;
        let changes = instance.end(call, now);
        for change in &changes {
            let threshold = self.scenario.circuit.threshold;
            self.checks.changed(change, is_good, run + 1, threshold, told, now);
        }
        self.note(index, &changes);
        self.notice(index, &changes);
    }

    /// A transition wakes the background task. The outcomes of calls are seen when it looks next.
    fn notice(&mut self, index: usize, changes: &[Transition]) {
        if !changes.is_empty() {
            self.attend(index);
        }
        let Some(instance) = &mut self.instances[index] else { return };
        let look = instance.look_at(self.now);
        if self.is_fleet && instance.next_look != Some(look) {
            instance.next_look = Some(look);
            self.plan(look, What::Wakes(index));
        }
    }

    fn note(&mut self, index: usize, changes: &[Transition]) {
        for change in changes {
            self.measured.changed(index, change, self.now);
        }
    }

    /// Lets the instance do what is due: heed the fleet, and report.
    fn attend(&mut self, index: usize) {
        if !self.is_fleet {
            return;
        }
        let now = self.now;
        if let Some(until) = self.scenario.network.stalled_until(index, now) {
            self.plan(until, What::Wakes(index));
            return;
        }
        let connection = self.store.connection;
        let Some(instance) = &mut self.instances[index] else { return };
        instance.connection = connection;
        let local = instance.local(now);
        let (advice, changes) = instance.heed(now);
        self.checks.heeded(&changes, advice, instance.told, now);
        if instance.own.state == State::Open {
            let deadline = instance.deadline(now).unwrap_or(now);
            let longest = self.scenario.circuit.longest_hold();
            self.checks.deadline(deadline, instance.own, longest, instance.told, now);
        }
        if let Some(again) = advice.again.map(|again| instance.global(again)) {
            if instance.next_advice.is_none_or(|planned| planned > again || planned <= now) {
                instance.next_advice = Some(again);
                self.plan(again, What::Wakes(index));
            }
        }
        let Some(instance) = &mut self.instances[index] else { return };
        let due = instance.member.report_due(local);
        if due <= local {
            instance.member.note_calls(instance.calls, local);
            let report = instance.member.report(local).encode();
            let life = self.lives[index];
            let next = instance.global(instance.member.report_due(local));
            instance.next_report = Some(next);
            self.plan(next, What::Wakes(index));
            self.measured.report();
            for at in self.scenario.network.arrivals(index, now, &mut self.rng) {
                let at = self.scenario.network.attended(at);
                let report = report.clone();
                self.plan(at, What::Arrives { from: index, life, connection, made: now, report });
            }
        } else {
            let due = instance.global(due);
            if instance.next_report.is_none_or(|planned| planned > due || planned <= now) {
                instance.next_report = Some(due);
                self.plan(due, What::Wakes(index));
            }
        }
    }

    fn arrives(&mut self, from: usize, life: u64, sent: Millis, text: &str) {
        let report = Report::decode(text).expect("a report");
        let (Reply { accepted, place, status }, publishes) = self.store.apply(&report, self.now);
        self.checks.merged(accepted, sent, self.now);
        let (now, connection) = (self.now, self.store.connection);
        let told = status.encode();
        for at in self.scenario.network.arrivals(from, now, &mut self.rng) {
            let (number, status) = (report.number, told.clone());
            let answer = What::Answers {
                to: from,
                life,
                connection,
                number,
                accepted,
                place,
                said: now,
                status,
            };
            self.plan(at, answer);
        }
        if publishes {
            self.measured.published();
            for to in 0..self.instances.len() {
                for at in self.scenario.network.arrivals(to, now, &mut self.rng) {
                    let status = told.clone();
                    self.plan(at, What::Publishes { to, connection, said: now, status });
                }
            }
        }
    }

    fn is_told(&mut self, to: usize, reply: Option<(u64, bool, u32)>, said: Millis, status: &str) {
        let Some(instance) = &mut self.instances[to] else { return };
        let local = instance.local(self.now);
        let status = Status::decode(status).expect("a status");
        let is_taken = match reply {
            Some((number, accepted, place)) => {
                instance.member.replied(number, &Reply { accepted, place, status }, local)
            }
            None => instance.member.heard(&status, local),
        };
        if is_taken {
            self.checks.told(said, self.now);
            instance.told = Some(instance.told.map_or(said, |told| told.max(said)));
        }
        self.attend(to);
    }
}
