//! Circuits per key, by hand.

use std::fmt;
use std::future::Future;
use std::ops::Deref;

use super::entry::{Entry, WaitFor};
use super::waiting::Caller;
use super::{CircuitBreaker, call};
use crate::circuit::{Admission, CircuitRef, Published, Woken};
use crate::config::Config;
use crate::config::error::ConfigError;
use crate::error::{CallError, CircuitOpenError};
use crate::observe::snapshot::Snapshot;
use crate::outcome::{Mode, Outcome};
use crate::permit::{Fallback, KeyHandle, Permit, RawPermit, RefHandle};
use crate::primitives::sync::const_fn;

/// A circuit breaker with a circuit per key: for each host, tenant or model.
///
/// Dereferences to the [`CircuitBreaker`] for all keys: its `state` is the worst of theirs, its
/// `snapshot` their sum, and its modes, `reset` and `reconfigure` apply to every key. At most
/// `max_keys` keys have a circuit at a time; the guide's page on keys says which key is evicted.
///
/// ```
/// use circuit_runtime::{CallError, Config, KeyedBreaker};
///
/// static HOSTS: KeyedBreaker = KeyedBreaker::new("hosts", Config::new().threshold(1), 1_000);
///
/// fn fetch(host: &str) -> Result<String, CallError<std::io::Error>> {
///     HOSTS.key(host).call(|| Err(std::io::Error::other("unreachable")))
/// }
///
/// assert!(matches!(fetch("gone.example"), Err(CallError::Failed(_))));
/// assert!(matches!(fetch("gone.example"), Err(CallError::Open(_))));
/// assert!(matches!(fetch("well.example"), Err(CallError::Failed(_))), "a circuit of its own");
/// ```
pub struct KeyedBreaker {
    breaker: CircuitBreaker,
}

impl KeyedBreaker {
    const_fn! {
    /// No circuit yet; each key gets a closed one at its first call.
    ///
    /// # Panics
    ///
    /// If [`Config::validate`] refuses the configuration, if `name` is empty, if `max_keys` isn't from 1
    /// to 1,000,000, or if `window` is more than 10,000 calls. In a `static` or `const` that fails the build; for
    /// values from outside use [`KeyedBreaker::try_new`].
    #[must_use]
    #[track_caller]
    pub fn new(name: &'static str, config: Config, max_keys: u32) -> Self {
        if let Err(error) = config.validate_keyed_breaker(name, max_keys) {
            panic!("{}", error.message());
        }
        Self::build(name, config, max_keys)
    }
    }

    /// [`new`](KeyedBreaker::new) for values that are only known at run time.
    ///
    /// # Errors
    ///
    /// Where [`new`](KeyedBreaker::new) panics.
    pub fn try_new(name: &'static str, config: Config, max_keys: u32) -> Result<Self, ConfigError> {
        config.validate_keyed_breaker(name, max_keys)?;
        Ok(Self::build(name, config, max_keys))
    }

    const_fn! {
    fn build(name: &'static str, config: Config, max_keys: u32) -> Self {
        KeyedBreaker { breaker: CircuitBreaker::by_hand(name, config, Some(max_keys)) }
    }
    }

    /// The breaker that stands for all keys.
    #[cfg(feature = "tower")]
    pub(crate) const fn all(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// The circuit of this key. Nothing happens yet: a key gets its circuit at its first call.
    pub fn key<'k>(&'static self, key: &'k str) -> KeyedCircuit<'k> {
        self.breaker.key(key)
    }
}

impl CircuitBreaker {
    /// One key of a breaker with keys.
    pub(crate) fn key<'k>(&'static self, key: &'k str) -> KeyedCircuit<'k> {
        KeyedCircuit { breaker: self, key }
    }
}

impl Deref for KeyedBreaker {
    type Target = CircuitBreaker;

    fn deref(&self) -> &CircuitBreaker {
        &self.breaker
    }
}

impl fmt::Debug for KeyedBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.breaker.fmt(f)
    }
}

/// One key of a [`KeyedBreaker`], from [`KeyedBreaker::key`].
///
/// A mode or a configuration that is set here applies to this key alone. It stays until a mode or a
/// configuration is set for all keys, or the key is forgotten; until then the key isn't evicted.
#[derive(Debug, Clone, Copy)]
pub struct KeyedCircuit<'k> {
    breaker: &'static CircuitBreaker,
    key: &'k str,
}

/// A permit of a key's circuit.
type KeyedPermit = RawPermit<KeyHandle<'static, RefHandle<'static>>>;

#[expect(clippy::must_use_candidate, reason = "most want the change, and few the answer")]
impl KeyedCircuit<'_> {
    /// [`CircuitBreaker::call`] for this key.
    ///
    /// # Errors
    ///
    /// As [`CircuitBreaker::call`].
    pub fn call<T, E>(self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        call::under_permit(self.acquire()?, call)
    }

    /// [`CircuitBreaker::call_with`] for this key.
    ///
    /// # Errors
    ///
    /// If the call was rejected and didn't run.
    pub fn call_with<R>(
        self,
        classify: impl FnOnce(&R) -> Outcome,
        call: impl FnOnce() -> R,
    ) -> Result<R, CircuitOpenError> {
        Ok(call::judged(self.acquire()?, classify, call))
    }

    /// [`CircuitBreaker::call_async`] for this key.
    ///
    /// # Errors
    ///
    /// As [`CircuitBreaker::call_async`].
    ///
    /// # Panics
    ///
    /// If polled after completion, like the future of an async function.
    pub fn call_async<T, E>(
        self,
        call: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, CallError<E>>> {
        call::under_permit_async(move || self.begin(), call)
    }

    /// [`CircuitBreaker::call_with_async`] for this key.
    ///
    /// # Errors
    ///
    /// If the call was rejected and didn't run.
    ///
    /// # Panics
    ///
    /// If polled after completion, like the future of an async function.
    pub fn call_with_async<R>(
        self,
        classify: impl Fn(&R) -> Outcome,
        call: impl Future<Output = R>,
    ) -> impl Future<Output = Result<R, CircuitOpenError>> {
        call::judged_async(move || self.begin(), classify, call)
    }

    /// Acquires a permit for one call with this key; never waits for a place.
    ///
    /// # Errors
    ///
    /// If the call is rejected: then don't make it.
    pub fn try_acquire(self) -> Result<Permit<'static>, CircuitOpenError> {
        let (published, admission) = self.breaker.enter_key(self.key, Fallback::None)?;
        Ok(Permit { raw: self.permit(published, admission) })
    }

    /// Acquires a permit for a blocking call, which may wait for a place.
    fn acquire(self) -> Result<KeyedPermit, CircuitOpenError> {
        let caller = Caller::Key(self.breaker, self.key);
        let (published, admission) = caller.block(Fallback::None)?;
        Ok(self.permit(published, admission))
    }

    /// [`acquire`](Self::acquire) for an async call.
    pub(super) fn begin(self) -> Entry<KeyedPermit, impl WaitFor<KeyedPermit>> {
        let permit = move |published, admission| self.permit(published, admission);
        Caller::Key(self.breaker, self.key).begin(Fallback::None, permit)
    }

    fn permit(self, published: &'static Published, admission: Admission) -> KeyedPermit {
        let handle = KeyHandle { breaker: RefHandle(self.breaker), published };
        RawPermit::new(handle, admission)
    }

    /// A snapshot of the circuit of this key; `None` if it has none.
    #[must_use]
    pub fn snapshot(self) -> Option<Snapshot> {
        self.breaker.snapshot_of(self.key)
    }

    /// Closes the circuit of this key, as [`CircuitBreaker::reset`] closes that of all. False: the key
    /// has none, and gets none.
    pub fn reset(self) -> bool {
        self.breaker.reset_key(self.key, None, |_| ()).is_some()
    }

    /// Rejects every call with this key until [`resume`](KeyedCircuit::resume). False: no circuit may
    /// be evicted for it.
    pub fn force_open(self) -> bool {
        self.set_mode(Mode::ForcedOpen)
    }

    /// Lets every call with this key pass and judges none, until [`resume`](KeyedCircuit::resume).
    /// False: no circuit may be evicted for it.
    pub fn disable(self) -> bool {
        self.set_mode(Mode::Disabled)
    }

    /// Runs calls with this key that would be rejected, until [`resume`](KeyedCircuit::resume).
    /// False: no circuit may be evicted for it.
    pub fn shadow(self) -> bool {
        self.set_mode(Mode::Shadow)
    }

    /// Removes the mode of this key, so that its state decides again. False: no circuit may be evicted
    /// for it.
    pub fn resume(self) -> bool {
        self.set_mode(Mode::Normal)
    }

    /// Replaces the configuration of this key, as [`CircuitBreaker::reconfigure`] does that of all. What an operator's
    /// order says stays in force over it. `Ok(false)`: no circuit may be evicted for it.
    ///
    /// # Errors
    ///
    /// If [`Config::validate`] refuses the configuration, by itself or under an operator's order; then nothing has
    /// changed.
    pub fn reconfigure(self, config: Config) -> Result<bool, ConfigError> {
        let breaker = self.breaker;
        breaker.check(config)?;
        self.prepare();
        let mut change = (None, Woken::default());
        let changed = breaker.with_rules_of_key(config, |rules| {
            self.change(|breaker, circuit| change = circuit.reconfigure(breaker.name(), rules))
        })?;
        breaker.key_changed(change);
        Ok(changed)
    }

    /// Forgets this key, with its state and its settings; its counters stay in the sum. See
    /// [`CircuitBreaker::forget`]. False: it has no circuit.
    pub fn forget(self) -> bool {
        self.breaker.forget(self.key)
    }

    /// The breaker of all keys, and the key.
    pub(super) fn parts(&self) -> (&'static CircuitBreaker, &str) {
        (self.breaker, self.key)
    }

    fn set_mode(self, mode: Mode) -> bool {
        self.prepare();
        let mut change = (None, Woken::default());
        let found = self.change(|breaker, circuit| change = breaker.change_key_mode(circuit, mode));
        self.breaker.key_mode_changed(change, mode, None);
        found
    }

    /// What has to be done before its circuit is changed, with no lock held: it puts settings in force, and may open
    /// the circuit.
    fn prepare(self) {
        self.breaker.register();
        self.breaker.notice_stalled_of_key(self.key);
    }

    /// Changes the circuit of the key, while no key is inserted or evicted.
    fn change(self, change: impl FnOnce(&CircuitBreaker, CircuitRef<'_>)) -> bool {
        let breaker = self.breaker;
        let Some(keys) = breaker.all_keys() else { return false };
        keys.known_as(self.key, |key| {
            let settings = || (breaker.base().changed_rules(), breaker.base().modes());
            keys.change_one(key, settings, |circuit| change(breaker, circuit))
        })
    }
}
