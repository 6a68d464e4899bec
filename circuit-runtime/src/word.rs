//! The word that sums a circuit up for its calls, and the ticket that a call keeps of it.
//!
//! Both have the number of the period (the epoch) in their upper half and flags in their lower one,
//! different ones but for UNLISTED, so that "this success has nothing to write" is a single
//! comparison: the word equals the ticket. (Under [`CALM`] flags it may have nothing to write
//! either, but gives back what the ticket says.)

use std::num::NonZeroU64;

use crate::clock::{Moment, Nanos};
use crate::config::Rules;
use crate::outcome::{Mode, State};
use crate::state::Machine;
use crate::window::Ease;

/// Closed, but a success must be judged: it ends a run of failures, or a rate may be met.
const STIRRED: u64 = 1;
const OPEN: u64 = 1 << 1;
const HALF_OPEN: u64 = 1 << 2;
/// Half-open with all places taken.
const FULL: u64 = 1 << 3;
const HALF_OPEN_AND_FULL: u64 = HALF_OPEN | FULL;
const FORCED_OPEN: u64 = 1 << 4;
const DISABLED: u64 = 1 << 5;
const SHADOW: u64 = 1 << 6;
/// A rule needs to know how long a call took.
const TIMED: u64 = 1 << 7;
/// A bulkhead is configured.
const LIMITED: u64 = 1 << 8;
/// Closed, and a success only moves the count window.
const SLIDES: u64 = 1 << 9;
/// Closed, and a success only is one more in the time window.
const COUNTS: u64 = 1 << 10;
/// Not among the circuits that [`circuits`](crate::circuits) lists.
const UNLISTED: u64 = 1 << 11;

/// The flags under which a success may still have nothing to write.
const CALM: u64 = TIMED | LIMITED | UNLISTED;
/// The flags under which a call passes without a question.
const PASSES: u64 = STIRRED | SLIDES | COUNTS;
const FLAGS: u64 = u32::MAX as u64;

/// A circuit in 64 bits. All flags clear: closed, calm, mode normal, no rule that needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) u64);

impl Word {
    /// The first word of a circuit with these rules.
    pub(crate) const fn first(rules: &Rules, listed: bool) -> Self {
        Word(if rules.window.is_some() { STIRRED } else { 0 } | flags_of(rules, listed))
    }

    #[inline]
    pub(crate) fn of(machine: &Machine, mode: Mode, listed: bool) -> Self {
        let state = match machine.state() {
            State::Closed => match machine.ease() {
                Ease::Calm => 0,
                Ease::Slides => SLIDES,
                Ease::Counts => COUNTS,
                Ease::Stirred => STIRRED,
            },
            State::Open => OPEN,
            State::HalfOpen if machine.rejection().is_some() => HALF_OPEN_AND_FULL,
            State::HalfOpen => HALF_OPEN,
        };
        let mode = match mode {
            Mode::Normal => 0,
            Mode::ForcedOpen => FORCED_OPEN,
            Mode::Disabled => DISABLED,
            Mode::Shadow => SHADOW,
        };
        Word(u64::from(machine.epoch()) << 32 | state | mode | flags_of(machine.rules(), listed))
    }

    /// A call passes without a question: closed, normal, listed, no bulkhead, no stopwatch.
    #[inline]
    pub(crate) fn passes(self) -> bool {
        self.0 & FLAGS & !PASSES == 0
    }

    /// The same word of a circuit that is listed.
    #[inline]
    #[must_use]
    pub(crate) fn listed(self) -> Self {
        Word(self.0 & !UNLISTED)
    }

    pub(crate) fn is_listed(self) -> bool {
        self == self.listed()
    }

    /// A success of the call with this ticket has nothing to write.
    #[inline]
    pub(crate) fn is_calm_for(self, ticket: Ticket) -> bool {
        self.0 == ticket.0
    }

    /// What a success of the call with this ticket has to write, if the ticket is of this period
    /// and judged.
    pub(crate) fn ease_for(self, ticket: Ticket) -> Ease {
        Self::ease((self.0 & !CALM) ^ ticket.bare().0)
    }

    /// The same for a ticket without anything to bring back, in a circuit without a stopwatch or a
    /// bulkhead.
    #[inline]
    pub(crate) fn ease_for_bare(self, ticket: Ticket) -> Ease {
        Self::ease(self.0 ^ ticket.0)
    }

    /// By what a word has more than a ticket.
    #[inline]
    fn ease(more: u64) -> Ease {
        match more {
            0 => Ease::Calm,
            SLIDES => Ease::Slides,
            COUNTS => Ease::Counts,
            _ => Ease::Stirred,
        }
    }

    /// The state, but for the passing of time.
    pub(crate) fn state(self) -> State {
        match self.0 & (OPEN | HALF_OPEN) {
            0 => State::Closed,
            OPEN => State::Open,
            _ => State::HalfOpen,
        }
    }

    pub(crate) fn is_full(self) -> bool {
        self.0 & FULL != 0
    }

    /// Open, or half-open with all places taken; listed, and the mode is normal.
    #[inline]
    pub(crate) fn just_rejects_in(self, state: State) -> bool {
        let flags = match state {
            State::Open => OPEN,
            State::HalfOpen => HALF_OPEN_AND_FULL,
            State::Closed => return false,
        };
        self.0 & FLAGS & !(TIMED | LIMITED) == flags
    }

    /// The state, if it just rejects in it.
    pub(crate) fn just_rejects(self) -> Option<State> {
        [State::Open, State::HalfOpen].into_iter().find(|state| self.just_rejects_in(*state))
    }

    /// A success only moves the count window.
    pub(crate) fn slides(self) -> bool {
        self.0 & SLIDES != 0
    }

    /// A success only is one more in the time window.
    pub(crate) fn counts(self) -> bool {
        self.0 & COUNTS != 0
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

    pub(crate) fn is_limited(self) -> bool {
        self.0 & LIMITED != 0
    }
}

/// What doesn't change with the state.
const fn flags_of(rules: &Rules, listed: bool) -> u64 {
    let timed = if rules.slow_call.is_some() { TIMED } else { 0 };
    let limited = if rules.max_concurrent.is_some() { LIMITED } else { 0 };
    let unlisted = if listed { 0 } else { UNLISTED };
    timed | limited | unlisted
}

/// Counted only: the circuit is disabled.
const COUNTED: u64 = 1 << 16;
/// Neither judged nor counted: the call has been counted already, as rejected (shadow) or as
/// unprotected; or it is part of another.
const UNSEEN: u64 = 1 << 17;
/// Holds a place of the bulkhead.
const PLACED: u64 = 1 << 18;
/// The time of admission is known.
const CLOCKED: u64 = 1 << 19;
/// The call's own code is running.
const INSIDE: u64 = 1 << 20;
/// Every [`Kept`] entry has this.
const KEPT: NonZeroU64 = NonZeroU64::new(1 << 21).unwrap();
/// Within a call of the same circuit, of which it is a part.
const PASSING: u64 = 1 << 22;

/// What an admitted call keeps: its period, and what becomes of its outcome. No flags: judged,
/// nothing to give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// A call that is judged in the period of this word. That the circuit isn't listed stays: the
    /// word of a circuit made by hand may never lose it.
    #[inline]
    pub(crate) fn of(word: Word) -> Self {
        Ticket(word.0 & (!FLAGS | UNLISTED))
    }

    pub(crate) fn of_epoch(epoch: u32) -> Self {
        Ticket(u64::from(epoch) << 32)
    }

    #[must_use]
    pub(crate) fn counted(self) -> Self {
        Ticket(self.0 | COUNTED)
    }

    #[must_use]
    pub(crate) fn unseen(self) -> Self {
        Ticket(self.0 | UNSEEN)
    }

    /// Of a call within a call of the same circuit: it is no call of its own.
    pub(crate) fn passing() -> Self {
        Ticket(UNSEEN | PASSING)
    }

    #[must_use]
    pub(crate) fn placed(self) -> Self {
        Ticket(self.0 | PLACED)
    }

    #[must_use]
    pub(crate) fn clocked(self) -> Self {
        Ticket(self.0 | CLOCKED)
    }

    /// Whether the call's own code is running, so that a drop is its panic and no cancellation.
    #[inline]
    #[must_use]
    pub(crate) fn with_inside(self, inside: bool) -> Self {
        Ticket(self.0 & !INSIDE | if inside { INSIDE } else { 0 })
    }

    #[inline]
    pub(crate) fn is_inside(self) -> bool {
        self.0 & INSIDE != 0
    }

    /// Without what a call brings back by itself, and listed: equal to a calm word that has lost its
    /// [`CALM`] flags, if it is judged there.
    fn bare(self) -> Self {
        Ticket(self.0 & !(PLACED | CLOCKED | UNLISTED))
    }

    pub(crate) fn is_judged(self) -> bool {
        self.0 & (COUNTED | UNSEEN) == 0
    }

    pub(crate) fn is_unseen(self) -> bool {
        self.0 & UNSEEN != 0
    }

    pub(crate) fn is_passing(self) -> bool {
        self.0 & PASSING != 0
    }

    pub(crate) fn is_placed(self) -> bool {
        self.0 & PLACED != 0
    }

    pub(crate) fn is_clocked(self) -> bool {
        self.0 & CLOCKED != 0
    }

    pub(crate) fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// An admission: the ticket, and the time or the place where it was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) ticket: Ticket,
    /// Of a clocked ticket the time. Of any other the number of the key's circuit that gave it, for
    /// the call's end: it is in hand when a call has found the circuit, and to read it there would
    /// wait for the circuit's cache line. Zero where nobody will ask for it.
    given: u64,
}

impl Entry {
    /// A ticket without a time, and without a number until [`by`](Entry::by).
    #[inline]
    pub(crate) fn new(ticket: Ticket) -> Self {
        Entry { ticket, given: 0 }
    }

    /// A ticket that was given at this time.
    pub(crate) fn at(ticket: Ticket, started: Nanos) -> Self {
        Entry { ticket: ticket.clocked(), given: started }
    }

    /// The same admission by the circuit of this number among those of its breaker's keys.
    #[inline]
    #[must_use]
    pub(crate) fn by(self, number: usize) -> Self {
        let given = if self.ticket.is_clocked() { self.given } else { number as u64 };
        Entry { given, ..self }
    }

    /// The number of the circuit that gave the ticket, which isn't clocked.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it has been a usize")]
    pub(crate) fn number(self) -> usize {
        debug_assert!(!self.ticket.is_clocked());
        self.given as usize
    }

    /// How long ago that was, if the ticket is clocked.
    #[inline]
    pub(crate) fn took(self, now: &Moment) -> Option<Nanos> {
        self.ticket.is_clocked().then(|| now.exact().saturating_sub(self.given))
    }

    /// The entry as a permit keeps it.
    #[inline]
    pub(crate) fn kept(self) -> Kept {
        Kept { ticket: KEPT | self.ticket.0, given: self.given }
    }

    /// The same admission with another ticket, as much clocked as this one.
    #[must_use]
    pub(crate) fn map(self, change: impl FnOnce(Ticket) -> Ticket) -> Self {
        let ticket = change(self.ticket);
        debug_assert_eq!(ticket.is_clocked(), self.ticket.is_clocked());
        Entry { ticket, ..self }
    }
}

/// An entry in a permit: a place for one needs no room to say that it is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    ticket: NonZeroU64,
    given: u64,
}

impl Kept {
    /// The entry.
    #[inline]
    pub(crate) fn entry(self) -> Entry {
        Entry { ticket: Ticket(self.ticket.get() & !KEPT.get()), given: self.given }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_has_a_bit_of_its_own_below_the_epoch() {
        let of_words = [
            STIRRED,
            OPEN,
            HALF_OPEN,
            FULL,
            FORCED_OPEN,
            DISABLED,
            SHADOW,
            TIMED,
            LIMITED,
            SLIDES,
            COUNTS,
            UNLISTED,
        ];
        let of_tickets = [COUNTED, UNSEEN, PLACED, CLOCKED, INSIDE, KEPT.get(), PASSING];
        let mut all = 0;
        for flag in of_words.into_iter().chain(of_tickets) {
            assert!(flag.is_power_of_two() && flag & FLAGS == flag && all & flag == 0, "{flag:#x}");
            all |= flag;
        }
    }
}
