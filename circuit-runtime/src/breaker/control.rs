//! What an operator does: another configuration, a reset, a mode.

use std::sync::Arc;

use super::CircuitBreaker;
use crate::circuit::CircuitRef;
use crate::config::Config;
use crate::config::error::ConfigError;
#[cfg(any(feature = "axum", feature = "tracing"))]
use crate::integrations;
use crate::observe::event::Transition;
use crate::outcome::Mode;
use crate::primitives::sync::unpoisoned;

impl CircuitBreaker {
    /// Another configuration from now on. State, deadline, counters and a window of the same kind
    /// are kept; the new rules judge from the next outcome on, but for a half-open circuit: what the
    /// new numbers decide of its probes is decided at once. Calls in flight have not been timed for
    /// a `slow_call` that comes later: they count as fast.
    ///
    /// It is a whole configuration, not a change: what it leaves out falls back to its default. Begin
    /// with [`config`](CircuitBreaker::config), `PAYMENTS.config().threshold(10)`; a file that names one
    /// number would drop the bulkhead.
    ///
    /// # Errors
    ///
    /// What [`Config::validate`] says; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let timed = Config { timeout: self.timeout, ..config };
        if self.keys.get().is_some() {
            timed.validate_keyed()?;
        } else {
            timed.validate()?;
        }
        let rules = timed.rules();
        let transitions = {
            // Held while the circuits change: of two configurations at once, one is everywhere.
            let mut present = unpoisoned(self.config.lock());
            *present = config;
            self.transitions(|circuit| circuit.reconfigure(self.name(), rules))
        };
        self.tell_all(transitions);
        self.may_admit();
        Ok(())
    }

    /// Closes the circuit, empties its window, ends the streak of openings and begins a new period.
    /// The mode stays.
    pub fn reset(&self) {
        self.reset_by(None);
    }

    /// [`reset`](CircuitBreaker::reset) by an operator whose name may be known.
    pub(crate) fn reset_by(&self, by: Option<&Arc<str>>) {
        self.tell_all(self.transitions(|circuit| circuit.reset(self.name(), by)));
    }

    /// Rejects every call until [`resume`](CircuitBreaker::resume). Calls admitted earlier are
    /// still judged.
    pub fn force_open(&self) {
        self.set_mode(Mode::ForcedOpen, None);
    }

    /// Lets every call pass and judges none, those admitted earlier neither, until
    /// [`resume`](CircuitBreaker::resume). The lifetime counters go on, and a probe that ends
    /// meanwhile gives its place back.
    pub fn disable(&self) {
        self.set_mode(Mode::Disabled, None);
    }

    /// Runs what would be rejected, counted in `rejected` and judged by nothing, until
    /// [`resume`](CircuitBreaker::resume): to see what a breaker would do before it does it.
    pub fn shadow(&self) {
        self.set_mode(Mode::Shadow, None);
    }

    /// Ends a mode and uncovers the state.
    pub fn resume(&self) {
        self.set_mode(Mode::Normal, None);
    }

    /// `by` is the operator's name, where it is known.
    pub(crate) fn set_mode(
        &self,
        mode: Mode,
        #[cfg_attr(
            not(any(feature = "axum", feature = "tracing")),
            expect(unused_variables, reason = "nobody is told")
        )]
        by: Option<&Arc<str>>,
    ) {
        #[cfg(any(feature = "axum", feature = "tracing"))]
        let before = self.mode();
        self.change_all(|circuit| circuit.set_mode(mode));
        self.may_admit();
        #[cfg(any(feature = "axum", feature = "tracing"))]
        if mode != before {
            integrations::mode_changed(self, mode, by);
        }
    }

    /// What came of a change of all circuits. Nobody is told under the locks that it takes.
    fn transitions(
        &self,
        change: impl Fn(CircuitRef<'_>) -> Option<Box<Transition>>,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        self.change_all(|circuit| {
            transitions.extend(change(circuit).map(|transition| *transition));
        });
        transitions
    }

    fn tell_all(&self, transitions: Vec<Transition>) {
        for transition in transitions {
            self.tell(transition);
        }
    }
}
