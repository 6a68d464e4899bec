//! Permits: the right to make one call.

#![expect(clippy::inline_always, reason = "or a library has one for each annotated async function")]

mod finish;
mod handle;
#[cfg(feature = "tokio")]
mod neutral;
mod ping;
#[cfg(feature = "stream")]
mod streamed;
mod succeed;

use std::fmt;
use std::mem::ManuallyDrop;
#[cfg(feature = "tokio")]
use std::time::Duration;

use crate::circuit::{Admission, End, StoredAdmission};
use crate::counters::Count;
use crate::outcome::Outcome;
use crate::primitives::clock::Moment;
use crate::primitives::sync::cold_path;

pub(crate) use finish::{After, PendingTransition};
use finish::{count_answered, finish_slow};
pub use handle::{FnHandle, RefHandle, StaticHandle};
pub(crate) use handle::{Handle, KeyHandle, SharedHandle, SharedKeyHandle};
#[cfg(feature = "stream")]
pub(crate) use streamed::StreamPermit;
use succeed::succeed;

/// Whether a fallback runs instead of the call, or after it; that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// None does.
    None,
    /// One does.
    Runs,
}

/// The right to make one call through a circuit, from
/// [`CircuitBreaker::try_acquire`](crate::CircuitBreaker::try_acquire).
///
/// End it with the call's outcome. A permit that is dropped counts as `cancelled`: neutral, unless
/// the circuit is configured with [`OnCancel::Failure`](crate::OnCancel::Failure). A permit can be
/// sent to another thread, and kept for as long as the call takes. An outcome that comes after the
/// circuit has changed its state is counted as `late`, and does nothing else.
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
    pub(crate) raw: RawPermit<KeyHandle<'a, RefHandle<'a>>>,
}

/// A permit with any handle.
pub struct RawPermit<S: Handle> {
    handle: S,
    admission: StoredAdmission,
}

impl<S: Handle> RawPermit<S> {
    /// Ends a permit with an outcome, whose error nobody is shown.
    #[expect(clippy::inline_always, reason = "as `finish_deferred`")]
    #[inline(always)]
    pub(crate) fn finish(self, end: End, fallback: Fallback) {
        if let Some(pending) = self.finish_deferred(end, fallback) {
            pending.notify(None);
        }
    }

    /// Ends a permit with an outcome. A success with nothing to write is only counted. If the end
    /// caused a transition, that is still to be reported, with the call's error.
    #[expect(clippy::inline_always, reason = "out of line the permit would have to be in memory")]
    #[inline(always)]
    #[must_use]
    pub(crate) fn finish_deferred(
        self,
        end: End,
        fallback: Fallback,
    ) -> Option<PendingTransition<S>> {
        // The parts are passed by value, so that the healthy path keeps the permit in registers.
        let &RawPermit { handle, admission } = &*ManuallyDrop::new(self);
        let (breaker, published) = (handle.breaker(), handle.published());
        let admission = admission.admission().with_in_body(false);
        match (end, fallback) {
            (End::Outcome(Outcome::Success), Fallback::None) => {
                if published.has_nothing_to_write(admission.ticket) {
                    breaker.count_success(published, admission.number());
                } else {
                    cold_path();
                    succeed(breaker, published, admission);
                }
                None
            }
            (end, fallback) => {
                if fallback == Fallback::Runs {
                    count_answered(breaker, published, admission.ticket, Count::Fallbacks);
                }
                // Not by `map`, which would be one more function for each handle.
                match finish_slow(breaker, published, admission, end) {
                    Some(transition) => Some(PendingTransition { handle, transition }),
                    None => None,
                }
            }
        }
    }
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

    /// The call says nothing about the service: it counts neither way.
    #[inline]
    pub fn ignore(self) {
        self.record(Outcome::Ignored);
    }

    /// Ends the permit with this outcome.
    #[inline]
    pub fn record(self, outcome: Outcome) {
        self.raw.record(outcome);
    }
}

impl<S: Handle> RawPermit<S> {
    #[inline(always)]
    pub(crate) fn new(handle: S, admission: Admission) -> Self {
        RawPermit { handle, admission: admission.stored() }
    }

    /// A permit whose call begins at once.
    #[inline(always)]
    pub(crate) fn entered(handle: S, admission: Admission) -> Self {
        Self::new(handle, admission.with_in_body(true))
    }

    /// The permit of a call whose future is gone: its end is the same code for all functions.
    #[inline(always)]
    pub(crate) fn by_ref(self) -> RawPermit<S::ByRef> {
        let &RawPermit { handle, admission } = &*ManuallyDrop::new(self);
        RawPermit { handle: handle.by_ref(), admission }
    }

    /// Ends the permit with this outcome.
    #[inline]
    pub(crate) fn record(self, outcome: Outcome) {
        self.finish(End::Outcome(outcome), Fallback::None);
    }

    /// Whether a success of the call counts that ends now: shadow didn't let it run that would have been rejected, it
    /// hasn't stalled, for which it leaves the list of calls in flight, and its period isn't over. A call within a call of
    /// the same circuit counts as part of that.
    pub(crate) fn is_counted(&mut self) -> bool {
        let success = End::Outcome(Outcome::Success);
        let ticket = self.stop_stalling(success, &Moment::default()).ticket;
        if ticket.is_judged() {
            let breaker = self.handle.breaker();
            return !breaker.circuit(self.handle.published()).is_late(ticket.epoch());
        }
        !ticket.is_uncounted() || ticket.is_nested()
    }

    /// For the error of a call that took too long.
    pub(crate) fn circuit_name(&self) -> &'static str {
        self.handle.breaker().name()
    }

    /// How long the call may take, where the code limits it to `written`.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn limit(&self, written: Duration) -> Duration {
        self.handle.breaker().limit(written)
    }

    /// For the books of the models.
    #[cfg(all(test, circuit_loom))]
    pub(crate) fn ticket(&self) -> crate::circuit::Ticket {
        self.admission.admission().ticket
    }

    /// Notes whether the call's own code is running: if it is, a drop is a panic, else a
    /// cancellation.
    #[inline(always)]
    pub(crate) fn in_body(&mut self, in_body: bool) {
        // Checked first: for a new permit, which is in the body, the compiler knows the answer.
        let admission = self.admission.admission();
        if admission.ticket.is_in_body() != in_body {
            self.admission = admission.with_in_body(in_body).stored();
        }
    }

    #[cfg(feature = "stream")]
    pub(crate) fn is_in_body(&self) -> bool {
        self.admission.admission().ticket.is_in_body()
    }

    /// Notes that the call's own code runs on this thread, until the frame is dropped.
    #[inline(always)]
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
    // Passes the parts by value and does nothing else, so that it is inlined into the unwinding
    // path, too; so the healthy path can keep the permit in registers.
    #[inline]
    fn drop(&mut self) {
        finish::dropped(self.handle.breaker(), self.handle.published(), self.admission.admission());
    }
}
