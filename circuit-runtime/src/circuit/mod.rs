//! One circuit among threads: the state machine behind a lock, and a summary that spares
//! healthy calls the lock.
//!
//! Whoever changes the state machine holds the lock and publishes, before letting go, a summary in
//! one atomic word: the period's number and a few flags. A call through a healthy circuit reads
//! that word twice and writes nothing shared; a rejection reads the word and the deadline.
//! Everything else takes the lock, and under the lock there is only plain, short, pure code
//! (`machine`), so that there is nothing to retry, to lose or to leave half-done.
//!
//! # Atomic orderings
//!
//! *Writers.* Under the lock: the deadline (its length, then its end), then `summary` (release). There
//! is one writer at a time, so no store can be overtaken by an older one.
//!
//! *Admission* loads `summary` (acquire). Seeing OPEN or FULL, it synchronizes with the store that
//! published it, so that its load of the deadline gives that of this period or of a later one of
//! the same state, never an older one. A later one means that the circuit has opened (or filled)
//! again meanwhile, so the rejection is right by the time it is made. A deadline that has passed is
//! only a reason to take the lock, which decides. Open and full have a deadline each, so that a
//! rejection never gives the reason of one state with the time of the other.
//!
//! *A success* loads `summary` (relaxed) and compares it with "closed, nothing to write, in my period". Coherence
//! alone is needed: nothing is read on the strength of the answer. A failure that is being recorded
//! at the same moment comes after this success in the order of the period's outcomes; both orders
//! are possible outcomes of the race. A failure, a reset or a closing that happened before this
//! call ended, by whatever synchronization the user has, is seen.
//!
//! *Pending successes.* While a count window holds failures, a success moves it by one and can't open the
//! circuit. It then adds itself to [`PendingSuccesses`] by compare-exchange; the next holder of the lock takes
//! the sum over before anything else, and with it the end of a run of failures, and seals them, so
//! that what the holder decides has no success between its beginning and its end. Relaxed: the
//! number is all that is communicated.
//!
//! *The bulkhead* is a counter of its own with relaxed read-modify-writes: they are one after the
//! other in its modification order, so never more than the limit hold a place, all of them for one
//! key ([`Bulkhead`](bulkhead::Bulkhead)), and nothing else hangs on it.
//!
//! *Reassignment* (circuits per key). Giving a circuit to another key stores `stamp` before `summary`
//! (release), under the lock. A call loads `summary` (acquire) and then `stamp`: a summary of the
//! new key brings the new stamp with it, and the call looks its key up again; a summary of the old
//! key makes a ticket of a past period, whose outcome is late. So does a deadline (release and
//! acquire on its own account): nobody is rejected by that of another key.
//!
//! *Registration.* A breaker puts itself among the process's circuits, which have a mutex of their own,
//! and then publishes a summary without UNREGISTERED (release). Whoever sees that summary (acquire)
//! finds it there. An annotated function's call that sees another summary registers it first.

mod admit;
mod assignment;
mod bulkhead;
pub(crate) mod machine;
mod published;
mod record;
mod summary;
#[cfg(all(test, not(circuit_loom)))]
mod tests;
mod ticket;
mod view;

pub(crate) use admit::{Answer, Refusal};
#[cfg(feature = "metrics")]
pub(crate) use assignment::Departed;
pub(crate) use published::Published;
pub(crate) use record::End;
pub(crate) use summary::Summary;
pub(crate) use ticket::{Admission, StoredAdmission, Ticket};
pub(crate) use view::View;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::circuit::machine::{Change, Machine};
use crate::config::Rules;
use crate::counters::{self, Count, Counters, KeyCounters, Totals};
use crate::observe::event::{Reason, Transition};
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::{Mutex, MutexGuard, Ordering, const_fn, unpoisoned};
use crate::window::pending::PendingSuccesses;
use crate::window::sharded::ShardedBuckets;
use crate::window::{Env, SlidingWindow};

/// A circuit: what decides, and what is counted. Its parts stand where the breaker has them: those
/// of the keys' circuits each among their like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CircuitRef<'a> {
    pub(crate) published: &'a Published,
    locked: &'a Locked,
    counters: CountersRef<'a>,
}

/// What is behind the lock, with the lock, and what waits for its next holder.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Locked {
    pending: PendingSuccesses,
    /// When the key of a circuit that isn't closed was last asked for, or that of a closed one seen
    /// to have been.
    asked: std::sync::atomic::AtomicU64,
    inner: Mutex<Inner>,
}

/// The counters of a circuit that stands alone, or of one of a breaker's keys.
#[derive(Debug, Clone, Copy)]
enum CountersRef<'a> {
    Single(&'a Counters),
    Keyed(&'a KeyCounters, counters::Key),
}

/// A circuit that stands alone, with its parts.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Circuit {
    published: Published,
    counters: Counters,
    locked: Locked,
}

impl Circuit {
    const_fn! {
    pub(crate) fn new(rules: Rules, registered: bool) -> Self {
        Circuit {
            published: Published::new(&rules, registered, 0),
            counters: Counters::new(),
            locked: Locked::new(rules, registered),
        }
    }
    }

    #[inline]
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    #[inline]
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    #[inline]
    pub(crate) fn by_ref(&self) -> CircuitRef<'_> {
        let counters = CountersRef::Single(&self.counters);
        CircuitRef { published: &self.published, locked: &self.locked, counters }
    }
}

/// What is only touched under the lock.
#[derive(Debug)]
struct Inner {
    machine: Machine,
    mode: Mode,
    /// It is among the circuits of the process; those of keys are there by their breaker.
    registered: bool,
    key: Option<Arc<str>>,
    transitions: u64,
    recent: VecDeque<Transition>,
    /// The counters when the present key came, so that a key's own can be told.
    before: Option<Box<Totals>>,
    /// The first period of the present key.
    since_epoch: u32,
    transitions_before: u64,
    #[cfg(feature = "metrics")]
    departed: Option<Box<Departed>>,
}

/// How many transitions a circuit remembers.
pub(crate) const RECENT: usize = 16;

impl Locked {
    const_fn! {
    pub(crate) fn new(rules: Rules, registered: bool) -> Self {
        Locked {
            pending: PendingSuccesses::new(),
            asked: std::sync::atomic::AtomicU64::new(0),
            inner: Mutex::new(Inner {
                machine: Machine::new(rules),
                mode: Mode::Normal,
                registered,
                key: None,
                transitions: 0,
                recent: VecDeque::new(),
                before: None,
                since_epoch: 0,
                transitions_before: 0,
                #[cfg(feature = "metrics")]
                departed: None,
            }),
        }
    }
    }
}

impl<'a> CircuitRef<'a> {
    /// A key's circuit.
    #[inline]
    pub(crate) fn of_key(
        published: &'a Published,
        locked: &'a Locked,
        counters: &'a KeyCounters,
        key: counters::Key,
    ) -> Self {
        CircuitRef { published, locked, counters: CountersRef::Keyed(counters, key) }
    }

    /// Counts one more.
    #[inline]
    pub(crate) fn bump(&self, count: Count) {
        match self.counters {
            CountersRef::Single(counters) => counters.bump(count, ()),
            CountersRef::Keyed(counters, key) => counters.bump(count, key),
        }
    }

    /// Takes the lock, and takes over what has only been counted since.
    #[inline]
    fn lock(&self) -> MutexGuard<'a, Inner> {
        let mut inner = unpoisoned(self.locked.inner.lock());
        let pending = self.locked.pending.seal();
        if pending != 0 {
            inner.machine.slide(pending);
        }
        inner
    }

    pub(crate) fn rules(&self) -> Rules {
        *self.lock().machine.rules()
    }

    /// The state as a caller would find it: from the deadline on, an open circuit is half-open.
    pub(crate) fn state(&self) -> State {
        match self.published.summary().state() {
            // The deadline before the clock, as `Wait` wants it.
            State::Open if self.published.open.wait().left(clock::now()).is_none() => {
                State::HalfOpen
            }
            state => state,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.published.summary().mode()
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.published.summary().is_registered()
    }

    /// The breaker is registered now: calls need not register it any more.
    pub(crate) fn mark_registered(&self) {
        let mut inner = self.lock();
        inner.registered = true;
        self.publish(&inner);
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        let mut inner = self.lock();
        inner.mode = mode;
        self.publish(&inner);
    }

    /// `by` is the operator's name, where it is known.
    pub(crate) fn reset(
        &self,
        name: &'static str,
        by: Option<&Arc<str>>,
    ) -> Option<Box<Transition>> {
        let mut inner = self.lock();
        let change = inner.machine.reset(&self.env(&Moment::default()));
        let transition = change.map(|change| {
            let reason = match by {
                Some(by) => Reason::ByOperator { by: Arc::clone(by) },
                None => change.reason,
            };
            inner.note(name, Change { reason, ..change })
        });
        self.publish(&inner);
        transition
    }

    pub(crate) fn reconfigure(&self, name: &'static str, rules: Rules) -> Option<Box<Transition>> {
        let mut inner = self.lock();
        let change = inner.machine.reconfigure(rules, &self.env(&Moment::default()));
        let transition = change.map(|change| inner.note(name, change));
        self.published.publish_rules(&rules);
        self.publish(&inner);
        transition
    }

    fn env<'m>(&self, moment: &'m Moment) -> CallEnv<'m>
    where
        'a: 'm,
    {
        CallEnv { moment, sharded: self.published.sharded.get() }
    }

    /// Makes the summary agree with what the lock guards.
    #[inline]
    fn publish(&self, inner: &MutexGuard<'_, Inner>) {
        let machine = &inner.machine;
        let summary = Summary::of(machine, inner.mode, inner.registered);
        if let Some(wait) = machine.rejection() {
            self.published.deadline(summary.state()).publish(wait);
        }
        if summary.is_bucket() {
            if let Some(span) = machine.window().and_then(SlidingWindow::span) {
                self.published
                    .sharded
                    .get_or_init(|| Box::new(ShardedBuckets::new()))
                    .place(machine.epoch(), span);
            }
        }
        if summary.is_slide() {
            self.locked.pending.open(machine.epoch());
        }
        self.published.summary.store(summary.0, Ordering::Release);
    }
}

impl Inner {
    /// Numbers and dates a change, and keeps it among the recent ones. Boxed, to be light in the
    /// hands of the many outcomes that change nothing.
    #[cold]
    #[expect(clippy::unnecessary_box_returns, reason = "boxed for those who hand it on")]
    fn note(&mut self, name: &'static str, change: Change) -> Box<Transition> {
        self.transitions += 1;
        let transition = Transition {
            circuit: name,
            key: self.key.clone(),
            number: self.transitions - self.transitions_before,
            from: change.from,
            to: change.to,
            reason: change.reason,
            retry_after: self.machine.opened_for().map(Duration::from_nanos),
            at: clock::date(),
        };
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(transition.clone());
        Box::new(transition)
    }
}

/// Time, chance and the sharded buckets, as the machine asks for them during one call.
struct CallEnv<'a> {
    moment: &'a Moment,
    sharded: Option<&'a ShardedBuckets>,
}

impl Env for CallEnv<'_> {
    fn now(&self) -> Nanos {
        self.moment.exact()
    }

    fn coarse(&self) -> Nanos {
        self.moment.coarse()
    }

    fn roll(&self) -> f64 {
        fastrand::f64()
    }

    fn now_again(&self) -> Nanos {
        clock::now()
    }

    fn successes_elsewhere(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        if let Some(sharded) = self.sharded {
            sharded.each(epoch, reached, each);
        }
    }

    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        self.successes_elsewhere(epoch, reached, each);
        self.forget_successes();
    }

    fn forget_successes(&self) {
        if let Some(sharded) = self.sharded {
            sharded.forget();
        }
    }
}
