//! Gives an order, and waits until the instances have heard of it.

use std::time::Duration;

use circuit_fleet::{Acknowledgement, Action, Operator, OrderDraft, View};
use tokio::time::{Instant, sleep};

use super::args::Arguments;
use super::{DONE, FAILED, Failure, REFUSED, SILENT};

/// How long instances have to say that they obey: they ask once a second.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn order(
    operator: &mut Operator,
    action: Action,
    arguments: &Arguments,
) -> Result<u8, Failure> {
    let view = operator.view().await?;
    let mut draft = OrderDraft::new(action.clone(), &arguments.by).because(&arguments.why);
    if let Some(lasting) = arguments.lasting {
        draft = draft.lasting(lasting);
    }
    let mut instances: Vec<String> = view.instances.iter().map(|it| it.name.clone()).collect();
    if let Some(canary) = arguments.canary {
        if canary == 0 || canary > instances.len() {
            return Err(format!("--canary: there are {} instances", instances.len()).into());
        }
        instances.truncate(canary);
        draft = draft.only(instances.clone());
    }
    let reach = reach(&view, &action, &instances);
    if action.is_dangerous() {
        eprintln!("{reach}");
        if arguments.confirm != Some(instances.len()) && !arguments.dry_run {
            let number = instances.len();
            eprintln!("circuitctl: if that is meant, say --confirm {number}");
            return Ok(FAILED);
        }
    } else if let Some(number) = arguments.confirm.filter(|number| *number != instances.len()) {
        return Err(format!("--confirm {number}: there are {} instances", instances.len()).into());
    }
    if arguments.dry_run {
        println!("would be ordered, for {reach}");
        return Ok(DONE);
    }
    let version = operator.order(&draft).await?;
    if !arguments.json {
        println!("order {version}");
    }
    let acknowledgement = wait(operator, version, &instances).await?;
    if arguments.json {
        let told = serde_json::json!({ "version": version, "acknowledgement": acknowledgement });
        println!("{told}");
    } else {
        println!("{acknowledgement}");
    }
    Ok(if !acknowledgement.refused.is_empty() {
        REFUSED
    } else if acknowledgement.is_complete() {
        DONE
    } else {
        SILENT
    })
}

async fn wait(
    operator: &mut Operator,
    version: u64,
    instances: &[String],
) -> Result<Acknowledgement, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let acknowledgement = operator.acknowledged(version).await?;
        let all_said = acknowledgement.silent.is_empty() || instances.is_empty();
        if all_said || Instant::now() >= end {
            return Ok(acknowledgement);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// How many circuits, instances and calls a second it is for, in words.
fn reach(view: &View, action: &Action, instances: &[String]) -> String {
    let meant = |name: &str| match action {
        Action::Mode { circuit, .. } | Action::Reset { circuit, .. } => matches(circuit, name),
        Action::Settings(settings) => settings["circuits"]
            .as_object()
            .is_some_and(|circuits| circuits.keys().any(|circuit| matches(circuit, name))),
        _ => false,
    };
    let mut names = std::collections::BTreeSet::new();
    let mut calls = 0.0;
    for instance in view.instances.iter().filter(|it| instances.contains(&it.name)) {
        for circuit in &instance.circuits {
            let name = circuit["name"].as_str().unwrap_or_default();
            if meant(name) {
                names.insert(name);
                calls += circuit["calls_a_second"].as_f64().unwrap_or_default();
            }
        }
    }
    let (circuits, instances) = (names.len(), instances.len());
    format!("{circuits} circuits in {instances} instances, with {calls} calls a second")
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}
