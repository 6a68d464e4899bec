//! `--check`: one outage and one order, as somebody sees them who watches.

use std::time::{Duration, Instant};

use circuit_fleet::{Action, Operator, OrderDraft};
use circuit_runtime::Mode;

use crate::service::Service;
use crate::watch::states_of;
use crate::{Failure, INSTANCES};

/// No machine needs nearly as long for a step.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn one_cycle(
    operator: &mut Operator,
    service: &Service,
    page: &str,
) -> Result<(), Failure> {
    all_are(operator, "closed").await?;
    service.be(false);
    all_are(operator, "open").await?;

    let action = Action::mode("payments", Mode::ForcedOpen);
    let draft = OrderDraft::new(action, "the check").because("to see it");
    let version = operator.order(&draft).await?;
    let acknowledgement = operator.wait(version, LIMIT).await?;
    println!("order {version}: {acknowledgement}");
    if acknowledgement.in_force != INSTANCES {
        return Err("not all instances obey".into());
    }
    all_are(operator, "forced-open").await?;
    is_shown(page).await?;

    service.be(true);
    operator.order(&OrderDraft::new(Action::Cancel(version), "the check")).await?;
    all_are(operator, "closed").await
}

/// Waits until all instances show the circuit so.
async fn all_are(operator: &mut Operator, state: &str) -> Result<(), Failure> {
    let wanted = format!("{INSTANCES} {state}");
    let end = Instant::now() + LIMIT;
    loop {
        let now = states_of(&operator.view().await?, "payments");
        if now == wanted {
            println!("payments: {now}");
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("never {wanted}; at last: {now}").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The page for browsers, and the same as JSON.
async fn is_shown(page: &str) -> Result<(), Failure> {
    let http = reqwest::Client::new();
    for (accept, words) in [("text/html", "<title>Fleet</title>"), ("*/*", "\"why\":\"to see it\"")]
    {
        let answer = http.get(page).header("accept", accept).send().await?.error_for_status()?;
        if !answer.text().await?.contains(words) {
            return Err(format!("{page} as {accept} doesn't say {words}").into());
        }
    }
    println!("shown at {page}");
    Ok(())
}
