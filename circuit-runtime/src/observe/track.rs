//! What a metric says of a circuit and a snapshot doesn't: how often it came to each state, and how
//! long it was in it.
//!
//! Kept by each breaker, and so by nobody's name.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::observe::snapshot::Look;
use crate::outcome::State;
use crate::primitives::clock::{self, NEVER, Nanos};
use crate::primitives::sync::unpoisoned;

/// Where a circuit stands, how it came there, and whether the recorder knows.
#[derive(Debug)]
pub(crate) struct Track {
    /// Nothing but this module's own code runs under it.
    book: Mutex<Book>,
    /// Held while the recorder is told, so that the gauges of a state are always written as one. The
    /// recorder runs under it.
    pen: Mutex<()>,
}

/// Where a circuit stands; of a circuit per key, all of them together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// The worst of the keys' states.
    pub(crate) state: State,
    /// For how long the last of the open ones is open.
    pub(crate) open_for: Option<Nanos>,
    /// When the next call has a chance, with the key that has it first.
    pub(crate) retry_after: Option<Nanos>,
}

impl Standing {
    pub(crate) fn of(look: &Look) -> Self {
        Standing {
            state: look.snapshot.state,
            open_for: look.open_for,
            retry_after: look.snapshot.retry_after.map(clock::nanos),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Book {
    pub(crate) state: State,
    /// When it came into that state, or was last looked at; `None` before the first look.
    since: Option<Nanos>,
    /// From when on it is half-open without anybody's doing, if it is open.
    until: Nanos,
    /// When the next call has a chance, if calls are rejected.
    next: Option<Nanos>,
    pub(crate) spent: [Nanos; 3],
    pub(crate) transitions: [u64; 3],
    /// The recorder doesn't know it yet.
    unwritten: bool,
}

impl Track {
    pub(crate) const fn new() -> Self {
        Track { book: Mutex::new(Book::new()), pen: Mutex::new(()) }
    }

    /// The transitions so far: to tell whether a look at the circuit is older than the last of them.
    pub(crate) fn count(&self) -> u64 {
        self.lock().transitions.iter().sum()
    }

    /// Notes what a look at the circuit has shown, which began after `count` transitions; false if
    /// there have been more since, so that the look may be older than what they said.
    pub(crate) fn look(&self, count: u64, standing: Standing, now: Nanos) -> bool {
        let mut book = self.lock();
        book.advance(now);
        let is_fresh = book.transitions.iter().sum::<u64>() == count;
        if is_fresh {
            book.enter(standing, now);
        }
        is_fresh
    }

    /// Notes a transition. `present` says where the circuit stands now, given how long it was open
    /// by what is known here. That needn't be the state it went to: threads may come here in another
    /// order than they made their transitions in.
    pub(crate) fn transition(
        &self,
        from: State,
        to: State,
        now: Nanos,
        present: impl FnOnce(Option<Nanos>) -> Option<Standing>,
    ) {
        let mut book = self.lock();
        if book.since.is_none() {
            book.state = from;
        }
        book.advance(now);
        book.transitions[to as usize] += 1;
        let open_for = (book.state == State::Open).then(|| clock::left(book.until, now));
        if let Some(standing) = present(open_for) {
            book.enter(standing, now);
        }
        book.unwritten = true;
    }

    /// Tells the recorder, after whoever is just telling it; by whoever is [`Writing`].
    pub(crate) fn write(&self, write: impl FnOnce(&Book)) {
        let _pen = unpoisoned(self.pen.lock());
        write(&self.take());
    }

    /// Tells the recorder what it doesn't know yet, unless somebody else is at it, who will then look
    /// once more. Not more often: a slow recorder must not keep one caller writing for all the
    /// others. What comes after that waits for the next transition or publication.
    pub(crate) fn write_unwritten(&self, mut write: impl FnMut(&Book)) {
        let Some(_writing) = Writing::begin() else { return };
        for _ in 0..2 {
            let _pen = match self.pen.try_lock() {
                Ok(pen) => pen,
                Err(TryLockError::Poisoned(pen)) => pen.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            if !self.lock().unwritten {
                return;
            }
            write(&self.take());
        }
    }

    /// For the recorder, who is told of it now.
    fn take(&self) -> Book {
        let mut book = self.lock();
        book.unwritten = false;
        *book
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        unpoisoned(self.book.lock())
    }
}

thread_local! {
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// This thread is in a recorder: one that asks for its own numbers must not wait for itself.
pub(crate) struct Writing;

impl Writing {
    /// `None`: it already is, or it is ending and can't tell.
    pub(crate) fn begin() -> Option<Self> {
        let is_first = WRITING.try_with(|writing| !writing.replace(true));
        is_first.is_ok_and(|is_first| is_first).then(|| Writing)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = WRITING.try_with(|writing| writing.set(false));
    }
}

impl Book {
    const fn new() -> Self {
        Book {
            state: State::Closed,
            since: None,
            until: NEVER,
            next: None,
            spent: [0; 3],
            transitions: [0; 3],
            unwritten: true,
        }
    }

    /// Accounts for the time until now.
    fn advance(&mut self, now: Nanos) {
        if self.state == State::Open && now >= self.until {
            self.spend(self.until);
            self.state = State::HalfOpen;
        }
        self.spend(now);
    }

    fn spend(&mut self, until: Nanos) {
        let since = self.since.unwrap_or(until);
        self.spent[self.state as usize] += until.saturating_sub(since);
        self.since = Some(since.max(until));
    }

    fn enter(&mut self, Standing { state, open_for, retry_after }: Standing, now: Nanos) {
        self.state = state;
        self.until = open_for.map_or(NEVER, |left| now.saturating_add(left));
        self.next = retry_after.map(|left| now.saturating_add(left));
    }

    /// What was left when it was last looked at until the next call has a chance.
    pub(crate) fn retry_after(&self) -> Option<Nanos> {
        Some(clock::left(self.next?, self.since?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: fn(Option<Nanos>) -> Option<Standing> =
        |_| Some(Standing { state: State::Open, open_for: Some(30), retry_after: Some(30) });

    fn standing(state: State) -> Standing {
        Standing { state, open_for: None, retry_after: None }
    }

    #[test]
    fn a_look_that_is_older_than_a_transition_changes_nothing() {
        let track = Track::new();
        let count = track.count();
        track.transition(State::Closed, State::Open, 10, OPEN);
        assert!(!track.look(count, standing(State::Closed), 20));
        assert_eq!((track.take().state, track.take().retry_after()), (State::Open, Some(20)));
        assert!(track.look(track.count(), standing(State::Closed), 20));
        assert_eq!((track.take().state, track.take().spent), (State::Closed, [0, 0, 10]));
    }

    #[test]
    fn time_is_spent_in_the_state_that_a_circuit_has_come_to_by_itself() {
        let track = Track::new();
        track.transition(State::Closed, State::Open, 100, OPEN);
        assert!(track.look(1, standing(State::HalfOpen), 150));
        assert_eq!(track.take().spent, [0, 20, 30]);
    }

    #[test]
    fn a_slow_recorder_makes_nobody_write_more_than_twice() {
        let track = Track::new();
        let mut writes = 0;
        track.write_unwritten(|_| {
            writes += 1;
            // Others who come meanwhile.
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    track.transition(State::Closed, State::Open, 1, OPEN);
                    track.write_unwritten(|_| panic!("the pen is taken"));
                });
            });
        });
        assert_eq!(writes, 2);
        let mut told = None;
        track.write(|book| told = Some(book.transitions));
        assert_eq!(told, Some([0, 0, 2]), "the rest is published");
    }

    #[test]
    fn a_recorder_that_asks_for_its_own_numbers_does_not_wait_for_itself() {
        let track = Track::new();
        let mut writes = 0;
        track.write_unwritten(|_| {
            assert!(Writing::begin().is_none());
            track.transition(State::Closed, State::Open, 1, OPEN);
            track.write_unwritten(|_| panic!("it is being told"));
            writes += 1;
        });
        assert_eq!(writes, 2, "what it has caused itself comes after");
    }
}
