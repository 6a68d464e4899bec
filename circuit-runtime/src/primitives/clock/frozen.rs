//! The time that tests hold in their hands, for each thread its own.

use std::cell::RefCell;

use super::Nanos;

thread_local! {
    /// The holds on this thread's time, in the order of their making; the last shows the time.
    static HOLDS: RefCell<Vec<Hold>> = const { RefCell::new(Vec::new()) };
}

/// One guard's hold on the time of its thread.
#[derive(Clone, Copy)]
struct Hold {
    number: u64,
    time: Nanos,
    /// From when on tokio's clock moves it, if it does.
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

/// What the clock shows, if somebody holds it.
pub(super) fn shown() -> Option<Nanos> {
    // A thread that is ending and whose storage is gone has its real time back.
    let last = HOLDS.try_with(|holds| holds.borrow().last().copied()).ok().flatten();
    last.map(Hold::shown)
}

/// Holds the time at `now`; the number stands for the hold.
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

/// Moves a hold, and those within it.
pub(crate) fn advance(number: u64, by: Nanos) {
    change(number, |hold| hold.time = hold.time.saturating_add(by));
}

/// From now on tokio's clock moves a hold, and those within it.
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

/// Ends a hold, wherever it stands among the others.
pub(crate) fn end(number: u64) {
    let _ = HOLDS.try_with(|holds| holds.borrow_mut().retain(|hold| hold.number != number));
}
