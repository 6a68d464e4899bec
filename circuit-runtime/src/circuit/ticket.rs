//! What a call keeps from its admission to its end: its epoch, and what to do with its outcome.

use std::num::NonZeroU64;

use crate::primitives::clock::{Moment, Nanos};

/// The lowest bit of the epoch. Not bit 32: from bit 31 on, the mask that leaves only the epoch
/// fits into an instruction, because the processor sign-extends a 32-bit operand.
pub(super) const EPOCH: u32 = 31;
/// The bits below the epoch: flags.
pub(super) const FLAGS: u64 = (1 << EPOCH) - 1;

/// Not among [`circuits`](crate::circuits): a flag of the summary, too, so
/// that the two can be equal.
pub(super) const UNREGISTERED: u64 = 1 << 11;
/// To be counted, but not judged: the circuit is disabled.
const COUNTED: u64 = 1 << 16;
/// Neither judged nor counted: the call has been counted already, as rejected (shadow) or as
/// unprotected; or it is part of another call.
const UNCOUNTED: u64 = 1 << 17;
/// Is in the bulkhead.
const IN_BULKHEAD: u64 = 1 << 18;
/// The start time is known.
const STARTED: u64 = 1 << 19;
/// The call's own code is running.
const IN_BODY: u64 = 1 << 20;
/// Set in every [`StoredAdmission`], so that it is never zero.
const STORED: NonZeroU64 = NonZeroU64::new(1 << 21).unwrap();
/// Within a call of the same circuit: passes through, as part of that.
const NESTED: u64 = 1 << 22;
/// Was a probe, and has answered as one; the call goes on.
#[cfg(any(feature = "stream", test))]
const ANSWERED: u64 = 1 << 23;
/// Was admitted by a half-open circuit, and decides whether that closes.
const PROBE: u64 = 1 << 24;
/// Its answer as a probe was slow, so that it has failed as one.
#[cfg(any(feature = "stream", test))]
const WAS_SLOW: u64 = 1 << 14;
/// Six bits. Zero: not in the list of calls in flight. Else the start time is known as exactly as that
/// needs it, and this is one more than the length of the call's cohort, as a shift.
const LISTED: u32 = 25;
const LISTED_BITS: u64 = 63 << LISTED;

/// All flags, for the test that they differ from those of the summary.
#[cfg(test)]
pub(super) const ALL_FLAGS: [u64; 17] = [
    UNREGISTERED,
    COUNTED,
    UNCOUNTED,
    IN_BULKHEAD,
    STARTED,
    IN_BODY,
    STORED.get(),
    NESTED,
    ANSWERED,
    PROBE,
    WAS_SLOW,
    1 << LISTED,
    1 << (LISTED + 1),
    1 << (LISTED + 2),
    1 << (LISTED + 3),
    1 << (LISTED + 4),
    1 << (LISTED + 5),
];

/// What an admitted call keeps: its epoch, and what to do with its outcome. Without flags: judged,
/// and not in the bulkhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Ticket {
    #[inline]
    pub(super) fn from_bits(bits: u64) -> Self {
        Ticket(bits)
    }

    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn of_epoch(epoch: u32) -> Self {
        Ticket(u64::from(epoch) << EPOCH)
    }

    #[must_use]
    pub(crate) fn counted(self) -> Self {
        Ticket(self.0 | COUNTED)
    }

    #[must_use]
    pub(crate) fn uncounted(self) -> Self {
        Ticket(self.0 | UNCOUNTED)
    }

    /// The ticket of a call within a call of the same circuit: not a call of its own.
    pub(crate) fn nested() -> Self {
        Ticket(UNCOUNTED | NESTED)
    }

    /// The ticket of a probe.
    #[must_use]
    pub(crate) fn of_probe(self) -> Self {
        Ticket(self.0 | PROBE)
    }

    #[must_use]
    pub(crate) fn in_bulkhead(self) -> Self {
        Ticket(self.0 | IN_BULKHEAD)
    }

    #[must_use]
    pub(crate) fn outside_bulkhead(self) -> Self {
        Ticket(self.0 & !IN_BULKHEAD)
    }

    #[must_use]
    pub(crate) fn with_start(self) -> Self {
        Ticket(self.0 | STARTED)
    }

    #[must_use]
    fn without_start(self) -> Self {
        Ticket(self.0 & !STARTED)
    }

    /// With or without [`IN_BODY`]: if the call's own code is running, a drop is its panic, not a
    /// cancellation.
    #[inline]
    #[must_use]
    pub(crate) fn with_in_body(self, in_body: bool) -> Self {
        Ticket(self.0 & !IN_BODY | if in_body { IN_BODY } else { 0 })
    }

    #[inline]
    pub(crate) fn is_in_body(self) -> bool {
        self.0 & IN_BODY != 0
    }

    /// The ticket without [`IN_BULKHEAD`], [`STARTED`] and [`UNREGISTERED`]. It equals the summary without its
    /// `HARMLESS` flags if the call is judged in this period and a success has nothing to write.
    #[inline]
    pub(super) fn bare(self) -> Self {
        Ticket(self.0 & !(IN_BULKHEAD | STARTED | UNREGISTERED))
    }

    /// The ticket of a probe that has answered, and whose call goes on.
    #[cfg(feature = "stream")]
    #[must_use]
    pub(crate) fn answered(self, was_slow: bool) -> Self {
        Ticket(self.0 | ANSWERED | if was_slow { WAS_SLOW } else { 0 })
    }

    /// Whether its answer as a probe was slow, by the rules of that moment.
    #[cfg(feature = "stream")]
    pub(super) fn was_slow(self) -> bool {
        self.0 & WAS_SLOW != 0
    }

    #[cfg(feature = "stream")]
    pub(crate) fn is_answered(self) -> bool {
        self.0 & ANSWERED != 0
    }

    pub(crate) fn is_judged(self) -> bool {
        self.0 & (COUNTED | UNCOUNTED) == 0
    }

    /// Whether the call is judged, and the bulkhead hasn't been asked yet: a call is listed after that.
    pub(crate) fn lacks_place(self) -> bool {
        self.0 & (COUNTED | UNCOUNTED | IN_BULKHEAD | LISTED_BITS) == 0
    }

    pub(crate) fn is_uncounted(self) -> bool {
        self.0 & UNCOUNTED != 0
    }

    pub(crate) fn is_nested(self) -> bool {
        self.0 & NESTED != 0
    }

    #[inline]
    pub(crate) fn is_probe(self) -> bool {
        self.0 & PROBE != 0
    }

    pub(crate) fn is_in_bulkhead(self) -> bool {
        self.0 & IN_BULKHEAD != 0
    }

    pub(crate) fn has_start(self) -> bool {
        self.0 & STARTED != 0
    }

    /// Whether it is in the list of calls in flight.
    #[inline]
    pub(crate) fn is_listed(self) -> bool {
        self.0 & LISTED_BITS != 0
    }

    /// Not in the list any more.
    #[inline]
    #[must_use]
    pub(super) fn unlisted(self) -> Self {
        Ticket(self.0 & !LISTED_BITS)
    }

    /// Whether it is in the bulkhead or in the list of calls in flight.
    #[inline]
    pub(crate) fn has_to_leave(self) -> bool {
        self.0 & (IN_BULKHEAD | LISTED_BITS) != 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "the bit above the epoch is zero")]
    pub(crate) fn epoch(self) -> u32 {
        (self.0 >> EPOCH) as u32
    }
}

/// The time by the clock that tells whether a call takes as long as `slow_call`. Metrics are told how long each
/// call took, and need the exact one.
#[inline]
pub(crate) fn stopwatch(slow_call: Nanos, moment: &Moment) -> Nanos {
    if cfg!(feature = "metrics") { moment.exact() } else { moment.by_length(slow_call) }
}

/// An admission: the ticket, and its start time or slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission {
    pub(crate) ticket: Ticket,
    /// The start time if the ticket is STARTED or listed, else the index of the key's slot: carried because
    /// reading it again at the call's end stalls on the slot's cache line. Zero without a key.
    given: u64,
}

impl Admission {
    /// A ticket without a time, and without a number until [`by`](Admission::by).
    #[inline]
    pub(crate) fn new(ticket: Ticket) -> Self {
        Admission { ticket, given: 0 }
    }

    /// A ticket with a start time.
    pub(crate) fn at(ticket: Ticket, started: Nanos) -> Self {
        Admission { ticket: ticket.with_start(), given: started }
    }

    /// The admission of a call whose time isn't taken, and whether it was.
    pub(crate) fn untimed(self) -> (Self, bool) {
        let is_timed = self.ticket.has_start();
        let given = if self.ticket.is_listed() { self.given } else { 0 };
        let untimed = Admission { ticket: self.ticket.without_start(), given };
        if is_timed { (untimed, true) } else { (self, false) }
    }

    /// With the number of the circuit that admitted the call, among those of its breaker's keys.
    #[inline]
    #[must_use]
    pub(crate) fn by(self, number: usize) -> Self {
        let has_time = self.ticket.0 & (STARTED | LISTED_BITS) != 0;
        let given = if has_time { self.given } else { number as u64 };
        Admission { given, ..self }
    }

    /// The number of the circuit that gave the ticket, which isn't timed.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it has been a usize")]
    pub(crate) fn number(self) -> usize {
        debug_assert!(!self.ticket.has_start());
        self.given as usize
    }

    /// The start time, if the call is timed.
    pub(super) fn started(self) -> Option<Nanos> {
        self.ticket.has_start().then_some(self.given)
    }

    /// In the list of calls in flight, with a cohort of this length.
    pub(super) fn listed(self, started: Nanos, shift: u32) -> Self {
        Admission { ticket: Ticket(self.ticket.0 | u64::from(shift + 1) << LISTED), given: started }
    }

    /// The start time of a listed call, and the length of its cohort.
    pub(super) fn listing(self) -> (Nanos, u32) {
        (self.given, ((self.ticket.0 & LISTED_BITS) >> LISTED) as u32 - 1)
    }

    /// Not in the list any more.
    #[must_use]
    pub(crate) fn unlisted(self, number: usize) -> Self {
        Admission { ticket: self.ticket.unlisted(), ..self }.by(number)
    }

    /// How long the call took, if its start time is known.
    #[inline]
    pub(crate) fn took(self, now: impl FnOnce() -> Nanos) -> Option<Nanos> {
        self.ticket.has_start().then(|| now().saturating_sub(self.given))
    }

    /// Whether the call was slow by this limit if it ends now. Without a start time it wasn't timed, because the
    /// circuit had no `slow_call` then: not slow.
    pub(super) fn is_slow(self, limit: Nanos, now: &Moment) -> bool {
        self.took(|| stopwatch(limit, now)).is_some_and(|took| took >= limit)
    }

    /// The admission as a permit stores it.
    #[inline]
    pub(crate) fn stored(self) -> StoredAdmission {
        StoredAdmission { ticket: STORED | self.ticket.0, given: self.given }
    }

    /// With a start time by which the call takes as long as it took until an earlier moment.
    #[cfg(feature = "stream")]
    #[must_use]
    pub(crate) fn having_taken(self, took: Option<Nanos>, now: impl FnOnce() -> Nanos) -> Self {
        match took {
            Some(took) if self.ticket.has_start() => {
                Admission { given: now().saturating_sub(took), ..self }
            }
            _ => self,
        }
    }

    /// With another ticket, which has a start time if this one has.
    #[must_use]
    pub(crate) fn map(self, change: impl FnOnce(Ticket) -> Ticket) -> Self {
        let ticket = change(self.ticket);
        debug_assert_eq!(ticket.has_start(), self.ticket.has_start());
        Admission { ticket, ..self }
    }

    /// With a note of whether the call's own code is running.
    #[inline]
    #[must_use]
    pub(crate) fn with_in_body(self, in_body: bool) -> Self {
        self.map(|ticket| ticket.with_in_body(in_body))
    }
}

/// An admission as a permit stores it: `Option` of it takes no more room, which an annotated async
/// function's future has for it. That saves each future a word and each poll a store.
///
/// A bit that is always set in the ticket itself would do the same, and be simpler; but a ticket is
/// made of the summary, so that each healthy call would take two instructions more (`benches/guard.sh`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredAdmission {
    ticket: NonZeroU64,
    given: u64,
}

impl StoredAdmission {
    /// The admission.
    #[inline]
    pub(crate) fn admission(self) -> Admission {
        Admission { ticket: Ticket(self.ticket.get() & !STORED.get()), given: self.given }
    }
}
