//! What a metric shows of a circuit and a snapshot doesn't: how often it entered each state, and
//! how long it was in it. Each breaker keeps its own.

#[cfg(feature = "metrics")]
use std::cell::Cell;
#[cfg(feature = "metrics")]
use std::sync::TryLockError;
use std::sync::{Mutex, MutexGuard};

use crate::observe::snapshot::{FullSnapshot, Snapshot};
use crate::outcome::State;
use crate::primitives::clock::{self, NEVER, Nanos};
use crate::primitives::sync::unpoisoned;

/// Tracks the states of a circuit, and whether the recorder has been told.
#[derive(Debug)]
pub(crate) struct Track {
    /// Only this module's code runs under this lock.
    tracked: Mutex<Tracked>,
    /// Held while the recorder is told, so that the gauges of a state are always written together.
    /// The recorder runs under this lock.
    #[cfg(feature = "metrics")]
    reporting: Mutex<()>,
}

/// The present state of a circuit; with a circuit per key, of all of them together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurrentState {
    /// The worst state of the keys.
    pub(crate) state: State,
    /// How long the last of the open circuits stays open.
    pub(crate) open_for: Option<Nanos>,
    /// How long until the next call may pass, for the key that comes first; `NEVER` if it is open
    /// for good.
    pub(crate) retry_after: Option<Nanos>,
}

impl CurrentState {
    pub(crate) fn of(seen: &FullSnapshot) -> Self {
        let Snapshot { state, retry_after, .. } = seen.snapshot;
        let for_good = (state == State::Open).then_some(NEVER);
        let retry_after = retry_after.map(clock::nanos).or(for_good);
        CurrentState { state, open_for: seen.open_for, retry_after }
    }
}

/// What is known of a circuit's states, as of `since`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracked {
    pub(crate) state: State,
    /// Up to when its time is accounted for; `None` before the first look.
    since: Option<Nanos>,
    /// If it is open: when its wait is over, from when on it counts as half-open.
    until: Nanos,
    /// When the next call may pass, if calls are rejected.
    next: Option<Nanos>,
    pub(crate) spent: [Nanos; 3],
    pub(crate) transitions: [u64; 3],
    /// The recorder hasn't been told yet.
    #[cfg(feature = "metrics")]
    pending: bool,
}

impl Track {
    pub(crate) const fn new() -> Self {
        Track {
            tracked: Mutex::new(Tracked::new()),
            #[cfg(feature = "metrics")]
            reporting: Mutex::new(()),
        }
    }

    /// The number of transitions so far, by which [`Track::note_state`] notices that a look is outdated.
    pub(crate) fn count(&self) -> u64 {
        self.lock().transitions.iter().sum()
    }

    /// Notes the state that a look at the circuit has shown, if there were `count` transitions
    /// before it and none since. False: there were, and the look may be older than they are.
    pub(crate) fn note_state(&self, count: u64, state: CurrentState, now: Nanos) -> bool {
        let mut tracked = self.lock();
        tracked.advance(now);
        let is_fresh = tracked.transitions.iter().sum::<u64>() == count;
        if is_fresh {
            tracked.enter(state, now);
        }
        is_fresh
    }

    /// Notes a transition. `present` gives the present state, from how long the circuit stays open
    /// as far as is known here. That needn't be the state after the transition: threads may get
    /// here in another order than they made their transitions.
    pub(crate) fn transition(
        &self,
        from: State,
        to: State,
        now: Nanos,
        present: impl FnOnce(Option<Nanos>) -> Option<CurrentState>,
    ) {
        let mut tracked = self.lock();
        if tracked.since.is_none() {
            tracked.state = from;
        }
        tracked.advance(now);
        tracked.transitions[to as usize] += 1;
        let open_for = (tracked.state == State::Open).then(|| clock::left(tracked.until, now));
        if let Some(state) = present(open_for) {
            tracked.enter(state, now);
        }
        #[cfg(feature = "metrics")]
        {
            tracked.pending = true;
        }
    }

    /// What is known now.
    #[cfg(feature = "opentelemetry033")]
    pub(crate) fn tracked(&self) -> Tracked {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Tracked> {
        unpoisoned(self.tracked.lock())
    }
}

#[cfg(feature = "metrics")]
impl Track {
    /// Tells the recorder, and waits for another thread that is telling it. The caller holds an
    /// [`InRecorder`].
    pub(crate) fn report(&self, report: impl FnOnce(&Tracked)) {
        let _reporting = unpoisoned(self.reporting.lock());
        report(&self.take());
    }

    /// Tells the recorder what it hasn't been told yet. If another thread is telling it already,
    /// that thread checks once more when it is done. Only once: a slow recorder must not make one
    /// caller report for all the others. What comes later waits for the next transition or
    /// publication.
    pub(crate) fn report_pending(&self, mut report: impl FnMut(&Tracked)) {
        let Some(_in_recorder) = InRecorder::begin() else { return };
        for _ in 0..2 {
            let _reporting = match self.reporting.try_lock() {
                Ok(reporting) => reporting,
                Err(TryLockError::Poisoned(reporting)) => reporting.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            if !self.lock().pending {
                return;
            }
            report(&self.take());
        }
    }

    /// A copy for the recorder, which is being told.
    fn take(&self) -> Tracked {
        let mut tracked = self.lock();
        tracked.pending = false;
        *tracked
    }
}

#[cfg(feature = "metrics")]
thread_local! {
    static IN_RECORDER: Cell<bool> = const { Cell::new(false) };
}

/// While this exists, its thread is in a recorder: one that asks for its own numbers must not wait
/// for itself.
#[cfg(feature = "metrics")]
pub(crate) struct InRecorder;

#[cfg(feature = "metrics")]
impl InRecorder {
    /// `None`: the thread already is in one, or is ending and can't tell.
    pub(crate) fn begin() -> Option<Self> {
        let is_first = IN_RECORDER.try_with(|in_recorder| !in_recorder.replace(true));
        is_first.is_ok_and(|is_first| is_first).then(|| InRecorder)
    }
}

#[cfg(feature = "metrics")]
impl Drop for InRecorder {
    fn drop(&mut self) {
        let _ = IN_RECORDER.try_with(|in_recorder| in_recorder.set(false));
    }
}

impl Tracked {
    const fn new() -> Self {
        Tracked {
            state: State::Closed,
            since: None,
            until: NEVER,
            next: None,
            spent: [0; 3],
            transitions: [0; 3],
            #[cfg(feature = "metrics")]
            pending: true,
        }
    }

    /// Accounts for the time up to `now`.
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

    fn enter(&mut self, CurrentState { state, open_for, retry_after }: CurrentState, now: Nanos) {
        self.state = state;
        self.until = open_for.map_or(NEVER, |left| now.saturating_add(left));
        self.next = retry_after.map(|left| now.saturating_add(left));
    }

    /// How long it is until the next call may pass, as of the last update.
    pub(crate) fn retry_after(&self) -> Option<Nanos> {
        Some(clock::left(self.next?, self.since?))
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use super::*;

    const OPEN: fn(Option<Nanos>) -> Option<CurrentState> =
        |_| Some(CurrentState { state: State::Open, open_for: Some(30), retry_after: Some(30) });

    fn current(state: State) -> CurrentState {
        CurrentState { state, open_for: None, retry_after: None }
    }

    #[test]
    fn a_look_that_is_older_than_a_transition_changes_nothing() {
        let track = Track::new();
        let count = track.count();
        track.transition(State::Closed, State::Open, 10, OPEN);
        assert!(!track.note_state(count, current(State::Closed), 20));
        assert_eq!((track.take().state, track.take().retry_after()), (State::Open, Some(20)));
        assert!(track.note_state(track.count(), current(State::Closed), 20));
        assert_eq!((track.take().state, track.take().spent), (State::Closed, [0, 0, 10]));
    }

    #[test]
    fn time_is_spent_in_the_state_that_a_circuit_has_come_to_by_itself() {
        let track = Track::new();
        track.transition(State::Closed, State::Open, 100, OPEN);
        assert!(track.note_state(1, current(State::HalfOpen), 150));
        assert_eq!(track.take().spent, [0, 20, 30]);
    }

    #[test]
    fn a_slow_recorder_makes_nobody_report_more_than_twice() {
        let track = Track::new();
        let mut reports = 0;
        track.report_pending(|_| {
            reports += 1;
            // Others who come meanwhile.
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    track.transition(State::Closed, State::Open, 1, OPEN);
                    track.report_pending(|_| panic!("another thread is reporting"));
                });
            });
        });
        assert_eq!(reports, 2);
        let mut told = None;
        track.report(|tracked| told = Some(tracked.transitions));
        assert_eq!(told, Some([0, 0, 2]), "the rest is published");
    }

    #[test]
    fn a_recorder_that_asks_for_its_own_numbers_does_not_wait_for_itself() {
        let track = Track::new();
        let mut reports = 0;
        track.report_pending(|_| {
            assert!(InRecorder::begin().is_none());
            track.transition(State::Closed, State::Open, 1, OPEN);
            track.report_pending(|_| panic!("the recorder is being told"));
            reports += 1;
        });
        assert_eq!(reports, 2, "what it has caused itself comes after");
    }
}
