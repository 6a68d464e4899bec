//! The one type users see: a circuit, or one circuit per key, with its name and its listeners.

mod admission;
mod call;
mod control;
mod keys;
mod rejection;

use std::fmt;
use std::ptr;
use std::time::Duration;

#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::circuit::Answer;
use crate::circuit::{Admission, Circuit, CircuitRef, Published};
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::counters::Count;
use crate::error::CircuitOpenError;
#[cfg(any(feature = "axum", feature = "metrics", feature = "tracing"))]
use crate::integrations;
use crate::keyed::{Keys, KeysOnDemand};
use crate::observe::event::{self, Listeners, Transition};
use crate::observe::name::Name;
use crate::observe::snapshot::{Look, Snapshot};
#[cfg(feature = "metrics")]
use crate::observe::track::{Standing, Track};
use crate::outcome::{Mode, State};
use crate::permit::{Permit, RawPermit, RefHandle};
#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::primitives::clock::Nanos;
use crate::primitives::sync::{Mutex, cold_path, const_fn, unpoisoned};
#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::waiters::Waiters;

/// A circuit breaker: usable in a `static`, shared by reference, without type parameters.
///
/// The attribute makes one for each function that it annotates. Made by hand, it protects what
/// isn't a function of its own, or several functions together (`#[circuit_breaker(breaker =
/// PAYMENTS)]`).
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{CallError, CircuitBreaker, Config};
///
/// static PAYMENTS: CircuitBreaker =
///     CircuitBreaker::new("payments", Config::new().threshold(1).recovery(Duration::from_secs(30)));
///
/// fn charge() -> Result<(), String> {
///     Err("connection refused".into())
/// }
///
/// assert_eq!(PAYMENTS.call(charge), Err(CallError::Failed("connection refused".into())));
/// assert!(matches!(PAYMENTS.call(charge), Err(CallError::Open(_))));
/// ```
#[repr(C, align(128))]
pub struct CircuitBreaker {
    own: Circuit,
    name: Name,
    keys: KeysOnDemand,
    config: Mutex<Config>,
    /// How long calls may take, where that is known.
    timeout: Option<Duration>,
    listeners: Listeners,
    #[cfg(feature = "metrics")]
    track: Track,
    #[cfg(all(feature = "tokio", feature = "tower"))]
    waiters: Waiters,
}

impl CircuitBreaker {
    const_fn! {
    /// A closed circuit.
    ///
    /// # Panics
    ///
    /// If [`Config::validate`] refuses the configuration. In a `static` or `const` that is a build
    /// error with the option's name; for a configuration that comes in at run time use
    /// [`CircuitBreaker::try_new`].
    #[must_use]
    #[track_caller]
    pub fn new(name: &'static str, config: Config) -> Self {
        if let Err(error) = config.validate() {
            panic!("{}", error.message());
        }
        Self::build(Name::given(name), config, None)
    }
    }

    /// A closed circuit, for a configuration that is only known at run time.
    ///
    /// # Errors
    ///
    /// What [`Config::validate`] says.
    pub fn try_new(name: &'static str, config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self::build(Name::given(name), config, None))
    }

    const_fn! {
    /// One circuit, or one per key; the configuration has been checked.
    pub(crate) fn build(name: Name, mut config: Config, max_keys: Option<u32>) -> Self {
        let rules = config.rules();
        // Kept apart, so that another configuration need not know of it.
        let timeout = config.timeout;
        config.timeout = None;
        CircuitBreaker {
            name,
            own: Circuit::new(rules, false),
            keys: KeysOnDemand::new(max_keys),
            config: Mutex::new(config),
            timeout,
            listeners: Listeners::new(),
            #[cfg(feature = "metrics")]
            track: Track::new(),
            #[cfg(all(feature = "tokio", feature = "tower"))]
            waiters: Waiters::new(),
        }
    }
    }

    /// The circuit of calls without a key, from which the keys' circuits take their settings.
    #[inline]
    fn own(&self) -> CircuitRef<'_> {
        self.own.by_ref()
    }

    /// What calls read of its own circuit.
    #[inline]
    pub(crate) fn own_published(&self) -> &Published {
        self.own.published()
    }

    /// This breaker's own circuit, if this is its published part.
    #[inline]
    pub(crate) fn own_of(&self, published: &Published) -> Option<&Circuit> {
        ptr::eq(published, self.own.published()).then_some(&self.own)
    }

    /// The circuit with this published part: this breaker's own one, or that of a key.
    #[inline]
    pub(crate) fn circuit(&self, published: &Published) -> CircuitRef<'_> {
        match self.own_of(published) {
            Some(own) => own.by_ref(),
            None => self.circuit_of_key(published),
        }
    }

    #[inline(never)]
    fn circuit_of_key(&self, published: &Published) -> CircuitRef<'_> {
        self.keys.made().and_then(|keys| keys.circuit(published)).unwrap_or_else(|| self.own())
    }

    /// Counts a success that has nothing else to write, of the circuit with this published part; `number` is
    /// that of a key's.
    #[inline]
    pub(crate) fn count_success(&self, published: &Published, number: usize) {
        if let Some(own) = self.own_of(published) {
            own.counters().bump(Count::Successes, ());
        } else if let Some(keys) = self.keys.made() {
            debug_assert_eq!(published.number(), number);
            keys.count_success(number);
        }
    }

    /// The circuit's name; where another circuit had registered under it before, `name#2`.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'static str {
        self.name.get()
    }

    /// Asks for the right to make one call.
    ///
    /// On a breaker with a circuit per key, a call by hand has no key: it goes through a circuit of
    /// its own, which is part of the sum.
    ///
    /// # Errors
    ///
    /// The call is rejected: it must not be made.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, CircuitOpenError> {
        Ok(Permit { raw: self.acquire()? })
    }

    #[inline]
    fn acquire(&self) -> Result<RawPermit<RefHandle<'_>>, CircuitOpenError> {
        let admission = if let Some(ticket) = self.own.published().summary().try_admit() {
            Admission::new(ticket)
        } else {
            cold_path();
            self.acquire_slow()?
        };
        Ok(RawPermit::new(RefHandle(self), admission))
    }

    /// Calls may be admitted that were rejected: whoever waits for that has a look.
    #[cfg_attr(
        not(all(feature = "tokio", feature = "tower")),
        expect(clippy::unused_self, reason = "only the tower layer waits, and only with a timer")
    )]
    pub(crate) fn may_admit(&self) {
        #[cfg(all(feature = "tokio", feature = "tower"))]
        self.waiters.wake();
    }

    /// A call gave back what it held without deciding anything: in half-open the place of a probe.
    pub(crate) fn place_came_back(&self, published: &Published) {
        if published.summary().state() == State::HalfOpen {
            self.may_admit();
        }
    }

    #[cfg(all(feature = "tokio", feature = "tower"))]
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// For how long a call without a key would be rejected, if it would be; `NEVER` where nothing can
    /// be said. Takes no place. The bulkhead isn't asked.
    #[cfg(all(feature = "tokio", feature = "tower"))]
    pub(crate) fn rejects_for(&self) -> Option<Nanos> {
        let published = self.own.published();
        let summary = published.summary();
        match published.admit_lock_free(summary) {
            Some(Answer::Rejected(refusal)) if summary.mode() != Mode::Shadow => {
                Some(refusal.retry_after)
            }
            _ => None,
        }
    }

    /// Tells the listeners of a transition, after it is visible and with no lock held.
    #[cold]
    #[inline(never)]
    pub(crate) fn tell(&self, transition: Transition) {
        if transition.to != State::Open {
            self.may_admit();
        }
        #[cfg(any(feature = "axum", feature = "metrics", feature = "tracing"))]
        integrations::transition(self, &transition);
        event::deliver(transition, &self.listeners);
    }

    /// The state; of a circuit per key, the worst of them, but for keys that nobody has asked for in ten
    /// of their waits (ten minutes at least): a pod that is gone. From the deadline on, an open circuit is
    /// half-open.
    #[must_use]
    pub fn state(&self) -> State {
        let keys = self.keys.get().into_iter().flat_map(Keys::circuits);
        let kept = keys.filter(|circuit| !circuit.is_deserted());
        kept.map(|circuit| circuit.state()).fold(self.own().state(), State::max)
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.own().mode()
    }

    /// The configuration, as it was given.
    #[must_use]
    pub fn config(&self) -> Config {
        *unpoisoned(self.config.lock())
    }

    /// The circuit at this moment; of a circuit per key, the sum of them, evicted ones included.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.look().snapshot
    }

    /// A snapshot, and what only a metric shows.
    pub(crate) fn look(&self) -> Look {
        let mut look = Look::at(self.name(), self.own().view());
        if let Some(keys) = self.keys.get() {
            keys.circuits().for_each(|circuit| look.join(circuit.view()));
            look.snapshot.keep_latest_transitions();
        }
        look
    }

    /// Adds a listener to this circuit's transitions; of a circuit per key, to those of all keys.
    /// It is kept for good.
    ///
    /// It runs on the thread that made the transition, after it is visible, with no lock held: it
    /// may use the circuit. What it causes in turn is delivered when all listeners have heard
    /// of the transition at hand. Its panic is caught. Listeners of one circuit may run at the
    /// same time on several threads; [`Transition::number`] gives the order.
    pub fn on_transition(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        self.listeners.add(listener);
    }

    /// The name that it asks for, or has.
    pub(crate) fn own_name(&self) -> &Name {
        &self.name
    }

    /// It is among [`circuits`](crate::circuits) now: its calls need not register it any more.
    pub(crate) fn mark_registered(&self) {
        self.own().mark_registered();
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.own().is_registered()
    }

    /// What metrics show beside a snapshot.
    #[cfg(feature = "metrics")]
    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    /// Where the circuit of all calls stands. `None`: there is one per key, and to look at all of
    /// them would take long.
    #[cfg(feature = "metrics")]
    pub(crate) fn standing(&self) -> Option<Standing> {
        self.keys.made().is_none().then(|| Standing::of(&self.look()))
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.name())
            .field("state", &self.state())
            .field("mode", &self.mode())
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}
