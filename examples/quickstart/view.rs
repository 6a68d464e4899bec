//! What the example prints: a line per call, transitions and the service's health standing out, a summary.

use std::{
    env,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use circuit_runtime::{CircuitBreaker, CircuitOpenError, State, Transition};

use crate::client::{Answer, Error};

const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const BOLD: &str = "1";

/// `println!` that doesn't mind when nobody reads on, as under `| head`.
macro_rules! say {
    ($($line:tt)*) => {{
        let _ = writeln!(io::stdout(), $($line)*);
    }};
}

pub(crate) struct View {
    start: Instant,
    colour: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Where the calls in progress took their circuits, by circuit; shown below the line of the call.
    transitions: Vec<(&'static str, String)>,
    failed: Vec<Duration>,
    turned_away: Vec<Duration>,
}

pub(crate) struct Call {
    circuit: &'static str,
    state: State,
    start: Instant,
}

impl Call {
    pub(crate) fn begin(circuit: &'static str) -> Self {
        Call {
            circuit,
            // A circuit is listed from its first call on.
            state: circuit_runtime::find(circuit).map_or(State::Closed, CircuitBreaker::state),
            start: Instant::now(),
        }
    }
}

impl View {
    pub(crate) fn new() -> Self {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        View {
            start: Instant::now(),
            colour: io::stdout().is_terminal() && !no_colour,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn heading(&self, address: SocketAddr) {
        say!("A service at http://{address}, and two clients. `price` is async and");
        say!("has a fallback; `stock` is sync and has none. Their circuits open after 3");
        say!("failures, for 1 s.\n");
        let heading = format!(
            "{:>7}  {:7}  {:9}  {:11}  {:>8}  answer",
            "time", "circuit", "state", "answered by", "took"
        );
        say!("{}", self.paint(BOLD, &heading));
    }

    pub(crate) fn answer(&self, call: &Call, result: &Result<Answer, Error>) {
        let took = call.start.elapsed();
        let mut seen = self.seen();
        let (colour, by, answer) = match result {
            Ok(Answer::Service(text)) => (GREEN, "service", text.clone()),
            Ok(Answer::Fallback(text)) => (YELLOW, "fallback", (*text).to_owned()),
            Err(Error::Rejected(open)) => (YELLOW, "rejected", wait(open)),
            Err(error) => (RED, "error", error.to_string()),
        };
        match result {
            Ok(Answer::Fallback(_)) | Err(Error::Rejected(_)) => seen.turned_away.push(took),
            Err(_) => seen.failed.push(took),
            Ok(Answer::Service(_)) => {}
        }
        say!(
            "{}  {:7}  {:9}  {}  {:>8}  {answer}",
            self.time(),
            call.circuit,
            call.state,
            self.paint(colour, &format!("{by:11}")),
            rounded(took),
        );
        seen.transitions.retain(|(circuit, line)| {
            let ours = *circuit == call.circuit;
            if ours {
                say!("{line}");
            }
            !ours
        });
    }

    /// A transition to half-open stands above the call that is the probe, any other below the call that made it.
    pub(crate) fn transition(&self, transition: &Transition) {
        let change = format!("{} -> {}", transition.from, transition.to);
        let colour = match transition.to {
            State::Closed => GREEN,
            State::Open => RED,
            State::HalfOpen => YELLOW,
        };
        let line = format!(
            "{:>7}  {:7}  {}  {}",
            ">>>",
            transition.circuit,
            self.paint(colour, &format!("{change:21}")),
            transition.reason,
        );
        match transition.to {
            State::HalfOpen => say!("{line}"),
            State::Closed | State::Open => self.seen().transitions.push((transition.circuit, line)),
        }
    }

    pub(crate) fn service(&self, news: &str) {
        let line = format!("{}  the service {news}", self.time());
        say!("{}", self.paint(BOLD, &line));
    }

    pub(crate) fn summary(&self) {
        say!("\n{}", self.paint(BOLD, "Summary"));
        for circuit in circuit_runtime::circuits() {
            say!("  {}", circuit.snapshot());
        }
        let seen = self.seen();
        say!(
            "  The slowest failing call cost its caller {}; a call while the circuit\n  \
             was open, {} (median of {}).",
            rounded(seen.failed.iter().copied().max().unwrap_or_default()),
            rounded(median(&seen.turned_away)),
            seen.turned_away.len(),
        );
    }

    fn time(&self) -> String {
        format!("{:>5.2} s", self.elapsed().as_secs_f64())
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line has 80 columns, and the circuit's name stands in it already.
fn wait(open: &CircuitOpenError) -> String {
    let wait = open.retry_after();
    wait.map_or_else(|| "not now".to_owned(), |wait| format!("retry after {wait:.1?}"))
}

fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn rounded(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1e-3 => format!("{:.0} µs", seconds * 1e6),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}
