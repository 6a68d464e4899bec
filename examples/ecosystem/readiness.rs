//! A readiness check that is right for circuits with and without keys, and for what operators have set by hand.
//!
//! ```text
//! cargo run -p ecosystem --example readiness    # one second
//! ```

use std::io;
use std::time::Duration;

use axum::http::StatusCode;
use axum::{Router, routing::get};
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Mode, Snapshot, State, circuit_breaker,
};
use tokio::net::TcpListener;

const CONFIG: Config = Config::new().threshold(1).recovery(Duration::from_millis(200));

/// The one service without which nothing works. Its circuits are one for each shard.
static SHARDS: KeyedBreaker = KeyedBreaker::new("shards", CONFIG, 1_000);

#[circuit_breaker(breaker = SHARDS, key = shard)]
fn query(shard: u8, is_up: bool) -> io::Result<()> {
    if is_up { Ok(()) } else { Err(io::Error::other("down")) }
}

/// 503 while no call could get through.
async fn ready() -> StatusCode {
    if is_away(&SHARDS) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// Whether all calls would be rejected. `state()` can't say that of a circuit with keys, because it is the worst of them:
/// one shard of many that is down is no reason to send no calls to the others.
fn is_away(circuit: &CircuitBreaker) -> bool {
    let keys = circuit.keys();
    if keys.is_empty() {
        // Without keys, or without a call so far, which must count as ready.
        return rejects(&circuit.snapshot());
    }
    // A key that has gone meanwhile has nothing to say.
    keys.iter().filter_map(|key| circuit.snapshot_of(key)).all(|seen| rejects(&seen))
}

fn rejects(seen: &Snapshot) -> bool {
    match seen.mode {
        Mode::ForcedOpen => true,
        // Everything runs, whatever the state is.
        Mode::Disabled | Mode::Shadow => false,
        // A half-open circuit is ready: without calls there would be no probe.
        Mode::Normal => seen.state == State::Open,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/ready", listener.local_addr()?);
    let app = Router::new().route("/ready", get(ready));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let show = async |what: &str| -> reqwest::Result<()> {
        println!("{what:30} {}", reqwest::get(&url).await?.status());
        Ok(())
    };

    show("no call so far").await?;
    let _ = (query(1, false), query(2, true));
    show("shard 1 of 2 is down").await?;
    let _ = query(2, false);
    show("both are down").await?;
    SHARDS.shadow();
    show("both are down, in shadow").await?;
    SHARDS.resume();
    tokio::time::sleep(Duration::from_millis(200)).await;
    show("both await a probe").await?;
    query(1, true)?;
    show("shard 1 is back").await?;
    SHARDS.force_open();
    show("forced open by an operator").await?;
    Ok(())
}
