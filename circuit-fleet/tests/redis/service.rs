//! A service that can be down, hang or fail some of the calls, and counts the calls that reach it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a caller waits for an answer.
const LIMIT: Duration = Duration::from_secs(1);

/// The calls of one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) good: u32,
    pub(crate) failed: u32,
    /// Those of the failed ones that were probes.
    pub(crate) failed_probes: u32,
}

/// What is wrong with a service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// It fails the calls of those whose names begin so.
    DownFor(&'static str),
    /// It takes calls and answers none.
    Hangs,
    /// It fails every second call, whoever makes it.
    FailsEverySecond,
    /// It fails three of four.
    FailsThreeOfFour,
}

/// Down for all.
pub(crate) const DOWN: Trouble = Trouble::DownFor("");

/// What a service knows of itself.
#[derive(Debug, Default)]
struct State {
    trouble: Option<Trouble>,
    all_calls: u64,
    calls: BTreeMap<String, Calls>,
    /// The calls that hang.
    hanging: Vec<TcpStream>,
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
                let _ = stream.and_then(|stream| answer(stream, &state));
            }
        });
        service
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on; `None`: it is well. Calls that hang get no answer any more.
    pub(crate) fn set(&self, trouble: Option<Trouble>) {
        let mut state = self.state.lock().unwrap();
        state.trouble = trouble;
        state.hanging.clear();
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

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let (name, kind) = line.trim().split_once(' ').unwrap_or_default();
    let mut state = state.lock().unwrap();
    state.all_calls += 1;
    let is_down = match state.trouble {
        None => false,
        Some(Trouble::DownFor(prefix)) => name.starts_with(prefix),
        Some(Trouble::Hangs) => true,
        Some(Trouble::FailsEverySecond) => state.all_calls % 2 == 0,
        Some(Trouble::FailsThreeOfFour) => state.all_calls % 4 != 0,
    };
    let calls = state.calls.entry(name.to_owned()).or_default();
    if is_down {
        calls.failed += 1;
        calls.failed_probes += u32::from(kind == "probe");
    } else {
        calls.good += 1;
    }
    if matches!(state.trouble, Some(Trouble::Hangs)) {
        state.hanging.push(stream);
        return Ok(());
    }
    stream.write_all(if is_down { b"-" } else { b"+" })
}

/// A call of the service. Whether it is well: it says so in time.
pub(crate) fn call(address: &str, name: &str, kind: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(format!("{name} {kind}\n").as_bytes())?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut answer = [0];
    match stream.read_exact(&mut answer) {
        Ok(()) => Ok(answer == *b"+"),
        Err(error) => match error.kind() {
            // No answer in time, or none any more.
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::UnexpectedEof => Ok(false),
            _ => Err(error),
        },
    }
}
