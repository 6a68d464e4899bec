//! The right to make one call: what it remembers, and where its circuit is.

mod finish;
mod handle;

use std::fmt;

use crate::circuit::{Admission, End, StoredAdmission};
use crate::outcome::Outcome;

pub use handle::{FnHandle, RefHandle, StaticHandle};
pub(crate) use handle::{Handle, KeyHandle, SharedHandle};

/// Whether a fallback answers instead of the call, which is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    None,
    Runs,
}

/// The right to make one call through a circuit, from
/// [`CircuitBreaker::try_acquire`](crate::CircuitBreaker::try_acquire).
///
/// End it with what the call came to. A permit that is dropped counts as `cancelled`: neutral,
/// unless the circuit is configured with [`OnCancel::Failure`](crate::OnCancel::Failure). It may be
/// sent to another thread and be kept as long as the call takes; an outcome that comes after its
/// period has ended is counted as `late` and does nothing else.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, Outcome};
///
/// let breaker = CircuitBreaker::new("search", Config::new());
/// let permit = breaker.try_acquire()?;
/// // … make the call …
/// permit.record(Outcome::Success);
/// assert_eq!(breaker.snapshot().successes, 1);
/// # Ok::<(), circuit_runtime::CircuitOpenError>(())
/// ```
#[must_use = "a permit that is dropped counts as a cancelled call"]
pub struct Permit<'a> {
    pub(crate) raw: RawPermit<RefHandle<'a>>,
}

/// A permit, and where its circuit is found.
pub struct RawPermit<S: Handle> {
    handle: S,
    admission: StoredAdmission,
}

impl Permit<'_> {
    /// The call succeeded.
    #[inline]
    pub fn success(self) {
        self.record(Outcome::Success);
    }

    /// The call failed.
    #[inline]
    pub fn failure(self) {
        self.record(Outcome::Failure);
    }

    /// The call says nothing about the service.
    #[inline]
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// The call came to this.
    #[inline]
    pub fn record(self, outcome: Outcome) {
        self.raw.record(outcome);
    }
}

impl<S: Handle> RawPermit<S> {
    #[inline]
    pub(crate) fn new(handle: S, admission: Admission) -> Self {
        RawPermit { handle, admission: admission.stored() }
    }

    /// A permit whose call begins at once.
    #[inline]
    pub(crate) fn entered(handle: S, admission: Admission) -> Self {
        Self::new(handle, admission.map(|ticket| ticket.with_inside(true)))
    }

    /// The call came to this.
    #[inline]
    pub(crate) fn record(self, outcome: Outcome) {
        self.finish(End::Outcome(outcome), Fallback::None);
    }

    /// For the error of a call that took too long.
    pub(crate) fn circuit_name(&self) -> &'static str {
        self.handle.breaker().name()
    }

    /// For the models' books.
    #[cfg(all(test, circuit_loom))]
    pub(crate) fn ticket(&self) -> crate::circuit::Ticket {
        self.admission.admission().ticket
    }

    /// Whether the call's own code is running, so that a drop is its panic and no cancellation.
    #[inline]
    pub(crate) fn inside(&mut self, inside: bool) {
        // Asked first: of a new permit, which is inside, the compiler knows it.
        let admission = self.admission.admission();
        if admission.ticket.is_inside() != inside {
            self.admission = admission.map(|ticket| ticket.with_inside(inside)).stored();
        }
    }

    /// The call's own code begins to run on this thread, until the frame is dropped.
    #[inline]
    pub(crate) fn frame(&self) -> S::Frame {
        self.handle.frame()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<S: Handle> fmt::Debug for RawPermit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("circuit", &self.handle.breaker().name())
            .finish_non_exhaustive()
    }
}

impl<S: Handle> Drop for RawPermit<S> {
    // By value, and next to nothing: so that it is inlined where a panic passes, too, which lets the
    // healthy path keep the permit in registers.
    #[inline]
    fn drop(&mut self) {
        finish::dropped(self.handle.breaker(), self.handle.published(), self.admission.admission());
    }
}
