//! A clock that stands still, for tests of code behind a breaker.

use std::cell::Cell;
use std::marker::PhantomData;
use std::time::Duration;

use crate::clock::{self, Nanos};

thread_local! {
    static FROZEN: Cell<Option<Nanos>> = const { Cell::new(None) };
}

/// Stops the breakers' time on this thread until the guard is dropped.
///
/// For calls made or polled on this thread, time moves only by [`Frozen::advance`]. Other threads
/// keep the real clock, so tests that run side by side don't disturb each other. Freezing again
/// while frozen continues from the time that the first guard shows; when the inner guard is
/// dropped, the outer one shows its own time again.
///
/// What happened in frozen time stays: a circuit that opened after an advance of an hour is open
/// for an hour longer when the guard is gone. [`reset`](crate::CircuitBreaker::reset) the circuits
/// that outlive a test.
///
/// The attribute's `timeout` option follows tokio's clock, not this one.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{CircuitBreaker, Config, State, test_util};
///
/// let time = test_util::freeze();
/// let breaker = CircuitBreaker::new("prices", Config::new().threshold(1).recovery(Duration::from_secs(30)));
/// breaker.try_acquire().unwrap().failure();
/// assert_eq!(breaker.state(), State::Open);
///
/// time.advance(Duration::from_secs(30));
/// assert_eq!(breaker.state(), State::HalfOpen);
/// ```
pub fn freeze() -> Frozen {
    let before = FROZEN.get();
    FROZEN.set(Some(clock::now()));
    Frozen { before, _thread: PhantomData }
}

/// Holds this thread's breaker time still; made by [`freeze`].
#[derive(Debug)]
#[must_use = "time moves on as soon as the guard is dropped"]
pub struct Frozen {
    before: Option<Nanos>,
    /// The clock of one thread is frozen, so the guard stays there.
    _thread: PhantomData<*const ()>,
}

impl Frozen {
    /// Moves this thread's breaker time forward, saturating.
    pub fn advance(&self, by: Duration) {
        FROZEN.set(FROZEN.get().map(|now| now.saturating_add(clock::nanos(by))));
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        FROZEN.set(self.before);
    }
}

/// What the frozen clock of this thread shows, if it is frozen.
pub(crate) fn frozen() -> Option<Nanos> {
    FROZEN.get()
}
