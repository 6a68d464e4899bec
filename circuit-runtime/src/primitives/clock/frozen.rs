//! Frozen clocks for tests, one for each thread.

use std::cell::RefCell;

use super::Nanos;

thread_local! {
    /// The frozen clocks of this thread, oldest first; the last one is in force.
    static HOLDS: RefCell<Vec<Hold>> = const { RefCell::new(Vec::new()) };
}

/// The clock of one guard.
#[derive(Clone, Copy)]
struct Hold {
    number: u64,
    time: Nanos,
    /// Since when tokio's clock moves it, if it does.
    #[cfg(feature = "tokio")]
    since: Option<tokio::time::Instant>,
}

impl Hold {
    fn shown(self) -> Nanos {
        #[cfg(feature = "tokio")]
        if let Some(since) = self.since {
            // Saturates: outside of the runtime, tokio's clock may show an earlier time.
            let passed = tokio::time::Instant::now().saturating_duration_since(since);
            return self.time.saturating_add(super::nanos(passed));
        }
        self.time
    }
}

/// The time of the clock that is in force, if there is one.
pub(super) fn shown() -> Option<Nanos> {
    // A thread that is ending, and whose storage is gone, has real time again.
    let last = HOLDS.try_with(|holds| holds.borrow().last().copied()).ok().flatten();
    last.map(Hold::shown)
}

/// Freezes the clock at `now`; returns its number.
pub(crate) fn hold(now: Nanos) -> u64 {
    HOLDS.with_borrow_mut(|holds| {
        let number = holds.last().map_or(0, |last| last.number + 1);
        holds.push(Hold {
            number,
            time: now,
            #[cfg(feature = "tokio")]
            since: None,
        });
        number
    })
}

/// Moves a clock, and those that were frozen after it.
pub(crate) fn advance(number: u64, by: Nanos) {
    change(number, |hold| hold.time = hold.time.saturating_add(by));
}

/// Lets tokio's clock move a clock, and those that were frozen after it.
#[cfg(feature = "tokio")]
pub(crate) fn follow_tokio(number: u64) {
    let since = tokio::time::Instant::now();
    change(number, |hold| {
        hold.time = hold.shown();
        hold.since = Some(since);
    });
}

fn change(number: u64, change: impl Fn(&mut Hold)) {
    let _ = HOLDS.try_with(|holds| {
        let mut holds = holds.borrow_mut();
        holds.iter_mut().filter(|hold| hold.number >= number).for_each(change);
    });
}

/// Removes a clock, wherever it is among the others.
pub(crate) fn end(number: u64) {
    let _ = HOLDS.try_with(|holds| holds.borrow_mut().retain(|hold| hold.number != number));
}
