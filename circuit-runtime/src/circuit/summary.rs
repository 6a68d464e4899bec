//! A circuit summed up in one word, which its calls read without the lock.
//!
//! The upper bits are the epoch, the bits below it flags, as in a [`Ticket`]. The flags are
//! different ones, except UNREGISTERED. So whether a success has nothing to write is one
//! comparison: the summary equals the ticket. (Under the [`HARMLESS`] flags it may have nothing to
//! write either, but may have to leave the bulkhead or report its duration.) The simple alternative is to
//! compare the epoch and each flag.

use super::ticket::{EPOCH, FLAGS, Ticket, UNREGISTERED};
use crate::circuit::machine::Machine;
use crate::config::Rules;
use crate::outcome::{Mode, State};
use crate::primitives::sync::cold_path;
use crate::window::OnSuccess;

/// Closed, but a success must be judged: it ends a run of failures, or may meet a rate.
const LOCK: u64 = 1;
const OPEN: u64 = 1 << 1;
const HALF_OPEN: u64 = 1 << 2;
/// Half-open with all probes taken.
const FULL: u64 = 1 << 3;
const FORCED_OPEN: u64 = 1 << 4;
const DISABLED: u64 = 1 << 5;
const SHADOW: u64 = 1 << 6;
/// A rule needs to know how long calls take.
const TIMED: u64 = 1 << 7;
/// A bulkhead is configured.
const LIMITED: u64 = 1 << 8;
/// Closed, and outcomes may be noted without being judged.
const PENDING: u64 = 1 << 9;
/// Closed, and a success only counts in the time window.
const BUCKET: u64 = 1 << 10;

/// Calls may wait for a place of the bulkhead. Not bit 11, which is UNREGISTERED.
const WAITS: u64 = 1 << 12;

/// Closed, and not every call passes: the machine decides.
const SELECTIVE: u64 = 1 << 13;

/// Calls that run for too long count as failures: they are listed while in flight.
const WATCHED: u64 = 1 << 15;

/// The flags under which a success may still have nothing to write.
const HARMLESS: u64 = TIMED | LIMITED | WAITS | SELECTIVE | WATCHED | UNREGISTERED;
/// The flags under which a call passes at once.
const PASSES: u64 = LOCK | PENDING | BUCKET;

/// The flags under which a call passes that is timed, or for which there is a place in the bulkhead.
const MEASURED: u64 = TIMED | LIMITED | WAITS | UNREGISTERED;

/// A circuit in 64 bits. All flags clear: closed, nothing to write, mode normal, no rule that needs
/// more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary(pub(crate) u64);

impl Summary {
    /// The first summary of a circuit with these rules.
    pub(crate) const fn first(rules: &Rules, registered: bool) -> Self {
        Summary(if rules.window.is_some() { LOCK } else { 0 } | flags_of(rules, registered))
    }

    /// The present summary of a closed circuit; `flags` are [`flags_of`] the rules.
    #[inline]
    pub(crate) fn of_closed(machine: &Machine, rules: &Rules, mode: Mode, flags: u64) -> Self {
        let to_write = match machine.on_success(rules) {
            OnSuccess::Nothing => 0,
            OnSuccess::Pend => PENDING,
            OnSuccess::Bucket => BUCKET,
            OnSuccess::Lock => LOCK,
        };
        let summary = Summary::with(to_write | flags, machine, mode);
        if machine.is_selective(rules) {
            cold_path();
            return Summary(summary.0 | SELECTIVE);
        }
        summary
    }

    /// The present summary of a circuit that is open, or rejects calls or not while it is half-open.
    #[inline]
    pub(crate) fn of_other(machine: &Machine, rejects: bool, mode: Mode, flags: u64) -> Self {
        let state = match (machine.state(), rejects) {
            (State::Open, _) => OPEN,
            (_, true) => HALF_OPEN | FULL,
            (_, false) => HALF_OPEN,
        };
        Summary::with(state | flags, machine, mode)
    }

    #[inline]
    fn with(flags: u64, machine: &Machine, mode: Mode) -> Self {
        let mode = match mode {
            Mode::Normal => 0,
            Mode::ForcedOpen => FORCED_OPEN,
            Mode::Disabled => DISABLED,
            Mode::Shadow => SHADOW,
        };
        Summary(u64::from(machine.epoch()) << EPOCH | flags | mode)
    }

    /// Admission through a closed circuit without a bulkhead or a stopwatch, mode normal, by this
    /// one word. `None`: the call has to ask further.
    #[inline]
    pub(crate) fn try_admit(self) -> Option<Ticket> {
        self.registered().passes().then(|| Ticket::of(self))
    }

    /// [`try_admit`](Summary::try_admit), but only if the circuit is registered.
    #[inline]
    pub(crate) fn try_admit_registered(self) -> Option<Ticket> {
        self.passes().then(|| Ticket::of(self))
    }

    /// [`try_admit`](Summary::try_admit) of a circuit whose calls are listed.
    #[inline]
    pub(crate) fn try_admit_watched(self) -> Option<Ticket> {
        (self.is_watched() && self.unwatched().passes()).then(|| Ticket::of(self))
    }

    /// [`try_admit`](Summary::try_admit) of a circuit that may time its calls, or count those in flight.
    #[inline]
    pub(crate) fn try_admit_measured(self) -> Option<Ticket> {
        (self.0 & FLAGS & !(PASSES | MEASURED) == 0).then(|| Ticket::of(self))
    }

    #[inline]
    fn passes(self) -> bool {
        self.0 & FLAGS & !PASSES == 0
    }

    /// This summary, of a registered circuit.
    #[inline]
    #[must_use]
    fn registered(self) -> Self {
        Summary(self.0 & !UNREGISTERED)
    }

    pub(crate) fn is_registered(self) -> bool {
        self == self.registered()
    }

    /// Whether a success of the call with this ticket has nothing to write.
    #[inline]
    pub(crate) fn has_nothing_to_write(self, ticket: Ticket) -> bool {
        self.0 == ticket.bits()
    }

    /// What a success of the call with this ticket has to write, if the ticket is of this period
    /// and judged.
    pub(crate) fn on_success_for(self, ticket: Ticket) -> OnSuccess {
        Self::on_success((self.0 & !HARMLESS) ^ ticket.bare().bits())
    }

    /// [`Summary::on_success_for`] for a ticket that isn't in the bulkhead, in a circuit without a
    /// slow-call rule and a bulkhead.
    #[inline]
    pub(crate) fn on_success_for_bare(self, ticket: Ticket) -> OnSuccess {
        Self::on_success(self.0 ^ ticket.bits())
    }

    /// What a success has to write, by the flags in which the summary and the ticket differ.
    #[inline]
    fn on_success(more: u64) -> OnSuccess {
        match more {
            0 => OnSuccess::Nothing,
            PENDING => OnSuccess::Pend,
            BUCKET => OnSuccess::Bucket,
            _ => OnSuccess::Lock,
        }
    }

    /// Whether the call with this ticket is judged, and is none of a half-open circuit: its period isn't over, and the
    /// circuit is closed.
    pub(crate) fn is_closed_since(self, ticket: Ticket) -> bool {
        self.0 & !(HARMLESS | PASSES) == ticket.bare().bits()
    }

    /// Whether the circuit is closed, in this epoch, and judges its calls: in any mode but disabled.
    pub(crate) fn judges_closed(self, epoch: u32) -> bool {
        self.0 & (!FLAGS | OPEN | HALF_OPEN | DISABLED) == u64::from(epoch) << EPOCH
    }

    /// The epoch: a number that rises with each period and each round of probes.
    #[expect(clippy::cast_possible_truncation, reason = "the bit above the epoch is zero")]
    pub(crate) fn epoch(self) -> u32 {
        (self.0 >> EPOCH) as u32
    }

    /// The state; whether a wait is over isn't considered.
    pub(crate) fn state(self) -> State {
        match self.0 & (OPEN | HALF_OPEN) {
            0 => State::Closed,
            OPEN => State::Open,
            _ => State::HalfOpen,
        }
    }

    /// Whether it is closed and the machine needn't be asked which calls pass.
    #[inline]
    pub(crate) fn admits_all(self) -> bool {
        self.0 & (OPEN | HALF_OPEN | SELECTIVE | WATCHED) == 0
    }

    /// Whether it is half-open with all probes taken, none of which may have stalled.
    pub(crate) fn is_full(self) -> bool {
        self.0 & (FULL | WATCHED) == FULL
    }

    /// The same, as if no calls were listed.
    pub(crate) fn unwatched(self) -> Self {
        Summary(self.0 & !WATCHED)
    }

    /// Whether it is open in normal mode: rejects calls until its deadline.
    #[inline]
    pub(crate) fn just_rejects(self) -> bool {
        self.0 & FLAGS & !HARMLESS == OPEN
    }

    /// Whether outcomes may be noted without being judged. In a mode they aren't.
    pub(crate) fn is_pending(self) -> bool {
        self.0 & (PENDING | FORCED_OPEN | DISABLED | SHADOW) == PENDING
    }

    /// Whether a success only counts in the time window.
    pub(crate) fn is_bucket(self) -> bool {
        self.0 & BUCKET != 0
    }

    pub(crate) fn mode(self) -> Mode {
        match self.0 & (FORCED_OPEN | DISABLED | SHADOW) {
            FORCED_OPEN => Mode::ForcedOpen,
            DISABLED => Mode::Disabled,
            SHADOW => Mode::Shadow,
            _ => Mode::Normal,
        }
    }

    pub(crate) fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    /// Whether it isn't registered, or lists its calls.
    #[inline]
    pub(crate) fn is_unregistered_or_watched(self) -> bool {
        self.0 & (UNREGISTERED | WATCHED) != 0
    }

    /// Whether calls in flight are listed, so that those are noticed that run for too long.
    #[inline]
    pub(crate) fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// Whether the circuit is closed, with nothing to write and no rule that needs more than that.
    pub(crate) fn is_plain(self) -> bool {
        self.0 & FLAGS == 0
    }

    pub(crate) fn is_limited(self) -> bool {
        self.0 & LIMITED != 0
    }

    /// Whether calls may wait for a place of the bulkhead.
    #[inline]
    pub(crate) fn may_wait(self) -> bool {
        self.0 & WAITS != 0
    }
}

/// The flags that don't depend on the state.
pub(super) const fn flags_of(rules: &Rules, registered: bool) -> u64 {
    let timed = if rules.slow_call.is_some() { TIMED } else { 0 };
    let limited = if rules.max_concurrent.is_some() { limited(rules) } else { 0 };
    let unregistered = if registered { 0 } else { UNREGISTERED };
    let watched = if rules.stall.is_some() { WATCHED } else { 0 };
    timed | limited | watched | unregistered
}

/// Out of line, so that circuits without a bulkhead pay nothing for what it may have.
#[cold]
#[inline(never)]
const fn limited(rules: &Rules) -> u64 {
    LIMITED | if rules.max_wait.is_some() { WAITS } else { 0 }
}

impl Ticket {
    /// The ticket of a call that is judged in the period of this summary. Keeps UNREGISTERED, so
    /// that the two are equal: a circuit made by hand may never be registered.
    #[inline]
    pub(crate) fn of(summary: Summary) -> Self {
        Ticket::from_bits(summary.0 & (!FLAGS | UNREGISTERED))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ticket::ALL_FLAGS;
    use super::*;

    #[test]
    fn every_flag_has_a_bit_of_its_own_below_the_epoch() {
        let of_words = [
            LOCK,
            OPEN,
            HALF_OPEN,
            FULL,
            FORCED_OPEN,
            DISABLED,
            SHADOW,
            TIMED,
            LIMITED,
            WAITS,
            PENDING,
            BUCKET,
            SELECTIVE,
            WATCHED,
        ];
        let mut all = 0;
        for flag in of_words.into_iter().chain(ALL_FLAGS) {
            assert!(flag.is_power_of_two() && flag & FLAGS == flag && all & flag == 0, "{flag:#x}");
            all |= flag;
        }
    }
}
