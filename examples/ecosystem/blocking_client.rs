//! Threads and blocking sockets, no async runtime: four workers share one circuit, and ask a service that takes
//! connections but doesn't answer for two seconds.
//!
//! ```text
//! cargo run -p ecosystem --example blocking_client    # five seconds
//! ```

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use circuit_runtime::circuit_breaker;

const PATIENCE: Duration = Duration::from_millis(150);

/// Every thread that calls it meets the same circuit. There is no option `timeout` without a runtime: a blocked thread
/// can't be interrupted from outside, so the socket has the limit. `io::Error` has a `From<CircuitOpenError>`.
#[circuit_breaker(
    name = "stock",
    threshold = 5,
    recovery = "300ms",
    backoff = 2,
    max_recovery = "1s",
    max_concurrent = 16
)]
fn stock(service: SocketAddr) -> io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&service, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(b"stock?\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

static HANGS: AtomicBool = AtomicBool::new(false);
static OVER: AtomicBool = AtomicBool::new(false);

fn main() -> io::Result<()> {
    let start = Instant::now();
    let service = start_service()?;
    println!("Four threads ask the service at {service}, and wait at most {PATIENCE:?} for it.");
    println!("Per half second, what became of their calls:\n");

    circuit_runtime::on_transition(move |change| {
        let seconds = start.elapsed().as_secs_f64();
        println!("{seconds:5.2} s  {} -> {}: {}", change.from, change.to, change.reason);
    });
    let workers: Vec<_> = (0..4).map(|_| thread::spawn(move || work(service))).collect();

    let mut last = (0, 0, 0);
    for half_second in 1..=10 {
        match half_second {
            3 => say(start, "the service hangs from now on"),
            7 => say(start, "the service is well again"),
            _ => {}
        }
        HANGS.store((3..7).contains(&half_second), Ordering::Relaxed);
        thread::sleep(Duration::from_millis(500));

        // From anywhere, by name: what an admin page would show.
        let Some(circuit) = circuit_runtime::find("stock") else { continue };
        let seen = circuit.snapshot();
        let (answered, failed, rejected) =
            (seen.successes - last.0, seen.failures - last.1, seen.rejected - last.2);
        last = (seen.successes, seen.failures, seen.rejected);
        let counts = format!("{answered:4} answered {failed:4} failed {rejected:4} rejected");
        say(start, &format!("{:9}  {counts}", seen.state.to_string()));
    }

    OVER.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().expect("a worker doesn't panic");
    }
    if let Some(circuit) = circuit_runtime::find("stock") {
        println!("\n{}", circuit.snapshot());
    }
    println!("A failed call held its thread for {PATIENCE:?}, a rejected one for microseconds.");
    Ok(())
}

fn work(service: SocketAddr) {
    while !OVER.load(Ordering::Relaxed) {
        // What the caller makes of an error is its own business; this one goes on to the next item.
        let _ = stock(service);
        thread::sleep(Duration::from_millis(20));
    }
}

fn say(start: Instant, line: &str) {
    println!("{:5.2} s  {line}", start.elapsed().as_secs_f64());
}

/// Takes connections; answers them, or keeps them waiting while it hangs.
fn start_service() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let mut waiting = Vec::new();
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { continue };
            if HANGS.load(Ordering::Relaxed) {
                waiting.push(connection);
            } else {
                waiting.clear();
                let _ = connection.read(&mut [0; 16]);
                let _ = connection.write_all(b"12 in stock");
            }
        }
    });
    Ok(address)
}
