//! Gives an order, and waits until the instances have heard of it.

use std::time::Duration;

use circuit_fleet::{Action, FleetError, Operator, OrderDraft, Reach};

use super::args::Arguments;
use super::show::plain;
use super::{DONE, Failure, REFUSED, SILENT};

/// How long instances have to say that they obey: they ask once a second.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn order(
    operator: &mut Operator,
    action: Action,
    arguments: &Arguments,
) -> Result<u8, Failure> {
    let view = operator.view().await?;
    let mut draft = OrderDraft::new(action, &arguments.by).because(&arguments.why);
    if let Some(lasting) = arguments.lasting {
        draft = draft.lasting(lasting);
    }
    if let Some(canary) = arguments.canary {
        draft = draft.canary(canary, &view).map_err(|error| format!("--{error}"))?;
    }
    draft.validate()?;
    let reach = Reach::of(&draft, &view);
    if arguments.dry_run {
        println!("would be ordered, for {reach}");
        return Ok(DONE);
    }
    reach.confirm(&draft, arguments.confirm).map_err(in_options)?;
    let version = operator.order(&draft).await?;
    if !arguments.json {
        println!("order {version}");
    }
    let acknowledgement = operator.wait(version, PATIENCE).await?;
    if arguments.json {
        let told = serde_json::json!({ "version": version, "acknowledgement": acknowledgement });
        println!("{told}");
    } else {
        println!("{}", plain(&acknowledgement.to_string()));
    }
    Ok(if !acknowledgement.refused.is_empty() {
        REFUSED
    } else if acknowledgement.is_complete() {
        DONE
    } else {
        SILENT
    })
}

/// What is to be written on the command line instead.
fn in_options(error: FleetError) -> Failure {
    match error {
        FleetError::Unconfirmed { instances, reach } => {
            format!("this is for {reach}; if that is meant, say --confirm {instances}").into()
        }
        error => error.into(),
    }
}
