//! A service that can be down, and counts the calls that reach it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
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

/// What a service knows of itself.
#[derive(Debug, Default)]
struct State {
    /// Those whose names begin so can't reach it.
    is_down_for: Option<&'static str>,
    calls: BTreeMap<String, Calls>,
}

/// Ends with the test's process.
pub(crate) struct Service {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let service = Service { address, state: Arc::default() };
        let state = Arc::clone(&service.state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Who was killed meanwhile needs no answer.
                let _ = stream.and_then(|stream| answer(&stream, &state));
            }
        });
        service
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.state.lock().unwrap().is_down_for = is_down.then_some("");
    }

    /// Breaks the path of the instances whose names begin so.
    pub(crate) fn cut_off(&self, prefix: &'static str) {
        self.state.lock().unwrap().is_down_for = Some(prefix);
    }

    /// The calls so far of the instances whose names begin so.
    pub(crate) fn calls(&self, prefix: &str) -> Vec<Calls> {
        let state = self.state.lock().unwrap();
        let of = state.calls.iter().filter(|(name, _)| name.starts_with(prefix));
        of.map(|(_, calls)| *calls).collect()
    }

    /// Begins to count anew.
    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().calls.values_mut().for_each(|calls| *calls = Calls::default());
    }
}

fn answer(mut stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let (name, kind) = line.trim().split_once(' ').unwrap_or_default();
    let mut state = state.lock().unwrap();
    let is_down = state.is_down_for.is_some_and(|prefix| name.starts_with(prefix));
    let calls = state.calls.entry(name.to_owned()).or_default();
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
