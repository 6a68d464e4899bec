//! A fleet to look at: five instances of a program, each a process, call a service that is well for a while and then isn't.
//! One page shows them all; from another terminal `circuitctl` switches a circuit off in all five.
//!
//! ```text
//! cargo run -p fleet_demo               # until Ctrl-C
//! cargo run -p fleet_demo -- --check    # one outage and one order, then it ends: for CI
//! ```
//!
//! It starts a Redis of its own, if `redis-server` is installed.
//!
//! - `instance.rs`: what a program does that is in a fleet. Start reading there.
//! - `service.rs`: the service that flaps.
//! - `redis.rs`: a Redis that ends with the demo.
//! - `watch.rs`: what you see in this terminal.
//! - `check.rs`: what `--check` checks.

mod check;
mod instance;
mod redis;
mod service;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use circuit_fleet::Operator;
use instance::Instance;
use redis::Redis;
use service::Service;

type Failure = Box<dyn std::error::Error>;

/// The fleet's name.
const NAMESPACE: &str = "demo";
const INSTANCES: usize = 5;
/// How long the service is well, and how long it isn't.
const FLAP: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fleet_demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    if let Some(instance) = instance::asked_for() {
        return instance.run().await;
    }
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => return Err(format!("`{other}` is no argument; there is `--check`").into()),
    };
    let redis = Redis::start()?;
    let service = Service::start().await?;
    let started = (1..=INSTANCES)
        .map(|number| Instance::start(&format!("demo-{number}"), &redis.address(), service.url()));
    let instances = started.collect::<Result<Vec<_>, _>>()?;
    let page = format!("{}/fleet", instances[0].url());
    let mut operator = Operator::new(&redis.address(), NAMESPACE)?;
    if check {
        check::one_cycle(&mut operator, &service, &page).await?;
    } else {
        heading(&page, instances[0].url(), &redis.address());
        tokio::select! {
            ended = watch::follow(&mut operator) => ended?,
            ended = service.flap(FLAP) => ended,
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
    }
    instances.into_iter().try_for_each(Instance::leave)
}

fn heading(page: &str, instance: &str, redis: &str) {
    println!("The fleet, live:  {page}");
    println!("One instance:     {instance}/circuits/ui\n");
    println!("From another terminal, switch `payments` off in all {INSTANCES} instances:\n");
    println!(
        "  cargo run -q -p circuit-fleet --features cli --bin circuitctl -- --redis {redis} \
         --namespace {NAMESPACE} --by me force-open payments --for 1m --reason \"to see it\"\n"
    );
    println!(
        "`list`, `orders` and `cancel 1` in the place of `force-open …` go on from there. Ctrl-C ends it.\n"
    );
}
