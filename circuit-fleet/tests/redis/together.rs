//! Shared probing and the alert among real processes: beside others that are alone, and while Redis is in trouble.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use circuit_fleet::{Fleet, Options};
use circuit_runtime::{CallError, CircuitBreaker, Config, State};

use crate::proxy::Proxy;
use crate::server::Redis;
use crate::service::{Calls, DOWN, Service, Trouble, call};
use crate::{Turn, until};

/// Instances that call the service, each a process. They end when this is dropped.
struct Callers {
    children: Vec<Child>,
    prefix: &'static str,
}

impl Callers {
    fn start(redis: &str, service: &Service, prefix: &'static str, many: usize) -> Self {
        let start = |number| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "together::a_caller"])
                .env("INSTANCE_OF", redis)
                .env("SERVICE", service.address())
                .env("INSTANCE", format!("{prefix}{number}"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        Callers { children: (0..many).map(start).collect(), prefix }
    }

    /// Whether this holds for the calls of each of them.
    fn all(&self, service: &Service, holds: impl Fn(Calls) -> bool) -> bool {
        self.count(service, holds) == self.children.len()
    }

    /// For how many it holds.
    fn count(&self, service: &Service, holds: impl Fn(Calls) -> bool) -> usize {
        service.calls(self.prefix).into_iter().filter(|calls| holds(*calls)).count()
    }

    fn sum(&self, service: &Service, of: impl Fn(Calls) -> u32) -> u32 {
        service.calls(self.prefix).into_iter().map(of).sum()
    }

    /// Lets them leave. None of them has met an error that is not the service's or the circuit's.
    fn leave(mut self) {
        self.children.iter_mut().for_each(|child| drop(child.stdin.take()));
        for child in &mut self.children {
            assert!(child.wait().unwrap().success(), "a call failed because of the fleet");
        }
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Not a test: what [`Callers`] run, until their input ends.
#[test]
#[ignore = "needs redis-server"]
fn a_caller() {
    let variable = |name: &str| std::env::var(name);
    let (Ok(service), Ok(name)) = (variable("SERVICE"), variable("INSTANCE")) else { return };
    let redis = variable("INSTANCE_OF").unwrap();
    let is_alone = name.starts_with("alone");
    let wait = Duration::from_secs(if name.contains("trouble") { 3 } else { 8 });
    let config = Config::new().threshold(5).recovery(wait);
    let breaker = Box::leak(Box::new(CircuitBreaker::new("payments", config)));
    breaker.register();
    let options = Options::new("test").instance(&name).orders(false);
    let options = options.shared_probing(!is_alone).alert(!is_alone);
    let fleet = Fleet::join(&redis, options).unwrap();
    let ends = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&ends);
    thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        says.store(true, Ordering::SeqCst);
    });
    while !ends.load(Ordering::SeqCst) {
        let called = breaker.call(|| {
            let kind = if breaker.state() == State::HalfOpen { "probe" } else { "call" };
            let is_well = call(&service, &name, kind).expect("the service answers");
            if is_well { Ok(()) } else { Err("down") }
        });
        assert!(matches!(called, Ok(()) | Err(CallError::Open(_) | CallError::Failed("down"))));
        thread::sleep(Duration::from_millis(180 + fastrand::u64(..40)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(fleet.leave());
}

/// How many instances the store knows of, by the record of their circuit.
fn known(redis: &Redis) -> usize {
    redis.command(&["HLEN", "f:{test}:evidence:reports:payments"]).parse().unwrap_or(0)
}

/// Whether the opening had ended, and has begun again: no success ends it, and failures after one are noted.
fn has_begun_again(redis: &Redis) -> bool {
    let record = redis.command(&["GET", "f:{test}:opening:record:payments"]);
    let words: Vec<&str> = record.split_whitespace().collect();
    matches!(words[..], [.., "-", _proved, broken] if words.len() == 16 && broken != "0")
}

#[test]
#[ignore = "needs redis-server"]
fn instances_that_share_call_a_dead_service_less_and_come_back_sooner_than_alone() {
    beside_alone(20, DOWN);
}

/// Each call takes until the caller's limit is over.
#[test]
#[ignore = "needs redis-server"]
fn instances_that_share_wait_less_for_a_service_that_hangs_and_come_back_sooner_than_alone() {
    beside_alone(12, Trouble::Hangs);
}

/// An outage that befalls so many that share, and as many that are alone.
fn beside_alone(many: usize, trouble: Trouble) {
    let turn = Turn::take();
    let service = Service::start();
    let together = Callers::start(&turn.redis.address(), &service, "together", many);
    let alone = Callers::start(&turn.redis.address(), &service, "alone", many);
    let everybody =
        |holds: &dyn Fn(Calls) -> bool| together.all(&service, holds) && alone.all(&service, holds);
    until("all are served, and share", || {
        everybody(&|calls| calls.good >= 5) && known(&turn.redis) == many
    });
    service.forget();
    service.set(Some(trouble));
    for probes in 1..=2 {
        until(&format!("each that is alone has probed {probes} times"), || {
            alone.all(&service, |calls| calls.failed_probes >= probes)
        });
    }
    // Those that are alone have just probed, and will wait.
    service.set(None);
    let failed = [&together, &alone].map(|it| it.sum(&service, |calls| calls.failed));
    let probes = [&together, &alone].map(|it| it.sum(&service, |calls| calls.failed_probes));
    until("all that share are served", || together.all(&service, |calls| calls.good > 0));
    let served_alone = alone.count(&service, |calls| calls.good > 0);
    println!("together, alone: failed {failed:?}, probes {probes:?}; {served_alone} alone served");
    assert!(failed[0] < failed[1] && probes[0] < probes[1], "{failed:?} {probes:?}");
    assert!(served_alone < many, "who is alone was as soon");
    until("so are those that are alone", || alone.all(&service, |calls| calls.good > 0));
    together.leave();
    alone.leave();
    until("whoever leaves takes itself off the record", || known(&turn.redis) == 0);
}

#[test]
#[ignore = "needs redis-server"]
fn most_are_served_while_a_service_half_recovers_and_all_once_it_is_well() {
    const MANY: usize = 12;
    let turn = Turn::take();
    let service = Service::start();
    let callers = Callers::start(&turn.redis.address(), &service, "in-trouble", MANY);
    let all = |what: &str, holds: &dyn Fn(Calls) -> bool| {
        until(what, || callers.all(&service, holds));
    };
    all("all are served", &|calls| calls.good >= 5);
    until("they share", || known(&turn.redis) == MANY);
    service.set(Some(DOWN));
    service.forget();
    until("they take turns to probe", || callers.sum(&service, |calls| calls.failed_probes) >= 12);
    service.set(Some(Trouble::FailsEverySecond));
    service.forget();
    // Not all: some are out of luck with one probe after the other.
    until("three of four are served, and have failures", || {
        callers.count(&service, |calls| calls.good >= 5 && calls.failed > 0) >= MANY * 3 / 4
    });
    let probes = callers.sum(&service, |calls| calls.failed_probes);
    println!("while every second call failed, {probes} probes failed");
    service.set(Some(Trouble::FailsThreeOfFour));
    service.forget();
    until("a success has let some go, and most of them have failed", || {
        has_begun_again(&turn.redis)
    });
    service.set(None);
    service.forget();
    all("each is served", &|calls| calls.good >= 10);
    callers.leave();
}

#[test]
#[ignore = "needs redis-server"]
fn instances_whose_path_is_broken_cost_the_others_no_call() {
    let turn = Turn::take();
    let service = Service::start();
    let start = |prefix, many| Callers::start(&turn.redis.address(), &service, prefix, many);
    let (cut_off, well) = (start("trouble", 3), start("well", 5));
    until("all are served, and share", || {
        let served = |callers: &Callers| callers.all(&service, |calls| calls.good >= 5);
        served(&cut_off) && served(&well) && known(&turn.redis) == 8
    });
    service.forget();
    service.set(Some(Trouble::DownFor("trouble")));
    until("each that is cut off has probed twice", || {
        cut_off.all(&service, |calls| calls.failed_probes >= 2)
    });
    assert!(well.all(&service, |calls| calls.good > 5 && calls.failed == 0));
    let mut rejected = Vec::new();
    until("all show their circuits", || {
        let view = turn.runtime.block_on(turn.operator().view()).unwrap_or_default();
        let shown = view.instances.iter().filter(|it| it.name.starts_with("well"));
        let shown = shown.filter_map(|it| it.circuits.first()?["rejected"].as_u64());
        rejected = shown.collect();
        rejected.len() == 5
    });
    assert_eq!(rejected, [0; 5]);
    service.set(None);
    service.forget();
    until("all are served", || cut_off.all(&service, |calls| calls.good > 0));
    cut_off.leave();
    well.leave();
}

/// Instances that reach Redis through a proxy, and have one outage of their service after the other.
struct Outages {
    service: Service,
    callers: Callers,
}

impl Outages {
    const MANY: usize = 6;

    /// The service is down, and comes back, while something is wrong with Redis.
    fn outage(&self, redis: &mut Redis, trouble: &str, befalls: impl FnOnce(&mut Redis)) {
        let Outages { service, callers } = self;
        let all = |what: &str, holds: &dyn Fn(Calls) -> bool| {
            until(&format!("{trouble}: {what}"), || callers.all(service, holds));
        };
        service.forget();
        all("each is served", &|calls| calls.good >= 5);
        until(&format!("{trouble}: they share"), || known(redis) == Self::MANY);
        service.forget();
        service.set(Some(DOWN));
        all("each calls", &|calls| calls.failed > 0);
        befalls(redis);
        service.forget();
        all("each probes", &|calls| calls.failed_probes >= 2);
        service.set(None);
        all("each is served again", &|calls| calls.good > 0);
    }
}

#[test]
#[ignore = "needs redis-server"]
fn whatever_befalls_redis_each_probes_and_comes_back_and_no_call_fails_for_it() {
    let mut turn = Turn::take();
    let service = Service::start();
    let proxy = Proxy::to(&turn.redis);
    let callers = Callers::start(&proxy.address(), &service, "in-trouble", Outages::MANY);
    let outages = Outages { service, callers };
    outages.outage(&mut turn.redis, "killed", Redis::kill);
    turn.redis.start_again();
    outages.outage(&mut turn.redis, "frozen", |redis| redis.signal("-STOP"));
    turn.redis.signal("-CONT");
    outages.outage(&mut turn.redis, "emptied", |redis| _ = redis.command(&["FLUSHALL"]));
    let late = Duration::from_millis(500);
    outages.outage(&mut turn.redis, "late", |_| proxy.delay(late));
    // Late as it is: they share all the same.
    let mut other = Redis::start();
    outages.outage(&mut turn.redis, "failed over", |redis| {
        redis.kill();
        proxy.lead_to(&other);
    });
    proxy.delay(Duration::ZERO);
    outages.outage(&mut other, "well", |_| ());
    outages.callers.leave();
}
