use circuit_runtime::Reason;
use circuit_runtime::test_util::{Frozen, freeze};

use super::*;
use crate::agreement::{ALONE_AFTER, Opening, Record, ServerTime};

const BEGINNING: Millis = 1_000_000;
const EPOCH: Millis = 1_700_000_000_000;

/// Some instances' circuits of one name, and a store that is reached in no time.
struct Fleet {
    breakers: Vec<&'static CircuitBreaker>,
    circuits: Vec<Circuit>,
    record: Record,
    has_store: bool,
    clock: Frozen,
    now: Millis,
}

impl Fleet {
    /// Their service is well, and each has had some calls.
    fn new(many: u64, config: Config) -> Self {
        let clock = freeze();
        let breaker = |_| &*Box::leak(Box::new(CircuitBreaker::new("shared", config)));
        let breakers: Vec<&'static CircuitBreaker> = (0..many).map(breaker).collect();
        let wants = Wants { probing: true, alert: true };
        let circuits = breakers.iter().zip(0..);
        let circuits =
            circuits.map(|(breaker, number)| Circuit::new(breaker, number, wants, BEGINNING));
        let circuits = circuits.collect();
        let record = Record::default();
        let mut fleet =
            Fleet { breakers, circuits, record, has_store: true, clock, now: BEGINNING };
        for _ in 0..20 {
            (0..fleet.breakers.len()).for_each(|instance| fleet.succeed(instance));
            fleet.pass(500);
        }
        // The last success is forgotten as one that others could have had.
        fleet.pass(6_000);
        fleet
    }

    fn succeed(&self, instance: usize) {
        self.breakers[instance].try_acquire().expect("admitted").success();
    }

    fn fail(&self, instance: usize) {
        self.breakers[instance].try_acquire().expect("admitted").failure();
    }

    /// A call of each that is open. Who has calls, rejected ones too, has its turn for itself.
    fn are_rejected(&self) {
        let open = self.breakers.iter().filter(|breaker| breaker.state() == State::Open);
        open.for_each(|breaker| assert!(breaker.try_acquire().is_err()));
    }

    fn states(&self) -> Vec<State> {
        self.breakers.iter().map(|breaker| breaker.state()).collect()
    }

    fn opening(&self) -> Option<Opening> {
        self.record.status(ServerTime(EPOCH + self.now)).opening
    }

    /// Lets so much time pass, in looks of 100 ms.
    fn pass(&mut self, time: Millis) {
        for _ in 0..time / 100 {
            self.clock.advance(Duration::from_millis(100));
            self.now += 100;
            (0..self.circuits.len()).for_each(|instance| self.look(instance));
        }
    }

    fn look(&mut self, instance: usize) {
        let (now, circuit) = (self.now, &mut self.circuits[instance]);
        circuit.attend(now);
        if circuit.report_due(now) > now {
            return;
        }
        let report = circuit.report(now);
        if self.has_store {
            let (reply, publishes) = self.record.apply(&report, ServerTime(EPOCH + now));
            circuit.replied(report.number, &reply, now);
            let hear = |circuit: &mut Circuit| circuit.heard(&reply.status, now);
            self.circuits.iter_mut().filter(|_| publishes).for_each(hear);
        }
    }
}

/// Opens with the first failure, for ten seconds.
const TOUCHY: Config = Config::new().threshold(1).recovery(Duration::from_secs(10));

#[test]
fn a_probe_that_succeeds_lets_the_others_probe_at_once() {
    let mut fleet = Fleet::new(3, TOUCHY);
    let opened = fleet.now;
    (0..3).for_each(|instance| fleet.fail(instance));
    assert_eq!(fleet.states(), [State::Open; 3]);
    // A turn comes in each third of the wait.
    while !fleet.states().contains(&State::HalfOpen) {
        fleet.are_rejected();
        fleet.pass(100);
    }
    let told: Vec<_> = (0..3).filter(|it| fleet.states()[*it] == State::HalfOpen).collect();
    assert_eq!(told.len(), 1);
    assert!(fleet.now - opened < 4_000, "after {} ms", fleet.now - opened);
    fleet.succeed(told[0]);
    fleet.pass(1_000);
    assert!(!fleet.states().contains(&State::Open), "{:?}", fleet.states());
}

#[test]
fn whoever_hears_nothing_any_more_waits_for_nobody() {
    let mut fleet = Fleet::new(20, TOUCHY.backoff(10.0).max_recovery(Duration::from_secs(600)));
    (0..20).for_each(|instance| fleet.fail(instance));
    let opened = fleet.now;
    fleet.pass(100);
    // Eight probes fail, the last about when all would have probed alone: now they shall wait ten times as long.
    while fleet.opening().is_some_and(|opening| opening.streak == 0) {
        let turn = fleet.states().iter().position(|state| *state == State::HalfOpen);
        if let Some(turn) = turn {
            fleet.fail(turn);
        }
        fleet.are_rejected();
        fleet.pass(100);
    }
    let waiting: Vec<_> =
        fleet.breakers.iter().filter(|breaker| breaker.snapshot().transitions == 1).collect();
    let is_open = |breaker: &&&CircuitBreaker| breaker.state() == State::Open;
    assert!(fleet.now > opened + 10_000 && waiting.iter().filter(|it| is_open(it)).count() > 8);
    let waiting: Vec<_> = waiting.into_iter().copied().collect();
    fleet.has_store = false;
    fleet.pass(ALONE_AFTER);
    assert!(waiting.iter().all(|breaker| breaker.state() == State::HalfOpen));
}

#[test]
fn no_probe_comes_before_the_time_that_the_service_asks_an_open_circuit_for() {
    let mut fleet = Fleet::new(2, TOUCHY);
    (0..2).for_each(|instance| fleet.fail(instance));
    fleet.pass(1_000);
    fleet.breakers[0].open_for(Duration::from_secs(60));
    fleet.pass(59_000);
    assert_eq!(fleet.states(), [State::Open, State::HalfOpen]);
    fleet.succeed(1);
    fleet.pass(900);
    assert_eq!(fleet.states(), [State::Open, State::Closed]);
    fleet.pass(200);
    assert_eq!(fleet.states(), [State::HalfOpen, State::Closed]);
}

#[test]
fn a_circuit_that_somebody_has_put_into_another_mode_takes_no_part() {
    let mut fleet = Fleet::new(2, TOUCHY);
    (0..2).for_each(|instance| fleet.fail(instance));
    fleet.pass(1_000);
    let live = |fleet: &Fleet| fleet.opening().map_or(0, |opening| opening.live);
    assert_eq!(live(&fleet), 2);
    fleet.breakers[1].force_open();
    fleet.pass(1_500);
    assert_eq!(live(&fleet), 1);
    fleet.breakers[1].resume();
    fleet.pass(1_500);
    assert_eq!(live(&fleet), 2);
}

#[test]
fn while_calls_fail_everywhere_the_next_failure_opens() {
    let mut fleet = Fleet::new(3, TOUCHY.threshold(9));
    let seven_each = |fleet: &mut Fleet| {
        (0..3).for_each(|instance| (0..7).for_each(|_| fleet.fail(instance)));
        fleet.pass(2_000);
    };
    seven_each(&mut fleet);
    assert_eq!(fleet.states(), [State::Closed; 3], "hearsay opens nothing");
    fleet.succeed(1);
    fleet.pass(1_000);
    fleet.fail(0);
    assert_eq!(fleet.states(), [State::Closed; 3], "anybody's success ends the alert");

    (0..3).for_each(|instance| fleet.succeed(instance));
    fleet.pass(100);
    seven_each(&mut fleet);
    fleet.fail(0);
    assert_eq!(fleet.states(), [State::Open, State::Closed, State::Closed]);
    let last = fleet.breakers[0].snapshot().recent_transitions.pop().expect("it has opened");
    assert!(matches!(last.reason, Reason::Suspected { failures: 8, .. }), "{last}");
}

#[test]
fn other_options_are_followed() {
    let mut fleet = Fleet::new(2, TOUCHY);
    let slow = TOUCHY.recovery(Duration::from_secs(40));
    fleet.breakers.iter().for_each(|breaker| breaker.reconfigure(slow).expect("valid"));
    (0..2).for_each(|instance| fleet.fail(instance));
    // Half of the wait, for each of the two.
    fleet.pass(19_000);
    assert_eq!(fleet.states(), [State::Open; 2]);
    fleet.pass(2_000);
    assert!(fleet.states().contains(&State::HalfOpen));
}
