//! The circuits of this process, by name.

use std::sync::Mutex;

use crate::breaker::CircuitBreaker;
use crate::event::{self, Transition};
use crate::sync::unpoisoned;

static CIRCUITS: Mutex<Vec<&'static CircuitBreaker>> = Mutex::new(Vec::new());

/// Lists a circuit, if it isn't listed yet.
pub(crate) fn add(breaker: &'static CircuitBreaker) {
    let mut circuits = unpoisoned(CIRCUITS.lock());
    if !circuits.iter().any(|listed| std::ptr::eq(*listed, breaker)) {
        circuits.push(breaker);
    }
}

/// All registered circuits, in the order of their registration.
///
/// A circuit of an annotated function is there from its first call on; others when
/// [`register`](CircuitBreaker::register) is called.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config};
///
/// static MAIL: CircuitBreaker = CircuitBreaker::new("mail", Config::new());
/// MAIL.register();
/// for circuit in circuit_runtime::circuits() {
///     println!("{}", circuit.snapshot());
/// }
/// # assert!(circuit_runtime::circuits().iter().any(|c| c.name() == "mail"));
/// ```
#[must_use]
pub fn circuits() -> Vec<&'static CircuitBreaker> {
    unpoisoned(CIRCUITS.lock()).clone()
}

/// The registered circuit of this name; the first of them, if there are several.
///
/// ```
/// use circuit_runtime::{CircuitBreaker, Config, State};
///
/// static MAIL: CircuitBreaker = CircuitBreaker::new("mail", Config::new());
/// MAIL.register();
/// assert_eq!(circuit_runtime::find("mail").unwrap().state(), State::Closed);
/// assert!(circuit_runtime::find("no such circuit").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<&'static CircuitBreaker> {
    unpoisoned(CIRCUITS.lock()).iter().copied().find(|breaker| breaker.name() == name)
}

/// Adds a listener to the transitions of every circuit, registered or not. It is kept for good.
///
/// What [`CircuitBreaker::on_transition`] says of listeners holds here too.
///
/// ```
/// circuit_runtime::on_transition(|transition| eprintln!("{transition}"));
/// ```
pub fn on_transition(listener: impl Fn(&Transition) + Send + Sync + 'static) {
    event::GLOBAL.add(listener);
}
