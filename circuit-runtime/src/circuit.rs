//! One circuit among threads: the state machine behind a lock, and the word that spares healthy
//! calls the lock.
//!
//! Whoever changes the state machine holds the lock and publishes, before letting go, a summary in
//! one atomic word: the period's number and a few flags. A call through a healthy circuit reads
//! that word twice and writes nothing shared; a rejection reads the word and the deadline.
//! Everything else takes the lock, and under the lock there is only plain, short, pure code
//! (`state`), so that there is nothing to retry, to lose or to leave half-done.
//!
//! # Atomic orderings
//!
//! *Writers.* Under the lock: `until` (relaxed), then `word` (release). There is one writer at a
//! time, so neither store can be overtaken by an older one.
//!
//! *Admission* loads `word` (acquire). Seeing OPEN or FULL, it synchronizes with the store that
//! published it, so that its load of `until` gives the deadline of that period or of a later one,
//! never an older one. A later one means that the circuit has opened again meanwhile, so a
//! rejection is right by the time it is made; an admission by a deadline is only a reason to take
//! the lock, which decides.
//!
//! *A success* loads `word` (relaxed) and compares it with "closed, calm, in my period". Coherence
//! alone is needed: nothing is read on the strength of the answer. A failure that is being recorded
//! at the same moment comes after this success in the order of the period's outcomes; both orders
//! are possible outcomes of the race. A failure, a reset or a closing that happened before this
//! call ended, by whatever synchronization the user has, is seen.
//!
//! *Tenancy* (circuits per key). Giving a circuit to another key stores `tenant` before `word`
//! (release), under the lock. A call loads `word` (acquire) and then `tenant`: a word of the new
//! tenancy brings the new tenant with it, and the call looks its key up again; a word of the old
//! one makes a permit of a past period, whose outcome is late.

use std::sync::Arc;
use std::time::SystemTime;

use crate::clock::{self, NEVER, Nanos};
use crate::config::Rules;
use crate::counts::{Count, Counts, Totals};
use crate::error::Rejection;
use crate::event::Transition;
use crate::outcome::{Mode, State};
use crate::state::{Admission, Change, Machine, Recorded, Verdict};
use crate::sync::{AtomicU32, AtomicU64, Mutex, MutexGuard, Ordering, lock};
use crate::window::Figures;

/// A circuit: what decides, and what is counted.
#[derive(Debug)]
pub(crate) struct Circuit {
    front: Front,
    pub(crate) counts: Counts,
    inner: Mutex<Inner>,
}

/// What calls read without the lock, on cache lines of its own: the lock and the counters change,
/// this seldom does.
#[derive(Debug)]
#[repr(align(128))]
struct Front {
    /// The epoch in the upper half, the flags of [`flag`] in the lower.
    word: AtomicU64,
    /// Until when an OPEN or FULL circuit rejects.
    until: AtomicU64,
    /// The key this circuit serves now, as a number.
    tenant: AtomicU64,
    /// Calls that hold a place of the bulkhead, and how many may.
    in_flight: AtomicU32,
    limit: AtomicU32,
    /// From when on a call is slow.
    slow_after: AtomicU64,
}

/// What is only touched under the lock.
#[derive(Debug)]
struct Inner {
    machine: Machine,
    mode: Mode,
    key: Option<Arc<str>>,
    transitions: u64,
    recent: std::collections::VecDeque<Transition>,
    /// The counters when the present key came, so that a key's own can be told.
    before: Totals,
    transitions_before: u64,
}

/// The flags in the lower half of the word. All clear: closed, calm, mode normal; a success has
/// nothing to write.
mod flag {
    /// Closed, but a success changes something: it ends a run of failures or moves the window.
    pub(super) const STIRRED: u64 = 1;
    pub(super) const OPEN: u64 = 1 << 1;
    pub(super) const HALF_OPEN: u64 = 1 << 2;
    /// Half-open with all places taken.
    pub(super) const FULL: u64 = 1 << 3;
    pub(super) const FORCED_OPEN: u64 = 1 << 4;
    pub(super) const DISABLED: u64 = 1 << 5;
    pub(super) const SHADOW: u64 = 1 << 6;
    /// A rule needs to know how long a call took.
    pub(super) const TIMED: u64 = 1 << 7;
    /// A bulkhead is configured.
    pub(super) const LIMITED: u64 = 1 << 8;

    /// The flags under which a call still passes without a question.
    pub(super) const PASSES: u64 = STIRRED | TIMED;
    /// The flags under which a fast success still has nothing to write.
    pub(super) const CALM: u64 = TIMED | LIMITED;
    pub(super) const ALL: u64 = u32::MAX as u64;
}

/// How many transitions a circuit remembers.
pub(crate) const RECENT: usize = 16;

/// What an admitted call has to bring back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) epoch: u32,
    /// What becomes of its outcome.
    pub(crate) bearing: Bearing,
    /// Whether it holds a place of the bulkhead.
    pub(crate) placed: bool,
    /// When it was admitted; `NEVER` where no rule needs to know.
    pub(crate) started: Nanos,
}

impl Entry {
    /// A call that passes in the period of this word.
    #[inline]
    fn judged(word: u64) -> Self {
        let started = if word & flag::TIMED == 0 {
            NEVER
        } else {
            clock::now()
        };
        Entry {
            epoch: epoch(word),
            bearing: Bearing::Judged,
            placed: false,
            started,
        }
    }
}

/// How far the outcome of an admitted call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearing {
    /// Judged by the rules and counted.
    Judged,
    /// Counted only: the circuit is disabled.
    Counted,
    /// Neither: the call has been counted already, as rejected (shadow) or unprotected.
    Unseen,
}

/// Why a call may not run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) reason: Rejection,
    /// How long until it has a chance, `NEVER` where nothing can be said.
    pub(crate) retry_after: Nanos,
}

/// The call's key has lost this circuit to another key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved;

/// What the slow ways of admission have to say: a verdict, and a transition that somebody must be
/// told of.
pub(crate) type Asked = (Result<Entry, Refusal>, Option<Transition>);

impl Circuit {
    pub(crate) const fn new(rules: Rules) -> Self {
        Circuit {
            front: Front {
                word: AtomicU64::new(
                    if rules.window.is_some() {
                        flag::STIRRED
                    } else {
                        0
                    } | rule_flags(&rules),
                ),
                until: AtomicU64::new(0),
                tenant: AtomicU64::new(0),
                in_flight: AtomicU32::new(0),
                limit: AtomicU32::new(limit(&rules)),
                slow_after: AtomicU64::new(slow_after(&rules)),
            },
            counts: Counts::new(),
            inner: Mutex::new(Inner {
                machine: Machine::new(rules),
                mode: Mode::Normal,
                key: None,
                transitions: 0,
                recent: std::collections::VecDeque::new(),
                before: Totals::ZERO,
                transitions_before: 0,
            }),
        }
    }

    /// The number of the key that this circuit serves; only meaningful after [`Circuit::quick`] or
    /// under the lock.
    pub(crate) fn tenant(&self) -> u64 {
        self.front.tenant.load(Ordering::Relaxed)
    }

    /// Admission through a closed circuit in normal mode without a bulkhead: one load. `None`: ask.
    #[inline]
    pub(crate) fn quick(&self) -> Option<Entry> {
        let word = self.front.word.load(Ordering::Acquire);
        (word & flag::ALL & !flag::PASSES == 0).then(|| Entry::judged(word))
    }

    /// Admission in all other cases. `tenant` is the number of the call's key.
    #[inline(never)]
    pub(crate) fn ask(&self, name: &'static str, tenant: u64) -> Result<Asked, Moved> {
        let word = self.front.word.load(Ordering::Acquire);
        if self.tenant() != tenant {
            return Err(Moved);
        }
        if word & flag::DISABLED != 0 {
            return Ok((
                Ok(Entry {
                    bearing: Bearing::Counted,
                    ..Entry::judged(word)
                }),
                None,
            ));
        }
        if word & flag::FORCED_OPEN != 0 {
            return Ok((
                Err(Refusal {
                    reason: Rejection::ForcedOpen,
                    retry_after: NEVER,
                }),
                None,
            ));
        }
        let (verdict, transition) = if word & (flag::OPEN | flag::HALF_OPEN) == 0 {
            (Ok(Entry::judged(word)), None)
        } else {
            let now = clock::now();
            let until = self.front.until.load(Ordering::Relaxed);
            if word & (flag::OPEN | flag::FULL) != 0 && now < until {
                let reason = if word & flag::OPEN == 0 {
                    Rejection::HalfOpenFull
                } else {
                    Rejection::Open
                };
                (
                    Err(Refusal {
                        reason,
                        retry_after: until - now,
                    }),
                    None,
                )
            } else {
                self.ask_machine(name, tenant, now)?
            }
        };
        let verdict = match verdict {
            Ok(entry) if word & flag::LIMITED != 0 => self.take_place(entry),
            verdict => verdict,
        };
        Ok((
            verdict.or_else(|refusal| self.refuse(word, refusal)),
            transition,
        ))
    }

    /// Admission by the state machine itself.
    fn ask_machine(&self, name: &'static str, tenant: u64, now: Nanos) -> Result<Asked, Moved> {
        let mut inner = lock(&self.inner);
        if self.tenant() != tenant {
            return Err(Moved);
        }
        let refused = |reason, until: Nanos| {
            Err(Refusal {
                reason,
                retry_after: until.saturating_sub(now),
            })
        };
        let asked = match inner.machine.admit(now) {
            Admission::Admitted { change } => {
                let epoch = inner.machine.epoch();
                let entry = Entry {
                    epoch,
                    bearing: Bearing::Judged,
                    placed: false,
                    started: now,
                };
                (Ok(entry), change.map(|change| inner.note(name, change)))
            }
            Admission::Open { until } => (refused(Rejection::Open, until), None),
            Admission::Full { until } => (refused(Rejection::HalfOpenFull, until), None),
        };
        self.publish(&inner);
        Ok(asked)
    }

    /// The bulkhead is asked after the circuit; a probe that it refuses gives its place back.
    fn take_place(&self, entry: Entry) -> Result<Entry, Refusal> {
        let limit = self.front.limit.load(Ordering::Relaxed);
        let more = |calls: u32| (calls < limit).then_some(calls + 1);
        if self
            .front
            .in_flight
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
        {
            return Ok(Entry {
                placed: true,
                ..entry
            });
        }
        let word = self.front.word.load(Ordering::Relaxed);
        if word & flag::HALF_OPEN != 0 && epoch(word) == entry.epoch {
            let mut inner = lock(&self.inner);
            inner
                .machine
                .record(entry.epoch, Verdict::Neutral, entry.started, || 0.0);
            self.publish(&inner);
        }
        Err(Refusal {
            reason: Rejection::TooManyCalls,
            retry_after: NEVER,
        })
    }

    /// In shadow, what would be rejected runs unseen.
    fn refuse(&self, word: u64, refusal: Refusal) -> Result<Entry, Refusal> {
        if word & flag::SHADOW == 0 {
            return Err(refusal);
        }
        self.counts.bump(Count::Rejected);
        Ok(Entry {
            bearing: Bearing::Unseen,
            ..Entry::judged(word)
        })
    }

    /// Whether a success of the period `epoch` has nothing to write. True of a healthy circuit.
    #[inline]
    pub(crate) fn is_calm_in(&self, epoch: u32) -> bool {
        self.front.word.load(Ordering::Relaxed) & !flag::CALM == u64::from(epoch) << 32
    }

    /// Whether a call that was admitted then has been slow.
    #[inline]
    pub(crate) fn is_slow_since(&self, started: Nanos) -> bool {
        started != NEVER
            && clock::now().saturating_sub(started) >= self.front.slow_after.load(Ordering::Relaxed)
    }

    /// Gives a place of the bulkhead back.
    pub(crate) fn leave(&self) {
        self.front.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Until when calls are rejected, if they are.
    pub(crate) fn rejects_until(&self) -> Option<Nanos> {
        lock(&self.inner).machine.rejects_until()
    }

    /// Judges an outcome in the period that admitted its call. `None`: it came late.
    pub(crate) fn record(
        &self,
        name: &'static str,
        epoch: u32,
        now: Nanos,
        verdict: impl FnOnce(&Rules) -> Verdict,
    ) -> Option<(Verdict, Option<Transition>)> {
        let mut inner = lock(&self.inner);
        let verdict = verdict(inner.machine.rules());
        match inner.machine.record(epoch, verdict, now, fastrand::f64) {
            Recorded::Late => None,
            Recorded::Counted { change } => {
                let transition = change.map(|change| inner.note(name, change));
                self.publish(&inner);
                Some((verdict, transition))
            }
        }
    }

    /// What the rules are now.
    pub(crate) fn rules(&self) -> Rules {
        *lock(&self.inner).machine.rules()
    }

    /// The state as a caller would find it: from the deadline on, an open circuit is half-open.
    pub(crate) fn state(&self) -> State {
        let word = self.front.word.load(Ordering::Acquire);
        if word & flag::OPEN != 0 {
            if clock::now() < self.front.until.load(Ordering::Relaxed) {
                State::Open
            } else {
                State::HalfOpen
            }
        } else if word & flag::HALF_OPEN != 0 {
            State::HalfOpen
        } else {
            State::Closed
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        lock(&self.inner).mode
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        let mut inner = lock(&self.inner);
        inner.mode = mode;
        self.publish(&inner);
    }

    pub(crate) fn reset(&self, name: &'static str) -> Option<Transition> {
        let mut inner = lock(&self.inner);
        let change = inner.machine.reset(clock::now());
        let transition = change.map(|change| inner.note(name, change));
        self.publish(&inner);
        transition
    }

    pub(crate) fn reconfigure(&self, rules: Rules) {
        let mut inner = lock(&self.inner);
        inner.machine.reconfigure(rules, clock::now());
        self.front.limit.store(limit(&rules), Ordering::Relaxed);
        self.front
            .slow_after
            .store(slow_after(&rules), Ordering::Relaxed);
        self.publish(&inner);
    }

    /// What a snapshot shows, at one moment but for the counters.
    pub(crate) fn view(&self) -> View {
        let now = clock::now();
        let mut inner = lock(&self.inner);
        let until = inner.machine.rejects_until();
        let state = match inner.machine.state() {
            State::Open if until.is_some_and(|until| until <= now) => State::HalfOpen,
            state => state,
        };
        View {
            key: inner.key.clone(),
            state,
            mode: inner.mode,
            failures_in_a_row: inner.machine.failures_in_a_row(),
            window: inner.machine.figures(now),
            retry_after: until
                .and_then(|until| until.checked_sub(now))
                .filter(|left| *left > 0),
            recent: inner.recent.iter().cloned().collect(),
            totals: self.counts.totals(),
            before: inner.before,
            transitions: inner.transitions,
            transitions_before: inner.transitions_before,
        }
    }

    /// Gives this circuit to another key, if `may_go` says so of its present state.
    pub(crate) fn reassign(
        &self,
        key: &Arc<str>,
        rules: Rules,
        mode: Mode,
        may_go: impl FnOnce(&Machine, Nanos) -> bool,
    ) -> Option<Arc<str>> {
        let mut inner = lock(&self.inner);
        if self.front.in_flight.load(Ordering::Relaxed) != 0
            || !may_go(&inner.machine, clock::now())
        {
            return None;
        }
        let old = inner.key.replace(Arc::clone(key));
        inner.machine.reassign(rules);
        inner.mode = mode;
        inner.recent.clear();
        inner.before = self.counts.totals();
        inner.transitions_before = inner.transitions;
        self.front
            .tenant
            .store(self.tenant() + 1, Ordering::Relaxed);
        self.front.limit.store(limit(&rules), Ordering::Relaxed);
        self.front
            .slow_after
            .store(slow_after(&rules), Ordering::Relaxed);
        self.publish(&inner);
        Some(old.unwrap_or_else(|| Arc::clone(key)))
    }

    /// Makes the summary agree with what the lock guards.
    fn publish(&self, inner: &MutexGuard<'_, Inner>) {
        let machine = &inner.machine;
        let until = machine.rejects_until();
        let state = match machine.state() {
            State::Closed if machine.is_calm() => 0,
            State::Closed => flag::STIRRED,
            State::Open => flag::OPEN,
            State::HalfOpen if until.is_some() => flag::HALF_OPEN | flag::FULL,
            State::HalfOpen => flag::HALF_OPEN,
        };
        let mode = match inner.mode {
            Mode::Normal => 0,
            Mode::ForcedOpen => flag::FORCED_OPEN,
            Mode::Disabled => flag::DISABLED,
            Mode::Shadow => flag::SHADOW,
        };
        if let Some(until) = until {
            self.front.until.store(until, Ordering::Relaxed);
        }
        let word = u64::from(machine.epoch()) << 32 | state | mode | rule_flags(machine.rules());
        self.front.word.store(word, Ordering::Release);
    }
}

impl Inner {
    /// Numbers and dates a change, and keeps it among the recent ones.
    fn note(&mut self, name: &'static str, change: Change) -> Transition {
        self.transitions += 1;
        let transition = Transition {
            circuit: name,
            key: self.key.clone(),
            number: self.transitions,
            from: change.from,
            to: change.to,
            reason: change.reason,
            at: SystemTime::now(),
        };
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(transition.clone());
        transition
    }
}

/// A look at a circuit.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) key: Option<Arc<str>>,
    pub(crate) state: State,
    pub(crate) mode: Mode,
    pub(crate) failures_in_a_row: u32,
    pub(crate) window: Option<Figures>,
    pub(crate) retry_after: Option<Nanos>,
    pub(crate) recent: Vec<Transition>,
    pub(crate) totals: Totals,
    pub(crate) before: Totals,
    pub(crate) transitions: u64,
    pub(crate) transitions_before: u64,
}

/// The epoch in a word.
fn epoch(word: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the upper half of 64 bits")]
    let epoch = (word >> 32) as u32;
    epoch
}

/// What the rules alone say in a word.
const fn rule_flags(rules: &Rules) -> u64 {
    let timed = if rules.slow_call.is_some() {
        flag::TIMED
    } else {
        0
    };
    let limited = if rules.max_concurrent.is_some() {
        flag::LIMITED
    } else {
        0
    };
    timed | limited
}

/// The bulkhead's places; without one nobody asks.
const fn limit(rules: &Rules) -> u32 {
    match rules.max_concurrent {
        Some(limit) => limit,
        None => u32::MAX,
    }
}

/// From when on a call is slow; without the rule, never.
const fn slow_after(rules: &Rules) -> Nanos {
    match rules.slow_call {
        Some(slow) => slow,
        None => NEVER,
    }
}
