//! A fleet over a real Redis, which is killed, stopped and emptied under it.
//!
//! A process is one instance of a fleet, so these tests take turns; further instances are further processes of this program.

mod acl;
mod agreement;
mod circuitctl;
mod circuitctl_slips;
mod delay;
mod events;
mod failover;
mod http;
mod http_orders;
mod log;
mod orders;
mod proxy;
mod server;
mod service;
mod tls;
mod together;
mod trouble;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use circuit_fleet::{Action, Fleet, Operator, Options, OrderDraft};
use circuit_runtime::{CircuitBreaker, Config, Mode, find, set_orders};
use server::Redis;
use tokio::runtime::Runtime;

static TURN: Mutex<()> = Mutex::new(());

/// The right to be an instance, with a server and a runtime of one's own.
struct Turn {
    redis: Redis,
    runtime: Runtime,
    _guard: MutexGuard<'static, ()>,
}

impl Turn {
    fn take() -> Self {
        let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // An instance that a failed test has left behind lifts its orders a moment later.
        set_orders(Vec::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Turn { redis: Redis::start(), runtime, _guard: guard }
    }

    fn join(&self, options: &Options) -> Fleet {
        Turn::join_at(&self.redis.address(), options)
    }

    /// By another way than straight to the server.
    fn join_at(address: &str, options: &Options) -> Fleet {
        let mut joined = None;
        until("the last test's instance has left", || {
            joined = Fleet::join(address, options.clone()).ok();
            joined.is_some()
        });
        joined.unwrap()
    }

    fn is_ready(&self, fleet: &Fleet) -> bool {
        self.runtime.block_on(fleet.ready(Duration::from_secs(20)))
    }

    fn leave(&self, fleet: Fleet) {
        self.runtime.block_on(fleet.leave());
    }

    fn operator(&self) -> Operator {
        Operator::new(&self.redis.address(), "test").unwrap()
    }

    /// Gives an order, and waits until all instances have taken notice. Returns its version.
    fn order(&self, draft: &OrderDraft) -> u64 {
        let mut operator = self.operator();
        let version = self.runtime.block_on(operator.order(draft)).unwrap();
        self.acknowledged(version);
        version
    }

    fn acknowledged(&self, version: u64) {
        let mut operator = self.operator();
        until("the order is acknowledged", || {
            let acknowledged = self.runtime.block_on(operator.acknowledged(version));
            acknowledged.is_ok_and(|it| it.instances > 0 && it.silent.is_empty())
        });
    }
}

fn options(instance: &str) -> Options {
    Options::new("test").instance(instance)
}

fn draft(action: Action) -> OrderDraft {
    OrderDraft::new(action, "alice")
}

/// A registered circuit; the same for the same name.
fn circuit(name: &'static str) -> &'static CircuitBreaker {
    if let Some(breaker) = find(name) {
        return breaker;
    }
    let breaker = Box::leak(Box::new(CircuitBreaker::new(name, Config::new().threshold(1))));
    breaker.register();
    breaker
}

/// Waits for a state, and fails after a time that no machine needs.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn until_mode(breaker: &CircuitBreaker, mode: Mode) {
    until(&format!("{} is {mode}", breaker.name()), || breaker.mode() == mode);
}

/// Another instance, in a process of its own, with a circuit `payments`.
struct Other(Child);

impl Other {
    fn start(redis: &Redis, name: &str) -> Self {
        Other::start_at(&redis.address(), name, &[])
    }

    fn start_at(address: &str, name: &str, variables: &[(&str, &Path)]) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "another_instance"])
            .env("INSTANCE_OF", address)
            .env("INSTANCE", name)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Other(child)
    }

    /// Lets it leave its fleet.
    fn leave(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test: what [`Other`] runs, until it is killed or its input ends.
#[test]
#[ignore = "needs redis-server"]
fn another_instance() {
    let (Ok(address), Ok(name)) = (std::env::var("INSTANCE_OF"), std::env::var("INSTANCE")) else {
        return;
    };
    circuit("payments");
    let fleet = Fleet::join(&address, options(&name)).unwrap();
    let _ = std::io::stdin().read_line(&mut String::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(fleet.leave());
}
