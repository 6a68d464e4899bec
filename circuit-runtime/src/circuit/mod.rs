//! One circuit among threads: the state machine behind a lock, and the word that spares healthy
//! calls the lock.
//!
//! Whoever changes the state machine holds the lock and publishes, before letting go, a summary in
//! one atomic word: the period's number and a few flags. A call through a healthy circuit reads
//! that word twice and writes nothing shared; a rejection reads the word and the deadline.
//! Everything else takes the lock, and under the lock there is only plain, short, pure code
//! (`machine`), so that there is nothing to retry, to lose or to leave half-done.
//!
//! # Atomic orderings
//!
//! *Writers.* Under the lock: the deadline (its length, then its end), then `word` (release). There
//! is one writer at a time, so no store can be overtaken by an older one.
//!
//! *Admission* loads `word` (acquire). Seeing OPEN or FULL, it synchronizes with the store that
//! published it, so that its load of the deadline gives that of this period or of a later one of
//! the same state, never an older one. A later one means that the circuit has opened (or filled)
//! again meanwhile, so the rejection is right by the time it is made. A deadline that has passed is
//! only a reason to take the lock, which decides. Open and full have a deadline each, so that a
//! rejection never gives the reason of one state with the time of the other.
//!
//! *A success* loads `word` (relaxed) and compares it with "closed, calm, in my period". Coherence
//! alone is needed: nothing is read on the strength of the answer. A failure that is being recorded
//! at the same moment comes after this success in the order of the period's outcomes; both orders
//! are possible outcomes of the race. A failure, a reset or a closing that happened before this
//! call ended, by whatever synchronization the user has, is seen.
//!
//! *Sliding.* While a count window holds failures, a success moves it by one and can't open the
//! circuit. It then adds itself to [`Slides`] by compare-exchange; the next holder of the lock takes
//! the sum over before anything else, and with it the end of a run of failures, and seals them, so
//! that what the holder decides has no success between its beginning and its end. Relaxed: the
//! number is all that is communicated.
//!
//! *The bulkhead* is a counter of its own with relaxed read-modify-writes: they are one after the
//! other in its modification order, so never more than the limit hold a place, all of them for one
//! key ([`Places`](bulkhead::Places)), and nothing else hangs on it.
//!
//! *Tenancy* (circuits per key). Giving a circuit to another key stores `tenant` before `word`
//! (release), under the lock. A call loads `word` (acquire) and then `tenant`: a word of the new
//! tenancy brings the new tenant with it, and the call looks its key up again; a word of the old
//! one makes a ticket of a past period, whose outcome is late. So does a deadline (release and
//! acquire on its own account): nobody is rejected by that of another key.
//!
//! *Listing.* A breaker puts itself among the process's circuits, which have a mutex of their own,
//! and then publishes a word without UNLISTED (release). Whoever sees that word (acquire) finds it
//! there. An annotated function's call that sees another one lists it first.

mod admit;
mod bulkhead;
pub(crate) mod machine;
mod published;
mod record;
mod summary;
mod tenancy;
#[cfg(all(test, not(circuit_loom)))]
mod tests;
mod ticket;
mod view;

pub(crate) use admit::{Moved, Refusal};
pub(crate) use published::Front;
pub(crate) use summary::Word;
#[cfg(feature = "metrics")]
pub(crate) use tenancy::Departed;
pub(crate) use ticket::{Entry, Kept, Ticket};
pub(crate) use view::View;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::circuit::machine::{Change, Machine};
use crate::config::Rules;
use crate::counters::{self, Count, Counts, CountsOfKeys, Totals};
use crate::observe::event::{Reason, Transition};
use crate::outcome::{Mode, State};
use crate::primitives::clock::{self, Moment, Nanos};
use crate::primitives::sync::{Mutex, MutexGuard, Ordering, const_fn, unpoisoned};
use crate::window::pending::Slides;
use crate::window::sharded::Tally;
use crate::window::{Outcomes, World};

/// A circuit: what decides, and what is counted. Its parts stand where the breaker has them: those
/// of the keys' circuits each among their like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circuit<'a> {
    pub(crate) front: &'a Front,
    back: &'a Back,
    counts: CountsOf<'a>,
}

/// What is behind the lock, with the lock, and what waits for its next holder.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Back {
    slides: Slides,
    /// When the key of a circuit that isn't closed was last asked for, or that of a closed one seen
    /// to have been.
    asked: std::sync::atomic::AtomicU64,
    inner: Mutex<Inner>,
}

/// The counters of a circuit that stands alone, or of one of a breaker's keys.
#[derive(Debug, Clone, Copy)]
enum CountsOf<'a> {
    Own(&'a Counts),
    OfKey(&'a CountsOfKeys, counters::Key),
}

/// A circuit that stands alone, with its parts.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Own {
    front: Front,
    counts: Counts,
    back: Back,
}

impl Own {
    const_fn! {
    pub(crate) fn new(rules: Rules, listed: bool) -> Self {
        Own {
            front: Front::new(&rules, listed, 0),
            counts: Counts::new(),
            back: Back::new(rules, listed),
        }
    }
    }

    #[inline]
    pub(crate) fn front(&self) -> &Front {
        &self.front
    }

    #[inline]
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    #[inline]
    pub(crate) fn circuit(&self) -> Circuit<'_> {
        let counts = CountsOf::Own(&self.counts);
        Circuit { front: &self.front, back: &self.back, counts }
    }
}

/// What is only touched under the lock.
#[derive(Debug)]
struct Inner {
    machine: Machine,
    mode: Mode,
    /// It is among the circuits of the process; those of keys are there by their breaker.
    listed: bool,
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

impl Back {
    const_fn! {
    pub(crate) fn new(rules: Rules, listed: bool) -> Self {
        Back {
            slides: Slides::new(),
            asked: std::sync::atomic::AtomicU64::new(0),
            inner: Mutex::new(Inner {
                machine: Machine::new(rules),
                mode: Mode::Normal,
                listed,
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

impl<'a> Circuit<'a> {
    /// A key's circuit.
    #[inline]
    pub(crate) fn of_key(
        front: &'a Front,
        back: &'a Back,
        counts: &'a CountsOfKeys,
        key: counters::Key,
    ) -> Self {
        Circuit { front, back, counts: CountsOf::OfKey(counts, key) }
    }

    /// Counts one more.
    #[inline]
    pub(crate) fn bump(&self, count: Count) {
        match self.counts {
            CountsOf::Own(counts) => counts.bump(count, ()),
            CountsOf::OfKey(counts, key) => counts.bump(count, key),
        }
    }

    /// Takes the lock, and takes over what has only been counted since.
    #[inline]
    fn enter(&self) -> MutexGuard<'a, Inner> {
        let mut inner = unpoisoned(self.back.inner.lock());
        let slides = self.back.slides.seal();
        if slides != 0 {
            inner.machine.slide(slides);
        }
        inner
    }

    pub(crate) fn rules(&self) -> Rules {
        *self.enter().machine.rules()
    }

    /// The state as a caller would find it: from the deadline on, an open circuit is half-open.
    pub(crate) fn state(&self) -> State {
        match self.front.word().state() {
            // The deadline before the clock, as `Wait` wants it.
            State::Open if self.front.open.wait().left(clock::now()).is_none() => State::HalfOpen,
            state => state,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.front.word().mode()
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.front.word().is_listed()
    }

    /// Notes that the circuit has been listed.
    pub(crate) fn list(&self) {
        let mut inner = self.enter();
        inner.listed = true;
        self.publish(&inner);
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        let mut inner = self.enter();
        inner.mode = mode;
        self.publish(&inner);
    }

    /// `by` is the operator's name, where it is known.
    pub(crate) fn reset(
        &self,
        name: &'static str,
        by: Option<&Arc<str>>,
    ) -> Option<Box<Transition>> {
        let mut inner = self.enter();
        let change = inner.machine.reset(&self.here(&Moment::default()));
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
        let mut inner = self.enter();
        let change = inner.machine.reconfigure(rules, &self.here(&Moment::default()));
        let transition = change.map(|change| inner.note(name, change));
        self.front.publish_rules(&rules);
        self.publish(&inner);
        transition
    }

    fn here<'m>(&self, moment: &'m Moment) -> Here<'m>
    where
        'a: 'm,
    {
        Here { moment, tally: self.front.tally.get() }
    }

    /// Makes the summary agree with what the lock guards.
    #[inline]
    fn publish(&self, inner: &MutexGuard<'_, Inner>) {
        let machine = &inner.machine;
        let word = Word::of(machine, inner.mode, inner.listed);
        if let Some(wait) = machine.rejection() {
            self.front.deadline(word.state()).publish(wait);
        }
        if word.counts() {
            if let Some(span) = machine.window().and_then(Outcomes::span) {
                self.front
                    .tally
                    .get_or_init(|| Box::new(Tally::new()))
                    .place(machine.epoch(), span);
            }
        }
        if word.slides() {
            self.back.slides.open(machine.epoch());
        }
        self.front.word.store(word.0, Ordering::Release);
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

/// The world as a circuit's calls find it.
struct Here<'a> {
    moment: &'a Moment,
    tally: Option<&'a Tally>,
}

impl World for Here<'_> {
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
        if let Some(tally) = self.tally {
            tally.each(epoch, reached, each);
        }
    }

    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        self.successes_elsewhere(epoch, reached, each);
        self.forget_successes();
    }

    fn forget_successes(&self) {
        if let Some(tally) = self.tally {
            tally.forget();
        }
    }
}
