//! Prints what stands in Redis, for people or as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use circuit_fleet::{AuditEntry, View};
use serde::Serialize;

use super::Failure;

fn json(shown: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(shown)?);
    Ok(())
}

/// What comes from other machines must not steer this terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The circuits by name, each with how many instances are in which state and mode.
pub(super) fn list(view: &View, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(view);
    }
    let silent = view.instances.iter().filter(|instance| instance.silent).count();
    println!("{} instances, {silent} silent, {} orders\n", view.instances.len(), view.orders.len());
    let mut rows: BTreeMap<&str, (BTreeMap<String, usize>, f64)> = BTreeMap::new();
    for circuit in view.instances.iter().flat_map(|instance| &instance.circuits) {
        let row = rows.entry(circuit["name"].as_str().unwrap_or_default()).or_default();
        *row.0.entry(state(circuit)).or_default() += 1;
        row.1 += circuit["calls_a_second"].as_f64().unwrap_or_default();
    }
    println!("{:<40} {:>10}  states", "circuit", "calls/s");
    for (name, (states, calls)) in rows {
        let states: Vec<_> =
            states.iter().map(|(state, number)| format!("{number} {state}")).collect();
        println!("{:<40} {calls:>10}  {}", plain(name), states.join(", "));
    }
    Ok(())
}

/// The mode, if there is one, else the state.
fn state(circuit: &serde_json::Value) -> String {
    let word = |field: &str| plain(circuit[field].as_str().unwrap_or_default());
    match &*word("mode") {
        "normal" => word("state"),
        mode => format!("{mode} ({})", word("state")),
    }
}

/// One circuit, instance by instance.
pub(super) fn circuit(view: &View, name: &str, as_json: bool) -> Result<(), Failure> {
    let rows = view.instances.iter().filter_map(|instance| {
        let found = instance.circuits.iter().find(|circuit| circuit["name"] == name)?;
        Some((&*instance.name, found))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Err(format!("no instance shows a circuit `{name}`").into());
    }
    if as_json {
        return json(&rows.into_iter().collect::<BTreeMap<_, _>>());
    }
    println!(
        "{:<32} {:<24} {:>8} {:>10} {:>10} {:>10}",
        "instance", "state", "calls/s", "successes", "failures", "rejected"
    );
    for (instance, circuit) in rows {
        let number = |field: &str| circuit[field].to_string();
        println!(
            "{:<32} {:<24} {:>8} {:>10} {:>10} {:>10}",
            plain(instance),
            state(circuit),
            number("calls_a_second"),
            number("successes"),
            number("failures"),
            number("rejected")
        );
    }
    Ok(())
}

pub(super) fn orders(view: &View, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(&view.orders);
    }
    for order in &view.orders {
        let left = Duration::from_secs(order.left_ms.div_ceil(1_000));
        let only = order.only.as_ref().map(|only| format!(", only {}", plain(&only.join(" "))));
        println!(
            "{:>6}  {left:?} left, by {} ({}): {}{}{}",
            order.version,
            plain(&order.by),
            plain(&order.user),
            plain(&order.what),
            only.unwrap_or_default(),
            because(&order.why)
        );
    }
    Ok(())
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!("; {}", plain(why)) }
}

pub(super) fn history(entries: &[AuditEntry], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(entries);
    }
    for entry in entries {
        println!(
            "{}.{:03}  {:>6}  {} ({}): {}{}",
            entry.at_ms / 1_000,
            entry.at_ms % 1_000,
            plain(&entry.version),
            plain(&entry.by),
            plain(&entry.user),
            plain(&entry.what),
            because(&entry.why)
        );
    }
    Ok(())
}

pub(super) fn restored(versions: &[u64], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(versions);
    }
    match versions {
        [] => println!("nothing was lost"),
        versions => println!("restored {versions:?}"),
    }
    Ok(())
}
