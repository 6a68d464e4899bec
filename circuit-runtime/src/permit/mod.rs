//! The right to make one call, and its end, as far as that is inlined where the call is made.

mod end;
mod source;

use std::fmt;
use std::mem::ManuallyDrop;

use crate::circuit::{Entry, Kept};
use crate::outcome::Outcome;
use crate::primitives::sync::aside;

pub(crate) use end::{End, Fallback};
pub use source::{ByRef, OfFunction, OfStatic};
pub(crate) use source::{OfKey, OfShared, Source};

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
    pub(crate) held: Held<ByRef<'a>>,
}

/// A permit, and where its circuit is found.
pub struct Held<S: Source> {
    source: S,
    entry: Kept,
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
        self.held.record(outcome);
    }
}

impl<S: Source> Held<S> {
    #[inline]
    pub(crate) fn new(source: S, entry: Entry) -> Self {
        Held { source, entry: entry.kept() }
    }

    /// A permit whose call begins at once.
    #[inline]
    pub(crate) fn entered(source: S, entry: Entry) -> Self {
        Self::new(source, entry.map(|ticket| ticket.with_inside(true)))
    }

    /// The call came to this.
    #[inline]
    pub(crate) fn record(self, outcome: Outcome) {
        self.settle(End::Outcome(outcome), Fallback::None);
    }

    /// For the error of a call that took too long.
    #[cfg(feature = "tokio")]
    pub(crate) fn circuit_name(&self) -> &'static str {
        self.source.breaker().name()
    }

    /// For the models' books.
    #[cfg(all(test, circuit_loom))]
    pub(crate) fn ticket(&self) -> crate::circuit::Ticket {
        self.entry.entry().ticket
    }

    /// Whether the call's own code is running, so that a drop is its panic and no cancellation.
    #[inline]
    pub(crate) fn inside(&mut self, inside: bool) {
        // Asked first: of a new permit, which is inside, the compiler knows it.
        let entry = self.entry.entry();
        if entry.ticket.is_inside() != inside {
            self.entry = entry.map(|ticket| ticket.with_inside(inside)).kept();
        }
    }

    /// The call's own code begins to run on this thread, until the frame is dropped.
    #[inline]
    pub(crate) fn frame(&self) -> S::Frame {
        self.source.frame()
    }

    /// The one way a permit ends by itself. A success through a calm circuit only counts itself.
    #[expect(clippy::inline_always, reason = "out of line it would ask for the permit in memory")]
    #[inline(always)]
    pub(crate) fn settle(self, end: End, fallback: Fallback) {
        // Its parts go on by value, so that the healthy path keeps the permit in registers.
        let &Held { source, entry } = &*ManuallyDrop::new(self);
        let (breaker, front) = (source.breaker(), source.front());
        let entry = entry.entry().map(|ticket| ticket.with_inside(false));
        match (end, fallback) {
            (End::Outcome(Outcome::Success), Fallback::None) => {
                if front.is_calm_for(entry.ticket) {
                    breaker.count_success(front, entry.number());
                } else {
                    aside();
                    end::succeed(breaker, front, entry);
                }
            }
            (end, Fallback::None) => end::conclude(breaker, front, entry, end),
            (end, Fallback::Runs) => end::conclude_by_fallback(breaker, front, entry, end),
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held.fmt(f)
    }
}

impl<S: Source> fmt::Debug for Held<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("circuit", &self.source.breaker().name())
            .finish_non_exhaustive()
    }
}

impl<S: Source> Drop for Held<S> {
    // By value, and next to nothing: so that it is inlined where a panic passes, too, which lets the
    // healthy path keep the permit in registers.
    #[inline]
    fn drop(&mut self) {
        end::dropped(self.source.breaker(), self.source.front(), self.entry.entry());
    }
}
