//! A frozen clock, for tests of code behind a breaker.

use std::marker::PhantomData;
use std::time::Duration;

use crate::primitives::clock::{self, frozen};

/// Freezes the breakers' clock on this thread, until the guard is dropped.
///
/// For calls that are made or polled on this thread, only [`Frozen::advance`] moves time. **Other
/// threads keep real time**, so that tests that run side by side don't disturb each other. But then
/// a call on another thread of the test, or on a worker of a multi-threaded runtime, runs in real
/// time. Use a runtime with one thread (as `#[tokio::test]` does), or freeze there, too.
///
/// Freezing again while frozen continues from the time that the first guard shows; what the inner
/// guard advances ends with it. Guards may be dropped in any order: the youngest that is left
/// shows the time.
///
/// When the guard is dropped, the clock goes back to real time, but circuits keep what happened in
/// frozen time. A wait of which more than the whole is left then (plus a second of tolerance) is
/// over. [`reset`](crate::CircuitBreaker::reset) circuits that outlive a test.
///
/// The attribute's option `timeout` follows tokio's clock, not this one. To use one clock for both,
/// pause tokio's and follow it: `Frozen::follow_tokio`, with the feature `tokio`.
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
    Frozen { hold: frozen::hold(clock::now()), _thread: PhantomData }
}

/// Keeps the breakers' clock frozen on this thread; made by [`freeze`].
#[derive(Debug)]
#[must_use = "time moves on as soon as the guard is dropped"]
pub struct Frozen {
    hold: u64,
    /// Not `Send`: it belongs to the thread whose clock is frozen.
    _thread: PhantomData<*const ()>,
}

impl Frozen {
    /// Moves the clock forward, saturating; for guards that were made after this one, too.
    pub fn advance(&self, by: Duration) {
        frozen::advance(self.hold, clock::nanos(by));
    }

    /// Lets tokio's clock move the breakers' clock on this thread, by `tokio::time::advance` and,
    /// while tokio's clock is paused, by the timers that it jumps to. Then `timeout`, `sleep` and
    /// the breakers agree about the time. [`advance`](Frozen::advance) moves the breakers' clock
    /// alone.
    ///
    /// While tokio's clock isn't paused, it shows real time, and so does the breakers'.
    ///
    /// ```
    /// use std::time::Duration;
    /// use circuit_runtime::{CircuitBreaker, Config, State, test_util};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// // In a `#[tokio::test(start_paused = true)]`:
    /// let _time = test_util::freeze().follow_tokio();
    /// let breaker = CircuitBreaker::new("prices", Config::new().threshold(1).recovery(Duration::from_secs(30)));
    /// breaker.try_acquire().unwrap().failure();
    ///
    /// tokio::time::sleep(Duration::from_secs(30)).await; // takes no time at all
    /// assert_eq!(breaker.state(), State::HalfOpen);
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    pub fn follow_tokio(self) -> Self {
        frozen::follow_tokio(self.hold);
        self
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        frozen::end(self.hold);
    }
}
