//! The circuits, and what their calls come to.

use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, OnCancel, Window, circuit_breaker,
};

/// Whether the service is well.
pub(crate) static HEALTHY: AtomicBool = AtomicBool::new(true);

pub(crate) const MOMENT: Duration = Duration::from_micros(20);

/// Opens and closes all the time, by every rule.
const RESTLESS: Config = Config::new()
    .threshold(5)
    .failure_rate(0.5)
    .slow_call(MOMENT)
    .slow_rate(0.9)
    .window(Window::Calls(40))
    .recovery(Duration::from_nanos(1))
    .backoff(1.5)
    .max_recovery(MOMENT)
    .jitter(0.2)
    .success_threshold(2)
    .probes(3)
    .probe_timeout(MOMENT)
    .max_concurrent(16)
    .max_wait(MOMENT);

const BY_TIME: Config =
    RESTLESS.window(Window::Time(Duration::from_millis(1))).on_cancel(OnCancel::Failure);

/// Failures that come together count as one, in both kinds of window.
const MERGING: Config = BY_TIME.failure_count(9).merge_failures(MOMENT);

/// What `reconfigure` goes through.
pub(crate) const OTHERS: [Config; 9] = [
    BY_TIME.ramp(MOMENT),
    BY_TIME.throttle(0.3).failure_rate(0.9),
    BY_TIME,
    BY_TIME.window(Window::Calls(7)).min_calls(3),
    BY_TIME.threshold(1).probes(2),
    MERGING,
    BY_TIME.stall(Duration::from_micros(100)),
    MERGING.window(Window::Calls(40)),
    Config::new().on_cancel(OnCancel::Failure).recovery(MOMENT),
];

pub(crate) static FLAPPING: CircuitBreaker = CircuitBreaker::new("soak: flapping", RESTLESS);
pub(crate) static OPERATED: CircuitBreaker = CircuitBreaker::new("soak: operated", BY_TIME);
/// Never opens, so that each counter is known exactly.
pub(crate) static STEADY: CircuitBreaker =
    CircuitBreaker::new("soak: steady", Config::new().threshold(1_000_000));

pub(crate) struct Down;

impl From<CircuitOpenError> for Down {
    fn from(_: CircuitOpenError) -> Self {
        Down
    }
}

/// `Ok(false)` is the fallback's.
#[circuit_breaker(
    name = "soak: keys",
    threshold = 3,
    recovery = "2ms",
    success_threshold = 2,
    max_concurrent = 2,
    max_wait = "20us",
    stall = "300us",
    ping = |_, fate| if *fate == 4 { Err(Down) } else { Ok(()) },
    key = host,
    max_keys = 16,
    fallback = |_, _| Ok(false)
)]
pub(crate) fn keyed(host: u64, fate: u64) -> Result<bool, Down> {
    match fate {
        0 => crash(),
        1..4 => Err(Down),
        _ => Ok(true),
    }
}

/// A price, by whom and for what it was made, and in which call.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Price {
    pub(crate) shop: u64,
    pub(crate) article: u64,
    pub(crate) call: u64,
}

pub(crate) struct Shop(pub(crate) u64);

/// Most articles share a hash with another one.
#[derive(PartialEq, Eq)]
struct Article(u64);

impl Hash for Article {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % 3).hash(state);
    }
}

impl Shop {
    /// Asked for more shops than may have a circuit, and for more prices than are kept.
    #[circuit_breaker(
        name = "soak: prices",
        threshold = 3,
        recovery = "2ms",
        key = self.0,
        max_keys = 4,
        stale = "1h",
        stale_key = Article(article),
        max_stale = 20
    )]
    pub(crate) fn price(&self, article: u64, call: u64, fate: u64) -> Result<Price, NoPrice> {
        match fate {
            0 => crash(),
            1..4 => Err(NoPrice::Down),
            _ => Ok(Price { shop: self.0, article, call }),
        }
    }
}

pub(crate) enum NoPrice {
    Rejected,
    Down,
}

impl From<CircuitOpenError> for NoPrice {
    fn from(_: CircuitOpenError) -> Self {
        NoPrice::Rejected
    }
}

/// Unwinds without the message that the panic hook would print.
pub(crate) fn crash() -> ! {
    resume_unwind(Box::new("crash"))
}
