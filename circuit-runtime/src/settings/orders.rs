//! Operators' orders: settings that somebody puts over everything else, for some time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fault::{SettingsError, SettingsFault};
use super::layers::Layers;
use super::tables::Settings;
use crate::breaker::{CircuitBreaker, Unreported};
use crate::config::Config;
#[cfg(feature = "axum")]
use crate::config::option::ConfigOption;
use crate::observe::registry::{self, OnRegister};
use crate::outcome::Mode;
use crate::primitives::clock::{self, Wait, nanos};
use crate::primitives::sync::unpoisoned;

/// The orders in force. Locked while circuits change, so that of two threads that set orders one is obeyed
/// everywhere. No user code runs under it.
static IN_FORCE: Mutex<InForce> =
    Mutex::new(InForce { orders: Vec::new(), refused: BTreeMap::new() });

struct InForce {
    /// Each with its number as they were set, the latest last.
    orders: Vec<(usize, Order)>,
    /// What registered circuits don't obey, by their names.
    refused: BTreeMap<&'static str, Vec<RefusedOrder>>,
}

impl InForce {
    fn obey_all(&mut self) -> Vec<Obeyed> {
        registry::circuits().into_iter().map(|breaker| self.obey(breaker)).collect()
    }

    fn obey(&mut self, breaker: &'static CircuitBreaker) -> Obeyed {
        let (obeyed, refused) = obey(breaker, &self.orders);
        if refused.is_empty() {
            self.refused.remove(breaker.name());
        } else {
            self.refused.insert(breaker.name(), refused);
        }
        obeyed
    }

    fn refused(&self) -> Vec<RefusedOrder> {
        self.refused.values().flatten().cloned().collect()
    }

    fn orders(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.iter().map(|(_, order)| order)
    }
}

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
    /// Which of the orders, from 0, as they were set: the number stays, also when others have been lifted since.
    pub order: usize,
    /// The circuit, the option, and why.
    pub fault: SettingsFault,
}

/// Puts orders in force, in the place of those of the last time; without any, all are lifted. Where several speak of one
/// option, or of the mode, the latest in the list wins. A circuit that registers later obeys before its first call.
///
/// Returns the orders that registered circuits don't obey: those whose options don't go with what the circuit's code and
/// its other settings say. Such a circuit takes nothing from that order. [`refused_orders`] has the circuits that register later,
/// too.
///
/// An order that is over stays in force until this, or [`lift_expired_orders`](crate::lift_expired_orders), is called. While an
/// order stands, the HTTP routes (feature `axum`) answer changes of its circuits with 409, and say whose order it is.
///
/// They lie over what was set for a single key, too. A key's own configuration
/// ([`KeyedCircuit::reconfigure`](crate::KeyedCircuit::reconfigure)) that doesn't go with an order's options waits until that is
/// lifted; meanwhile the key has the configuration of all keys.
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
    registry::on_register(OnRegister::Orders, registered);
    registry::notice_all_stalled();
    let mut present = unpoisoned(IN_FORCE.lock());
    present.orders = orders.into_iter().enumerate().collect();
    let changes = present.obey_all();
    let refused = present.refused();
    drop(present);
    changes.into_iter().for_each(Obeyed::notify);
    refused
}

/// The orders in force that registered circuits don't obey now, those that have registered since [`set_orders`] too. With the
/// feature `tracing`, there is a warning when such a circuit registers.
///
/// ```
/// use std::time::Duration;
/// use circuit_runtime::{CircuitBreaker, Config, Order, refused_orders, set_orders};
///
/// static MAIL: CircuitBreaker = CircuitBreaker::new("mail", Config::new().threshold(3));
///
/// // `min_calls` needs a rate, which this circuit hasn't.
/// let settings = serde_json::from_str(r#"{ "circuits": { "mail": { "min_calls": 50 } } }"#)?;
/// assert!(set_orders(vec![Order::new(settings, "alice", Duration::from_secs(600))?]).is_empty());
///
/// MAIL.register();
/// let refused = refused_orders();
/// assert_eq!(refused[0].order, 0);
/// assert!(refused[0].fault.to_string().contains("min_calls"), "{}", refused[0].fault);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn refused_orders() -> Vec<RefusedOrder> {
    unpoisoned(IN_FORCE.lock()).refused()
}

/// The orders in force, the latest last.
#[must_use]
pub fn orders() -> Vec<Order> {
    unpoisoned(IN_FORCE.lock()).orders().cloned().collect()
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
    registry::notice_all_stalled();
    let mut present = unpoisoned(IN_FORCE.lock());
    let before = present.orders.len();
    present.orders.retain(|(_, order)| order.left().is_some());
    let has_changed = present.orders.len() < before;
    let changes = if has_changed { present.obey_all() } else { Vec::new() };
    let next = present.orders().filter_map(Order::left).min();
    drop(present);
    changes.into_iter().for_each(Obeyed::notify);
    next
}

/// The latest order that speaks of this circuit.
#[cfg(feature = "axum")]
pub(crate) fn order_for(circuit: &str) -> Option<Order> {
    let present = unpoisoned(IN_FORCE.lock());
    let speaks = |order: &&Order| order.left().is_some() && order.says(circuit).is_some();
    present.orders().rev().find(speaks).cloned()
}

/// Who ordered this option of a circuit, or its mode.
#[cfg(feature = "axum")]
pub(super) fn author_of(circuit: &str, name: &str) -> Option<Arc<str>> {
    let present = unpoisoned(IN_FORCE.lock());
    let says = |order: &&Order| {
        order.says(circuit).is_some_and(|(mode, options)| match name {
            "mode" => mode.is_some(),
            "timeout" => options.timeout.is_some(),
            _ => ConfigOption::ALL.iter().any(|it| it.name() == name && options.names(*it)),
        })
    };
    present.orders().rev().find(says).map(|order| Arc::clone(&order.by))
}

fn registered(breaker: &'static CircuitBreaker) {
    let mut present = unpoisoned(IN_FORCE.lock());
    if present.orders.is_empty() {
        return;
    }
    let obeyed = present.obey(breaker);
    let refused = present.refused.get(breaker.name()).cloned().unwrap_or_default();
    drop(present);
    obeyed.notify();
    warn(breaker, &refused);
}

/// One event for a circuit that doesn't obey.
#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "nobody is told"))]
fn warn(breaker: &CircuitBreaker, refused: &[RefusedOrder]) {
    #[cfg(feature = "tracing")]
    if let Err(error) = SettingsError::check(refused.iter().map(|it| it.fault.clone()).collect()) {
        crate::integrations::order_refused(breaker.name(), &error.to_string());
    }
}

/// What obeying has changed, and whose order that was.
struct Obeyed {
    change: Unreported,
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
fn obey(
    breaker: &'static CircuitBreaker,
    orders: &[(usize, Order)],
) -> (Obeyed, Vec<RefusedOrder>) {
    let mut refused = Vec::new();
    let (mut mode, mut options) = (None, Config::new());
    for (number, order) in orders {
        let Some((its_mode, its_options)) = order.says(breaker.name()) else { continue };
        let merged = its_options.over(options);
        match check(breaker, merged) {
            Ok(()) => options = merged,
            Err(fault) => {
                refused.push(RefusedOrder { order: *number, fault });
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
