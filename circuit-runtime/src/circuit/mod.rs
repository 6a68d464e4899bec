//! One circuit among threads: a state machine behind a lock, and a summary of it that healthy calls
//! read without the lock.
//!
//! A thread that changes the state machine holds the lock and, before it releases it, publishes a
//! summary in one atomic word: the epoch and some flags. A call through a healthy circuit reads
//! that word twice and writes nothing shared; a rejection reads the word and the deadline.
//! Most of the rest takes the lock. Under the lock runs only short, pure code (`machine`), so that
//! nothing has to be retried, and nothing is lost or left half-done.
//!
//! *What the summary saves.* The lock, twice a call: a mutex alone takes several times as long as a whole guarded
//! call (the guide's page *Performance*). The simple alternative is to lock at admission and at the end.
//!
//! # Atomic orderings
//!
//! *Writers*, under the lock, store the deadline (its length, then its end) and then `summary`
//! (Release). There is one writer at a time, so no store is overwritten by an older one.
//!
//! *Admission* loads `summary` (Acquire). If that has OPEN or FULL, the load synchronizes with the store
//! that published it. So the deadline that is loaded next is that of this period or of a later one
//! in the same state, never an older one. A later one means that the circuit has opened (or filled)
//! again meanwhile, or that a hint has moved it, so the rejection is right by the time it is made. A deadline that has passed is
//! only a reason to take the lock, which decides. Open and full have a deadline each, so that a
//! rejection doesn't combine the reason of one state with the time of the other.
//!
//! *A success* loads `summary` (Relaxed) and compares it with its ticket: "closed, nothing to write, in my
//! period". Coherence is enough, because nothing else is read on the strength of the answer. A
//! failure that is recorded at the same time comes after this success in the order of the period's
//! outcomes; either order is valid. A failure, a reset or a closing that happened before this call
//! ended, by whatever synchronization the user has, is seen.
//!
//! *A call that is ignored* has nothing to write either, if the circuit is still closed, and in the call's
//! period. It loads `summary` (Relaxed), too: seen before an opening, it came before.
//!
//! *Pending outcomes.* While a closed circuit has failures in its run, or in a window with at least `min_calls`
//! outcomes, a success can't open it: it ends the run, slides a count window by one, or enters the
//! current bucket of a time window. Nor can a few failures: `publish` notes how many are too few for any rule.
//! Such an outcome is noted in [`PendingOutcomes`] by compare-exchange. The next holder of the lock first takes them over, in
//! their order, and seals them, so that none comes in while it decides. Relaxed: the outcomes are all
//! that is communicated, and their word says by itself whether one more fits, in which period and beside how
//! many others. (Acquire, for the summary: when the bucket ends was stored before it.)
//!
//! *The bulkhead* is a separate counter with relaxed read-modify-writes. These have one order, so there
//! are never more calls in flight than the limit, all of one key
//! ([`Bulkhead`](bulkhead::Bulkhead)); no other memory depends on it.
//!
//! *The queue* for it is behind the lock. A call that joins it sets QUEUED in the bulkhead's word and
//! then looks whether a place is free; a call that gives its place back takes itself out of that word
//! and sees whether QUEUED is set. Both are read-modify-writes of one word, so that one of them sees
//! the other: no call waits while a place is free. Whoever opens the circuit empties the queue in the same
//! step, and no call joins that of an open circuit.
//!
//! *Reassignment* (circuits per key). To give a circuit to another key, `stamp` is stored before `summary`
//! (Release), under the lock. A call loads `summary` (Acquire) and then `stamp`. If it saw the
//! summary of the new key, it sees the new stamp, too, and looks its key up again. If it saw the
//! summary of the old key, its ticket is of a past period, and its outcome is late. The same holds
//! for a deadline (Release and Acquire of its own): no call is rejected by the deadline of another
//! key.
//!
//! *Registration.* A breaker is added to the registry, which has a mutex of its own, and then publishes
//! a summary without UNREGISTERED (Release). A thread that sees that summary (Acquire) finds the
//! breaker there. A call of an annotated function that sees UNREGISTERED registers the breaker
//! first.

mod admit;
mod assignment;
mod bulkhead;
mod control;
mod env;
mod hints;
pub(crate) mod in_flight;
#[cfg(all(test, not(circuit_loom), target_pointer_width = "64"))]
mod layout;
pub(crate) mod machine;
mod published;
mod queue;
mod record;
mod stall;
mod summary;
#[cfg(all(test, not(circuit_loom)))]
mod tests;
mod ticket;
mod view;

pub(crate) use admit::{Answer, Refusal};
#[cfg(feature = "metrics")]
pub(crate) use assignment::Departed;
pub(crate) use bulkhead::Freed;
pub(crate) use hints::Hint;
pub(crate) use published::Published;
pub(crate) use queue::{Join, Joined, Leaves, Turn, Woken};
#[cfg(feature = "stream")]
pub(crate) use record::ProbeAnswer;
pub(crate) use record::{End, Judged, Late};
pub(crate) use stall::Unlisted;
pub(crate) use summary::Summary;
pub(crate) use ticket::{Admission, StoredAdmission, Ticket};
pub(crate) use view::View;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::circuit::machine::{Change, Machine};
use crate::config::{ChangedRules, Rules};
use crate::counters::{Count, Counters, Key, KeyCounters, Totals};
use crate::observe::event::Transition;
use crate::outcome::{Mode, Modes, State};
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::{Mutex, MutexGuard, const_fn, constant, unpoisoned};
use crate::window::pending::PendingOutcomes;
use env::CallEnv;
use in_flight::InFlight;
use once_cell::race::OnceBox;
use queue::Queue;

/// A circuit by references to its parts: for keys' circuits, parts of one kind are stored together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CircuitRef<'a> {
    pub(crate) published: &'a Published,
    locked: &'a Locked,
    /// The rules of the code.
    code: &'a Rules,
    counters: CountersRef<'a>,
}

/// The lock, what is behind it, and what its next holder takes over.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Locked {
    inner: Mutex<Inner>,
    pending: PendingOutcomes,
    /// When the key was last asked for; if the circuit is closed, when that was last noticed.
    last_used: std::sync::atomic::AtomicU64,
    /// Made for the first call that is watched.
    in_flight: OnceBox<InFlight>,
}

/// The counters of a single circuit, or of a key's circuit with this number.
#[derive(Debug, Clone, Copy)]
enum CountersRef<'a> {
    Single(&'a Counters),
    Keyed(&'a OfAllKeys, usize),
}

/// What the circuits of all keys of a breaker have in common.
#[derive(Debug)]
pub(crate) struct OfAllKeys {
    /// The rules of the code.
    pub(crate) code: Rules,
    pub(crate) counters: KeyCounters,
    /// How many circuits there may be.
    pub(crate) max: usize,
}

/// A single circuit, with its parts.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Circuit {
    published: Published,
    counters: Counters,
    locked: Locked,
    code: Rules,
}

impl Circuit {
    const_fn! {
    pub(crate) fn new(rules: Rules, registered: bool) -> Self {
        Circuit {
            published: Published::new(&rules, registered, 0),
            counters: constant!(Counters::new()),
            locked: Locked::new(&rules, registered),
            code: rules,
        }
    }
    }

    #[inline]
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    /// The rules of the code.
    pub(crate) fn code(&self) -> &Rules {
        &self.code
    }

    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The list of calls in flight, if one has been listed.
    #[inline]
    pub(crate) fn in_flight(&self) -> Option<&InFlight> {
        self.locked.in_flight.get()
    }

    /// Admits a call to a closed circuit that only times its calls, or counts those in flight. `None`: something
    /// else may decide.
    #[expect(clippy::inline_always, reason = "its answer is costly to hand over")]
    #[inline(always)]
    pub(crate) fn try_admit_measured(&self) -> Option<Admission> {
        // Without a key there is only one stamp.
        self.published.try_admit_measured(self.published.summary(), 0)
    }

    #[inline]
    pub(crate) fn by_ref(&self) -> CircuitRef<'_> {
        let Circuit { published, counters, locked, code } = self;
        CircuitRef { published, locked, code, counters: CountersRef::Single(counters) }
    }
}

/// What only the lock's holder uses. First what is rarely written, beside the lock itself; see `layout`.
#[derive(Debug)]
#[repr(C)]
struct Inner {
    key: Option<Arc<str>>,
    /// The counters when the present key got the circuit, to be subtracted.
    before: Option<Box<Totals>>,
    transitions_before: u64,
    /// The calls that wait for a place of the bulkhead.
    queue: Option<Box<Queue>>,
    #[cfg(feature = "metrics")]
    departed: Option<Box<Departed>>,
    /// The first period of the present key.
    since_epoch: u32,
    /// Whether it is registered; keys' circuits always are, by their breaker.
    registered: bool,
    /// Whether the key has a mode of its own.
    has_mode_override: bool,
    mode: Mode,
    /// The flags of its summary that don't depend on the state: kept, since each outcome under the
    /// lock publishes them.
    flags: u64,
    machine: Machine,
    changed: ChangedRules,
    transitions: u64,
    /// The first and the last start of the calls that stalled while the circuit was disabled, the last
    /// time that it was.
    dropped: [Nanos; 2],
    recent: VecDeque<Arc<Transition>>,
    modes: Modes,
}

/// How many transitions a circuit remembers.
pub(crate) const RECENT: usize = 16;

impl Locked {
    const_fn! {
    pub(crate) fn new(rules: &Rules, registered: bool) -> Self {
        Locked {
            pending: constant!(PendingOutcomes::new()),
            last_used: constant!(std::sync::atomic::AtomicU64::new(0)),
            in_flight: constant!(OnceBox::new()),
            inner: Mutex::new(Inner {
                machine: Machine::new(rules),
                changed: None,
                mode: Mode::Normal,
                modes: Modes::of(Mode::Normal),
                registered,
                flags: summary::flags_of(rules, registered),
                key: None,
                transitions: 0,
                recent: constant!(VecDeque::new()),
                before: None,
                since_epoch: 0,
                transitions_before: 0,
                has_mode_override: false,
                dropped: stall::NONE,
                queue: None,
                #[cfg(feature = "metrics")]
                departed: None,
            }),
        }
    }
    }
}

impl OfAllKeys {
    /// Where the counters of a circuit are.
    #[inline]
    pub(crate) fn key(&self, number: usize) -> Key {
        Key { number, max: self.max }
    }
}

impl<'a> CircuitRef<'a> {
    /// A key's circuit.
    #[inline]
    pub(crate) fn of_key(
        published: &'a Published,
        locked: &'a Locked,
        of_all: &'a OfAllKeys,
        number: usize,
    ) -> Self {
        let counters = CountersRef::Keyed(of_all, number);
        CircuitRef { published, locked, code: &of_all.code, counters }
    }

    /// Increments a counter.
    #[inline]
    pub(crate) fn bump(&self, count: Count) {
        match self.counters {
            CountersRef::Single(counters) => counters.bump(count, ()),
            CountersRef::Keyed(of_all, number) => of_all.counters.bump(count, of_all.key(number)),
        }
    }

    /// Takes the lock, and takes over the pending outcomes.
    #[inline]
    fn lock(&self) -> MutexGuard<'a, Inner> {
        let mut inner = unpoisoned(self.locked.inner.lock());
        let pending = self.locked.pending.seal();
        if !pending.is_empty() {
            inner.machine.take_over(pending);
        }
        inner
    }

    /// The state; an open circuit is half-open as soon as its wait is over.
    pub(crate) fn state(&self) -> State {
        match self.published.summary().state() {
            // The deadline before the clock, so that the wait hasn't begun after the clock was
            // read.
            State::Open if self.published.open.wait().left(clock::now()).is_none() => {
                State::HalfOpen
            }
            state => state,
        }
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.published.summary().is_registered()
    }

    /// Notes that the breaker is registered, so that calls needn't register it any more.
    pub(crate) fn mark_registered(&self) {
        let mut inner = self.lock();
        inner.registered = true;
        inner.flags = summary::flags_of(self.in_force(&inner), true);
        self.publish(&inner);
    }

    fn env<'m>(&self, moment: &'m Moment) -> CallEnv<'m>
    where
        'a: 'm,
    {
        CallEnv { moment, published: self.published }
    }

    /// Makes a transition of a change, with number and time, and keeps it among the recent ones. No call
    /// waits for a place of an open circuit: those that do are sent away.
    /// By reference, so that the many outcomes that change nothing pass on only a pointer.
    #[cold]
    fn note(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        name: &'static str,
        change: Change,
    ) -> (Arc<Transition>, Woken) {
        inner.transitions += 1;
        let transition = Transition {
            circuit: name,
            key: inner.key.clone(),
            number: inner.transitions - inner.transitions_before,
            from: change.from,
            to: change.to,
            reason: change.reason,
            retry_after: inner.machine.opened_for().and_then(clock::finite),
            error: None,
            at: clock::date(),
        };
        let oldest = if inner.recent.len() == RECENT { inner.recent.pop_front() } else { None };
        let transition = in_place_of(oldest, transition);
        inner.recent.push_back(Arc::clone(&transition));
        let opens = change.to == State::Open;
        (transition, if opens { self.send_away(inner) } else { Woken::default() })
    }
}

/// A transition, in the room of an earlier one that nobody else has any more.
fn in_place_of(earlier: Option<Arc<Transition>>, transition: Transition) -> Arc<Transition> {
    if let Some(mut earlier) = earlier {
        if let Some(room) = Arc::get_mut(&mut earlier) {
            *room = transition;
            return earlier;
        }
    }
    Arc::new(transition)
}
