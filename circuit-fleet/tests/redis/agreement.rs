//! The store's side of the agreement: the script does what the simulation's `Record` does.

use circuit_fleet::agreement::{Probe, Record, Reply, Report, ServerTime, State, Status, Stored};
use fastrand::Rng;
use redis::{Commands, Connection, Script};

use crate::server::Redis;
use crate::{Turn, circuit, options, until};

const SCRIPT: &str = include_str!("../../src/scripts/agree.lua");
/// How the script learns the time, and how it does here.
const CLOCK: [&str; 2] = [
    "local time = redis.call('TIME')\n\
     local now = time[1] * 1000 + math.floor(time[2] / 1000)\n",
    "local now = tonumber(ARGV[3])\n",
];
const START: u64 = 1_700_000_000_000;
/// One instance has the highest number that there is.
const INSTANCES: [u64; 7] = [3, 20, 100, 7_000, 1 << 53, (1 << 60) + 1, u64::MAX];

struct Store {
    connection: Connection,
    script: Script,
    keys: [String; 5],
}

impl Store {
    fn new(redis: &Redis, text: &str) -> Self {
        let names = ["evidence:reports", "evidence:times", "evidence:failing"];
        let names = names.into_iter().chain(["opening:members", "opening:record"]);
        let keys: Vec<_> = names.map(|name| format!("f:{{test}}:{name}:pay")).collect();
        Store {
            connection: redis::Client::open(redis.address()).unwrap().get_connection().unwrap(),
            script: Script::new(text),
            keys: keys.try_into().unwrap(),
        }
    }

    fn run<T: redis::FromRedisValue>(&mut self, line: &str, now: u64) -> redis::RedisResult<T> {
        let mut run = self.script.prepare_invoke();
        self.keys.iter().for_each(|key| _ = run.key(key));
        run.arg(line).arg("f:{test}:status:pay").arg(now).invoke(&mut self.connection)
    }

    fn apply(&mut self, report: &Report, now: u64) -> (Reply, bool) {
        let (accepted, place, publishes, status): (bool, u32, bool, String) =
            self.run(&report.encode(), now).unwrap();
        let status = Status::decode(&status).unwrap();
        (Reply { accepted, place, status }, publishes)
    }

    fn stored(&mut self) -> Stored {
        let [reports, times, failing, members, record] = &self.keys;
        let connection = &mut self.connection;
        let mut reports: Vec<(String, String)> = connection.hgetall(reports).unwrap();
        reports.sort();
        Stored {
            reports,
            times: connection.zrange_withscores(times, 0, -1).unwrap(),
            failing: connection.zrange_withscores(failing, 0, -1).unwrap(),
            members: connection.zrange(members, 0, -1).unwrap(),
            record: connection.get::<_, Option<String>>(record).unwrap().unwrap_or_default(),
        }
    }
}

/// What one instance has said last.
#[derive(Clone, Copy)]
struct Said {
    number: u64,
    failures: u64,
    begun: u64,
    ended: u64,
    state: State,
}

/// Something that the instance may say at this time, and now and then something that it may not.
fn any_report(instance: u64, said: &mut Said, now: u64, rng: &mut Rng) -> Report {
    // Mostly the next one. Others come twice, or too late.
    said.number =
        (said.number + [0, 1, 1, 1, 1, 2][rng.usize(..6)]).saturating_sub(rng.u64(..8) / 7);
    let new = rng.u32(..6);
    said.failures += u64::from(new);
    let mut probe = None;
    said.state = match (said.state, rng.u8(..8)) {
        (State::Closed, 0..4) => State::Open,
        (State::Open, 0..4) => {
            said.begun += 1;
            State::HalfOpen
        }
        (State::HalfOpen, 0..7) => {
            said.ended += 1;
            // For a while most probes fail, and then most succeed.
            let is_well = now / 10_000 % 2 == 1;
            let succeeded = rng.u8(..8) < if is_well { 7 } else { 2 };
            probe = Some(Probe { succeeded, age: rng.u64(..2_300) });
            if succeeded { State::Closed } else { State::Open }
        }
        (state, 7) if rng.u8(..4) == 0 => {
            if state == State::Left {
                State::Closed
            } else {
                State::Left
            }
        }
        (State::Left, _) => State::Closed,
        (state, _) => state,
    };
    let made = match rng.u8(..40) {
        0 => None,
        1 => Some(now + rng.u64(..2_500)),
        2 => Some(now - rng.u64(..2_500)),
        _ => Some(now - rng.u64(..30)),
    };
    Report {
        instance,
        number: said.number,
        made: made.map(ServerTime),
        alert_at: [10, 10, 16][rng.usize(..3)],
        failures: said.failures,
        fresh: rng.u32(..=new + 2),
        run: rng.u32(..12),
        failure_age: rng.u64(..2_000),
        success_age: (rng.u8(..5) == 0).then(|| rng.u64(..2_000)),
        state: said.state,
        probes_begun: said.begun,
        probes_ended: said.ended,
        probe,
    }
}

/// Mostly soon after; now and then after a silence, or by another clock.
fn later(now: u64, rng: &mut Rng) -> u64 {
    match rng.u8(..100) {
        0 => now + rng.u64(..70_000),
        1..5 => now + rng.u64(..6_500),
        5 if rng.u8(..4) == 0 => now - rng.u64(..3_600_000),
        _ => now + rng.u64(..400),
    }
}

#[test]
#[ignore = "needs redis-server"]
fn the_script_merges_reports_as_the_simulated_store_does() {
    assert!(SCRIPT.contains(CLOCK[0]));
    let redis = Redis::start();
    let mut store = Store::new(&redis, &SCRIPT.replace(CLOCK[0], CLOCK[1]));
    let [mut openings, mut endings, mut again, mut alerts, mut news, mut proofs] = [0; 6];
    for seed in 0..40_u8 {
        let mut rng = Rng::with_seed(seed.into());
        let mut record = Record::default();
        redis.command(&["FLUSHALL"]);
        let nothing = Said { number: 0, failures: 0, begun: 0, ended: 0, state: State::Closed };
        let mut said = [nothing; INSTANCES.len()];
        let mut now = START;
        let mut has_begun_again = false;
        for step in 0..250 {
            now = later(now, &mut rng);
            let who = rng.usize(..INSTANCES.len().min(2 + usize::from(seed)));
            let report = any_report(INSTANCES[who], &mut said[who], now, &mut rng);
            let expected = record.apply(&report, ServerTime(now));
            let got = store.apply(&report, now);
            assert_eq!(got, expected, "seed {seed}, step {step}, {report:?}");
            assert_eq!(store.stored(), record.stored(), "seed {seed}, step {step}, {report:?}");
            let (Reply { status, .. }, publishes) = got;
            let has_ended = status.opening.is_some_and(|it| it.ended.is_some());
            openings += u32::from(status.opening.is_some_and(|it| it.ended.is_none()));
            endings += u32::from(has_ended);
            proofs += u32::from(has_begun_again && has_ended);
            has_begun_again = status.opening.is_some_and(|it| it.ended.is_none() && it.broken > 0);
            again += u32::from(has_begun_again);
            alerts += u32::from(status.is_alert(10));
            news += u32::from(publishes);
        }
    }
    // Each of them was compared often.
    let seen = [openings, endings, again, alerts, news];
    assert!(seen.iter().all(|times| *times > 300) && proofs > 5, "{seen:?}, {proofs} proofs");
}

#[test]
#[ignore = "needs redis-server"]
fn the_script_refuses_what_it_cannot_read_and_goes_by_the_servers_clock() {
    let redis = Redis::start();
    let mut store = Store::new(&redis, SCRIPT);
    let mut said = Said { number: 1, failures: 0, begun: 0, ended: 0, state: State::Closed };
    let report = any_report(7, &mut said, START, &mut Rng::with_seed(1));
    let report = Report { made: Some(ServerTime(START)), ..report };
    let line = report.encode();
    for wrong in [
        "",
        "1 7",
        &line.replacen("1 7", "2 7", 1),
        &line.replacen("1 7", "1 -7", 1),
        &line.replacen(&START.to_string(), "a", 1),
        &format!("1 7 9007199254740992 {}", line.splitn(4, ' ').last().unwrap()),
        &format!("{line} {}", "7 ".repeat(300)),
    ] {
        let refused = store.run::<redis::Value>(wrong, 0).unwrap_err();
        assert_eq!(refused.code(), Some("FORM"), "{wrong}: {refused}");
    }
    assert_eq!(redis.command(&["DBSIZE"]), "0");

    // Who doesn't know the time asks for it, and what is two seconds old by it is refused.
    let (asked, _) = store.apply(&Report { made: None, ..report }, 0);
    assert!(!asked.accepted && asked.status.time.0 > START, "{asked:?}");
    let made = asked.status.time;
    let (fresh, _) = store.apply(&Report { made: Some(made), ..report }, 0);
    assert!(fresh.accepted);
    let old = Report { made: Some(made.before(2_001)), number: 90, ..report };
    assert!(!store.apply(&old, 0).0.accepted);
    // Nothing stays for ever.
    for key in store.keys.clone() {
        let left: i64 = store.connection.pttl(&key).unwrap();
        assert!(left == -2 || left > 0, "{key}: {left}");
    }
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_hears_what_is_published_again_after_redis_was_away() {
    let mut turn = Turn::take();
    circuit("listens");
    let fleet = turn.join(&options("a"));
    let hears = |turn: &Turn| {
        until("it hears", || turn.redis.command(&["PUBSUB", "NUMPAT"]) == "1");
    };
    hears(&turn);
    turn.redis.kill();
    turn.redis.start_again();
    hears(&turn);
    turn.leave(fleet);
    let silent = options("a").shared_probing(false);
    let fleet = turn.join(&silent);
    assert!(turn.is_ready(&fleet));
    assert_eq!(turn.redis.command(&["PUBSUB", "NUMPAT"]), "0", "it takes no part");
    turn.leave(fleet);
}
