//! Prints what stands in Redis, for people or as JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use circuit_fleet::{AuditEntry, Instance, View};
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::out::Out;
use super::time::utc;

fn json(out: &mut Out, shown: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    Ok(writeln!(out, "{}", serde_json::to_string(shown)?)?)
}

/// What comes from other machines must not steer this terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1 order`, `2 orders`.
fn counted(number: usize, word: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {word}{s}")
}

/// What is to be said where a fleet has no instances.
pub(super) fn nobody(namespace: &str) -> String {
    format!(
        "no instance of a fleet `{namespace}` has been heard of for a minute; is --namespace right?"
    )
}

/// The names of the instances that are silent, if there are any.
fn silent(view: &View) -> Option<String> {
    let silent = view.instances.iter().filter(|instance| instance.silent);
    let names: Vec<_> = silent.map(|instance| plain(&instance.name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Says if Redis has lost orders, and what to do.
fn lost(out: &mut Out, view: &View) -> Result<(), Failure> {
    let (is, it) = if view.lost.len() == 1 { ("is", "it") } else { ("are", "them") };
    if !view.lost.is_empty() {
        let orders = counted(view.lost.len(), "order");
        writeln!(
            out,
            "{orders} {is} obeyed that Redis has lost: `circuitctl orders restore` puts {it} back"
        )?;
    }
    Ok(())
}

/// The circuits by name, each with how many instances are in which state and mode.
pub(super) fn list(
    out: &mut Out,
    view: &View,
    namespace: &str,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        return json(out, view);
    }
    let instances = counted(view.instances.len(), "instance");
    let orders = counted(view.orders.len(), "order");
    let silent_ones = view.instances.iter().filter(|instance| instance.silent).count();
    writeln!(out, "{instances}, {silent_ones} silent, {orders}")?;
    if let Some(names) = silent(view) {
        writeln!(out, "silent: {names}")?;
    }
    if view.instances.is_empty() {
        writeln!(out, "{}", nobody(namespace))?;
    }
    lost(out, view)?;
    let mut rows: BTreeMap<&str, (BTreeMap<String, usize>, f64)> = BTreeMap::new();
    for circuit in view.instances.iter().flat_map(|instance| &instance.circuits) {
        let row = rows.entry(circuit["name"].as_str().unwrap_or_default()).or_default();
        *row.0.entry(state(circuit)).or_default() += 1;
        row.1 += circuit["calls_a_second"].as_f64().unwrap_or_default();
    }
    writeln!(out, "\n{:<40} {:>10}  states", "circuit", "calls/s")?;
    for (name, (states, calls)) in rows {
        let states: Vec<_> =
            states.iter().map(|(state, number)| format!("{number} {state}")).collect();
        writeln!(out, "{:<40} {calls:>10}  {}", plain(name), states.join(", "))?;
    }
    Ok(())
}

/// The mode, if there is one, else the state.
fn state(circuit: &Value) -> String {
    let word = |field: &str| plain(circuit[field].as_str().unwrap_or_default());
    match &*word("mode") {
        "normal" => word("state"),
        mode => format!("{mode} ({})", word("state")),
    }
}

/// One circuit, instance by instance. Nothing is known of those that are silent.
pub(super) fn circuit(
    out: &mut Out,
    view: &View,
    name: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let shown = |instance: &'_ Instance| -> Option<Value> {
        instance.circuits.iter().find(|circuit| circuit["name"] == name).cloned()
    };
    let rows: Vec<_> = view
        .instances
        .iter()
        .map(|instance| (instance, shown(instance)))
        .filter(|(instance, circuit)| instance.silent || circuit.is_some())
        .collect();
    if rows.iter().all(|(_, circuit)| circuit.is_none()) {
        let message = match view.unknown(name) {
            Some(unknown) => unknown.to_string(),
            None => format!("no instance shows a circuit `{name}`"),
        };
        let silent = silent(view).map(|names| format!("; silent: {names}"));
        return Err((message + &silent.unwrap_or_default()).into());
    }
    if as_json {
        let rows = rows.into_iter().map(|(instance, circuit)| (&*instance.name, circuit));
        return json(out, &rows.collect::<BTreeMap<_, _>>());
    }
    writeln!(
        out,
        "{:<32} {:<24} {:>8} {:>10} {:>10} {:>10}",
        "instance", "state", "calls/s", "successes", "failures", "rejected"
    )?;
    for (instance, circuit) in rows {
        let name = plain(&instance.name);
        let Some(circuit) = circuit else {
            writeln!(out, "{name:<32} silent")?;
            continue;
        };
        let number = |field: &str| circuit[field].to_string();
        writeln!(
            out,
            "{name:<32} {:<24} {:>8} {:>10} {:>10} {:>10}",
            state(&circuit),
            number("calls_a_second"),
            number("successes"),
            number("failures"),
            number("rejected")
        )?;
    }
    Ok(())
}

pub(super) fn orders(out: &mut Out, view: &View, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(out, &view.orders);
    }
    for order in &view.orders {
        let left = Duration::from_secs(order.left_ms.div_ceil(1_000));
        let only = order.only.as_ref().map(|only| format!(", only {}", plain(&only.join(" "))));
        writeln!(
            out,
            "{:>6}  {left:?} left, by {} ({}): {}{}{}",
            order.version,
            plain(&order.by),
            plain(&order.user),
            plain(&order.what),
            only.unwrap_or_default(),
            because(&order.why)
        )?;
    }
    lost(out, view)
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!("; {}", plain(why)) }
}

pub(super) fn history(out: &mut Out, entries: &[AuditEntry], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(out, entries);
    }
    for entry in entries {
        writeln!(
            out,
            "{}  {:>6}  {} ({}): {}{}",
            utc(entry.at_ms),
            plain(&entry.version),
            plain(&entry.by),
            plain(&entry.user),
            plain(&entry.what),
            because(&entry.why)
        )?;
    }
    Ok(())
}

pub(super) fn restored(out: &mut Out, versions: &[u64], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json(out, versions);
    }
    match versions {
        [] => writeln!(out, "nothing was lost")?,
        versions => writeln!(out, "restored {versions:?}")?,
    }
    Ok(())
}
