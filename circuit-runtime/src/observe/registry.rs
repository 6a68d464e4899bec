//! The circuits of this process, by name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
#[cfg(feature = "serde")]
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use crate::breaker::CircuitBreaker;
use crate::observe::event::{self, Transition};
use crate::observe::name::Name;
use crate::primitives::sync::unpoisoned;

static REGISTRY: Mutex<Registry> = Mutex::new(Registry::new());

/// What is done with a circuit that has just been registered, before its first call; maybe more than
/// once, by several threads.
#[cfg(feature = "serde")]
static ON_REGISTER: [OnceLock<fn(&'static CircuitBreaker)>; 2] = [const { OnceLock::new() }; 2];

/// What a circuit hears of when it registers: what orders say comes last, as it lies over settings.
#[cfg(feature = "serde")]
#[derive(Clone, Copy)]
pub(crate) enum OnRegister {
    Settings,
    Orders,
}

/// Sets what is done with circuits that register from now on; once and for all.
#[cfg(feature = "serde")]
pub(crate) fn on_register(what: OnRegister, then: fn(&'static CircuitBreaker)) {
    ON_REGISTER[what as usize].get_or_init(|| then);
}

struct Registry {
    circuits: Vec<&'static CircuitBreaker>,
    /// The seed is fixed: names are the program's own.
    by_name: HashMap<&'static str, Registered, FixedState>,
}

struct Registered {
    breaker: &'static CircuitBreaker,
    /// The number for the next circuit that asks for this name.
    next: u64,
}

impl Registry {
    const fn new() -> Self {
        Registry { circuits: Vec::new(), by_name: HashMap::with_hasher(FixedState::with_seed(0)) }
    }

    /// Registers a circuit under a unique name: the one that it wants, or `name#2` and so on if others have it.
    fn add(&mut self, breaker: &'static CircuitBreaker, wanted: &'static str) -> &'static str {
        self.circuits.push(breaker);
        let registered = Registered { breaker, next: 2 };
        let mut number = match self.by_name.entry(wanted) {
            Entry::Vacant(place) => {
                place.insert(registered);
                return wanted;
            }
            Entry::Occupied(first) => first.get().next,
        };
        let name = loop {
            let name = format!("{wanted}#{number}");
            number += 1;
            // The user may have chosen that very name.
            if !self.by_name.contains_key(name.as_str()) {
                break name.leak();
            }
        };
        if let Some(first) = self.by_name.get_mut(wanted) {
            first.next = number;
        }
        self.by_name.insert(name, registered);
        name
    }
}

impl CircuitBreaker {
    /// Registers the circuit: puts it among [`circuits`](crate::circuits) and makes it known to
    /// [`find`](crate::find), once. Circuits of annotated functions and those named by `breaker
    /// = …` are registered at their first call, and so are a [`KeyedBreaker`](crate::KeyedBreaker) and the
    /// circuit of a tower layer. Calls by hand don't register a `CircuitBreaker`.
    ///
    /// Names are unique: if another circuit has its [name](CircuitBreaker::name), this one is
    /// `name#2` from now on, wherever it is shown, found, configured and exported. With the feature
    /// `tracing`, there is a warning, once.
    pub fn register(&'static self) {
        if !self.is_registered() {
            self.register_first();
        }
    }

    #[cold]
    #[inline(never)]
    fn register_first(&'static self) {
        add(self, self.own_name());
        #[cfg(feature = "serde")]
        {
            self.notice_all_stalled();
            ON_REGISTER.iter().filter_map(OnceLock::get).for_each(|then| then(self));
        }
        self.mark_registered();
    }
}

/// Registers a circuit under its name, if it isn't registered yet.
fn add(breaker: &'static CircuitBreaker, name: &Name) {
    let wanted = name.wanted();
    let mut registry = unpoisoned(REGISTRY.lock());
    if name.is_registered() {
        return;
    }
    let unique = registry.add(breaker, wanted);
    name.register(unique);
    drop(registry);
    #[cfg(feature = "tracing")]
    if unique != wanted && name.is_given() {
        crate::integrations::renamed(wanted, unique);
    }
}

/// Counts the calls of all circuits that have stalled. Listeners are told of it: not under a lock.
#[cfg(any(feature = "axum", feature = "__exporter", feature = "serde"))]
pub(crate) fn notice_all_stalled() {
    circuits().into_iter().for_each(CircuitBreaker::notice_all_stalled);
}

/// All registered circuits, in the order of their registration.
///
/// The circuit of an annotated function is registered at its first call; others by
/// [`register`](CircuitBreaker::register).
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
    unpoisoned(REGISTRY.lock()).circuits.clone()
}

/// The registered circuit with this name. If several ask for one name, the first to be registered
/// gets it; the others are `name#2` and so on.
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
    unpoisoned(REGISTRY.lock()).by_name.get(name).map(|registered| registered.breaker)
}

/// Adds a listener to the transitions of every circuit, registered or not. It can't be removed.
///
/// What [`CircuitBreaker::on_transition`] says about listeners holds here, too.
///
/// ```
/// circuit_runtime::on_transition(|transition| eprintln!("{transition}"));
/// ```
pub fn on_transition(listener: impl Fn(&Transition) + Send + Sync + 'static) {
    event::GLOBAL.add(listener);
}
