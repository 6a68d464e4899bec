//! A service that can be down, and counts the calls that reach it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The calls of one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) good: u32,
    pub(crate) failed: u32,
    /// Those of the failed ones that were probes.
    pub(crate) failed_probes: u32,
}

/// Ends with the test's process.
pub(crate) struct Service {
    address: SocketAddr,
    is_down: Arc<AtomicBool>,
    calls: Arc<Mutex<BTreeMap<String, Calls>>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Service {
            address: listener.local_addr().unwrap(),
            is_down: Arc::default(),
            calls: Arc::default(),
        };
        let (is_down, calls) = (Arc::clone(&service.is_down), Arc::clone(&service.calls));
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Who was killed meanwhile needs no answer.
                let _ = stream.and_then(|stream| answer(&stream, &is_down, &calls));
            }
        });
        service
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// The calls so far of the instances whose names begin so.
    pub(crate) fn calls(&self, prefix: &str) -> Vec<Calls> {
        let calls = self.calls.lock().unwrap();
        let of = calls.iter().filter(|(name, _)| name.starts_with(prefix));
        of.map(|(_, calls)| *calls).collect()
    }

    /// Begins to count anew.
    pub(crate) fn forget(&self) {
        self.calls.lock().unwrap().values_mut().for_each(|calls| *calls = Calls::default());
    }
}

fn answer(
    mut stream: &TcpStream,
    is_down: &AtomicBool,
    calls: &Mutex<BTreeMap<String, Calls>>,
) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let (name, kind) = line.trim().split_once(' ').unwrap_or_default();
    let is_down = is_down.load(Ordering::SeqCst);
    let mut calls = calls.lock().unwrap();
    let calls = calls.entry(name.to_owned()).or_default();
    if is_down {
        calls.failed += 1;
        calls.failed_probes += u32::from(kind == "probe");
    } else {
        calls.good += 1;
    }
    stream.write_all(if is_down { b"-" } else { b"+" })
}

/// A call of the service. Whether it is well.
pub(crate) fn call(address: &str, name: &str, kind: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("{name} {kind}\n").as_bytes())?;
    let mut answer = [0];
    std::io::Read::read_exact(&mut stream, &mut answer)?;
    Ok(answer == *b"+")
}
