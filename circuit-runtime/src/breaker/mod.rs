//! The public type: a circuit, or one circuit per key, with its name and its listeners.

mod admission;
mod call;
mod control;
pub(crate) mod entry;
mod hints;
mod key_rules;
pub(crate) mod keyed;
mod keys;
mod nested;
#[cfg(feature = "serde")]
mod orders;
mod pinged;
mod rejection;
#[cfg(feature = "serde")]
mod settings;
mod stall;
#[cfg(feature = "stream")]
mod streams;
pub(crate) mod waiting;

#[cfg(feature = "serde")]
pub(crate) use control::Unreported;
pub(crate) use pinged::Pinged;

use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::circuit::Answer;
use crate::circuit::{Admission, Circuit, CircuitRef, Published};
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::error::CircuitOpenError;
#[cfg(any(feature = "axum", feature = "__exporter", feature = "tracing"))]
use crate::integrations;
use crate::keyed::{Keys, KeysOnDemand};
use crate::observe::event::{self, Listeners, Transition};
use crate::observe::name::Name;
use crate::observe::snapshot::{FullSnapshot, Snapshot};
#[cfg(feature = "__exporter")]
use crate::observe::track::{CurrentState, Track};
use crate::outcome::{Mode, State};
use crate::permit::{Fallback, KeyHandle, Permit, RawPermit, RefHandle};
#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::primitives::clock::Nanos;
use crate::primitives::sync::{Mutex, cold_path, const_fn, constant, unpoisoned};
#[cfg(all(feature = "tokio", feature = "tower"))]
use crate::waiters::Waiters;
use waiting::Caller;

/// A circuit breaker: usable in a `static`, shared by reference, without type parameters.
///
/// The attribute makes one for each annotated function. Make one by hand to guard other code, or
/// for several functions together (`#[circuit_breaker(breaker = PAYMENTS)]`).
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
    /// The circuit; with keys, that of calls without a key, which also has the settings of new keys.
    base: Circuit,
    name: Name,
    keys: KeysOnDemand,
    config: Mutex<Config>,
    /// How long calls may take, if known.
    timeout: Option<Duration>,
    /// Whether its functions can wait for a place; those of a circuit by hand can.
    can_wait: bool,
    #[cfg(feature = "serde")]
    outside: settings::Outside,
    listeners: Listeners,
    #[cfg(feature = "__exporter")]
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
    /// If [`Config::validate`] refuses the configuration, or `name` is empty. In a `static` or `const`
    /// that is a build error with the option's name. For a configuration that is known only at run time, use
    /// [`CircuitBreaker::try_new`].
    #[must_use]
    #[track_caller]
    pub fn new(name: &'static str, config: Config) -> Self {
        if let Err(error) = config.validate_breaker(name) {
            panic!("{}", error.message());
        }
        Self::by_hand(name, config, None)
    }
    }

    /// A closed circuit, for a configuration that is known only at run time.
    ///
    /// # Errors
    ///
    /// If [`Config::validate`] refuses the configuration, or `name` is empty.
    pub fn try_new(name: &'static str, config: Config) -> Result<Self, ConfigError> {
        config.validate_breaker(name)?;
        Ok(Self::by_hand(name, config, None))
    }

    const_fn! {
    /// A breaker that doesn't belong to annotated functions.
    fn by_hand(name: &'static str, config: Config, max_keys: Option<u32>) -> Self {
        let mut breaker = Self::build(Name::given(name), config, max_keys);
        breaker.can_wait = true;
        #[cfg(feature = "serde")]
        breaker.outside.mark_made_by_hand();
        breaker
    }
    }

    const_fn! {
    /// One circuit, or one per key, with a configuration that has been checked.
    pub(crate) fn build(name: Name, mut config: Config, max_keys: Option<u32>) -> Self {
        let rules = config.rules();
        #[cfg(feature = "serde")]
        let outside = settings::Outside::new(config);
        // Kept apart, so that `reconfigure` needn't know it.
        let timeout = config.timeout;
        config.timeout = None;
        let can_wait = config.max_wait.is_given();
        CircuitBreaker {
            name,
            base: Circuit::new(rules, false),
            keys: KeysOnDemand::new(max_keys),
            config: Mutex::new(config),
            timeout,
            can_wait,
            #[cfg(feature = "serde")]
            outside,
            listeners: constant!(Listeners::new()),
            #[cfg(feature = "__exporter")]
            track: constant!(Track::new()),
            #[cfg(all(feature = "tokio", feature = "tower"))]
            waiters: constant!(Waiters::new()),
        }
    }
    }

    /// The circuit of calls without a key, from which keys' circuits take their settings.
    #[inline]
    fn base(&self) -> CircuitRef<'_> {
        self.base.by_ref()
    }

    /// The published part of the breaker's own circuit.
    #[inline]
    pub(crate) fn base_published(&self) -> &Published {
        self.base.published()
    }

    /// Whether this is the published part of the breaker's own circuit.
    #[inline]
    pub(crate) fn is_base(&self, published: &Published) -> bool {
        ptr::eq(published, self.base.published())
    }

    /// The breaker's own circuit.
    #[inline]
    pub(crate) fn base_circuit(&self) -> &Circuit {
        &self.base
    }

    /// The breaker's own circuit, if this is its published part.
    #[inline]
    pub(crate) fn base_of(&self, published: &Published) -> Option<&Circuit> {
        self.is_base(published).then_some(&self.base)
    }

    /// The circuit with this published part: the breaker's own, or a key's.
    #[inline]
    pub(crate) fn circuit(&self, published: &Published) -> CircuitRef<'_> {
        match self.base_of(published) {
            Some(base) => base.by_ref(),
            None => self.circuit_of_key(published),
        }
    }

    /// The circuit's name; `name#2` if another circuit has registered it before.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'static str {
        self.name.get()
    }

    /// Acquires a permit for one call. It never waits for a place of the bulkhead, as
    /// [`call`](CircuitBreaker::call) does under [`max_wait`](Config::max_wait).
    ///
    /// On a breaker with a circuit per key, a call by hand has no key. It goes through a circuit of
    /// its own, which is part of the sum.
    ///
    /// # Errors
    ///
    /// If the call is rejected: then don't make it.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, CircuitOpenError> {
        let handle = KeyHandle { breaker: RefHandle(self), published: self.base.published() };
        Ok(Permit { raw: RawPermit::new(handle, self.admit()?) })
    }

    /// Acquires a permit that isn't handed to the user; the call may wait for a place.
    #[inline]
    fn acquire(&self) -> Result<RawPermit<RefHandle<'_>>, CircuitOpenError> {
        let summary = self.base.published().summary();
        let admission = if let Some(ticket) = summary.try_admit() {
            Admission::new(ticket)
        } else if summary.may_wait() {
            cold_path();
            Caller::Own(self).block(Fallback::None)?.1
        } else {
            cold_path();
            self.acquire_slow()?
        };
        Ok(RawPermit::new(RefHandle(self), admission))
    }

    #[inline]
    fn admit(&self) -> Result<Admission, CircuitOpenError> {
        if let Some(ticket) = self.base.published().summary().try_admit() {
            Ok(Admission::new(ticket))
        } else {
            cold_path();
            self.acquire_slow()
        }
    }

    /// Wakes the tasks that wait until calls may be admitted.
    #[cfg_attr(
        not(all(feature = "tokio", feature = "tower")),
        expect(clippy::unused_self, reason = "only the tower layer waits, and only with a timer")
    )]
    pub(crate) fn may_admit(&self) {
        #[cfg(all(feature = "tokio", feature = "tower"))]
        self.waiters.wake();
    }

    /// A call ended without deciding anything: if it was a probe, another call may probe.
    pub(crate) fn probe_freed(&self, published: &Published) {
        if published.summary().state() == State::HalfOpen {
            self.may_admit();
        }
    }

    #[cfg(all(feature = "tokio", feature = "tower"))]
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// How long a call without a key would be rejected, if it would be; `NEVER` if that isn't
    /// known. Admits nothing, and doesn't ask the bulkhead.
    #[cfg(all(feature = "tokio", feature = "tower"))]
    pub(crate) fn rejects_for(&self) -> Option<Nanos> {
        self.notice_stalled(self.base());
        let published = self.base.published();
        let summary = published.summary();
        match published.admit_lock_free(summary) {
            Some(Answer::Rejected(refusal)) if summary.mode() != Mode::Shadow => {
                Some(refusal.retry_after)
            }
            _ => None,
        }
    }

    /// Reports a transition to the integrations and the listeners, after it is visible and with no
    /// lock held.
    #[cold]
    #[inline(never)]
    pub(crate) fn notify(&self, transition: Arc<Transition>) {
        if transition.to != State::Open {
            self.may_admit();
        }
        #[cfg(any(feature = "axum", feature = "__exporter", feature = "tracing"))]
        integrations::transition(self, &transition);
        event::deliver(transition, &self.listeners);
    }

    /// The state. With a circuit per key, the worst state of the keys, without keys that nobody has
    /// asked for in ten of their waits (ten minutes at least), such as a pod that is gone. An open
    /// circuit is half-open as soon as its wait is over.
    #[must_use]
    pub fn state(&self) -> State {
        self.notice_all_stalled();
        let keys = self.all_keys().into_iter().flat_map(Keys::circuits);
        let kept = keys.filter(|circuit| !circuit.is_expired());
        kept.map(|circuit| circuit.state()).fold(self.base().state(), State::max)
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.base().mode()
    }

    /// The configuration in force: as it was given, reconfigured or set from outside.
    #[must_use]
    pub fn config(&self) -> Config {
        *unpoisoned(self.config.lock())
    }

    /// A snapshot of the circuit; with a circuit per key, the sum of them, including evicted keys.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.notice_all_stalled();
        self.full_snapshot().snapshot
    }

    /// A snapshot, and what only metrics show. Doesn't notice calls that have stalled: a transition
    /// asks for it, which nobody may be told of here.
    pub(crate) fn full_snapshot(&self) -> FullSnapshot {
        let mut all = FullSnapshot::at(self.name(), self.base().view());
        if let Some(keys) = self.all_keys() {
            all.count(&keys.totals());
            let views = keys.circuits().filter_map(|circuit| circuit.view_in_sum());
            views.for_each(|view| all.join(view));
            all.snapshot.keep_latest_transitions();
        }
        all
    }

    /// Adds a listener to this circuit's transitions; with a circuit per key, to those of all keys.
    /// It can't be removed.
    ///
    /// It is called on the thread that made the transition, after the transition is visible, with
    /// no lock held, so that it may use the circuit. Transitions that it causes are delivered after
    /// all listeners have been called for the first one. Its panic is caught. Listeners of one
    /// circuit may run at the same time on several threads; [`Transition::number`] tells the order.
    pub fn on_transition(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) {
        self.listeners.add(listener);
    }

    /// The name, and whether it is registered.
    pub(crate) fn own_name(&self) -> &Name {
        &self.name
    }

    /// Notes that it is registered, so that its calls needn't register it any more.
    pub(crate) fn mark_registered(&self) {
        self.base().mark_registered();
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.base().is_registered()
    }

    /// What metrics show beside a snapshot.
    #[cfg(feature = "__exporter")]
    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    /// The present state of the circuit. `None`: there is one per key, and looking at all of them
    /// would take long.
    #[cfg(feature = "__exporter")]
    pub(crate) fn current_state(&self) -> Option<CurrentState> {
        self.keys.made().is_none().then(|| CurrentState::of(&self.full_snapshot()))
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
