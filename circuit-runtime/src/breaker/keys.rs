//! The keys of a breaker with a circuit per key.

#[cfg(feature = "metrics")]
use std::collections::VecDeque;
use std::sync::Arc;

use super::CircuitBreaker;
#[cfg(feature = "metrics")]
use crate::circuit::Departed;
#[cfg(any(feature = "axum", feature = "__exporter"))]
use crate::circuit::View;
use crate::circuit::{CircuitRef, Published, Ticket, Woken};
use crate::counters::Count;
use crate::error::{CircuitOpenError, KeyId};
use crate::keyed::Keys;
use crate::observe::event::Transition;
use crate::observe::snapshot::Snapshot;
use crate::outcome::Mode;

impl CircuitBreaker {
    /// The circuits of its keys, made at first use. `None`: there is no `key`.
    pub(super) fn all_keys(&self) -> Option<&Keys> {
        self.keys.get(self.base.code())
    }

    /// A key's circuit, by its published part.
    #[inline(never)]
    pub(crate) fn circuit_of_key(&self, published: &Published) -> CircuitRef<'_> {
        self.keys.made().and_then(|keys| keys.circuit(published)).unwrap_or_else(|| self.base())
    }

    /// Counts a success that has nothing else to write, for the circuit with this published part;
    /// `number` is that of a key's circuit.
    #[inline]
    pub(crate) fn count_success(&self, published: &Published, number: usize) {
        if let Some(base) = self.base_of(published) {
            base.counters().bump(Count::Successes, ());
        } else if let Some(keys) = self.keys.made() {
            debug_assert_eq!(published.number(), number);
            keys.count_success(number);
        }
    }

    /// Whether there is a circuit per key.
    #[cfg(feature = "axum")]
    pub(crate) fn has_keys(&self) -> bool {
        self.all_keys().is_some()
    }

    /// The keys that have a circuit now, in no particular order; empty without `key`.
    #[must_use]
    pub fn keys(&self) -> Vec<Arc<str>> {
        self.all_keys().map(Keys::names).unwrap_or_default()
    }

    /// A snapshot of the circuit of this key; `None` if it has none.
    #[must_use]
    pub fn snapshot_of(&self, key: &str) -> Option<Snapshot> {
        let lookup = self.all_keys()?.peek(key)?;
        let circuit = self.circuit(lookup.published);
        self.notice_stalled(circuit);
        let view = circuit.view();
        // Otherwise the circuit has just been reassigned to another key.
        (view.stamp == lookup.stamp).then(|| Snapshot::of(self.name(), view, false))
    }

    /// Forgets a key and its state, for a host that is gone for good; its counters stay in the sum.
    /// False if it has no circuit. The next call with this key makes a new one. Calls in flight
    /// will count as `late` and as `unprotected`.
    ///
    /// ```
    /// use circuit_runtime::{State, circuit_breaker, find};
    ///
    /// #[circuit_breaker(name = "pods", key = pod, threshold = 1)]
    /// fn ask(pod: &str) -> std::io::Result<()> {
    ///     Err(std::io::Error::other(format!("{pod} is gone")))
    /// }
    ///
    /// ask("pod-7").unwrap_err();
    /// let pods = find("pods").unwrap();
    /// assert_eq!(pods.state(), State::Open);
    /// assert!(pods.forget("pod-7"));
    /// assert_eq!(pods.state(), State::Closed);
    /// assert!(pods.keys().is_empty() && !pods.forget("pod-7"));
    /// ```
    pub fn forget(&self, key: &str) -> bool {
        self.notice_stalled_of_key(key);
        self.keys.made().is_some_and(|keys| keys.forget(key))
    }

    /// The keys that have lost their circuits since the last time that this was called.
    #[cfg(feature = "metrics")]
    pub(crate) fn departed_keys(&self) -> VecDeque<Departed> {
        self.all_keys().map(Keys::departed).unwrap_or_default()
    }

    /// A view of the circuit of each key. Doesn't notice calls that have stalled, as [`full_snapshot`](Self::full_snapshot).
    #[cfg(any(feature = "axum", feature = "__exporter"))]
    pub(crate) fn key_views(&self) -> Vec<View> {
        self.keys
            .made()
            .into_iter()
            .flat_map(Keys::circuits)
            .map(|circuit| circuit.view())
            .collect()
    }

    /// The key of a rejection, if it still has that circuit.
    pub(super) fn key_of(&self, id: KeyId) -> Option<Arc<str>> {
        self.keys.made()?.key_of(id)
    }

    /// Counts what answers a rejected call: with its circuit, or only in the sum if that has gone to
    /// another key.
    #[cold]
    pub(crate) fn count_answered(&self, rejected: &CircuitOpenError, count: Count) {
        let of_key = || self.keys.made()?.circuit_of(rejected.key_id()?);
        of_key().unwrap_or_else(|| self.base()).bump(count);
    }

    /// Changes the circuits of all present and future keys.
    pub(super) fn change_all(&self, mut change: impl FnMut(CircuitRef<'_>)) {
        match self.all_keys() {
            None => change(self.base()),
            Some(keys) => keys.change_all(self.base(), change),
        }
    }

    /// Closes the circuit of one key and looks at it then. `None`: it has none, and gets none.
    pub(crate) fn reset_key<O>(
        &self,
        key: &str,
        by: Option<&Arc<str>>,
        look: impl FnOnce(CircuitRef<'_>) -> O,
    ) -> Option<O> {
        self.notice_stalled_of_key(key);
        let (change, seen) = self
            .keys
            .made()?
            .change_present(key, |circuit| (circuit.reset(self.name(), by), look(circuit)))?;
        self.key_changed(change);
        Some(seen)
    }

    /// Sets the mode of one key and looks at its circuit then. `None`: it has none, and gets none.
    #[cfg(feature = "axum")]
    pub(crate) fn set_key_mode<O>(
        &self,
        key: &str,
        mode: Mode,
        by: Option<&Arc<str>>,
        look: impl FnOnce(CircuitRef<'_>) -> O,
    ) -> Option<O> {
        self.notice_stalled_of_key(key);
        let (changed, seen) = self
            .keys
            .made()?
            .change_present(key, |circuit| (self.change_key_mode(circuit, mode), look(circuit)))?;
        self.key_mode_changed(changed, mode, by);
        Some(seen)
    }

    /// Sets the mode of a key's circuit and tells nobody. The key, if it was another mode.
    pub(super) fn change_key_mode(
        &self,
        circuit: CircuitRef<'_>,
        mode: Mode,
    ) -> (Option<Arc<str>>, Woken) {
        let before = circuit.mode();
        let woken = circuit.set_mode(mode, self.base().modes().local);
        (if circuit.mode() == before { None } else { circuit.key() }, woken)
    }

    /// Reports what a change of one key has done, with no lock held.
    pub(super) fn key_changed(&self, (transition, woken): (Option<Arc<Transition>>, Woken)) {
        drop(woken);
        if let Some(transition) = transition {
            self.notify(transition);
        }
        self.may_admit();
    }

    /// Reports that this key has another mode now, with no lock held.
    pub(super) fn key_mode_changed(
        &self,
        (key, woken): (Option<Arc<str>>, Woken),
        mode: Mode,
        by: Option<&Arc<str>>,
    ) {
        drop(woken);
        self.may_admit();
        if key.is_some() {
            self.notify_mode(key.as_ref(), mode, by);
        }
    }

    /// Notes that a key's circuit may have become idle, if a new key was refused it.
    #[inline]
    pub(crate) fn may_have_room(&self, published: &Published) {
        if published.was_refused() {
            self.make_room(published);
        }
    }

    /// Notes that a key's circuit may have become idle.
    #[cold]
    pub(crate) fn make_room(&self, published: &Published) {
        if let Some(keys) = self.keys.made() {
            keys.make_room(published);
        }
    }

    /// Counts an outcome whose circuit has been reassigned meanwhile: as late and unprotected, in
    /// the sum and not for the present key.
    #[cold]
    pub(crate) fn count_reassigned(&self) {
        self.base().bump(Count::Reassigned);
    }

    /// Where to count a call that isn't judged: with its circuit, or only in the sum if that has
    /// been reassigned.
    #[cold]
    pub(crate) fn counts_of<'a>(
        &'a self,
        circuit: CircuitRef<'a>,
        ticket: Ticket,
    ) -> CircuitRef<'a> {
        let of_earlier_key =
            self.keys.made().is_some() && circuit.is_of_earlier_key(ticket.epoch());
        if of_earlier_key { self.base() } else { circuit }
    }
}
