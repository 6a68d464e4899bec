//! Operators' orders: settings that somebody puts over everything else, for some time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fault::{SettingsError, SettingsFault};
use super::layers::Layers;
use super::tables::Settings;
use crate::breaker::{CircuitBreaker, Ordered};
use crate::config::Config;
#[cfg(feature = "axum")]
use crate::config::option::ConfigOption;
use crate::observe::registry;
use crate::outcome::Mode;
use crate::primitives::clock::{self, Wait, nanos};
use crate::primitives::sync::unpoisoned;

/// The orders in force, the latest last. Locked while circuits change, so that of two threads that set orders one
/// is obeyed everywhere. No user code runs under it.
static ORDERS: Mutex<Vec<Order>> = Mutex::new(Vec::new());

/// An operator's order: settings for some circuits, who says it, why, and for how long.
///
/// What an order says lies over everything else: over what the code says, over [`configure`](crate::configure), and
/// over what was set on the spot, such as [`force_open`](CircuitBreaker::force_open). It clears none of that, and nothing
/// of that clears an order. Once it is lifted, or its time is over, what it has covered holds again, with all that
/// has changed there meanwhile.
///
/// [`set_orders`](crate::set_orders) puts orders in force.
#[derive(Debug, Clone)]
pub struct Order {
    settings: Settings,
    by: Arc<str>,
    reason: Option<Arc<str>>,
    wait: Wait,
}

impl Order {
    /// An order that lasts for so long from now on. `settings` may have the tables `circuits`, by names and patterns,
    /// and `presets`; their `mode` and options are what is ordered.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the settings. A `default` and variables of the environment are: they lie under what the
    /// code and other settings say, and would change nothing.
    pub fn new(
        settings: Settings,
        by: impl Into<Arc<str>>,
        lasting: Duration,
    ) -> Result<Self, SettingsError> {
        let mut faults = settings.check();
        if settings.has_default() {
            let message = "an order lies over what the code says, and `default` under it; name the \
                           circuits, or `\"*\"` for all";
            faults.push(SettingsFault::new("default", message));
        }
        for environment in &settings.environments {
            for name in environment.circuits.keys() {
                let message = "an order takes no variables of the environment";
                faults.push(SettingsFault::new(environment.path(name), message));
            }
        }
        SettingsError::check(faults)?;
        let wait = Wait::from(clock::now(), nanos(lasting));
        Ok(Order { settings, by: by.into(), reason: None, wait })
    }

    /// Says why.
    #[must_use]
    pub fn because(self, reason: impl Into<Arc<str>>) -> Self {
        Order { reason: Some(reason.into()), ..self }
    }

    /// Who says it.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why, if that was said.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How long it still lasts, by the monotonic clock; `None` once that is over.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.wait.left(clock::now()).map(Duration::from_nanos)
    }

    /// What it says of a circuit: a mode, and options. `None`: nothing.
    fn says(&self, circuit: &str) -> Option<(Option<Mode>, Config)> {
        let layers = Layers::of(&self.settings, circuit, false);
        if layers.above.is_empty() {
            return None;
        }
        let mode = layers.above.iter().find_map(|layer| layer.mode);
        let above = layers.above.iter().rev();
        let options = above.fold(Config::new(), |base, layer| layer.options.over(base));
        Some((mode, options))
    }
}

/// An order that a circuit doesn't obey, because its options don't go with the circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedOrder {
    /// Which of the orders, from 0, as they were set.
    pub order: usize,
    /// The circuit, the option, and why.
    pub fault: SettingsFault,
}

/// Puts orders in force, in the place of those of the last time; without any, all are lifted. Where several speak of one
/// option, or of the mode, the latest in the list wins. A circuit that registers later obeys before its first call.
///
/// Returns the orders that registered circuits don't obey: those whose options don't go with what the circuit's code and
/// its other settings say. Such a circuit takes nothing from that order.
///
/// An order that is over stays in force until this, or [`lift_expired_orders`](crate::lift_expired_orders), is called. While an
/// order stands, the HTTP routes (feature `axum`) answer changes of its circuits with 409, and say whose order it is.
///
/// A key's own configuration ([`KeyedCircuit::reconfigure`](crate::KeyedCircuit::reconfigure)) is gone once an order with options
/// holds for all keys; its own mode isn't.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{CircuitBreaker, Config, Mode, Order, set_orders};
///
/// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new().threshold(3));
/// PAYMENTS.register();
/// PAYMENTS.shadow();
///
/// let settings = serde_json::from_str(r#"{ "circuits": { "pay*": { "mode": "forced_open" } } }"#)?;
/// let order = Order::new(settings, "alice", Duration::from_secs(600))?.because("the bank is being moved");
/// assert!(set_orders(vec![order]).is_empty());
/// assert_eq!(PAYMENTS.mode(), Mode::ForcedOpen);
/// PAYMENTS.disable();
/// assert_eq!(PAYMENTS.mode(), Mode::ForcedOpen, "the order is obeyed");
///
/// set_orders(Vec::new());
/// assert_eq!(PAYMENTS.mode(), Mode::Disabled, "what it has covered");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_orders(orders: Vec<Order>) -> Vec<RefusedOrder> {
    registry::on_register_obey(registered);
    let mut present = unpoisoned(ORDERS.lock());
    *present = orders;
    let obeyed = registry::circuits().into_iter().map(|breaker| obey(breaker, &present));
    let (changes, refused): (Vec<_>, Vec<_>) = obeyed.unzip();
    drop(present);
    changes.into_iter().for_each(Obeyed::notify);
    refused.into_iter().flatten().collect()
}

/// The orders in force, the latest last.
#[must_use]
pub fn orders() -> Vec<Order> {
    unpoisoned(ORDERS.lock()).clone()
}

/// Lifts the orders whose time is over. Returns when the next one's will be: call it again then. It needs no network and no
/// clock but the monotonic one of this machine.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{Order, lift_expired_orders, orders, set_orders, test_util};
///
/// let time = test_util::freeze();
/// let settings = serde_json::from_str(r#"{ "circuits": { "*": { "mode": "disabled" } } }"#)?;
/// set_orders(vec![Order::new(settings, "alice", Duration::from_secs(600))?]);
/// assert_eq!(lift_expired_orders(), Some(Duration::from_secs(600)));
///
/// time.advance(Duration::from_secs(600));
/// assert_eq!(lift_expired_orders(), None);
/// assert!(orders().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lift_expired_orders() -> Option<Duration> {
    let mut present = unpoisoned(ORDERS.lock());
    let before = present.len();
    present.retain(|order| order.left().is_some());
    let changes: Vec<_> = if present.len() == before {
        Vec::new()
    } else {
        let circuits = registry::circuits().into_iter();
        circuits.map(|breaker| obey(breaker, &present).0).collect()
    };
    let next = present.iter().filter_map(Order::left).min();
    drop(present);
    changes.into_iter().for_each(Obeyed::notify);
    next
}

/// The latest order that speaks of this circuit.
#[cfg(feature = "axum")]
pub(crate) fn order_for(circuit: &str) -> Option<Order> {
    let present = unpoisoned(ORDERS.lock());
    let speaks = |order: &&Order| order.left().is_some() && order.says(circuit).is_some();
    present.iter().rev().find(speaks).cloned()
}

/// Who ordered this option of a circuit, or its mode.
#[cfg(feature = "axum")]
pub(super) fn author_of(circuit: &str, name: &str) -> Option<Arc<str>> {
    let present = unpoisoned(ORDERS.lock());
    let says = |order: &&Order| {
        order.says(circuit).is_some_and(|(mode, options)| match name {
            "mode" => mode.is_some(),
            "timeout" => options.timeout.is_some(),
            _ => ConfigOption::ALL.iter().any(|it| it.name() == name && options.names(*it)),
        })
    };
    present.iter().rev().find(says).map(|order| Arc::clone(&order.by))
}

fn registered(breaker: &'static CircuitBreaker) {
    let present = unpoisoned(ORDERS.lock());
    if present.is_empty() {
        return;
    }
    let (obeyed, _refused) = obey(breaker, &present);
    drop(present);
    obeyed.notify();
}

/// What obeying has changed, and whose order that was.
struct Obeyed {
    change: Ordered,
    by: Arc<str>,
}

impl Obeyed {
    fn notify(self) {
        self.change.notify(&self.by);
    }
}

/// Who is said to have changed a mode that no order sets any more.
const LIFTED: &str = "an order's end";

/// Puts the orders in force for a circuit, and tells which it refuses.
fn obey(breaker: &'static CircuitBreaker, orders: &[Order]) -> (Obeyed, Vec<RefusedOrder>) {
    let mut refused = Vec::new();
    let (mut mode, mut options) = (None, Config::new());
    for (number, order) in orders.iter().enumerate() {
        let Some((its_mode, its_options)) = order.says(breaker.name()) else { continue };
        let merged = its_options.over(options);
        match check(breaker, merged) {
            Ok(()) => options = merged,
            Err(fault) => {
                refused.push(RefusedOrder { order: number, fault });
                continue;
            }
        }
        if let Some(its_mode) = its_mode {
            mode = Some((its_mode, &order.by));
        }
    }
    let by = mode.map_or_else(|| Arc::from(LIFTED), |(_, by)| Arc::clone(by));
    let change = breaker.obey(mode.map(|(mode, _)| mode), options);
    (Obeyed { change, by }, refused)
}

fn check(breaker: &CircuitBreaker, options: Config) -> Result<(), SettingsFault> {
    let fault = |option: &str, message: &str| {
        SettingsFault::new(format!("an order's {option}"), message).of(breaker.name())
    };
    if options.timeout.is_some() && !breaker.may_have_timeout() {
        return Err(fault("timeout", super::plan::NO_TIMEOUT));
    }
    breaker.check_order(options).map_err(|error| {
        fault(error.option().map_or("options", |option| option.name()), error.message())
    })
}
