//! A clock that stands still, for tests of code behind a breaker.

use std::marker::PhantomData;
use std::time::Duration;

use crate::primitives::clock::{self, frozen};

/// Stops the breakers' time on this thread until the guard is dropped.
///
/// For calls made or polled on this thread, time moves only by [`Frozen::advance`]. **Other threads
/// keep the real time**, so tests that run side by side don't disturb each other; but a call that a
/// test makes on another thread, or that a runtime of several threads polls on one of its workers,
/// runs in real time. Use a runtime of one thread (`#[tokio::test]` has one), or freeze there, too.
///
/// Freezing again while frozen continues from the time that the first guard shows; what the inner
/// guard advances ends with it. Guards may be dropped in any order: the youngest that is left
/// shows the time.
///
/// What happened in frozen time stays, and the clock goes back when the guard is gone: a wait of
/// which more than the whole is left is over then (up to a second more is allowed for). [`reset`](crate::CircuitBreaker::reset) the circuits that outlive a test.
///
/// The attribute's `timeout` option follows tokio's clock, not this one. To have both in one, pause
/// tokio's and follow it: `Frozen::follow_tokio`, with the feature `tokio`.
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

/// Holds this thread's breaker time still; made by [`freeze`].
#[derive(Debug)]
#[must_use = "time moves on as soon as the guard is dropped"]
pub struct Frozen {
    hold: u64,
    /// The clock of one thread is frozen, so the guard stays there.
    _thread: PhantomData<*const ()>,
}

impl Frozen {
    /// Moves this thread's breaker time forward, saturating; that of guards made after this one,
    /// too.
    pub fn advance(&self, by: Duration) {
        frozen::advance(self.hold, clock::nanos(by));
    }

    /// From now on tokio's clock moves this thread's breaker time: `tokio::time::advance` does, and
    /// where tokio's clock is paused, so do the timers that it jumps to. `timeout`, `sleep` and the
    /// breakers agree about the time then. [`advance`](Frozen::advance) moves the breakers alone.
    ///
    /// A clock that isn't paused shows real time, and so do the breakers under it.
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
