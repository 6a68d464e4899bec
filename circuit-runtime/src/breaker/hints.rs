//! What a program knows of the service beside the outcomes of its calls.

use std::time::Duration;

use super::CircuitBreaker;
use super::keyed::KeyedCircuit;
use crate::circuit::Hint;
use crate::primitives::clock::nanos;

impl CircuitBreaker {
    /// Opens the circuit for at least this long, because somebody knows that the service is away: a notice of its
    /// maintenance, a health check, a `Retry-After` that came on another way. As
    /// [`Outcome::OpenFor`](crate::Outcome::OpenFor) it takes `max_recovery`, if given, as its cap, is lengthened by
    /// `jitter`, and doesn't count in the row of openings. A circuit that is open already stays so until the later
    /// end. Zero does nothing. With keys: the circuits of all keys.
    ///
    /// ```
    /// use std::time::Duration;
    /// use circuit_runtime::{CircuitBreaker, Config, Reason, State, test_util};
    ///
    /// let time = test_util::freeze();
    /// let payments = CircuitBreaker::new("payments", Config::new());
    /// payments.open_for(Duration::from_secs(300));
    /// assert_eq!(payments.state(), State::Open);
    /// assert!(matches!(payments.snapshot().recent_transitions[0].reason, Reason::Requested { .. }));
    ///
    /// time.advance(Duration::from_secs(300));
    /// assert_eq!(payments.state(), State::HalfOpen);
    /// ```
    pub fn open_for(&self, wait: Duration) {
        self.hint(Hint::OpenFor(nanos(wait)));
    }

    /// Lets an open circuit wait for at least this long from now on, because somebody else has found the service still
    /// down. It never shortens a wait, and never opens a circuit. The circuit waits at most
    /// [`max_recovery`](crate::Config::max_recovery) longer than it would have by itself (by default ten times
    /// `recovery`), however often this is called: then it asks the service itself.
    ///
    /// It also holds for a circuit whose wait is over, as long as no call has come to probe.
    ///
    /// ```
    /// use std::time::Duration;
    /// use circuit_runtime::{CircuitBreaker, Config, test_util};
    ///
    /// let _time = test_util::freeze();
    /// let config = Config::new().threshold(1).recovery(Duration::from_secs(10)).max_recovery(Duration::from_secs(60));
    /// let payments = CircuitBreaker::new("payments", config);
    /// payments.extend(Duration::from_secs(30)); // closed: nothing happens
    /// payments.try_acquire().unwrap().failure();
    ///
    /// payments.extend(Duration::from_secs(30));
    /// assert_eq!(payments.snapshot().retry_after, Some(Duration::from_secs(30)));
    /// payments.extend(Duration::from_secs(3_600));
    /// assert_eq!(payments.snapshot().retry_after, Some(Duration::from_secs(10 + 60)));
    /// ```
    pub fn extend(&self, wait: Duration) {
        self.hint(Hint::Extend(nanos(wait)));
    }

    /// Ends the wait of an open circuit, because somebody has found the service well: the next call is a probe, and
    /// decides as always. Nothing happens to a circuit that is closed or half-open.
    ///
    /// ```
    /// use circuit_runtime::{CircuitBreaker, Config, State};
    ///
    /// let payments = CircuitBreaker::new("payments", Config::new().threshold(1));
    /// payments.try_acquire().unwrap().failure();
    /// payments.probe_now();
    /// assert_eq!(payments.state(), State::HalfOpen);
    /// payments.try_acquire().unwrap().success();
    /// assert_eq!(payments.state(), State::Closed);
    /// ```
    pub fn probe_now(&self) {
        self.hint(Hint::ProbeNow);
    }

    /// Puts the circuit under suspicion for this long, because somebody else sees the service fail: the next failure
    /// opens a closed circuit, whatever its trip rules are. (So a failure opens a circuit, too, that has a `failure_rate` or
    /// `throttle` alone.) A slow call that is cancelled is no failure, and opens nothing. The suspicion ends when the
    /// circuit closes from half-open, by [`reset`](CircuitBreaker::reset), and by `suspect(Duration::ZERO)`; a new one
    /// replaces it. A success doesn't end it. Nothing else changes: calls pass, and it rejects none by itself.
    ///
    /// ```
    /// use std::time::Duration;
    /// use circuit_runtime::{CircuitBreaker, Config, Reason, State};
    ///
    /// let payments = CircuitBreaker::new("payments", Config::new().threshold(5));
    /// payments.suspect(Duration::from_secs(10));
    /// assert_eq!(payments.state(), State::Closed);
    /// payments.try_acquire().unwrap().failure();
    /// assert_eq!(payments.state(), State::Open);
    /// assert!(matches!(payments.snapshot().recent_transitions[0].reason, Reason::Suspected { .. }));
    /// ```
    pub fn suspect(&self, wait: Duration) {
        self.hint(Hint::Suspect(nanos(wait)));
    }

    /// Tells a hint to the circuit, or to those of all keys.
    fn hint(&self, hint: Hint) {
        self.notice_all_stalled();
        self.notify_all(self.changes(|circuit| circuit.hint(self.name(), hint)), None);
        self.may_admit();
    }
}

#[expect(clippy::must_use_candidate, reason = "most want the change, and few the answer")]
impl KeyedCircuit<'_> {
    /// [`CircuitBreaker::open_for`] for this key. False: it has no circuit, and gets none.
    pub fn open_for(self, wait: Duration) -> bool {
        self.hint(Hint::OpenFor(nanos(wait)))
    }

    /// [`CircuitBreaker::extend`] for this key. False: it has no circuit, and gets none.
    pub fn extend(self, wait: Duration) -> bool {
        self.hint(Hint::Extend(nanos(wait)))
    }

    /// [`CircuitBreaker::probe_now`] for this key. False: it has no circuit, and gets none.
    pub fn probe_now(self) -> bool {
        self.hint(Hint::ProbeNow)
    }

    /// [`CircuitBreaker::suspect`] for this key. False: it has no circuit, and gets none.
    pub fn suspect(self, wait: Duration) -> bool {
        self.hint(Hint::Suspect(nanos(wait)))
    }

    fn hint(self, hint: Hint) -> bool {
        let (breaker, key) = self.parts();
        breaker.notice_stalled_of_key(key);
        let told = breaker.keys.made().and_then(|keys| {
            keys.change_present(key, |circuit| circuit.hint(breaker.name(), hint))
        });
        let found = told.is_some();
        breaker.key_changed(told.unwrap_or_default());
        found
    }
}
