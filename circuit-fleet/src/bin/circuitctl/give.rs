//! Gives an order, and waits until the instances have heard of it.

use std::io::Write;
use std::time::Duration;

use circuit_fleet::{Action, FleetError, Operator, OrderDraft, Reach};

use super::args::Arguments;
use super::out::Out;
use super::show::{self, plain};
use super::{DONE, Failure, REFUSED, SILENT, UNKNOWN};

/// How long instances have to say that they obey: they ask once a second.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn order(
    operator: &mut Operator,
    action: Action,
    arguments: &Arguments,
    out: &mut Out,
) -> Result<u8, Failure> {
    let is_reset = matches!(action, Action::Reset { .. });
    let view = operator.view().await?;
    let mut draft = OrderDraft::new(action, &arguments.by).because(&arguments.why);
    if let Some(lasting) = arguments.lasting {
        draft = draft.lasting(lasting);
    }
    if let Some(canary) = arguments.canary {
        draft = draft.canary(canary, &view).map_err(|error| format!("--{error}"))?;
    }
    draft.validate().map_err(in_options)?;
    let reach = Reach::of(&draft, &view);
    if arguments.dry_run {
        writeln!(out, "would be ordered, for {reach}")?;
        for unknown in &reach.unknown {
            writeln!(out, "{}", plain(&unknown.to_string()))?;
        }
        if view.instances.is_empty() {
            writeln!(out, "{}", show::nobody(&arguments.namespace))?;
        }
        return Ok(if reach.is_complete() { DONE } else { UNKNOWN });
    }
    reach.confirm(&draft, arguments.confirm).map_err(in_options)?;
    let version = operator.order(&draft).await?;
    if !arguments.json {
        writeln!(out, "order {version}")?;
        out.flush()?;
    }
    let acknowledgement = operator.wait(version, PATIENCE).await?;
    if arguments.json {
        let told = serde_json::json!({ "version": version, "acknowledgement": acknowledgement });
        writeln!(out, "{told}")?;
    } else {
        writeln!(out, "{}", plain(&acknowledgement.to_string()))?;
        let stands = format!(
            "the order stands, for those that come later; `circuitctl cancel {version}` lifts it"
        );
        if acknowledgement.instances == 0 {
            writeln!(out, "{}", show::nobody(&arguments.namespace))?;
            writeln!(out, "{stands}")?;
        } else if !acknowledgement.unknown.is_empty() {
            writeln!(out, "{}", if is_reset { "nothing of that name was reset" } else { &stands })?;
        }
    }
    Ok(if !acknowledgement.refused.is_empty() {
        REFUSED
    } else if !acknowledgement.silent.is_empty() {
        SILENT
    } else if acknowledgement.is_complete() {
        DONE
    } else {
        UNKNOWN
    })
}

/// What is to be written on the command line instead.
fn in_options(error: FleetError) -> Failure {
    match error {
        FleetError::Unconfirmed { instances, reach } => {
            format!("this is for {reach}; if that is meant, say --confirm {instances}").into()
        }
        FleetError::Options(error) if error.option() == "lasting" => {
            error.to_string().replacen("lasting", "--for", 1).into()
        }
        FleetError::Options(error) if error.option() == "why" => {
            error.to_string().replacen("why", "--reason", 1).into()
        }
        FleetError::Options(error) if error.option() == "by" => format!("--{error}").into(),
        error => error.into(),
    }
}
