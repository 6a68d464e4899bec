//! What is seen in the terminal: a line whenever the fleet has changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use circuit_fleet::{Operator, StandingOrder, View};

use crate::Failure;

/// Prints what changes, for ever.
pub(crate) async fn follow(operator: &mut Operator) -> Result<(), Failure> {
    let start = Instant::now();
    let (mut states, mut orders) = (String::new(), String::new());
    loop {
        let view = operator.view().await?;
        let seconds = start.elapsed().as_secs_f64();
        let now = states_of(&view, "payments");
        if now != states {
            println!("{seconds:6.1} s  payments: {now}");
            states = now;
        }
        let now = orders_of(&view);
        if now != orders {
            println!("{seconds:6.1} s  orders: {}", if now.is_empty() { "none" } else { &now });
            orders = now;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// How many instances show the circuit in which state, or in which mode if one lies over it.
pub(crate) fn states_of(view: &View, name: &str) -> String {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let circuits = view.instances.iter().flat_map(|instance| &instance.circuits);
    for circuit in circuits.filter(|circuit| circuit["name"] == name) {
        let [state, mode] = ["state", "mode"].map(|field| circuit[field].as_str().unwrap_or("?"));
        *states.entry(if mode == "normal" { state } else { mode }).or_default() += 1;
    }
    let states: Vec<_> = states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    states.join(", ")
}

fn orders_of(view: &View) -> String {
    let order = |order: &StandingOrder| {
        let StandingOrder { version, by, what, why, .. } = order;
        format!("{version} of {by}: {what} ({why})")
    };
    view.orders.iter().map(order).collect::<Vec<_>>().join("; ")
}
